#ifdef __x86_64__

#include "nn/bf16_products.h"
#include "nn/conv_kernel.h"
#include "nn/layer_kernels.h"
#include "nn/winograd_kernel.h"

namespace countenance::nn {
namespace {

// As in kernels_avx512.cpp: at most 12 pixels x 2 vectors of sums.
constexpr Convolution kConvolutions[] = {
    winogradConvolution<WinogradTiling<Winograd2, 35, 2, 12, 2>, Bf16Products>(),
    convolution<Tiling<35, 2, 3, 9, 1, 2>, Bf16Products>(),
    winogradConvolution<WinogradTiling<Winograd2, 17, 3, 9, 2>, Bf16Products>(),
    convolution<Tiling<17, 2, 3, 8, 1, 2>, Bf16Products>(),
    winogradConvolution<WinogradTiling<Winograd2, 8, 4, 8, 2>, Bf16Products>(),
    convolution<Tiling<8, 2, 3, 3, 3, 2>, Bf16Products>(),
    convolution<Tiling<3, 1, 3, 3, 3, 2>, Bf16Products>(),
    convolution<Tiling<4, 1, 3, 4, 4, 1>, Bf16Products>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>, Bf16Products>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>, Bf16Products>(),
};

}  // namespace

const ResNetKernels kAvx512Bf16Kernels = {kConvolutions,
                                          sizeof(kConvolutions) / sizeof(Convolution),
                                          &stem<Bf16Products, 12, 2>, Bf16Products::kOperands};

}  // namespace countenance::nn

#endif
