#include "index/flat_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "check.h"

namespace {

using countenance::CancelToken;
using countenance::Error;
using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexHits;
using countenance::IndexRestriction;
using Vector = std::vector<float>;

IndexChanges added(std::int64_t key, std::int64_t group, const Vector& vector) {
  IndexChanges changes;
  changes.addKeys = {key};
  changes.addGroups = {group};
  changes.addVectors = vector;
  return changes;
}

IndexHits find(const FlatIndex& index, const Vector& query, std::size_t k,
               const IndexRestriction& restriction = {}) {
  return index.search({query, k}, restriction);
}

/// What an index should hold, written down in the plainest way.
struct Model {
  struct Entry {
    std::int64_t group;
    Vector vector;
  };
  std::map<std::int64_t, Entry> entries;
  std::set<std::pair<std::int64_t, std::int64_t>> tags;

  void apply(const IndexChanges& changes, std::size_t dimension) {
    for (const auto key : changes.remove) entries.erase(key);
    for (const auto group : changes.removeGroups) {
      for (auto at = entries.begin(); at != entries.end();) {
        at = at->second.group == group ? entries.erase(at) : std::next(at);
      }
      for (auto at = tags.begin(); at != tags.end();) {
        at = at->second == group ? tags.erase(at) : std::next(at);
      }
    }
    for (const auto tag : changes.removeTags) {
      for (auto at = tags.begin(); at != tags.end();) {
        at = at->first == tag ? tags.erase(at) : std::next(at);
      }
    }
    for (std::size_t i = 0; i < changes.untag.size(); i += 2) {
      tags.erase({changes.untag[i], changes.untag[i + 1]});
    }
    for (std::size_t i = 0; i < changes.addKeys.size(); ++i) {
      const auto first = changes.addVectors.begin() + static_cast<std::ptrdiff_t>(i * dimension);
      entries[changes.addKeys[i]] = {changes.addGroups[i],
                                     Vector(first, first + static_cast<std::ptrdiff_t>(dimension))};
    }
    for (std::size_t i = 0; i < changes.tag.size(); i += 2) {
      tags.insert({changes.tag[i], changes.tag[i + 1]});
    }
  }

  bool allows(const IndexRestriction& restriction, std::int64_t group) const {
    if (restriction.tag && tags.count({*restriction.tag, group}) == 0) return false;
    if (!restriction.groups) return true;
    const auto& groups = *restriction.groups;
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }

  IndexHits search(const Vector& query, std::size_t k, const IndexRestriction& restriction) const {
    IndexHits result;
    using Scored = std::tuple<double, std::int64_t, std::int64_t>;  // squared, key, group
    std::map<std::int64_t, Scored> best;
    for (const auto& [key, entry] : entries) {
      if (!allows(restriction, entry.group)) continue;
      ++result.compared;
      double squared = 0;
      for (std::size_t i = 0; i < query.size(); ++i) {
        const double difference = static_cast<double>(query[i]) - entry.vector[i];
        squared += difference * difference;
      }
      const auto known = best.try_emplace(entry.group, squared, key, entry.group).first;
      known->second = std::min(known->second, Scored(squared, key, entry.group));
    }
    std::set<Scored> ordered;
    for (const auto& [group, scored] : best) ordered.insert(scored);
    for (const auto& [squared, key, group] : ordered) {
      if (result.hits.size() == k) break;
      result.hits.push_back({key, group, static_cast<float>(std::sqrt(squared))});
    }
    return result;
  }
};

void checkSame(const IndexHits& actual, const IndexHits& expected) {
  CHECK(actual.compared == expected.compared);
  CHECK(actual.hits.size() == expected.hits.size());
  for (std::size_t i = 0; i < actual.hits.size(); ++i) {
    CHECK(actual.hits[i].key == expected.hits[i].key);
    CHECK(actual.hits[i].group == expected.hits[i].group);
    CHECK(std::abs(actual.hits[i].distance - expected.hits[i].distance) <= 1e-5F);
  }
}

/// Small multiples of 1/16: sums of squares are exact in f32, so that ties are ties everywhere.
Vector randomVector(std::mt19937& random, std::size_t dimension, int range = 2) {
  std::uniform_int_distribution<int> value(-range, range);
  Vector vector(dimension);
  for (float& element : vector) element = static_cast<float>(value(random)) / 16;
  return vector;
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
  constexpr std::int64_t kCount = 20000;  // the second block begins at 16,384
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
  for (std::int64_t left = kCount; left > 0; left -= 4000) {
    const Vector query = randomVector(random, kDimension, 8);
    checkSame(find(index, query, 20), model.search(query, 20, {}));
    IndexRestriction tagged;
    tagged.tag = 8;
    checkSame(find(index, query, 1000, tagged), model.search(query, 1000, tagged));
    IndexChanges removal;
    for (std::int64_t i = 0; i < 4000; ++i)
      removal.remove.push_back(1 + (left * 7 + i * 3) % kCount);
    index.apply(removal);
    model.apply(removal, kDimension);
  }
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

}  // namespace

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

TEST_MAIN()
