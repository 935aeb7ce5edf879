#include "store/database.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.h"
#include "store/index_loader.h"

namespace countenance {
namespace {

constexpr std::size_t kMaxReaders = 64;
constexpr std::size_t kMaxBackups = 16;  // that wait: each takes a while

DatabaseOptions checked(DatabaseOptions options) {
  if (options.readers < 1 || options.readers > kMaxReaders) {
    throw Error(ErrorCode::kInvalidArgument, "readers: expected an integer in 1.." +
                                                 std::to_string(kMaxReaders) + ", got " +
                                                 std::to_string(options.readers));
  }
  return options;
}

/// A read transaction that ends on every way out.
class Snapshot final {
 public:
  Snapshot(Connection& connection, const CancelToken& cancel) : connection_(connection) {
    connection_.setCancel(&cancel);
    try {
      connection_.execute("BEGIN");
    } catch (...) {
      connection_.setCancel(nullptr);
      throw;
    }
  }
  ~Snapshot() {
    connection_.setCancel(nullptr);
    try {
      if (connection_.inTransaction()) connection_.execute("ROLLBACK");
    } catch (const Error&) {  // nothing was written, and the next BEGIN would tell
    }
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Connection& connection_;
};

/// Puts an empty file into our form. The header says whose it is before the log is switched on:
/// a header is all that prepareDatabaseFile() may read.
void initialise(Connection& writer) {
  const std::string id = std::to_string(kApplicationId);
  writer.execute(("PRAGMA application_id = " + id).c_str());
}

void switchToLog(Connection& writer) {
  const SqlRows mode = writer.query({"PRAGMA journal_mode = WAL", {}, std::nullopt});
  if (mode.cells.size() != 1 || mode.cells[0] != SqlValue(std::string("wal"))) {
    throw Error(ErrorCode::kInvalidArgument,
                "path: this file system cannot hold a database with a write-ahead log");
  }
}

}  // namespace

Database::Database(std::string path, DatabaseOptions options)
    : path_(std::move(path)),
      options_(checked(std::move(options))),
      writerPool_(1, std::numeric_limits<std::size_t>::max(), options_.onThreadStart) {}

Database::~Database() { stop(); }

void Database::requireOpen() const {
  if (refusing_ || !opened_) throw Error(ErrorCode::kStoreClosed, "the store is closed");
}

void Database::onWriter(ThreadPool::Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (refusing_) throw Error(ErrorCode::kStoreClosed, "the store is closed");
  writerPool_.submit(std::move(job));
}

void Database::open() {
  const std::string path = resolveDatabasePath(path_);
  auto lock = std::make_unique<DatabaseLock>(path);
  const bool empty = prepareDatabaseFile(path);
  auto writer = std::make_unique<Connection>(path, Connection::Mode::kWriter);
  if (empty) initialise(*writer);
  switchToLog(*writer);
  std::vector<std::unique_ptr<Connection>> readers;
  for (std::size_t i = 0; i < options_.readers; ++i) {
    readers.push_back(std::make_unique<Connection>(path, Connection::Mode::kReader));
  }
  auto pool =
      std::make_unique<ThreadPool>(options_.readers, options_.queueLimit, options_.onThreadStart);
  auto copiers = std::make_unique<ThreadPool>(1, kMaxBackups, options_.onThreadStart);

  const std::lock_guard<std::mutex> guard(mutex_);
  resolved_ = path;
  lock_ = std::move(lock);
  writer_ = std::move(writer);
  readers_ = std::move(readers);
  readerPool_ = std::move(pool);
  copierPool_ = std::move(copiers);
  opened_ = true;
}

void Database::load(std::shared_ptr<VectorIndex> index, const std::string& vectorsSql,
                    const std::string& tagsSql, const CancelToken& cancel) {
  if (!writer_) throw Error(ErrorCode::kStoreClosed, "the store is closed");
  // No write comes in between: this is the writer thread.
  loadIndex(*writer_, *index, vectorsSql, tagsSql, cancel);
  index_ = std::move(index);
}

void Database::write(QueuedWrite write) {
  const std::lock_guard<std::mutex> lock(mutex_);
  requireOpen();
  if (waiting_.size() >= options_.queueLimit) {
    throw Error(ErrorCode::kBusy, "queue full: at most " + std::to_string(options_.queueLimit) +
                                      " writes may wait, retry later");
  }
  waiting_.push_back(std::move(write));
  if (drainQueued_) return;
  try {
    writerPool_.submit([this](std::size_t) { drain(); });
    drainQueued_ = true;
  } catch (...) {
    waiting_.pop_back();
    throw;
  }
}

void Database::drain() {
  std::vector<QueuedWrite> writes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    writes.swap(waiting_);
    drainQueued_ = false;
  }
  commitTogether(*writer_, index_.get(), std::move(writes));
  writer_->tendLog();
}

void Database::onReader(ThreadPool::Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  requireOpen();
  readerPool_->submit(std::move(job));
}

std::vector<SqlRows> Database::read(std::size_t reader, const std::vector<SqlStatement>& statements,
                                    const CancelToken& cancel) {
  Connection& connection = *readers_[reader];
  const Snapshot snapshot(connection, cancel);
  std::vector<SqlRows> results;
  results.reserve(statements.size());
  for (const SqlStatement& statement : statements) results.push_back(connection.query(statement));
  return results;
}

std::vector<std::int64_t> Database::readKeys(std::size_t reader,
                                             const std::vector<std::vector<SqlStatement>>& sets,
                                             const CancelToken& cancel) {
  Connection& connection = *readers_[reader];
  const Snapshot snapshot(connection, cancel);
  std::vector<std::int64_t> common;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    std::vector<std::int64_t> keys;
    for (const SqlStatement& statement : sets[i]) connection.queryKeys(statement, keys);
    if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    if (i == 0) {
      common = std::move(keys);
      continue;
    }
    const auto end = std::set_intersection(common.begin(), common.end(), keys.begin(), keys.end(),
                                           common.begin());
    common.erase(end, common.end());
  }
  return common;
}

void Database::onCopier(ThreadPool::Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  requireOpen();
  copierPool_->submit(std::move(job));
}

void Database::backup(const std::string& target, const BackupOptions& options,
                      const CancelToken& cancel) {
  backUp(resolved_, target, options, cancel);
}

void Database::onWriterAtLast(ThreadPool::Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  refusing_ = true;
  writerPool_.submit(std::move(job));
}

void Database::close() {
  if (!writer_) return;
  copierPool_->close();
  readerPool_->close();
  readers_.clear();
  std::exception_ptr error;
  try {
    writer_->checkpoint();
  } catch (...) {  // the log keeps what could not be moved; the lock must go all the same
    error = std::current_exception();
  }
  writer_.reset();
  index_.reset();
  lock_.reset();
  if (error) std::rethrow_exception(error);
}

void Database::stop() {
  try {
    onWriterAtLast([this](std::size_t) {
      try {
        close();
      } catch (const Error&) {  // nobody is left to be told; the log has everything
      }
    });
  } catch (const Error&) {  // stopped before: the pool takes no more jobs
  }
  writerPool_.close();
}

}  // namespace countenance
