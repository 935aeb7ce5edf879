#pragma once

#include <cstddef>
#include <vector>

#include "core/span.h"
#include "nn/aligned_floats.h"
#include "nn/network_kernels.h"

namespace countenance::nn {

/// A convolution's weights in the order in which RowConvolutionJob reads them.
struct PackedRows {
  AlignedFloats weights;
  std::vector<std::size_t> groups;
};

/// @param weights     [outputs][kernel][kernel][inputs]
/// @param pixelSize   Floats of an input pixel; what is behind its channels gets zeros.
PackedRows packRows(Span<const float> weights, std::size_t outputs, std::size_t kernel,
                    std::size_t inputs, std::size_t pixelSize, const NetworkKernels& kernels);

/// Rows of `channels` values, each padded with zeros to `pixelSize`.
AlignedFloats padded(Span<const float> values, std::size_t channels, std::size_t pixelSize);

}  // namespace countenance::nn
