#pragma once

#include <dlib/image_processing/generic_image.h>
#include <dlib/pixel.h>

#include "core/image.h"

namespace countenance {

/// Lets dlib's templates read an ImageView in place: a picture is never copied for dlib.
/// The functions are those that dlib/image_processing/generic_image.h asks of an image type.
template <typename Pixel>
struct DlibImage {
  ImageView view;
};

// dlib reads our bytes as pixels of its own type.
static_assert(sizeof(dlib::rgb_pixel) == 3 && alignof(dlib::rgb_pixel) == 1);

template <typename Pixel>
long num_rows(const DlibImage<Pixel>& image) {
  return static_cast<long>(image.view.height);
}
template <typename Pixel>
long num_columns(const DlibImage<Pixel>& image) {
  return static_cast<long>(image.view.width);
}
template <typename Pixel>
long width_step(const DlibImage<Pixel>& image) {
  return static_cast<long>(image.view.width * sizeof(Pixel));
}
template <typename Pixel>
const void* image_data(const DlibImage<Pixel>& image) {
  return image.view.data;
}

/// Calls `visit` with the picture as an image of dlib's.
template <typename Visit>
void withDlibImage(ImageView view, Visit&& visit) {
  if (view.channels == 1) {
    visit(DlibImage<unsigned char>{view});
  } else {
    visit(DlibImage<dlib::rgb_pixel>{view});
  }
}

}  // namespace countenance

namespace dlib {

template <typename Pixel>
struct image_traits<countenance::DlibImage<Pixel>> {
  using pixel_type = Pixel;
};
template <typename Pixel>
struct image_traits<const countenance::DlibImage<Pixel>> {
  using pixel_type = Pixel;
};

}  // namespace dlib
