#include "index/flat_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "check.h"
#include "index_model.h"

namespace {

using countenance::CancelToken;
using countenance::Error;
using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexHits;
using countenance::IndexRestriction;
using countenance::test::added;
using countenance::test::checkSame;
using countenance::test::Model;
using countenance::test::randomVector;
using Vector = std::vector<float>;

IndexHits find(const FlatIndex& index, const Vector& query, std::size_t k,
               const IndexRestriction& restriction = {}) {
  return index.search({query, k}, restriction);
}

IndexChanges randomChanges(std::mt19937& random, std::size_t dimension) {
  const auto pick = [&](int high) {
    return static_cast<std::int64_t>(std::uniform_int_distribution<int>(1, high)(random));
  };
  IndexChanges changes;
  for (std::int64_t i = pick(12); i > 1; --i) {
    changes.addKeys.push_back(pick(150));
    changes.addGroups.push_back(pick(40));
    const Vector vector = randomVector(random, dimension);
    changes.addVectors.insert(changes.addVectors.end(), vector.begin(), vector.end());
  }
  for (std::int64_t i = pick(5); i > 1; --i) changes.remove.push_back(pick(150));
  if (pick(3) == 1) changes.removeGroups.push_back(pick(40));
  if (pick(9) == 1) changes.removeTags.push_back(pick(4));
  for (std::int64_t i = pick(6); i > 1; --i) {
    changes.tag.insert(changes.tag.end(), {pick(4), pick(40)});
    changes.untag.insert(changes.untag.end(), {pick(4), pick(40)});
  }
  return changes;
}

TEST("searches agree with a plain comparison through 2,000 random changes") {
  for (const std::size_t dimension : {std::size_t{1}, std::size_t{3}, std::size_t{9}}) {
    std::mt19937 random(static_cast<unsigned>(dimension));
    FlatIndex index(dimension);
    Model model;
    for (int round = 0; round < 700; ++round) {
      const IndexChanges changes = randomChanges(random, dimension);
      index.apply(changes);
      model.apply(changes, dimension);
      CHECK(index.size() == model.entries.size());
      const Vector query = randomVector(random, dimension);
      const std::size_t k = 1 + random() % 50;
      checkSame(find(index, query, k), model.search(query, k, {}));
      IndexRestriction restriction;
      restriction.tag = 1 + static_cast<std::int64_t>(random() % 5);
      checkSame(find(index, query, k, restriction), model.search(query, k, restriction));
      restriction.groups = {3, 1, 4, 1, 5, 9, 2, 6, 999};
      checkSame(find(index, query, k, restriction), model.search(query, k, restriction));
      restriction.tag.reset();
      checkSame(find(index, query, k, restriction), model.search(query, k, restriction));
    }
  }
}

TEST("several blocks of 128-d vectors agree with a plain comparison while they shrink") {
  constexpr std::size_t kDimension = 128;
  constexpr std::int64_t kCount = 18000;  // the second block begins at 16,384
  std::mt19937 random(7);
  IndexChanges changes;
  for (std::int64_t key = 1; key <= kCount; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(1 + key % 5000);
    if (key % 3 == 0) changes.tag.insert(changes.tag.end(), {8, 1 + key % 5000});
    const Vector vector = randomVector(random, kDimension, 8);
    changes.addVectors.insert(changes.addVectors.end(), vector.begin(), vector.end());
  }
  FlatIndex index(kDimension);
  Model model;
  index.apply(changes);
  model.apply(changes, kDimension);
  for (std::int64_t left = kCount; left > 0; left -= 6000) {
    const Vector query = randomVector(random, kDimension, 8);
    checkSame(find(index, query, 20), model.search(query, 20, {}));
    IndexRestriction tagged;
    tagged.tag = 8;
    checkSame(find(index, query, 1000, tagged), model.search(query, 1000, tagged));
    IndexChanges removal;
    for (std::int64_t i = 0; i < 6000; ++i)
      removal.remove.push_back(1 + (left * 7 + i * 3) % kCount);
    index.apply(removal);
    model.apply(removal, kDimension);
  }
}

TEST("three blocks agree with a plain comparison through random batches, by every plan") {
  constexpr std::size_t kDimension = 2;
  constexpr int kKeys = 40000;
  std::mt19937 random(21);
  const auto pick = [&](int high) { return 1 + static_cast<std::int64_t>(random() % high); };
  // Forty people of some 300 vectors each, everybody else has one: masks, and rows one by one.
  const auto groupOf = [](std::int64_t key) { return key % 3 == 0 ? 1 + key % 40 : 100 + key; };
  FlatIndex index(kDimension);
  Model model;
  for (int round = 0; round < 8; ++round) {
    IndexChanges changes;
    for (int i = 0; i < (round == 0 ? kKeys : 4000); ++i) {
      const std::int64_t key = round == 0 ? i + 1 : pick(kKeys);
      changes.addKeys.push_back(key);
      changes.addGroups.push_back(groupOf(random() % 8 == 0 ? key + 1 : key));
      const Vector vector = randomVector(random, kDimension, 20);
      changes.addVectors.insert(changes.addVectors.end(), vector.begin(), vector.end());
    }
    for (int i = 0; i < 3000 * (round % 4); ++i) changes.remove.push_back(pick(kKeys));
    for (int i = 0; i < 500; ++i) {
      changes.tag.insert(changes.tag.end(), {pick(2), groupOf(pick(kKeys))});
      changes.untag.insert(changes.untag.end(), {pick(2), groupOf(pick(kKeys))});
    }
    if (round % 5 == 4) changes.removeTags = {2};
    changes.removeGroups = {pick(40)};
    index.apply(changes);
    model.apply(changes, kDimension);
    const Vector query = randomVector(random, kDimension, 20);
    IndexRestriction people;
    people.groups = {1, 40, 2, 39, 3, 38, 3, 3, 104, 105, 40000};
    IndexRestriction tagged;
    tagged.tag = 1 + round % 2;
    IndexRestriction both = people;
    both.tag = 1;
    for (const IndexRestriction& restriction : {IndexRestriction(), people, tagged, both}) {
      checkSame(find(index, query, 30, restriction), model.search(query, 30, restriction));
    }
  }
}

TEST("memory is given back as vectors go, and whoever is left is found") {
  constexpr std::size_t kDimension = 1024;  // 2,048 rows a block
  constexpr std::int64_t kCount = 10000;    // five blocks
  FlatIndex index(kDimension);
  IndexChanges changes;
  for (std::int64_t key = 1; key <= kCount; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key);
    changes.tag.insert(changes.tag.end(), {1, key});
    changes.addVectors.insert(changes.addVectors.end(), kDimension, static_cast<float>(key));
  }
  index.reserve(kCount);
  index.apply(changes);
  const std::size_t full = index.bytes();
  // Kept: 4 per component, half of that for codes and rounding up, and 100 for what belongs to it.
  CHECK(full < (kCount + 2048) * (kDimension * 6 + 100));
  for (std::int64_t first = 1; first < 10; ++first) {  // one of ten stays, all over the blocks
    IndexChanges removal;
    for (std::int64_t key = first; key <= kCount; key += 10) removal.remove.push_back(key);
    index.apply(removal);
    for (const std::int64_t key : {std::int64_t{10}, std::int64_t{5000}, kCount}) {
      const Vector query(kDimension, static_cast<float>(key) + 0.25F);
      IndexRestriction tagged;
      tagged.tag = 1;
      CHECK(find(index, query, 1).hits.front().key == key);
      CHECK(find(index, query, 1, tagged).hits.front().key == key);
    }
  }
  CHECK(index.size() == kCount / 10 && index.bytes() * 3 < full * 2);
  index.clear();
  CHECK(index.bytes() < 10000);
}

