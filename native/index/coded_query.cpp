#include "index/coded_query.h"

#include <cmath>
#include <limits>

namespace countenance {
namespace {

constexpr double kCodeSteps = 127;
/// Keeps all sums of squares finite, and steps normal numbers.
constexpr float kLargest = 0x1p50F;
constexpr double kSmallestStep = 0x1p-60;

/// What the arithmetic of doubles may lose of numbers of this size, with room to spare.
double lost(double size) { return size * 0x1p-40; }

}  // namespace

CodedQuery::CodedQuery(std::size_t dimension)
    : groups_((dimension + kRowLanes - 1) / kRowLanes),
      centred_(groups_ * kRowLanes),
      codes_((dimension + kChunkElements - 1) / kChunkElements * kChunkElements) {}

bool CodedQuery::code(const float* query, const SegmentView& segment, const ScanKernels& kernels) {
  const float most = kernels.centre(query, segment.mean, centred_.size(), centred_.data());
  if (!(most <= kLargest)) return false;
  const float step = roundedStep(std::fmax(most / kCodeSteps, kSmallestStep));
  const QuerySums sums = kernels.codeQuery(centred_.data(), centred_.size(), step, codes_.data());
  segment_ = segment.codes;
  step_ = step;
  sum_ = sums.sum;
  squares_ = step_ * step_ * sums.squares;
  error_ = codingErrorAbove(sums.error, sums.offset, groups_);
  return true;
}

bool CodedQuery::setBound(float squared) {
  const double reach = distanceAbove(squared, groups_) + error_;
  const double rest = squares_ - reach * reach;
  const double size = squares_ + reach * reach;

  const double coarseUnit = 1 / (2 * 16.0 * segment_->step * step_);
  const double biasFactor = segment_->biasStep * coarseUnit;
  const double errorFactor = 2 * reach * segment_->errorStep * coarseUnit;
  const double offset = (rest + segment_->biasBase) * coarseUnit + 7.5 * sum_;
  // 65,535 is the largest bias and error; f32 loses less than 2^-20 of the terms, or of what is
  // subnormal.
  const double terms = 65535 * (biasFactor + errorFactor) + std::fabs(offset) + 0x1p-100;
  const double least = offset - terms * 0x1p-20 -
                       lost(size + std::fabs(segment_->biasBase)) * coarseUnit -
                       lost(std::fabs(sum_));
  coarse_ = {static_cast<float>(biasFactor), static_cast<float>(errorFactor),
             static_cast<float>(least)};

  fineFactor_ = 1 / (2.0 * segment_->step * step_);
  fineReach_ = 2 * reach;
  fineOffset_ = rest * fineFactor_ + 127.5 * sum_ - lost(127.5 * std::fabs(sum_)) -
                lost(2 * size) * fineFactor_;
  return std::isfinite(coarse_.biasFactor) && std::isfinite(coarse_.errorFactor) &&
         std::isfinite(coarse_.offset) && std::isfinite(fineOffset_);
}

}  // namespace countenance
