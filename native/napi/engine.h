#pragma once

#include <napi.h>

namespace countenance {

/// Adds createEngine to the addon. Its contract is NativeEngine in src/internal/native.ts.
void registerEngine(Napi::Env env, Napi::Object exports);

}  // namespace countenance
