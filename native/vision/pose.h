#pragma once

#include "core/geometry.h"
#include "core/span.h"

namespace countenance {

/// Where a head points, in degrees; all 0 for a face that looks straight into the camera.
struct Pose {
  float yaw = 0;    ///< Above 0: the nose points to the right of the picture.
  float pitch = 0;  ///< Above 0: the nose points downwards.
  float roll = 0;   ///< Above 0: tilted clockwise, as seen, about the nose.
};

/// The pose of a face by FaceMesh's points: the turn of a rigid mean face (pose_template.h) that
/// brings it closest to them, seen from so far that depth does not matter (weak perspective).
///
/// @param points  468, in pixels of the picture.
/// @returns All 0 when the points fall together.
/// @throws Error(kInvalidArgument) for another number of points.
Pose poseOf(Span<const Point> points);

}  // namespace countenance
