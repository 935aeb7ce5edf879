#include "nn/kernels.h"

namespace countenance::nn {

std::size_t convolutionScratch(const Convolution& convolution, std::size_t inBlocks) {
  if (convolution.results == 0) {
    // The input as operands; no kind is larger than floats.
    const std::size_t side = convolution.inSide + 2;
    return convolution.operands == Operands::kF32 ? 0 : inBlocks * side * side * kBlock;
  }
  const std::size_t strip = convolution.stripTiles * kBlock;
  const std::size_t window = convolution.results + 2;
  return window * window * ((inBlocks + convolution.groupBlocks) * strip + 2 * kBlock);
}

std::vector<const Kernels*> availableKernels() {
  std::vector<const Kernels*> all;
#ifdef __x86_64__
  // The psABI's levels: what -march=x86-64-v2 ... -v4 may use (CMakeLists.txt).
  if (__builtin_cpu_supports("x86-64-v4")) all.push_back(&kAvx512Kernels);
  if (__builtin_cpu_supports("x86-64-v3")) all.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("x86-64-v2")) all.push_back(&kSse4Kernels);
#endif
#ifdef __aarch64__
  all.push_back(&kNeonKernels);  // part of the architecture
#endif
  all.push_back(&kBaselineKernels);
  return all;
}

const Kernels& bestKernels() { return *availableKernels().front(); }

}  // namespace countenance::nn
