#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace countenance {

/// The distinct sets of tags that groups have, each kept once: a million members of one gallery
/// share one. A group holds the number of its set, which counts its holders.
class TagSets final {
 public:
  /// The set without tags: it exists always, and is not counted.
  static constexpr std::uint32_t kNone = 0;

  TagSets();

  const std::vector<std::int64_t>& tags(std::uint32_t set) const { return sets_[set].at->first; }
  bool contains(std::uint32_t set, std::int64_t tag) const;

  /// Exchanges a holder's set for the one with, or without, the tag.
  /// @returns The number of that set, which may be the one that was given.
  std::uint32_t with(std::uint32_t set, std::int64_t tag);
  std::uint32_t without(std::uint32_t set, std::int64_t tag);
  /// A holder goes.
  void release(std::uint32_t set);

  /// Takes the tag out of every set. Holders keep their numbers, also of what is empty then.
  void forget(std::int64_t tag);

  std::size_t bytes() const;

 private:
  // Sets become alike by forget(), hence "multi"; they part again as their holders go.
  using ByTags = std::multimap<std::vector<std::int64_t>, std::uint32_t>;
  struct Set {
    ByTags::iterator at;
    std::size_t holders;
  };

  std::uint32_t exchange(std::uint32_t set, std::vector<std::int64_t> tags);
  std::uint32_t create(std::vector<std::int64_t> tags);

  ByTags byTags_;
  std::vector<Set> sets_;
  std::vector<std::uint32_t> unused_;  // numbers, with as much room as there are sets
  // The last exchange: in bulk the next group makes the same.
  struct Step {
    std::uint32_t from;
    std::int64_t tag;
    std::uint32_t to;
  };
  Step last_ = {kNone, 0, kNone};
};

}  // namespace countenance
