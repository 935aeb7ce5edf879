#pragma once

#include <napi.h>

namespace countenance {

/// Adds runModel() to the exports: one run of one model file, on the calling thread. It is how the
/// build and `countenance models add` check what they have converted; and kernelLevels(), the
/// levels of kernels that this CPU can run it on.
void registerRunModel(Napi::Env env, Napi::Object exports);

}  // namespace countenance
