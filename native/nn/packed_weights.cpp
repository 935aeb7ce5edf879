#include "nn/packed_weights.h"

#include <algorithm>
#include <array>

namespace countenance::nn {
namespace {

constexpr std::size_t kTaps = 9;  // of a window of 3 x 3
constexpr std::size_t kCentre = 4;

/// One window's 3 x 3 weights, transformed for Winograd's products: G * window * transpose of G.
std::array<double, kWinogradProducts> winogradWeights(const float* window) {
  constexpr double kG[kWinogradWindow][3] = {
      {1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  std::array<double, kWinogradProducts> products{};
  for (std::size_t product = 0; product < kWinogradProducts; ++product) {
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      products[product] += kG[product / kWinogradWindow][tap / 3] *
                           kG[product % kWinogradWindow][tap % 3] * window[tap];
    }
  }
  return products;
}

AlignedFloats packWinograd(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                           std::size_t group) {
  AlignedFloats packed(outputs * inputs * kWinogradProducts);
  for (std::size_t o = 0; o < outputs; ++o) {
    float* part = packed.data() + o / group * kWinogradProducts * inputs * group + o % group;
    for (std::size_t i = 0; i < inputs; ++i) {
      const auto products = winogradWeights(weights.data() + (o * inputs + i) * kTaps);
      for (std::size_t product = 0; product < kWinogradProducts; ++product) {
        part[(product * inputs + i) * group] = static_cast<float>(products[product]);
      }
    }
  }
  return packed;
}

AlignedFloats packDirect(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                         std::size_t kernel, std::size_t group) {
  const std::size_t taps = kernel * kernel;
  const std::size_t first = kernel == 1 ? kCentre : 0;
  AlignedFloats packed(outputs * inputs * taps);
  float* part = packed.data();  // of one group and one block of inputs: it fits the cache
  for (std::size_t out = 0; out < outputs; out += group) {
    for (std::size_t in = 0; in < inputs; in += kBlock, part += taps * kBlock * group) {
      for (std::size_t o = 0; o < group; ++o) {
        for (std::size_t i = 0; i < kBlock; ++i) {
          const float* window = weights.data() + ((out + o) * inputs + in + i) * kTaps + first;
          for (std::size_t tap = 0; tap < taps; ++tap) {
            part[(tap * kBlock + i) * group + o] = window[tap];
          }
        }
      }
    }
  }
  return packed;
}

}  // namespace

AlignedFloats packConvolution(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                              const Convolution& convolution) {
  const std::size_t group = convolution.groupBlocks * kBlock;
  return convolution.stripTiles > 0
             ? packWinograd(weights, inputs, outputs, group)
             : packDirect(weights, inputs, outputs, convolution.kernel, group);
}

PackedStem packStem(Span<const float> weights, Span<const float> bias, Span<const float> mean,
                    float divisor) {
  constexpr std::size_t kWindow = kStemKernel * kStemKernel;
  PackedStem packed{AlignedFloats(kStemTaps * kStemChannels), AlignedFloats(kStemChannels)};
  for (std::size_t o = 0; o < kStemChannels; ++o) {
    double shift = 0;
    for (std::size_t colour = 0; colour < 3; ++colour) {
      for (std::size_t tap = 0; tap < kWindow; ++tap) {
        const double weight =
            static_cast<double>(weights[(o * 3 + colour) * kWindow + tap]) / divisor;
        shift += weight * mean[colour];
        packed.weights.data()[(tap * 3 + colour) * kStemChannels + o] = static_cast<float>(weight);
      }
    }
    packed.bias.data()[o] = static_cast<float>(bias[o] - shift);
  }
  return packed;
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
