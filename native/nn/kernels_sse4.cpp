#ifdef __x86_64__

#include "nn/conv_kernel.h"
#include "nn/int8_products.h"
#include "nn/layer_kernels.h"
#include "nn/row_kernels.h"
#include "nn/winograd_kernel.h"

namespace countenance::nn {
namespace {

// At most 3 pixels x 4 vectors of 4 lanes: 12 sums of 16 registers.
constexpr Convolution kConvolutions[] = {
    winogradConvolution<WinogradTiling<Winograd4, 35, 3, 3, 1>>(),
    convolution<Tiling<35, 2, 3, 3, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd4, 17, 5, 3, 1>>(),
    convolution<Tiling<17, 2, 3, 2, 1, 1>>(),
    winogradConvolution<WinogradTiling<Winograd2, 8, 4, 3, 1>>(),
    convolution<Tiling<8, 2, 3, 3, 1, 1>>(),
    convolution<Tiling<3, 1, 3, 3, 1, 1>>(),
    convolution<Tiling<4, 1, 3, 2, 1, 1>>(),
    convolution<Tiling<4, 2, 3, 1, 1, 2>>(),
    convolution<Tiling<1, 1, 1, 1, 1, 2>>(),
};

constexpr Convolution kInt8Convolutions[] = {
    convolution<Tiling<35, 1, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<35, 2, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<17, 1, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<17, 2, 3, 2, 1, 1>, Int8InFloats>(),
    convolution<Tiling<8, 1, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<8, 2, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<3, 1, 3, 3, 1, 1>, Int8InFloats>(),
    convolution<Tiling<4, 1, 3, 2, 1, 1>, Int8InFloats>(),
    convolution<Tiling<4, 2, 3, 1, 1, 2>, Int8InFloats>(),
    convolution<Tiling<1, 1, 1, 1, 1, 2>, Int8InFloats>(),
};

// At most 12 sums of 16 registers.
constexpr NetworkKernels kNetwork = networkKernels<RowTiling<8, 6>>();

}  // namespace

const Kernels kSse4Kernels = {"SSE4",
                              {kConvolutions, sizeof(kConvolutions) / sizeof(Convolution),
                               &stem<FloatProducts, 3, 4>, Operands::kF32},
                              {kInt8Convolutions, sizeof(kInt8Convolutions) / sizeof(Convolution),
                               &stem<Int8InFloats, 3, 4>, Operands::kInt8InFloats},
                              &maxPool,
                              &meanPool,
                              &kNetwork};

}  // namespace countenance::nn

#endif
