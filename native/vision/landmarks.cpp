#include "vision/landmarks.h"

#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "nn/model_file.h"
#include "vision/dlib_image.h"

namespace countenance {
namespace {

constexpr std::size_t kCoordinates = 2 * std::tuple_size<Landmarks5>::value;

struct Sizes {
  std::size_t cascades = 0;
  std::size_t trees = 0;
  std::size_t splits = 0;
  std::size_t pixels = 0;
  std::size_t leaves() const { return splits + 1; }
};

void expect(bool condition, const char* what) {
  if (!condition) {
    throw Error(ErrorCode::kModelCorrupt, std::string("landmark model: unexpected ") + what);
  }
}

Sizes sizesOf(const ModelFile& model) {
  const auto sizes = model.values<std::int32_t>("sizes", {4});
  expect(*std::min_element(sizes.begin(), sizes.end()) > 0, "size");
  const auto at = [sizes](std::size_t i) { return static_cast<std::size_t>(sizes[i]); };
  const Sizes read{at(0), at(1), at(2), at(3)};
  // A tree is walked by 2 i + 1 and 2 i + 2: only a full one ends inside its leaves.
  expect((read.leaves() & read.splits) == 0, "number of splits");
  return read;
}

dlib::matrix<float, 0, 1> column(const float* values) { return dlib::mat(values, kCoordinates, 1); }

std::vector<std::vector<dlib::impl::regression_tree>> forestsOf(const ModelFile& model,
                                                                const Sizes& s) {
  const auto pixels =
      model.values<std::uint16_t>("split.pixels", {s.cascades, s.trees, s.splits, 2});
  const auto thresholds = model.values<float>("split.thresholds", {s.cascades, s.trees, s.splits});
  const auto leaves =
      model.values<float>("leaf.values", {s.cascades, s.trees, s.leaves(), kCoordinates});
  expect(*std::max_element(pixels.begin(), pixels.end()) < s.pixels, "pixel of a split");

  std::vector<std::vector<dlib::impl::regression_tree>> forests(s.cascades);
  std::size_t split = 0;
  std::size_t leaf = 0;
  for (auto& forest : forests) {
    forest.resize(s.trees);
    for (dlib::impl::regression_tree& tree : forest) {
      for (std::size_t i = 0; i < s.splits; ++i, ++split) {
        tree.splits.push_back({pixels[2 * split], pixels[2 * split + 1], thresholds[split]});
      }
      for (std::size_t i = 0; i < s.leaves(); ++i, ++leaf) {
        tree.leaf_values.push_back(column(&leaves[leaf * kCoordinates]));
      }
    }
  }
  return forests;
}

/// dlib's constructor would compute anchors and deltas anew, with other roundings; its stream
/// format takes them as they were trained.
void write(const ModelFile& model, std::ostream& out) {
  const Sizes s = sizesOf(model);
  const auto initial = model.values<float>("initial-shape", {kCoordinates});
  const auto anchorValues = model.values<std::uint16_t>("pixel.anchors", {s.cascades, s.pixels});
  const auto deltaValues = model.values<float>("pixel.deltas", {s.cascades, s.pixels, 2});
  expect(*std::max_element(anchorValues.begin(), anchorValues.end()) < kCoordinates / 2, "anchor");

  std::vector<std::vector<unsigned long>> anchors(s.cascades);
  std::vector<std::vector<dlib::vector<float, 2>>> deltas(s.cascades);
  for (std::size_t c = 0; c < s.cascades; ++c) {
    for (std::size_t i = c * s.pixels; i < (c + 1) * s.pixels; ++i) {
      anchors[c].push_back(anchorValues[i]);
      deltas[c].emplace_back(deltaValues[2 * i], deltaValues[2 * i + 1]);
    }
  }
  const int version = 1;  // dlib 19.24, shape_predictor.h
  dlib::serialize(version, out);
  dlib::serialize(column(initial.data()), out);
  dlib::serialize(forestsOf(model, s), out);
  dlib::serialize(anchors, out);
  dlib::serialize(deltas, out);
}

/// The whole pixels that a detector's box covers, as dlib counts them: both ends are inside.
dlib::rectangle pixelsOf(const Box& box) {
  const long left = std::lround(box.x);
  const long top = std::lround(box.y);
  return {left, top, std::lround(box.x + box.width) - 1, std::lround(box.y + box.height) - 1};
}

}  // namespace

struct LandmarkFinder::Predictor {
  dlib::shape_predictor predictor;
};

LandmarkFinder::LandmarkFinder(const ModelFile& model) {
  std::stringstream stream;
  write(model, stream);
  auto read = std::make_unique<Predictor>();
  deserialize(read->predictor, stream);
  predictor_ = std::move(read);
}

LandmarkFinder::~LandmarkFinder() = default;
LandmarkFinder::LandmarkFinder(LandmarkFinder&&) noexcept = default;

Landmarks5 LandmarkFinder::find(ImageView picture, const Box& box) const {
  dlib::full_object_detection shape;
  withDlibImage(picture,
                [&](const auto& image) { shape = predictor_->predictor(image, pixelsOf(box)); });
  Landmarks5 points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const dlib::point& part = shape.part(i);
    points[i] = {static_cast<float>(part.x()), static_cast<float>(part.y())};
  }
  return points;
}

}  // namespace countenance
