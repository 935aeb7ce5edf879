#pragma once

#include <dlib/image_processing/generic_image.h>
#include <dlib/pixel.h>

#include "core/image.h"

namespace countenance {

/// Lets dlib's templates read an ImageView in place: a picture is never copied for dlib.
/// The functions are those that dlib/image_processing/generic_image.h asks of an image type.
struct DlibImage {
  ImageView view;
};

// dlib reads our bytes as pixels of its own type.
static_assert(sizeof(dlib::rgb_pixel) == 3 && alignof(dlib::rgb_pixel) == 1);

inline long num_rows(const DlibImage& image) { return static_cast<long>(image.view.height); }
inline long num_columns(const DlibImage& image) { return static_cast<long>(image.view.width); }
inline long width_step(const DlibImage& image) { return static_cast<long>(image.view.width * 3); }
inline const void* image_data(const DlibImage& image) { return image.view.data; }

}  // namespace countenance

namespace dlib {

template <>
struct image_traits<countenance::DlibImage> {
  using pixel_type = rgb_pixel;
};
template <>
struct image_traits<const countenance::DlibImage> {
  using pixel_type = rgb_pixel;
};

}  // namespace dlib
