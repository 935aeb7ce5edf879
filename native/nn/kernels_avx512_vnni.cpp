#ifdef __x86_64__

#include "nn/conv_kernel.h"
#include "nn/layer_kernels.h"
#include "nn/vnni_products.h"

namespace countenance::nn {
namespace {

// As in kernels_avx512.cpp: at most 12 pixels x 2 vectors of sums.
constexpr Convolution kConvolutions[] = {
    convolution<Tiling<35, 1, 3, 12, 1, 2>, VnniProducts>(),
    convolution<Tiling<35, 2, 3, 9, 1, 2>, VnniProducts>(),
    convolution<Tiling<17, 1, 3, 9, 1, 2>, VnniProducts>(),
    convolution<Tiling<17, 2, 3, 8, 1, 2>, VnniProducts>(),
    convolution<Tiling<8, 1, 3, 8, 1, 2>, VnniProducts>(),
    convolution<Tiling<8, 2, 3, 3, 3, 2>, VnniProducts>(),
    convolution<Tiling<3, 1, 3, 3, 3, 2>, VnniProducts>(),
    convolution<Tiling<4, 1, 3, 4, 1, 4>, VnniProducts>(),
    convolution<Tiling<4, 2, 3, 1, 1, 4>, VnniProducts>(),
    convolution<Tiling<1, 1, 1, 1, 1, 4>, VnniProducts>(),
};

}  // namespace

const ResNetKernels kAvx512VnniKernels = {kConvolutions,
                                          sizeof(kConvolutions) / sizeof(Convolution),
                                          &stem<VnniProducts, 12, 2>, VnniProducts::kOperands};

}  // namespace countenance::nn

#endif
