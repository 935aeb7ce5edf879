#include "vision/warp.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "core/error.h"
#include "vision/averaged.h"
#include "vision/lanes.h"

namespace countenance {
namespace {

// Coordinates along a row are whole numbers of 2^-32 pixels: exact enough to add up, and their
// parts are had by shifts.
using Fixed = std::int64_t;
constexpr int kFraction = 32;
constexpr int kShareBits = 15;  // what betweenColumns() takes
constexpr float kFarthest =
    1073741824;  // 2^30: products with 2^32 and a row's length stay in range

Fixed fixed(float value) {
  return static_cast<Fixed>(static_cast<double>(value) *
                            static_cast<double>(Fixed{1} << kFraction));
}

std::int32_t shareOf(Fixed value) {
  return static_cast<std::int32_t>((value >> (kFraction - kShareBits)) & ((1 << kShareBits) - 1));
}

template <typename T>
T between(const T& a, const T& b, float share) {
  return a + (b - a) * share;
}

/// The steps [begin, end) of a row.
struct Steps {
  Fixed begin = 0;
  Fixed end = 0;
};

/// The first step from which on start + step * n is at least `least`, for a positive step.
Fixed stepsTo(Fixed least, Fixed start, Fixed step) {
  return start >= least ? 0 : (least - start - 1) / step + 1;
}

/// Those of `steps` at which start + step * n lies in 0 .. end - 1.
Steps within(Steps steps, Fixed start, Fixed step, Fixed end) {
  if (end <= 0) return {};
  if (step == 0) return start >= 0 && start < end ? steps : Steps{};
  if (step < 0) return within(steps, end - 1 - start, -step, end);  // seen from the other end
  return {std::max(steps.begin, stepsTo(0, start, step)),
          std::min(steps.end, stepsTo(end, start, step))};
}

/// Bilinear samples of a picture.
template <std::size_t kChannels>
class Sampler final {
 public:
  explicit Sampler(ImageView picture)
      : picture_(picture),
        stride_(picture.width * kChannels),
        width_(static_cast<float>(picture.width)),
        height_(static_cast<float>(picture.height)) {}

  /// Calls `store` with the samples at x + n * stepX, y + n * stepY, n from 0 to count - 1.
  template <typename Store>
  void row(float x, float y, float stepX, float stepY, std::size_t count, Store&& store) const {
    const auto length = static_cast<Fixed>(count);
    Steps inner{length, length};
    const Fixed fixedX = fixed(stepX);
    const Fixed fixedY = fixed(stepY);
    const auto last = static_cast<float>(count);
    const auto isNear = [](float value) { return std::abs(value) < kFarthest; };  // nor NaN
    const bool near =
        isNear(x) && isNear(y) && isNear(x + last * stepX) && isNear(y + last * stepY);
    if (near) {
      // Two columns off the right edge, because betweenColumns() reads a byte more.
      const auto end = [](std::size_t size, Fixed margin) {
        return (static_cast<Fixed>(size) - margin) * (Fixed{1} << kFraction);
      };
      inner = within({0, length}, fixed(x), fixedX, end(picture_.width, 2));
      inner = within(inner, fixed(y), fixedY, end(picture_.height, 1));
      if (inner.begin >= inner.end) inner = {length, length};
    }
    const auto outer = [&](Fixed n) {
      const auto step = static_cast<float>(n);
      store(edge(x + step * stepX, y + step * stepY));
    };
    for (Fixed n = 0; n < inner.begin; ++n) outer(n);
    if (inner.begin < inner.end) {
      Fixed atX = fixed(x) + inner.begin * fixedX;
      Fixed atY = fixed(y) + inner.begin * fixedY;
      for (Fixed n = inner.begin; n < inner.end; ++n, atX += fixedX, atY += fixedY) {
        store(inside(atX, atY));
      }
    }
    for (Fixed n = inner.end; n < length; ++n) outer(n);
  }

