#include "napi/engine.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/checked.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "napi/arguments.h"
#include "napi/engine_models.h"
#include "napi/errors.h"
#include "napi/free_memory.h"
#include "napi/instance.h"
#include "napi/lent_bytes.h"
#include "napi/priority.h"
#include "napi/task.h"
#include "vision/pipeline.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxThreads = 256;
constexpr std::int64_t kMaxQueue = 1000000;
constexpr std::int64_t kMaxSide = 1000000;
constexpr std::int64_t kMaxFaces = 1000000;

std::size_t sizeFrom(Napi::Value value, const char* name, std::int64_t most) {
  return static_cast<std::size_t>(integerOf(value, name, 1, most));
}

/// The threads, and a pipeline for each. It is ready once load() has returned.
class Engine final : public Closeable {
 public:
  Engine(std::size_t threads, std::size_t queueLimit)
      : pipelines_(threads), pool_(threads, queueLimit, giveWayToEventLoop) {}

  ThreadPool& pool() { return pool_; }
  void shutDown() override { pool_.close(); }

  void load(const EngineModels& models, const CancelToken& cancel) {
    model_ = std::make_unique<const Pipeline>(models.load(cancel));
    giveFreeMemoryBack();
  }

  /// Any worker: so many bytes of pixels were analysed.
  void analysed(std::size_t bytes) {
    if (analysedBytes_.fetch_add(bytes) + bytes < kBytesBetweenTrims) return;
    analysedBytes_ = 0;
    giveFreeMemoryBack();
  }

  /// The pipeline of a worker, called by itself. It is copied on first use: a thread that never
  /// gets work takes no memory.
  Pipeline& pipeline(std::size_t worker) {
    std::unique_ptr<Pipeline>& own = pipelines_[worker];
    if (!own) own = std::make_unique<Pipeline>(*model_);
    return *own;
  }

 private:
  /// The threads of decoder and pool use 16 arenas of glibc on two cores, whose free pages grow
  /// without a limit in sight: from 48 to 85 MiB over 3,000 pictures of 2.7 MB. Giving them back
  /// takes 3 to 15 ms of a worker, here once in about a hundred such pictures.
  static constexpr std::size_t kBytesBetweenTrims = std::size_t{256} << 20;

  std::atomic<std::size_t> analysedBytes_{0};  // since the last time
  std::unique_ptr<const Pipeline> model_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  ThreadPool pool_;  // last, so that its threads have ended before anything else goes
};

class AnalyzeTask final : public Task {
 public:
  /// @param shape  Of the pixels; its data are theirs.
  AnalyzeTask(std::shared_ptr<Engine> engine, Napi::Value pixels, ImageView shape,
              AnalyzeOptions options)
      : engine_(std::move(engine)), pixels_(pixels, "pixels"), picture_(shape), options_(options) {
    const std::size_t expected = checkedMul(checkedMul(shape.width, shape.height), shape.channels);
    if (pixels_.size() != expected) {
      throw Error(ErrorCode::kInvalidArgument, "pixels: expected " + std::to_string(expected) +
                                                   " bytes, got " + std::to_string(pixels_.size()));
    }
    picture_.data = pixels_.bytes().data();
  }

 private:
  void run(std::size_t worker) override {
    faces_ = engine_->pipeline(worker).analyze(picture_, options_, cancel_);
    engine_->analysed(pixels_.size());
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

  void giveBack() override { pixels_.giveBack(); }

  std::shared_ptr<Engine> engine_;  // keeps the pipelines alive past engine.close()
  LentBytes pixels_;
  ImageView picture_;  // of pixels_
  AnalyzeOptions options_;
  std::vector<Face> faces_;
};

/// The JavaScript object. It is made empty, so that nothing but attach() can give it an engine.
class EngineWrap final : public Napi::ObjectWrap<EngineWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeEngine",
                       {InstanceMethod<&EngineWrap::analyze>("analyze"),
                        InstanceMethod<&EngineWrap::close>("close")});
  }

  explicit EngineWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  static Napi::Object attach(Napi::Env env, std::shared_ptr<Engine> engine) {
    const Napi::Object object = Instance::of(env).engineClass.New({});
    Unwrap(object)->engine_ = std::move(engine);
    return object;
  }

 private:
  Napi::Value analyze(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (!engine_) throw Error(ErrorCode::kAborted, "the engine is closed");
      ImageView shape;
      shape.width = sizeFrom(info[1], "width", kMaxSide);
      shape.height = sizeFrom(info[2], "height", kMaxSide);
      shape.channels = sizeFrom(info[3], "channels", 3);
      if (shape.channels == 2) {
        throw Error(ErrorCode::kInvalidArgument, "channels: expected 1 or 3, got 2");
      }
      AnalyzeOptions options;
      options.maxFaces = sizeFrom(info[4], "maxFaces", kMaxFaces);
      options.embed = info[5].ToBoolean();
      return Task::start(info.Env(), engine_->pool(),
                         std::make_shared<AnalyzeTask>(engine_, info[0], shape, options));
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

  std::shared_ptr<Engine> engine_;  // none before attach() and after close()
};

class LoadTask final : public Task {
 public:
  LoadTask(std::shared_ptr<Engine> engine, Napi::Object options)
      : engine_(std::move(engine)), models_(options) {}

 private:
  void run(std::size_t) override { engine_->load(models_, cancel_); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object object = EngineWrap::attach(env, engine_);
    object.Set("precision", nn::nameOf(models_.precision()));
    return object;
  }
  void giveBack() override { models_.giveBack(); }

  std::shared_ptr<Engine> engine_;
  EngineModels models_;
};

Napi::Value createEngine(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "options: expected an object");
    }
    const Napi::Object options = info[0].As<Napi::Object>();
    const auto engine =
        std::make_shared<Engine>(sizeFrom(options.Get("threads"), "threads", kMaxThreads),
                                 sizeFrom(options.Get("queueLimit"), "queueLimit", kMaxQueue));
    const auto task = std::make_shared<LoadTask>(engine, options);
    Instance::of(info.Env()).closeAtExit(engine);
    return Task::start(info.Env(), engine->pool(), task);
  });
}

}  // namespace

void registerEngine(Napi::Env env, Napi::Object exports) {
  Instance::of(env).engineClass = Napi::Persistent(EngineWrap::define(env));
  exports.Set("createEngine", Napi::Function::New(env, createEngine, "createEngine"));
}

}  // namespace countenance
