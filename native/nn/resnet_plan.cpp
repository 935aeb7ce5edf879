#include "nn/resnet_plan.h"

#include "nn/kernels.h"

namespace countenance::nn {
namespace {

class Planner final {
 public:
  std::size_t reserve(std::size_t floats) {
    const std::size_t offset = plan_.scratchSize;
    plan_.scratchSize += (floats + kBlock - 1) / kBlock * kBlock;
    return offset;
  }

  Map map(std::size_t channels, std::size_t side) {
    return {channels, side, reserve(channels * (side + 2) * (side + 2))};
  }

  void add(const Layer& layer) { plan_.layers.push_back(layer); }

  /// Residual blocks that keep the map's shape: x = relu(x + conv(relu(conv(x)))).
  void keep(const Map& x, std::size_t blocks) {
    const Map inner = map(x.channels, x.side);
    for (std::size_t i = 0; i < blocks; ++i) {
      add({LayerKind::kConvolution, x, inner, 1, 3, false});
      add({LayerKind::kConvolution, inner, x, 1, 3, true});
    }
  }

  /// A residual block that halves the side. Its convolutions may give a smaller map than its pool:
  /// dlib then extends them with zeros to the right and below, where the pooled values, which are
  /// never negative, stay as they are. New channels of the pooled map are zero.
  Map halve(const Map& x, std::size_t channels) {
    const Map inner = map(channels, (x.side - 3) / 2 + 1);
    const Map out = map(channels, x.side / 2);
    add({LayerKind::kConvolution, x, inner, 2, 3, false});
    add({LayerKind::kMeanPool, x, out});
    add({LayerKind::kConvolution, inner, out, 1, inner.side == 1 ? std::size_t{1} : 3, true});
    return out;
  }

  ResNetPlan finish(const Map& first, const Map& last, std::size_t pixels) {
    plan_.first = first;
    plan_.last = last;
    plan_.pixels = pixels;
    return plan_;
  }

 private:
  ResNetPlan plan_;
};

}  // namespace

ResNetPlan resNetPlan() {
  Planner planner;
  const std::size_t pixels = planner.reserve(kStemPixels);
  const Map first = planner.map(kStemChannels, kStemOutSide);
  const Map at32 = planner.map(32, 35);
  planner.add({LayerKind::kMaxPool, first, at32});
  planner.keep(at32, 3);
  const Map at64 = planner.halve(at32, 64);
  planner.keep(at64, 3);
  const Map at128 = planner.halve(at64, 128);
  planner.keep(at128, 2);
  const Map at256 = planner.halve(at128, 256);
  planner.keep(at256, 2);
  return planner.finish(first, planner.halve(at256, 256), pixels);
}

}  // namespace countenance::nn
