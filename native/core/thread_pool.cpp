#include "core/thread_pool.h"

#include <string>
#include <utility>

#include "core/error.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace countenance {
namespace {

// Linux lets each thread have its own nice value. 5 gives the event loop about three times the
// share of a worker when all cores are busy (kernel: sched_prio_to_weight, 1024 against 335).
constexpr int kWorkerNice = 5;

void lowerPriority() {
#ifdef __linux__
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  // A host that runs us at a nicer value already keeps it: only ever lower. A refusal is harmless.
  if (getpriority(PRIO_PROCESS, thread) < kWorkerNice) {
    (void)setpriority(PRIO_PROCESS, thread, kWorkerNice);
  }
#endif
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads, std::size_t queueLimit)
    : threadCount_(threads), queueLimit_(queueLimit) {
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
  lowerPriority();
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
