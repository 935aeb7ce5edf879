#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "index/coded_block.h"
#include "index/row_scan.h"
#include "vector_files.h"

namespace countenance::bench {

/// The nearest rows of those that a scan takes.
class NearestRows final : public NearRowSink {
 public:
  explicit NearestRows(std::size_t k) : k_(k) {}

  /// @param first  What to add to the numbers of the rows to come.
  void startAt(std::size_t first) { first_ = first; }

  float bound() const override {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().first;
  }

  void take(std::uint32_t row, float squared) override {
    heap_.emplace_back(squared, first_ + row);
    std::push_heap(heap_.begin(), heap_.end());
    if (heap_.size() <= k_) return;
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }

  /// Squared distances and rows, nearest first.
  std::vector<std::pair<float, std::size_t>> sorted() const {
    auto all = heap_;
    std::sort_heap(all.begin(), all.end());
    return all;
  }

 private:
  std::size_t k_;
  std::size_t first_ = 0;
  std::vector<std::pair<float, std::size_t>> heap_;
};

/// Rows in the blocks of the index, without keys, groups, tags and locks.
class CodedRows final {
 public:
  CodedRows(const std::string& path, std::size_t dimension, std::size_t rows)
      : capacity_(CodedBlock::capacityFor(dimension)) {
    readRows(path, dimension, rows, [&](std::size_t first, std::size_t count, const float* values) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = first + i;
        if (row % capacity_ == 0) {
          blocks_.push_back(std::make_unique<CodedBlock>(dimension, true));
        }
        blocks_.back()->write(row % capacity_, values + i * dimension);
      }
    });
  }

  /// Rows by block: the numbers inside of each, ascending.
  using Places = std::vector<std::vector<std::uint32_t>>;
  Places placesOf(const std::vector<std::size_t>& rows) const {
    Places places(blocks_.size());
    for (const std::size_t row : rows) {
      places[row / capacity_].push_back(static_cast<std::uint32_t>(row % capacity_));
    }
    for (auto& block : places) std::sort(block.begin(), block.end());
    return places;
  }

  NearestRows nearest(Span<const float> query, const Places& places, std::size_t k) const {
    RowScan scan(query);
    NearestRows nearest(k);
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (places[block].empty()) continue;
      nearest.startAt(block * capacity_);
      scan.gather(*blocks_[block], places[block], nearest);
    }
    return nearest;
  }

 private:
  std::size_t capacity_;
  std::vector<std::unique_ptr<CodedBlock>> blocks_;
};

}  // namespace countenance::bench
