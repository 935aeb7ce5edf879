#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <tuple>
#include <unordered_map>

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

  explicit NearestGroups(std::size_t k) : k_(k) {}

  /// A vector farther than this cannot be among the nearest.
  float bound() const {
    return entries_.size() < k_ ? std::numeric_limits<float>::infinity()
                                : entries_.rbegin()->squared;
  }

  void offer(const Entry& entry) {
    if (entries_.size() == k_ && !(entry < *entries_.rbegin())) return;
    const auto known = byGroup_.find(entry.group);
    if (known != byGroup_.end()) {
      if (!(entry < *known->second)) return;
      entries_.erase(known->second);
      known->second = entries_.insert(entry).first;
      return;
    }
    byGroup_.emplace(entry.group, entries_.insert(entry).first);
    if (entries_.size() > k_) {
      const auto worst = std::prev(entries_.end());
      byGroup_.erase(worst->group);
      entries_.erase(worst);
    }
  }

  const std::set<Entry>& entries() const { return entries_; }

 private:
  const std::size_t k_;
  std::set<Entry> entries_;
  std::unordered_map<std::int64_t, std::set<Entry>::iterator> byGroup_;
};

}  // namespace countenance
