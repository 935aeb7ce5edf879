#include "index/scan_kernels.h"

namespace countenance {

std::vector<const ScanKernels*> availableScanKernels() {
  std::vector<const ScanKernels*> all;
#ifdef __x86_64__
  // The psABI's levels: what -march=x86-64-v3 and -v4 may use (CMakeLists.txt).
  if (__builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni")) {
    all.push_back(&kAvx512VnniScan);
  }
  if (__builtin_cpu_supports("x86-64-v3")) all.push_back(&kAvx2Scan);
#endif
#ifdef __aarch64__
  all.push_back(&kNeonScan);  // part of the architecture
#endif
  all.push_back(&kBaselineScan);
  return all;
}

const ScanKernels& bestScanKernels() { return *availableScanKernels().front(); }

}  // namespace countenance
