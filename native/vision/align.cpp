#include "vision/align.h"

#include <dlib/image_transforms.h>

#include <algorithm>
#include <cmath>

#include "vision/dlib_image.h"

namespace countenance {
namespace {

constexpr double kPadding = 0.25;  // dlib, dnn_face_recognition_ex.cpp

// The chip's side in pixels of the picture. A smaller one holds no face (80 px is what the detector
// finds at least), and a larger one would overflow dlib's integer rectangles.
constexpr double kMinSide = 4;
constexpr double kMaxSide = 1e6;

/// dlib holds landmarks as whole numbers; anything else cannot come from its predictor.
bool inReach(const Point& point) {
  constexpr float kFarthest = 1e6F;
  return std::abs(point.x) < kFarthest && std::abs(point.y) < kFarthest;  // false for NaN
}

}  // namespace

std::optional<Image> align(ImageView picture, const Landmarks5& points) {
  if (!std::all_of(points.begin(), points.end(), inReach)) return std::nullopt;
  std::vector<dlib::point> parts;
  for (const Point& point : points) {
    parts.emplace_back(std::lround(point.x), std::lround(point.y));
  }
  const dlib::full_object_detection shape(dlib::rectangle(), parts);
  const dlib::chip_details chip = dlib::get_face_chip_details(shape, kChipSize, kPadding);
  const double side = chip.rect.width();
  if (!(side >= kMinSide && side <= kMaxSide && std::isfinite(chip.angle))) return std::nullopt;

  dlib::matrix<dlib::rgb_pixel> pixels;
  dlib::extract_image_chip(DlibImage{picture}, chip, pixels);
  Image image(kChipSize, kChipSize);
  for (std::size_t y = 0; y < kChipSize; ++y) {
    std::uint8_t* out = image.row(y);
    for (std::size_t x = 0; x < kChipSize; ++x) {
      const dlib::rgb_pixel& pixel = pixels(static_cast<long>(y), static_cast<long>(x));
      *out++ = pixel.red;
      *out++ = pixel.green;
      *out++ = pixel.blue;
    }
  }
  return image;
}

}  // namespace countenance
