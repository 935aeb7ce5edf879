#include "napi/named_index.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/thread_pool.h"
#include "index/named_index.h"
#include "index/search_queue.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "napi/instance.h"
#include "napi/named_ids.h"
#include "napi/priority.h"
#include "napi/task.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxThreads = 64;
constexpr std::int64_t kMaxQueue = 1 << 20;

/// An index, the threads that search it, and the one that changes it, saves and loads: changes take
/// effect in the order of their calls, and no search waits behind one.
struct NamedIndexOwner final : Closeable {
  NamedIndexOwner(std::size_t dimension, Metric metric, std::size_t threads, std::size_t queueLimit)
      : index(dimension, metric),
        searches(nullptr, threads, queueLimit, giveWayToEventLoop),
        changes(1, queueLimit, giveWayToEventLoop) {}
  void shutDown() override {
    searches.close();
    changes.close();
    index.clear();  // where clear() was not called: the environment is ending
  }

  NamedIndex index;
  SearchQueue searches;
  ThreadPool changes;
};

using Owner = std::shared_ptr<NamedIndexOwner>;

class AddTask final : public Task {
 public:
  AddTask(Owner owner, NamedIds ids, std::vector<float> vectors)
      : owner_(std::move(owner)), ids_(std::move(ids)), vectors_(std::move(vectors)) {}

 private:
  void run(std::size_t) override { owner_->index.add(ids_.list(), std::move(vectors_), cancel_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const Owner owner_;
  const NamedIds ids_;
  std::vector<float> vectors_;  // copied: the caller may reuse its array
};

class RemoveTask final : public Task {
 public:
  RemoveTask(Owner owner, NamedIds ids) : owner_(std::move(owner)), ids_(std::move(ids)) {}

 private:
  void run(std::size_t) override { removed_ = owner_->index.remove(ids_.list(), cancel_); }
  Napi::Value result(Napi::Env env) override {
    return Napi::Number::New(env, static_cast<double>(removed_));
  }

  const Owner owner_;
  const NamedIds ids_;
  std::size_t removed_ = 0;
};

/// A search among candidates is a piece of work by itself, because finding them is most of it.
/// Other searches wait in the queue, which answers them in blocks.
class NamedSearchTask final : public Task {
 public:
  NamedSearchTask(Owner owner, std::vector<float> queries, NamedQuery wanted,
                  std::optional<NamedIds> candidates)
      : owner_(std::move(owner)),
        queries_(std::move(queries)),
        wanted_(std::move(wanted)),
        candidates_(std::move(candidates)) {}

  static Napi::Value start(Napi::Env env, const std::shared_ptr<NamedSearchTask>& task) {
    if (task->candidates_) return Task::start(env, task->owner_->searches.pool(), task);
    return Task::start(env, task, [&](const Ticket& ticket) { task->enqueue(ticket); });
  }

 private:
  void enqueue(const Ticket& ticket) {
    const NamedContents contents = owner_->index.contents();
    QueuedSearch search = owner_->index.searchOf(contents, std::move(queries_), wanted_);
    search.cancel = cancel_;
    search.claim = [ticket] { return ticket.claim(); };
    // `this` is valid whenever it is used: a claimed task lives until its finish().
    search.finish = [ticket, contents, this](const std::vector<IndexHits>& found,
                                             std::exception_ptr error) {
      try {
        if (!error) found_ = owner_->index.name(contents, found, wanted_.maxDistance);
      } catch (...) {
        error = std::current_exception();
      }
      ticket.finish(std::move(error));
    };
    owner_->searches.submit(std::move(search));
  }

  void run(std::size_t) override {
    wanted_.candidates = candidates_->list();
    found_ = owner_->index.search(std::move(queries_), wanted_, cancel_);
  }

  Napi::Value result(Napi::Env env) override {
    auto distances = Napi::Float64Array::New(env, found_.distances.size());
    std::copy(found_.distances.begin(), found_.distances.end(), distances.Data());
    auto counts = Napi::Uint32Array::New(env, found_.counts.size());
    std::copy(found_.counts.begin(), found_.counts.end(), counts.Data());
    Napi::Object hits = Napi::Object::New(env);
    hits.Set("ids", toJs(env, found_.ids));
    hits.Set("distances", distances);
    hits.Set("counts", counts);
    return hits;
  }

  const Owner owner_;
  std::vector<float> queries_;  // copied: the caller may reuse its array
  NamedQuery wanted_;
  const std::optional<NamedIds> candidates_;
  NamedHits found_{IdList(IdList::Kind::kIntegers), {}, {}};
};

class FileTask final : public Task {
 public:
  enum class Action { kSave, kLoad };

  FileTask(Owner owner, Action action, std::string path, IndexFormat format)
      : owner_(std::move(owner)), action_(action), path_(std::move(path)), format_(format) {}

 private:
  void run(std::size_t) override {
    if (action_ == Action::kSave) {
      owner_->index.save(path_, format_, cancel_);
    } else {
      owner_->index.load(path_, format_, cancel_);
    }
  }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const Owner owner_;
  const Action action_;
  const std::string path_;
  const IndexFormat format_;
};

/// Off the JavaScript thread, because it overwrites every vector.
class ClearTask final : public Task {
 public:
  explicit ClearTask(Owner owner) : owner_(std::move(owner)) {}

 private:
  void run(std::size_t) override { owner_->index.clear(); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const Owner owner_;
};

IndexFormat formatOf(Napi::Value value) {
  const std::string name = stringOf(value, "format");
  if (name == "countenance") return IndexFormat::kCountenance;
  if (name == "faiss") return IndexFormat::kFaiss;
  throw Error(ErrorCode::kInvalidArgument, "format: expected countenance or faiss");
}

class NamedIndexWrap final : public Napi::ObjectWrap<NamedIndexWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "NativeNamedIndex",
        {InstanceAccessor<&NamedIndexWrap::size>("size"),
         InstanceMethod<&NamedIndexWrap::has>("has"), InstanceMethod<&NamedIndexWrap::add>("add"),
         InstanceMethod<&NamedIndexWrap::remove>("remove"),
         InstanceMethod<&NamedIndexWrap::search>("search"),
         InstanceMethod<&NamedIndexWrap::save>("save"),
         InstanceMethod<&NamedIndexWrap::load>("load"),
         InstanceMethod<&NamedIndexWrap::clear>("clear"),
         InstanceMethod<&NamedIndexWrap::close>("close")});
  }

