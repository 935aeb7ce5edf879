#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace countenance::bench {

/// Vectors that lie like dlib's of faces: clusters (people) with mated distances of 0.42 +- 0.08
/// and non-mated ones of 0.94 +- 0.10, around a mean of length 1.32. The same numbers for the same
/// seed, vector by vector in any order.
///
/// 128 independent dimensions would spread non-mated distances by 0.06 only. Those of faces depend:
/// variances fall as exp(-j / 22) over the principal axes, which makes 44 effective dimensions, and
/// a random Hadamard rotation hides the axes.
class ClusteredVectors final {
 public:
  /// @param dimension  A power of two from 64 on; the distances do not depend on it.
  ClusteredVectors(std::size_t dimension, std::uint64_t seed) : seed_(seed), spread_(dimension) {
    if (dimension < 64 || (dimension & (dimension - 1)) != 0) {
      throw std::runtime_error("error: dimension: expected a power of two from 64 on");
    }
    double sum = 0;
    for (std::size_t j = 0; j < dimension; ++j) {
      sum += std::exp(-static_cast<double>(j) / kAxes);
    }
    for (std::size_t j = 0; j < dimension; ++j) {
      // The rotation below is not normalised: it lengthens by the root of the dimension.
      const double variance = std::exp(-static_cast<double>(j) / kAxes) / sum;
      spread_[j] = static_cast<float>(std::sqrt(variance / static_cast<double>(dimension)));
    }
    mean_.assign(dimension, 0.0F);
    addNoise(mix(~seed), 1, mean_.data());
    float squares = 0;
    for (const float value : mean_) squares += value * value;
    for (float& value : mean_) value *= kMeanLength / std::sqrt(squares);
  }

  std::size_t dimension() const { return spread_.size(); }

  /// @param to  [dimension]
  void vector(std::uint64_t person, std::uint64_t picture, float* to) const {
    std::copy(mean_.begin(), mean_.end(), to);
    const std::uint64_t one = mix(seed_ ^ mix(person + 1));
    addNoise(one, kBetweenPeople, to);
    const std::uint64_t shot = mix(one + picture + 1);
    const float quality = std::max(0.3F, 1 + kQualitySpread * normal(mix(shot)));
    addNoise(shot, kWithinPerson * quality / std::sqrt(1 + kQualitySpread * kQualitySpread), to);
  }

  /// Row `i` of `rows`: every person has four pictures, far apart from one another.
  void row(std::uint64_t i, std::uint64_t rows, float* to) const {
    const std::uint64_t people = std::max<std::uint64_t>(1, (rows + 3) / 4);
    vector(i % people, i / people, to);
  }

  /// A picture that is in no row: of somebody of the rows for even `i`, of a stranger for odd.
  void query(std::uint64_t i, std::uint64_t rows, float* to) const {
    const std::uint64_t people = std::max<std::uint64_t>(1, (rows + 3) / 4);
    vector(i % 2 == 0 ? mix(i) % people : people + i, kQueryPicture + i, to);
  }

 private:
  static constexpr double kAxes = 22;
  static constexpr float kMeanLength = 1.32F;  // dlib's vectors have lengths of 1.33 to 1.63
  // Mated distances squared are 2 within^2 on average, non-mated 2 (within^2 + between^2).
  static constexpr float kWithinPerson = 0.3023F;
  static constexpr float kBetweenPeople = 0.5961F;
  static constexpr float kQualitySpread = 0.22F;
  static constexpr std::uint64_t kQueryPicture = 1U << 20;

  /// splitmix64
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }

  /// About N(0, 1): the sum of four uniform numbers. The rotation mixes it into a normal one.
  static float normal(std::uint64_t bits) {
    std::int32_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<std::int32_t>(bits >> (16 * i) & 0xFFFF);
    return static_cast<float>(sum - 2 * 0xFFFF) * (1.7320508F / 0xFFFF);
  }

  void addNoise(std::uint64_t start, float length, float* to) const {
    const std::size_t n = spread_.size();
    std::vector<float> values(n);
    for (std::size_t j = 0; j < n; ++j) values[j] = normal(mix(start + j)) * spread_[j];
    for (std::size_t half = 1; half < n; half *= 2) {
      for (std::size_t i = 0; i < n; i += 2 * half) {
        for (std::size_t j = i; j < i + half; ++j) {
          const float a = values[j];
          const float b = values[j + half];
          values[j] = a + b;
          values[j + half] = a - b;
        }
      }
    }
    for (std::size_t j = 0; j < n; ++j) {
      const bool flipped = (mix(seed_ + j) & 1) != 0;
      to[j] += length * (flipped ? -values[j] : values[j]);
    }
  }

  const std::uint64_t seed_;
  std::vector<float> spread_;
  std::vector<float> mean_;
};

}  // namespace countenance::bench
