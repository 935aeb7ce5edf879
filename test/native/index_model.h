#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "check.h"
#include "index/vector_index.h"

namespace countenance::test {

using Vector = std::vector<float>;

inline IndexChanges added(std::int64_t key, std::int64_t group, const Vector& vector) {
  IndexChanges changes;
  changes.addKeys = {key};
  changes.addGroups = {group};
  changes.addVectors = vector;
  return changes;
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

inline void checkSame(const IndexHits& actual, const IndexHits& expected) {
  CHECK(actual.compared == expected.compared);
  CHECK(actual.hits.size() == expected.hits.size());
  for (std::size_t i = 0; i < actual.hits.size(); ++i) {
    CHECK(actual.hits[i].key == expected.hits[i].key);
    CHECK(actual.hits[i].group == expected.hits[i].group);
    CHECK(std::abs(actual.hits[i].distance - expected.hits[i].distance) <= 1e-5F);
  }
}

/// Small multiples of 1/16: sums of squares are exact in f32, so that ties are ties everywhere.
inline Vector randomVector(std::mt19937& random, std::size_t dimension, int range = 2) {
  std::uniform_int_distribution<int> value(-range, range);
  Vector vector(dimension);
  for (float& element : vector) element = static_cast<float>(value(random)) / 16;
  return vector;
}

}  // namespace countenance::test
