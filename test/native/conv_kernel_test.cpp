// Tests of the convolutions of nn/conv_kernel.h and nn/winograd_kernel.h, as every level of CPUs
// that runs here has them.

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
using nn::Convolution;
using test::Planes;

namespace {

/// More blocks than int8 in floats sums at once.
constexpr std::size_t kInputs = 80;
/// The largest inputs are cut off.
constexpr float kInputSteps = 300;
constexpr double kRounding = 0x1p-24;
constexpr double kRoundings = 16;
/// Winograd's F(4 x 4) adds and takes away again multiples of up to 8.
constexpr double kWinograd4Roundings = 64;
/// A product of bf16 has two rounded operands; Winograd's are sums, which cancel again.
constexpr double kBf16Rounding = 0x1p-9;
constexpr double kBf16Roundings = 4;

bool isInt8(const Convolution& convolution) {
  return convolution.operands == nn::Operands::kInt8 ||
         convolution.operands == nn::Operands::kInt8InFloats;
}

/// The result of one output pixel in double precision, and the size of what was added for it.
struct Expected {
  double value;
  double magnitude;
};

struct Setup {
  const Convolution& convolution;
  std::size_t outputs;
  std::size_t outSide;
  std::vector<float> weights;  // [outputs][kInputs][3][3]
  std::vector<float> bias;
  Planes in;

  explicit Setup(const Convolution& c)
      : convolution(c),
        outputs(2 * c.groupBlocks * nn::kBlock),
        outSide(c.stride == 1 ? c.inSide : (c.inSide - 3) / 2 + 1),
        weights(test::noise(outputs * kInputs * 9, 1, 0.1F)),
        bias(test::noise(outputs, 2)),
        in(kInputs, c.inSide) {
    in.fill(3);
    if (!isInt8(c)) return;
    for (std::size_t i = 0; i < kInputs; ++i) {  // what int8 reads is never negative
      for (std::size_t at = 0; at < c.inSide * c.inSide; ++at) {
        float& value = in.at(i, static_cast<std::ptrdiff_t>(at / c.inSide),
                             static_cast<std::ptrdiff_t>(at % c.inSide));
        value = std::abs(value);
      }
    }
  }

  Expected expected(std::size_t o, std::size_t y, std::size_t x, float before) {
    Expected sum{static_cast<double>(bias[o]) + before, std::abs(bias[o]) + std::abs(before)};
    const std::size_t reach = convolution.stride == 1 ? 1 : 0;  // padding
    for (std::size_t i = 0; i < kInputs; ++i) {
      for (std::size_t ky = 0; ky < 3; ++ky) {
        for (std::size_t kx = 0; kx < 3; ++kx) {
          const auto row = static_cast<std::ptrdiff_t>(y * convolution.stride + ky - reach);
          const auto column = static_cast<std::ptrdiff_t>(x * convolution.stride + kx - reach);
          const double term = static_cast<double>(in.at(i, row, column)) *
                              weights[((o * kInputs + i) * 3 + ky) * 3 + kx];
          sum.value += term;
          sum.magnitude += std::abs(term);
        }
      }
    }
    sum.value = std::max(0.0, sum.value);
    return sum;
  }

  /// int8 by its definition (ConvolutionJob), in whole numbers.
  float expectedInt8(std::size_t o, std::size_t y, std::size_t x, float before) {
    float most = 0;
    for (std::size_t i = 0; i < kInputs * 9; ++i) {
      most = std::max(most, std::abs(weights[o * kInputs * 9 + i]));
    }
    const float step = most / 127;
    const std::size_t reach = convolution.stride == 1 ? 1 : 0;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kInputs * 9; ++i) {
      const auto row = static_cast<std::ptrdiff_t>(y * convolution.stride + i % 9 / 3 - reach);
      const auto column = static_cast<std::ptrdiff_t>(x * convolution.stride + i % 3 - reach);
      const float input = std::nearbyint(std::min(255.0F, in.at(i / 9, row, column) * kInputSteps));
      const float weight = std::nearbyint(weights[o * kInputs * 9 + i] / step);
      sum += static_cast<std::int32_t>(input) * static_cast<std::int32_t>(weight);
    }
    const float scaled = static_cast<float>(sum) * step;
    return std::max(0.0F, (scaled + bias[o]) + before);
  }

  void run(Planes& out, bool addsToOut) {
    const auto packed = nn::packConvolution(weights, kInputs, outputs, convolution);
    const nn::AlignedFloats aligned = nn::aligned(bias);
    nn::AlignedFloats scratch(nn::convolutionScratch(convolution, kInputs / nn::kBlock));
    convolution.run({in.view(), out.view(), packed.weights.data(), aligned.data(), addsToOut,
                     scratch.data(), packed.steps.data(), kInputSteps});
  }
};

