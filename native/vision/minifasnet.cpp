#include "vision/minifasnet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/error.h"
#include "vision/averaged.h"

namespace countenance {
namespace {

constexpr std::size_t kClasses = 3;  // paper, live, screen
constexpr std::size_t kLive = 1;

// A large photo would alias: it is averaged first until a pixel of the network spans 4 to 8 of it.
// Of 40 photos of real people 39 then score 0.5 or more, without it 36 (docs/decisions.md).
constexpr std::size_t kFinePerPixel = 4;
constexpr std::size_t kFine = MiniFasNet::kSide * kFinePerPixel;

/// Pixels along one side of a picture.
struct Stretch {
  std::size_t first = 0;
  std::size_t size = 0;
};

/// What is no number becomes `most`.
float within(float value, float most) { return std::fmax(std::fmin(value, most), 0.0F); }

/// A crop of `size` pixels around `centre`, pushed so that it ends inside.
Stretch inside(float centre, float size, std::size_t pixels) {
  const float last = static_cast<float>(pixels) - 1;
  // First the one end, then the other, as the original does; whole pixels, both ends included.
  const float start = within(centre - size / 2, within(last - size, last));
  const auto first = static_cast<std::size_t>(start);
  const auto end = static_cast<std::size_t>(within(start + size, last));
  return {first, end - first + 1};
}

/// Two neighbours in a row or a column, and how much the second one counts.
struct Neighbours {
  std::size_t first = 0;
  std::size_t second = 0;
  float share = 0;
};

/// Of the network's pixels along one side: OpenCV's INTER_LINEAR, which averages nothing that it
/// skips. The networks were trained with it.
/// @param origin, step  From fine pixels to those that are read.
/// @param read  Beyond them the first and the last one go on.
std::array<Neighbours, MiniFasNet::kSide> samples(float origin, float step, const Stretch& read) {
  const auto start = static_cast<float>(read.first);
  const std::size_t last = read.first + read.size - 1;
  std::array<Neighbours, MiniFasNet::kSide> all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const float fine = (static_cast<float>(i) + 0.5F) * kFinePerPixel - 0.5F;
    const float at =
        start + within(origin + fine * step - start, static_cast<float>(read.size) - 1);
    const auto first = static_cast<std::size_t>(at);
    all[i] = {first, std::min(first + 1, last), at - static_cast<float>(first)};
  }
  return all;
}

/// Blue, green, red; 0..255, whole numbers.
void crop(ImageView picture, const FaceSurroundings& part, Span<float> out) {
  const auto scale = [](std::size_t size) { return static_cast<float>(size) / kFine; };
  const auto start = [](std::size_t first, float step) {
    return static_cast<float>(first) + step / 2 - 0.5F;
  };
  const float wide = scale(part.width);
  const float high = scale(part.height);
  const Affine fine{wide, 0, start(part.left, wide), 0, high, start(part.top, high)};
  const std::optional<Averaged> small = averaged(picture, fine, kFine, kFine);
  const ImageView source = small ? small->pixels.view() : picture;
  const Affine& map = small ? small->toPixels : fine;
  // Samples of what was averaged lie inside of the crop: its pixels are smaller than the network's.
  const auto columns =
      samples(map.c, map.a, small ? Stretch{0, source.width} : Stretch{part.left, part.width});
  const auto rows =
      samples(map.f, map.e, small ? Stretch{0, source.height} : Stretch{part.top, part.height});
  float* next = out.data();
  for (const Neighbours& y : rows) {
    const std::uint8_t* upper = source.row(y.first);
    const std::uint8_t* lower = source.row(y.second);
    for (const Neighbours& x : columns) {
      for (std::size_t c = 3; c-- > 0;) {
        const std::size_t lane = std::min(c, source.channels - 1);
        const auto between = [&](const std::uint8_t* row) {
          const float left = row[x.first * source.channels + lane];
          const float right = row[x.second * source.channels + lane];
          return left + (right - left) * x.share;
        };
        const float above = between(upper);
        *next++ = std::round(above + (between(lower) - above) * y.share);
      }
    }
  }
}

float colourOf(Span<const float> pixels) {
  float sum = 0;
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    const auto [least, most] = std::minmax({pixels[i], pixels[i + 1], pixels[i + 2]});
    sum += most - least;
  }
  return sum / static_cast<float>(pixels.size() / 3);
}

}  // namespace

FaceSurroundings surroundings(const Box& face, float scale, std::size_t width, std::size_t height) {
  const float boxWidth = std::fmax(face.width, 1.0F);
  const float boxHeight = std::fmax(face.height, 1.0F);
  const float fits = std::fmin((static_cast<float>(width) - 1) / boxWidth,
                               (static_cast<float>(height) - 1) / boxHeight);
  const float used = std::fmin(scale, fits);
  const Stretch across = inside(face.x + face.width / 2, boxWidth * used, width);
  const Stretch down = inside(face.y + face.height / 2, boxHeight * used, height);
  return {across.first, down.first, across.size, down.size, used};
}

MiniFasNet::MiniFasNet(std::shared_ptr<const nn::Network> network, float scale)
    : network_(std::move(network)), scratch_(network_->scratch()), scale_(scale) {
  const nn::Shape3 input = network_->inputShape();
  const bool fits = input.height == kSide && input.width == kSide && input.channels == 3;
  if (!fits || network_->outputCount() != 1 || network_->outputShape(0).size() != kClasses) {
    throw Error(ErrorCode::kModelCorrupt,
                "MiniFASNet: expected an input of 80 x 80 x 3 and three classes");
  }
}

LiveScore MiniFasNet::score(ImageView picture, const Box& face) {
  const FaceSurroundings part = surroundings(face, scale_, picture.width, picture.height);
  const Span<float> input = network_->input(scratch_);
  crop(picture, part, input);
  LiveScore score{0, part.scale, colourOf({input.data(), input.size()})};
  network_->run(scratch_);
  const Span<const float> classes = network_->output(scratch_, 0);
  const float largest = *std::max_element(classes.begin(), classes.end());
  float sum = 0;
  for (const float value : classes) sum += std::exp(value - largest);
  score.live = std::exp(classes[kLive] - largest) / sum;
  return score;
}

}  // namespace countenance
