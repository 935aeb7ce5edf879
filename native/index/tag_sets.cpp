#include "index/tag_sets.h"

#include <algorithm>
#include <utility>

namespace countenance {

TagSets::TagSets() { sets_.push_back({byTags_.emplace(std::vector<std::int64_t>(), kNone), 1}); }

bool TagSets::contains(std::uint32_t set, std::int64_t tag) const {
  const std::vector<std::int64_t>& all = tags(set);
  return std::binary_search(all.begin(), all.end(), tag);
}

std::uint32_t TagSets::with(std::uint32_t set, std::int64_t tag) {
  if (last_.tag == tag && last_.from == set) {
    ++sets_[last_.to].holders;
    const std::uint32_t to = last_.to;
    release(set);
    return to;
  }
  std::vector<std::int64_t> all = tags(set);
  const auto place = std::lower_bound(all.begin(), all.end(), tag);
  if (place != all.end() && *place == tag) return set;
  all.insert(place, tag);
  const std::uint32_t to = exchange(set, std::move(all));
  if (set == kNone || sets_[set].holders > 0) last_ = {set, tag, to};
  return to;
}

std::uint32_t TagSets::without(std::uint32_t set, std::int64_t tag) {
  std::vector<std::int64_t> all = tags(set);
  const auto place = std::lower_bound(all.begin(), all.end(), tag);
  if (place == all.end() || *place != tag) return set;
  all.erase(place);
  return exchange(set, std::move(all));
}

std::uint32_t TagSets::exchange(std::uint32_t set, std::vector<std::int64_t> tags) {
  std::uint32_t to = kNone;
  if (!tags.empty()) {  // forget() may have left other empty sets
    const auto known = byTags_.find(tags);
    to = known != byTags_.end() ? known->second : create(std::move(tags));
    ++sets_[to].holders;
  }
  release(set);
  return to;
}

std::uint32_t TagSets::create(std::vector<std::int64_t> tags) {
  if (unused_.empty()) {
    sets_.push_back({byTags_.end(), 0});
    unused_.reserve(sets_.capacity());
    unused_.push_back(static_cast<std::uint32_t>(sets_.size() - 1));
  }
  const std::uint32_t number = unused_.back();
  sets_[number] = {byTags_.emplace(std::move(tags), number), 0};
  unused_.pop_back();
  return number;
}

void TagSets::release(std::uint32_t set) {
  if (set == kNone || --sets_[set].holders > 0) return;
  byTags_.erase(sets_[set].at);
  unused_.push_back(set);
  if (last_.from == set || last_.to == set) last_.tag = 0;
}

void TagSets::forget(std::int64_t tag) {
  last_.tag = 0;
  for (Set& set : sets_) {
    if (set.holders == 0) continue;
    const std::vector<std::int64_t>& all = set.at->first;
    if (!std::binary_search(all.begin(), all.end(), tag)) continue;
    auto node = byTags_.extract(set.at);
    node.key().erase(std::find(node.key().begin(), node.key().end(), tag));
    set.at = byTags_.insert(std::move(node));
  }
}

std::size_t TagSets::bytes() const {
  constexpr std::size_t kNode = 64;  // what a node of std::multimap takes beside its value
  std::size_t total = sets_.capacity() * sizeof(Set) + unused_.capacity() * sizeof(std::uint32_t);
  for (const auto& [tags, number] : byTags_) {
    total += kNode + sizeof(tags) + sizeof(number) + tags.capacity() * sizeof(std::int64_t);
  }
  return total;
}

}  // namespace countenance
