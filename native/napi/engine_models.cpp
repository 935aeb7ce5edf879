#include "napi/engine_models.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "napi/arguments.h"
#include "nn/kernels.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "nn/resnet.h"

namespace countenance {
namespace {

template <typename T>
struct Named {
  const char* name;
  T value;
};

/// The value of the name that an option gives.
template <typename T, std::size_t kCount>
T choice(const Napi::Object& options, const char* option, const Named<T> (&known)[kCount]) {
  const std::string given = stringOf(options.Get(option), option);
  std::string expected;
  for (const auto& [name, value] : known) {
    if (given == name) return value;
    expected += expected.empty() ? name : std::string(", ") + name;
  }
  throw Error(ErrorCode::kInvalidArgument, std::string(option) + ": expected one of " + expected);
}

constexpr Named<DetectorKind> kDetectors[] = {{"blazeface", DetectorKind::kBlazeFace},
                                              {"hog", DetectorKind::kHog},
                                              {"yunet", DetectorKind::kYuNet}};
constexpr Named<Alignment> kAlignments[] = {{"mesh", Alignment::kMesh}, {"dlib", Alignment::kDlib}};

nn::Precision precisionOf(const Napi::Object& options) {
  using Choice = std::optional<nn::Precision>;
  constexpr Named<Choice> kPrecisions[] = {{"auto", std::nullopt},
                                           {"f32", nn::Precision::kF32},
                                           {"bf16", nn::Precision::kBf16},
                                           {"int8", nn::Precision::kInt8}};
  const Choice given = choice(options, "precision", kPrecisions);
  const nn::Kernels& kernels = nn::bestKernels();
  if (!given) {
    // Never int8: its vectors do not compare with the others.
    return nn::supported(nn::Precision::kBf16, kernels) ? nn::Precision::kBf16
                                                        : nn::Precision::kF32;
  }
  if (!nn::supported(*given, kernels)) {
    throw Error(ErrorCode::kUnsupported,
                std::string("precision: this CPU lacks the instructions for ") +
                    nn::nameOf(*given) + " (bf16 needs AVX512_BF16); take auto");
  }
  return *given;
}

std::shared_ptr<const nn::Network> networkOf(const LentBytes& file) {
  return std::make_shared<const nn::Network>(ModelFile(file.bytes()));
}

}  // namespace

EngineModels::EngineModels(Napi::Object options)
    : detector_(choice(options, "detector", kDetectors)),
      alignment_(choice(options, "alignment", kAlignments)),
      precision_(precisionOf(options)) {
  const auto take = [&options](std::optional<LentBytes>& file, const char* name) {
    file.emplace(options.Get(name), name);
  };
  take(embedder_, "embedder");
  if (detector_ != DetectorKind::kHog) take(detection_, "detection");
  take(mesh_, "mesh");
  take(iris_, "iris");
  if (alignment_ == Alignment::kDlib) take(landmarks_, "landmarks");
}

std::shared_ptr<const PipelineModels> EngineModels::load(const CancelToken& cancel) const {
  auto models = std::make_shared<PipelineModels>();
  models->detector = detector_;
  models->alignment = alignment_;
  if (detection_) models->detectorNetwork = networkOf(*detection_);
  cancel.check();
  models->trackedMesh = networkOf(*mesh_);
  // FaceMesh also checks what the networks find.
  if (alignment_ == Alignment::kMesh || detection_) models->mesh = models->trackedMesh;
  models->iris = networkOf(*iris_);
  if (landmarks_) {
    models->landmarks = std::make_shared<const LandmarkFinder>(ModelFile(landmarks_->bytes()));
  }
  cancel.check();
  models->embedder = std::make_shared<const nn::ResNet>(ModelFile(embedder_->bytes()),
                                                        nn::bestKernels(), precision_);
  cancel.check();
  return models;
}

void EngineModels::giveBack() {
  for (std::optional<LentBytes>* file : {&embedder_, &detection_, &mesh_, &iris_, &landmarks_}) {
    if (*file) (*file)->giveBack();
  }
}

}  // namespace countenance
