#include "index/segment_coder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace countenance {
namespace {

/// How many standard deviations the codes reach to either side: measured best for a step that 4 and
/// 8 bits share. What is farther out has a larger error of its own.
constexpr double kReach = 3.2;
constexpr double kHalfRange = 128;
/// Rows this much longer than half of them, squared, have no say in the mean.
constexpr float kOutlier = 16;
constexpr double kSmallestStep = 0x1p-40;
constexpr double kLargestStep = 0x1p40;
constexpr double kMarkSteps = 65535;
/// A row that is written later may err by so many times the largest error of those fitted to.
constexpr double kSpareError = 4;

bool has(const std::uint64_t* bits, std::size_t row) {
  return (bits[row / 64] >> (row % 64) & 1) != 0;
}

const float* vectorOf(const SegmentRows& segment, std::size_t row) {
  return segment.vectors.first + row * segment.vectors.stride;
}

/// B and E of 4 bits and of 8, in f32: B rounded down, E up.
struct Bounds {
  FineMark coarse;
  FineMark fine;
};

FineMark markOf(float codeSum, float errorSum, float offsetSum, std::size_t groups) {
  const double error = codingErrorAbove(errorSum, offsetSum, groups);
  const double bias = sumBelow(codeSum, groups) - error * error;
  const float infinity = std::numeric_limits<float>::infinity();
  if (!std::isfinite(bias)) return {-infinity, 0};
  return {std::nextafter(static_cast<float>(bias), -infinity),
          std::nextafter(static_cast<float>(error), infinity)};
}

Bounds codeRow(const SegmentRows& segment, std::size_t row, const ScanKernels& kernels) {
  const std::size_t at = row * segment.codeStride;
  const CodingSums sums = kernels.codeRow(vectorOf(segment, row), segment.mean, segment.dimension,
                                          segment.codes->step, segment.high + at, segment.low + at);
  const std::size_t groups = segment.vectors.stride / kRowLanes;
  return {markOf(sums.coarse, sums.coarseError, sums.offset, groups),
          markOf(sums.fine, sums.fineError, sums.offset, groups)};
}

/// Writes a row's marks, or that the codes say nothing about it.
void mark(const SegmentRows& segment, std::size_t row, const Bounds& bounds) {
  SegmentCodes& codes = *segment.codes;
  const double bias =
      std::floor((static_cast<double>(bounds.coarse.bias) - codes.biasBase) / codes.biasStep) - 1;
  const double error = std::ceil(static_cast<double>(bounds.coarse.error) / codes.errorStep) + 1;
  std::uint64_t& word = segment.loose[row / 64];
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  codes.loose -= has(segment.loose, row) ? 1 : 0;
  word &= ~bit;
  if (bias >= 0 && error <= kMarkSteps && std::isfinite(bounds.fine.bias)) {
    segment.marks[row] = {static_cast<std::uint16_t>(std::min(bias, kMarkSteps)),
                          static_cast<std::uint16_t>(error)};
    segment.fineMarks[row] = bounds.fine;
    return;
  }
  word |= bit;
  ++codes.loose;
  segment.marks[row] = {0, 0};
  segment.fineMarks[row] = {-std::numeric_limits<float>::infinity(), 0};
}

using Numbers = std::vector<std::size_t>;

void meanOf(const SegmentRows& segment, const Numbers& rows, const ScanKernels& kernels) {
  const std::size_t padded = segment.vectors.stride;
  std::fill_n(segment.mean, padded, 0.0F);
  for (const std::size_t row : rows) kernels.add(vectorOf(segment, row), padded, segment.mean);
  for (std::size_t i = 0; i < padded; ++i) segment.mean[i] /= static_cast<float>(rows.size());
}

/// Squared lengths of the rows, without the mean.
std::vector<float> lengthsOf(const SegmentRows& segment, const Numbers& rows,
                             const ScanKernels& kernels) {
  std::vector<float> lengths(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    kernels.distances(segment.mean, {vectorOf(segment, rows[i]), segment.vectors.stride}, 1,
                      &lengths[i]);
  }
  return lengths;
}

float medianOf(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Sets the mean; returns the median of the rows' squared lengths without it. A few rows far out
/// shall not spoil the codes of all others.
float centre(const SegmentRows& segment, const Numbers& rows, const ScanKernels& kernels) {
  meanOf(segment, rows, kernels);
  const std::vector<float> lengths = lengthsOf(segment, rows, kernels);
  const float median = medianOf(lengths);
  if (!(*std::max_element(lengths.begin(), lengths.end()) > kOutlier * median)) return median;
  Numbers near;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (lengths[i] <= kOutlier * median) near.push_back(rows[i]);
  }
  meanOf(segment, near, kernels);
  return medianOf(lengthsOf(segment, near, kernels));
}

}  // namespace

void fitSegment(const SegmentRows& segment, const ScanKernels& kernels) {
  SegmentCodes& codes = *segment.codes;
  codes = SegmentCodes();
  std::fill_n(segment.loose, (segment.count + 63) / 64, 0);
  Numbers rows;
  for (std::size_t row = 0; row < segment.count; ++row) {
    if (has(segment.written, row)) rows.push_back(row);
  }
  if (rows.empty()) return;
  const double length = centre(segment, rows, kernels);
  const double deviation = std::sqrt(length / static_cast<double>(segment.dimension));
  const double step = std::max(kReach * deviation / kHalfRange, kSmallestStep);
  if (!(step <= kLargestStep)) return;
  codes.step = roundedStep(step);

  std::vector<Bounds> bounds;
  bounds.reserve(rows.size());
  float mostBias = 0;
  float mostError = 0;
  for (const std::size_t row : rows) {
    bounds.push_back(codeRow(segment, row, kernels));
    const FineMark& coarse = bounds.back().coarse;
    mostBias = std::max(mostBias, coarse.bias);
    // The typical error sets the scale: a row far out may stay without a code.
    if (std::isfinite(coarse.bias)) mostError = std::max(mostError, coarse.error);
  }
  std::vector<float> errors;
  for (const Bounds& one : bounds) errors.push_back(one.coarse.error);
  mostError = std::min(mostError, 16 * medianOf(std::move(errors)));
  codes.errorStep = static_cast<float>(kSpareError * mostError / kMarkSteps);
  codes.biasBase = -2 * mostError * mostError;
  codes.biasStep = static_cast<float>((2.0 * mostBias - 2.0 * codes.biasBase) / kMarkSteps);
  codes.coded = true;
  for (std::size_t i = 0; i < rows.size(); ++i) mark(segment, rows[i], bounds[i]);
  codes.looseWhenFitted = codes.loose;
}

void codeSegmentRow(const SegmentRows& segment, std::size_t row, const ScanKernels& kernels) {
  mark(segment, row, codeRow(segment, row, kernels));
}

}  // namespace countenance
