#pragma once

#include <cstddef>

#include "core/geometry.h"
#include "core/image.h"
#include "core/span.h"

namespace countenance {

/// How a network wants its pixels: value * scale + offset, in this order.
struct PixelFormat {
  enum class Order { kRgb, kBgr };
  float scale = 1;
  float offset = 0;
  Order order = Order::kRgb;
};

/// Samples a picture at the pixels of a width x height target: bilinear, and area-averaged before
/// where the target shrinks it by two or more, so that no detail aliases.
///
/// @param picture  Any size; borrowed for this call only. Grey pixels become three equal ones.
/// @param toPicture  From pixels of the target to pixels of the picture. Where that is outside of
/// the picture, or no number, the sample is black (`offset`).
/// @param out  Room for height * width * 3 floats.
void warp(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height,
          const PixelFormat& format, Span<float> out);

/// The same as an RGB8 image.
Image warp(ImageView picture, const Affine& toPicture, std::size_t width, std::size_t height);

}  // namespace countenance
