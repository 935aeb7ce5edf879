#include "index/pages.h"

#include <sys/mman.h>

#include <cstdint>

#include "core/checked.h"
#include "core/error.h"

namespace countenance {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::size_t roundUp(std::size_t value, std::size_t step) {
  return checkedMul((value + step - 1) / step, step);
}

}  // namespace

Pages::Pages(std::size_t bytes, bool huge) : size_(roundUp(bytes, kPageBytes)) {
  const std::size_t spare = huge ? kHugePageBytes : 0;
  void* const mapped =
      mmap(nullptr, size_ + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw Error(ErrorCode::kInternal, "out of memory");
  data_ = static_cast<std::byte*>(mapped);
  if (!huge) return;
  // More was mapped than is needed, to have an edge of a huge page in it: the rest goes back.
  const auto start = reinterpret_cast<std::uintptr_t>(mapped);
  const std::size_t before = (kHugePageBytes - start % kHugePageBytes) % kHugePageBytes;
  if (before > 0) munmap(data_, before);
  data_ += before;
  if (spare > before) munmap(data_ + size_, spare - before);
#ifdef MADV_HUGEPAGE
  // The part that fills no huge page stays on ordinary ones. A refusal costs speed alone.
  madvise(data_, size_ / kHugePageBytes * kHugePageBytes, MADV_HUGEPAGE);
#endif
}

Pages::~Pages() { munmap(data_, size_); }

}  // namespace countenance
