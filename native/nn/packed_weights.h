#pragma once

#include <cstddef>

#include "core/span.h"
#include "nn/aligned_floats.h"
#include "nn/kernels.h"

namespace countenance::nn {

/// A convolution's weights in the order in which it reads them. Direct, with a kernel of 1 x 1 the
/// centre alone, as that is all that a padded window sees of a map of one pixel:
/// [out group][in block][kernel][kernel][16 in][the group's channels].
/// Winograd, transformed: [out group][product][in][the group's channels].
///
/// @param weights  [outputs][inputs][3][3]; inputs a multiple of 16, outputs of a group's channels.
AlignedFloats packConvolution(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                              const Convolution& convolution);

/// The first layer with the input's normalisation in its weights (StemJob): it is linear and
/// nothing is padded, so (rgb - mean) / divisor moves into weights and bias.
struct PackedStem {
  AlignedFloats weights;
  AlignedFloats bias;
};

/// @param weights  [kStemChannels][3][7][7]
PackedStem packStem(Span<const float> weights, Span<const float> bias, Span<const float> mean,
                    float divisor);

/// The transpose of a matrix of `rows` rows.
AlignedFloats transposed(Span<const float> matrix, std::size_t rows);

AlignedFloats aligned(Span<const float> values);

}  // namespace countenance::nn
