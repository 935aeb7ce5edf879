#include "vision/hog.h"

#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>

#include "vision/dlib_image.h"

namespace countenance {
namespace {

// The longer side that a picture is shrunk to: a face from an eighth of it (80 px) on is found.
// Each of 87 photos (deepface, face_recognition, face-api's samples) gets a face so; 960 px, with
// 2.25 times the work, finds one face more in one of them.
constexpr std::size_t kLongerSide = 640;

std::size_t shortened(std::size_t side, std::size_t longer) {
  return std::max<std::size_t>(1, (2 * side * kLongerSide + longer) / (2 * longer));
}

}  // namespace

struct HogDetector::Classifier {
  dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
};

HogDetector::HogDetector() : classifier_(std::make_unique<Classifier>()) {}
HogDetector::~HogDetector() = default;
HogDetector::HogDetector(const HogDetector& other)
    : classifier_(std::make_unique<Classifier>(*other.classifier_)) {}
HogDetector::HogDetector(HogDetector&&) noexcept = default;

std::vector<Detection> HogDetector::detect(ImageView picture) {
  const std::size_t longer = std::max(picture.width, picture.height);
  Image small(0, 0);
  ImageView searched = picture;
  if (longer > kLongerSide) {
    small = shrink(picture, shortened(picture.width, longer), shortened(picture.height, longer));
    searched = small.view();
  }
  std::vector<dlib::rect_detection> found;
  withDlibImage(searched, [&](const auto& image) { classifier_->detector(image, found); });

  const auto scaled = [](auto value, std::size_t whole, std::size_t part) {
    const double ratio = static_cast<double>(whole) / static_cast<double>(part);
    return static_cast<float>(static_cast<double>(value) * ratio);
  };
  std::vector<Detection> detections;
  detections.reserve(found.size());
  for (const dlib::rect_detection& one : found) {
    const dlib::rectangle& rect = one.rect;
    const Box box{scaled(rect.left(), picture.width, searched.width),
                  scaled(rect.top(), picture.height, searched.height),
                  scaled(rect.width(), picture.width, searched.width),
                  scaled(rect.height(), picture.height, searched.height)};
    Detection& detection = detections.emplace_back();
    detection.box = box;
    detection.score = static_cast<float>(one.detection_confidence);
  }
  return detections;
}

}  // namespace countenance
