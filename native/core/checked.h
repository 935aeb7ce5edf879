#pragma once

#include <cstddef>
#include <string>

#include "core/error.h"

namespace countenance {

/// Multiplies two sizes; throws kInvalidArgument instead of wrapping around.
inline std::size_t checkedMul(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    throw Error(ErrorCode::kInvalidArgument,
                "size overflow: " + std::to_string(a) + " x " + std::to_string(b));
  }
  return product;
}

}  // namespace countenance
