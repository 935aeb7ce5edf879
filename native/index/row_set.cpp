#include "index/row_set.h"

#include <algorithm>

namespace countenance {

std::size_t RowSet::bytes() const {
  std::size_t total = parts_.capacity() * sizeof(Part);
  for (const Part& part : parts_) {
    total += part.places.capacity() * sizeof(std::uint16_t);
    total += part.bits.capacity() * sizeof(std::uint64_t);
  }
  return total;
}

std::size_t RowSet::partOf(std::uint32_t block) const {
  if (!parts_.empty() && parts_.back().block < block) return parts_.size();  // as rows are added
  const auto found =
      std::lower_bound(parts_.begin(), parts_.end(), block,
                       [](const Part& part, std::uint32_t wanted) { return part.block < wanted; });
  return static_cast<std::size_t>(found - parts_.begin());
}

bool RowSet::contains(std::uint32_t row) const {
  const std::uint32_t block = row >> blockBits_;
  const std::size_t at = partOf(block);
  if (at == parts_.size() || parts_[at].block != block) return false;
  const std::size_t place = row & (rowsPerBlock() - 1);
  const Part& part = parts_[at];
  if (!part.bits.empty()) return (part.bits[place / 64] >> (place % 64) & 1) != 0;
  return std::binary_search(part.places.begin(), part.places.end(), place);
}

bool RowSet::insert(std::uint32_t row) {
  const std::uint32_t block = row >> blockBits_;
  const std::size_t place = row & (rowsPerBlock() - 1);
  const std::size_t at = partOf(block);
  if (at == parts_.size() || parts_[at].block != block) {
    const auto where = parts_.begin() + static_cast<std::ptrdiff_t>(at);
    parts_.insert(where, {block, 1, {static_cast<std::uint16_t>(place)}, {}});
    ++size_;
    return true;
  }
  Part& part = parts_[at];
  if (part.bits.empty() && part.count == longestList()) toBits(part);
  if (!part.bits.empty()) {
    std::uint64_t& word = part.bits[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << (place % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
  } else {
    const auto where = std::lower_bound(part.places.begin(), part.places.end(), place);
    if (where != part.places.end() && *where == place) return false;
    part.places.insert(where, static_cast<std::uint16_t>(place));
  }
  ++part.count;
  ++size_;
  return true;
}

bool RowSet::erase(std::uint32_t row) {
  const std::uint32_t block = row >> blockBits_;
  const std::size_t place = row & (rowsPerBlock() - 1);
  const std::size_t at = partOf(block);
  if (at == parts_.size() || parts_[at].block != block) return false;
  Part& part = parts_[at];
  if (!part.bits.empty()) {
    std::uint64_t& word = part.bits[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << (place % 64);
    if ((word & bit) == 0) return false;
    word &= ~bit;
  } else {
    const auto where = std::lower_bound(part.places.begin(), part.places.end(), place);
    if (where == part.places.end() || *where != place) return false;
    part.places.erase(where);
  }
  --size_;
  if (--part.count == 0) {
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (!part.bits.empty() && part.count < longestList() / 2) {
    toPlaces(part);
  }
  return true;
}

void RowSet::toBits(Part& part) const {
  std::vector<std::uint64_t> bits(rowsPerBlock() / 64);
  for (const std::uint16_t place : part.places) {
    bits[place / 64] |= std::uint64_t{1} << (place % 64);
  }
  part.bits.swap(bits);
  part.places = std::vector<std::uint16_t>();
}

void RowSet::toPlaces(Part& part) {
  std::vector<std::uint16_t> places;
  places.reserve(part.count);
  for (std::size_t word = 0; word < part.bits.size(); ++word) {
    for (std::uint64_t left = part.bits[word]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::size_t>(__builtin_ctzll(left));
      places.push_back(static_cast<std::uint16_t>(word * 64 + bit));
    }
  }
  part.places.swap(places);
  part.bits = std::vector<std::uint64_t>();
}

}  // namespace countenance