/// What a result may be off by.
double bound(const Convolution& convolution, const Expected& expected) {
  if (convolution.operands == nn::Operands::kBf16) {
    return kBf16Roundings * kBf16Rounding * expected.magnitude;
  }
  const double roundings = convolution.results == 4 ? kWinograd4Roundings : kRoundings;
  return roundings * kRounding * expected.magnitude;
}

/// f32 and bf16 are within some roundings of a sum's magnitude; int8 is the same bits.
void checkAgainstDoubles(const Convolution& convolution, std::size_t outSide, bool addsToOut) {
  Setup setup(convolution);
  Planes out(setup.outputs, outSide);
  out.fill(4);
  Planes before = out;
  setup.run(out, addsToOut);
  CHECK(out.borderIsZero());
  for (std::size_t o = 0; o < setup.outputs; o += 5) {
    for (std::size_t y = 0; y < outSide; ++y) {
      for (std::size_t x = 0; x < outSide; ++x) {
        const float got = out.at(o, static_cast<std::ptrdiff_t>(y), static_cast<std::ptrdiff_t>(x));
        const float was =
            before.at(o, static_cast<std::ptrdiff_t>(y), static_cast<std::ptrdiff_t>(x));
        if (y >= setup.outSide || x >= setup.outSide) {
          CHECK(got == was);
          continue;
        }
        if (isInt8(convolution)) {
          CHECK(got == setup.expectedInt8(o, y, x, addsToOut ? was : 0));
          continue;
        }
        const Expected expected = setup.expected(o, y, x, addsToOut ? was : 0);
        CHECK(std::abs(got - expected.value) <= bound(convolution, expected));
      }
    }
  }
}

/// Every kind of products of every level.
std::vector<const nn::ResNetKernels*> allKernels() {
  std::vector<const nn::ResNetKernels*> all;
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    for (const auto one : {nn::Precision::kF32, nn::Precision::kBf16, nn::Precision::kInt8}) {
      const auto some = nn::resNetKernels(one, *kernels);
      all.insert(all.end(), some.begin(), some.end());
    }
  }
  return all;
}

template <typename Body>
void forEachConvolution(Body&& body) {
  for (const nn::ResNetKernels* kernels : allKernels()) {
    for (std::size_t i = 0; i < kernels->convolutionCount; ++i) body(kernels->convolutions[i]);
  }
}

}  // namespace

TEST("every convolution of every level agrees with double precision and leaves borders zero") {
  forEachConvolution([](const Convolution& convolution) {
    checkAgainstDoubles(convolution, Setup(convolution).outSide, false);
  });
}

TEST("a convolution adds to what is there, in the corner of a larger map too") {
  forEachConvolution([](const Convolution& convolution) {
    checkAgainstDoubles(convolution, Setup(convolution).outSide + 1, true);
  });
}

TEST("all levels and precisions have the same convolutions") {
  const auto all = allKernels();
  for (const nn::ResNetKernels* kernels : all) {
    CHECK(kernels->convolutionCount == all.back()->convolutionCount);
    for (std::size_t i = 0; i < kernels->convolutionCount; ++i) {
      const Convolution& one = kernels->convolutions[i];
      const Convolution& other = all.back()->convolutions[i];
      CHECK(one.inSide == other.inSide && one.stride == other.stride && one.kernel == other.kernel);
      CHECK(one.operands == kernels->operands);
    }
  }
}

TEST("the largest sums of int8 are exact, beyond what a float holds") {
  for (const nn::ResNetKernels* kernels : allKernels()) {
    for (std::size_t i = 0; i < kernels->convolutionCount; ++i) {
      const Convolution& convolution = kernels->convolutions[i];
      if (!isInt8(convolution) || convolution.inSide != 8) continue;
      constexpr std::size_t kMany = 256;
      const std::size_t outputs = convolution.groupBlocks * nn::kBlock;
      Planes in(kMany, convolution.inSide);
      for (std::size_t c = 0; c < kMany; ++c) {
        for (std::ptrdiff_t at = 0; at < 64; ++at) in.at(c, at / 8, at % 8) = 255;
      }
      Planes out(outputs, (convolution.inSide - 1) / convolution.stride + 1);
      // One more step than a multiple of 2: a float would lose it.
      std::vector<float> weights(outputs * kMany * 9, 127);
      for (std::size_t o = 0; o < outputs; ++o) weights[o * kMany * 9 + 4] = 126;
      const auto packed = nn::packConvolution(weights, kMany, outputs, convolution);
      const nn::AlignedFloats bias(outputs);
      nn::AlignedFloats scratch(nn::convolutionScratch(convolution, kMany / nn::kBlock));
      convolution.run({in.view(), out.view(), packed.weights.data(), bias.data(), false,
                       scratch.data(), packed.steps.data(), 1});
      constexpr std::int32_t kSum = 255 * (127 * 9 * static_cast<std::int32_t>(kMany) - 1);
      CHECK(out.at(0, 1, 1) == static_cast<float>(kSum));
    }
  }
}

TEST_MAIN()
