#include "napi/instance.h"

#include <algorithm>
#include <utility>

#include "napi/task.h"

namespace countenance {

Instance::Instance(Napi::Env env) : env_(env) {
  const Napi::String name = Napi::String::New(env, "countenance");
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
                                      &Instance::onCompleted, &handOver_);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, handOver_);
  env.AddCleanupHook([](Instance* self) { self->shutDown(); }, this);
}

Instance::~Instance() = default;

Instance& Instance::of(Napi::Env env) { return *env.GetInstanceData<Instance>(); }

void Instance::add(std::shared_ptr<Task> task) {
  if (live_.empty()) napi_ref_threadsafe_function(env_, handOver_);
  Task* const key = task.get();
  live_.emplace(key, std::move(task));
}

void Instance::post(Task* task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!open_) return;  // the environment is ending: shutDown() frees the task
  finished_.push_back(task);
  // Queue size 0 means unbounded, so this neither blocks nor fails while open_ holds.
  napi_call_threadsafe_function(handOver_, nullptr, napi_tsfn_nonblocking);
}

void Instance::closeAtExit(std::weak_ptr<Closeable> owner) {
  closeables_.erase(std::remove_if(closeables_.begin(), closeables_.end(),
                                   [](const auto& weak) { return weak.expired(); }),
                    closeables_.end());
  closeables_.push_back(std::move(owner));
}

void Instance::onCompleted(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // the environment is ending
  try {
    static_cast<Instance*>(context)->completeOne(Napi::Env(env));
  } catch (const Napi::Error&) {
    // A worker thread is being terminated: no JavaScript can run, so nobody can be told. Node's own
    // code called us, through which no C++ exception may pass.
  }
}

void Instance::completeOne(Napi::Env env) {
  Task* task = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (finished_.empty()) return;
    task = finished_.front();
    finished_.pop_front();
  }
  const auto found = live_.find(task);
  if (found == live_.end()) return;
  const std::shared_ptr<Task> owned = std::move(found->second);
  live_.erase(found);
  if (live_.empty()) napi_unref_threadsafe_function(env, handOver_);
  owned->settle(env);
}

void Instance::shutDown() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
    finished_.clear();
  }
  for (const auto& [key, task] : live_) task->cancel();
  for (const auto& weak : closeables_) {
    if (const auto owner = weak.lock()) owner->shutDown();
  }
  live_.clear();
}

}  // namespace countenance
