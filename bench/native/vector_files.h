#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace countenance::bench {

/// What the programs of case `search` share: `<prefix>.base.f32` and `<prefix>.query.f32` hold rows
/// of `dimension` floats, `<prefix>.truth-<rows>.f64` what is nearest (search_data.cpp).
inline std::string basePath(const std::string& prefix) { return prefix + ".base.f32"; }
inline std::string queryPath(const std::string& prefix) { return prefix + ".query.f32"; }

/// Calls `each(first row, rows, values)` for a file's rows, some thousands at a time, so that no
/// second copy of them all is in memory.
/// @throws std::runtime_error when the file has fewer rows.
template <typename Each>
void readRows(const std::string& path, std::size_t dimension, std::size_t rows, Each&& each) {
  constexpr std::size_t kChunk = 16384;
  std::ifstream in(path, std::ios::binary);
  std::vector<float> values;
  for (std::size_t first = 0; first < rows; first += kChunk) {
    const std::size_t count = rows - first < kChunk ? rows - first : kChunk;
    values.resize(count * dimension);
    in.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
    if (!in)
      throw std::runtime_error("error: expected " + std::to_string(rows) + " rows in " + path);
    each(first, count, values.data());
  }
}

/// All rows of a file.
inline std::vector<float> readFloats(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw std::runtime_error("error: cannot read " + path);
  const auto bytes = static_cast<std::size_t>(in.tellg());
  std::vector<float> values(bytes / sizeof(float));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(bytes));
  if (!in) throw std::runtime_error("error: cannot read " + path);
  return values;
}

}  // namespace countenance::bench
