#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/span.h"
#include "index/scan_counts.h"

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

/// What is looked for: the best vector of each of the `k` nearest groups within `maxDistance`.
struct IndexQuery {
  Span<const float> vector;  ///< [dimension], finite; borrowed for the call.
  std::size_t k = 1;         ///< 1..kMaxHits, with a finite maxDistance 1..kMaxRangeHits.
  float maxDistance =
      std::numeric_limits<float>::infinity();  ///< Euclidean, >= 0, itself included.
  CancelToken cancel = CancelToken();
};

struct IndexHit {
  std::int64_t key = 0;
  std::int64_t group = 0;
  float distance = 0;  ///< Euclidean.
};

struct IndexHits {
  std::vector<IndexHit> hits;  ///< Nearest first, ties by key.
  std::size_t compared = 0;    ///< Vectors that passed the restriction, all of them compared.
  ScanCounts counts;           ///< How that was done.
};

/// Nearest-neighbour search over vectors in memory. A vector has a key; a group (a person) has
/// vectors; a tag (a gallery) has groups. Keys, groups and tags are 1..2^53 - 1.
///
/// Every function may be called from any thread at any time.
class VectorIndex {
 public:
  static constexpr std::size_t kMaxDimension = 4096;
  static constexpr std::size_t kMaxHits = 1000;
  static constexpr std::size_t kMaxRangeHits = 1000000;

  virtual ~VectorIndex() = default;

  virtual std::size_t dimension() const = 0;
  virtual std::size_t size() const = 0;

  /// @throws Error kInvalidArgument for lengths that do not fit together, values that are not
  ///   finite, and numbers that are out of range; kInternal once memory ran out inside apply().
  virtual void check(const IndexChanges& changes) const = 0;

  /// All or nothing: throws what check() throws before anything has changed.
  virtual void apply(const IndexChanges& changes) = 0;

  /// Makes room for that many vectors more, so that loading them does not grow step by step. A
  /// hint.
  virtual void reserve(std::size_t vectors) = 0;

  /// @throws Error kInvalidArgument for a query that search() would refuse.
  virtual void checkQuery(const IndexQuery& query) const = 0;

  /// The nearest of the vectors that the restriction lets through, as they were at one moment
  /// between two calls of apply().
  /// @throws Error kInvalidArgument, kInternal once memory ran out inside apply(), or kAborted soon
  ///   after query.cancel fires.
  virtual IndexHits search(const IndexQuery& query, const IndexRestriction& restriction) const = 0;

  /// The same answers for many queries, each vector read once for up to kTogether of them.
  /// A query whose `cancel` has fired is left with no hits and does not hold up the others.
  /// @throws Error kInvalidArgument if any query is wrong.
  virtual std::vector<IndexHits> searchTogether(Span<const IndexQuery> queries,
                                                const IndexRestriction& restriction) const = 0;
  static constexpr std::size_t kTogether = 16;

  /// Refuses everything from now on but clear(), as after memory ran out inside apply(): for an
  /// owner whose rows the index could not follow.
  virtual void giveUp() = 0;

  virtual bool contains(std::int64_t key) const = 0;

  /// Every key, ascending.
  virtual std::vector<std::int64_t> keys() const = 0;

  /// The vectors of some keys, bit for bit as they were added.
  /// @param vectors  [keys.size() x dimension]
  /// @throws Error kInvalidArgument for a key that is not there.
  virtual void copyVectors(Span<const std::int64_t> keys, Span<float> vectors) const = 0;

  /// Forgets everything and gives the memory back, when searches under way have ended.
  virtual void clear() = 0;

  /// Memory that is in use for vectors and for what is known about them.
  virtual std::size_t bytes() const = 0;
};

}  // namespace countenance
