#pragma once

#include <cstddef>

#include "core/span.h"

namespace countenance {

/// Gives vectors length 1, in double precision: of two such vectors half the squared distance is
/// 1 - cosine. A vector whose length is 1 to the rounding of f32 stays as it is, bit for bit.
/// @param vectors    [n x dimension]
/// @param tolerance  By how much a length may differ from 1; infinity: by anything.
/// @throws Error kInvalidArgument for a vector of zeros, for values that are not finite, and for a
///   length that differs by more.
void makeUnit(Span<float> vectors, std::size_t dimension, double tolerance);

}  // namespace countenance
