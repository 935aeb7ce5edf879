#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "random_numbers.h"

namespace countenance::bench {

/// Vectors like dlib's of real faces, without faces. Euclidean distances: 0.42 +- 0.08 between two
/// pictures of one person, 0.94 +- 0.10 between two people; lengths near 1.45.
///
/// As with real ones, most of the variance lies in a third of the directions (a geometric spectrum
/// of 45 effective dimensions gives exactly that +- 0.10), no axis is one of those directions, and
/// some people's pictures differ more than others'. Any vector can be made by itself, in any
/// thread; the same numbers give the same vector.
class ClusteredVectors final {
 public:
  explicit ClusteredVectors(std::size_t dimension, std::uint64_t seed = 1)
      : dimension_(dimension), seed_(seed) {
    std::size_t size = 1;
    while (size < dimension) size *= 2;
    spread_.resize(size);
    double sum = 0;
    for (std::size_t j = 0; j < size; ++j) {
      const double place = 128.0 * static_cast<double>(j) / static_cast<double>(size);
      const double variance = std::pow(kDecay, place);
      sum += variance;
      spread_[j] = static_cast<float>(variance);
    }
    RandomNumbers numbers(seed ^ 0x5eed);
    for (float& spread : spread_) {
      const double variance = spread / sum / static_cast<double>(dimension);
      const double sign = (numbers.next() & 1) == 0 ? 1 : -1;
      spread = static_cast<float>(sign * std::sqrt(variance));
    }
    mean_.resize(dimension);
    const auto part = static_cast<float>(kMeanLength / std::sqrt(static_cast<double>(dimension)));
    for (float& mean : mean_) mean = (numbers.next() & 1) == 0 ? part : -part;
  }

  std::size_t dimension() const { return dimension_; }

  /// @param out  [dimension].
  void write(std::uint64_t person, std::uint64_t picture, float* out) const {
    std::vector<float> values(spread_.size());
    const std::uint64_t own = RandomNumbers::mixed(seed_ * 0x9e3779b97f4a7c15ULL + person);
    RandomNumbers ofPerson(own);
    RandomNumbers ofPicture(own + picture + 1);
    const double scale = std::exp(kUneven * ofPerson.normal() - kUneven * kUneven);
    const auto between = static_cast<float>(kBetween);
    const auto within = static_cast<float>(kWithin * scale);
    for (std::size_t j = 0; j < values.size(); ++j) {
      values[j] = spread_[j] * (between * ofPerson.normal() + within * ofPicture.normal());
    }
    turn(values);
    for (std::size_t j = 0; j < dimension_; ++j) out[j] = mean_[j] + values[j];
  }

 private:
  // (1 + r) / (1 - r) effective dimensions are 45: sqrt(2 / 45) * 0.94 / 2 = 0.10.
  static constexpr double kDecay = 44.0 / 46.0;
  // Variances w of a person's pictures and b of people: 2 w = 0.42^2 + 0.08^2 and
  // 2 (w + b) = 0.94^2 + 0.1^2. These are their roots.
  static constexpr double kWithin = 0.3023;
  static constexpr double kBetween = 0.5962;
  static constexpr double kMeanLength = 1.287;  // 1.45^2 - w - b, its root
  // 0.08 of 0.42 is more than the spectrum's share (0.105): the rest is between people.
  static constexpr double kUneven = 0.155;

  /// Walsh and Hadamard's transform, times sqrt(size): a rotation (and that scale).
  static void turn(std::vector<float>& values) {
    for (std::size_t half = 1; half < values.size(); half *= 2) {
      for (std::size_t i = 0; i < values.size(); i += 2 * half) {
        for (std::size_t j = i; j < i + half; ++j) {
          const float a = values[j];
          const float b = values[j + half];
          values[j] = a + b;
          values[j + half] = a - b;
        }
      }
    }
  }

  std::size_t dimension_;
  std::uint64_t seed_;
  std::vector<float> spread_;  // standard deviation and sign per direction
  std::vector<float> mean_;
};

}  // namespace countenance::bench
