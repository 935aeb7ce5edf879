#ifdef __x86_64__

#include "nn/conv_kernel.h"
#include "nn/int8_products.h"
#include "nn/layer_kernels.h"
#include "nn/row_kernels.h"
#include "nn/winograd_kernel.h"

namespace countenance::nn {
namespace {

// At most 12 pixels x 2 vectors of 16 lanes: 24 sums of 32 registers; inputs are memory operands.
constexpr Convolution kConvolutions[] = {
    winogradConvolution<WinogradTiling<Winograd4, 35, 3, 9, 2>>(),
    convolution<Tiling<35, 2, 3, 9, 1, 2>>(),
    winogradConvolution<WinogradTiling<Winograd4, 17, 5, 9, 2>>(),
    convolution<Tiling<17, 2, 3, 8, 1, 2>>(),
    winogradConvolution<WinogradTiling<Winograd2, 8, 4, 8, 2>>(),
    convolution<Tiling<8, 2, 3, 3, 3, 2>>(),
    convolution<Tiling<3, 1, 3, 3, 3, 2>>(),
    convolution<Tiling<4, 1, 3, 4, 4, 1>>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>>(),
};

constexpr Convolution kInt8Convolutions[] = {
    convolution<Tiling<35, 1, 3, 12, 1, 2>, Int8InFloats>(),
    convolution<Tiling<35, 2, 3, 9, 1, 2>, Int8InFloats>(),
    convolution<Tiling<17, 1, 3, 9, 1, 2>, Int8InFloats>(),
    convolution<Tiling<17, 2, 3, 8, 1, 2>, Int8InFloats>(),
    convolution<Tiling<8, 1, 3, 4, 3, 2>, Int8InFloats>(),
    convolution<Tiling<8, 2, 3, 3, 3, 2>, Int8InFloats>(),
    convolution<Tiling<3, 1, 3, 3, 3, 2>, Int8InFloats>(),
    convolution<Tiling<4, 1, 3, 4, 4, 1>, Int8InFloats>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>, Int8InFloats>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>, Int8InFloats>(),
};

// At most 24 sums of 32 registers.
constexpr NetworkKernels kNetwork =
    networkKernels<RowTiling<48, 8>, RowTiling<32, 12>, RowTiling<24, 12>, RowTiling<16, 12>,
                   RowTiling<8, 12>>();

}  // namespace

const Kernels kAvx512Kernels = {"AVX-512",
                                {kConvolutions, sizeof(kConvolutions) / sizeof(Convolution),
                                 &stem<FloatProducts, 12, 2>, Operands::kF32},
                                {kInt8Convolutions, sizeof(kInt8Convolutions) / sizeof(Convolution),
                                 &stem<Int8InFloats, 12, 2>, Operands::kInt8InFloats},
                                &maxPool,
                                &meanPool,
                                &kNetwork};

}  // namespace countenance::nn

#endif
