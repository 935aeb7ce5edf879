#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace countenance {

/// A set of row numbers, kept block by block as a search walks through it (after the Roaring
/// bitmaps of Chambi, Lemire et al., 2016): few rows of a block as a sorted list, many as bits.
///
/// Bytes per row: 2 in a list, up to a sixteenth of the block; 1/8 of a byte per row of the block,
/// member or not, beyond that. A block that has any costs 64 more.
class RowSet final {
 public:
  /// The rows of one block: either sorted `places` inside it, or one bit per row of it.
  struct Part {
    std::uint32_t block;
    std::uint32_t count;
    std::vector<std::uint16_t> places;
    std::vector<std::uint64_t> bits;
  };

  /// @param blockBits  A block has 2^blockBits rows, 6..16.
  explicit RowSet(unsigned blockBits) : blockBits_(blockBits) {}

  std::size_t size() const { return size_; }
  std::size_t bytes() const;
  bool contains(std::uint32_t row) const;
  /// False when the row was there already.
  bool insert(std::uint32_t row);
  /// False when the row was not there.
  bool erase(std::uint32_t row);

  /// The blocks that have rows, ascending.
  const std::vector<Part>& parts() const { return parts_; }

 private:
  std::size_t rowsPerBlock() const { return std::size_t{1} << blockBits_; }
  std::size_t longestList() const { return rowsPerBlock() / 16; }
  std::size_t partOf(std::uint32_t block) const;
  void toBits(Part& part) const;
  static void toPlaces(Part& part);

  unsigned blockBits_;
  std::size_t size_ = 0;
  std::vector<Part> parts_;
};

}  // namespace countenance
