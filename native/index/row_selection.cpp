#include "index/row_selection.h"

#include <algorithm>
#include <array>

namespace countenance {
namespace {

/// Of a block's rows, one in so many. Up to a sixth of them RowScan takes as long either way (1M
/// rows x 128 on one core of a Zen 4, 1 %: 0.65 ms, 4 %: 1.6, 8 %: 2.5, 15 %: 3.9, all: 4.0 with
/// other programs running); below a sixteenth a list is also smaller than a mask.
constexpr std::size_t kMostGathered = 8;

/// Sorts by 11 bits at a time: some 5 us for 1,000 numbers, where std::sort takes 20.
void sortRows(std::vector<std::uint32_t>& rows) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kBits;
  if (std::is_sorted(rows.begin(), rows.end())) return;  // as rows that were added one by one
  const std::uint32_t highest = *std::max_element(rows.begin(), rows.end());
  std::vector<std::uint32_t> sorted(rows.size());
  for (unsigned shift = 0; shift < 32 && highest >> shift != 0; shift += kBits) {
    std::array<std::uint32_t, kDigits> starts = {};
    for (const std::uint32_t row : rows) ++starts[row >> shift & (kDigits - 1)];
    std::uint32_t before = 0;
    for (std::uint32_t& start : starts) {
      const std::uint32_t count = start;
      start = before;
      before += count;
    }
    for (const std::uint32_t row : rows) sorted[starts[row >> shift & (kDigits - 1)]++] = row;
    rows.swap(sorted);
  }
}

}  // namespace

bool RowSelection::worthMask(std::size_t count) const {
  return count > rowsPerBlock() / kMostGathered;
}

void RowSelection::select(const RowSet& rows) {
  parts_.reserve(rows.parts().size());
  for (const RowSet::Part& from : rows.parts()) {
    const bool masked = worthMask(from.count);
    parts_.push_back({from.block, from.count, masked ? bits_.size() : places_.size(), masked});
    count_ += from.count;
    if (masked) {
      bits_.insert(bits_.end(), from.bits.begin(), from.bits.end());
      continue;
    }
    places_.insert(places_.end(), from.places.begin(), from.places.end());
    for (std::size_t word = 0; word < from.bits.size(); ++word) {
      for (std::uint64_t left = from.bits[word]; left != 0; left &= left - 1) {
        const auto bit = static_cast<std::size_t>(__builtin_ctzll(left));
        places_.push_back(static_cast<std::uint32_t>(word * 64 + bit));
      }
    }
  }
}

void RowSelection::select(std::vector<std::uint32_t>&& rows) {
  if (rows.empty()) return;
  sortRows(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  count_ = rows.size();
  const auto mostPlaces = static_cast<std::uint32_t>(rowsPerBlock() - 1);
  places_ = std::move(rows);
  for (std::size_t first = 0; first < places_.size();) {
    const std::uint32_t block = places_[first] >> blockBits_;
    std::size_t end = first;
    while (end < places_.size() && places_[end] >> blockBits_ == block) {
      places_[end++] &= mostPlaces;
    }
    const auto count = static_cast<std::uint32_t>(end - first);
    if (worthMask(count)) {
      parts_.push_back({block, count, bits_.size(), true});
      bits_.resize(bits_.size() + rowsPerBlock() / 64);
      std::uint64_t* const bits = &bits_[parts_.back().start];
      for (std::size_t i = first; i < end; ++i) {
        bits[places_[i] / 64] |= std::uint64_t{1} << (places_[i] % 64);
      }
    } else {
      parts_.push_back({block, count, first, false});
    }
    first = end;
  }
}

}  // namespace countenance
