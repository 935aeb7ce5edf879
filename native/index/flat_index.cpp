#include "index/flat_index.h"

#include <algorithm>
#include <shared_mutex>
#include <utility>

#include "core/error.h"
#include "index/index_arguments.h"

namespace countenance {
namespace {

constexpr std::size_t kAhead = 8;  // rows whose entries are asked for before they are needed
constexpr std::size_t kRowsPerMove = 256;  // the longest that compaction keeps searches waiting

}  // namespace

FlatIndex::FlatIndex(std::size_t dimension)
    : dimension_(checkedDimension(dimension)), rows_(dimension), groups_(rows_.blockBits()) {}

void FlatIndex::requireSound() const {
  if (!sound_) throw Error(ErrorCode::kInternal, "the index ran out of memory: open it again");
}

void FlatIndex::check(const IndexChanges& changes) const {
  checkChanges(changes, dimension_);
  const std::shared_lock<FairSharedMutex> tables(tables_);
  requireSound();
}

void FlatIndex::apply(const IndexChanges& changes) {
  checkChanges(changes, dimension_);
  {
    const std::lock_guard<std::mutex> writing(writing_);
    requireSound();
    const std::size_t count = changes.addKeys.size();
    const std::size_t before = size_;
    makeRoom(count, count + changes.tag.size() / 2);
    std::vector<const float*> vectors(count);
    for (std::size_t i = 0; i < count; ++i) vectors[i] = &changes.addVectors[i * dimension_];
    const std::vector<std::uint32_t> added =
        rows_.add(changes.addKeys, changes.addGroups, vectors, next());
    {
      const std::lock_guard<FairSharedMutex> tables(tables_);
      sound_ = false;
      change(changes, added);
      ++sequence_;
      size_ = rowOf_.size();
      sound_ = true;
    }
    if (size_ >= reserved_) reserved_ = 0;
    rows_.reclaim(std::min<std::uint64_t>(running_.oldest(), sequence_));
    compact(before + count - size_);
  }
  reclaim();
}

/// Fits the tables to what they hold and that many more, so that a change cannot fail in the middle
/// for want of their memory. The copies are made while searches may begin.
void FlatIndex::makeRoom(std::size_t vectors, std::size_t groups) {
  const std::size_t expected = std::max(reserved_, size_ + vectors);
  auto keyRoom = rowOf_.fitted(expected);
  auto groupRoom = groups_.roomFor(std::max(groups, expected - size_));
  const std::size_t rows = rows_.endWith(vectors);
  if (!keyRoom && !groupRoom && groups_.fits(rows)) return;
  const std::lock_guard<FairSharedMutex> tables(tables_);
  groups_.fit(rows, groupRoom);
  if (keyRoom) std::swap(rowOf_, *keyRoom);
}

void FlatIndex::change(const IndexChanges& changes, Span<const std::uint32_t> added) {
  for (std::size_t i = 0; i < changes.remove.size(); ++i) {
    if (i + kAhead < changes.remove.size()) rowOf_.prefetch(changes.remove[i + kAhead]);
    if (const std::uint32_t* const row = rowOf_.find(changes.remove[i])) bury(*row);
  }
  for (const std::int64_t group : changes.removeGroups) {
    groups_.removeTagsOf(group);
    for (std::uint32_t row = groups_.firstRow(group); row != GroupTable::kNone;
         row = groups_.firstRow(group)) {
      bury(row);
    }
  }
  for (const std::int64_t tag : changes.removeTags) groups_.removeTag(tag);
  for (std::size_t i = 0; i < changes.untag.size(); i += 2) {
    groups_.untag(changes.untag[i], changes.untag[i + 1]);
  }
  for (std::size_t i = 0; i < added.size(); ++i) {
    if (i + kAhead < added.size()) {
      rowOf_.prefetch(changes.addKeys[i + kAhead]);
      groups_.prefetch(changes.addGroups[i + kAhead]);
    }
    const auto [row, isNew] = rowOf_.insert(changes.addKeys[i], added[i]);
    groups_.link(changes.addGroups[i], added[i]);
    if (!isNew) replace(*row, added[i]);
  }
  for (std::size_t i = 0; i < changes.tag.size(); i += 2) {
    if (i + 2 * kAhead < changes.tag.size()) groups_.prefetch(changes.tag[i + 2 * kAhead + 1]);
    groups_.tag(changes.tag[i], changes.tag[i + 1]);
  }
}

void FlatIndex::bury(std::uint32_t row) {
  const RowVersion& version = rows_.version(row);
  groups_.unlink(version.group, row);
  rowOf_.erase(version.key);
  rows_.die(row, next());
}

/// The key of `old` has a version in `row` now, which is linked already.
void FlatIndex::replace(std::uint32_t old, std::uint32_t row) {
  const RowVersion& version = rows_.version(old);
  *rowOf_.find(version.key) = row;
  groups_.unlink(version.group, old);
  rows_.die(old, next());
}

/// Moves rows from the last block to places further down, so that it can be given back: two for
/// each row that died, as long as much lies idle.
void FlatIndex::compact(std::size_t dead) {
  try {
    for (std::size_t left = 2 * dead + 16; left > 0 && rows_.wasteful();) {
      const std::vector<std::uint32_t> rows = rows_.lastRows(std::min(left, kRowsPerMove));
      if (rows.empty()) break;  // searches still see what died there
      moveRows(rows);
      left -= rows.size();
      rows_.reclaim(std::min<std::uint64_t>(running_.oldest(), sequence_));
    }
    makeRoom(0, 0);
  } catch (...) {  // no memory: it can wait, unless something was half done
    if (!sound_) throw;
  }
}

void FlatIndex::moveRows(Span<const std::uint32_t> rows) {
  std::vector<std::int64_t> keys;
  std::vector<std::int64_t> groups;
  std::vector<const float*> vectors;
  for (const std::uint32_t row : rows) {
    keys.push_back(rows_.version(row).key);
    groups.push_back(rows_.version(row).group);
    vectors.push_back(rows_.vector(row));
  }
  const std::vector<std::uint32_t> moved = rows_.add(keys, groups, vectors, next());
  const std::lock_guard<FairSharedMutex> tables(tables_);
  sound_ = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    groups_.link(groups[i], moved[i]);
    replace(rows[i], moved[i]);
  }
  ++sequence_;
  sound_ = true;
}

