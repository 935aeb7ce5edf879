#include "napi/task.h"

#include <utility>

#include "core/error.h"
#include "napi/errors.h"
#include "napi/instance.h"

namespace countenance {

bool Task::Ticket::claim() const {
  State expected = State::kWaiting;
  return state_->compare_exchange_strong(expected, State::kRunning);
}

void Task::Ticket::finish(std::exception_ptr error) const {
  task_->error_ = std::move(error);
  state_->store(State::kFinished);
  task_->instance_->post(task_);
}

void Task::Ticket::work(std::size_t worker) const {
  if (!claim()) return;
  std::exception_ptr error;
  try {
    task_->cancel_.check();
    task_->run(worker);
  } catch (...) {
    error = std::current_exception();
  }
  finish(std::move(error));
}

Napi::Object Task::start(Napi::Env env, ThreadPool& pool, const std::shared_ptr<Task>& task) {
  return start(env, task, [&pool](const Ticket& ticket) {
    pool.submit([ticket](std::size_t worker) { ticket.work(worker); });
  });
}

Napi::Object Task::start(Napi::Env env, const std::shared_ptr<Task>& task,
                         const std::function<void(Ticket)>& launch) {
  task->instance_ = &Instance::of(env);
  launch(Ticket(*task));
  // From here on nothing is refused. The task cannot settle before this function has returned to
  // the event loop, so the promise may be made after the launch (an unsettled one would leak).
  task->instance_->add(task);
  task->deferred_ = std::make_unique<Napi::Promise::Deferred>(env);
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("done", task->deferred_->Promise());
  handle.Set("cancel", Napi::Function::New(
                           env,
                           [weak = std::weak_ptr<Task>(task)](const Napi::CallbackInfo&) {
                             if (const auto owned = weak.lock()) owned->cancel();
                           },
                           "cancel"));
  return handle;
}

void Task::cancel() {
  cancel_.cancel();
  State expected = State::kWaiting;
  if (!state_->compare_exchange_strong(expected, State::kFinished)) return;
  error_ = std::make_exception_ptr(Error(ErrorCode::kAborted, "the operation was aborted"));
  instance_->post(this);
}

void Task::settle(Napi::Env env) {
  // start() was cut short: a worker thread that is being terminated cannot make a promise.
  if (deferred_ == nullptr) return;
  const Napi::HandleScope scope(env);
  try {
    if (error_) {
      deferred_->Reject(toJsError(env, error_).Value());
    } else {
      deferred_->Resolve(result(env));
    }
  } catch (const Napi::Error& e) {
    deferred_->Reject(e.Value());
  } catch (...) {  // e.g. no memory for the result
    deferred_->Reject(toJsError(env, std::current_exception()).Value());
  }
  giveBack();
}

}  // namespace countenance
