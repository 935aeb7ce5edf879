#pragma once

#include <cstddef>

#include "core/span.h"
#include "nn/aligned_floats.h"
#include "nn/kernels.h"

namespace countenance::nn {

/// Input channels that share a lane of a vector: their weights lie side by side.
std::size_t perLane(Operands operands);

/// A layer's weights as its operands, in the order in which it reads them.
struct PackedWeights {
  AlignedBytes weights;
  AlignedFloats steps;  ///< int8 alone: what a step of a weight is worth, per output channel.
};

/// Direct, with a kernel of 1 x 1 the centre alone, as that is all that a padded window sees of a
/// map of one pixel: [out group][in block][kernel][kernel][16 in / lane][the group's
/// channels][lane] Winograd, transformed: [out group][product][in / lane][the group's
/// channels][lane].
///
/// @param weights  [outputs][inputs][3][3]; inputs a multiple of 16, outputs of a group's channels.
PackedWeights packConvolution(Span<const float> weights, std::size_t inputs, std::size_t outputs,
                              const Convolution& convolution);

/// The first layer with the input's normalisation in its weights (StemJob): it is linear and
/// nothing is padded, so (rgb - mean) / divisor moves into weights and bias.
/// [7][21 / lane, rounded up][kStemChannels][lane]: taps by row, column and colour.
struct PackedStem {
  PackedWeights packed;
  AlignedFloats bias;
};

/// @param weights  [kStemChannels][3][7][7]
PackedStem packStem(Span<const float> weights, Span<const float> bias, Span<const float> mean,
                    float divisor, Operands operands);

/// The transpose of a matrix of `rows` rows.
AlignedFloats transposed(Span<const float> matrix, std::size_t rows);

AlignedFloats aligned(Span<const float> values);

}  // namespace countenance::nn
