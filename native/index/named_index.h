#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/span.h"
#include "index/id_list.h"
#include "index/id_table.h"
#include "index/saved_index.h"
#include "index/search_queue.h"
#include "index/vector_index.h"

namespace countenance {

enum class IndexFormat { kCountenance, kFaiss };

/// What a search of a NamedIndex wants.
struct NamedQuery {
  std::size_t k = 10;
  /// In the metric's own numbers, itself included.
  double maxDistance = std::numeric_limits<double>::infinity();
  std::optional<IdList> candidates;  ///< None but these; ids that are not there are passed over.
};

/// The answers to one or more queries, one after the other.
struct NamedHits {
  IdList ids;
  std::vector<double> distances;      ///< [ids.size()]
  std::vector<std::uint32_t> counts;  ///< Of each query.
};

/// Vectors and their names at one moment; a search keeps those that it began with.
struct NamedContents {
  std::shared_ptr<VectorIndex> vectors;
  IdList::Kind kind = IdList::Kind::kIntegers;
  std::shared_ptr<IdTable> texts;  ///< None for integers, whose keys are the ids themselves plus 1.
};

/// Vectors by ids, integers or texts, for people who only want a vector index.
///
/// Every function may be called from any thread at any time. Changes wait for each other, and are
/// visible as a whole; searches wait for none of them.
class NamedIndex final {
 public:
  /// @throws Error kInvalidArgument for a dimension outside 1..VectorIndex::kMaxDimension.
  NamedIndex(std::size_t dimension, Metric metric);

  std::size_t dimension() const { return dimension_; }
  std::size_t size() const;
  bool has(const IdList& ids) const;  ///< All of them.

  /// Adds vectors, and replaces those of ids that are there.
  /// @param vectors  [ids.size() x dimension]; Metric::kCosine keeps them with length 1.
  /// @throws Error kInvalidArgument for a wrong length, values that are not finite, a vector of
  ///   zeros (cosine), an id that comes twice, or ids of another kind than those that are there.
  void add(const IdList& ids, std::vector<float> vectors, const CancelToken& cancel);

  /// @returns How many of them were there.
  std::size_t remove(const IdList& ids, const CancelToken& cancel);

  /// The nearest vectors of each query, nearest first; ties in the order of integers, or of the
  /// first addition.
  ///
  /// Distances: Euclidean in f32, or 1 - cosine in 0..2. The latter is half the square of the
  /// former between vectors of length 1, which f32 makes exact to 1e-6.
  /// @param queries  [n x dimension]
  NamedHits search(std::vector<float> queries, const NamedQuery& wanted,
                   const CancelToken& cancel) const;

  /// The same in two steps, for a SearchQueue in between: `search` is for contents() of the same
  /// moment, without claim() and finish().
  NamedContents contents() const;
  QueuedSearch searchOf(const NamedContents& contents, std::vector<float> queries,
                        const NamedQuery& wanted) const;
  NamedHits name(const NamedContents& contents, const std::vector<IndexHits>& found,
                 double maxDistance) const;

  /// @throws Error as writeIndexFile() and writeFaissFile() do.
  void save(const std::string& path, IndexFormat format, const CancelToken& cancel) const;
  /// Takes the place of everything at one moment, or of nothing when it fails.
  /// @throws Error as readIndexFile() and readFaissFile() do.
  void load(const std::string& path, IndexFormat format, const CancelToken& cancel);

  /// Forgets everything and gives the memory back.
  void clear();

 private:
  class Loading;

  void replaceContents(NamedContents contents);
  NamedContents emptyContents(IdList::Kind kind) const;
  static std::vector<std::int64_t> keysOf(const NamedContents& contents, const IdList& ids);
  static IdList idsOf(const NamedContents& contents, const std::vector<std::int64_t>& keys);
  void compactTexts();

  const std::size_t dimension_;
  const Metric metric_;
  mutable std::mutex changing_;  // held by the one change, or by save(), that is under way
  mutable std::mutex mutex_;     // guards contents_, for as long as it takes to copy the pointers
  NamedContents contents_;
};

}  // namespace countenance
