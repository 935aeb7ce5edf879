#pragma once

#include <napi.h>

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace countenance {

class Task;

/// Something with threads that must be stopped before its environment goes: a pool's or a
/// database's owner.
class Closeable {
 public:
  virtual ~Closeable() = default;
  /// Stops and joins. Idempotent; called on the JavaScript thread.
  virtual void shutDown() = 0;
};

/// Everything that the addon keeps for one environment (the main thread, or one worker thread).
///
/// It carries finished tasks from worker threads to the JavaScript thread through one thread-safe
/// function, which keeps the process alive only while tasks are under way.
class Instance final {
 public:
  explicit Instance(Napi::Env env);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  static Instance& of(Napi::Env env);

  /// JavaScript thread: the task stays alive until it is completed or the environment ends.
  void add(std::shared_ptr<Task> task);
  /// Any thread: the task's result is ready to be handed over.
  void post(Task* task);
  /// JavaScript thread: remembers what has to be stopped when the environment ends.
  void closeAtExit(std::weak_ptr<Closeable> owner);

  /// The wrapped classes of this environment, set once by their register functions.
  Napi::FunctionReference engineClass;
  Napi::FunctionReference faceTrackClass;
  Napi::FunctionReference passiveCheckClass;
  Napi::FunctionReference databaseClass;
  Napi::FunctionReference indexClass;
  Napi::FunctionReference namedIndexClass;

  /// Where the buffers start that tasks read in place (LentBytes): no two tasks the same one.
  std::unordered_set<const void*> lentBuffers;

 private:
  static void onCompleted(napi_env env, napi_value callback, void* context, void* data);
  void completeOne(Napi::Env env);
  void shutDown();

  Napi::Env env_;
  std::mutex mutex_;  // guards open_ and finished_
  bool open_ = true;
  std::deque<Task*> finished_;                             // borrowed from live_
  std::unordered_map<Task*, std::shared_ptr<Task>> live_;  // JavaScript thread only
  std::vector<std::weak_ptr<Closeable>> closeables_;       // JavaScript thread only
  napi_threadsafe_function handOver_ = nullptr;
};

}  // namespace countenance
