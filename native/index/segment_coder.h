#pragma once

#include <cstddef>
#include <cstdint>

#include "index/coded_segment.h"

namespace countenance {

/// The memory of one segment, to be coded. The meaning is SegmentView's.
struct SegmentRows {
  std::size_t count;
  std::size_t dimension;
  SegmentCodes* codes;
  float* mean;
  FloatRows vectors;
  std::uint8_t* high;
  std::uint8_t* low;
  std::size_t codeStride;
  RowMark* marks;
  FineMark* fineMarks;
  const std::uint64_t* written;
  std::uint64_t* loose;
};

/// Fits the segment's codes to its written rows, and codes them. Leaves it uncoded when the rows
/// are too large for that, or none is written.
void fitSegment(const SegmentRows& segment, const ScanKernels& kernels);

/// Codes one row of a coded segment with the segment's codes.
void codeSegmentRow(const SegmentRows& segment, std::size_t row, const ScanKernels& kernels);

}  // namespace countenance
