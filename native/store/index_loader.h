#pragma once

#include <string>

#include "core/cancel.h"
#include "index/vector_index.h"
#include "store/connection.h"

namespace countenance {

/// Fills an empty index with what two statements find, all or nothing.
/// @param vectorsSql  Columns: key, group, vector (blob of dimension x f32, little endian).
/// @param tagsSql     Columns: tag, group.
/// @throws Error kStoreCorrupt for rows that no store of ours writes, kAborted.
void loadIndex(Connection& connection, VectorIndex& index, const std::string& vectorsSql,
               const std::string& tagsSql, const CancelToken& cancel);

}  // namespace countenance
