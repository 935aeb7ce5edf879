#include "indexed_rows.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "vector_files.h"

namespace countenance::bench {

double load(VectorIndex& index, const std::string& path, std::size_t rows) {
  double seconds = 0;
  index.reserve(rows);
  readRows(path, index.dimension(), rows,
           [&](std::size_t first, std::size_t count, const float* values) {
             IndexChanges changes;
             changes.addKeys.resize(count);
             std::iota(changes.addKeys.begin(), changes.addKeys.end(), keyOf(first));
             changes.addGroups = changes.addKeys;
             changes.addVectors.assign(values, values + count * index.dimension());
             const auto start = std::chrono::steady_clock::now();
             index.apply(changes);
             const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
             seconds += took.count();
           });
  return seconds;
}

std::vector<std::size_t> sampleRows(std::size_t rows, std::size_t count, RandomNumbers& numbers) {
  std::vector<std::size_t> all(rows);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + numbers.below(rows - i)]);
  all.resize(count);
  return all;
}

namespace {

double squaredDistance(const float* a, const float* b, std::size_t dimension) {
  double squared = 0;
  for (std::size_t j = 0; j < dimension; ++j) {
    const double difference = static_cast<double>(a[j]) - b[j];
    squared += difference * difference;
  }
  return squared;
}

}  // namespace

std::size_t countWrong(const std::string& path, std::size_t dimension, std::size_t rows,
                       const std::vector<Answered>& searches) {
  // Equally near rows may stand for each other, so that distances are compared, not rows.
  constexpr double kRounding = 1e-6;
  std::vector<std::vector<double>> nearest(searches.size());
  std::vector<std::vector<double>> said(searches.size());
  readRows(path, dimension, rows, [&](std::size_t first, std::size_t count, const float* values) {
    for (std::size_t s = 0; s < searches.size(); ++s) {
      const auto& [query, selection, answer] = searches[s];
      const double farthest = static_cast<double>(query.maxDistance) * query.maxDistance;
      std::vector<double>& best = nearest[s];
      for (std::size_t i = 0; i < count; ++i) {
        if (!selection->rows.empty() && !selection->rows[first + i]) continue;
        const double squared =
            squaredDistance(query.vector.data(), values + i * dimension, dimension);
        if (squared > farthest * (1 - kRounding)) continue;
        if (best.size() == query.k && !(squared < best.front())) continue;
        best.push_back(squared);
        std::push_heap(best.begin(), best.end());
        if (best.size() <= query.k) continue;
        std::pop_heap(best.begin(), best.end());
        best.pop_back();
      }
      for (const IndexHit& hit : answer.hits) {
        const std::size_t row = rowOf(hit);
        if (row < first || row >= first + count) continue;
        said[s].push_back(
            squaredDistance(query.vector.data(), values + (row - first) * dimension, dimension));
      }
    }
  });
  std::size_t wrong = 0;
  for (std::size_t s = 0; s < searches.size(); ++s) {
    const double farthest =
        static_cast<double>(searches[s].query.maxDistance) * searches[s].query.maxDistance;
    std::sort(nearest[s].begin(), nearest[s].end());
    std::sort(said[s].begin(), said[s].end());
    for (std::size_t i = 0; i < std::max(nearest[s].size(), said[s].size()); ++i) {
      // Beyond the nearest only what lies on the very edge of the distance that was asked for.
      const double expected = i < nearest[s].size() ? nearest[s][i] : farthest;
      const bool same = i < said[s].size() &&
                        std::abs(said[s][i] - expected) <= kRounding * (kRounding + expected);
      if (!same) ++wrong;
    }
  }
  return wrong;
}

std::map<std::string, double> stages(const std::vector<Answered>& searches) {
  ScanCounts sum;
  for (const Answered& one : searches) {
    const ScanCounts& counts = one.answer.counts;
    sum.scanned += counts.scanned;
    sum.refined += counts.refined;
    sum.reranked += counts.reranked;
    sum.plainSegments += counts.plainSegments;
  }
  const auto mean = [&searches](std::size_t total) {
    return static_cast<double>(total) / static_cast<double>(searches.size());
  };
  return {{"scanned", mean(sum.scanned)},
          {"refined", mean(sum.refined)},
          {"reranked", mean(sum.reranked)},
          {"plainSegments", mean(sum.plainSegments)}};
}

}  // namespace countenance::bench
