#pragma once

#include <cstddef>
#include <cstdint>

#include "index/scan_kernels.h"

// Why no row is lost: the proof of the bounds.
//
// A segment has a mean m and a step s. A row x is coded as c: x ~ m + c, where c is what its codes
// say, of 4 or of 8 bits; kept with it is an upper bound E of |x - m - c|. A query q is coded with
// a step of its own as p: q ~ m + p, and e is an upper bound of |q - m - p|. By the triangle
// inequality |q - x| >= |p - c| - e - E. A row is wanted when the computed squared distance is at
// most b; then the true one is at most r with
//
//   r^2 = (b + 2^-137) (1 + (n + 8) 2^-23)     n = padded dimension / 16
//
// as the computation rounds a term up to 3 times and adds it in n + 4 steps, each time by a factor
// of at most 1 +- 2^-24, and each of 4096 squares loses at most 2^-149 where it is subnormal. (A
// computed +inf is never at most b, unless b is +inf: then all rows are compared.) So a row may be
// dropped when |p - c| > R + E with R = r + e, that is, squared, when
//
//   |p|^2 - 2 <p, c> + (|c|^2 - E^2) > R^2 + 2 R E
//
// With B = |c|^2 - E^2, c = s (code - half) and p = t k (k whole numbers), it may be near when
//
//   <k, code> >= (|p|^2 - R^2 + B - 2 R E) / (2 s t) + half sum(k)
//
// where the left side is an exact integer. On the right the kernels compute in f32: four products
// and sums of numbers of at most M = max B, max 2RE and the rest, which err by less than M 2^-20;
// that is taken off. B is rounded down and E up wherever they are rounded, which only lowers it.
//
// E and e: every decoded number is exact in f32, as steps have 12 significant bits. v = x - m is
// rounded once, by |v| 2^-24, and v - c once; so |x - m - c| <= |computed v - c| (1 + 2^-23) +
// |v| 2^-23, and the sums of squares are computed with a relative error below (n + 8) 2^-23, plus
// 2^-130 where squares are subnormal.

namespace countenance {

/// What a row's codes of 8 bits need beside them.
struct FineMark {
  float bias;   ///< B, rounded down. -inf: the codes say nothing about the row.
  float error;  ///< E, rounded up.
};

/// What the rows of a segment share.
struct SegmentCodes {
  bool coded = false;
  std::size_t loose = 0;  ///< Rows about which the codes say nothing.
  std::size_t looseWhenFitted = 0;
  float step = 0;  ///< Of 8 bits; that of 4 bits is 16 times as large.
  // A row's mark means: B >= biasBase + bias * biasStep, E <= error * errorStep.
  float biasBase = 0;
  float biasStep = 0;
  float errorStep = 0;
};

/// A segment as a scan sees it.
struct SegmentView {
  const SegmentCodes* codes;
  const float* mean;  ///< [padded]
  FloatRows vectors;  ///< Of the segment's rows, as all below.
  CodeRows high;
  CodeRows low;
  const RowMark* marks;
  const FineMark* fineMarks;
  const std::uint64_t* written;  ///< A bit per row.
  const std::uint64_t* loose;    ///< The same.
};

/// The root of a computed sum of squares of numbers in `groups` groups of 16: not below the true
/// one.
double rootAbove(float sum, std::size_t groups);

/// Such a sum: not above the true one, which is not subnormal.
double sumBelow(float sum, std::size_t groups);

/// A bound of the true distance of rows whose computed squared distance is at most `squared`.
double distanceAbove(float squared, std::size_t groups);

/// |v - c| from what was computed of |v - c| and |v|, both as sums of squares.
double codingErrorAbove(float errorSum, float offsetSum, std::size_t groups);

/// The next step that is not smaller and has 12 significant bits.
float roundedStep(double step);

}  // namespace countenance
