#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "index/key_map.h"

namespace countenance {

/// The best vector of each of the k best groups among those offered, ties by key.
///
/// Exact in one pass: the worst kept entry only ever improves, so a group that was pushed out can
/// come back through a better vector, never through one that was offered before.
class NearestGroups final {
 public:
  struct Entry {
    float squared;
    std::int64_t key;
    std::int64_t group;
    bool operator<(const Entry& other) const {
      return std::tie(squared, key) < std::tie(other.squared, other.key);
    }
  };

  /// @param maxDistance  Not squared; >= 0. Entries beyond it are passed over.
  NearestGroups(std::size_t k, float maxDistance);

  /// A vector whose squared distance is above this cannot be among the nearest.
  float bound() const { return bound_; }

  void offer(const Entry& entry);

  /// What is left, nearest first.
  std::vector<Entry> sorted() const;

 private:
  bool stale(const Entry& entry) const;
  void dropWorst();

  struct Best {
    float squared;
    std::int64_t key;
  };

  const std::size_t k_;
  float bound_;
  // A heap with the worst on top. A group that comes again, nearer, leaves a stale entry behind,
  // which is known by its key: byGroup_ has that of the best.
  std::vector<Entry> heap_;
  KeyMap<Best> byGroup_;
};

}  // namespace countenance
