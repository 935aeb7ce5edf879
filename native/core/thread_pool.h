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
class ThreadPool final {
 public:
  /// @param worker  0..threads-1: lets a job use scratch memory that belongs to its thread.
  using Job = std::function<void(std::size_t worker)>;

  /// @param onStart  Run by each thread before its first job; it must not throw.
  ThreadPool(std::size_t threads, std::size_t queueLimit, std::function<void()> onStart = {});
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
  const std::function<void()> onStart_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool closing_ = false;
  std::mutex joinMutex_;  // serialises close(): the second caller waits for the first one's joins
  std::vector<std::thread> threads_;
};

}  // namespace countenance
