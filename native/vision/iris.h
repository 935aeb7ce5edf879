#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/geometry.h"
#include "core/image.h"
#include "nn/network.h"

namespace countenance {

/// The two corners of one eye in pixels of the picture, left and right as the viewer sees them.
struct EyeCorners {
  Point left;
  Point right;
};

/// MediaPipe's iris network (64 x 64): the lids and the brow of one eye whose corners are known.
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// network.
class Iris final {
 public:
  /// In pixels of the picture: [0] the outer corner, [1..7] the lower lid, [8] the inner corner,
  /// [9..15] the upper lid from the outer corner on; then lines around the eye, and the brow.
  static constexpr std::size_t kPoints = 71;
  using Contour = std::array<Point, kPoints>;

  /// @param network  From a container of id iris-64.
  /// @throws Error(kModelCorrupt) when its outputs are not the iris network's.
  explicit Iris(std::shared_ptr<const nn::Network> network);

  /// @param picture  Borrowed for this call only.
  Contour leftEye(ImageView picture, const EyeCorners& corners);
  /// The network knows left eyes only: it sees a right one in a mirror.
  Contour rightEye(ImageView picture, const EyeCorners& corners);

 private:
  Contour find(ImageView picture, const Affine& toPicture);

  std::shared_ptr<const nn::Network> network_;  // shared by all workers: it never changes
  nn::AlignedFloats scratch_;
  std::size_t contour_;
};

}  // namespace countenance
