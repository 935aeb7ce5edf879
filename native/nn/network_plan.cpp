#include "nn/network_plan.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "nn/model_file.h"
#include "nn/network_schedule.h"

namespace countenance::nn {
namespace {

// More than any network that we know needs, little enough that no product below overflows.
constexpr std::size_t kMaxLayers = 2000;
constexpr std::size_t kMaxOutputs = 100;
constexpr std::size_t kMaxSide = 4096;
constexpr std::size_t kMaxChannels = 65536;
constexpr std::size_t kMaxInputChannels = 4;
constexpr std::size_t kMaxStride = 16;
/// Floats of all values together, as they would lie in memory: 512 MB.
constexpr std::size_t kMaxFloats = std::size_t{1} << 27;
constexpr std::size_t kRow = 10;  // numbers of a layer

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorCode::kModelCorrupt, "network: " + what);
}

/// One layer's row of the container.
class Row final {
 public:
  Row(Span<const std::int32_t> numbers, std::size_t layer) : numbers_(numbers), layer_(layer) {}

  [[noreturn]] void refuse(const std::string& what) const {
    corrupt("layer " + std::to_string(layer_) + " has " + what);
  }

  std::size_t number(std::size_t field, const char* name, std::size_t least,
                     std::size_t most) const {
    const std::int64_t value = numbers_[field];
    if (value < static_cast<std::int64_t>(least) || value > static_cast<std::int64_t>(most)) {
      refuse(std::string(name) + ' ' + std::to_string(value));
    }
    return static_cast<std::size_t>(value);
  }

 private:
  Span<const std::int32_t> numbers_;
  std::size_t layer_;
};

NetworkLayer readLayer(const Row& row, std::size_t number) {
  NetworkLayer layer;
  layer.kind = static_cast<NetworkLayerKind>(row.number(0, "the kind", 1, 9));
  layer.a = row.number(1, "input", 0, number);
  if (layer.hasSecondInput()) layer.b = row.number(2, "second input", 0, number);
  if (layer.hasWindow()) {
    layer.kernel = row.number(3, "kernel", 1, kMaxNetworkKernel);
    layer.stride = row.number(4, "stride", 1, kMaxStride);
    layer.padBefore = row.number(5, "padding", 0, layer.kernel - 1);
    layer.padAfter = row.number(6, "padding", 0, layer.kernel - 1);
  }
  layer.activation = static_cast<Activation>(row.number(8, "activation", 0, 3));
  row.number(9, "the reserved number", 0, 0);
  return layer;
}

std::size_t windows(const Row& row, const NetworkLayer& layer, std::size_t side) {
  const std::size_t padded = side + layer.padBefore + layer.padAfter;
  if (padded < layer.kernel) row.refuse("a window larger than its input");
  return (padded - layer.kernel) / layer.stride + 1;
}

/// @param channels  What the container says that the output has.
Shape3 outputShape(const Row& row, const NetworkLayer& layer, const Shape3& a, const Shape3& b,
                   std::size_t channels) {
  Shape3 shape = a;
  if (layer.hasWindow()) {
    shape.height = windows(row, layer, a.height);
    shape.width = windows(row, layer, a.width);
  }
  switch (layer.kind) {
    case NetworkLayerKind::kConvolution:
      shape.channels = channels;
      break;
    case NetworkLayerKind::kPadChannels:
      shape.channels = std::max(channels, a.channels);
      break;
    case NetworkLayerKind::kMean:
      shape.height = shape.width = 1;
      break;
    case NetworkLayerKind::kEnlarge:
      shape.height *= 2;
      shape.width *= 2;
      break;
    case NetworkLayerKind::kAdd:
      if (b.height != a.height || b.width != a.width || b.channels != a.channels) {
        row.refuse("inputs of two shapes");
      }
      break;
    case NetworkLayerKind::kScale:
      if (b.pixels() != 1 || b.channels != a.channels) row.refuse("factors of another shape");
      break;
    case NetworkLayerKind::kDepthwise:
    case NetworkLayerKind::kMaxPool:
    case NetworkLayerKind::kActivation:
      break;
  }
  if (shape.channels != channels) row.refuse(std::to_string(channels) + " channels");
  if (shape.height > kMaxSide || shape.width > kMaxSide) row.refuse("too large a map");
  return shape;
}

