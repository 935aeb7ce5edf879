#include "index/group_table.h"

#include <utility>

namespace countenance {

void GroupTable::fit(std::size_t rows, Room& room) {
  links_.reserve(blocksOf(rows));
  while (links_.size() < blocksOf(rows)) {  // not touched until used
    links_.push_back(std::unique_ptr<Link[]>(new Link[std::size_t{1} << blockBits_]));
  }
  links_.resize(blocksOf(rows));
  if (room) std::swap(groups_, *room);
}

void GroupTable::clear() {
  groups_ = KeyMap<Group>();
  links_ = std::vector<std::unique_ptr<Link[]>>();
  sets_ = TagSets();
  tagged_.clear();
  rowless_.clear();
}

void GroupTable::link(std::int64_t group, std::uint32_t row) {
  const auto [entry, isNew] = groups_.insert(group, {kNone, TagSets::kNone});
  if (!isNew && entry->first == kNone) rowless_.erase(group);
  linkOf(row) = {entry->first, kNone};
  if (entry->first != kNone) linkOf(entry->first).previous = row;
  entry->first = row;
  if (entry->tags == TagSets::kNone) return;
  for (const std::int64_t tag : sets_.tags(entry->tags)) taggedRows(tag).insert(row);
}

void GroupTable::unlink(std::int64_t group, std::uint32_t row) {
  Group& entry = *groups_.find(group);
  const Link link = linkOf(row);
  if (link.next != kNone) linkOf(link.next).previous = link.previous;
  if (link.previous != kNone) linkOf(link.previous).next = link.next;
  if (entry.first == row) entry.first = link.next;
  for (const std::int64_t tag : sets_.tags(entry.tags)) leaveTag(tag, row);
  if (entry.first == kNone && !sets_.tags(entry.tags).empty()) rowless_.insert(group);
  forgetIfBare(group, entry);
}

void GroupTable::tag(std::int64_t tag, std::int64_t group) {
  const auto [entry, isNew] = groups_.insert(group, {kNone, TagSets::kNone});
  if (isNew) rowless_.insert(group);
  const std::uint32_t tags = sets_.with(entry->tags, tag);
  if (tags == entry->tags) return;
  entry->tags = tags;
  if (entry->first == kNone) return;
  RowSet& rows = taggedRows(tag);
  for (std::uint32_t row = entry->first; row != kNone; row = linkOf(row).next) rows.insert(row);
}

void GroupTable::untag(std::int64_t tag, std::int64_t group) {
  Group* const entry = groups_.find(group);
  if (entry == nullptr || !sets_.contains(entry->tags, tag)) return;
  entry->tags = sets_.without(entry->tags, tag);
  for (std::uint32_t row = entry->first; row != kNone; row = linkOf(row).next) leaveTag(tag, row);
  forgetIfBare(group, *entry);
}

void GroupTable::removeTag(std::int64_t tag) {
  tagged_.erase(tag);
  sets_.forget(tag);
  for (auto group = rowless_.begin(); group != rowless_.end();) {
    const Group entry = *groups_.find(*group);
    if (sets_.tags(entry.tags).empty()) {
      sets_.release(entry.tags);
      groups_.erase(*group);
      group = rowless_.erase(group);
    } else {
      ++group;
    }
  }
}

void GroupTable::removeTagsOf(std::int64_t group) {
  Group* const entry = groups_.find(group);
  if (entry == nullptr) return;
  for (const std::int64_t tag : sets_.tags(entry->tags)) {
    for (std::uint32_t row = entry->first; row != kNone; row = linkOf(row).next) leaveTag(tag, row);
  }
  sets_.release(entry->tags);
  entry->tags = TagSets::kNone;
  forgetIfBare(group, *entry);
}

std::uint32_t GroupTable::firstRow(std::int64_t group) const {
  const Group* const entry = groups_.find(group);
  return entry == nullptr ? kNone : entry->first;
}

bool GroupTable::isTagged(std::int64_t group, std::int64_t tag) const {
  const Group* const entry = groups_.find(group);
  return entry != nullptr && sets_.contains(entry->tags, tag);
}

const RowSet* GroupTable::rowsTagged(std::int64_t tag) const {
  const auto found = tagged_.find(tag);
  return found == tagged_.end() ? nullptr : &found->second;
}

RowSet& GroupTable::taggedRows(std::int64_t tag) {
  return tagged_.try_emplace(tag, blockBits_).first->second;
}

void GroupTable::leaveTag(std::int64_t tag, std::uint32_t row) {
  const auto rows = tagged_.find(tag);
  rows->second.erase(row);
  if (rows->second.size() == 0) tagged_.erase(rows);
}

void GroupTable::forgetIfBare(std::int64_t group, const Group& entry) {
  if (entry.first != kNone || !sets_.tags(entry.tags).empty()) return;
  sets_.release(entry.tags);
  rowless_.erase(group);
  groups_.erase(group);
}

std::size_t GroupTable::bytes() const {
  constexpr std::size_t kNode = 40;  // what a node of the standard maps takes beside its value
  std::size_t total = groups_.bytes() + sets_.bytes() +
                      (links_.size() << blockBits_) * sizeof(Link) +
                      rowless_.size() * (kNode + sizeof(std::int64_t));
  for (const auto& [tag, rows] : tagged_) total += kNode + sizeof(rows) + rows.bytes();
  return total;
}

}  // namespace countenance
