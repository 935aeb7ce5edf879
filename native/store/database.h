#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/thread_pool.h"
#include "index/vector_index.h"
#include "store/backup.h"
#include "store/connection.h"
#include "store/database_file.h"
#include "store/group_commit.h"
#include "store/sql.h"

namespace countenance {

struct DatabaseOptions {
  std::size_t readers = 1;     ///< 1..64 threads with a connection each
  std::size_t queueLimit = 1;  ///< how many reads, and how many writes, may wait
  /// Run by each thread before its first job; it must not throw.
  std::function<void()> onThreadStart = {};
};

/// One SQLite file: one writer thread with group commit, and some reader threads.
///
/// Life: open() once, then anything, then close(). These and load() block, and belong on the writer
/// thread: give them to onWriter() and onWriterAtLast().
class Database final {
 public:
  Database(std::string path, DatabaseOptions options);
  /// Closes what is open.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Queues a job behind the writes that wait. Never kBusy; kStoreClosed after stop().
  void onWriter(ThreadPool::Job job);

  /// Writer thread. Takes the lock, looks at the file, makes it when there is none.
  /// @throws Error kInvalidArgument, kStoreLocked, kStoreCorrupt; the file is unchanged then.
  void open();

  /// Writer thread. Fills an empty index and keeps it: writes change it from here on.
  void load(std::shared_ptr<VectorIndex> index, const std::string& vectorsSql,
            const std::string& tagsSql, const CancelToken& cancel);

  /// Any thread. A batch that has begun is not cancelled: it ends as it would have.
  /// @throws Error kBusy, kStoreClosed; the write's functions are then never called.
  void write(QueuedWrite write);

  /// Any thread. Queues a job on the readers. @throws Error kBusy, kStoreClosed.
  void onReader(ThreadPool::Job job);

  /// Reader thread. Runs the statements in one read transaction.
  std::vector<SqlRows> read(std::size_t reader, const std::vector<SqlStatement>& statements,
                            const CancelToken& cancel);

  /// Reader thread. The integers that all of the sets have; a set is what its statements find in
  /// their first columns. One read transaction.
  /// @returns ascending, each once; none for no set.
  std::vector<std::int64_t> readKeys(std::size_t reader,
                                     const std::vector<std::vector<SqlStatement>>& sets,
                                     const CancelToken& cancel);

  /// Any thread. Queues a job for backup(), on a thread of its own. @throws Error kBusy,
  /// kStoreClosed.
  void onCopier(ThreadPool::Job job);

  /// Copier thread: see backUp().
  void backup(const std::string& target, const BackupOptions& options, const CancelToken& cancel);

  /// Any thread. Refuses new work from now on and queues a job behind what waits: it calls close().
  void onWriterAtLast(ThreadPool::Job job);
  /// Writer thread, at last. Waits for the readers, checkpoints, releases the lock. Idempotent.
  void close();
  /// Any thread but the pools' own: closes and joins. Idempotent.
  void stop();

 private:
  void drain();
  void requireOpen() const;  // call it under mutex_

  const std::string path_;
  std::string resolved_;  // what path_ named when it was opened; set by open(), under mutex_
  const DatabaseOptions options_;

  // Writer thread only. The order matters: connections go before the lock does.
  std::unique_ptr<DatabaseLock> lock_;
  std::unique_ptr<Connection> writer_;
  std::shared_ptr<VectorIndex> index_;
  std::vector<std::unique_ptr<Connection>> readers_;  // made by open(); then one for each reader

  std::mutex mutex_;  // guards what follows up to the pools
  bool opened_ = false;
  bool refusing_ = false;
  bool drainQueued_ = false;
  std::vector<QueuedWrite> waiting_;

  std::unique_ptr<ThreadPool> readerPool_;  // made by open(), before opened_ is set
  std::unique_ptr<ThreadPool> copierPool_;  // the same
  ThreadPool writerPool_;                   // declared last: joined before anything above goes
};

}  // namespace countenance
