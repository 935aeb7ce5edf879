#pragma once

#include "index/scan_kernels.h"

// What every level's scans of codes have in common; in an unnamed namespace, as scan_vectors.h is.
// The including file has, before it includes this: std::int32_t dotOfRow(const std::uint8_t* row,
// std::size_t stride, const std::int8_t* query), the dot product of one row's nibbles.

namespace countenance {
namespace {

/// How many rows ahead a picked row's codes are fetched.
constexpr std::size_t kCodesAhead = 32;

inline bool passes(std::int32_t dot, RowMark mark, NearTest test) {
  const float least = static_cast<float>(mark.bias) * test.biasFactor +
                      (test.offset - static_cast<float>(mark.error) * test.errorFactor);
  return static_cast<float>(dot) >= least;
}

void dotsOf(CodeRows rows, const std::uint32_t* picked, std::size_t count, const std::int8_t* query,
            std::int32_t* dots) {
  const auto row = [&](std::size_t i) { return rows.first + picked[i] * rows.stride; };
  const auto fetch = [&](std::size_t i) {
    for (std::size_t at = 0; at < rows.stride; at += kChunkBytes)
      __builtin_prefetch(row(i) + at, 0, kSecondCache);
  };
  for (std::size_t i = 0; i < kCodesAhead && i < count; ++i) fetch(i);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kCodesAhead < count) fetch(i + kCodesAhead);
    dots[i] = dotOfRow(row(i), rows.stride, query);
  }
}

/// scan() of one row at a time.
inline void scanSingly(CodeRows rows, const RowMark* marks, std::size_t count,
                       const std::int8_t* query, NearTest test, std::uint64_t* near) {
  for (std::size_t start = 0; start < count; start += 64) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::size_t row = start + i;
      const std::int32_t dot = dotOfRow(rows.first + row * rows.stride, rows.stride, query);
      word |= static_cast<std::uint64_t>(passes(dot, marks[row], test)) << i;
    }
    near[start / 64] = word;
  }
}

}  // namespace
}  // namespace countenance
