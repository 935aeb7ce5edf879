#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/model_file.h"

namespace countenance::test {

/// A layer-list network again, from the container's description alone (nn/network_plan.h): plain
/// loops in double precision. It shares nothing with nn/network but the file's reader, and trusts
/// the file.
class ReferenceNetwork final {
 public:
  struct Map {
    std::ptrdiff_t height = 0, width = 0, channels = 0;
    std::vector<double> values;

    Map() = default;
    Map(std::ptrdiff_t h, std::ptrdiff_t w, std::ptrdiff_t c)
        : height(h), width(w), channels(c), values(static_cast<std::size_t>(h * w * c)) {}
    double& at(std::ptrdiff_t y, std::ptrdiff_t x, std::ptrdiff_t c) {
      return values[static_cast<std::size_t>((y * width + x) * channels + c)];
    }
    bool has(std::ptrdiff_t y, std::ptrdiff_t x) const {
      return y >= 0 && x >= 0 && y < height && x < width;
    }
  };

  explicit ReferenceNetwork(const ModelFile& model) : model_(model) {}

  /// @returns every value of the network, the input first.
  std::vector<Map> run(Map input) const {
    std::vector<Map> values = {std::move(input)};
    const std::size_t count = model_.tensor("layers").shape[0];
    const auto rows = model_.values<std::int32_t>("layers", {count, 10});
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t* row = rows.data() + i * 10;
      values.push_back(layer(row, i, values[static_cast<std::size_t>(row[1])],
                             values[static_cast<std::size_t>(row[2])]));
    }
    return values;
  }

 private:
  Map layer(const std::int32_t* row, std::size_t number, Map& a, Map& b) const {
    const int kind = row[0];
    const int k = kind == 1 || kind == 2 || kind == 4 ? row[3] : 1;
    const int stride = k == 1 && kind > 4 ? 1 : std::max(1, row[4]);
    const int before = kind == 1 || kind == 2 || kind == 4 ? row[5] : 0;
    const int after = kind == 1 || kind == 2 || kind == 4 ? row[6] : 0;
    Map out((a.height + before + after - k) / (kind <= 2 || kind == 4 ? stride : 1) + 1,
            (a.width + before + after - k) / (kind <= 2 || kind == 4 ? stride : 1) + 1, row[7]);
    if (kind == 5) out = Map(1, 1, row[7]);
    if (kind == 8) out = Map(a.height * 2, a.width * 2, row[7]);
    for (std::ptrdiff_t y = 0; y < out.height; ++y) {
      for (std::ptrdiff_t x = 0; x < out.width; ++x) {
        for (std::ptrdiff_t c = 0; c < out.channels; ++c) {
          double value = 0;
          if (kind == 1 || kind == 2) value = weighted(row, number, a, y, x, c);
          if (kind == 3) value = a.at(y, x, c) + b.at(y, x, c);
          if (kind == 4) value = largest(row, a, y, x, c);
          if (kind == 5) value = mean(a, c);
          if (kind == 6 && c < a.channels) value = a.at(y, x, c);
          if (kind == 7) value = a.at(y, x, c) * b.at(0, 0, c);
          if (kind == 8) value = a.at(y / 2, x / 2, c);
          if (kind == 9) value = a.at(y, x, c);
          out.at(y, x, c) = activated(row, number, value, c);
        }
      }
    }
    return out;
  }

  double weighted(const std::int32_t* row, std::size_t number, Map& a, std::ptrdiff_t y,
                  std::ptrdiff_t x, std::ptrdiff_t c) const {
    const std::string name = std::to_string(number);
    const float* weights = floats(name + ".weights");
    double sum = floats(name + ".bias")[c];
    for (int ky = 0; ky < row[3]; ++ky) {
      for (int kx = 0; kx < row[3]; ++kx) {
        const std::ptrdiff_t top = y * row[4] + ky - row[5];
        const std::ptrdiff_t left = x * row[4] + kx - row[5];
        if (!a.has(top, left)) continue;
        if (row[0] == 2) {
          sum += a.at(top, left, c) * weights[(ky * row[3] + kx) * a.channels + c];
          continue;
        }
        for (std::ptrdiff_t i = 0; i < a.channels; ++i) {
          sum += a.at(top, left, i) * weights[((c * row[3] + ky) * row[3] + kx) * a.channels + i];
        }
      }
    }
    return sum;
  }

  static double largest(const std::int32_t* row, Map& a, std::ptrdiff_t y, std::ptrdiff_t x,
                        std::ptrdiff_t c) {
    double most = -1e300;
    for (int k = 0; k < row[3] * row[3]; ++k) {
      const std::ptrdiff_t top = y * row[4] + k / row[3] - row[5];
      const std::ptrdiff_t left = x * row[4] + k % row[3] - row[5];
      if (a.has(top, left)) most = std::max(most, a.at(top, left, c));
    }
    return most;
  }

  static double mean(Map& a, std::ptrdiff_t c) {
    double sum = 0;
    for (std::ptrdiff_t y = 0; y < a.height; ++y) {
      for (std::ptrdiff_t x = 0; x < a.width; ++x) sum += a.at(y, x, c);
    }
    return sum / static_cast<double>(a.height * a.width);
  }

  double activated(const std::int32_t* row, std::size_t number, double value,
                   std::ptrdiff_t c) const {
    if (row[8] == 1) return std::max(0.0, value);
    if (row[8] == 2 && value < 0) return value * floats(std::to_string(number) + ".slope")[c];
    if (row[8] == 3) return 1 / (1 + std::exp(-value));
    return value;
  }

  const float* floats(const std::string& name) const {
    return reinterpret_cast<const float*>(model_.tensor(name).bytes.data());
  }

  const ModelFile& model_;
};

}  // namespace countenance::test
