#include "napi/database.h"

#include <exception>
#include <memory>
#include <utility>

#include "core/error.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "napi/index.h"
#include "napi/instance.h"
#include "napi/priority.h"
#include "napi/rows.h"
#include "napi/task.h"
#include "store/database.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxReaders = 64;
constexpr std::int64_t kMaxQueue = 1 << 20;

struct DatabaseOwner final : Closeable {
  DatabaseOwner(std::string path, DatabaseOptions options)
      : database(std::move(path), std::move(options)) {}
  void shutDown() override { database.stop(); }

  Database database;
};

// Tasks hold the owner; the database's threads never do, so they never destroy what joins them.

class OpenTask final : public Task {
 public:
  explicit OpenTask(std::shared_ptr<DatabaseOwner> owner) : owner_(std::move(owner)) {}

 private:
  void run(std::size_t) override { owner_->database.open(); }
  Napi::Value result(Napi::Env env) override {
    return Instance::of(env).databaseClass.New(
        {Napi::External<std::shared_ptr<DatabaseOwner>>::New(env, &owner_)});
  }

  std::shared_ptr<DatabaseOwner> owner_;
};

class LoadTask final : public Task {
 public:
  LoadTask(std::shared_ptr<DatabaseOwner> owner, std::shared_ptr<VectorIndex> index,
           std::string vectorsSql, std::string tagsSql)
      : owner_(std::move(owner)),
        index_(std::move(index)),
        vectorsSql_(std::move(vectorsSql)),
        tagsSql_(std::move(tagsSql)) {}

 private:
  void run(std::size_t) override { owner_->database.load(index_, vectorsSql_, tagsSql_, cancel_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const std::shared_ptr<DatabaseOwner> owner_;
  const std::shared_ptr<VectorIndex> index_;
  const std::string vectorsSql_;
  const std::string tagsSql_;
};

class ReadTask final : public Task {
 public:
  ReadTask(std::shared_ptr<DatabaseOwner> owner, std::vector<SqlStatement> statements)
      : owner_(std::move(owner)), statements_(std::move(statements)) {}

 private:
  void run(std::size_t reader) override {
    results_ = owner_->database.read(reader, statements_, cancel_);
  }
  Napi::Value result(Napi::Env env) override { return toJs(env, results_); }

  const std::shared_ptr<DatabaseOwner> owner_;
  const std::vector<SqlStatement> statements_;
  std::vector<SqlRows> results_;
};

class ReadKeysTask final : public Task {
 public:
  ReadKeysTask(std::shared_ptr<DatabaseOwner> owner, std::vector<std::vector<SqlStatement>> sets)
      : owner_(std::move(owner)), sets_(std::move(sets)) {}

 private:
  void run(std::size_t reader) override {
    keys_ = owner_->database.readKeys(reader, sets_, cancel_);
  }
  Napi::Value result(Napi::Env env) override { return toJs(env, keys_); }

  const std::shared_ptr<DatabaseOwner> owner_;
  const std::vector<std::vector<SqlStatement>> sets_;
  std::vector<std::int64_t> keys_;
};

class BackupTask final : public Task {
 public:
  BackupTask(std::shared_ptr<DatabaseOwner> owner, std::string target, BackupOptions options)
      : owner_(std::move(owner)), target_(std::move(target)), options_(options) {}

 private:
  void run(std::size_t) override { owner_->database.backup(target_, options_, cancel_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

  const std::shared_ptr<DatabaseOwner> owner_;
  const std::string target_;
  const BackupOptions options_;
};

/// Claimed and finished by the writer thread, together with other writes.
class WriteTask final : public Task {
 public:
  explicit WriteTask(std::shared_ptr<DatabaseOwner> owner) : owner_(std::move(owner)) {}

  static Napi::Value start(Napi::Env env, const std::shared_ptr<DatabaseOwner>& owner,
                           WriteBatch batch) {
    const auto task = std::make_shared<WriteTask>(owner);
    return Task::start(env, task, [&](const Ticket& ticket) {
      // `self` is valid whenever it is used: a claimed task lives until its finish().
      owner->database.write(
          {std::move(batch), [ticket] { return ticket.claim(); },
           [ticket, self = task.get()](WriteResult result, std::exception_ptr error) {
             self->written_ = std::move(result);
             ticket.finish(std::move(error));
           }});
    });
  }

 private:
  void run(std::size_t) override {}  // the writer thread does it, for a whole group at a time

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("committed", written_.committed);
    if (!written_.committed) {
      object.Set("failed", static_cast<double>(written_.failed));
      return object;
    }
    Napi::Array changes = Napi::Array::New(env, written_.changes.size());
    for (std::uint32_t i = 0; i < changes.Length(); ++i) {
      changes.Set(i, static_cast<double>(written_.changes[i]));
    }
    object.Set("changes", changes);
    return object;
  }

  const std::shared_ptr<DatabaseOwner> owner_;
  WriteResult written_;
};

/// Claimed as soon as it is queued: whoever cancels it must not leave the file locked.
class CloseTask final : public Task {
 public:
  explicit CloseTask(std::shared_ptr<DatabaseOwner> owner) : owner_(std::move(owner)) {}

  static Napi::Object start(Napi::Env env, const std::shared_ptr<DatabaseOwner>& owner) {
    return Task::start(env, std::make_shared<CloseTask>(owner), [&owner](const Ticket& ticket) {
      ticket.claim();
      // The task holds the owner, and lives until finish().
      owner->database.onWriterAtLast([ticket, database = &owner->database](std::size_t) {
        std::exception_ptr error;
        try {
          database->close();
        } catch (...) {
          error = std::current_exception();
        }
        ticket.finish(std::move(error));
      });
    });
  }

 private:
  void run(std::size_t) override {}  // see start()
  Napi::Value result(Napi::Env env) override {
    owner_->database.stop();  // joins a thread that has nothing left to do
    return env.Undefined();
  }

  const std::shared_ptr<DatabaseOwner> owner_;
};

class DatabaseWrap final : public Napi::ObjectWrap<DatabaseWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "NativeDatabase",
        {InstanceMethod<&DatabaseWrap::write>("write"), InstanceMethod<&DatabaseWrap::read>("read"),
         InstanceMethod<&DatabaseWrap::readKeys>("readKeys"),
         InstanceMethod<&DatabaseWrap::loadIndex>("loadIndex"),
         InstanceMethod<&DatabaseWrap::backup>("backup"),
         InstanceMethod<&DatabaseWrap::close>("close")});
  }

