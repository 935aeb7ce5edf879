#pragma once

#include <napi.h>

#include <memory>

#include "napi/engine_workers.h"

namespace countenance {

/// Makes the class of face tracks known to this environment.
void defineFaceTrack(Napi::Env env);

/// A track on the engine's threads. Its contract is NativeFaceTrack in src/internal/native.ts.
/// @param engine  Kept alive by steps under way only.
/// @throws Error(kInvalidArgument).
Napi::Object newFaceTrack(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                          Napi::Value contour, Napi::Value embedEveryMs);

}  // namespace countenance
