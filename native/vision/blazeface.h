#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/image.h"
#include "core/span.h"
#include "nn/network.h"
#include "vision/crop_part.h"
#include "vision/detection.h"
#include "vision/region.h"

namespace countenance {

/// MediaPipe's BlazeFace (full range, 256 x 256): a box, two eyes, nose, mouth and two ears of
/// every face that stands upright, within about 45 degrees.
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// network.
class BlazeFace final {
 public:
  /// @param network  From a container of id blazeface-back-256.
  /// @throws Error(kModelCorrupt) when its outputs are not BlazeFace's.
  explicit BlazeFace(std::shared_ptr<const nn::Network> network);

  /// Pixels along a side of the network's input.
  std::size_t side() const { return network_->inputShape().width; }

  /// One run of the network over a region of the picture. The bars of a letterbox are left out:
  /// they are 44 % of the work for a picture of 16:9. A new shape of picture makes a network of
  /// that shape, kept from then on; there are 9 at most.
  ///
  /// @param picture  Borrowed for this call only.
  /// @returns Six points each; scores in 0.5..1, surest first.
  std::vector<Detection> detect(ImageView picture, const Region& region);

  /// What the network says, in the order of its anchors; exposed for its tests.
  struct Maps {
    Span<const float> scores;  ///< [rows][columns][anchors]: logits.
    Span<const float> boxes;   ///< [rows][columns][anchors][16]: centre, size, six points.
  };
  /// The faces in pixels of the crop that the network saw a part of; x and y of its first pixel's
  /// edge are 0.
  static std::vector<Detection> decode(const Maps& stride16, const Maps& stride32,
                                       const CropPart& part);

 private:
  struct Shaped {
    nn::Network network;  // shares its weights
    nn::AlignedFloats scratch;
  };
  Shaped& shapedFor(const CropPart& part);

  std::shared_ptr<const nn::Network> network_;  // shared by all workers: it never changes
  std::vector<Shaped> shaped_;
  std::size_t scores16_;
  std::size_t boxes16_;
  std::size_t scores32_;
  std::size_t boxes32_;
};

}  // namespace countenance
