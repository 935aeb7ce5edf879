#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/span.h"

namespace faiss {
struct IndexFlatL2;
}

namespace countenance {

/// Rows of one dimension in FAISS flat indexes of a fixed capacity, so that growth never copies
/// what is there, and no stale copy of a face's vector stays behind in freed memory.
class VectorBlocks final {
 public:
  explicit VectorBlocks(std::size_t dimension);
  ~VectorBlocks();
  VectorBlocks(const VectorBlocks&) = delete;
  VectorBlocks& operator=(const VectorBlocks&) = delete;

  std::size_t size() const { return size_; }
  std::size_t rowsPerBlock() const { return rowsPerBlock_; }

  /// Makes room, so that push() of that many rows cannot fail.
  void reserve(std::size_t rows);
  void push(const float* vector);
  void replace(std::size_t row, const float* vector);
  const float* vector(std::size_t row) const { return at(row); }
  /// Moves the last row to `row`, overwrites where it was with zeros and drops it.
  void removeBySwap(std::size_t row);
  void clear();

  /// Squared Euclidean distances to rows of one block.
  /// @param rows  Places inside the block; their distances go to `squared` in the same order.
  void distances(std::size_t block, const float* query, Span<const std::int64_t> rows,
                 float* squared) const;

 private:
  float* at(std::size_t row) const;

  const std::size_t dimension_;
  const std::size_t rowsPerBlock_;
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<faiss::IndexFlatL2>> blocks_;
};

}  // namespace countenance
