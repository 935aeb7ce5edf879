#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "store/sql.h"

namespace countenance {

/// An array of arrays of plain objects: rows per statement, columns by name.
/// @throws Error kStoreCorrupt for an integer that a JavaScript number cannot hold.
Napi::Array toJs(Napi::Env env, const std::vector<SqlRows>& results);

/// The same for a column of keys.
Napi::Float64Array toJs(Napi::Env env, const std::vector<std::int64_t>& keys);

}  // namespace countenance
