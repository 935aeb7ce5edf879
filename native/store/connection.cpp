#include "store/connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <cmath>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "store/database_file.h"

namespace countenance {
namespace {

constexpr int kBusyTimeoutMs = 2000;      // another program reads the file, e.g. a backup
constexpr std::size_t kMaxCached = 128;   // our stores use about 40 statements
constexpr int kStepsBetweenPolls = 1000;  // of SQLite's machine: about 10 microseconds

/// Which public failure a result code of SQLite is. Its own text goes along: it names tables,
/// columns and causes, never values.
/// @param systemError  `errno`, cleared before the call of SQLite: sqlite3_system_errno() does not
///   know of a commit that failed.
ErrorCode codeOf(int status, int systemError = 0) {
  if (status == SQLITE_IOERR_SHORT_READ || status == SQLITE_IOERR_CORRUPTFS) {
    return ErrorCode::kStoreCorrupt;
  }
  if (status == SQLITE_IOERR_NOMEM) return ErrorCode::kInternal;
  switch (status & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::kStoreFull;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ErrorCode::kStoreReadOnly;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return fileErrorCode(systemError, ErrorCode::kStoreIo);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kStoreCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kStoreLocked;
    case SQLITE_INTERRUPT:
      return ErrorCode::kAborted;
    case SQLITE_CONSTRAINT:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kInternal;
  }
}

void check(int status) {
  if (status != SQLITE_OK) throw Error(codeOf(status), sqlite3_errstr(status));
}

/// A hostile or damaged file must neither run code of its own nor make us allocate without end.
void harden(sqlite3* database) {
  check(sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
  check(sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr));
  check(sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr));
  check(sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr));
  check(sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr));
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 16 << 20);
  sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
  sqlite3_limit(database, SQLITE_LIMIT_COLUMN, 100);
  sqlite3_limit(database, SQLITE_LIMIT_EXPR_DEPTH, 100);
  sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
}

void bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  // SQLITE_STATIC: Use clears the bindings before the values go.
  check(std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return sqlite3_bind_null(statement, index);
        } else if constexpr (std::is_same_v<Held, std::int64_t>) {
          return sqlite3_bind_int64(statement, index, held);
        } else if constexpr (std::is_same_v<Held, double>) {
          return sqlite3_bind_double(statement, index, held);
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return sqlite3_bind_text64(statement, index, held.data(), held.size(), SQLITE_STATIC,
                                     SQLITE_UTF8);
        } else {
          // A null pointer would bind NULL: an empty blob needs an address.
          return sqlite3_bind_blob64(statement, index, held.empty() ? "" : (const void*)held.data(),
                                     held.size(), SQLITE_STATIC);
        }
      },
      value));
}

std::size_t rowsOf(const SqlColumn& column) {
  return std::visit(
      [](const auto& held) -> std::size_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, BlobColumn>) {
          return held.size == 0 ? 0 : held.bytes.size() / held.size;
        } else {
          return held.size();
        }
      },
      column);
}

/// How often a statement with columns runs.
std::size_t rowsOf(const std::vector<SqlColumn>& columns) {
  const std::size_t rows = rowsOf(columns.front());
  for (const SqlColumn& column : columns) {
    const BlobColumn* blobs = std::get_if<BlobColumn>(&column);
    if (rowsOf(column) != rows ||
        (blobs != nullptr && (blobs->size == 0 || blobs->bytes.size() % blobs->size != 0))) {
      throw Error(ErrorCode::kInvalidArgument, "columns: expected as many rows in each");
    }
  }
  return rows;
}

void bindNumber(sqlite3_stmt* statement, int index, double number) {
  constexpr double kMaxSafeInteger = 9007199254740991.0;
  if (std::isnan(number)) {
    check(sqlite3_bind_null(statement, index));
  } else if (std::abs(number) <= kMaxSafeInteger && std::trunc(number) == number) {
    check(sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(number)));
  } else {
    check(sqlite3_bind_double(statement, index, number));
  }
}

void bindRow(sqlite3_stmt* statement, int index, const SqlColumn& column, std::size_t row) {
  if (const auto* numbers = std::get_if<NumberColumn>(&column)) {
    bindNumber(statement, index, (*numbers)[row]);
  } else if (const auto* texts = std::get_if<TextColumn>(&column)) {
    const std::optional<std::string>& text = (*texts)[row];
    check(text ? sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                     SQLITE_UTF8)
               : sqlite3_bind_null(statement, index));
  } else {
    const auto& blobs = std::get<BlobColumn>(column);
    check(sqlite3_bind_blob64(statement, index, blobs.bytes.data() + row * blobs.size, blobs.size,
                              SQLITE_STATIC));
  }
}

}  // namespace