 private:
  Lanes inside(Fixed x, Fixed y) const {
    constexpr float kUnit = 1.0F / (1 << kShareBits);
    const float down = static_cast<float>(shareOf(y)) * kUnit;
    const std::uint8_t* pixel = picture_.data + static_cast<std::size_t>(y >> kFraction) * stride_ +
                                static_cast<std::size_t>(x >> kFraction) * kChannels;
    const std::uint8_t* below = pixel + stride_;
    if constexpr (kChannels == 1) {
      const float value = between(betweenTwo(pixel[0], pixel[1], shareOf(x)),
                                  betweenTwo(below[0], below[1], shareOf(x)), down);
      return Lanes{value, value, value, value};
    } else {
      return between(betweenColumns(pixel, shareOf(x)), betweenColumns(below, shareOf(x)), down);
    }
  }

  /// Near the picture's edge or outside of it. Beyond the centre of the last pixel its value goes
  /// on for half a pixel.
  Lanes edge(float x, float y) const {
    if (!(x >= -0.5F && x <= width_ - 0.5F && y >= -0.5F && y <= height_ - 0.5F)) return Lanes{};
    const float left = std::clamp(std::floor(x), 0.0F, width_ - 1);
    const float top = std::clamp(std::floor(y), 0.0F, height_ - 1);
    const auto x0 = static_cast<std::size_t>(left);
    const auto y0 = static_cast<std::size_t>(top);
    const std::size_t x1 = std::min(x0 + 1, picture_.width - 1);
    const std::size_t y1 = std::min(y0 + 1, picture_.height - 1);
    const float right = std::clamp(x - left, 0.0F, 1.0F);
    const float down = std::clamp(y - top, 0.0F, 1.0F);
    Lanes lanes{};
    for (std::size_t c = 0; c < 3; ++c) {
      const auto value = [&](std::size_t column, std::size_t row) {
        return static_cast<float>(
            picture_.row(row)[column * kChannels + std::min(c, kChannels - 1)]);
      };
      lanes[c] = between(between(value(x0, y0), value(x1, y0), right),
                         between(value(x0, y1), value(x1, y1), right), down);
    }
    return lanes;
  }

  ImageView picture_;
  std::size_t stride_;
  float width_;
  float height_;
};

template <std::size_t kChannels, typename Store>
void sample(ImageView picture, const Affine& map, std::size_t width, std::size_t height,
            Store&& store) {
  const Sampler<kChannels> sampler(picture);
  for (std::size_t v = 0; v < height; ++v) {
    const auto down = static_cast<float>(v);
    sampler.row(map.b * down + map.c, map.e * down + map.f, map.a, map.d, width, store);
  }
}

template <typename Store>
void sampled(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height,
             Store&& store) {
  const std::optional<Averaged> small = averaged(picture, toPicture, width, height);
  const ImageView source = small ? small->pixels.view() : picture;
  const Affine& map = small ? small->toPixels : toPicture;
  if (source.channels == 1) {
    sample<1>(source, map, width, height, store);
  } else {
    sample<3>(source, map, width, height, store);
  }
}

}  // namespace

void warp(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height,
          const PixelFormat& format, Span<float> out) {
  const std::size_t expected = checkedMul(checkedMul(width, height), 3);
  if (out.size() != expected) {
    throw Error(ErrorCode::kInvalidArgument, "out: expected " + std::to_string(expected) +
                                                 " floats, got " + std::to_string(out.size()));
  }
  float* next = out.data();
  const bool reversed = format.order == PixelFormat::Order::kBgr;
  sampled(picture, toPicture, width, height, [&](const Lanes& lanes) {
    Lanes scaled = lanes * format.scale + format.offset;
    if (reversed) scaled = Lanes{scaled[2], scaled[1], scaled[0], 0};
    std::memcpy(next, &scaled, 3 * sizeof(float));
    next += 3;
  });
}

Image warp(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height) {
  Image image(width, height);
  std::uint8_t* next = image.row(0);
  sampled(picture, toPicture, width, height, [&](const Lanes& lanes) {
    const std::uint32_t bytes = bytesOf(lanes);
    std::memcpy(next, &bytes, 3);
    next += 3;
  });
  return image;
}

}  // namespace countenance
