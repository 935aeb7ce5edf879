#include "index/snapshots.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "check.h"
#include "index/flat_index.h"
#include "index_model.h"

namespace {

using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexHits;
using countenance::IndexQuery;
using countenance::IndexRestriction;
using countenance::kNever;
using countenance::Snapshots;
using countenance::test::added;
using countenance::test::Vector;

IndexHits find(const FlatIndex& index, const Vector& query, std::size_t k,
               const IndexRestriction& restriction = {}) {
  return index.search({query, k}, restriction);
}

/// Threads that do something again and again until this object goes.
class Meanwhile final {
 public:
  template <typename Work>
  Meanwhile(int threads, Work work) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, work, i] {
        while (!stop_) {
          try {
            work(i);
          } catch (const std::exception&) {
            ++failures_;
          }
        }
      });
    }
  }
  ~Meanwhile() { stop(); }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

  /// @returns How often the work threw.
  int stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failures_;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> failures_{0};
  std::vector<std::thread> threads_;
};

/// Vectors of one value with the keys and groups first .. first + count - 1.
IndexChanges many(std::int64_t first, std::int64_t count, std::size_t dimension, float value) {
  IndexChanges changes;
  for (std::int64_t key = first; key < first + count; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key);
  }
  changes.addVectors.assign(static_cast<std::size_t>(count) * dimension, value);
  return changes;
}

TEST("the oldest of those who look is known, however they come and go") {
  Snapshots running;
  CHECK(running.oldest() == kNever);
  running.enter(5);
  running.enter(3);
  running.enter(3);
  CHECK(running.oldest() == 3);
  running.leave(3);
  CHECK(running.oldest() == 3);
  running.leave(3);
  CHECK(running.oldest() == 5);
  running.leave(5);
  CHECK(running.oldest() == kNever);
}

