#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace countenance::test {

/// A built model's bytes. The tests run in the project's folder.
inline std::vector<std::uint8_t> modelBytes(const std::string& name) {
  std::ifstream in("models/" + name, std::ios::binary);
  if (!in) throw std::runtime_error("models/" + name + " is missing; run: npm run build:models");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace countenance::test
