#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "index/coded_block.h"
#include "index/row_scan.h"

// What the tests of the scans share: vectors, a sink that keeps the k nearest, and the plain truth.

namespace countenance::test {

using Rows = std::vector<std::vector<float>>;
using Near = std::pair<float, std::uint32_t>;  ///< Squared distance and row.

/// The k nearest rows, ties by row; or everything within a distance.
class NearestRows final : public NearRowSink {
 public:
  explicit NearestRows(std::size_t k, float most = std::numeric_limits<float>::infinity())
      : k_(k), most_(most) {}

  float bound() const override { return found_.size() < k_ ? most_ : found_.back().first; }

  void take(std::uint32_t row, float squared) override {
    taken.push_back({squared, row});
    const Near entry{squared, row};
    found_.insert(std::upper_bound(found_.begin(), found_.end(), entry), entry);
    if (found_.size() > k_) found_.pop_back();
  }

  const std::vector<Near>& found() const { return found_; }

  std::vector<Near> taken;

 private:
  const std::size_t k_;
  const float most_;
  std::vector<Near> found_;
};

/// What ScanKernels::distances says of itself, written down a second time, without padding.
inline float plainDistance(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> sums(16, 0.0F);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float difference = a[i] - b[i];
    const float square = difference * difference;
    sums[i % 16] = sums[i % 16] + square;
  }
  while (sums.size() > 1) {
    const std::size_t half = sums.size() / 2;
    for (std::size_t j = 0; j < half; ++j) sums[j] = sums[j] + sums[j + half];
    sums.resize(half);
  }
  return sums[0];
}

/// The answer that a scan must give.
inline std::vector<Near> plainNearest(const Rows& rows, const std::vector<float>& query,
                                      std::size_t k, const std::vector<std::uint32_t>& among) {
  std::vector<Near> all;
  for (const std::uint32_t row : among) all.push_back({plainDistance(query, rows[row]), row});
  std::sort(all.begin(), all.end());
  if (all.size() > k) all.resize(k);
  return all;
}

inline std::vector<std::uint32_t> firstRows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<std::uint32_t>(i);
  return rows;
}

/// Sums of four uniform numbers, which are nearly normal, with this deviation. (The library's
/// normal distribution took most of the tests' time under the sanitizers.)
inline Rows gaussian(std::size_t count, std::size_t dimension, unsigned seed, float scale = 0.1F) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  Rows rows(count, std::vector<float>(dimension));
  for (auto& row : rows) {
    for (float& value : row) {
      state ^= state << 13;  // xorshift64
      state ^= state >> 7;
      state ^= state << 17;
      const std::uint64_t sum =
          (state & 0xFFFF) + (state >> 16 & 0xFFFF) + (state >> 32 & 0xFFFF) + (state >> 48);
      value = (static_cast<float>(sum) / 65536 - 2) * 1.7320508F * scale;
    }
  }
  return rows;
}

/// A block of these rows, from its first on.
inline std::unique_ptr<CodedBlock> blockOf(const Rows& rows,
                                           const ScanKernels& kernels = bestScanKernels()) {
  auto block = std::make_unique<CodedBlock>(rows.front().size(), false, kernels);
  for (std::size_t i = 0; i < rows.size(); ++i) block->write(i, rows[i].data());
  return block;
}

}  // namespace countenance::test
