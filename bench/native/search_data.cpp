// Makes the vectors of cases `search` and `growth`, and says what is nearest in them.
//
//   search_data clustered <dimension> <rows> <queries> <prefix>
//                       four pictures of each person (clustered_vectors.h)
//   search_data fitted <real.f32> <people.i32> <rows> <queries> <prefix>
//                       real 128-d vectors, whose person's number is in the other file, then
//                       distractors: people and pictures drawn with the real ones' covariances
//   search_data duplicates <dimension> <rows> <queries> <prefix>
//                       a thousand vectors, over and over
//   search_data equidistant <dimension> <rows> <queries> <prefix>
//                       all rows as far from each query as the others, but for rounding
//   search_data truth <dimension> <rows> <prefix>
//                       for the first hundred queries: row and squared distance of the ten nearest
//                       of the first rows, by plain sums in double precision
//
// Half of the queries are of people among the rows, another picture of each; the others of people
// who are not.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "clustered_vectors.h"
#include "fitted_people.h"
#include "random_numbers.h"
#include "vector_files.h"

namespace {

using namespace countenance::bench;  // NOLINT: a program of one file, about this namespace

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kPicturesPerPerson = 4;
constexpr std::size_t kTruthQueries = 100;
constexpr std::size_t kTruthRows = 10;

class RowFile final {
 public:
  RowFile(const std::string& path, std::size_t dimension)
      : path_(path), out_(path, std::ios::binary), row_(dimension) {}

  /// @param fill  Called with the place of one row.
  template <typename Fill>
  void add(Fill&& fill) {
    fill(row_.data());
    out_.write(reinterpret_cast<const char*>(row_.data()),
               static_cast<std::streamsize>(row_.size() * sizeof(float)));
  }

  void close() {
    out_.close();
    if (!out_) throw std::runtime_error("error: cannot write " + path_);
  }

