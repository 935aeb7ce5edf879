#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/span.h"
#include "index/row_block.h"

namespace countenance {

/// All rows, in blocks of a fixed size. A change never touches a version that a search may see: it
/// writes another and lets the old one die; when no search can see that any more, it is overwritten
/// with zeros, and its place is used again.
///
/// One thread at a time may change it (the owner's writer); blocks() may be called from any.
class RowStore final {
 public:
  using Blocks = std::vector<std::shared_ptr<RowBlock>>;

  explicit RowStore(std::size_t dimension);

  unsigned blockBits() const { return blockBits_; }
  std::size_t rowsPerBlock() const { return std::size_t{1} << blockBits_; }

  /// The blocks as they are now; they stay what they are for whoever holds them.
  std::shared_ptr<const Blocks> blocks() const;

  RowVersion& version(std::uint32_t row) const {
    return block(row).rows[row & (rowsPerBlock() - 1)];
  }
  const float* vector(std::uint32_t row) const {
    return block(row).vectors.vector(row & (rowsPerBlock() - 1));
  }
  /// Row numbers are below this.
  std::size_t end() const { return end_; }
  /// The same once that many have been added.
  std::size_t endWith(std::size_t count) const { return end_ + count - std::min(count, idleRows_); }

  /// Writes versions that nobody sees yet. All or nothing.
  /// @param vectors  One per key.
  /// @throws Error kInternal or std::bad_alloc when there is no memory.
  std::vector<std::uint32_t> add(Span<const std::int64_t> keys, Span<const std::int64_t> groups,
                                 const std::vector<const float*>& vectors, std::uint64_t born);
  /// From this sequence on nobody sees the row.
  void die(std::uint32_t row, std::uint64_t sequence);
  /// Takes back what add() wrote, before anybody saw it.
  void discard(Span<const std::uint32_t> rows) noexcept;

  /// The sequence from which on searches cannot see the longest dead; kNever: none. Any thread.
  std::uint64_t firstDeath() const { return firstDeath_.load(); }
  /// Wipes the dead that no search from `oldest` on can see, and gives empty blocks back.
  void reclaim(std::uint64_t oldest) noexcept;
  /// Lets go of everything: it is overwritten when the last search that reads it has ended.
  void clear();

  /// True when more than an eighth of the rows, and more than a block, lies idle.
  bool wasteful() const;
  /// Up to `most` living rows of the last block, if there is room for them further down.
  std::vector<std::uint32_t> lastRows(std::size_t most) const;

  std::size_t bytes() const;

 private:
  struct Death {
    std::uint64_t sequence;
    std::uint32_t row;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  RowBlock& block(std::uint32_t row) const { return *(*blocks_)[row >> blockBits_]; }
  std::size_t blocksInUse() const { return (end_ + rowsPerBlock() - 1) >> blockBits_; }
  void grow(std::size_t rows);
  std::uint32_t place();
  void publish(std::shared_ptr<const Blocks> blocks);
  void wipe(Span<const std::uint32_t> rows) noexcept;
  void dropEmptyBlocks() noexcept;

  const std::size_t dimension_;
  const unsigned blockBits_;
  mutable std::mutex listMutex_;  // guards the pointer for those who do not write
  std::shared_ptr<const Blocks> blocks_;
  std::size_t end_ = 0;  // rows from here on were never used
  struct Idle {
    std::size_t count = 0;        // rows of one block, below end_
    std::uint32_t first = kNone;  // a chain through their keys
  };
  std::vector<Idle> idle_;  // per block
  std::size_t idleRows_ = 0;
  std::size_t firstIdleBlock_ = 0;  // no block before it has idle rows
  std::vector<Death> dead_;         // by sequence
  std::size_t buried_ = 0;          // so many of them, the first, are reclaimed already
  std::atomic<std::uint64_t> firstDeath_{kNever};
};

}  // namespace countenance
