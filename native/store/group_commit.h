#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "index/vector_index.h"
#include "store/connection.h"
#include "store/sql.h"

namespace countenance {

/// Statements that are written together or not at all, and what they mean for the index.
struct WriteBatch {
  std::vector<SqlStatement> statements;
  IndexChanges changes;
};

struct WriteResult {
  bool committed = false;
  std::vector<std::int64_t> changes;  ///< Rows changed per statement, when committed.
  std::size_t failed = 0;             ///< Which statement missed its expectChanges, when not.
};

/// A batch that waits for its turn.
struct QueuedWrite {
  WriteBatch batch;
  /// Called once by the writer thread. False: nobody wants the batch any more, it is dropped.
  std::function<bool()> claim;
  /// Called once after a claim, when the outcome is durable; an exception means nothing written.
  std::function<void(WriteResult, std::exception_ptr)> finish;
};

/// Writes all batches in one transaction, so that they share the cost of reaching the disk, each
/// inside its own savepoint, so that one that fails is rolled back alone. Then changes the index,
/// in the order of the batches, and only then finishes them. Never throws.
/// @param index  May be null: then changes to an index are refused.
void commitTogether(Connection& connection, VectorIndex* index, std::vector<QueuedWrite> writes);

}  // namespace countenance
