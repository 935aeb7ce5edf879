#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace countenance {

/// A fixed number of threads over one bounded queue, first in first out.
///
/// Its threads run at a lower priority than the thread that made them where the system allows it,
/// so that a busy pool never delays the host's event loop.
class ThreadPool final {
 public:
  /// @param worker  0..threads-1: lets a job use scratch memory that belongs to its thread.
  using Job = std::function<void(std::size_t worker)>;

  ThreadPool(std::size_t threads, std::size_t queueLimit);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Queues a job. A job must not throw. Throws kBusy when the queue is full and kAborted after
  /// close(); the job is then never run.
  void submit(Job job);

  /// Runs what is queued to its end (jobs that were cancelled return at once) and joins the
  /// threads. Idempotent; must not be called from one of the pool's own threads.
  void close();

  std::size_t threads() const { return threadCount_; }

 private:
  void work(std::size_t worker);

  const std::size_t threadCount_;
  const std::size_t queueLimit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool closing_ = false;
  std::mutex joinMutex_;  // serialises close(): the second caller waits for the first one's joins
  std::vector<std::thread> threads_;
};

}  // namespace countenance
