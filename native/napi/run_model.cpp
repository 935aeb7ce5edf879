#include "napi/run_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/image.h"
#include "napi/arguments.h"
#include "napi/errors.h"
#include "nn/kernels.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "vision/embed.h"
#include "vision/landmarks.h"

namespace countenance {
namespace {

struct Output {
  std::string name;
  std::vector<float> values;
};

void expectSize(const std::vector<float>& input, std::size_t size) {
  if (input.size() != size) {
    throw Error(ErrorCode::kInvalidArgument, "input: expected " + std::to_string(size) +
                                                 " values, got " + std::to_string(input.size()));
  }
}

/// Splits the container's own list of names.
std::vector<std::string> outputNames(const ModelFile& model) {
  std::vector<std::string> names(1);
  for (const char letter : model.property("outputs")) {
    if (letter == ',') {
      names.emplace_back();
    } else {
      names.back().push_back(letter);
    }
  }
  return names;
}

std::vector<Output> runNetwork(const ModelFile& model, const std::vector<float>& input,
                               const nn::Kernels& kernels) {
  const nn::Network network(model, kernels);
  expectSize(input, network.inputShape().size());
  nn::AlignedFloats scratch = network.scratch();
  std::copy(input.begin(), input.end(), network.input(scratch).begin());
  network.run(scratch);
  std::vector<Output> outputs;
  for (const std::string& name : outputNames(model)) {
    const Span<const float> values = network.output(scratch, network.outputIndex(name));
    outputs.push_back({name, {values.begin(), values.end()}});
  }
  return outputs;
}

/// A square picture of RGB8 pixels.
Image pictureOf(const std::vector<float>& input) {
  const auto side = static_cast<std::size_t>(std::sqrt(static_cast<double>(input.size()) / 3));
  expectSize(input, side * side * 3);
  Image picture(side, side);
  std::transform(input.begin(), input.end(), picture.row(0), [](float value) {
    return static_cast<std::uint8_t>(value >= 0 && value <= 255 ? std::lround(value) : 0);
  });
  return picture;
}

std::vector<Output> runEmbedder(const ModelFile& model, const std::vector<float>& input,
                                const nn::Kernels& kernels) {
  expectSize(input, std::size_t{150} * 150 * 3);
  Embedder embedder(std::make_shared<const nn::ResNet>(model, kernels));
  return {{"embedding", embedder.embed(pictureOf(input).view())}};
}

/// The box is the picture's middle half.
std::vector<Output> runLandmarks(const ModelFile& model, const std::vector<float>& input) {
  const Image picture = pictureOf(input);
  const auto side = static_cast<float>(picture.width());
  const Box box{side / 4, side / 4, side / 2, side / 2};
  Output points{"points", {}};
  for (const Point& point : LandmarkFinder(model).find(picture.view(), box)) {
    points.values.push_back(point.x);
    points.values.push_back(point.y);
  }
  return {points};
}

const nn::Kernels& kernelsOf(Napi::Value level) {
  if (level.IsUndefined()) return nn::bestKernels();
  const std::string name = stringOf(level, "level");
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    if (kernels->name == name) return *kernels;
  }
  throw Error(ErrorCode::kInvalidArgument, "level: expected one of kernelLevels()");
}

std::vector<Output> run(const std::string& kind, const ModelFile& model,
                        const std::vector<float>& input, const nn::Kernels& kernels) {
  if (kind == "network") return runNetwork(model, input, kernels);
  if (kind == "embedder") return runEmbedder(model, input, kernels);
  if (kind == "landmarks") return runLandmarks(model, input);
  throw Error(ErrorCode::kInvalidArgument, "kind: expected network, embedder or landmarks");
}

Napi::Value runModel(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[1].IsTypedArray() ||
        info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw Error(ErrorCode::kInvalidArgument, "model: expected a Uint8Array");
    }
    const auto array = info[1].As<Napi::Uint8Array>();
    // Copied: a view's own bytes may be aligned to nothing.
    const std::vector<std::uint8_t> bytes(array.Data(), array.Data() + array.ElementLength());
    const ModelFile model({bytes.data(), bytes.size()});
    Napi::Object result = Napi::Object::New(env);
    for (const Output& output :
         run(stringOf(info[0], "kind"), model, floatsOf(info[2], "input"), kernelsOf(info[3]))) {
      auto values = Napi::Float32Array::New(env, output.values.size());
      std::copy(output.values.begin(), output.values.end(), values.Data());
      result.Set(output.name, values);
    }
    return result;
  });
}

Napi::Value kernelLevels(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    names.Set(names.Length(), kernels->name);
  }
  return names;
}

}  // namespace

void registerRunModel(Napi::Env env, Napi::Object exports) {
  exports.Set("kernelLevels", Napi::Function::New<kernelLevels>(env, "kernelLevels"));
  exports.Set("runModel", Napi::Function::New<runModel>(env, "runModel"));
}

}  // namespace countenance
