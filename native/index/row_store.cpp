#include "index/row_store.h"

#include <algorithm>
#include <array>
#include <new>

#include "core/error.h"

namespace countenance {
namespace {

// The longest that a change holds a block: some ten microseconds of copying.
constexpr std::size_t kRowsPerStep = 64;

unsigned bitsOf(std::size_t capacity) {
  return static_cast<unsigned>(__builtin_ctzll(static_cast<unsigned long long>(capacity)));
}

/// Calls visit(first, count) for runs of rows that lie in one block, of at most kRowsPerStep.
template <typename Visit>
void inSteps(Span<const std::uint32_t> rows, unsigned blockBits, Visit visit) {
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t end = first + 1;
    while (end < rows.size() && end - first < kRowsPerStep &&
           rows[end] >> blockBits == rows[first] >> blockBits) {
      ++end;
    }
    visit(first, end - first);
    first = end;
  }
}

}  // namespace

RowStore::RowStore(std::size_t dimension)
    : dimension_(dimension),
      blockBits_(bitsOf(CodedBlock::capacityFor(dimension))),
      blocks_(std::make_shared<const Blocks>()) {}

std::shared_ptr<const RowStore::Blocks> RowStore::blocks() const {
  const std::lock_guard<std::mutex> lock(listMutex_);
  return blocks_;
}

void RowStore::publish(std::shared_ptr<const Blocks> blocks) {
  const std::lock_guard<std::mutex> lock(listMutex_);
  blocks_.swap(blocks);
}

void RowStore::grow(std::size_t rows) {
  if (rows >= kNone - end_) throw Error(ErrorCode::kInternal, "the index has no more row numbers");
  const std::size_t count = (end_ + rows + rowsPerBlock() - 1) >> blockBits_;
  idle_.reserve(count);
  if (count > blocks_->size()) {
    auto grown = std::make_shared<Blocks>(*blocks_);
    while (grown->size() < count) {
      // A small index touches little of its only block: huge pages would be all of it.
      grown->push_back(std::make_shared<RowBlock>(dimension_, !grown->empty()));
    }
    publish(std::move(grown));
  }
  idle_.resize(std::max(idle_.size(), count));
}

std::uint32_t RowStore::place() {
  if (idleRows_ == 0) return static_cast<std::uint32_t>(end_++);
  while (idle_[firstIdleBlock_].count == 0) ++firstIdleBlock_;
  Idle& idle = idle_[firstIdleBlock_];
  const std::uint32_t row = idle.first;
  idle.first = static_cast<std::uint32_t>(version(row).key);
  --idle.count;
  --idleRows_;
  return row;
}

std::vector<std::uint32_t> RowStore::add(Span<const std::int64_t> keys,
                                         Span<const std::int64_t> groups,
                                         const std::vector<const float*>& vectors,
                                         std::uint64_t born) {
  std::vector<std::uint32_t> rows;
  rows.reserve(keys.size());
  if (keys.size() > idleRows_) grow(keys.size() - idleRows_);
  while (rows.size() < keys.size()) rows.push_back(place());
  const auto write = [&](std::size_t first, std::size_t count) {
    RowBlock& at = block(rows[first]);
    const std::lock_guard<FairSharedMutex> lock(at.mutex);
    for (std::size_t i = first; i < first + count; ++i) {
      const std::size_t row = rows[i] & (rowsPerBlock() - 1);
      RowVersion& version = at.rows[row];
      version.key = keys[i];
      version.group = groups[i];
      version.born = born;
      version.died.store(kNever, std::memory_order_relaxed);
      at.vectors.write(row, vectors[i]);
      at.used = std::max(at.used, row + 1);
    }
  };
  try {
    inSteps(rows, blockBits_, write);
  } catch (...) {
    discard(rows);
    throw;
  }
  return rows;
}

void RowStore::die(std::uint32_t row, std::uint64_t sequence) {
  version(row).died.store(sequence, std::memory_order_relaxed);
  if (buried_ == dead_.size()) firstDeath_ = sequence;
  dead_.push_back({sequence, row});
}

void RowStore::discard(Span<const std::uint32_t> rows) noexcept {
  wipe(rows);
  dropEmptyBlocks();
}

