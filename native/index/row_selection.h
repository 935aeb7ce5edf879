#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/span.h"
#include "index/row_set.h"

namespace countenance {

/// The rows that a search looks at, block by block, and how: this is the planner of searches.
///
/// All rows: a scan of every block. Otherwise by the share of each block that is selected: few rows
/// are gathered, many are a scan with a mask. See kMostGathered in row_selection.cpp.
class RowSelection final {
 public:
  struct Part {
    std::uint32_t block;
    std::uint32_t count;
    std::size_t start;  // of its places, or of its bits
    bool masked;
  };

  /// @param blockBits  A block has 2^blockBits rows.
  explicit RowSelection(unsigned blockBits) : blockBits_(blockBits) {}

  void selectAll() { all_ = true; }
  void select(const RowSet& rows);
  /// Any order, and as often as one likes. They are used up.
  void select(std::vector<std::uint32_t>&& rows);

  bool all() const { return all_; }
  /// Rows selected, each once; 0 for all.
  std::size_t count() const { return count_; }
  /// Ascending; none for all.
  const std::vector<Part>& parts() const { return parts_; }
  /// Of a part that is not masked: places inside the block, ascending.
  Span<const std::uint32_t> places(const Part& part) const {
    return {places_.data() + part.start, part.count};
  }
  /// Of a part that is masked: one bit per row of the block.
  const std::uint64_t* mask(const Part& part) const { return bits_.data() + part.start; }

 private:
  std::size_t rowsPerBlock() const { return std::size_t{1} << blockBits_; }
  bool worthMask(std::size_t count) const;

  const unsigned blockBits_;
  bool all_ = false;
  std::size_t count_ = 0;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> places_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace countenance
