#pragma once

#include <cstddef>

#include "index/pages.h"

namespace countenance {

/// Vectors of one dimension, as f32 and as codes of few bits, for RowScan.
///
/// Rows are numbered from 0 to capacity() - 1. They belong to segments of neighbours: when the last
/// row of a segment is first written, the segment's codes are fitted to the rows that it then has;
/// a row that is written later gets those codes. How a row is coded never shows in what is found.
///
/// No locks inside: write() and wipe() need the block for themselves, everything else may go on at
/// the same time.
class CodedBlock final {
 public:
  /// Rows of a block of this dimension (1..4096): a power of two from 64 to 16,384, so that its
  /// vectors are at most 8 MiB.
  static std::size_t capacityFor(std::size_t dimension);

  /// A block of wiped rows.
  /// @param hugePages  Worth it for all blocks but the first of a small index: see Pages.
  /// @throws Error kInvalidArgument for a dimension outside 1..4096, kInternal without memory.
  CodedBlock(std::size_t dimension, bool hugePages);

  std::size_t dimension() const { return dimension_; }
  std::size_t capacity() const { return capacity_; }

  /// @param vector  [dimension], finite; borrowed for this call. Any magnitude is found exactly,
  ///   also where the squares overflow.
  /// @throws Error kInvalidArgument for a row outside the block.
  void write(std::size_t row, const float* vector);

  /// Overwrites a row with zeros, in a way that the compiler may not drop. A scan may still find
  /// it, as a vector of zeros, until it is written again: whoever knows which rows live must pass
  /// over it.
  /// @throws Error kInvalidArgument for a row outside the block.
  void wipe(std::size_t row);

  /// [dimension], and zeros up to stride(). On a cache line of its own.
  /// @throws Error kInvalidArgument for a row outside the block.
  const float* vector(std::size_t row) const;

  /// Floats from one row to the next.
  std::size_t stride() const { return stride_; }

  /// What the block takes once all its rows have been written.
  std::size_t bytes() const { return pages_.size(); }

 private:
  float* at(std::size_t row) const;

  const std::size_t dimension_;
  const std::size_t stride_;
  const std::size_t capacity_;
  Pages pages_;
};

}  // namespace countenance
