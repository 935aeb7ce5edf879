#include "napi/face_track.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "napi/instance.h"
#include "napi/lent_picture.h"
#include "napi/task.h"
#include "vision/pipeline_track.h"

namespace countenance {
namespace {

/// The state of one track, for one task at a time.
struct SharedTrack {
  FaceTrack track;
  bool busy = false;  // JavaScript thread only
};

double finiteOf(Napi::Value value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (std::isfinite(number)) return number;
  throw Error(ErrorCode::kInvalidArgument, std::string(name) + ": expected a finite number");
}

Napi::Float32Array floats(Napi::Env env, const std::vector<float>& values) {
  auto array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

Napi::Object faceObject(Napi::Env env, const TrackedFace& face) {
  std::vector<float> numbers = {face.box.x, face.box.y, face.box.width, face.box.height,
                                face.score};
  for (const Point& point : face.landmarks) numbers.insert(numbers.end(), {point.x, point.y});
  numbers.insert(numbers.end(),
                 {face.pose.yaw, face.pose.pitch, face.pose.roll, face.eyes.left, face.eyes.right,
                  face.eyeGap, face.clarity.sharpness, face.clarity.light});
  Napi::Object object = Napi::Object::New(env);
  object.Set("numbers", floats(env, numbers));
  object.Set("followed", face.followed);
  object.Set("embedding", floats(env, face.embedding));
  return object;
}

/// A task that has the track to itself until its promise is settled.
class TrackTask : public Task {
 public:
  TrackTask(std::shared_ptr<EngineWorkers> engine, std::shared_ptr<SharedTrack> shared)
      : engine_(std::move(engine)), shared_(std::move(shared)) {
    if (shared_->busy) throw Error(ErrorCode::kBusy, "track: expected one step at a time, got two");
    shared_->busy = true;
  }
  ~TrackTask() override { release(); }

 protected:
  EngineWorkers& engine() { return *engine_; }
  FaceTrack& track() { return shared_->track; }
  void giveBack() override { release(); }

 private:
  void release() {
    if (shared_) shared_->busy = false;
    shared_.reset();
  }

  std::shared_ptr<EngineWorkers> engine_;  // keeps the models alive past engine.close()
  std::shared_ptr<SharedTrack> shared_;    // none when the track was busy
};

class StepTask final : public TrackTask {
 public:
  StepTask(std::shared_ptr<EngineWorkers> engine, std::shared_ptr<SharedTrack> shared,
           Napi::Value pixels, const ImageView& shape, double timestampMs)
      : TrackTask(std::move(engine), std::move(shared)),
        picture_(pixels, shape),
        timestampMs_(timestampMs) {}

 private:
  void run(std::size_t worker) override {
    frame_ = engine().tracker(worker).step(track(), picture_.view(), timestampMs_, cancel_);
    engine().analysed(picture_.size());
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    if (frame_.face) object.Set("face", faceObject(env, *frame_.face));
    if (frame_.facesSeen) object.Set("facesSeen", static_cast<double>(*frame_.facesSeen));
    return object;
  }

  void giveBack() override {
    picture_.giveBack();
    TrackTask::giveBack();
  }

  LentPicture picture_;
  double timestampMs_;
  TrackedFrame frame_;
};

class BestTask final : public TrackTask {
 public:
  using TrackTask::TrackTask;

 private:
  void run(std::size_t worker) override {
    if (track().best) embedding_ = engine().tracker(worker).embed(*track().best);
  }

  Napi::Value result(Napi::Env env) override {
    if (embedding_.empty()) return env.Undefined();
    const BestFrame& best = *track().best;
    const ImageView picture = best.picture.view();
    const std::size_t size = picture.width * picture.height * picture.channels;
    auto pixels = Napi::Uint8Array::New(env, size);
    std::copy_n(picture.data, size, pixels.Data());
    Napi::Object object = Napi::Object::New(env);
    object.Set("pixels", pixels);
    object.Set("width", static_cast<double>(picture.width));
    object.Set("height", static_cast<double>(picture.height));
    object.Set("channels", static_cast<double>(picture.channels));
    object.Set("timestampMs", best.timestampMs);
    object.Set("face", faceObject(env, best.face));
    object.Set("embedding", floats(env, embedding_));
    return object;
  }

  std::vector<float> embedding_;  // empty: there is no best frame
};

/// The JavaScript object. It is made empty, so that nothing but attach() can give it a track.
class FaceTrackWrap final : public Napi::ObjectWrap<FaceTrackWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeFaceTrack",
                       {InstanceMethod<&FaceTrackWrap::step>("step"),
                        InstanceMethod<&FaceTrackWrap::best>("best")});
  }

  explicit FaceTrackWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  static Napi::Object attach(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                             const TrackOptions& options) {
    const Napi::Object object = Instance::of(env).faceTrackClass.New({});
    FaceTrackWrap* wrap = Unwrap(object);
    wrap->engine_ = engine;
    wrap->shared_ = std::make_shared<SharedTrack>();
    wrap->shared_->track.options = options;
    return object;
  }

 private:
  std::shared_ptr<EngineWorkers> engine() {
    std::shared_ptr<EngineWorkers> engine = engine_.lock();
    if (!engine) throw Error(ErrorCode::kAborted, "the engine is closed");
    return engine;
  }

  Napi::Value step(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::shared_ptr<EngineWorkers> owner = engine();
      const ImageView shape = pictureShapeOf(info[1], info[2], info[3]);
      const double timestampMs = finiteOf(info[4], "timestampMs");
      return Task::start(info.Env(), owner->pool(),
                         std::make_shared<StepTask>(owner, shared_, info[0], shape, timestampMs));
    });
  }

  Napi::Value best(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::shared_ptr<EngineWorkers> owner = engine();
      return Task::start(info.Env(), owner->pool(), std::make_shared<BestTask>(owner, shared_));
    });
  }

  std::weak_ptr<EngineWorkers> engine_;
  std::shared_ptr<SharedTrack> shared_;
};

EyeContour contourOf(Napi::Value value) {
  const std::string name = stringOf(value, "contour");
  if (name == "iris") return EyeContour::kIris;
  if (name == "mesh") return EyeContour::kMesh;
  throw Error(ErrorCode::kInvalidArgument, "contour: expected one of iris, mesh");
}

}  // namespace

void defineFaceTrack(Napi::Env env) {
  Instance::of(env).faceTrackClass = Napi::Persistent(FaceTrackWrap::define(env));
}

Napi::Object newFaceTrack(Napi::Env env, const std::shared_ptr<EngineWorkers>& engine,
                          Napi::Value contour, Napi::Value embedEveryMs) {
  TrackOptions options;
  options.contour = contourOf(contour);
  if (!embedEveryMs.IsUndefined()) {
    options.embedEveryMs = static_cast<double>(numberOf(embedEveryMs, "embedEveryMs"));
  }
  return FaceTrackWrap::attach(env, engine, options);
}

}  // namespace countenance
