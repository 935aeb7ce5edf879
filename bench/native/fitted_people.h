#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace countenance::bench {

/// @throws std::runtime_error when there is no such file.
std::vector<std::int32_t> readPeople(const std::string& path);

/// Real vectors, and as many made-up people as wanted who differ from each other and within
/// themselves as the real ones do: both covariances are the real ones', both normal.
class FittedPeople final {
 public:
  static constexpr std::size_t kDimension = 128;

  /// @param real    [people.size() x kDimension]
  /// @param people  Whose vector each is; a person's are in a row.
  FittedPeople(std::vector<float> real, std::vector<std::int32_t> people);

  struct Split {
    std::vector<std::size_t> base;
    /// By turns one of a person who is in the base too, and of one who is not.
    std::vector<std::size_t> queries;
  };
  Split split(std::size_t queries) const;

  const float* real(std::size_t i) const { return &real_[i * kDimension]; }
  /// A made-up one; the same numbers give the same vector.
  void draw(std::uint64_t person, std::uint64_t picture, float* out) const;

 private:
  std::vector<float> real_;
  std::vector<std::int32_t> people_;
  std::vector<double> mean_;
  std::vector<double> between_;  // lower triangle of Cholesky's factor
  std::vector<double> within_;
};

}  // namespace countenance::bench
