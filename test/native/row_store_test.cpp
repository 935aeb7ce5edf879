#include "index/row_store.h"

#include <algorithm>
#include <random>
#include <set>

#include "check.h"

namespace {

using countenance::kNever;
using countenance::RowStore;
using countenance::Span;

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

}  // namespace

TEST_MAIN()
