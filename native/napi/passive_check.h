#pragma once

#include <napi.h>

#include <memory>

#include "napi/engine_workers.h"

namespace countenance {

/// Makes the class of passive checks known to this environment.
void definePassiveCheck(Napi::Env env);

/// Loads the anti-spoofing networks on the engine's threads: a task of NativePassiveCheck in
/// src/internal/native.ts.
/// @param v2, v1se  Model files, given away like pixels.
/// @param engine  Kept alive by checks under way only.
/// @throws Error(kInvalidArgument).
Napi::Object startPassiveCheck(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                               Napi::Value v2, Napi::Value v1se);

}  // namespace countenance
