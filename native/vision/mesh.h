#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/geometry.h"
#include "core/image.h"
#include "nn/network.h"
#include "vision/region.h"

namespace countenance {

/// The points of one face, in pixels of the picture.
struct Mesh {
  static constexpr std::size_t kPoints = 468;

  std::array<Point, kPoints> points;
  float flag = 0;  ///< How sure the network is that there is a face: 0..1.

  /// dlib's five among them: the corners of both eyes, and the nose's base.
  Landmarks5 landmarks() const;
};

/// MediaPipe's FaceMesh (192 x 192): 468 points of a face whose place is known.
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// network.
class FaceMesh final {
 public:
  /// @param network  From a container of id facemesh-192.
  /// @throws Error(kModelCorrupt) when its outputs are not FaceMesh's.
  explicit FaceMesh(std::shared_ptr<const nn::Network> network);

  /// @param picture  Borrowed for this call only.
  /// @param face  The box of BlazeFace, half as large again, turned by the line of the eyes.
  Mesh find(ImageView picture, const Region& face);

 private:
  std::shared_ptr<const nn::Network> network_;  // shared by all workers: it never changes
  nn::AlignedFloats scratch_;
  std::size_t points_;
  std::size_t flag_;
};

}  // namespace countenance
