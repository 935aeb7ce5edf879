#include "core/thread_pool.h"

#include <string>
#include <utility>

#include "core/error.h"

namespace countenance {

ThreadPool::ThreadPool(std::size_t threads, std::size_t queueLimit, std::function<void()> onStart)
    : threadCount_(threads), queueLimit_(queueLimit), onStart_(std::move(onStart)) {
  if (threads == 0) throw Error(ErrorCode::kInvalidArgument, "threads: expected at least 1, got 0");
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (...) {
    close();  // the system refused a thread: join those that run already
    throw;
  }
}

ThreadPool::~ThreadPool() { close(); }

void ThreadPool::submit(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_) throw Error(ErrorCode::kAborted, "the work was refused: its owner is closed");
    if (queue_.size() >= queueLimit_) {
      throw Error(ErrorCode::kBusy, "queue full: at most " + std::to_string(queueLimit_) +
                                        " operations may wait, retry later");
    }
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void ThreadPool::close() {
  const std::lock_guard<std::mutex> joining(joinMutex_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::work(std::size_t worker) {
  if (onStart_) onStart_();
  for (;;) {
    Job job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job(worker);
  }
}

}  // namespace countenance
