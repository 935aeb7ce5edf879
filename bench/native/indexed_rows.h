#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "index/vector_index.h"
#include "random_numbers.h"

namespace countenance::bench {

/// Whose answers are wanted: rows of a file are groups of one vector each, row i has key i + 1.
struct Selection {
  IndexRestriction restriction;
  std::vector<bool> rows;  ///< The same restriction, by row; empty: all of them.
};

inline std::int64_t keyOf(std::size_t row) { return static_cast<std::int64_t>(row) + 1; }
inline std::size_t rowOf(const IndexHit& hit) { return static_cast<std::size_t>(hit.key) - 1; }

/// Loads the first rows of a file; the seconds that the index itself took.
double load(VectorIndex& index, const std::string& path, std::size_t rows);

/// Some of the rows, each at most once.
std::vector<std::size_t> sampleRows(std::size_t rows, std::size_t count, RandomNumbers& numbers);

/// One search, and what came back.
struct Answered {
  IndexQuery query;
  const Selection* selection;
  IndexHits answer;
};

/// How many hits are missing or are not what sums in double precision find in the file.
std::size_t countWrong(const std::string& path, std::size_t dimension, std::size_t rows,
                       const std::vector<Answered>& searches);

/// Means over the searches, by what they are called in a report.
std::map<std::string, double> stages(const std::vector<Answered>& searches);

}  // namespace countenance::bench
