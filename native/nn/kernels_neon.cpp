#ifdef __aarch64__

#include "nn/conv_kernel.h"
#include "nn/int8_products.h"
#include "nn/layer_kernels.h"
#include "nn/row_kernels.h"
#include "nn/winograd_kernel.h"

namespace countenance::nn {
namespace {

// At most 6 pixels x 4 vectors of 4 lanes: 24 sums of 32 registers. Nobody has timed it yet.
constexpr Convolution kConvolutions[] = {
    winogradConvolution<WinogradTiling<Winograd4, 35, 3, 6, 1>>(),
    convolution<Tiling<35, 2, 3, 6, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd4, 17, 5, 5, 1>>(),
    convolution<Tiling<17, 2, 3, 4, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd2, 8, 4, 4, 1>>(),
    convolution<Tiling<8, 2, 3, 3, 2, 1>>(),
    convolution<Tiling<3, 1, 3, 3, 2, 1>>(),
    convolution<Tiling<4, 1, 3, 4, 1, 1>>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>>(),
};

constexpr Convolution kInt8Convolutions[] = {
    convolution<Tiling<35, 1, 3, 6, 1, 1>, Int8InFloats>(),
    convolution<Tiling<35, 2, 3, 6, 1, 1>, Int8InFloats>(),
    convolution<Tiling<17, 1, 3, 6, 1, 1>, Int8InFloats>(),
    convolution<Tiling<17, 2, 3, 4, 1, 1>, Int8InFloats>(),
    convolution<Tiling<8, 1, 3, 4, 1, 1>, Int8InFloats>(),
    convolution<Tiling<8, 2, 3, 3, 2, 1>, Int8InFloats>(),
    convolution<Tiling<3, 1, 3, 3, 2, 1>, Int8InFloats>(),
    convolution<Tiling<4, 1, 3, 4, 1, 1>, Int8InFloats>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>, Int8InFloats>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>, Int8InFloats>(),
};

// At most 24 sums of 32 registers.
constexpr NetworkKernels kNetwork = networkKernels<RowTiling<16, 6>, RowTiling<8, 12>>();

}  // namespace

const Kernels kNeonKernels = {"NEON",
                              {kConvolutions, sizeof(kConvolutions) / sizeof(Convolution),
                               &stem<FloatProducts, 6, 4>, Operands::kF32},
                              {kInt8Convolutions, sizeof(kInt8Convolutions) / sizeof(Convolution),
                               &stem<Int8InFloats, 6, 4>, Operands::kInt8InFloats},
                              &maxPool,
                              &meanPool,
                              &kNetwork};

}  // namespace countenance::nn

#endif
