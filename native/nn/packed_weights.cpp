#include "nn/packed_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace countenance::nn {
namespace {

constexpr std::size_t kTaps = 9;  // of a window of 3 x 3
constexpr std::size_t kCentre = 4;

bool isInt8(Operands operands) {
  return operands == Operands::kInt8 || operands == Operands::kInt8InFloats;
}

struct FloatFormat {
  using Element = float;
  static constexpr std::size_t kPerLane = 1;
  static Element from(float value) { return value; }
};

struct Bf16Format {
  using Element = std::uint16_t;
  static constexpr std::size_t kPerLane = 2;
  /// To the nearest, ties to even.
  static Element from(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return static_cast<Element>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
};

struct Int8Format {
  using Element = std::int8_t;
  static constexpr std::size_t kPerLane = 4;
  static Element from(float value) { return static_cast<Element>(value); }
};

/// Calls `body` with the format of these operands.
template <typename Body>
auto withFormat(Operands operands, Body&& body) {
  switch (operands) {
    case Operands::kBf16:
      return body(Bf16Format());
    case Operands::kInt8:
      return body(Int8Format());
    default:
      return body(FloatFormat());
  }
}

/// Winograd's G: a window of weights becomes G * window * transpose of G.
constexpr double kWinograd2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kWinograd4[6][3] = {{0.25, 0, 0},
                                     {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                     {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                     {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                     {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                     {0, 0, 1}};

template <std::size_t size>
std::array<double, size * size> winogradWeights(const double (&g)[size][3], const float* window) {
  double rows[size][3];
  for (std::size_t y = 0; y < size; ++y) {
    for (std::size_t x = 0; x < 3; ++x) {
      rows[y][x] = g[y][0] * window[x] + g[y][1] * window[3 + x] + g[y][2] * window[6 + x];
    }
  }
  std::array<double, size * size> products{};
  for (std::size_t y = 0; y < size; ++y) {
    for (std::size_t x = 0; x < size; ++x) {
      products[y * size + x] = g[x][0] * rows[y][0] + g[x][1] * rows[y][1] + g[x][2] * rows[y][2];
    }
  }
  return products;
}

template <typename Format, std::size_t size>
AlignedBytes packWinograd(const double (&g)[size][3], Span<const float> weights, std::size_t inputs,
                          std::size_t outputs, std::size_t group) {
  using Element = typename Format::Element;
  constexpr std::size_t kLane = Format::kPerLane;
  AlignedBytes packed(outputs * inputs * size * size * sizeof(Element));
  auto* part = reinterpret_cast<Element*>(packed.data());
  for (std::size_t out = 0; out < outputs; out += group) {
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t o = 0; o < group; ++o) {
        const auto products = winogradWeights(g, weights.data() + ((out + o) * inputs + i) * kTaps);
        Element* to = part + (i / kLane * group + o) * kLane + i % kLane;
        for (const double product : products) {
          *to = Format::from(static_cast<float>(product));
          to += inputs * group;
        }
      }
    }
    part += size * size * inputs * group;
  }
  return packed;
}

template <typename Format>
AlignedBytes packDirect(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                        std::size_t kernel, std::size_t group) {
  using Element = typename Format::Element;
  constexpr std::size_t kLane = Format::kPerLane;
  const std::size_t taps = kernel * kernel;
  const std::size_t first = kernel == 1 ? kCentre : 0;
  AlignedBytes packed(outputs * inputs * taps * sizeof(Element));
  auto* part = reinterpret_cast<Element*>(packed.data());  // of one group and block: in the cache
  for (std::size_t out = 0; out < outputs; out += group) {
    for (std::size_t in = 0; in < inputs; in += kBlock, part += taps * kBlock * group) {
      for (std::size_t o = 0; o < group; ++o) {
        for (std::size_t i = 0; i < kBlock; ++i) {
          const float* window = weights.data() + ((out + o) * inputs + in + i) * kTaps + first;
          for (std::size_t tap = 0; tap < taps; ++tap) {
            const std::size_t lane = (tap * kBlock + i) / kLane * group + o;
            part[lane * kLane + i % kLane] = Format::from(window[tap]);
          }
        }
      }
    }
  }
  return packed;
}

/// Weights as whole numbers of steps, each output channel with its own step.
struct Steps {
  std::vector<float> weights;
  AlignedFloats steps;
};

Steps inSteps(Span<const float> weights, std::size_t outputs) {
  Steps result{std::vector<float>(weights.size()), AlignedFloats(outputs)};
  const std::size_t perOutput = weights.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    const float* from = weights.data() + o * perOutput;
    float most = 0;
    for (std::size_t i = 0; i < perOutput; ++i) most = std::max(most, std::abs(from[i]));
    const float step = most > 0 ? most / kMostWeightSteps : 1;
    result.steps.data()[o] = step;
    for (std::size_t i = 0; i < perOutput; ++i) {
      const float whole = std::nearbyint(from[i] / step);
      // What is no number (a damaged model) must not be converted to an integer either.
      result.weights[o * perOutput + i] =
          whole >= -kMostWeightSteps ? std::min(whole, kMostWeightSteps) : -kMostWeightSteps;
    }
  }
  return result;
}

/// The weights of the first layer, [kStemChannels][taps by row, column and colour].
template <typename Format>
AlignedBytes packStemWeights(Span<const float> weights) {
  using Element = typename Format::Element;
  constexpr std::size_t kLane = Format::kPerLane;
  constexpr std::size_t kRow = kStemKernel * 3;
  constexpr std::size_t kPaddedRow = (kRow + kLane - 1) / kLane * kLane;
  AlignedBytes packed(kStemKernel * kPaddedRow * kStemChannels * sizeof(Element));
  auto* to = reinterpret_cast<Element*>(packed.data());
  for (std::size_t o = 0; o < kStemChannels; ++o) {
    for (std::size_t tap = 0; tap < kStemTaps; ++tap) {
      const std::size_t at = tap / kRow * kPaddedRow + tap % kRow;
      to[(at / kLane * kStemChannels + o) * kLane + at % kLane] =
          Format::from(weights[o * kStemTaps + tap]);
    }
  }
  return packed;
}

}  // namespace

std::size_t perLane(Operands operands) {
  return withFormat(operands, [](auto format) { return decltype(format)::kPerLane; });
}

PackedWeights packConvolution(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                              const Convolution& convolution) {
  const std::size_t group = convolution.groupBlocks * kBlock;
  PackedWeights packed;
  Steps whole;
  if (isInt8(convolution.operands)) {
    whole = inSteps(weights, outputs);
    weights = whole.weights;
    packed.steps = std::move(whole.steps);
  }
  packed.weights = withFormat(convolution.operands, [&](auto format) {
    using Format = decltype(format);
    if (convolution.results == 2) {
      return packWinograd<Format>(kWinograd2, weights, inputs, outputs, group);
    }
    if (convolution.results == 4) {
      return packWinograd<Format>(kWinograd4, weights, inputs, outputs, group);
    }
    return packDirect<Format>(weights, inputs, outputs, convolution.kernel, group);
  });
  return packed;
}

PackedStem packStem(Span<const float> weights, Span<const float> bias, Span<const float> mean,
                    float divisor, Operands operands) {
  constexpr std::size_t kWindow = kStemKernel * kStemKernel;
  PackedStem result;
  result.bias = AlignedFloats(kStemChannels);
  std::vector<float> normalising(kStemChannels * kStemTaps);
  for (std::size_t o = 0; o < kStemChannels; ++o) {
    double shift = 0;
    for (std::size_t colour = 0; colour < 3; ++colour) {
      for (std::size_t tap = 0; tap < kWindow; ++tap) {
        const double weight =
            static_cast<double>(weights[(o * 3 + colour) * kWindow + tap]) / divisor;
        shift += weight * mean[colour];
        normalising[o * kStemTaps + tap * 3 + colour] = static_cast<float>(weight);
      }
    }
    result.bias.data()[o] = static_cast<float>(bias[o] - shift);
  }
  if (isInt8(operands)) {
    Steps whole = inSteps(normalising, kStemChannels);
    normalising = std::move(whole.weights);
    result.packed.steps = std::move(whole.steps);
  }
  result.packed.weights = withFormat(operands, [&normalising](auto format) {
    return packStemWeights<decltype(format)>(normalising);
  });
  return result;
}

AlignedFloats transposed(Span<const float> matrix, std::size_t rows) {
  const std::size_t columns = matrix.size() / rows;
  AlignedFloats result(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) result.data()[c * rows + r] = matrix[r * columns + c];
  }
  return result;
}

AlignedFloats aligned(Span<const float> values) {
  AlignedFloats result(values.size());
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

}  // namespace countenance::nn
