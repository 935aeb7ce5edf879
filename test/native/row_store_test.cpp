#include "index/row_store.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
#include <set>
#include <utility>

#include "check.h"
#include "index/flat_index.h"

namespace {

using countenance::Error;
using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexRestriction;
using countenance::kNever;
using countenance::RowStore;

thread_local long failAfter = 0;  // allocations of this thread; 0: none fails

/// As long as it lives, one allocation of this thread fails.
class FailingMemory final {
 public:
  explicit FailingMemory(long allocation) { failAfter = allocation; }
  static bool failed() { return failAfter == 0; }
  ~FailingMemory() { failAfter = 0; }
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
};

constexpr std::size_t kDimension = 4096;  // the smallest blocks

std::vector<std::uint32_t> addRows(RowStore& store, std::size_t count, std::uint64_t born) {
  const std::vector<std::int64_t> keys(count, 5);
  const std::vector<float> vector(kDimension, 1.5F);
  return store.add(keys, keys, std::vector<const float*>(count, vector.data()), born);
}

TEST("places are used again only when no search can see who died there") {
  RowStore store(kDimension);
  const auto rows = addRows(store, 10, 1);
  store.die(rows[3], 2);
  store.die(rows[4], 3);
  CHECK(store.firstDeath() == 2);
  store.reclaim(1);
  CHECK(store.version(rows[3]).visible(1) && !store.version(rows[3]).visible(2));
  CHECK(store.vector(rows[3])[0] == 1.5F);
  store.reclaim(2);
  CHECK(store.firstDeath() == 3);
  CHECK(store.vector(rows[3])[0] == 0 && store.vector(rows[4])[7] == 1.5F);
  CHECK(!store.version(rows[3]).visible(1));
  CHECK(addRows(store, 2, 4) == (std::vector<std::uint32_t>{rows[3], 10}));
  store.reclaim(kNever);
  CHECK(store.firstDeath() == kNever && store.end() == 11);
}

TEST("empty blocks at the end are given back, but for one") {
  RowStore store(kDimension);
  const std::size_t perBlock = store.rowsPerBlock();
  const auto rows = addRows(store, 5 * perBlock, 1);
  const std::size_t full = store.bytes();
  const auto before = store.blocks();
  for (const std::uint32_t row : rows) {
    if (row >= perBlock) store.die(row, 2);
  }
  store.reclaim(2);
  CHECK(store.end() == perBlock && store.blocks()->size() == 2 && before->size() == 5);
  CHECK(store.bytes() < full / 2 && (*store.blocks())[1]->used == 0);
  CHECK(addRows(store, 1, 3).front() == perBlock);
  store.clear();
  CHECK(store.end() == 0 && store.bytes() == 0);
}

TEST("rows in random order come and go, and no two live in one place") {
  RowStore store(kDimension);
  std::mt19937 random(2);
  std::vector<std::uint32_t> living;
  std::uint64_t sequence = 1;
  for (int round = 0; round < 150; ++round, ++sequence) {
    const bool growing = round % 50 < 25;
    const std::size_t born = random() % (growing ? 300 : 100);
    const auto added = addRows(store, born, sequence);
    living.insert(living.end(), added.begin(), added.end());
    std::shuffle(living.begin(), living.end(), random);
    for (std::size_t dying = random() % (growing ? 100 : 300); dying > 0 && !living.empty();
         --dying) {
      store.die(living.back(), sequence);
      living.pop_back();
    }
    CHECK(std::set<std::uint32_t>(living.begin(), living.end()).size() == living.size());
    for (const std::uint32_t row : living) CHECK(store.version(row).visible(sequence));
    if (round % 3 == 0) store.reclaim(sequence);
    for (const std::uint32_t row : store.lastRows(40)) {
      CHECK(std::find(living.begin(), living.end(), row) != living.end());
    }
  }
  for (const std::uint32_t row : living) store.die(row, sequence);
  store.reclaim(sequence);
  CHECK(store.end() == 0 && store.blocks()->size() == 1);
}

constexpr std::int64_t kFirst = 200;

/// Changes of every kind to what fill() has made.
IndexChanges someChanges() {
  IndexChanges changes;
  for (std::int64_t key = kFirst - 50; key <= kFirst + 60; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key + 1);
    changes.addVectors.insert(changes.addVectors.end(), 2, static_cast<float>(key) / 4);
    changes.tag.insert(changes.tag.end(), {1 + key % 3, key});
  }
  changes.remove = {1, 2, 3};
  changes.untag = {1, 20, 1, 21};
  changes.removeGroups = {30, 31};
  changes.removeTags = {9};
  return changes;
}

void fill(FlatIndex& index) {
  IndexChanges changes;
  for (std::int64_t key = 1; key <= kFirst; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key);
    changes.addVectors.insert(changes.addVectors.end(), 2, static_cast<float>(key));
    changes.tag.insert(changes.tag.end(), {1, key, 9, key});
  }
  index.apply(changes);
}

/// Keys and distances that a few searches find.
std::vector<std::pair<std::int64_t, float>> found(const FlatIndex& index) {
  std::vector<std::pair<std::int64_t, float>> all;
  const std::vector<float> query = {25, 25};
  for (std::int64_t tag = 0; tag < 10; ++tag) {
    IndexRestriction restriction;
    if (tag > 0) restriction.tag = tag;
    for (const auto& hit : index.search({query, 300}, restriction).hits) {
      all.emplace_back(hit.key, hit.distance);
    }
  }
  return all;
}

TEST("wherever memory runs out in a change, it is made whole, not at all, or everything refuses") {
  const IndexChanges changes = someChanges();
  FlatIndex before(2);
  fill(before);
  FlatIndex after(2);
  fill(after);
  after.apply(changes);
  const auto old = found(before);
  const auto expected = found(after);
  int unchanged = 0;
  int refused = 0;
  for (long allocation = 1;; ++allocation) {
    FlatIndex index(2);
    fill(index);
    bool failed = false;
    bool enough = false;
    {
      const FailingMemory failing(allocation);
      try {
        index.apply(changes);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      enough = !FailingMemory::failed();
    }
    try {
      CHECK(found(index) == (failed ? old : expected));
      unchanged += failed ? 1 : 0;
    } catch (const Error& error) {
      CHECK(failed && error.code() == ErrorCode::kInternal);
      CHECK_ERROR(ErrorCode::kInternal, index.check(changes));
      CHECK_ERROR(ErrorCode::kInternal, index.apply(changes));
      ++refused;
      index.clear();
      fill(index);
      CHECK(found(index) == old);
    }
    if (enough) break;
  }
  CHECK(unchanged > 3 && refused > 3);
}

TEST("a search for which memory runs out fails, and keeps nothing from being wiped") {
  FlatIndex index(2);
  fill(index);
  const auto expected = found(index);
  int failed = 0;
  for (long allocation = 1; allocation < 60; ++allocation) {
    const FailingMemory failing(allocation);
    try {
      CHECK(found(index) == expected);
    } catch (const std::bad_alloc&) {
      ++failed;
    }
  }
  CHECK(failed > 10);
  const std::size_t bytes = index.bytes();
  for (int i = 0; i < 20000; ++i) {
    IndexChanges change;
    change.addKeys = change.addGroups = {5};
    change.addVectors = {5, 5};
    index.apply(change);
  }
  CHECK(index.bytes() == bytes && found(index) == expected);
}

}  // namespace

// Not inlined: else GCC sees free() of what its own operator new has made, and warns.
__attribute__((noinline)) void* operator new(std::size_t bytes) {
  if (failAfter > 0 && --failAfter == 0) throw std::bad_alloc();
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST_MAIN()
