#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "index/fair_shared_mutex.h"
#include "index/group_table.h"
#include "index/key_map.h"
#include "index/row_selection.h"
#include "index/row_store.h"
#include "index/snapshots.h"
#include "index/vector_index.h"

namespace countenance {

/// Exact search through every vector that the restriction lets through.
///
/// Searches and changes go on at the same time. A search takes the sequence number of the last
/// change and the rows of its restriction under `tables_`, then reads block after block under that
/// block's lock, and passes over versions of rows that were not to be seen at its sequence. A
/// change first writes new versions, which nobody sees yet, a few rows per lock of a block; then it
/// updates the tables and the sequence under `tables_`, which makes all of it visible at once. What
/// died is wiped when the last search that can see it has ended: at once, if there is none.
///
/// Bytes per vector: what CodedBlock takes (655 of 128 dimensions), 32 for its version, 8 for its
/// neighbours in the group and 16 to 24 for its key; 21 to 32 per group; a bit per tag that
/// everybody has. 1M faces of 128 dimensions, one each, in one gallery: 743 a face (bytes()).
class FlatIndex final : public VectorIndex {
 public:
  /// @throws Error kInvalidArgument for a dimension outside 1..kMaxDimension.
  explicit FlatIndex(std::size_t dimension);

  std::size_t dimension() const override { return dimension_; }
  std::size_t size() const override { return size_; }
  void check(const IndexChanges& changes) const override;
  void apply(const IndexChanges& changes) override;
  void reserve(std::size_t vectors) override;
  void giveUp() override { sound_ = false; }
  void checkQuery(const IndexQuery& query) const override;
  IndexHits search(const IndexQuery& query, const IndexRestriction& restriction) const override;
  std::vector<IndexHits> searchTogether(Span<const IndexQuery> queries,
                                        const IndexRestriction& restriction) const override;
  bool contains(std::int64_t key) const override;
  std::vector<std::int64_t> keys() const override;
  void copyVectors(Span<const std::int64_t> keys, Span<float> vectors) const override;
  void clear() override;
  std::size_t bytes() const override;

 private:
  class View;

  void requireSound() const;
  void makeRoom(std::size_t vectors, std::size_t groups);
  void change(const IndexChanges& changes, Span<const std::uint32_t> added);
  void bury(std::uint32_t row);
  void replace(std::uint32_t old, std::uint32_t row);
  void compact(std::size_t changed);
  void moveRows(Span<const std::uint32_t> rows);
  void reclaim() const;
  std::uint64_t next() const { return sequence_ + 1; }

  const std::size_t dimension_;
  mutable std::mutex writing_;  // held by the one thread that changes anything
  mutable RowStore rows_;       // mutable: searches that leave let it wipe what nobody sees
  mutable Snapshots running_;

  // Guards what follows: shared while a search begins, exclusive while a change becomes visible.
  // The writer reads without it, and anybody the atomics.
  mutable FairSharedMutex tables_;
  KeyMap<std::uint32_t> rowOf_;
  GroupTable groups_;
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> sound_{true};  // false once memory ran out in the middle of a change
  std::size_t reserved_ = 0;
};

}  // namespace countenance