int RowView::columns() const { return sqlite3_column_count(statement_); }

SqlValue RowView::value(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement_, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement_, column);
    case SQLITE_TEXT: {
      const unsigned char* text = sqlite3_column_text(statement_, column);
      if (text == nullptr) throw Error(ErrorCode::kInternal, "out of memory in SQLite");
      const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
      return std::string(reinterpret_cast<const char*>(text), bytes);
    }
    case SQLITE_BLOB: {
      const Span<const std::uint8_t> bytes = blob(column);
      return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
    }
    default:
      return std::monostate();
  }
}

std::int64_t RowView::integer(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) {
    throw Error(ErrorCode::kStoreCorrupt, "the database holds something else than an integer");
  }
  return sqlite3_column_int64(statement_, column);
}

Span<const std::uint8_t> RowView::blob(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) {
    throw Error(ErrorCode::kStoreCorrupt, "the database holds something else than a blob");
  }
  const void* bytes = sqlite3_column_blob(statement_, column);
  return {static_cast<const std::uint8_t*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

/// One execution of a statement: resets it on every way out, so that no read lock stays behind.
class Connection::Use final {
 public:
  Use(Connection& connection, sqlite3_stmt* statement, const std::vector<SqlValue>& params,
      std::size_t columns = 0)
      : connection_(connection), statement_(statement), params_(params.size()) {
    const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
    const std::size_t given = params.size() + columns;
    if (given != expected) {
      throw Error(ErrorCode::kInvalidArgument, "params: expected " + std::to_string(expected) +
                                                   ", got " + std::to_string(given));
    }
    try {
      for (std::size_t i = 0; i < params.size(); ++i) {
        bind(statement, static_cast<int>(i) + 1, params[i]);
      }
    } catch (...) {
      sqlite3_clear_bindings(statement);
      throw;
    }
  }
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  /// False after the last row.
  bool step() {
    errno = 0;
    const int status = sqlite3_step(statement_);
    if (status == SQLITE_ROW) return true;
    if (status == SQLITE_DONE) return false;
    connection_.fail(status);
  }
  RowView row() const { return RowView(statement_); }

  /// Makes the statement ready to run with this row of the columns.
  void select(const std::vector<SqlColumn>& columns, std::size_t row) {
    sqlite3_reset(statement_);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      bindRow(statement_, static_cast<int>(params_ + i) + 1, columns[i], row);
    }
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
  std::size_t params_;
};

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Connection::Connection(const std::string& path, Mode mode) {
  const int access = mode == Mode::kWriter ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_EXRESCODE;
  sqlite3* opened = nullptr;
  errno = 0;
  const int status = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  const int systemError = errno;
  database_.reset(opened);  // a failed open may have made a connection all the same
  if (status != SQLITE_OK) throw Error(codeOf(status, systemError), sqlite3_errstr(status));
  harden(opened);
  check(sqlite3_busy_timeout(opened, kBusyTimeoutMs));
  sqlite3_progress_handler(
      opened, kStepsBetweenPolls,
      [](void* slot) {
        const CancelToken* cancel = *static_cast<const CancelToken**>(slot);
        return cancel != nullptr && cancel->cancelled() ? 1 : 0;
      },
      cancel_.get());
  execute("PRAGMA cell_size_check = ON");
  readSchema(mode);
  execute("PRAGMA temp_store = MEMORY");  // no vectors in files of the system's temporary folder
  if (mode == Mode::kReader) {
    execute("PRAGMA query_only = ON");
  } else if (mode == Mode::kWriter) {
    execute("PRAGMA synchronous = FULL");
    execute("PRAGMA secure_delete = ON");      // what is deleted is overwritten with zeros
    execute("PRAGMA wal_autocheckpoint = 0");  // tendLog() does it when nobody waits
    execute("PRAGMA cache_size = -32768");     // KiB: a bulk write stays out of its own log
    sqlite3_wal_hook(
        opened,
        [](void* slot, sqlite3*, const char*, int pages) {
          *static_cast<int*>(slot) = pages;
          return SQLITE_OK;
        },
        logPages_.get());
  }
}

void Connection::readSchema(Mode mode) {
  try {
    execute("SELECT count(*) FROM sqlite_schema");
  } catch (const Error& error) {
    // The statement is sound: it is the file that is not, e.g. its schema has an unknown format.
    if ((sqlite3_errcode(database_.get()) & 0xff) != SQLITE_ERROR) throw;
    throw Error(ErrorCode::kStoreCorrupt, error.what());
  }
  if (mode == Mode::kWriter && sqlite3_db_readonly(database_.get(), "main") != 0) {
    throw Error(ErrorCode::kStoreCorrupt, "SQLite: the file says that it is not to be written");
  }
}

void Connection::fail(int status) const {
  const ErrorCode code = codeOf(status, errno);
  if (status == SQLITE_INTERRUPT) throw Error(code, "the operation was aborted");
  // SQLite's own text for a file that cannot be opened has the file's path.
  const bool namesPath = (status & 0xff) == SQLITE_CANTOPEN;
  throw Error(code, std::string("SQLite: ") +
                        (namesPath ? sqlite3_errstr(status) : sqlite3_errmsg(database_.get())));
}

Connection::StatementPtr Connection::prepare(const std::string& sql, bool keep) {
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  errno = 0;
  const int status =
      sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                         keep ? SQLITE_PREPARE_PERSISTENT : 0, &raw, &rest);
  StatementPtr statement(raw);
  if (status != SQLITE_OK) fail(status);
  if (statement == nullptr ||
      std::string(rest).find_first_not_of(" \t\r\n;") != std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument, "sql: expected exactly one statement");
  }
  return statement;
}

