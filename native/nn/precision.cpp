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

std::vector<const ResNetKernels*> resNetKernels(Precision precision, const Kernels& kernels) {
  std::vector<const ResNetKernels*> all;
  if (precision == Precision::kF32) all.push_back(&kernels.f32);
#ifdef __x86_64__
  if (&kernels == &kAvx512Kernels) {
    if (precision == Precision::kBf16 && __builtin_cpu_supports("avx512bf16")) {
      all.push_back(&kAvx512Bf16Kernels);
    }
    if (precision == Precision::kInt8 && __builtin_cpu_supports("avx512vnni")) {
      all.push_back(&kAvx512VnniKernels);
    }
  }
#endif
  if (precision == Precision::kInt8) all.push_back(&kernels.int8);
  return all;
}

bool supported(Precision precision, const Kernels& kernels) {
  return !resNetKernels(precision, kernels).empty();
}

}  // namespace countenance::nn
