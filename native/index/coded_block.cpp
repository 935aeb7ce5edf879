#include "index/coded_block.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"

namespace countenance {
namespace {

constexpr std::size_t kMaxDimension = 4096;
constexpr std::size_t kMaxRows = 16384;
constexpr std::size_t kMaxVectorBytes = std::size_t{8} << 20;
constexpr std::size_t kLeastCodedDimension = 64;
/// Vectors of a segment take 1 MiB, so that what is not yet full is scanned in 40 microseconds; but
/// enough of them that a mean and the coding of a query for it are worth their while.
constexpr std::size_t kSegmentBytes = std::size_t{1} << 20;
constexpr std::size_t kLeastSegmentRows = 512;
constexpr std::size_t kLine = 64;

std::size_t checkedDimension(std::size_t dimension) {
  if (dimension < 1 || dimension > kMaxDimension) {
    throw Error(ErrorCode::kInvalidArgument,
                "dimension: expected an integer in 1..4096, got " + std::to_string(dimension));
  }
  return dimension;
}

std::size_t roundUp(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

/// The largest power of two of rows that are at most so many bytes.
std::size_t rowsWithin(std::size_t bytes, std::size_t dimension) {
  const std::size_t rowBytes = roundUp(dimension, kRowLanes) * sizeof(float);
  std::size_t rows = kMaxRows;
  while (rows * rowBytes > bytes) rows /= 2;
  return rows;
}

/// Overwrites memory in a way that the compiler may not drop.
void zero(void* memory, std::size_t bytes) {
  std::memset(memory, 0, bytes);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

}  // namespace

std::size_t CodedBlock::capacityFor(std::size_t dimension) {
  return rowsWithin(kMaxVectorBytes, checkedDimension(dimension));
}

CodedBlock::Layout::Layout(std::size_t dimension, std::size_t capacity, std::size_t segmentRows)
    : codeStride(dimension < kLeastCodedDimension
                     ? 0
                     : roundUp(dimension, kChunkElements) / kChunkElements * kChunkBytes) {
  std::size_t at = 0;
  const auto take = [&at](std::size_t bytes) {
    const std::size_t start = at;
    at = roundUp(at + bytes, kLine);
    return start;
  };
  const std::size_t rowBytes = roundUp(dimension, kRowLanes) * sizeof(float);
  const std::size_t coded = codeStride == 0 ? 0 : capacity;
  // What is streamed comes first, as only whole huge pages are such.
  high = take(coded * codeStride);
  low = take(coded * codeStride);
  vectors = take(capacity * rowBytes);
  means = take(coded / segmentRows * rowBytes);
  marks = take(coded * sizeof(RowMark));
  fineMarks = take(coded * sizeof(FineMark));
  written = take(capacity / 8);
  loose = take(coded / 8);
  end = at;
}

CodedBlock::CodedBlock(std::size_t dimension, bool hugePages, const ScanKernels& kernels)
    : dimension_(checkedDimension(dimension)),
      stride_(roundUp(dimension, kRowLanes)),
      capacity_(capacityFor(dimension)),
      segmentRows_(
          std::min(capacity_, std::max(rowsWithin(kSegmentBytes, dimension), kLeastSegmentRows))),
      layout_(dimension, capacity_, segmentRows_),
      kernels_(kernels),
      segments_(capacity_ / segmentRows_),
      pages_(layout_.end, hugePages),
      written_(part<std::uint64_t>(layout_.written)) {}

void CodedBlock::checkRow(std::size_t row) const {
  if (row >= capacity_) {
    throw Error(ErrorCode::kInvalidArgument, "row: expected one of " + std::to_string(capacity_) +
                                                 ", got " + std::to_string(row));
  }
}

SegmentRows CodedBlock::rowsOf(std::size_t index) {
  const std::size_t first = index * segmentRows_;
  return {segmentRows_,
          dimension_,
          &segments_[index],
          part<float>(layout_.means) + index * stride_,
          {part<float>(layout_.vectors) + first * stride_, stride_},
          part<std::uint8_t>(layout_.high) + first * layout_.codeStride,
          part<std::uint8_t>(layout_.low) + first * layout_.codeStride,
          layout_.codeStride,
          part<RowMark>(layout_.marks) + first,
          part<FineMark>(layout_.fineMarks) + first,
          written_ + first / 64,
          part<std::uint64_t>(layout_.loose) + first / 64};
}

SegmentView CodedBlock::segment(std::size_t index) const {
  const std::size_t first = index * segmentRows_;
  return {&segments_[index],
          part<float>(layout_.means) + index * stride_,
          {part<float>(layout_.vectors) + first * stride_, stride_},
          {part<std::uint8_t>(layout_.high) + first * layout_.codeStride, layout_.codeStride},
          {part<std::uint8_t>(layout_.low) + first * layout_.codeStride, layout_.codeStride},
          part<RowMark>(layout_.marks) + first,
          part<FineMark>(layout_.fineMarks) + first,
          written_ + first / 64,
          part<std::uint64_t>(layout_.loose) + first / 64};
}

void CodedBlock::write(std::size_t row, const float* vector) {
  checkRow(row);
  std::copy_n(vector, dimension_, part<float>(layout_.vectors) + row * stride_);
  written_[row / 64] |= std::uint64_t{1} << (row % 64);
  if (layout_.codeStride == 0) return;
  const SegmentRows segment = rowsOf(row / segmentRows_);
  if (segment.codes->coded) {
    codeSegmentRow(segment, row % segmentRows_, kernels_);
    const std::size_t fits = segment.codes->looseWhenFitted + segmentRows_ / 8;
    if (segment.codes->loose <= fits) return;
  } else if (row % segmentRows_ != segmentRows_ - 1) {
    return;
  }
  fitSegment(segment, kernels_);
}

void CodedBlock::wipe(std::size_t row) {
  checkRow(row);
  zero(part<float>(layout_.vectors) + row * stride_, stride_ * sizeof(float));
  written_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  if (layout_.codeStride == 0) return;
  const SegmentRows segment = rowsOf(row / segmentRows_);
  const std::size_t at = row % segmentRows_;
  zero(segment.high + at * segment.codeStride, segment.codeStride);
  zero(segment.low + at * segment.codeStride, segment.codeStride);
  zero(segment.marks + at, sizeof(RowMark));
  zero(segment.fineMarks + at, sizeof(FineMark));
}

const float* CodedBlock::vector(std::size_t row) const {
  checkRow(row);
  return part<float>(layout_.vectors) + row * stride_;
}

}  // namespace countenance
