#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/coded_segment.h"
#include "index/pages.h"
#include "index/segment_coder.h"

namespace countenance {

/// Vectors of one dimension, as f32 and as codes of few bits, for RowScan.
///
/// Rows are numbered from 0 to capacity() - 1. They belong to segments of neighbours: when the last
/// row of a segment is first written, the segment's codes are fitted to the rows that it then has;
/// a row that is written later gets those codes, until an eighth of the rows does not fit them. How
/// a row is coded never shows in what is found. Vectors of fewer than 64 dimensions are not coded:
/// they are hardly larger than their codes would be.
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
  /// @param kernels  What codes the rows.
  /// @throws Error kInvalidArgument for a dimension outside 1..4096, kInternal without memory.
  CodedBlock(std::size_t dimension, bool hugePages, const ScanKernels& kernels = bestScanKernels());

  std::size_t dimension() const { return dimension_; }
  std::size_t capacity() const { return capacity_; }

  /// @param vector  [dimension], finite; borrowed for this call. Any magnitude is found exactly,
  ///   also where the squares overflow.
  /// @throws Error kInvalidArgument for a row outside the block.
  void write(std::size_t row, const float* vector);

  /// Overwrites all that is known of a row with zeros, in a way that the compiler may not drop. No
  /// scan finds it until it is written again.
  /// @throws Error kInvalidArgument for a row outside the block.
  void wipe(std::size_t row);

  /// [dimension], and zeros up to stride(). On a cache line of its own.
  /// @throws Error kInvalidArgument for a row outside the block.
  const float* vector(std::size_t row) const;

  /// Floats from one row to the next.
  std::size_t stride() const { return stride_; }

  /// What the block takes once all its rows have been written.
  std::size_t bytes() const { return pages_.size(); }

  /// Rows of a segment: a power of two from 64 on. The last segment of a block is as large as all.
  std::size_t segmentRows() const { return segmentRows_; }
  SegmentView segment(std::size_t index) const;
  bool isWritten(std::size_t row) const { return (written_[row / 64] >> (row % 64) & 1) != 0; }

 private:
  /// Where each part starts in the pages.
  struct Layout {
    Layout(std::size_t dimension, std::size_t capacity, std::size_t segmentRows);
    std::size_t codeStride;  // 0: no codes
    std::size_t high, low, vectors, means, marks, fineMarks, written, loose, end;
  };

  template <typename T>
  T* part(std::size_t offset) const {
    return reinterpret_cast<T*>(pages_.data() + offset);
  }
  void checkRow(std::size_t row) const;
  SegmentRows rowsOf(std::size_t index);

  const std::size_t dimension_;
  const std::size_t stride_;
  const std::size_t capacity_;
  const std::size_t segmentRows_;
  const Layout layout_;
  const ScanKernels& kernels_;
  std::vector<SegmentCodes> segments_;
  Pages pages_;
  std::uint64_t* const written_;  // in pages_: a bit per row
};

}  // namespace countenance
