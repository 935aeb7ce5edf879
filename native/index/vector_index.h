#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/span.h"

namespace countenance {

/// Changes that become visible together: first what is removed, then what is added, then the tags.
/// Unknown keys, groups and tags among the removals are passed over.
struct IndexChanges {
  /// [addKeys.size()]: a key that exists is replaced, also when it belonged to another group.
  std::vector<std::int64_t> addKeys;
  std::vector<std::int64_t> addGroups;  ///< [addKeys.size()]
  std::vector<float> addVectors;        ///< [addKeys.size() x dimension], finite
  std::vector<std::int64_t> remove;
  std::vector<std::int64_t> removeGroups;  ///< With all their vectors and tags.
  std::vector<std::int64_t> tag;           ///< Pairs tag, group, tag, group ...
  std::vector<std::int64_t> untag;         ///< The same.
  std::vector<std::int64_t> removeTags;

  bool empty() const {
    return addKeys.empty() && remove.empty() && removeGroups.empty() && tag.empty() &&
           untag.empty() && removeTags.empty();
  }
};

/// Which vectors a search may see. Both restrictions act before the nearest are chosen.
struct IndexRestriction {
  std::optional<std::int64_t> tag;
  std::optional<std::vector<std::int64_t>> groups;
};

struct IndexHit {
  std::int64_t key = 0;
  std::int64_t group = 0;
  float distance = 0;  ///< Euclidean.
};

struct IndexHits {
  std::vector<IndexHit> hits;  ///< Nearest first, ties by key.
  std::size_t compared = 0;    ///< Vectors compared with the query, after the restriction.
};

/// Nearest-neighbour search over vectors in memory. A vector has a key; a group (a person) has
/// vectors; a tag (a gallery) has groups. Keys, groups and tags are 1..2^53 - 1.
///
/// Every function may be called from any thread at any time.
class VectorIndex {
 public:
  static constexpr std::size_t kMaxDimension = 4096;
  static constexpr std::size_t kMaxHits = 1000;

  virtual ~VectorIndex() = default;

  virtual std::size_t dimension() const = 0;
  virtual std::size_t size() const = 0;

  /// @throws Error kInvalidArgument for lengths that do not fit together, values that are not
  ///   finite, and numbers that are out of range; kInternal once memory ran out inside apply().
  virtual void check(const IndexChanges& changes) const = 0;

  /// All or nothing: throws what check() throws before anything has changed.
  virtual void apply(const IndexChanges& changes) = 0;

  /// The best vector of each of the k nearest distinct groups.
  /// @param query  [dimension], finite; borrowed for this call.
  /// @param k      1..kMaxHits.
  /// @throws Error kInvalidArgument, or kAborted soon after `cancel` fires.
  virtual IndexHits search(Span<const float> query, std::size_t k,
                           const IndexRestriction& restriction,
                           const CancelToken& cancel) const = 0;

  /// Forgets everything and gives the memory back.
  virtual void clear() = 0;
};

}  // namespace countenance
