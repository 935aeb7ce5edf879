#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/image.h"
#include "core/span.h"
#include "nn/network.h"
#include "vision/detection.h"
#include "vision/region.h"

namespace countenance {

/// YuNet, the network of libfacedetection: a box, two eyes, nose and both corners of the mouth.
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// network.
class YuNet final {
 public:
  static constexpr std::array<std::size_t, 3> kStrides = {8, 16, 32};

  /// @param network  A square input with a side that is a multiple of 32, for `countenance models
  /// add yunet`.
  /// @throws Error(kModelCorrupt) when its outputs are not YuNet's.
  explicit YuNet(std::shared_ptr<const nn::Network> network);

  /// Pixels along a side of the network's input.
  std::size_t side() const { return network_->inputShape().width; }

  /// One run of the network over a region of the picture.
  ///
  /// @param picture  Borrowed for this call only.
  /// @returns Five points each; scores in 0.5..1, surest first.
  std::vector<Detection> detect(ImageView picture, const Region& region);

  /// What the network says of the cells of one stride; exposed for its tests.
  struct Maps {
    Span<const float> classes;  ///< [cells][cells]: is it a face, 0..1.
    Span<const float> objects;  ///< [cells][cells]: is it anything, 0..1.
    Span<const float> boxes;    ///< [cells][cells][4]: centre, logarithm of the size; in cells.
    Span<const float> points;   ///< [cells][cells][10]: five points, in cells.
  };
  /// The faces in pixels of the network's input; x and y of its first pixel's edge are 0.
  static std::vector<Detection> decode(const std::array<Maps, 3>& maps, std::size_t side);

 private:
  std::shared_ptr<const nn::Network> network_;  // shared by all workers: it never changes
  nn::AlignedFloats scratch_;
  std::array<std::array<std::size_t, 4>, 3> outputs_{};  // per stride, in the order of Maps
};

}  // namespace countenance