sqlite3_stmt* Connection::cached(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  StatementPtr statement = prepare(sql, true);
  if (statements_.size() >= kMaxCached) statements_.clear();
  return statements_.emplace(sql, std::move(statement)).first->second.get();
}

void Connection::execute(const char* sql) {
  const StatementPtr statement = prepare(sql, false);
  Use use(*this, statement.get(), {});
  while (use.step()) {
  }
}

std::optional<std::int64_t> Connection::run(const SqlStatement& statement) {
  Use use(*this, cached(statement.sql), statement.params, statement.columns.size());
  const bool once = statement.columns.empty();
  const std::size_t runs = once ? 1 : rowsOf(statement.columns);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    // sqlite3_changes keeps its value over statements that change no rows, such as CREATE TABLE.
    const sqlite3_int64 before = sqlite3_total_changes64(database_.get());
    if (!once) use.select(statement.columns, i);
    while (use.step()) {
    }
    const bool changed = sqlite3_total_changes64(database_.get()) != before;
    const std::int64_t changes = changed ? sqlite3_changes64(database_.get()) : 0;
    if (statement.expectChanges && *statement.expectChanges != changes) return std::nullopt;
    total += changes;
  }
  return total;
}

SqlRows Connection::query(const SqlStatement& statement) {
  if (!statement.columns.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "columns: expected none, they are for writes");
  }
  sqlite3_stmt* prepared = cached(statement.sql);
  Use use(*this, prepared, statement.params);
  SqlRows rows;
  const int columns = sqlite3_column_count(prepared);
  for (int i = 0; i < columns; ++i) rows.columns.emplace_back(sqlite3_column_name(prepared, i));
  while (use.step()) {
    for (int i = 0; i < columns; ++i) rows.cells.push_back(use.row().value(i));
  }
  return rows;
}

void Connection::queryKeys(const SqlStatement& statement, std::vector<std::int64_t>& keys) {
  sqlite3_stmt* prepared = cached(statement.sql);
  if (sqlite3_column_count(prepared) < 1) {
    throw Error(ErrorCode::kInvalidArgument, "sql: expected a statement with a column of keys");
  }
  Use use(*this, prepared, statement.params);
  while (use.step()) keys.push_back(use.row().integer(0));
}

void Connection::scan(const std::string& sql, const std::function<void(const RowView&)>& onRow) {
  const StatementPtr statement = prepare(sql, false);
  Use use(*this, statement.get(), {});
  while (use.step()) onRow(use.row());
}

bool Connection::inTransaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

void Connection::checkpoint() {
  errno = 0;
  const int status = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
  // Busy: somebody else reads. Nothing is lost, the log stays and counts at the next opening.
  if (status != SQLITE_OK && (status & 0xff) != SQLITE_BUSY) fail(status);
}

}  // namespace countenance
