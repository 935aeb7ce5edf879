#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "index/vector_index.h"
#include "store/sql.h"

namespace countenance {

// What comes from JavaScript, copied into the core's own types. All throw Error(kInvalidArgument)
// that names the argument.

/// An integer in low..high.
std::int64_t integerOf(Napi::Value value, const char* name, std::int64_t low, std::int64_t high);

/// Any number but NaN, rounded to the nearest float.
float numberOf(Napi::Value value, const char* name);

/// UTF-8; may hold NUL. A surrogate without its pair is refused: UTF-8 cannot carry it, and two
/// different strings must never become one.
std::string stringOf(Napi::Value value, const char* name);

/// The elements of a Float32Array.
std::vector<float> floatsOf(Napi::Value value, const char* name);

/// The elements of a Float64Array, each an integer in 1..2^53-1.
std::vector<std::int64_t> keysOf(Napi::Value value, const char* name);

/// NativeIndexChanges; lengths are checked by the index.
IndexChanges changesOf(Napi::Value value);

/// readonly SqlStatement[]
std::vector<SqlStatement> statementsOf(Napi::Value value);

}  // namespace countenance
