#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "index/fair_shared_mutex.h"
#include "index/vector_blocks.h"
#include "index/vector_index.h"

namespace countenance {

/// Exact search by comparing the query with every vector that the restriction lets through.
class FlatIndex final : public VectorIndex {
 public:
  /// @throws Error kInvalidArgument for a dimension outside 1..kMaxDimension.
  explicit FlatIndex(std::size_t dimension);

  std::size_t dimension() const override { return dimension_; }
  std::size_t size() const override;
  void check(const IndexChanges& changes) const override;
  void apply(const IndexChanges& changes) override;
  void reserve(std::size_t vectors) override;
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
  struct Row {
    std::int64_t key;
    std::int64_t group;
    std::size_t place;  // of this row in its group's `rows`
  };
  struct Group {
    std::vector<std::size_t> rows;
    std::unordered_set<std::int64_t> tags;
  };
  using Groups = std::unordered_map<std::int64_t, Group>;

  void checkShape(const IndexChanges& changes) const;
  void add(std::int64_t key, std::int64_t group, const float* vector);
  void removeRow(std::size_t row);
  void removeGroup(std::int64_t group);
  void removeTag(std::int64_t tag);
  void leaveGroup(std::size_t row);
  void untag(std::int64_t tag, std::int64_t group);
  void forgetIfBare(Groups::iterator group);
  void requireSound() const;
  std::vector<bool> select(const IndexRestriction& restriction, const CancelToken& cancel) const;

  const std::size_t dimension_;
  mutable FairSharedMutex mutex_;  // guards everything below
  bool sound_ = true;              // false once memory ran out in the middle of a change
  VectorBlocks vectors_;
  std::vector<Row> rows_;  // in the order of vectors_
  std::unordered_map<std::int64_t, std::size_t> rowOf_;
  Groups groups_;
  std::unordered_map<std::int64_t, std::unordered_set<std::int64_t>> tags_;
};

}  // namespace countenance
