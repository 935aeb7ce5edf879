#include "napi/lent_picture.h"

#include <cstdint>
#include <string>

#include "core/checked.h"
#include "core/error.h"
#include "napi/arguments.h"

namespace countenance {

ImageView pictureShapeOf(Napi::Value width, Napi::Value height, Napi::Value channels) {
  constexpr std::int64_t kMaxSide = 1000000;
  ImageView shape;
  shape.width = static_cast<std::size_t>(integerOf(width, "width", 1, kMaxSide));
  shape.height = static_cast<std::size_t>(integerOf(height, "height", 1, kMaxSide));
  shape.channels = static_cast<std::size_t>(integerOf(channels, "channels", 1, 3));
  if (shape.channels == 2) {
    throw Error(ErrorCode::kInvalidArgument, "channels: expected 1 or 3, got 2");
  }
  return shape;
}

LentPicture::LentPicture(Napi::Value pixels, const ImageView& shape)
    : pixels_(pixels, "pixels"), view_(shape) {
  const std::size_t expected = checkedMul(checkedMul(shape.width, shape.height), shape.channels);
  if (pixels_.size() != expected) {
    throw Error(ErrorCode::kInvalidArgument, "pixels: expected " + std::to_string(expected) +
                                                 " bytes, got " + std::to_string(pixels_.size()));
  }
  view_.data = pixels_.bytes().data();
}

}  // namespace countenance
