#include "vision/blazeface.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "vision/overlap.h"
#include "vision/warp.h"

namespace countenance {
namespace {

// Anchors, layout of the outputs, thresholds and normalisation: MediaPipe's
// face_detection_back.pbtxt / face_detection_full_range (Apache-2.0), as in @vladmandic/human,
// src/face/blazeface.ts.
constexpr std::size_t kSide = 256;
constexpr std::size_t kCoarsest = 32;  // stride
constexpr std::size_t kValues = 16;    // of a box: centre, size, six points
constexpr std::size_t kAnchors16 = 2;
constexpr std::size_t kAnchors32 = 6;
constexpr float kLeastScore = 0.5F;
constexpr float kLeastOverlap = 0.3F;
constexpr PixelFormat kFormat{1 / 127.5F, -1, PixelFormat::Order::kRgb};

/// Appends the boxes of one map that score enough.
void decodeMap(const BlazeFace::Maps& maps, std::size_t stride, std::size_t anchors,
               const CropPart& part, std::vector<Detection>& detections) {
  const std::size_t columns = part.width / stride;
  const auto step = static_cast<float>(stride);
  for (std::size_t i = 0; i < maps.scores.size(); ++i) {
    const float score = 1 / (1 + std::exp(-maps.scores[i]));
    if (!(score >= kLeastScore)) continue;  // nor NaN
    const std::size_t cell = i / anchors;
    const float x =
        static_cast<float>(part.left) + step * static_cast<float>(cell % columns) + step / 2;
    const float y =
        static_cast<float>(part.top) + step * static_cast<float>(cell / columns) + step / 2;
    const float* values = maps.boxes.data() + i * kValues;
    const float width = values[2];
    const float height = values[3];
    if (!(width > 0 && height > 0)) continue;
    Detection detection;
    detection.score = score;
    detection.box = {values[0] + x - width / 2, values[1] + y - height / 2, width, height};
    detection.points = Detection::kMaxPoints;
    bool finite = std::isfinite(width * height * (values[0] + values[1]));
    for (std::size_t k = 0; k < Detection::kMaxPoints; ++k) {
      detection.at[k] = {values[4 + 2 * k] + x, values[5 + 2 * k] + y};
      finite = finite && std::isfinite(detection.at[k].x + detection.at[k].y);
    }
    if (finite) detections.push_back(detection);
  }
}

std::size_t checkedOutput(const nn::Network& network, const char* name, std::size_t size) {
  const std::size_t index = network.outputIndex(name);
  const nn::Shape3 shape = network.outputShape(index);
  const std::size_t found = shape.height * shape.width * shape.channels;
  if (found != size) {
    throw Error(ErrorCode::kModelCorrupt, std::string("BlazeFace: expected ") +
                                              std::to_string(size) + " values of " + name +
                                              ", got " + std::to_string(found));
  }
  return index;
}

constexpr std::size_t count(std::size_t stride, std::size_t perCell) {
  return (kSide / stride) * (kSide / stride) * perCell;
}

}  // namespace

BlazeFace::BlazeFace(std::shared_ptr<const nn::Network> network)
    : network_(std::move(network)),
      scores16_(checkedOutput(*network_, "scores16", count(16, kAnchors16))),
      boxes16_(checkedOutput(*network_, "boxes16", count(16, kAnchors16 * kValues))),
      scores32_(checkedOutput(*network_, "scores32", count(32, kAnchors32))),
      boxes32_(checkedOutput(*network_, "boxes32", count(32, kAnchors32 * kValues))) {
  const nn::Shape3 input = network_->inputShape();
  if (input.height != kSide || input.width != kSide || input.channels != 3) {
    throw Error(ErrorCode::kModelCorrupt, "BlazeFace: expected 256 x 256 x 3 inputs");
  }
}

std::vector<Detection> BlazeFace::decode(const Maps& stride16, const Maps& stride32,
                                         const CropPart& part) {
  std::vector<Detection> detections;
  decodeMap(stride16, 16, kAnchors16, part, detections);
  decodeMap(stride32, 32, kAnchors32, part, detections);
  return blended(std::move(detections), kLeastOverlap);
}

std::vector<Detection> BlazeFace::detect(ImageView picture, const Region& region) {
  const CropPart part = filledPart(region, kSide, kCoarsest, picture.width, picture.height);
  Shaped& shaped = shapedFor(part);
  warp(picture, partToPicture(region, kSide, part), part.width, part.height, kFormat,
       shaped.network.input(shaped.scratch));
  shaped.network.run(shaped.scratch);
  const auto output = [&](std::size_t i) { return shaped.network.output(shaped.scratch, i); };
  return placed(
      decode({output(scores16_), output(boxes16_)}, {output(scores32_), output(boxes32_)}, part),
      region, kSide);
}

BlazeFace::Shaped& BlazeFace::shapedFor(const CropPart& part) {
  for (Shaped& known : shaped_) {
    const nn::Shape3 input = known.network.inputShape();
    if (input.height == part.height && input.width == part.width) return known;
  }
  nn::Network network = network_->resized({part.height, part.width});
  nn::AlignedFloats scratch = network.scratch();
  shaped_.push_back({std::move(network), std::move(scratch)});
  return shaped_.back();
}

}  // namespace countenance