TEST("searches under way see each change whole, and writers are not starved") {
  constexpr std::int64_t kPair = 64;
  FlatIndex index(8);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        // Groups 1 and 2 come and go together, with as many vectors each.
        const IndexHits found = find(index, Vector(8, 0.5F), 10);
        if (found.hits.size() % 2 != 0 || found.compared % (2 * kPair) != 0) ++wrong;
      }
    });
  }
  IndexChanges both;
  for (std::int64_t key = 1; key <= 2 * kPair; ++key) {
    both.addKeys.push_back(key);
    both.addGroups.push_back(1 + key % 2);
    both.addVectors.insert(both.addVectors.end(), 8, static_cast<float>(key));
  }
  IndexChanges neither;
  neither.removeGroups = {1, 2};
  for (int round = 0; round < 300; ++round) {
    index.apply(both);
    index.apply(neither);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST("a batch that is spread over several blocks is seen whole or not at all") {
  constexpr std::size_t kDimension = 2048;  // 1,024 rows a block
  constexpr std::int64_t kStep = 150;       // so that each block has some of the batch
  FlatIndex index(kDimension);
  index.apply(many(1, 3000, kDimension, 5));
  IndexChanges batches[2];
  for (int i = 0; i < 2; ++i) {
    for (std::int64_t key = 1; key <= 3000; key += kStep) {
      batches[i].addKeys.push_back(key);
      batches[i].addGroups.push_back(key);
      batches[i].addVectors.insert(batches[i].addVectors.end(), kDimension, i == 0 ? 1.0F : 2.0F);
    }
    batches[i].tag = {1, 1, 1, 1 + kStep, 1, 1 + 5 * kStep};
  }
  index.apply(batches[0]);
  std::atomic<int> wrong{0};
  std::atomic<int> seen[2] = {};
  const Vector query(kDimension, 0);
  Meanwhile searches(2, [&](int thread) {
    IndexRestriction tagged;
    if (thread == 1) tagged.tag = 1;
    const IndexHits found = find(index, query, 20, tagged);
    const std::size_t expected = thread == 1 ? 3 : 20;
    if (found.hits.size() != expected || found.compared != (thread == 1 ? 3 : 3000)) ++wrong;
    for (const auto& hit : found.hits) {
      if (hit.distance != found.hits.front().distance) ++wrong;
    }
    ++seen[found.hits.front().distance > std::sqrt(2048.0F) * 1.5F ? 1 : 0];
  });
  for (int round = 0; round < 50 || seen[0] == 0 || seen[1] == 0; ++round) {
    index.apply(batches[1 - round % 2]);
    if (round % 8 == 0) std::this_thread::yield();
  }
  CHECK(searches.stop() == 0 && wrong == 0);
}

TEST("a person whose vector is replaced all the time is found all the time") {
  constexpr std::size_t kDimension = 1024;  // 2,048 rows a block
  FlatIndex index(kDimension);
  index.apply(many(100, 5000, kDimension, 9));
  IndexChanges person = added(1, 1, Vector(kDimension, 0.5F));
  person.tag = {3, 1};
  index.apply(person);
  std::atomic<int> wrong{0};
  const Vector query(kDimension, 0.5F);
  Meanwhile searches(3, [&](int thread) {
    IndexRestriction restriction;
    if (thread == 1) restriction.tag = 3;
    if (thread == 2) restriction.groups = {1, 100, 101};
    const IndexHits found = find(index, query, 1, restriction);
    if (found.hits.size() != 1 || found.hits[0].group != 1 || found.hits[0].distance > 1) ++wrong;
    std::vector<float> copy(kDimension);
    const std::int64_t key = 1;
    index.copyVectors({&key, 1}, copy);
    if (copy[0] < 0.49F || copy[0] > 0.52F) ++wrong;
  });
  std::int64_t next = 10000;
  for (int round = 0; round < 200; ++round) {
    const float value = 0.5F + 0.0001F * static_cast<float>(round % 100);
    IndexChanges changes = added(1, 1, Vector(kDimension, value));
    for (std::int64_t i = 0; i < 25; ++i) {  // and blocks become empty at the same time
      changes.remove.push_back(100 + round * 25 + i);
    }
    index.apply(changes);
    if (round % 50 == 49) index.apply(many(next += 200, 200, kDimension, 9));
  }
  CHECK(searches.stop() == 0 && wrong == 0);
  CHECK(index.size() == 1 + 800 && index.bytes() < 5 * 2048 * (kDimension * 6 + 100));
}

TEST("changes go on while a search is under way, and it does not see them") {
  constexpr std::size_t kDimension = 1024;
  FlatIndex index(kDimension);
  index.apply(many(1, 5000, kDimension, 3));
  std::atomic<int> wrong{0};
  std::atomic<int> overlapped{0};
  std::atomic<int> changes{0};
  const Vector query(kDimension, 0);
  const std::vector<IndexQuery> queries(64, {query, 5});
  Meanwhile searches(1, [&](int) {
    const int before = changes;
    for (const IndexHits& found : index.searchTogether(queries, {})) {
      if (found.hits.size() != 5) ++wrong;
      for (const auto& hit : found.hits) {  // five that change together
        if (hit.distance != found.hits.front().distance) ++wrong;
      }
    }
    if (changes - before >= 3) ++overlapped;
  });
  // A search that held writers up would never overlap three changes.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (overlapped == 0 && std::chrono::steady_clock::now() < end) {
    index.apply(many(1, 5, kDimension, 1.0F + static_cast<float>(changes % 2)));
    ++changes;
  }
  CHECK(searches.stop() == 0 && wrong == 0 && overlapped > 0);
  // What the searches kept from being wiped is free by now.
  const std::size_t before = index.bytes();
  for (int i = 0; i < 500; ++i) index.apply(many(1, 5, kDimension, 1));
  CHECK(index.bytes() <= before);
}

TEST("a search that is aborted leaves nothing behind that keeps memory") {
  constexpr std::size_t kDimension = 1024;
  FlatIndex index(kDimension);
  index.apply(many(1, 1000, kDimension, 3));
  const Vector query(kDimension, 0);
  for (int i = 0; i < 100; ++i) {
    IndexQuery cancelled = {query, 5};
    cancelled.cancel.cancel();
    IndexRestriction restriction;
    if (i % 2 == 0) restriction.groups = {1, 2};
    CHECK_ERROR(ErrorCode::kAborted, index.search(cancelled, restriction));
  }
  const std::size_t before = index.bytes();
  for (int i = 0; i < 2000; ++i) index.apply(many(1 + i % 7, 1, kDimension, 4));
  CHECK(index.bytes() == before);  // each place was wiped and used again at once
}

TEST("clear while searches are under way ends none of them") {
  constexpr std::size_t kDimension = 1024;
  FlatIndex index(kDimension);
  std::atomic<int> wrong{0};
  const Vector query(kDimension, 0);
  Meanwhile searches(2, [&](int) {
    const IndexHits found = find(index, query, 1000);
    if (found.hits.size() != std::min<std::size_t>(found.compared, 1000)) ++wrong;
  });
  for (int round = 0; round < 20; ++round) {
    index.apply(many(1, 200, kDimension, 3));
    index.clear();
  }
  CHECK(searches.stop() == 0 && wrong == 0 && index.size() == 0);
}

}  // namespace

TEST_MAIN()
