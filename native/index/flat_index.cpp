#include "index/flat_index.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "core/checked.h"
#include "core/error.h"
#include "index/nearest_groups.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;  // JavaScript's safe integers
constexpr std::size_t kRowsPerCall = 1024;  // distances of one FAISS call stay in the first cache

[[noreturn]] void reject(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

void checkIntegers(const char* name, const std::vector<std::int64_t>& values) {
  for (const std::int64_t value : values) {
    if (value < 1 || value > kMaxInteger) {
      reject(std::string(name) + ": expected integers in 1..2^53-1, got " + std::to_string(value));
    }
  }
}

void checkPairs(const char* name, const std::vector<std::int64_t>& values) {
  checkIntegers(name, values);
  if (values.size() % 2 != 0) {
    reject(std::string(name) + ": expected pairs, got " + std::to_string(values.size()) +
           " numbers");
  }
}

void checkFinite(const char* name, Span<const float> values) {
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  if (!finite) reject(std::string(name) + ": expected finite values");
}

std::size_t checkedDimension(std::size_t dimension) {
  if (dimension < 1 || dimension > VectorIndex::kMaxDimension) {
    reject("dimension: expected an integer in 1.." + std::to_string(VectorIndex::kMaxDimension) +
           ", got " + std::to_string(dimension));
  }
  return dimension;
}

}  // namespace

FlatIndex::FlatIndex(std::size_t dimension)
    : dimension_(checkedDimension(dimension)), vectors_(dimension) {}

std::size_t FlatIndex::size() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return rows_.size();
}

void FlatIndex::requireSound() const {
  if (!sound_) throw Error(ErrorCode::kInternal, "the index ran out of memory: open it again");
}

void FlatIndex::checkShape(const IndexChanges& changes) const {
  checkIntegers("add.keys", changes.addKeys);
  checkIntegers("add.groups", changes.addGroups);
  checkIntegers("remove", changes.remove);
  checkIntegers("removeGroups", changes.removeGroups);
  checkIntegers("removeTags", changes.removeTags);
  checkPairs("tag", changes.tag);
  checkPairs("untag", changes.untag);
  const std::size_t count = changes.addKeys.size();
  if (changes.addGroups.size() != count) {
    reject("add.groups: expected one per key (" + std::to_string(count) + "), got " +
           std::to_string(changes.addGroups.size()));
  }
  if (changes.addVectors.size() != checkedMul(count, dimension_)) {
    reject("add.vectors: expected " + std::to_string(count) + " x " + std::to_string(dimension_) +
           " values, got " + std::to_string(changes.addVectors.size()));
  }
  checkFinite("add.vectors", changes.addVectors);
}

void FlatIndex::check(const IndexChanges& changes) const {
  checkShape(changes);
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  requireSound();
}

void FlatIndex::apply(const IndexChanges& changes) {
  checkShape(changes);
  const std::unique_lock<FairSharedMutex> lock(mutex_);
  requireSound();
  const std::size_t count = changes.addKeys.size();
  vectors_.reserve(count);
  sound_ = false;
  for (const std::int64_t key : changes.remove) {
    const auto found = rowOf_.find(key);
    if (found != rowOf_.end()) removeRow(found->second);
  }
  for (const std::int64_t group : changes.removeGroups) removeGroup(group);
  for (const std::int64_t tag : changes.removeTags) removeTag(tag);
  for (std::size_t i = 0; i < changes.untag.size(); i += 2) {
    untag(changes.untag[i], changes.untag[i + 1]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    add(changes.addKeys[i], changes.addGroups[i], changes.addVectors.data() + i * dimension_);
  }
  for (std::size_t i = 0; i < changes.tag.size(); i += 2) {
    groups_[changes.tag[i + 1]].tags.insert(changes.tag[i]);
    tags_[changes.tag[i]].insert(changes.tag[i + 1]);
  }
  sound_ = true;
}

bool FlatIndex::contains(std::int64_t key) const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return rowOf_.count(key) != 0;
}

