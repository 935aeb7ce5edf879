#pragma once

#include <array>

#include "core/geometry.h"

namespace countenance {

/// Where each point of FaceMesh lies on a chip of dlib's, on average: pixels of the chip.
extern const std::array<Point, 468> kMeshTemplate;

}  // namespace countenance
