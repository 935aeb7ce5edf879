#include "napi/engine.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "napi/arguments.h"
#include "napi/engine_models.h"
#include "napi/engine_workers.h"
#include "napi/errors.h"
#include "napi/face_track.h"
#include "napi/free_memory.h"
#include "napi/instance.h"
#include "napi/lent_picture.h"
#include "napi/passive_check.h"
#include "napi/task.h"
#include "vision/pipeline.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxThreads = 256;
constexpr std::int64_t kMaxQueue = 1000000;
constexpr std::int64_t kMaxFaces = 1000000;

std::size_t sizeFrom(Napi::Value value, const char* name, std::int64_t most) {
  return static_cast<std::size_t>(integerOf(value, name, 1, most));
}

class AnalyzeTask final : public Task {
 public:
  AnalyzeTask(std::shared_ptr<EngineWorkers> engine, Napi::Value pixels, const ImageView& shape,
              AnalyzeOptions options)
      : engine_(std::move(engine)), picture_(pixels, shape), options_(options) {}

 private:
  void run(std::size_t worker) override {
    faces_ = engine_->pipeline(worker).analyze(picture_.view(), options_, cancel_);
    engine_->analysed(picture_.size());
  }

  Napi::Value result(Napi::Env env) override {
    const std::size_t perFace = options_.embed ? Embedder::kDimension : 0;
    auto boxes = Napi::Float32Array::New(env, faces_.size() * 4);
    auto scores = Napi::Float32Array::New(env, faces_.size());
    auto landmarks = Napi::Float32Array::New(env, faces_.size() * 10);
    auto chipScales = Napi::Float32Array::New(env, faces_.size());
    auto embeddings = Napi::Float32Array::New(env, faces_.size() * perFace);
    float* box = boxes.Data();
    float* score = scores.Data();
    float* landmark = landmarks.Data();
    float* chipScale = chipScales.Data();
    float* embedding = embeddings.Data();
    for (const Face& face : faces_) {
      for (const float value : {face.box.x, face.box.y, face.box.width, face.box.height}) {
        *box++ = value;
      }
      *score++ = face.score;
      for (const Point& point : face.landmarks) {
        *landmark++ = point.x;
        *landmark++ = point.y;
      }
      *chipScale++ = face.chipScale;
      embedding = std::copy(face.embedding.begin(), face.embedding.end(), embedding);
    }
    Napi::Object analysis = Napi::Object::New(env);
    analysis.Set("count", static_cast<double>(faces_.size()));
    analysis.Set("boxes", boxes);
    analysis.Set("scores", scores);
    analysis.Set("landmarks", landmarks);
    analysis.Set("chipScales", chipScales);
    analysis.Set("embeddings", embeddings);
    return analysis;
  }

  void giveBack() override { picture_.giveBack(); }

  std::shared_ptr<EngineWorkers> engine_;  // keeps the pipelines alive past engine.close()
  LentPicture picture_;
  AnalyzeOptions options_;
  std::vector<Face> faces_;
};

/// The JavaScript object. It is made empty, so that nothing but attach() can give it an engine.
class EngineWrap final : public Napi::ObjectWrap<EngineWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeEngine",
                       {InstanceMethod<&EngineWrap::analyze>("analyze"),
                        InstanceMethod<&EngineWrap::track>("track"),
                        InstanceMethod<&EngineWrap::loadPassive>("loadPassive"),
                        InstanceMethod<&EngineWrap::close>("close")});
  }

  explicit EngineWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  static Napi::Object attach(Napi::Env env, std::shared_ptr<EngineWorkers> engine) {
    const Napi::Object object = Instance::of(env).engineClass.New({});
    Unwrap(object)->engine_ = std::move(engine);
    return object;
  }

 private:
  Napi::Value analyze(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!engine_) throw Error(ErrorCode::kAborted, "the engine is closed");
      const ImageView shape = pictureShapeOf(info[1], info[2], info[3]);
      AnalyzeOptions options;
      options.maxFaces = sizeFrom(info[4], "maxFaces", kMaxFaces);
      options.embed = info[5].ToBoolean();
      return Task::start(info.Env(), engine_->pool(),
                         std::make_shared<AnalyzeTask>(engine_, info[0], shape, options));
    });
  }

  Napi::Value track(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!engine_) throw Error(ErrorCode::kAborted, "the engine is closed");
      return newFaceTrack(info.Env(), engine_, info[0], info[1]);
    });
  }

  Napi::Value loadPassive(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!engine_) throw Error(ErrorCode::kAborted, "the engine is closed");
      return startPassiveCheck(info.Env(), engine_, info[0], info[1]);
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (engine_) engine_->shutDown();
      engine_.reset();  // the weights go with the last task
      giveFreeMemoryBack();
      return info.Env().Undefined();
    });
  }

  std::shared_ptr<EngineWorkers> engine_;  // none before attach() and after close()
};

class LoadTask final : public Task {
 public:
  LoadTask(std::shared_ptr<EngineWorkers> engine, Napi::Object options)
      : engine_(std::move(engine)), models_(options) {}

 private:
  void run(std::size_t) override { engine_->load(models_, cancel_); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object object = EngineWrap::attach(env, engine_);
    object.Set("precision", nn::nameOf(models_.precision()));
    return object;
  }
  void giveBack() override { models_.giveBack(); }

  std::shared_ptr<EngineWorkers> engine_;
  EngineModels models_;
};

Napi::Value createEngine(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "options: expected an object");
    }
    const Napi::Object options = info[0].As<Napi::Object>();
    const auto engine = std::make_shared<EngineWorkers>(
        sizeFrom(options.Get("threads"), "threads", kMaxThreads),
        sizeFrom(options.Get("queueLimit"), "queueLimit", kMaxQueue));
    const auto task = std::make_shared<LoadTask>(engine, options);
    Instance::of(info.Env()).closeAtExit(engine);
    return Task::start(info.Env(), engine->pool(), task);
  });
}

}  // namespace

void registerEngine(Napi::Env env, Napi::Object exports) {
  Instance::of(env).engineClass = Napi::Persistent(EngineWrap::define(env));
  defineFaceTrack(env);
  definePassiveCheck(env);
  exports.Set("createEngine", Napi::Function::New(env, createEngine, "createEngine"));
}

}  // namespace countenance