 private:
  std::string path_;
  std::ofstream out_;
  std::vector<float> row_;
};

/// @param row, query  Called with a number and the place of one vector.
template <typename Row, typename Query>
void write(const std::string& prefix, std::size_t dimension, std::size_t rows, std::size_t queries,
           Row&& row, Query&& query) {
  RowFile base(basePath(prefix), dimension);
  for (std::size_t i = 0; i < rows; ++i) base.add([&](float* out) { row(i, out); });
  base.close();
  RowFile asked(queryPath(prefix), dimension);
  for (std::size_t i = 0; i < queries; ++i) asked.add([&](float* out) { query(i, out); });
  asked.close();
}

void writeClustered(std::size_t dimension, std::size_t rows, std::size_t queries,
                    const std::string& prefix) {
  const ClusteredVectors vectors(dimension, kSeed);
  write(
      prefix, dimension, rows, queries,
      [&](std::size_t i, float* out) { vectors.row(i, rows, out); },
      [&](std::size_t i, float* out) { vectors.query(i, rows, out); });
}

void writeDuplicates(std::size_t dimension, std::size_t rows, std::size_t queries,
                     const std::string& prefix) {
  constexpr std::size_t kDistinct = 1000;
  const ClusteredVectors vectors(dimension, kSeed);
  write(
      prefix, dimension, rows, queries,
      [&](std::size_t i, float* out) { vectors.vector(i % kDistinct, 0, out); },
      [&](std::size_t i, float* out) { vectors.vector(i % kDistinct, i % 2, out); });
}

/// Rows on a sphere, in the half of the axes that no query uses: no code can tell them apart.
void writeEquidistant(std::size_t dimension, std::size_t rows, std::size_t queries,
                      const std::string& prefix) {
  const auto on = [dimension](std::uint64_t seed, std::size_t firstAxis, double radius,
                              float* out) {
    RandomNumbers numbers(seed);
    std::fill(out, out + dimension, 0.0F);
    double squares = 0;
    for (std::size_t j = firstAxis; j < dimension; j += 2) {
      out[j] = numbers.normal();
      squares += static_cast<double>(out[j]) * out[j];
    }
    const auto scale = static_cast<float>(radius / std::sqrt(squares));
    for (std::size_t j = firstAxis; j < dimension; j += 2) out[j] *= scale;
  };
  write(
      prefix, dimension, rows, queries, [&](std::size_t i, float* out) { on(i, 0, 1.4, out); },
      [&](std::size_t i, float* out) { on(rows + i, 1, 0.5, out); });
}

void writeFitted(const std::string& realPath, const std::string& peoplePath, std::size_t rows,
                 std::size_t queries, const std::string& prefix) {
  const FittedPeople fitted(readFloats(realPath), readPeople(peoplePath));
  const FittedPeople::Split split = fitted.split(queries);
  const std::size_t dimension = FittedPeople::kDimension;
  const std::size_t real = std::min(rows, split.base.size());
  write(
      prefix, dimension, rows, split.queries.size(),
      [&](std::size_t i, float* out) {
        if (i < real) {
          std::copy_n(fitted.real(split.base[i]), dimension, out);
        } else {
          const std::size_t distractor = i - real;
          fitted.draw(distractor / kPicturesPerPerson, distractor % kPicturesPerPerson, out);
        }
      },
      [&](std::size_t i, float* out) {
        std::copy_n(fitted.real(split.queries[i]), dimension, out);
      });
}

void writeTruth(std::size_t dimension, std::size_t rows, const std::string& prefix) {
  using Found = std::pair<double, std::size_t>;
  const std::vector<float> all = readFloats(queryPath(prefix));
  const std::size_t queries = std::min(kTruthQueries, all.size() / dimension);
  const std::vector<double> asked(all.begin(),
                                  all.begin() + static_cast<std::ptrdiff_t>(queries * dimension));
  std::vector<std::vector<Found>> nearest(queries);
  std::vector<double> row(dimension);
  readRows(basePath(prefix), dimension, rows,
           [&](std::size_t first, std::size_t count, const float* values) {
             for (std::size_t i = 0; i < count; ++i) {
               std::copy_n(values + i * dimension, dimension, row.data());
               for (std::size_t q = 0; q < queries; ++q) {
                 double squared = 0;
                 for (std::size_t j = 0; j < dimension; ++j) {
                   const double difference = asked[q * dimension + j] - row[j];
                   squared += difference * difference;
                 }
                 std::vector<Found>& best = nearest[q];
                 const Found found(squared, first + i);
                 if (best.size() == kTruthRows && !(found < best.front())) continue;
                 best.push_back(found);
                 std::push_heap(best.begin(), best.end());
                 if (best.size() <= kTruthRows) continue;
                 std::pop_heap(best.begin(), best.end());
                 best.pop_back();
               }
             }
           });
  const std::string path = prefix + ".truth-" + std::to_string(rows) + ".f64";
  std::ofstream out(path, std::ios::binary);
  for (std::vector<Found>& best : nearest) {
    std::sort(best.begin(), best.end());
    for (const auto& [squared, place] : best) {
      const double pair[] = {static_cast<double>(place), squared};
      out.write(reinterpret_cast<const char*>(pair), sizeof(pair));
    }
  }
  out.close();
  if (!out) throw std::runtime_error("error: cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const std::string mode = args.empty() ? "" : args[0];
  const auto number = [&args](std::size_t i) { return std::stoul(args[i]); };
  try {
    if (mode == "clustered" && args.size() == 5) {
      writeClustered(number(1), number(2), number(3), args[4]);
    } else if (mode == "duplicates" && args.size() == 5) {
      writeDuplicates(number(1), number(2), number(3), args[4]);
    } else if (mode == "equidistant" && args.size() == 5) {
      writeEquidistant(number(1), number(2), number(3), args[4]);
    } else if (mode == "fitted" && args.size() == 6) {
      writeFitted(args[1], args[2], number(3), number(4), args[5]);
    } else if (mode == "truth" && args.size() == 4) {
      writeTruth(number(1), number(2), args[3]);
    } else {
      std::cerr << "usage: search_data clustered|fitted|duplicates|equidistant|truth <...>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