  explicit NamedIndexWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NamedIndexWrap>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use createNamedIndex()");
    owner_ = *info[0].As<Napi::External<Owner>>().Data();
  }

 private:
  Napi::Value size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(owner_->index.size()));
  }

  Napi::Value has(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Napi::Boolean::New(info.Env(), owner_->index.has(NamedIds(info[0]).list()));
    });
  }

  Napi::Value add(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Task::start(
          info.Env(), owner_->changes,
          std::make_shared<AddTask>(owner_, NamedIds(info[0]), floatsOf(info[1], "vectors")));
    });
  }

  Napi::Value remove(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Task::start(info.Env(), owner_->changes,
                         std::make_shared<RemoveTask>(owner_, NamedIds(info[0])));
    });
  }

  Napi::Value search(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      NamedQuery wanted;
      wanted.k = static_cast<std::size_t>(
          integerOf(info[1], "k", 1, static_cast<std::int64_t>(VectorIndex::kMaxRangeHits)));
      if (!info[2].IsNumber()) {
        throw Error(ErrorCode::kInvalidArgument, "maxDistance: expected a number");
      }
      wanted.maxDistance = info[2].As<Napi::Number>().DoubleValue();
      std::optional<NamedIds> candidates;
      if (!info[3].IsUndefined()) candidates.emplace(info[3]);
      return NamedSearchTask::start(
          info.Env(), std::make_shared<NamedSearchTask>(owner_, floatsOf(info[0], "vector"),
                                                        std::move(wanted), std::move(candidates)));
    });
  }

  Napi::Value save(const Napi::CallbackInfo& info) { return start(info, FileTask::Action::kSave); }
  Napi::Value load(const Napi::CallbackInfo& info) { return start(info, FileTask::Action::kLoad); }
  Napi::Value start(const Napi::CallbackInfo& info, FileTask::Action action) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Task::start(
          info.Env(), owner_->changes,
          std::make_shared<FileTask>(owner_, action, stringOf(info[0], "path"), formatOf(info[1])));
    });
  }

  Napi::Value clear(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Task::start(info.Env(), owner_->changes, std::make_shared<ClearTask>(owner_));
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    owner_->shutDown();
    return info.Env().Undefined();
  }

  Owner owner_;
};

Metric metricOf(Napi::Value value) {
  const std::string name = stringOf(value, "metric");
  if (name == "l2") return Metric::kL2;
  if (name == "cosine") return Metric::kCosine;
  throw Error(ErrorCode::kInvalidArgument, "metric: expected l2 or cosine");
}

Napi::Value createNamedIndex(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "options: expected an object");
    }
    const auto options = info[0].As<Napi::Object>();
    const auto read = [&options](const char* name, std::int64_t high) {
      return static_cast<std::size_t>(integerOf(options.Get(name), name, 1, high));
    };
    auto owner = std::make_shared<NamedIndexOwner>(
        read("dimension", VectorIndex::kMaxDimension), metricOf(options.Get("metric")),
        read("threads", kMaxThreads), read("queueLimit", kMaxQueue));
    Instance& instance = Instance::of(env);
    instance.closeAtExit(owner);
    return instance.namedIndexClass.New({Napi::External<Owner>::New(env, &owner)});
  });
}

}  // namespace

void registerNamedIndex(Napi::Env env, Napi::Object exports) {
  Instance::of(env).namedIndexClass = Napi::Persistent(NamedIndexWrap::define(env));
  exports.Set("createNamedIndex", Napi::Function::New<createNamedIndex>(env, "createNamedIndex"));
}

}  // namespace countenance
