// Times our own index on the vectors of search_data, alone in C++.
//
//   search_bench read <megabytes>     one pass over so much memory per iteration
//   search_bench plain <prefix> <dimension> <rows>
//                                     the ten nearest by a plain loop over floats
//   search_bench slots <prefix> <dimension> <rows> <n>
//                                     the ten nearest of n rows whose places are known: what is
//                                     left of `index ... candidates <n>` without its tables
//   search_bench index <prefix> <dimension> <rows> <how> [<number>]
//     alone                           the ten nearest of all rows
//     together <n>                    the same for n queries at once; an iteration is all of them
//     candidates <n>                  of n rows that the query names
//     gallery <n>                     of n rows that have a tag
//     within <distance>               all rows so near, at most 10,000
//     thinned <percent>               so many rows deleted, then as alone
//     nearest <k>                     the k nearest of all rows
//
// What the index answers is compared with sums in double precision, for some queries.

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "coded_rows.h"
#include "index/flat_index.h"
#include "indexed_rows.h"
#include "random_numbers.h"
#include "read_bandwidth.h"
#include "rounds.h"
#include "vector_files.h"

namespace {

using namespace countenance;         // NOLINT: a program of one file, about this namespace
using namespace countenance::bench;  // NOLINT

constexpr std::size_t kNearest = 10;
/// As many as search_data knows the truth of: their answers go to the parent.
constexpr std::size_t kAnswers = 100;
/// Of these the answers are compared here.
constexpr std::size_t kChecked = 16;
constexpr std::size_t kMaxWithin = 10'000;

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};

