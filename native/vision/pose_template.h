#pragma once

#include <array>
#include <cstddef>

namespace countenance {

/// A point of a mean face that looks straight into the camera: x to the right of the picture, y
/// down, z away from the camera, centred on the mean of all, of root mean square length 1.
struct TemplatePoint {
  std::size_t index;  ///< Of FaceMesh's 468.
  std::array<float, 3> at;
};

/// Points that no expression moves much: forehead, temples, nose, corners of the eyes, cheekbones.
extern const std::array<TemplatePoint, 46> kPoseTemplate;

}  // namespace countenance
