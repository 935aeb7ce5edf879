#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/span.h"
#include "index/id_list.h"

namespace countenance {

/// What a number between two vectors means.
enum class Metric : std::uint32_t { kL2 = 0, kCosine = 1 };

/// What files of vectors say before the vectors.
struct SavedIndex {
  std::size_t dimension = 0;
  Metric metric = Metric::kL2;
  IdList ids;  ///< Whose the vectors are, in the order of the file.
};

/// Fills `vectors`, [rows x dimension], with those of the ids from number `first` on.
using VectorSource = std::function<void(std::size_t first, Span<float> vectors)>;

/// Takes a file that is being read.
class SavedIndexTarget {
 public:
  virtual ~SavedIndexTarget() = default;
  /// Before anything large is read. Throws kInvalidArgument when it wants another file.
  virtual void begin(std::size_t dimension, Metric metric) = 0;
  /// Throws kInvalidArgument for ids that it cannot take.
  virtual void takeIds(IdList ids) = 0;
  /// The vectors of the next ids, [rows x dimension], which the target may change: they are the
  /// reader's buffer for the next ones. Throws kInvalidArgument for vectors that it cannot take.
  virtual void takeVectors(std::vector<float>& vectors) = 0;
};

/// Rows that files are read and written by: some 4 MiB, where disks and caches are at ease.
constexpr std::size_t rowsPerPiece(std::size_t dimension) {
  const std::size_t rows = (std::size_t{4} << 20) / (dimension * sizeof(float));
  return rows == 0 ? 1 : rows;
}

}  // namespace countenance
