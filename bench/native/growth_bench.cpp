// Times our index alone at one size, on vectors that it makes itself.
//
//   growth_bench <dimension> <rows>     an iteration is a search of the ten nearest
//
// Its facts: bytes per face as the index counts them and as the system does, and how many vectors
// per second it takes in bulk, one by one, and deletes one by one.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "clustered_vectors.h"
#include "index/flat_index.h"
#include "indexed_rows.h"
#include "rounds.h"

namespace {

using namespace countenance;         // NOLINT: a program of one file, about this namespace
using namespace countenance::bench;  // NOLINT

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kQueries = 1000;
constexpr std::size_t kChunk = 16384;
constexpr std::size_t kSingles = 1000;

double residentBytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

template <typename Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class GrownIndex final {
 public:
  GrownIndex(std::size_t dimension, std::size_t rows)
      : rows_(rows), vectors_(dimension, kSeed), index_(dimension) {
    const double before = residentBytes();
    index_.reserve(rows);
    double took = 0;
    // The next vectors are made while the index takes these.
    std::future<IndexChanges> next = made(0);
    for (std::size_t first = 0; first < rows; first += kChunk) {
      const IndexChanges changes = next.get();
      if (first + kChunk < rows) next = made(first + kChunk);
      took += seconds([&] { index_.apply(changes); });
    }
    const auto faces = static_cast<double>(rows);
    facts_["bulkPerSecond"] = faces / took;
    facts_["bytesPerFace"] = static_cast<double>(index_.bytes()) / faces;
    facts_["residentBytesPerFace"] = (residentBytes() - before) / faces;
    queries_.resize(kQueries * dimension);
    for (std::size_t i = 0; i < kQueries; ++i) vectors_.query(i, rows, &queries_[i * dimension]);
    changeOneByOne();
  }

  void serve() {
    search(0);
    RoundServer server;
    server.ready("countenance, " + std::to_string(rows_) + " vectors", {{}}, facts_);
    server.serve([this](std::size_t i) { search(i); });
  }

 private:
  std::future<IndexChanges> made(std::size_t first) const {
    return std::async(std::launch::async, [this, first] {
      const std::size_t count = std::min(kChunk, rows_ - first);
      IndexChanges changes;
      changes.addKeys.resize(count);
      std::iota(changes.addKeys.begin(), changes.addKeys.end(), keyOf(first));
      changes.addGroups = changes.addKeys;
      changes.addVectors.resize(count * vectors_.dimension());
      for (std::size_t i = 0; i < count; ++i) {
        vectors_.row(first + i, rows_, &changes.addVectors[i * vectors_.dimension()]);
      }
      return changes;
    });
  }

  void changeOneByOne() {
    std::vector<IndexChanges> adding(kSingles);
    std::vector<IndexChanges> removing(kSingles);
    for (std::size_t i = 0; i < kSingles; ++i) {
      const std::int64_t key = keyOf(rows_ + i);
      const float* vector = &queries_[i % kQueries * vectors_.dimension()];
      adding[i].addKeys = {key};
      adding[i].addGroups = {key};
      adding[i].addVectors.assign(vector, vector + vectors_.dimension());
      removing[i].remove = {key};
    }
    const auto rateOf = [this](const std::vector<IndexChanges>& all) {
      return kSingles / seconds([&] {
               for (const IndexChanges& one : all) index_.apply(one);
             });
    };
    facts_["addsPerSecond"] = rateOf(adding);
    facts_["deletesPerSecond"] = rateOf(removing);
  }

  void search(std::size_t i) {
    const std::size_t dimension = vectors_.dimension();
    IndexQuery query;
    query.vector = {&queries_[i % kQueries * dimension], dimension};
    query.k = kNearest;
    index_.search(query, {});
  }

  std::size_t rows_;
  ClusteredVectors vectors_;
  FlatIndex index_;
  std::vector<float> queries_;
  std::map<std::string, double> facts_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: growth_bench <dimension> <rows>\n";
    return 2;
  }
  try {
    GrownIndex(std::stoul(argv[1]), std::stoul(argv[2])).serve();
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