/// Wipes what no search can see any more. Who does not get the lock leaves it to the writer, who
/// comes here when it has let go of it.
void FlatIndex::reclaim() const {
  while (rows_.firstDeath() <= std::min<std::uint64_t>(running_.oldest(), sequence_)) {
    const std::unique_lock<std::mutex> writing(writing_, std::try_to_lock);
    if (!writing.owns_lock()) return;
    rows_.reclaim(std::min<std::uint64_t>(running_.oldest(), sequence_));
  }
}

void FlatIndex::reserve(std::size_t vectors) {
  {
    const std::lock_guard<std::mutex> writing(writing_);
    reserved_ = std::max(reserved_, rowOf_.size() + vectors);
  }
  reclaim();  // a search that left meanwhile could not
}

void FlatIndex::clear() {
  const std::lock_guard<std::mutex> writing(writing_);
  const std::lock_guard<FairSharedMutex> tables(tables_);
  rows_.clear();
  groups_.clear();
  rowOf_ = KeyMap<std::uint32_t>();
  ++sequence_;
  size_ = reserved_ = 0;
  sound_ = true;
}

bool FlatIndex::contains(std::int64_t key) const {
  const std::shared_lock<FairSharedMutex> tables(tables_);
  return rowOf_.find(key) != nullptr;
}

std::size_t FlatIndex::bytes() const {
  const std::shared_lock<FairSharedMutex> tables(tables_);
  return rows_.bytes() + rowOf_.bytes() + groups_.bytes();
}

}  // namespace countenance
