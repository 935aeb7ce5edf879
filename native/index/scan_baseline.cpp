#include "index/scan_vectors.h"

namespace countenance {
namespace {

std::int32_t dotOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  std::int32_t dot = 0;
  for (std::size_t at = 0; at < stride; at += kChunkBytes) {
    for (std::size_t i = 0; i < kChunkBytes; ++i) {
      dot += (row[at + i] & 0xF) * query[2 * at + i];
      dot += (row[at + i] >> 4) * query[2 * at + kChunkBytes + i];
    }
  }
  return dot;
}

}  // namespace
}  // namespace countenance

#include "index/scan_nibbles.h"

namespace countenance {

const ScanKernels kBaselineScan = {"baseline", &distances, &distancesOf, &add,    &codeRow,
                                   &centre,    &codeQuery, &scanSingly,  &dotsOf, nullptr};

}  // namespace countenance