std::vector<std::int64_t> FlatIndex::keys() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  std::vector<std::int64_t> keys;
  keys.reserve(rows_.size());
  for (const Row& row : rows_) keys.push_back(row.key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

void FlatIndex::copyVectors(Span<const std::int64_t> keys, Span<float> vectors) const {
  if (vectors.size() != checkedMul(keys.size(), dimension_)) {
    reject("vectors: expected room for one of each key");
  }
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  requireSound();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto found = rowOf_.find(keys[i]);
    if (found == rowOf_.end()) reject("keys: expected keys that are there, got another");
    std::copy_n(vectors_.vector(found->second), dimension_, vectors.data() + i * dimension_);
  }
}

void FlatIndex::clear() {
  const std::unique_lock<FairSharedMutex> lock(mutex_);
  vectors_.clear();
  rows_ = {};
  rowOf_ = {};
  groups_ = {};
  tags_ = {};
  sound_ = true;
}

void FlatIndex::add(std::int64_t key, std::int64_t group, const float* vector) {
  const auto [found, isNew] = rowOf_.try_emplace(key, rows_.size());
  const std::size_t row = found->second;
  if (isNew) {
    vectors_.push(vector);
    rows_.push_back({key, group, 0});
  } else {
    vectors_.replace(row, vector);
    if (rows_[row].group == group) return;
    leaveGroup(row);
    rows_[row].group = group;
  }
  std::vector<std::size_t>& members = groups_[group].rows;
  rows_[row].place = members.size();
  members.push_back(row);
}

void FlatIndex::leaveGroup(std::size_t row) {
  const auto group = groups_.find(rows_[row].group);
  std::vector<std::size_t>& members = group->second.rows;
  const std::size_t place = rows_[row].place;
  members[place] = members.back();
  rows_[members[place]].place = place;
  members.pop_back();
  forgetIfBare(group);
}

void FlatIndex::removeRow(std::size_t row) {
  leaveGroup(row);
  rowOf_.erase(rows_[row].key);
  vectors_.removeBySwap(row);
  const Row moved = rows_.back();
  rows_.pop_back();
  if (row == rows_.size()) return;
  rows_[row] = moved;
  rowOf_[moved.key] = row;
  groups_.find(moved.group)->second.rows[moved.place] = row;
}

void FlatIndex::removeGroup(std::int64_t group) {
  for (;;) {  // the last removal may forget the group itself, so look it up each time
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    if (found->second.rows.empty()) break;
    removeRow(found->second.rows.back());
  }
  const auto found = groups_.find(group);
  const auto tags = std::move(found->second.tags);
  groups_.erase(found);
  for (const std::int64_t tag : tags) {
    const auto tagged = tags_.find(tag);
    tagged->second.erase(group);
    if (tagged->second.empty()) tags_.erase(tagged);
  }
}

void FlatIndex::removeTag(std::int64_t tag) {
  const auto found = tags_.find(tag);
  if (found == tags_.end()) return;
  for (const std::int64_t member : found->second) {
    const auto group = groups_.find(member);
    group->second.tags.erase(tag);
    forgetIfBare(group);
  }
  tags_.erase(found);
}

void FlatIndex::untag(std::int64_t tag, std::int64_t group) {
  const auto tagged = tags_.find(tag);
  if (tagged == tags_.end() || tagged->second.erase(group) == 0) return;
  if (tagged->second.empty()) tags_.erase(tagged);
  const auto found = groups_.find(group);
  found->second.tags.erase(tag);
  forgetIfBare(found);
}

void FlatIndex::forgetIfBare(Groups::iterator group) {
  if (group->second.rows.empty() && group->second.tags.empty()) groups_.erase(group);
}

