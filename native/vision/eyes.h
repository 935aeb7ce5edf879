#pragma once

#include "core/geometry.h"
#include "core/span.h"

namespace countenance {

/// How open two eyes are, left and right as the viewer sees them: the eye aspect ratio, which is
/// the mean of three gaps between the lids over the distance of the corners. About 0.05 for a
/// closed eye and 0.2 to 0.45 for an open one. Finite for any finite points.
/// Soukupova and Cech, Real-Time Eye Blink Detection using Facial Landmarks (2016), section 2.1,
/// with a third gap.
struct Openness {
  float left = 0;
  float right = 0;
};

/// Of one eye, from the iris network's contour: 71 points (vision/iris.h).
float irisOpenness(Span<const Point> contour);

/// From FaceMesh's 468 points.
Openness meshOpenness(Span<const Point> points);

}  // namespace countenance
