#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/cancel.h"
#include "core/span.h"
#include "store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace countenance {

/// The current row of a statement that runs: borrowed until the next row.
class RowView final {
 public:
  explicit RowView(sqlite3_stmt* statement) : statement_(statement) {}

  int columns() const;
  SqlValue value(int column) const;
  /// @throws Error kStoreCorrupt unless the column holds an INTEGER.
  std::int64_t integer(int column) const;
  /// @throws Error kStoreCorrupt unless the column holds a BLOB.
  Span<const std::uint8_t> blob(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// One SQLite connection with its prepared statements, set up to distrust the file. Used by one
/// thread at a time.
class Connection final {
 public:
  /// A copier reads one database and may write another.
  enum class Mode { kWriter, kReader, kCopier };

  /// Reads the schema, and writes nothing.
  /// @param path  Absolute and free of symbolic links.
  /// @throws Error kStoreCorrupt for a file that this SQLite cannot read, or not write.
  Connection(const std::string& path, Mode mode);

  /// Statements without parameters and results, prepared once and not kept.
  void execute(const char* sql);

  /// @returns how many rows the statement changed (cascades are not counted); nothing as soon as
  ///   it has missed its expectChanges.
  /// @throws Error kInvalidArgument also for columns of different lengths.
  std::optional<std::int64_t> run(const SqlStatement& statement);
  /// @throws Error kInvalidArgument for a statement with columns.
  SqlRows query(const SqlStatement& statement);
  /// Appends the first column of what the statement finds.
  /// @throws Error kStoreCorrupt unless it holds integers.
  void queryKeys(const SqlStatement& statement, std::vector<std::int64_t>& keys);
  void scan(const std::string& sql, const std::function<void(const RowView&)>& onRow);

  /// While it is set, a statement ends with kAborted soon after the token fires. nullptr: never.
  void setCancel(const CancelToken* cancel) { *cancel_ = cancel; }

  bool inTransaction() const;
  /// Moves the write-ahead log into the database as far as other readers allow.
  void checkpoint();
  /// After a commit, when nobody waits: keeps the log short, so that opening and reading stay fast,
  /// and makes room in its file for the next commits. Failures do not matter: the log keeps all.
  void tendLog();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;
  class Use;

  [[noreturn]] void fail(int status) const;
  void extendLog();
  void readSchema(Mode mode);
  StatementPtr prepare(const std::string& sql, bool keep);
  sqlite3_stmt* cached(const std::string& sql);

  // On the heap: SQLite holds the address. Declared first: it outlives the connection.
  std::unique_ptr<const CancelToken*> cancel_ = std::make_unique<const CancelToken*>(nullptr);
  std::unique_ptr<int> logPages_ = std::make_unique<int>(0);  // in the log, after the last commit
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, StatementPtr> statements_;  // freed before the connection
};

}  // namespace countenance