TEST("k distinct groups are found although one group has all the nearest vectors") {
  FlatIndex index(1);
  IndexChanges changes;
  for (std::int64_t key = 1; key <= 5000; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(1);
    changes.addVectors.push_back(static_cast<float>(key) * 1e-6F);
  }
  index.apply(changes);
  index.apply(added(6000, 2, {1}));
  index.apply(added(6001, 3, {2}));
  const IndexHits found = find(index, {0}, 3);
  CHECK(found.hits.size() == 3 && found.compared == 5002);
  CHECK(found.hits[0].key == 1 && found.hits[1].group == 2 && found.hits[2].group == 3);
}

TEST("an empty index, an unknown tag and unknown groups give no hits") {
  FlatIndex index(2);
  CHECK(find(index, {0, 0}, 5).hits.empty());
  index.apply(added(1, 1, {0, 0}));
  IndexRestriction restriction;
  restriction.tag = 9;
  CHECK(find(index, {0, 0}, 5, restriction).compared == 0);
  restriction.tag.reset();
  restriction.groups = std::vector<std::int64_t>{};
  CHECK(find(index, {0, 0}, 5, restriction).hits.empty());
}

TEST("changes that do not fit are refused whole") {
  FlatIndex index(2);
  index.apply(added(1, 1, {0, 0}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<IndexChanges> bad = {
      added(2, 1, {0}),    added(2, 1, {0, nan}), added(2, 1, {infinity, 0}),
      added(0, 1, {0, 0}), added(2, -1, {0, 0}),  added(std::int64_t{1} << 53, 1, {0, 0})};
  bad.push_back(added(2, 1, {0, 0}));
  bad.back().tag = {1};
  bad.push_back(added(2, 1, {0, 0}));
  bad.back().addGroups = {};
  for (IndexChanges& changes : bad) {
    changes.remove = {1};
    CHECK_ERROR(ErrorCode::kInvalidArgument, index.apply(changes));
    CHECK(index.size() == 1);
  }
}

TEST("queries that do not fit are refused") {
  FlatIndex index(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_ERROR(ErrorCode::kInvalidArgument, find(index, {0}, 1));
  CHECK_ERROR(ErrorCode::kInvalidArgument, find(index, {0, nan}, 1));
  CHECK_ERROR(ErrorCode::kInvalidArgument, find(index, {0, 0}, 0));
  CHECK_ERROR(ErrorCode::kInvalidArgument, find(index, {0, 0}, 1001));
  CHECK_ERROR(ErrorCode::kInvalidArgument, FlatIndex(0));
  CHECK_ERROR(ErrorCode::kInvalidArgument, FlatIndex(4097));
  CHECK(FlatIndex(4096).dimension() == 4096);
}

TEST("distances that overflow are infinite, and still in order") {
  FlatIndex index(1);
  index.apply(added(2, 2, {-3e38F}));
  index.apply(added(1, 1, {-3e38F}));
  const IndexHits found = find(index, {3e38F}, 2);
  CHECK(found.hits.size() == 2 && found.hits[0].key == 1 && std::isinf(found.hits[0].distance));
}

TEST("a search within a distance finds what is as near as that, also more than a thousand") {
  FlatIndex index(1);
  IndexChanges changes;
  for (std::int64_t key = 1; key <= 3000; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key);
    changes.addVectors.push_back(static_cast<float>(key));
  }
  index.apply(changes);
  const Vector query{0};
  CHECK(index.search({query, 1000000, 2000}, {}).hits.size() == 2000);
  CHECK(index.search({query, 5, 3}, {}).hits.size() == 3);
  CHECK(index.search({query, 2, 3}, {}).hits.size() == 2);
  CHECK(index.search({query, 5, 0}, {}).hits.empty());
  CHECK(index.search({query, 5, 3}, {}).compared == 3000);
  CHECK_ERROR(ErrorCode::kInvalidArgument, index.search({query, 1000001, 3}, {}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, index.search({query, 1, -1}, {}));
}

TEST("searches that are made together answer as alone, but for those that were cancelled") {
  std::mt19937 random(5);
  FlatIndex index(3);
  for (std::int64_t key = 1; key <= 200; ++key)
    index.apply(added(key, 1 + key % 50, randomVector(random, 3)));
  std::vector<Vector> vectors;
  for (int i = 0; i < 37; ++i) vectors.push_back(randomVector(random, 3));
  std::vector<countenance::IndexQuery> queries;
  for (const Vector& vector : vectors) queries.push_back({vector, 1 + queries.size() % 9});
  queries[11].cancel.cancel();
  const std::vector<IndexHits> together = index.searchTogether(queries, {});
  CHECK(together.size() == queries.size() && together[11].hits.empty());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (i != 11) checkSame(together[i], index.search(queries[i], {}));
  }
}

TEST("a cancelled search is aborted") {
  FlatIndex index(1);
  const CancelToken cancel;
  cancel.cancel();
  const Vector query{0};
  CHECK_ERROR(ErrorCode::kAborted,
              index.search({query, 1, std::numeric_limits<float>::infinity(), cancel}, {}));
}

TEST("clear forgets everything") {
  FlatIndex index(1);
  IndexChanges changes = added(1, 1, {0});
  changes.tag = {1, 1};
  index.apply(changes);
  index.clear();
  CHECK(index.size() == 0 && find(index, {0}, 1).hits.empty());
  index.apply(changes);
  CHECK(index.size() == 1);
}

TEST("vectors are copied out bit for bit, and only of keys that are there") {
  FlatIndex index(2);
  index.apply(added(7, 1, {0.1F, 0.2F}));
  index.apply(added(3, 1, {0.3F, 0.4F}));
  CHECK(index.keys() == (std::vector<std::int64_t>{3, 7}));
  CHECK(index.contains(7) && !index.contains(4));
  Vector copied(4);
  const std::vector<std::int64_t> both = {7, 3};
  index.copyVectors(both, countenance::Span<float>(copied));
  CHECK(copied == (Vector{0.1F, 0.2F, 0.3F, 0.4F}));
  const std::vector<std::int64_t> unknown = {7, 4};
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              index.copyVectors(unknown, countenance::Span<float>(copied)));
  const std::vector<std::int64_t> one = {7};
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              index.copyVectors(one, countenance::Span<float>(copied)));
}

}  // namespace

TEST_MAIN()
