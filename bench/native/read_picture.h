#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

#include "core/image.h"

namespace countenance::bench {

/// A binary PPM as bench/photo.ts writes it: no comments, 8 bits.
/// @throws std::runtime_error for anything else.
inline Image readPicture(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string magic;
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t most = 0;
  in >> magic >> width >> height >> most;
  in.get();  // the one blank between header and pixels
  if (!in || magic != "P6" || most != 255) {
    throw std::runtime_error("error: no binary PPM: " + path);
  }
  Image picture(width, height);
  in.read(reinterpret_cast<char*>(picture.row(0)),
          static_cast<std::streamsize>(width * height * 3));
  if (!in) throw std::runtime_error("error: truncated: " + path);
  return picture;
}

}  // namespace countenance::bench
