#include "vision/warp.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "vision/averaged.h"

namespace countenance {
namespace {

// Four lanes for three channels: GCC and Clang turn this into the CPU's own vectors, whichever it
// has.
using Lanes = float __attribute__((vector_size(16)));
using Bytes = std::uint8_t __attribute__((vector_size(4)));

/// An RGB pixel; the byte behind it is read too.
Lanes load(const std::uint8_t* pixel) {
  Bytes bytes;
  std::memcpy(&bytes, pixel, sizeof bytes);
  return __builtin_convertvector(bytes, Lanes);
}

template <typename T>
T between(const T& a, const T& b, float share) {
  return a + (b - a) * share;
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

  Lanes at(float x, float y) const {
    // False for NaN. Two columns off the right edge, because load() reads one byte more.
    if (x >= 0 && x < width_ - 2 && y >= 0 && y < height_ - 1) return inside(x, y);
    if (x >= -0.5F && x <= width_ - 0.5F && y >= -0.5F && y <= height_ - 0.5F) return edge(x, y);
    return Lanes{};
  }

 private:
  Lanes inside(float x, float y) const {
    const auto left = static_cast<std::int32_t>(x);
    const auto top = static_cast<std::int32_t>(y);
    const float right = x - static_cast<float>(left);
    const float down = y - static_cast<float>(top);
    const std::uint8_t* pixel = picture_.data + static_cast<std::size_t>(top) * stride_ +
                                static_cast<std::size_t>(left) * kChannels;
    const std::uint8_t* below = pixel + stride_;
    if constexpr (kChannels == 1) {
      const float value = between(between<float>(pixel[0], pixel[1], right),
                                  between<float>(below[0], below[1], right), down);
      return Lanes{value, value, value, value};
    } else {
      return between(between(load(pixel), load(pixel + 3), right),
                     between(load(below), load(below + 3), right), down);
    }
  }

  /// Beyond the centre of the last pixel its value goes on.
  Lanes edge(float x, float y) const {
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
    const float x0 = map.b * static_cast<float>(v) + map.c;
    const float y0 = map.e * static_cast<float>(v) + map.f;
    for (std::size_t u = 0; u < width; ++u) {
      const auto step = static_cast<float>(static_cast<std::int32_t>(u));
      store(sampler.at(map.a * step + x0, map.d * step + y0));
    }
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
  const std::size_t first = format.order == PixelFormat::Order::kRgb ? 0 : 2;
  sampled(picture, toPicture, width, height, [&](const Lanes& lanes) {
    const Lanes scaled = lanes * format.scale + format.offset;
    next[first] = scaled[0];
    next[1] = scaled[1];
    next[2 - first] = scaled[2];
    next += 3;
  });
}

Image warp(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height) {
  Image image(width, height);
  std::uint8_t* next = image.row(0);
  sampled(picture, toPicture, width, height, [&](const Lanes& lanes) {
    const Lanes rounded = lanes + 0.5F;
    for (std::size_t c = 0; c < 3; ++c) {
      *next++ = static_cast<std::uint8_t>(static_cast<std::int32_t>(rounded[c]));
    }
  });
  return image;
}

}  // namespace countenance
