#pragma once

#include "nn/row_convolution_kernel.h"
#include "nn/row_depthwise_kernel.h"

namespace countenance::nn {
namespace {

/// A level's kernels of layer-list networks; its tilings by groups of channels, largest first.
template <typename... Tilings>
constexpr NetworkKernels networkKernels() {
  return {kGroupSizes<Tilings...>, &convolveRows<Tilings...>, &depthwiseRow, &maximumRow};
}

}  // namespace
}  // namespace countenance::nn
