#include "nn/precision.h"

#include "core/error.h"

namespace countenance::nn {

const char* nameOf(Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return "f32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  throw Error(ErrorCode::kInternal, "a precision without a name");
}

bool supported(Precision precision, const Kernels& /*kernels*/) {
  return precision == Precision::kF32;
}

}  // namespace countenance::nn
