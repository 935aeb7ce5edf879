#include "vision/align.h"

#include <dlib/image_transforms.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "vision/dlib_image.h"

namespace countenance {
namespace {

constexpr double kPadding = 0.25;  // dlib, dnn_face_recognition_ex.cpp

/// dlib holds landmarks as whole numbers; anything else cannot come from its predictor.
bool inReach(const Point& point) {
  constexpr float kFarthest = 1e6F;
  return std::abs(point.x) < kFarthest && std::abs(point.y) < kFarthest;  // false for NaN
}

void write(const dlib::rgb_pixel& pixel, std::uint8_t* rgb) {
  rgb[0] = pixel.red;
  rgb[1] = pixel.green;
  rgb[2] = pixel.blue;
}

void write(unsigned char grey, std::uint8_t* rgb) { std::fill_n(rgb, 3, grey); }

}  // namespace

std::optional<Chip> align(ImageView picture, const Landmarks5& points) {
  if (!std::all_of(points.begin(), points.end(), inReach)) return std::nullopt;
  std::vector<dlib::point> parts;
  for (const Point& point : points) {
    parts.emplace_back(std::lround(point.x), std::lround(point.y));
  }
  const dlib::full_object_detection shape(dlib::rectangle(), parts);
  const dlib::chip_details chip = dlib::get_face_chip_details(shape, kChipSize, kPadding);
  const double side = chip.rect.width();
  if (!(side >= kMinChipSide && side <= kMaxChipSide && std::isfinite(chip.angle)))
    return std::nullopt;

  Chip cut{Image(kChipSize, kChipSize), static_cast<float>(side / kChipSize)};
  withDlibImage(picture, [&](const auto& image) {
    using Pixel = typename dlib::image_traits<std::decay_t<decltype(image)>>::pixel_type;
    dlib::matrix<Pixel> pixels;
    dlib::extract_image_chip(image, chip, pixels);
    for (std::size_t y = 0; y < kChipSize; ++y) {
      std::uint8_t* out = cut.pixels.row(y);
      for (std::size_t x = 0; x < kChipSize; ++x, out += 3) {
        write(pixels(static_cast<long>(y), static_cast<long>(x)), out);
      }
    }
  });
  return cut;
}

}  // namespace countenance
