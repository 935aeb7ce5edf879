#pragma once

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "core/cancel.h"
#include "core/thread_pool.h"

namespace countenance {

class Instance;

/// One piece of work off the JavaScript thread, and the promise that tells of it.
///
/// A concrete task is its members plus run() and result(). This is the only place that catches on
/// the asynchronous path, and it decides by exception_ptr, never by message.
class Task {
  enum class State { kWaiting, kRunning, kFinished };

 public:
  /// What another thread holds of a task. The instance owns the task, so that what belongs to the
  /// JavaScript thread is freed there; a claimed task lives until finish().
  class Ticket final {
   public:
    explicit Ticket(Task& task) : state_(task.state_), task_(&task) {}

    /// True once: the caller now has to bring the task to its end. False when the task was
    /// cancelled while it waited; it may be freed already.
    bool claim() const;
    /// Hands over the outcome of a claimed task, which is not to be touched afterwards.
    void finish(std::exception_ptr error) const;
    /// Claims, runs, captures what is thrown, finishes. `worker` numbers the pool's thread.
    void work(std::size_t worker) const;

   private:
    std::shared_ptr<std::atomic<State>> state_;
    Task* task_;
  };

  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// JavaScript thread: queues the task on the pool and returns { done: Promise, cancel() }.
  /// Throws kBusy or kAborted, as ThreadPool::submit does.
  static Napi::Object start(Napi::Env env, ThreadPool& pool, const std::shared_ptr<Task>& task);

  /// The same for work that is not queued on a pool: `launch` arranges that some other thread
  /// claims and finishes the task, or throws.
  static Napi::Object start(Napi::Env env, const std::shared_ptr<Task>& task,
                            const std::function<void(Ticket)>& launch);

  /// JavaScript thread: work that waits ends at once, work that runs at its next check.
  void cancel();

  /// JavaScript thread: resolves or rejects the promise.
  void settle(Napi::Env env);

 protected:
  Task() = default;

  /// Worker thread, no Napi.
  virtual void run(std::size_t worker) = 0;
  /// JavaScript thread, after run() returned normally.
  virtual Napi::Value result(Napi::Env env) = 0;
  /// JavaScript thread, once the promise is settled, whatever became of the task: gives back what
  /// run() borrowed. It is left out when the environment ends.
  virtual void giveBack() {}

  CancelToken cancel_;

 private:
  std::shared_ptr<std::atomic<State>> state_ =
      std::make_shared<std::atomic<State>>(State::kWaiting);
  std::exception_ptr error_;
  std::unique_ptr<Napi::Promise::Deferred> deferred_;
  Instance* instance_ = nullptr;  // outlives every task: it owns them
};

}  // namespace countenance
