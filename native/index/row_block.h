#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "index/coded_block.h"
#include "index/fair_shared_mutex.h"

namespace countenance {

/// Sequence numbers of batches of changes: the first one is 1.
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

/// One version of a vector: visible to whoever searches at a sequence in born..died - 1.
struct RowVersion {
  std::int64_t key;
  std::int64_t group;
  std::uint64_t born;               // kNever while nobody uses the row
  std::atomic<std::uint64_t> died;  // kNever while it lives

  bool visible(std::uint64_t sequence) const {
    return born <= sequence && sequence < died.load(std::memory_order_relaxed);
  }
};

/// A block of vectors, and whose they are.
struct RowBlock final {
  RowBlock(std::size_t dimension, bool hugePages)
      : vectors(dimension, hugePages), rows(new RowVersion[vectors.capacity()]) {}
  RowBlock(const RowBlock&) = delete;
  RowBlock& operator=(const RowBlock&) = delete;

  std::size_t bytes() const { return vectors.bytes() + vectors.capacity() * sizeof(RowVersion); }

  /// Guards what follows, but for `died`: shared while a search reads the block, exclusive for the
  /// few rows of one step of a change. The one writer reads without it.
  mutable FairSharedMutex mutex;
  CodedBlock vectors;
  const std::unique_ptr<RowVersion[]> rows;  // [capacity], untouched from `used` on
  std::size_t used = 0;
};

}  // namespace countenance
