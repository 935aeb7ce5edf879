#pragma once

#include <napi.h>

#include <vector>

#include "store/sql.h"

namespace countenance {

/// An array of arrays of plain objects: rows per statement, columns by name.
/// @throws Error kStoreCorrupt for an integer that a JavaScript number cannot hold.
Napi::Array toJs(Napi::Env env, const std::vector<SqlRows>& results);

}  // namespace countenance
