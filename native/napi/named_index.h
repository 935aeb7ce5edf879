#pragma once

#include <napi.h>

namespace countenance {

/// Adds createNamedIndex() to the exports.
void registerNamedIndex(Napi::Env env, Napi::Object exports);

}  // namespace countenance
