#include "vision/overlap.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace countenance {
namespace {

/// Sums of detections, each times its score.
struct Blend {
  Detection sum;
  float weight = 0;

  void add(const Detection& one) {
    weight += one.score;
    sum.box.x += one.score * one.box.x;
    sum.box.y += one.score * one.box.y;
    sum.box.width += one.score * one.box.width;
    sum.box.height += one.score * one.box.height;
    for (std::size_t i = 0; i < one.points; ++i) {
      sum.at[i].x += one.score * one.at[i].x;
      sum.at[i].y += one.score * one.at[i].y;
    }
  }

  Detection mean(const Detection& best) const {
    Detection mean = best;
    const Box& box = sum.box;
    mean.box = {box.x / weight, box.y / weight, box.width / weight, box.height / weight};
    for (std::size_t i = 0; i < mean.points; ++i) {
      mean.at[i] = {sum.at[i].x / weight, sum.at[i].y / weight};
    }
    return mean;
  }
};

/// Calls `join(best, others)` for the surest of each cluster and all of them.
template <typename Join>
std::vector<Detection> clustered(std::vector<Detection> detections, float least, Join&& join) {
  sortByScore(detections);
  std::vector<Detection> joined;
  while (!detections.empty()) {
    const Detection best = detections.front();
    const auto apart = std::stable_partition(
        detections.begin() + 1, detections.end(),
        [&](const Detection& one) { return overlap(best.box, one.box) > least; });
    joined.push_back(join(std::vector<Detection>(detections.begin(), apart)));
    detections.erase(detections.begin(), apart);
  }
  return joined;
}

}  // namespace

float overlap(const Box& a, const Box& b) {
  const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const float height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (!(width > 0 && height > 0)) return 0;
  return width * height / (a.area() + b.area() - width * height);
}

void sortByScore(std::vector<Detection>& detections) {
  std::sort(detections.begin(), detections.end(), [](const Detection& a, const Detection& b) {
    return std::make_tuple(-a.score, a.box.y, a.box.x, a.box.width, a.box.height) <
           std::make_tuple(-b.score, b.box.y, b.box.x, b.box.width, b.box.height);
  });
}

std::vector<Detection> blended(std::vector<Detection> detections, float least) {
  return clustered(std::move(detections), least, [](const std::vector<Detection>& cluster) {
    Blend blend;
    for (const Detection& one : cluster) blend.add(one);
    return blend.mean(cluster.front());
  });
}

std::vector<Detection> surest(std::vector<Detection> detections, float least) {
  return clustered(std::move(detections), least,
                   [](const std::vector<Detection>& cluster) { return cluster.front(); });
}

}  // namespace countenance
