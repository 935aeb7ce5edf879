#include "fitted_people.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

#include "random_numbers.h"
#include "read_file.h"

namespace countenance::bench {
namespace {

constexpr std::size_t kSize = FittedPeople::kDimension;
using Matrix = std::vector<double>;  // [kSize x kSize], its lower triangle used

void addProduct(Matrix& sum, const std::vector<double>& x) {
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j <= i; ++j) sum[i * kSize + j] += x[i] * x[j];
  }
}

/// L with L L' = matrix. What is negative by the noise of few samples counts as hardly anything.
Matrix cholesky(const Matrix& matrix) {
  double trace = 0;
  for (std::size_t i = 0; i < kSize; ++i) trace += matrix[i * kSize + i];
  const double least = 1e-6 * trace / kSize;
  Matrix root(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = matrix[i * kSize + j];
      for (std::size_t k = 0; k < j; ++k) rest -= root[i * kSize + k] * root[j * kSize + k];
      root[i * kSize + j] = i == j ? std::sqrt(std::max(rest, least)) : rest / root[j * kSize + j];
    }
  }
  return root;
}

void addNormal(const Matrix& root, std::uint64_t seed, std::vector<double>& to) {
  RandomNumbers numbers(seed);
  std::vector<double> normal(kSize);
  for (double& x : normal) x = numbers.normal();
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j <= i; ++j) to[i] += root[i * kSize + j] * normal[j];
  }
}

}  // namespace

std::vector<std::int32_t> readPeople(const std::string& path) {
  const std::vector<std::uint8_t> bytes = readFile(path);
  std::vector<std::int32_t> people(bytes.size() / sizeof(std::int32_t));
  std::copy_n(bytes.data(), people.size() * sizeof(std::int32_t),
              reinterpret_cast<std::uint8_t*>(people.data()));
  return people;
}

FittedPeople::FittedPeople(std::vector<float> real, std::vector<std::int32_t> people)
    : real_(std::move(real)), people_(std::move(people)), mean_(kSize) {
  if (people_.size() < 2 * kSize || real_.size() != people_.size() * kSize) {
    throw std::runtime_error("error: expected some hundred vectors and a person for each");
  }
  for (std::size_t i = 0; i < people_.size(); ++i) {
    for (std::size_t j = 0; j < kSize; ++j) mean_[j] += real_[i * kSize + j];
  }
  for (double& x : mean_) x /= static_cast<double>(people_.size());

  // Within: from each person's own mean. Between: what the total has beyond that.
  Matrix total(kSize * kSize);
  Matrix within(kSize * kSize);
  std::vector<double> centred(kSize);
  std::size_t freedom = 0;
  for (std::size_t first = 0; first < people_.size();) {
    std::size_t end = first;
    std::vector<double> own(kSize);
    for (; end < people_.size() && people_[end] == people_[first]; ++end) {
      for (std::size_t j = 0; j < kSize; ++j) own[j] += real_[end * kSize + j];
    }
    const std::size_t count = end - first;
    for (double& x : own) x /= static_cast<double>(count);
    for (std::size_t i = first; i < end; ++i) {
      for (std::size_t j = 0; j < kSize; ++j) centred[j] = real_[i * kSize + j] - mean_[j];
      addProduct(total, centred);
      for (std::size_t j = 0; j < kSize; ++j) centred[j] = real_[i * kSize + j] - own[j];
      if (count > 1) addProduct(within, centred);
    }
    freedom += count - 1;
    first = end;
  }
  if (freedom < kSize) throw std::runtime_error("error: expected several vectors of many people");
  Matrix between(kSize * kSize);
  for (std::size_t i = 0; i < between.size(); ++i) {
    within[i] /= static_cast<double>(freedom);
    between[i] = total[i] / static_cast<double>(people_.size() - 1) - within[i];
  }
  between_ = cholesky(between);
  within_ = cholesky(within);
}

FittedPeople::Split FittedPeople::split(std::size_t queries) const {
  std::unordered_map<std::int32_t, std::size_t> pictures;
  for (const std::int32_t person : people_) ++pictures[person];
  Split split;
  std::vector<std::size_t> known;
  std::vector<std::size_t> strangers;
  for (std::size_t i = 0; i < people_.size(); ++i) {
    const bool last = i + 1 == people_.size() || people_[i + 1] != people_[i];
    const bool single = pictures[people_[i]] == 1;
    std::vector<std::size_t>& asked = single ? strangers : known;
    if (last && asked.size() < queries / 2) {
      asked.push_back(i);
    } else {
      split.base.push_back(i);
    }
  }
  for (std::size_t i = 0; i < std::min(known.size(), strangers.size()); ++i) {
    split.queries.push_back(known[i]);
    split.queries.push_back(strangers[i]);
  }
  return split;
}

void FittedPeople::draw(std::uint64_t person, std::uint64_t picture, float* out) const {
  std::vector<double> values = mean_;
  const std::uint64_t own = RandomNumbers::mixed(person + 1);
  addNormal(between_, own, values);
  addNormal(within_, own + picture + 1, values);
  std::copy(values.begin(), values.end(), out);
}

}  // namespace countenance::bench
