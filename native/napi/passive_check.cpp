#include "napi/passive_check.h"

#include <array>
#include <utility>
#include <vector>

#include "core/error.h"
#include "napi/errors.h"
#include "napi/instance.h"
#include "napi/lent_bytes.h"
#include "napi/lent_picture.h"
#include "napi/task.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "vision/pipeline_passive.h"

namespace countenance {
namespace {

/// The networks, and a check for each worker of the engine.
class SharedCheck final {
 public:
  SharedCheck(PassiveModels models, DetectorKind detector, std::size_t threads)
      : checks_(threads), first_(models, detector) {}

  /// Called by the worker itself. Copied on first use: a thread that never gets work takes no
  /// memory.
  PassiveCheck& of(std::size_t worker) {
    std::unique_ptr<PassiveCheck>& own = checks_[worker];
    if (!own) own = std::make_unique<PassiveCheck>(first_);
    return *own;
  }

 private:
  std::vector<std::unique_ptr<PassiveCheck>> checks_;
  const PassiveCheck first_;  // never run
};

class CheckTask final : public Task {
 public:
  CheckTask(std::shared_ptr<EngineWorkers> engine, std::shared_ptr<SharedCheck> shared,
            Napi::Value pixels, const ImageView& shape)
      : engine_(std::move(engine)), shared_(std::move(shared)), picture_(pixels, shape) {}

 private:
  void run(std::size_t worker) override {
    FaceFinder& finder = engine_->pipeline(worker).finder();
    scores_ = shared_->of(worker).check(picture_.view(), finder, cancel_);
    engine_->analysed(picture_.size());
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("faces", static_cast<double>(scores_.faces));
    const std::array<std::pair<const char*, float>, 6> numbers = {
        {{"faceWidth", scores_.box.width},
         {"faceHeight", scores_.box.height},
         {"v2", scores_.v2},
         {"v1se", scores_.v1se},
         {"scale", scores_.scale},
         {"colour", scores_.colour}}};
    for (const auto& [name, value] : numbers) object.Set(name, static_cast<double>(value));
    return object;
  }

  void giveBack() override { picture_.giveBack(); }

  std::shared_ptr<EngineWorkers> engine_;  // keeps the models alive past engine.close()
  std::shared_ptr<SharedCheck> shared_;
  LentPicture picture_;
  PassiveScores scores_;
};

/// The JavaScript object. It is made empty, so that nothing but attach() can give it networks.
class PassiveCheckWrap final : public Napi::ObjectWrap<PassiveCheckWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativePassiveCheck",
                       {InstanceMethod<&PassiveCheckWrap::check>("check")});
  }

  explicit PassiveCheckWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  static Napi::Object attach(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                             const std::shared_ptr<SharedCheck>& shared) {
    const Napi::Object object = Instance::of(env).passiveCheckClass.New({});
    PassiveCheckWrap* wrap = Unwrap(object);
    engine->keep(shared);
    wrap->engine_ = engine;
    wrap->shared_ = shared;
    return object;
  }

 private:
  Napi::Value check(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::shared_ptr<EngineWorkers> engine = engine_.lock();
      const std::shared_ptr<SharedCheck> shared = shared_.lock();
      if (!engine || !shared) throw Error(ErrorCode::kAborted, "the engine is closed");
      const ImageView shape = pictureShapeOf(info[1], info[2], info[3]);
      return Task::start(info.Env(), engine->pool(),
                         std::make_shared<CheckTask>(engine, shared, info[0], shape));
    });
  }

  std::weak_ptr<EngineWorkers> engine_;
  std::weak_ptr<SharedCheck> shared_;  // the engine's: closing it frees the networks
};

class LoadTask final : public Task {
 public:
  LoadTask(std::shared_ptr<EngineWorkers> engine, Napi::Value v2, Napi::Value v1se)
      : engine_(std::move(engine)), v2_(v2, "v2"), v1se_(v1se, "v1se") {}

 private:
  void run(std::size_t) override {
    const auto network = [](const LentBytes& file) {
      return std::make_shared<const nn::Network>(ModelFile(file.bytes()));
    };
    shared_ = std::make_shared<SharedCheck>(PassiveModels{network(v2_), network(v1se_)},
                                            engine_->models().detector, engine_->threads());
  }
  Napi::Value result(Napi::Env env) override {
    return PassiveCheckWrap::attach(env, engine_, shared_);
  }
  void giveBack() override {
    v2_.giveBack();
    v1se_.giveBack();
  }

  std::shared_ptr<EngineWorkers> engine_;
  LentBytes v2_;
  LentBytes v1se_;
  std::shared_ptr<SharedCheck> shared_;
};

}  // namespace

void definePassiveCheck(Napi::Env env) {
  Instance::of(env).passiveCheckClass = Napi::Persistent(PassiveCheckWrap::define(env));
}

Napi::Object startPassiveCheck(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                               Napi::Value v2, Napi::Value v1se) {
  return Task::start(env, engine->pool(), std::make_shared<LoadTask>(engine, v2, v1se));
}

}  // namespace countenance
