#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/image.h"

namespace countenance::test {

/// Draws the light and dark parts of a frontal face, about `size` pixels high around cx, cy: enough
/// for the HOG detector, so that tests need no photo.
inline void drawFace(Image& image, double cx, double cy, double size) {
  const auto inside = [](double x, double y, double ox, double oy, double rx, double ry) {
    const double dx = (x - ox) / rx;
    const double dy = (y - oy) / ry;
    return std::clamp((1.0 - std::sqrt(dx * dx + dy * dy)) * 6.0, 0.0, 1.0);
  };
  for (std::size_t row = 0; row < image.height(); ++row) {
    for (std::size_t column = 0; column < image.width(); ++column) {
      const double x = (static_cast<double>(column) - cx) / size;
      const double y = (static_cast<double>(row) - cy) / size;
      const double mirrored = std::abs(x);
      double light = image.row(row)[3 * column];
      const auto paint = [&light](double value, double share) { light += (value - light) * share; };
      paint(205, inside(x, y, 0, 0.02, 0.40, 0.56));
      paint(150, inside(mirrored, y, 0.17, -0.13, 0.13, 0.09));
      paint(70, inside(mirrored, y, 0.18, -0.23, 0.14, 0.035));
      paint(60, inside(mirrored, y, 0.17, -0.12, 0.085, 0.045));
      paint(225, inside(x, y, 0, 0.0, 0.045, 0.14));
      paint(110, inside(x, y, 0, 0.13, 0.10, 0.03));
      paint(95, inside(x, y, 0, 0.28, 0.16, 0.045));
      paint(150, inside(x, y, 0, 0.37, 0.12, 0.03));
      const auto level = static_cast<std::uint8_t>(std::clamp(light, 0.0, 255.0));
      std::fill_n(image.row(row) + 3 * column, 3, level);
    }
  }
}

}  // namespace countenance::test