std::vector<bool> FlatIndex::select(const IndexRestriction& restriction,
                                    const CancelToken& cancel) const {
  std::vector<bool> selected(rows_.size());
  const std::unordered_set<std::int64_t> nobody;
  const auto tagged = restriction.tag ? tags_.find(*restriction.tag) : tags_.end();
  const std::unordered_set<std::int64_t>& members = tagged == tags_.end() ? nobody : tagged->second;
  std::size_t visited = 0;
  const auto visit = [&](std::int64_t group) {
    if (++visited % kRowsPerCall == 0) cancel.check();
    if (restriction.tag && members.count(group) == 0) return;
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    for (const std::size_t row : found->second.rows) selected[row] = true;
  };
  if (restriction.groups) {
    for (const std::int64_t group : *restriction.groups) visit(group);
  } else {
    for (const std::int64_t group : members) visit(group);
  }
  return selected;
}

void FlatIndex::reserve(std::size_t vectors) {
  const std::unique_lock<FairSharedMutex> lock(mutex_);
  rowOf_.reserve(rowOf_.size() + vectors);
}

void FlatIndex::checkQuery(const IndexQuery& query) const {
  if (query.vector.size() != dimension_) {
    reject("query: expected " + std::to_string(dimension_) + " values, got " +
           std::to_string(query.vector.size()));
  }
  checkFinite("query", query.vector);
  if (!(query.maxDistance >= 0)) reject("maxDistance: expected a number >= 0");
  const std::size_t most = std::isinf(query.maxDistance) ? kMaxHits : kMaxRangeHits;
  if (query.k < 1 || query.k > most) {
    reject("k: expected an integer in 1.." + std::to_string(most) + ", got " +
           std::to_string(query.k));
  }
}

std::vector<IndexHits> FlatIndex::searchTogether(Span<const IndexQuery> queries,
                                                 const IndexRestriction& restriction) const {
  std::vector<IndexHits> results(queries.size());
  for (const IndexQuery& query : queries) checkQuery(query);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!queries[i].cancel.cancelled()) results[i] = search(queries[i], restriction);
  }
  return results;
}

std::size_t FlatIndex::bytes() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return rows_.size() * (dimension_ * sizeof(float) + sizeof(Row));
}

IndexHits FlatIndex::search(const IndexQuery& query, const IndexRestriction& restriction) const {
  checkQuery(query);
  const CancelToken& cancel = query.cancel;
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  requireSound();
  cancel.check();
  const bool restricted = restriction.tag.has_value() || restriction.groups.has_value();
  const std::vector<bool> selected = restricted ? select(restriction, cancel) : std::vector<bool>();

  IndexHits result;
  NearestGroups nearest(query.k, query.maxDistance);
  std::vector<std::int64_t> places;
  std::vector<float> squared(kRowsPerCall);
  places.reserve(kRowsPerCall);
  const std::size_t blockRows = vectors_.rowsPerBlock();
  for (std::size_t start = 0; start < rows_.size(); start += blockRows) {
    cancel.check();
    const std::size_t end = std::min(start + blockRows, rows_.size());
    for (std::size_t row = start; row < end;) {
      places.clear();
      for (; row < end && places.size() < kRowsPerCall; ++row) {
        if (!restricted || selected[row]) places.push_back(static_cast<std::int64_t>(row - start));
      }
      vectors_.distances(start / blockRows, query.vector.data(), places, squared.data());
      result.compared += places.size();
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (squared[i] > nearest.bound()) continue;
        const Row& at = rows_[start + static_cast<std::size_t>(places[i])];
        nearest.offer({squared[i], at.key, at.group});
      }
    }
  }
  result.counts.scanned = result.counts.reranked = result.compared;
  result.hits.reserve(nearest.sorted().size());
  for (const NearestGroups::Entry& entry : nearest.sorted()) {
    result.hits.push_back({entry.key, entry.group, std::sqrt(entry.squared)});
  }
  return result;
}

}  // namespace countenance
