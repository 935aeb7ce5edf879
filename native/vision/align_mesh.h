#pragma once

#include <optional>

#include "core/geometry.h"
#include "core/image.h"
#include "core/span.h"
#include "vision/chip.h"

namespace countenance {

/// Warps one face onto its chip by the points of FaceMesh, so that dlib's embedder sees it as it
/// was trained to: the similarity that brings the template (align_template.h) closest to them.
/// It cannot mirror the face.
///
/// @param picture  Any size; borrowed for this call only.
/// @param points  468 pixels of the picture. Where the chip reaches past it, the chip is black.
/// @returns Nothing when the points are not finite or (nearly) fall together.
/// @throws Error(kInvalidArgument) for another number of points.
std::optional<Chip> alignMesh(ImageView picture, Span<const Point> points);

}  // namespace countenance
