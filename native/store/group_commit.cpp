#include "store/group_commit.h"

#include <optional>
#include <utility>

#include "core/error.h"

namespace countenance {
namespace {

struct Outcome {
  WriteResult result;
  std::exception_ptr error;
};

WriteResult runStatements(Connection& connection, const std::vector<SqlStatement>& statements) {
  WriteResult result;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const std::optional<std::int64_t> changed = connection.run(statements[i]);
    if (!changed) {
      result.changes.clear();
      result.failed = i;
      return result;
    }
    result.changes.push_back(*changed);
  }
  result.committed = true;
  return result;
}

void checkChanges(const VectorIndex* index, const IndexChanges& changes) {
  if (changes.empty()) return;
  if (index == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, "changes: expected none while no index is loaded");
  }
  index->check(changes);
}

/// One batch in its savepoint. Throws only when the whole transaction is lost.
Outcome writeOne(Connection& connection, const VectorIndex* index, const WriteBatch& batch) {
  Outcome outcome;
  connection.run({"SAVEPOINT batch", {}, std::nullopt});
  try {
    checkChanges(index, batch.changes);
    outcome.result = runStatements(connection, batch.statements);
  } catch (...) {
    outcome.error = std::current_exception();
  }
  if (!connection.inTransaction()) {  // SQLite itself rolled back, e.g. because the disk is full
    if (outcome.error) std::rethrow_exception(outcome.error);
    throw Error(ErrorCode::kInternal, "a statement ended the writer's transaction");
  }
  if (!outcome.result.committed) connection.run({"ROLLBACK TO batch", {}, std::nullopt});
  connection.run({"RELEASE batch", {}, std::nullopt});
  return outcome;
}

/// Runs every batch and commits. Throws when nothing at all was written.
std::vector<Outcome> writeAll(Connection& connection, const VectorIndex* index,
                              const std::vector<QueuedWrite>& writes) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(writes.size());
  connection.run({"BEGIN IMMEDIATE", {}, std::nullopt});
  try {
    for (const QueuedWrite& write : writes) {
      outcomes.push_back(writeOne(connection, index, write.batch));
    }
    connection.run({"COMMIT", {}, std::nullopt});
  } catch (...) {
    const std::exception_ptr reason = std::current_exception();
    if (connection.inTransaction()) {
      try {
        connection.execute("ROLLBACK");
      } catch (const Error&) {  // the first reason is the one to tell
      }
    }
    std::rethrow_exception(reason);
  }
  return outcomes;
}

}  // namespace

void commitTogether(Connection& connection, VectorIndex* index, std::vector<QueuedWrite> writes) {
  std::vector<QueuedWrite> claimed;
  claimed.reserve(writes.size());
  for (QueuedWrite& write : writes) {
    if (write.claim()) claimed.push_back(std::move(write));
  }
  if (claimed.empty()) return;

  std::vector<Outcome> outcomes;
  try {
    outcomes = writeAll(connection, index, claimed);
  } catch (...) {
    outcomes.assign(claimed.size(), {WriteResult(), std::current_exception()});
  }
  for (std::size_t i = 0; i < claimed.size(); ++i) {
    const IndexChanges& changes = claimed[i].batch.changes;
    if (!outcomes[i].result.committed || changes.empty()) continue;
    try {
      index->apply(changes);
    } catch (...) {  // no memory: the rows are safe, the index refuses to work until a restart
      index->giveUp();
      outcomes[i].error = std::current_exception();
    }
  }
  for (std::size_t i = 0; i < claimed.size(); ++i) {
    claimed[i].finish(std::move(outcomes[i].result), outcomes[i].error);
  }
}

}  // namespace countenance
