#pragma once

#include <cstddef>
#include <memory>

#include "core/geometry.h"
#include "core/image.h"
#include "nn/network.h"

namespace countenance {

/// The part of a picture that MiniFASNet looks at: whole pixels, all of them in the picture.
struct FaceSurroundings {
  std::size_t left = 0;
  std::size_t top = 0;
  std::size_t width = 0;
  std::size_t height = 0;
  float scale = 0;  ///< Times the face's box: less than was wanted where the picture ends before.
};

/// A face's box, enlarged as far as the picture allows, and pushed inside.
///
/// Silent-Face-Anti-Spoofing, generate_patches.py, CropImage: the networks were trained on such
/// crops. Black bars in place of what is missing make every face a fake (docs/decisions.md).
/// @param face  Anywhere, of any size; the picture has at least 1 x 1 pixels.
FaceSurroundings surroundings(const Box& face, float scale, std::size_t width, std::size_t height);

/// What one network makes of one face.
struct LiveScore {
  float live = 0;   ///< Its share for "live", after a softmax over its classes: 0..1.
  float scale = 0;  ///< Of the surroundings that it saw.
  /// Mean difference of a pixel's largest and smallest channel: 0 is grey, most skins 30 to 90.
  float colour = 0;
};

/// MiniFASNet (80 x 80): does a camera see a face, or a picture of one, on paper or on a screen?
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// network.
class MiniFasNet final {
 public:
  static constexpr std::size_t kSide = 80;

  /// @param network  For `countenance models add minifasnet-v2` or `minifasnet-v1se`.
  /// @param scale  How much of the surroundings it was trained with: 2.7 (V2), 4 (V1SE).
  /// @throws Error(kModelCorrupt) when its input or its output is not MiniFASNet's.
  MiniFasNet(std::shared_ptr<const nn::Network> network, float scale);

  /// @param picture  At least 1 x 1 pixels; borrowed for this call only.
  /// @param face  As asWider() draws it.
  LiveScore score(ImageView picture, const Box& face);

 private:
  std::shared_ptr<const nn::Network> network_;  // shared by all workers: it never changes
  nn::AlignedFloats scratch_;
  float scale_;
};

}  // namespace countenance
