#include "index/unit_vectors.h"

#include <cmath>
#include <string>

#include "core/error.h"

namespace countenance {
namespace {

// Rounding each value by at most 2^-24 of it changes the length by at most 2^-24: twice that.
constexpr double kRounding = 1.0 / (1 << 23);

[[noreturn]] void reject(const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument, "vectors: expected " + expected);
}

}  // namespace

void makeUnit(Span<float> vectors, std::size_t dimension, double tolerance) {
  for (std::size_t start = 0; start < vectors.size(); start += dimension) {
    const Span<float> vector = vectors.subspan(start, dimension);
    // No square of a float is too large or too small for a double.
    double squared = 0;
    for (const float value : vector) squared += static_cast<double>(value) * value;
    const double length = std::sqrt(squared);
    if (!std::isfinite(length)) reject("finite values");
    if (length == 0) reject("another vector than zero, whose cosine is not defined");
    const double off = std::abs(length - 1);
    if (off <= kRounding) continue;
    if (off > tolerance) reject("vectors of length 1: the cosine of others is no inner product");
    for (float& value : vector) value = static_cast<float>(value / length);
  }
}

}  // namespace countenance