Shape3 inputShape(const ModelFile& model) {
  const auto numbers = model.values<std::int32_t>("input", {3});
  const auto pick = [&numbers](std::size_t i, std::size_t most) {
    const std::int32_t stored = numbers[i];
    if (stored < 1 || static_cast<std::size_t>(stored) > most) {
      corrupt("its input has a wrong size");
    }
    return static_cast<std::size_t>(stored);
  };
  return {pick(0, kMaxSide), pick(1, kMaxSide), pick(2, kMaxInputChannels)};
}

/// Appends the shape of a layer's output, for which all earlier ones are there.
/// @param floats  Of all values so far; counts this one too.
void addShape(NetworkPlan& plan, const Row& row, const NetworkLayer& layer, std::size_t channels,
              std::size_t& floats) {
  plan.shapes.push_back(
      outputShape(row, layer, plan.shapes[layer.a], plan.shapes[layer.b], channels));
  // At most 2^12 x 2^12 x 2^16 each: the sum stays in range as it is checked every time.
  floats += plan.shapes.back().pixels() * paddedChannels(plan.shapes.back().channels);
  if (floats > kMaxFloats) row.refuse("too large an output");
}

/// The length of a tensor's first dimension.
std::size_t rowsOf(const ModelFile& model, const std::string& name, std::size_t most) {
  const auto& shape = model.tensor(name).shape;
  if (shape.empty() || shape[0] < 1 || shape[0] > most) corrupt("it has a wrong number of " + name);
  return shape[0];
}

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> parts(1);
  for (const char letter : names) {
    if (letter == ',') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

void readOutputs(const ModelFile& model, NetworkPlan& plan) {
  const std::size_t count = rowsOf(model, "outputs", kMaxOutputs);
  for (const std::int32_t value : model.values<std::int32_t>("outputs", {count})) {
    if (value < 1 || static_cast<std::size_t>(value) > plan.layers.size()) {
      corrupt("an output is no layer's");
    }
    plan.outputs.push_back(static_cast<std::size_t>(value));
  }
  plan.outputNames = split(model.property("outputs"));
  if (plan.outputNames.size() != count) corrupt("its outputs and their names differ in number");
  std::vector<std::string> sorted = plan.outputNames;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    corrupt("two outputs have one name");
  }
}

}  // namespace

NetworkPlan networkPlan(const ModelFile& model) {
  NetworkPlan plan;
  plan.shapes.push_back(inputShape(model));
  std::size_t floats = plan.shapes[0].size();
  const std::size_t count = rowsOf(model, "layers", kMaxLayers);
  const auto numbers = model.values<std::int32_t>("layers", {count, kRow});
  for (std::size_t i = 0; i < count; ++i) {
    const Row row(numbers.subspan(i * kRow, kRow), i);
    plan.layers.push_back(readLayer(row, i));
    const std::size_t channels = row.number(7, "a number of channels,", 1, kMaxChannels);
    addShape(plan, row, plan.layers.back(), channels, floats);
  }
  readOutputs(model, plan);
  return plan;
}

NetworkPlan resizedPlan(const NetworkPlan& plan, InputSize size) {
  if (std::min(size.height, size.width) < 1 || std::max(size.height, size.width) > kMaxSide) {
    throw Error(ErrorCode::kInvalidArgument, "network: expected an input of 1 to " +
                                                 std::to_string(kMaxSide) + " pixels a side");
  }
  NetworkPlan resized = plan;
  resized.shapes = {{size.height, size.width, plan.shapes[0].channels}};
  std::size_t floats = resized.shapes[0].size();
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    addShape(resized, Row({}, i), plan.layers[i], plan.shapes[i + 1].channels, floats);
  }
  return resized;
}

}  // namespace countenance::nn
