#ifdef __x86_64__

#include "nn/conv_kernel.h"
#include "nn/int8_products.h"
#include "nn/layer_kernels.h"
#include "nn/row_kernels.h"
#include "nn/winograd_kernel.h"

namespace countenance::nn {
namespace {

// At most 6 pixels x 2 vectors of 8 lanes: 12 sums, 2 weights and an input of 16 registers.
constexpr Convolution kConvolutions[] = {
    winogradConvolution<WinogradTiling<Winograd4, 35, 3, 6, 1>>(),
    convolution<Tiling<35, 2, 3, 6, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd4, 17, 5, 5, 1>>(),
    convolution<Tiling<17, 2, 3, 4, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd2, 8, 4, 6, 1>>(),
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

// At most 12 sums of 16 registers.
constexpr NetworkKernels kNetwork =
    networkKernels<RowTiling<24, 4>, RowTiling<16, 6>, RowTiling<8, 8>>();

}  // namespace

const Kernels kAvx2Kernels = {"AVX2",
                              {kConvolutions, sizeof(kConvolutions) / sizeof(Convolution),
                               &stem<FloatProducts, 6, 2>, Operands::kF32},
                              {kInt8Convolutions, sizeof(kInt8Convolutions) / sizeof(Convolution),
                               &stem<Int8InFloats, 6, 2>, Operands::kInt8InFloats},
                              &maxPool,
                              &meanPool,
                              &kNetwork};

}  // namespace countenance::nn

#endif
