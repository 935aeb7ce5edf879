#include "nn/network_weights.h"

#include "nn/network_schedule.h"

namespace countenance::nn {
namespace {

/// Below this a group is cheaper from what the larger sizes leave: 56 channels are 48 and 8.
constexpr std::size_t kWorthDividing = 24;

/// One size for all where one divides them, else the largest that fit.
std::vector<std::size_t> groupsOf(std::size_t channels, const std::size_t* sizes) {
  for (const std::size_t* size = sizes; *size >= kWorthDividing; ++size) {
    if (channels % *size == 0) return std::vector<std::size_t>(channels / *size, *size);
    if (*size == kChannelStep) break;
  }
  std::vector<std::size_t> groups;
  while (channels > 0) {
    while (*sizes > channels) ++sizes;  // the last one is kChannelStep, which always fits
    groups.push_back(*sizes);
    channels -= *sizes;
  }
  return groups;
}

}  // namespace

PackedRows packRows(Span<const float> weights, std::size_t outputs, std::size_t kernel,
                    std::size_t inputs, std::size_t pixelSize, const NetworkKernels& kernels) {
  const std::size_t taps = kernel * kernel;
  PackedRows packed{AlignedFloats(paddedChannels(outputs) * taps * pixelSize),
                    groupsOf(paddedChannels(outputs), kernels.groupSizes)};
  float* to = packed.weights.data();
  std::size_t first = 0;
  for (const std::size_t group : packed.groups) {
    for (std::size_t o = first; o < first + group && o < outputs; ++o) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const float* from = weights.data() + (o * taps + tap) * inputs;
        for (std::size_t i = 0; i < inputs; ++i) {
          to[(tap * pixelSize + i) * group + o - first] = from[i];
        }
      }
    }
    to += taps * pixelSize * group;
    first += group;
  }
  return packed;
}

AlignedFloats padded(Span<const float> values, std::size_t channels, std::size_t pixelSize) {
  AlignedFloats result(values.size() / channels * pixelSize);
  for (std::size_t i = 0; i < values.size(); ++i) {
    result.data()[i / channels * pixelSize + i % channels] = values[i];
  }
  return result;
}

}  // namespace countenance::nn
