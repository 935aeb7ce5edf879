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
                       Span<const float> queries, const std::vector<Selection>& selections,
                       const std::vector<IndexHits>& answers) {
  // Equally near rows may stand for each other, so that distances are compared, not rows.
  std::vector<std::vector<double>> nearest(answers.size());
  std::vector<std::vector<double>> said(answers.size());
  readRows(path, dimension, rows, [&](std::size_t first, std::size_t count, const float* values) {
    for (std::size_t q = 0; q < answers.size(); ++q) {
      const float* query = &queries[q * dimension];
      const std::size_t k = answers[q].hits.size();
      std::vector<double>& best = nearest[q];
      for (std::size_t i = 0; i < count; ++i) {
        if (!selections[q].rows.empty() && !selections[q].rows[first + i]) continue;
        const double squared = squaredDistance(query, values + i * dimension, dimension);
        if (best.size() == k && !(squared < best.front())) continue;
        best.push_back(squared);
        std::push_heap(best.begin(), best.end());
        if (best.size() <= k) continue;
        std::pop_heap(best.begin(), best.end());
        best.pop_back();
      }
      for (const IndexHit& hit : answers[q].hits) {
        const std::size_t row = rowOf(hit);
        if (row < first || row >= first + count) continue;
        said[q].push_back(squaredDistance(query, values + (row - first) * dimension, dimension));
      }
    }
  });
  std::size_t wrong = 0;
  for (std::size_t q = 0; q < answers.size(); ++q) {
    std::sort(nearest[q].begin(), nearest[q].end());
    std::sort(said[q].begin(), said[q].end());
    for (std::size_t i = 0; i < nearest[q].size(); ++i) {
      const bool same = i < said[q].size() &&
                        std::abs(said[q][i] - nearest[q][i]) <= 1e-6 * (1e-6 + nearest[q][i]);
      if (!same) ++wrong;
    }
  }
  return wrong;
}

std::map<std::string, double> stages(const std::vector<IndexHits>& answers) {
  ScanCounts sum;
  for (const IndexHits& one : answers) {
    sum.scanned += one.counts.scanned;
    sum.refined += one.counts.refined;
    sum.reranked += one.counts.reranked;
    sum.plainSegments += one.counts.plainSegments;
  }
  const auto mean = [&answers](std::size_t total) {
    return static_cast<double>(total) / static_cast<double>(answers.size());
  };
  return {{"scanned", mean(sum.scanned)},
          {"refined", mean(sum.refined)},
          {"reranked", mean(sum.reranked)},
          {"plainSegments", mean(sum.plainSegments)}};
}

}  // namespace countenance::bench
