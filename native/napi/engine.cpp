#include "napi/engine.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/checked.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "napi/instance.h"
#include "napi/lent_pixels.h"
#include "napi/priority.h"
#include "napi/task.h"
#include "nn/model_file.h"
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

Napi::Uint8Array bytesFrom(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Error(ErrorCode::kInvalidArgument, std::string(name) + ": expected a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

/// A model file's bytes that a task reads in place. Made and freed on the JavaScript thread; the
/// array cannot be collected meanwhile. Data() counts the view's byte offset in.
class PinnedBytes final {
 public:
  explicit PinnedBytes(Napi::Uint8Array array)
      : bytes_(array.Data(), array.ByteLength()), array_(Napi::Persistent(array)) {}

  Span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  Span<const std::uint8_t> bytes_;
  Napi::Reference<Napi::Uint8Array> array_;
};

/// The threads, and a pipeline for each. It is ready once load() has returned.
class Engine final : public Closeable {
 public:
  Engine(std::size_t threads, std::size_t queueLimit)
      : pipelines_(threads), pool_(threads, queueLimit, giveWayToEventLoop) {}

  ThreadPool& pool() { return pool_; }
  void shutDown() override { pool_.close(); }

  void load(const ModelFile& embedder, const ModelFile& landmarks, const CancelToken& cancel) {
    auto finder = std::make_shared<const LandmarkFinder>(landmarks);
    cancel.check();
    auto models = std::make_shared<PipelineModels>();
    models->landmarks = std::move(finder);
    models->embedder = std::make_shared<const nn::ResNet>(embedder);
    cancel.check();
    model_ = std::make_unique<const Pipeline>(std::move(models));
  }

  /// The pipeline of a worker, called by itself. It is copied on first use: a thread that never
  /// gets work takes no memory.
  Pipeline& pipeline(std::size_t worker) {
    std::unique_ptr<Pipeline>& own = pipelines_[worker];
    if (!own) own = std::make_unique<Pipeline>(*model_);
    return *own;
  }

 private:
  std::unique_ptr<const Pipeline> model_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  ThreadPool pool_;  // last, so that its threads have ended before anything else goes
};

class AnalyzeTask final : public Task {
 public:
  AnalyzeTask(std::shared_ptr<Engine> engine, Napi::Uint8Array pixels, std::size_t width,
              std::size_t height, AnalyzeOptions options)
      : engine_(std::move(engine)),
        pixels_(pixels),
        width_(width),
        height_(height),
        options_(options) {}

 private:
  void run(std::size_t worker) override {
    faces_ = engine_->pipeline(worker).analyze({pixels_.bytes().data(), width_, height_}, options_,
                                               cancel_);
  }

  Napi::Value result(Napi::Env env) override {
    const std::size_t perFace = options_.embed ? Embedder::kDimension : 0;
    auto boxes = Napi::Float32Array::New(env, faces_.size() * 4);
    auto scores = Napi::Float32Array::New(env, faces_.size());
    auto landmarks = Napi::Float32Array::New(env, faces_.size() * 10);
    auto embeddings = Napi::Float32Array::New(env, faces_.size() * perFace);
    float* box = boxes.Data();
    float* score = scores.Data();
    float* landmark = landmarks.Data();
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
      embedding = std::copy(face.embedding.begin(), face.embedding.end(), embedding);
    }
    Napi::Object analysis = Napi::Object::New(env);
    analysis.Set("count", static_cast<double>(faces_.size()));
    analysis.Set("boxes", boxes);
    analysis.Set("scores", scores);
    analysis.Set("landmarks", landmarks);
    analysis.Set("embeddings", embeddings);
    return analysis;
  }

  void giveBack() override { pixels_.giveBack(); }

  std::shared_ptr<Engine> engine_;  // keeps the pipelines alive past engine.close()
  LentPixels pixels_;
  std::size_t width_;
  std::size_t height_;
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
      const Napi::Uint8Array pixels = bytesFrom(info[0], "pixels");
      const std::size_t width = sizeFrom(info[1], "width", kMaxSide);
      const std::size_t height = sizeFrom(info[2], "height", kMaxSide);
      const std::size_t expected = checkedMul(checkedMul(width, height), 3);
      if (pixels.ByteLength() != expected) {
        throw Error(ErrorCode::kInvalidArgument, "pixels: expected " + std::to_string(expected) +
                                                     " bytes, got " +
                                                     std::to_string(pixels.ByteLength()));
      }
      AnalyzeOptions options;
      options.maxFaces = sizeFrom(info[3], "maxFaces", kMaxFaces);
      options.embed = info[4].ToBoolean();
      return Task::start(info.Env(), engine_->pool(),
                         std::make_shared<AnalyzeTask>(engine_, pixels, width, height, options));
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      if (engine_) engine_->shutDown();
      engine_.reset();  // the weights go with the last task
      return info.Env().Undefined();
    });
  }

  std::shared_ptr<Engine> engine_;  // none before attach() and after close()
};

class LoadTask final : public Task {
 public:
  LoadTask(std::shared_ptr<Engine> engine, PinnedBytes embedder, PinnedBytes landmarks)
      : engine_(std::move(engine)),
        embedder_(std::move(embedder)),
        landmarks_(std::move(landmarks)) {}

 private:
  void run(std::size_t) override {
    engine_->load(ModelFile(embedder_.bytes()), ModelFile(landmarks_.bytes()), cancel_);
  }
  Napi::Value result(Napi::Env env) override { return EngineWrap::attach(env, engine_); }

  std::shared_ptr<Engine> engine_;
  PinnedBytes embedder_;
  PinnedBytes landmarks_;
};

Napi::Value createEngine(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "models: expected an object");
    }
    const Napi::Object models = info[0].As<Napi::Object>();
    const auto property = [&models](const char* name) -> Napi::Value { return models.Get(name); };
    PinnedBytes embedder(bytesFrom(property("embedder"), "embedder"));
    PinnedBytes landmarks(bytesFrom(property("landmarks"), "landmarks"));
    const auto engine =
        std::make_shared<Engine>(sizeFrom(property("threads"), "threads", kMaxThreads),
                                 sizeFrom(property("queueLimit"), "queueLimit", kMaxQueue));
    Instance::of(info.Env()).closeAtExit(engine);
    return Task::start(
        info.Env(), engine->pool(),
        std::make_shared<LoadTask>(engine, std::move(embedder), std::move(landmarks)));
  });
}

}  // namespace

void registerEngine(Napi::Env env, Napi::Object exports) {
  Instance::of(env).engineClass = Napi::Persistent(EngineWrap::define(env));
  exports.Set("createEngine", Napi::Function::New(env, createEngine, "createEngine"));
}

}  // namespace countenance