  explicit DatabaseWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatabaseWrap>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use openDatabase()");
    owner_ = *info[0].As<Napi::External<std::shared_ptr<DatabaseOwner>>>().Data();
  }

 private:
  Napi::Value write(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!info[0].IsObject()) {
        throw Error(ErrorCode::kInvalidArgument, "batch: expected an object");
      }
      const auto object = info[0].As<Napi::Object>();
      WriteBatch batch;
      batch.statements = statementsOf(object.Get("statements"));
      const Napi::Value changes = object.Get("changes");
      if (!changes.IsUndefined()) batch.changes = changesOf(changes);
      return WriteTask::start(info.Env(), owner_, std::move(batch));
    });
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const auto task = std::make_shared<ReadTask>(owner_, statementsOf(info[0]));
      return Task::start(info.Env(), task, [this](const Task::Ticket& ticket) {
        owner_->database.onReader([ticket](std::size_t reader) { ticket.work(reader); });
      });
    });
  }

  Napi::Value readKeys(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!info[0].IsArray()) throw Error(ErrorCode::kInvalidArgument, "sets: expected an array");
      const auto list = info[0].As<Napi::Array>();
      std::vector<std::vector<SqlStatement>> sets;
      for (std::uint32_t i = 0; i < list.Length(); ++i) sets.push_back(statementsOf(list.Get(i)));
      const auto task = std::make_shared<ReadKeysTask>(owner_, std::move(sets));
      return Task::start(info.Env(), task, [this](const Task::Ticket& ticket) {
        owner_->database.onReader([ticket](std::size_t reader) { ticket.work(reader); });
      });
    });
  }

  Napi::Value loadIndex(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const auto task =
          std::make_shared<LoadTask>(owner_, indexOf(info.Env(), info[0]),
                                     stringOf(info[1], "vectorsSql"), stringOf(info[2], "tagsSql"));
      return Task::start(info.Env(), task, [this](const Task::Ticket& ticket) {
        owner_->database.onWriter([ticket](std::size_t worker) { ticket.work(worker); });
      });
    });
  }

  Napi::Value backup(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!info[1].IsBoolean()) {
        throw Error(ErrorCode::kInvalidArgument, "overwrite: expected a boolean");
      }
      const BackupOptions options{info[1].As<Napi::Boolean>().Value()};
      const auto task = std::make_shared<BackupTask>(owner_, stringOf(info[0], "path"), options);
      return Task::start(info.Env(), task, [this](const Task::Ticket& ticket) {
        owner_->database.onCopier([ticket](std::size_t worker) { ticket.work(worker); });
      });
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!closing_.IsEmpty()) return closing_.Value();
      const Napi::Object handle = CloseTask::start(info.Env(), owner_);
      closing_ = Napi::Persistent(handle);
      return handle;
    });
  }

  std::shared_ptr<DatabaseOwner> owner_;
  Napi::ObjectReference closing_;  // what the first close() returned: all later ones return it too
};

Napi::Value openDatabase(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[1].IsObject())
      throw Error(ErrorCode::kInvalidArgument, "options: expected an object");
    const auto given = info[1].As<Napi::Object>();
    DatabaseOptions options;
    options.readers =
        static_cast<std::size_t>(integerOf(given.Get("readers"), "readers", 1, kMaxReaders));
    options.queueLimit =
        static_cast<std::size_t>(integerOf(given.Get("queueLimit"), "queueLimit", 1, kMaxQueue));
    options.onThreadStart = giveWayToEventLoop;
    const auto owner =
        std::make_shared<DatabaseOwner>(stringOf(info[0], "path"), std::move(options));
    Instance::of(env).closeAtExit(owner);
    return Task::start(env, std::make_shared<OpenTask>(owner), [&](const Task::Ticket& ticket) {
      owner->database.onWriter([ticket](std::size_t worker) { ticket.work(worker); });
    });
  });
}

}  // namespace

void registerDatabase(Napi::Env env, Napi::Object exports) {
  Instance::of(env).databaseClass = Napi::Persistent(DatabaseWrap::define(env));
  exports.Set("openDatabase", Napi::Function::New<openDatabase>(env, "openDatabase"));
}

}  // namespace countenance
