#include "vision/yunet.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "vision/overlap.h"
#include "vision/warp.h"

namespace countenance {
namespace {

// Layout of the outputs, score and overlap: OpenCV, modules/objdetect/src/face_detect.cpp
// (FaceDetectorYN, Apache-2.0); its input is BGR, 0..255, without a mean.
constexpr std::array<const char*, 4> kNames = {"cls_", "obj_", "bbox_", "kps_"};
constexpr std::size_t kPoints = 5;
constexpr std::array<std::size_t, 4> kValues = {1, 1, 4, 2 * kPoints};
constexpr float kLeastScore = 0.5F;
constexpr float kLeastOverlap = 0.3F;
constexpr PixelFormat kFormat{1, 0, PixelFormat::Order::kBgr};

void decodeMap(const YuNet::Maps& maps, std::size_t stride, std::size_t side,
               std::vector<Detection>& detections) {
  const std::size_t cells = side / stride;
  const auto step = static_cast<float>(stride);
  for (std::size_t i = 0; i < cells * cells; ++i) {
    const float score = std::sqrt(std::clamp(maps.classes[i], 0.0F, 1.0F) *
                                  std::clamp(maps.objects[i], 0.0F, 1.0F));
    if (!(score >= kLeastScore)) continue;  // nor NaN
    const auto column = static_cast<float>(i % cells);
    const auto row = static_cast<float>(i / cells);
    const float* box = maps.boxes.data() + 4 * i;
    const float* points = maps.points.data() + 2 * kPoints * i;
    const float width = std::exp(box[2]) * step;
    const float height = std::exp(box[3]) * step;
    Detection detection;
    detection.score = score;
    detection.box = {(column + box[0]) * step - width / 2, (row + box[1]) * step - height / 2,
                     width, height};
    detection.points = kPoints;
    bool finite = std::isfinite(width * height * (box[0] + box[1]));
    for (std::size_t k = 0; k < kPoints; ++k) {
      detection.at[k] = {(column + points[2 * k]) * step, (row + points[2 * k + 1]) * step};
      finite = finite && std::isfinite(detection.at[k].x + detection.at[k].y);
    }
    if (finite) detections.push_back(detection);
  }
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kModelCorrupt, "YuNet: " + what);
}

}  // namespace

YuNet::YuNet(std::shared_ptr<const nn::Network> network)
    : network_(std::move(network)), scratch_(network_->scratch()) {
  const nn::Shape3 input = network_->inputShape();
  if (input.height != input.width || input.width % kStrides.back() != 0 || input.channels != 3) {
    refuse("expected a square input of 3 channels, a multiple of 32 wide");
  }
  for (std::size_t s = 0; s < kStrides.size(); ++s) {
    const std::size_t cells = input.width / kStrides[s];
    for (std::size_t n = 0; n < kNames.size(); ++n) {
      const std::string name = kNames[n] + std::to_string(kStrides[s]);
      const std::size_t index = network_->outputIndex(name);
      const nn::Shape3 shape = network_->outputShape(index);
      if (shape.height * shape.width * shape.channels != cells * cells * kValues[n]) {
        refuse("unexpected shape of " + name);
      }
      outputs_[s][n] = index;
    }
  }
}

std::vector<Detection> YuNet::decode(const std::array<Maps, 3>& maps, std::size_t side) {
  std::vector<Detection> detections;
  for (std::size_t s = 0; s < kStrides.size(); ++s) {
    decodeMap(maps[s], kStrides[s], side, detections);
  }
  return surest(std::move(detections), kLeastOverlap);
}

std::vector<Detection> YuNet::detect(ImageView picture, const Region& region) {
  const std::size_t size = side();
  warp(picture, region.toPicture(size), size, size, kFormat, network_->input(scratch_));
  network_->run(scratch_);
  std::array<Maps, 3> maps;
  for (std::size_t s = 0; s < kStrides.size(); ++s) {
    const auto output = [&](std::size_t n) { return network_->output(scratch_, outputs_[s][n]); };
    maps[s] = {output(0), output(1), output(2), output(3)};
  }
  return placed(decode(maps, size), region, size);
}

}  // namespace countenance
