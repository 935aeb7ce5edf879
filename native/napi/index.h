#pragma once

#include <napi.h>

#include <memory>

#include "index/vector_index.h"

namespace countenance {

/// Adds createIndex() to the exports.
void registerIndex(Napi::Env env, Napi::Object exports);

/// The index behind a NativeIndex object. Throws kInvalidArgument for anything else.
std::shared_ptr<VectorIndex> indexOf(Napi::Env env, Napi::Value value);

}  // namespace countenance
