#pragma once

#include <napi.h>

namespace countenance {

/// Adds openDatabase() to the exports.
void registerDatabase(Napi::Env env, Napi::Object exports);

}  // namespace countenance
