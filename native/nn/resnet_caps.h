#pragma once

#include <cstddef>

namespace countenance::nn {

constexpr std::size_t kResNetCapCount = 28;

/// Where int8 cuts the input of each convolution after the first off: what 99.99 % of its positive
/// values stay under, of dlib's weights, on every tenth chip of lfw-dev (715 chips, HOG and 5
/// points; sha256 of the chips e5b2e341d454b0726b65725638e4833e96076e3ad9a0970d618347615e3bc18b).
/// Made by: precision_study caps (bench/native).
constexpr float kResNetCaps[kResNetCapCount] = {6.48F,  4.97F, 6.99F, 4.65F, 8.45F, 4.43F,  10.78F,
                                                4.39F,  7.87F, 4.27F, 8.72F, 4.02F, 11.44F, 4.20F,
                                                12.27F, 4.43F, 6.58F, 3.69F, 6.30F, 4.71F,  6.30F,
                                                4.91F,  5.63F, 3.55F, 6.30F, 3.17F, 6.37F,  6.14F};

}  // namespace countenance::nn