/// Memory on huge pages, as the index's own is.
template <typename T>
std::unique_ptr<T[], FreeMemory> hugeArray(std::size_t count) {
  constexpr std::size_t kHugePage = std::size_t{1} << 21;
  const std::size_t bytes = (count * sizeof(T) + kHugePage - 1) / kHugePage * kHugePage;
  void* memory = std::aligned_alloc(kHugePage, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  return std::unique_ptr<T[], FreeMemory>(static_cast<T*>(memory));
}

void serveRead(std::size_t megabytes) {
  const std::size_t words = megabytes * 1'000'000 / sizeof(std::uint64_t) / 64 * 64;
  const auto memory = hugeArray<std::uint64_t>(words);
  std::iota(memory.get(), memory.get() + words, std::uint64_t{1});
  volatile std::uint64_t sum = 0;  // somebody must want it
  RoundServer server;
  server.ready("reads memory, 2 MiB pages", {{}});
  server.serve([&](std::size_t) { sum = readOnce(memory.get(), words); });
}

void servePlain(const std::string& prefix, std::size_t dimension, std::size_t rows) {
  const auto base = hugeArray<float>(rows * dimension);
  readRows(basePath(prefix), dimension, rows,
           [&](std::size_t first, std::size_t count, const float* values) {
             std::copy_n(values, count * dimension, base.get() + first * dimension);
           });
  const std::vector<float> queries = readFloats(queryPath(prefix));
  if (dimension % 64 != 0) throw std::runtime_error("error: the plain scan goes by 64 floats");
  std::vector<std::pair<float, std::size_t>> best;
  constexpr std::size_t kChunk = 1024;
  std::vector<float> squared(kChunk);
  const auto search = [&](std::size_t i) {
    const float* query = &queries[i * dimension % queries.size()];
    best.clear();
    for (std::size_t first = 0; first < rows; first += kChunk) {
      const std::size_t count = std::min(kChunk, rows - first);
      squaredDistances(query, base.get() + first * dimension, count, dimension, squared.data());
      for (std::size_t row = 0; row < count; ++row) {
        if (best.size() == kNearest && squared[row] >= best.front().first) continue;
        best.emplace_back(squared[row], first + row);
        std::push_heap(best.begin(), best.end());
        if (best.size() <= kNearest) continue;
        std::pop_heap(best.begin(), best.end());
        best.pop_back();
      }
    }
  };
  std::vector<std::vector<float>> answers;
  for (std::size_t i = 0; i < kAnswers; ++i) {
    search(i);
    std::sort_heap(best.begin(), best.end());
    std::vector<float> rowsFound;
    for (const auto& [distance, row] : best) rowsFound.push_back(static_cast<float>(row));
    answers.push_back(std::move(rowsFound));
  }
  RoundServer server;
  server.ready("a loop over floats, -march=native, 2 MiB pages", answers);
  server.serve(search);
}

void serveSlots(const std::string& prefix, std::size_t dimension, std::size_t rows,
                std::size_t count) {
  constexpr std::size_t kLists = 8;
  const CodedRows coded(basePath(prefix), dimension, rows);
  const std::vector<float> queries = readFloats(queryPath(prefix));
  RandomNumbers numbers(1);
  std::vector<CodedRows::Places> lists;
  for (std::size_t i = 0; i < kLists; ++i) {
    lists.push_back(coded.placesOf(sampleRows(rows, count, numbers)));
  }
  const auto search = [&](std::size_t i) {
    const float* query = &queries[i * dimension % queries.size()];
    return coded.nearest({query, dimension}, lists[i % kLists], kNearest);
  };
  std::vector<float> found;
  for (const auto& [squared, row] : search(0).sorted()) found.push_back(static_cast<float>(row));
  RoundServer server;
  server.ready("countenance, " + std::to_string(count) + " rows whose places are known", {found});
  server.serve(search);
}

class IndexServer final {
 public:
  IndexServer(std::string prefix, std::size_t dimension, std::size_t rows)
      : prefix_(std::move(prefix)),
        dimension_(dimension),
        rows_(rows),
        queries_(readFloats(queryPath(prefix_))),
        index_(dimension) {
    const double seconds = load(index_, basePath(prefix_), rows);
    facts_["bytesPerFace"] = static_cast<double>(index_.bytes()) / static_cast<double>(rows);
    facts_["loadedPerSecond"] = static_cast<double>(rows) / seconds;
  }

  /// Restrictions that the queries take by turns.
  void restrictTo(std::vector<Selection> selections) { selections_ = std::move(selections); }

  void within(float distance) {
    maxDistance_ = distance;
    k_ = kMaxWithin;
  }

  void nearest(std::size_t k) { k_ = k; }

  std::vector<Selection> candidates(std::size_t count) const {
    std::vector<Selection> lists(kSelections);
    RandomNumbers numbers(1);
    for (Selection& list : lists) {
      list.rows.resize(rows_);
      list.restriction.groups.emplace();
      for (const std::size_t row : sampleRows(rows_, count, numbers)) {
        list.rows[row] = true;
        list.restriction.groups->push_back(keyOf(row));
      }
    }
    return lists;
  }

  std::vector<Selection> galleries(std::size_t count) {
    std::vector<Selection> galleries(kSelections);
    RandomNumbers numbers(2);
    IndexChanges changes;
    for (std::size_t i = 0; i < galleries.size(); ++i) {
      const std::int64_t tag = static_cast<std::int64_t>(i) + 1;
      galleries[i].restriction.tag = tag;
      galleries[i].rows.resize(rows_);
      for (const std::size_t row : sampleRows(rows_, count, numbers)) {
        galleries[i].rows[row] = true;
        changes.tag.push_back(tag);
        changes.tag.push_back(keyOf(row));
      }
    }
    index_.apply(changes);
    return galleries;
  }

  std::vector<Selection> thinned(std::size_t percent) {
    Selection left;
    left.rows.assign(rows_, true);
    RandomNumbers numbers(3);
    IndexChanges changes;
    for (const std::size_t row : sampleRows(rows_, rows_ * percent / 100, numbers)) {
      left.rows[row] = false;
      changes.remove.push_back(keyOf(row));
    }
    index_.apply(changes);
    facts_["rowsLeft"] = static_cast<double>(index_.size());
    return {left};
  }

  void serve(const std::string& note) {
    std::vector<Answered> searches;
    std::vector<std::vector<float>> rowsFound;
    for (std::size_t i = 0; i < kAnswers; ++i) {
      searches.push_back(
          {query(i), &selection(i), index_.search(query(i), selection(i).restriction)});
      std::vector<float> found;
      for (const IndexHit& hit : searches.back().answer.hits) {
        if (found.size() < kNearest) found.push_back(static_cast<float>(rowOf(hit)));
      }
      rowsFound.push_back(std::move(found));
    }
    std::map<std::string, double> facts = stages(searches);
    facts.insert(facts_.begin(), facts_.end());
    searches.resize(kChecked);
    facts["wrong"] =
        static_cast<double>(countWrong(basePath(prefix_), dimension_, rows_, searches));
    RoundServer server;
    server.ready(note, rowsFound, facts);
    server.serve([&](std::size_t i) { index_.search(query(i), selection(i).restriction); });
  }

  void serveTogether(std::size_t count) {
    const auto together = [&](std::size_t i) {
      std::vector<IndexQuery> asked;
      for (std::size_t j = 0; j < count; ++j) asked.push_back(query(i * count + j));
      return index_.searchTogether(asked, {});
    };
    std::vector<std::vector<float>> rowsFound;
    for (std::size_t i = 0; rowsFound.size() < kAnswers; ++i) {
      for (const IndexHits& answer : together(i)) {
        std::vector<float> found;
        for (const IndexHit& hit : answer.hits) found.push_back(static_cast<float>(rowOf(hit)));
        if (rowsFound.size() < kAnswers) rowsFound.push_back(std::move(found));
      }
    }
    RoundServer server;
    server.ready(std::to_string(count) + " queries per iteration", rowsFound, facts_);
    server.serve(together);
  }

 private:
  static constexpr std::size_t kSelections = 8;

  IndexQuery query(std::size_t i) const {
    const std::size_t first = i * dimension_ % queries_.size();
    return {{&queries_[first], dimension_}, k_, maxDistance_, CancelToken()};
  }

  const Selection& selection(std::size_t i) const { return selections_[i % selections_.size()]; }

  std::string prefix_;
  std::size_t dimension_;
  std::size_t rows_;
  std::vector<float> queries_;
  FlatIndex index_;
  std::vector<Selection> selections_{Selection()};
  std::size_t k_ = kNearest;
  float maxDistance_ = std::numeric_limits<float>::infinity();
  std::map<std::string, double> facts_;
};

void serveIndex(const std::vector<std::string>& args) {
  IndexServer server(args[1], std::stoul(args[2]), std::stoul(args[3]));
  const std::string& how = args[4];
  const std::string number = args.size() > 5 ? args[5] : "";
  if (how == "together") {
    server.serveTogether(std::stoul(number));
    return;
  }
  if (how == "candidates") {
    server.restrictTo(server.candidates(std::stoul(number)));
  } else if (how == "gallery") {
    server.restrictTo(server.galleries(std::stoul(number)));
  } else if (how == "within") {
    server.within(std::stof(number));
  } else if (how == "thinned") {
    server.restrictTo(server.thinned(std::stoul(number)));
  } else if (how == "nearest") {
    server.nearest(std::stoul(number));
  } else if (how != "alone") {
    throw std::runtime_error("error: no way to search is called " + how);
  }
  server.serve("countenance, " + how + (number.empty() ? "" : " " + number));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const std::string mode = args.empty() ? "" : args[0];
  try {
    if (mode == "read" && args.size() == 2) {
      serveRead(std::stoul(args[1]));
    } else if (mode == "plain" && args.size() == 4) {
      servePlain(args[1], std::stoul(args[2]), std::stoul(args[3]));
    } else if (mode == "slots" && args.size() == 5) {
      serveSlots(args[1], std::stoul(args[2]), std::stoul(args[3]), std::stoul(args[4]));
    } else if (mode == "index" && (args.size() == 5 || args.size() == 6)) {
      serveIndex(args);
    } else {
      std::cerr << "usage: search_bench read|plain|slots|index <...>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
