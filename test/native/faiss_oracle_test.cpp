#include <faiss/IndexFlat.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "check.h"
#include "index/flat_index.h"
#include "index_model.h"

// FAISS's exact index, which shares no line with ours, over enough rows that codes decide.

namespace {

using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexHit;
using countenance::test::randomVector;

constexpr std::size_t kRows = 20000;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kQueries = 40;

/// People with five vectors each, not far from each other, and strangers.
std::vector<float> people(std::mt19937& random, std::size_t dimension) {
  std::normal_distribution<float> spread(0, 0.03F);
  std::vector<float> vectors;
  std::vector<float> person;
  for (std::size_t row = 0; row < kRows; ++row) {
    if (row % 10 == 0 || row % 10 >= 5) person = randomVector(random, dimension);
    for (const float value : person) vectors.push_back(value + spread(random));
  }
  return vectors;
}

}  // namespace

TEST("the nearest are those that FAISS finds") {
  for (const std::size_t dimension : {std::size_t{64}, std::size_t{100}, std::size_t{128}}) {
    std::mt19937 random(static_cast<unsigned>(dimension));
    const std::vector<float> vectors = people(random, dimension);
    faiss::IndexFlatL2 oracle(static_cast<faiss::Index::idx_t>(dimension));
    oracle.add(kRows, vectors.data());
    IndexChanges changes;
    for (std::size_t row = 0; row < kRows; ++row) {
      changes.addKeys.push_back(static_cast<std::int64_t>(row + 1));
    }
    changes.addGroups = changes.addKeys;
    changes.addVectors = vectors;
    FlatIndex index(dimension);
    index.apply(changes);

    std::size_t compared = 0;
    std::vector<float> squared(kNearest);
    std::vector<faiss::Index::idx_t> rows(kNearest);
    for (std::size_t i = 0; i < kQueries; ++i) {
      std::vector<float> query = randomVector(random, dimension);
      if (i % 2 == 0) std::copy_n(&vectors[i * 400 * dimension], dimension, query.begin());
      oracle.search(1, query.data(), kNearest, squared.data(), rows.data());
      const auto found = index.search({query, kNearest}, {});
      CHECK(found.hits.size() == kNearest);
      compared += found.counts.reranked;
      for (std::size_t n = 0; n < kNearest; ++n) {
        const double expected = std::sqrt(static_cast<double>(squared[n]));
        CHECK(std::fabs(found.hits[n].distance - expected) <= 1e-5 * (1 + expected));
        CHECK(found.hits[n].key == rows[n] + 1);
      }
    }
    CHECK(compared < kQueries * kRows / 2);  // the codes decided
  }
}

TEST_MAIN()
