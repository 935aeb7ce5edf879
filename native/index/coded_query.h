#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/coded_segment.h"

namespace countenance {

/// A query as the codes of one segment see it; the next segment takes its place.
class CodedQuery final {
 public:
  explicit CodedQuery(std::size_t dimension);

  /// Codes the query around the segment's mean.
  /// @param query  [padded to groups of kRowLanes]
  /// @returns whether its size allows it.
  bool code(const float* query, const SegmentView& segment, const ScanKernels& kernels);

  /// As many as a row's codes have elements, with those that fill its last chunk.
  const std::int8_t* codes() const { return codes_.data(); }
  std::size_t elements() const { return codes_.size(); }

  /// From now on rows whose computed squared distance is above `squared` may be dropped.
  /// @returns whether rows can be dropped at all.
  bool setBound(float squared);

  /// What rows that may be near pass, by their codes of 4 bits.
  NearTest coarseTest() const { return coarse_; }

  /// Whether a row may be near, by its codes of 8 bits.
  bool mayBeNear(std::int32_t dot, FineMark mark) const {
    return dot >= fineOffset_ + (mark.bias - mark.error * fineReach_) * fineFactor_;
  }

 private:
  const std::size_t groups_;
  std::vector<float> centred_;
  std::vector<std::int8_t> codes_;
  const SegmentCodes* segment_ = nullptr;
  double step_ = 0;     // t of coded_segment.h
  double sum_ = 0;      // of the codes, k
  double squares_ = 0;  // |p|^2
  double error_ = 0;    // e
  NearTest coarse_{};
  double fineOffset_ = 0;
  double fineFactor_ = 0;
  double fineReach_ = 0;
};

}  // namespace countenance