void RowStore::wipe(Span<const std::uint32_t> rows) noexcept {
  inSteps(rows, blockBits_, [&](std::size_t first, std::size_t count) {
    RowBlock& at = block(rows[first]);
    const std::lock_guard<FairSharedMutex> lock(at.mutex);
    Idle& idle = idle_[rows[first] >> blockBits_];
    for (std::size_t i = first; i < first + count; ++i) {
      const std::size_t row = rows[i] & (rowsPerBlock() - 1);
      RowVersion& version = at.rows[row];
      version.key = idle.first;
      version.group = 0;
      version.born = kNever;
      at.vectors.wipe(row);
      idle.first = rows[i];
      ++idle.count;
    }
    idleRows_ += count;
    firstIdleBlock_ = std::min<std::size_t>(firstIdleBlock_, rows[first] >> blockBits_);
  });
}

void RowStore::reclaim(std::uint64_t oldest) noexcept {
  const std::size_t before = buried_;
  std::array<std::uint32_t, kRowsPerStep> rows;
  while (buried_ < dead_.size() && dead_[buried_].sequence <= oldest) {
    std::size_t count = 0;
    while (count < rows.size() && buried_ < dead_.size() && dead_[buried_].sequence <= oldest) {
      rows[count++] = dead_[buried_++].row;
    }
    wipe({rows.data(), count});
  }
  firstDeath_ = buried_ == dead_.size() ? kNever : dead_[buried_].sequence;
  if (buried_ == before) return;
  if (buried_ == dead_.size() || buried_ > dead_.size() / 2) {
    dead_.erase(dead_.begin(), dead_.begin() + static_cast<std::ptrdiff_t>(buried_));
    buried_ = 0;
  }
  if (dead_.capacity() > 4 * dead_.size() + rowsPerBlock()) dead_.shrink_to_fit();
  dropEmptyBlocks();
}

void RowStore::dropEmptyBlocks() noexcept {
  const std::size_t before = end_;
  while (end_ > 0) {
    const std::size_t last = (end_ - 1) >> blockBits_;
    const std::size_t start = last << blockBits_;
    if (idle_[last].count != end_ - start) break;
    idleRows_ -= idle_[last].count;
    idle_.resize(last);
    end_ = start;
  }
  if (end_ == before) return;
  firstIdleBlock_ = std::min(firstIdleBlock_, blocksInUse());
  for (std::size_t i = blocksInUse(); i < blocks_->size(); ++i) {
    RowBlock& empty = *(*blocks_)[i];
    const std::lock_guard<FairSharedMutex> lock(empty.mutex);
    empty.used = 0;
  }
  // One empty block is kept: a size that swings around a block's edge must not allocate each time.
  if (blocks_->size() <= blocksInUse() + 1) return;
  const auto kept = static_cast<std::ptrdiff_t>(blocksInUse() + 1);
  try {
    publish(std::make_shared<Blocks>(blocks_->begin(), blocks_->begin() + kept));
  } catch (const std::bad_alloc&) {  // they go when there is memory for a shorter list
  }
}

void RowStore::clear() {
  publish(std::make_shared<const Blocks>());
  end_ = idleRows_ = firstIdleBlock_ = buried_ = 0;
  idle_ = std::vector<Idle>();
  dead_ = std::vector<Death>();
  firstDeath_ = kNever;
}

bool RowStore::wasteful() const { return idleRows_ > rowsPerBlock() + end_ / 8; }

std::vector<std::uint32_t> RowStore::lastRows(std::size_t most) const {
  std::vector<std::uint32_t> rows;
  if (end_ == 0) return rows;
  const std::size_t last = (end_ - 1) >> blockBits_;
  most = std::min(most, idleRows_ - idle_[last].count);
  for (std::size_t row = end_; row-- > last << blockBits_ && rows.size() < most;) {
    const RowVersion& at = version(static_cast<std::uint32_t>(row));
    if (at.born != kNever && at.died.load(std::memory_order_relaxed) == kNever) {
      rows.push_back(static_cast<std::uint32_t>(row));
    }
  }
  return rows;
}

std::size_t RowStore::bytes() const {
  std::size_t total = 0;
  for (const auto& block : *blocks()) total += block->bytes();
  return total;
}

}  // namespace countenance
