// Tests of the convolutions of nn/conv_kernel.h and nn/winograd_kernel.h, as every level of CPUs
// that runs here has them.

#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "nn/kernels.h"
#include "nn/packed_weights.h"
#include "planes.h"

using namespace countenance;
using nn::Convolution;
using test::Planes;

namespace {

constexpr std::size_t kInputs = 48;
constexpr double kRounding = 0x1p-24;
constexpr double kRoundings = 16;

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

  void run(Planes& out, bool addsToOut) {
    const auto packed = nn::packConvolution(weights, kInputs, outputs, convolution);
    const nn::AlignedFloats aligned = nn::aligned(bias);
    nn::AlignedFloats scratch(nn::convolutionScratch(convolution, kInputs / nn::kBlock));
    convolution.run(
        {in.view(), out.view(), packed.data(), aligned.data(), addsToOut, scratch.data()});
  }
};

/// The bound on an f32 sum: this many roundings of its magnitude.
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
        const Expected expected = setup.expected(o, y, x, addsToOut ? was : 0);
        CHECK(std::abs(got - expected.value) <= kRoundings * kRounding * expected.magnitude);
      }
    }
  }
}

template <typename Body>
void forEachConvolution(Body&& body) {
  for (const nn::Kernels* kernels : nn::availableKernels()) {
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

TEST("all levels have the same convolutions") {
  const auto all = nn::availableKernels();
  for (const nn::Kernels* kernels : all) {
    CHECK(kernels->convolutionCount == all.back()->convolutionCount);
    for (std::size_t i = 0; i < kernels->convolutionCount; ++i) {
      const Convolution& one = kernels->convolutions[i];
      const Convolution& other = all.back()->convolutions[i];
      CHECK(one.inSide == other.inSide && one.stride == other.stride && one.kernel == other.kernel);
    }
  }
}

TEST_MAIN()
