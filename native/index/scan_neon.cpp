#ifdef __aarch64__

#include <arm_neon.h>

#include "index/scan_vectors.h"

namespace countenance {
namespace {

std::int32_t dotOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  int32x4_t sum = vdupq_n_s32(0);
  for (std::size_t at = 0; at < stride; at += kChunkBytes) {
    // Eight products of at most 15 * 127 a lane: far from what 16 bits hold.
    int16x8_t part = vdupq_n_s16(0);
    int16x8_t other = vdupq_n_s16(0);
    for (std::size_t i = 0; i < kChunkBytes; i += 16) {
      const uint8x16_t codes = vld1q_u8(row + at + i);
      const int8x16_t first = vreinterpretq_s8_u8(vandq_u8(codes, vdupq_n_u8(15)));
      const int8x16_t second = vreinterpretq_s8_u8(vshrq_n_u8(codes, 4));
      const int8x16_t forFirst = vld1q_s8(query + 2 * at + i);
      const int8x16_t forSecond = vld1q_s8(query + 2 * at + kChunkBytes + i);
      part = vmlal_s8(part, vget_low_s8(first), vget_low_s8(forFirst));
      part = vmlal_s8(part, vget_low_s8(second), vget_low_s8(forSecond));
      other = vmlal_high_s8(other, first, forFirst);
      other = vmlal_high_s8(other, second, forSecond);
    }
    sum = vpadalq_s16(vpadalq_s16(sum, part), other);
  }
  return vaddvq_s32(sum);
}

}  // namespace
}  // namespace countenance

#include "index/scan_nibbles.h"

namespace countenance {

const ScanKernels kNeonScan = {"NEON",  &distances, &distancesOf, &add,    &codeRow,
                               &centre, &codeQuery, &scanSingly,  &dotsOf, nullptr};

}  // namespace countenance

#endif
