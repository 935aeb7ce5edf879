#include "napi/index.h"

#include <exception>
#include <string>
#include <utility>

#include "core/error.h"
#include "index/flat_index.h"
#include "index/search_queue.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "napi/instance.h"
#include "napi/priority.h"
#include "napi/task.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxThreads = 64;
constexpr std::int64_t kMaxQueue = 1 << 20;

/// An index and the threads that search it.
struct IndexOwner final : Closeable {
  IndexOwner(std::size_t dimension, std::size_t threads, std::size_t queueLimit)
      : index(std::make_shared<FlatIndex>(dimension)),
        queue(index, threads, queueLimit, giveWayToEventLoop) {}
  void shutDown() override {
    queue.close();
    index->clear();  // now, not whenever the garbage collector comes
  }

  const std::shared_ptr<VectorIndex> index;
  SearchQueue queue;
};

/// Claimed and finished by a thread of the queue, perhaps together with other searches.
class SearchTask final : public Task {
 public:
  explicit SearchTask(std::shared_ptr<IndexOwner> owner) : owner_(std::move(owner)) {}

  static Napi::Value start(Napi::Env env, const std::shared_ptr<IndexOwner>& owner,
                           QueuedSearch search) {
    const auto task = std::make_shared<SearchTask>(owner);
    return Task::start(env, task, [&](const Ticket& ticket) {
      search.cancel = task->cancel_;
      search.claim = [ticket] { return ticket.claim(); };
      // `self` is valid whenever it is used: a claimed task lives until its finish().
      search.finish = [ticket, self = task.get()](std::vector<IndexHits> found,
                                                  std::exception_ptr error) {
        if (!error) self->found_ = std::move(found.front());
        ticket.finish(std::move(error));
      };
      owner->queue.submit(std::move(search));
    });
  }

 private:
  void run(std::size_t) override {}  // a thread of the queue does it, for a block at a time

  Napi::Value result(Napi::Env env) override {
    const std::size_t count = found_.hits.size();
    auto keys = Napi::Float64Array::New(env, count);
    auto groups = Napi::Float64Array::New(env, count);
    auto distances = Napi::Float32Array::New(env, count);
    for (std::size_t i = 0; i < count; ++i) {
      keys.Data()[i] = static_cast<double>(found_.hits[i].key);
      groups.Data()[i] = static_cast<double>(found_.hits[i].group);
      distances.Data()[i] = found_.hits[i].distance;
    }
    Napi::Object hits = Napi::Object::New(env);
    hits.Set("keys", keys);
    hits.Set("groups", groups);
    hits.Set("distances", distances);
    hits.Set("compared", static_cast<double>(found_.compared));
    hits.Set("refined", static_cast<double>(found_.counts.refined));
    hits.Set("reranked", static_cast<double>(found_.counts.reranked));
    return hits;
  }

  const std::shared_ptr<IndexOwner> owner_;
  IndexHits found_;
};

class ApplyTask final : public Task {
 public:
  ApplyTask(std::shared_ptr<IndexOwner> owner, IndexChanges changes)
      : owner_(std::move(owner)), changes_(std::move(changes)) {}

 private:
  void run(std::size_t) override { owner_->index->apply(changes_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const std::shared_ptr<IndexOwner> owner_;
  const IndexChanges changes_;
};

class IndexWrap final : public Napi::ObjectWrap<IndexWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "NativeIndex",
        {InstanceAccessor<&IndexWrap::size>("size"),
         InstanceAccessor<&IndexWrap::dimension>("dimension"),
         InstanceMethod<&IndexWrap::search>("search"), InstanceMethod<&IndexWrap::apply>("apply"),
         InstanceMethod<&IndexWrap::close>("close")});
  }

  explicit IndexWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<IndexWrap>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use createIndex()");
    owner_ = *info[0].As<Napi::External<std::shared_ptr<IndexOwner>>>().Data();
  }

  const std::shared_ptr<IndexOwner>& owner() const { return owner_; }

 private:
  Napi::Value size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(owner_->index->size()));
  }

  Napi::Value dimension(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(owner_->index->dimension()));
  }

  Napi::Value search(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      QueuedSearch search;
      search.vectors = floatsOf(info[0], "query");  // copied: the caller may reuse its array
      requireOne(search.vectors);
      search.k = static_cast<std::size_t>(integerOf(info[1], "k", 1, VectorIndex::kMaxRangeHits));
      if (!info[2].IsUndefined()) search.restriction.tag = integerOf(info[2], "tag", 1, kMaxKey);
      if (!info[3].IsUndefined()) search.restriction.groups = keysOf(info[3], "groups");
      if (!info[4].IsUndefined()) search.maxDistance = numberOf(info[4], "maxDistance");
      return SearchTask::start(info.Env(), owner_, std::move(search));
    });
  }

  Napi::Value apply(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      return Task::start(info.Env(), owner_->queue.pool(),
                         std::make_shared<ApplyTask>(owner_, changesOf(info[0])));
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    owner_->shutDown();
    return info.Env().Undefined();
  }

  void requireOne(const std::vector<float>& query) const {
    const std::size_t dimension = owner_->index->dimension();
    if (query.size() == dimension) return;
    throw Error(ErrorCode::kInvalidArgument, "query: expected " + std::to_string(dimension) +
                                                 " values, got " + std::to_string(query.size()));
  }

  static constexpr std::int64_t kMaxKey = (std::int64_t{1} << 53) - 1;
  std::shared_ptr<IndexOwner> owner_;
};

Napi::Value createIndex(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsObject())
      throw Error(ErrorCode::kInvalidArgument, "options: expected an object");
    const auto options = info[0].As<Napi::Object>();
    const auto read = [&options](const char* name, std::int64_t high) {
      return static_cast<std::size_t>(integerOf(options.Get(name), name, 1, high));
    };
    auto owner =
        std::make_shared<IndexOwner>(read("dimension", VectorIndex::kMaxDimension),
                                     read("threads", kMaxThreads), read("queueLimit", kMaxQueue));
    Instance& instance = Instance::of(env);
    instance.closeAtExit(owner);
    return instance.indexClass.New({Napi::External<std::shared_ptr<IndexOwner>>::New(env, &owner)});
  });
}

}  // namespace

void registerIndex(Napi::Env env, Napi::Object exports) {
  Instance::of(env).indexClass = Napi::Persistent(IndexWrap::define(env));
  exports.Set("createIndex", Napi::Function::New<createIndex>(env, "createIndex"));
}

std::shared_ptr<VectorIndex> indexOf(Napi::Env env, Napi::Value value) {
  if (!value.IsObject() ||
      !value.As<Napi::Object>().InstanceOf(Instance::of(env).indexClass.Value())) {
    throw Error(ErrorCode::kInvalidArgument, "index: expected what createIndex() returns");
  }
  return IndexWrap::Unwrap(value.As<Napi::Object>())->owner()->index;
}

}  // namespace countenance
