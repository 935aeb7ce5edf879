#pragma once

#include <napi.h>

#include <cstddef>

#include "core/image.h"
#include "napi/lent_bytes.h"

namespace countenance {

/// The sides and channels of a picture, without its data.
/// @throws Error(kInvalidArgument) for sides that no picture has, and for channels other than 1, 3.
ImageView pictureShapeOf(Napi::Value width, Napi::Value height, Napi::Value channels);

/// The pixels of a picture that a task reads where JavaScript has them: see LentBytes.
class LentPicture final {
 public:
  /// @param shape  From pictureShapeOf().
  /// @throws Error(kInvalidArgument) for another number of bytes, and as LentBytes does.
  LentPicture(Napi::Value pixels, const ImageView& shape);

  ImageView view() const { return view_; }
  std::size_t size() const { return pixels_.size(); }
  void giveBack() { pixels_.giveBack(); }

 private:
  LentBytes pixels_;
  ImageView view_;  // of pixels_
};

}  // namespace countenance
