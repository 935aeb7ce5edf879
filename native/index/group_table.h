#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "index/key_map.h"
#include "index/row_set.h"
#include "index/tag_sets.h"

namespace countenance {

/// Which rows a group has, which tags, and which rows therefore have a tag. Groups and tags are
/// known as long as they have anything. It knows rows by number only, and locks nothing.
///
/// Bytes: 8 per row (its neighbours in the group), 16 / (1/2 to 3/4) per group, nothing per tag of
/// a group whose set of tags another group has too, and RowSet's 1/8 to 2 per row and tag.
class GroupTable final {
  struct Group {
    std::uint32_t first;
    std::uint32_t tags;  // a number of sets_
  };

 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};  // no row has this number

  /// @param blockBits  2^blockBits rows make a block.
  explicit GroupTable(unsigned blockBits) : blockBits_(blockBits) {}

  /// What fit() exchanges: made without a lock by the one thread that changes the table.
  using Room = std::optional<KeyMap<Group>>;
  Room roomFor(std::size_t groups) const { return groups_.fitted(groups_.size() + groups); }
  bool fits(std::size_t rows) const { return links_.size() == blocksOf(rows); }
  /// Makes room for rows with numbers below `rows`, and gives back what is beyond.
  /// @param room  Keeps what is no longer needed, to be freed without a lock.
  void fit(std::size_t rows, Room& room);
  void clear();

  void link(std::int64_t group, std::uint32_t row);
  void unlink(std::int64_t group, std::uint32_t row);
  void tag(std::int64_t tag, std::int64_t group);
  void untag(std::int64_t tag, std::int64_t group);
  void removeTag(std::int64_t tag);
  void removeTagsOf(std::int64_t group);

  /// One of the group's rows, or kNone.
  std::uint32_t firstRow(std::int64_t group) const;
  std::uint32_t nextRow(std::uint32_t row) const { return linkOf(row).next; }
  bool isTagged(std::int64_t group, std::int64_t tag) const;
  /// Null when no row has the tag.
  const RowSet* rowsTagged(std::int64_t tag) const;

  // Ask for the memory that firstRow() and nextRow() will read.
  void prefetch(std::int64_t group) const { groups_.prefetch(group); }
  void prefetchRow(std::uint32_t row) const { __builtin_prefetch(&linkOf(row)); }
  std::size_t bytes() const;

 private:
  struct Link {
    std::uint32_t next;
    std::uint32_t previous;
  };

  std::size_t blocksOf(std::size_t rows) const {
    return (rows + (std::size_t{1} << blockBits_) - 1) >> blockBits_;
  }
  Link& linkOf(std::uint32_t row) {
    return links_[row >> blockBits_][row & ((std::uint32_t{1} << blockBits_) - 1)];
  }
  const Link& linkOf(std::uint32_t row) const {
    return links_[row >> blockBits_][row & ((std::uint32_t{1} << blockBits_) - 1)];
  }
  RowSet& taggedRows(std::int64_t tag);
  void leaveTag(std::int64_t tag, std::uint32_t row);
  void forgetIfBare(std::int64_t group, const Group& entry);

  const unsigned blockBits_;
  KeyMap<Group> groups_;
  std::vector<std::unique_ptr<Link[]>> links_;  // per block, so that growth copies nothing
  TagSets sets_;
  std::unordered_map<std::int64_t, RowSet> tagged_;  // only of tags that rows have
  std::unordered_set<std::int64_t> rowless_;         // groups with tags and no rows
};

}  // namespace countenance
