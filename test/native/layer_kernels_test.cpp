// Tests of the first layer and the pools of nn/layer_kernels.h, as every level of CPUs has them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.h"
#include "nn/kernels.h"
#include "nn/packed_weights.h"
#include "nn/precision.h"
#include "planes.h"

using namespace countenance;
using test::Planes;

namespace {

std::ptrdiff_t index(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

}  // namespace

TEST("the first layer normalises and convolves as double precision does") {
  const std::vector<float> noise = test::noise(nn::kStemPixels, 1, 127);
  std::vector<std::uint8_t> rgb;
  for (const float value : noise) rgb.push_back(static_cast<std::uint8_t>(value + 127));
  const std::vector<float> weights = test::noise(nn::kStemChannels * nn::kStemTaps, 2, 0.1F);
  const std::vector<float> bias = test::noise(nn::kStemChannels, 3);
  const std::vector<float> mean = {120, 110, 100};
  const float divisor = 256;
  std::vector<float> int8;  // the first result in int8, which all the others equal
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    for (const auto precision : {nn::Precision::kF32, nn::Precision::kBf16, nn::Precision::kInt8}) {
      for (const nn::ResNetKernels* one : nn::resNetKernels(precision, *kernels)) {
        const nn::PackedStem stem = nn::packStem(weights, bias, mean, divisor, one->operands);
        Planes out(nn::kStemChannels, nn::kStemOutSide);
        nn::AlignedFloats pixels(nn::kStemPixels);
        one->stem({rgb.data(), pixels.data(), stem.packed.weights.data(), stem.bias.data(),
                   out.view(), stem.packed.steps.data()});
        CHECK(out.borderIsZero());
        std::vector<float> got;
        for (std::size_t o = 0; o < nn::kStemChannels; o += 3) {
          for (std::size_t y = 0; y < nn::kStemOutSide; y += 7) {
            for (std::size_t x = 0; x < nn::kStemOutSide; ++x) {
              double sum = bias[o];
              double magnitude = std::abs(bias[o]);
              double inputs = 0;
              for (std::size_t i = 0; i < nn::kStemTaps; ++i) {
                const std::size_t c = i / 49;
                const std::size_t k = i % 49;
                const std::size_t pixel = (2 * y + k / 7) * nn::kStemSide + 2 * x + k % 7;
                const double weight = weights[(o * 3 + c) * 49 + k];
                const double value = (rgb[pixel * 3 + c] - static_cast<double>(mean[c])) / divisor;
                sum += value * weight;
                magnitude += rgb[pixel * 3 + c] / divisor * std::abs(weight);
                inputs += rgb[pixel * 3 + c] / divisor;
              }
              got.push_back(out.at(o, index(y), index(x)));
              // bf16: a weight's rounding; int8: half a step of each weight, of at most 0.1 / 127.
              const double bound = precision == nn::Precision::kF32    ? 2e-6
                                   : precision == nn::Precision::kBf16 ? 0x1p-9 * magnitude
                                                                       : 0.05 / 127 * inputs + 1e-5;
              CHECK(std::abs(got.back() - std::max(0.0, sum)) <= bound);
            }
          }
        }
        if (precision != nn::Precision::kInt8) continue;
        if (int8.empty()) int8 = got;
        CHECK(got == int8);
      }
    }
  }
}

TEST("the largest of 3 x 3 pixels, every other pixel") {
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    Planes in(32, 9);
    Planes out(32, 4);
    in.fill(4);
    kernels->maxPool({in.view(), out.view()});
    CHECK(out.borderIsZero());
    for (std::size_t c = 0; c < 32; ++c) {
      for (std::ptrdiff_t y = 0; y < 4; ++y) {
        for (std::ptrdiff_t x = 0; x < 4; ++x) {
          float most = -2;
          for (std::ptrdiff_t k = 0; k < 9; ++k) {
            most = std::max(most, in.at(c, 2 * y + k / 3, 2 * x + k % 3));
          }
          CHECK(out.at(c, y, x) == most);
        }
      }
    }
  }
}

TEST("the mean of 2 x 2 pixels; new channels become zero whatever they held") {
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    Planes in(16, 7);
    Planes out(32, 3);
    in.fill(5);
    out.fill(6);
    kernels->meanPool({in.view(), out.view()});
    CHECK(out.borderIsZero());
    for (std::ptrdiff_t y = 0; y < 3; ++y) {
      for (std::ptrdiff_t x = 0; x < 3; ++x) {
        for (std::size_t c = 0; c < 16; ++c) {
          const float sum = (in.at(c, 2 * y, 2 * x) + in.at(c, 2 * y, 2 * x + 1)) +
                            (in.at(c, 2 * y + 1, 2 * x) + in.at(c, 2 * y + 1, 2 * x + 1));
          CHECK(out.at(c, y, x) == sum * 0.25F);
          CHECK(out.at(c + 16, y, x) == 0);
        }
      }
    }
  }
}

TEST_MAIN()
