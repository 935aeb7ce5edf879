#include "index/vector_blocks.h"

#include <faiss/IndexFlat.h>

#include <algorithm>
#include <cstring>

namespace countenance {
namespace {

// 8 MiB of 128-d vectors: a block is touched page by page, so a small store stays small, and a
// cancelled search ends within about a millisecond.
constexpr std::size_t kMaxRows = 16384;
constexpr std::size_t kMaxBlockBytes = kMaxRows * 128 * sizeof(float);

/// Overwrites memory in a way that the compiler may not drop.
void wipe(void* memory, std::size_t bytes) {
  std::memset(memory, 0, bytes);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

}  // namespace

VectorBlocks::VectorBlocks(std::size_t dimension)
    : dimension_(dimension),
      rowsPerBlock_(
          std::clamp<std::size_t>(kMaxBlockBytes / (dimension * sizeof(float)), 1, kMaxRows)) {}

VectorBlocks::~VectorBlocks() { clear(); }

float* VectorBlocks::at(std::size_t row) const {
  return blocks_[row / rowsPerBlock_]->get_xb() + (row % rowsPerBlock_) * dimension_;
}

void VectorBlocks::reserve(std::size_t rows) {
  const std::size_t blocks = (size_ + rows + rowsPerBlock_ - 1) / rowsPerBlock_;
  while (blocks_.size() < blocks) {
    auto block = std::make_unique<faiss::IndexFlatL2>(static_cast<faiss::Index::idx_t>(dimension_));
    block->codes.reserve(rowsPerBlock_ * block->code_size);  // never reallocated from here on
    blocks_.push_back(std::move(block));
  }
}

void VectorBlocks::push(const float* vector) {
  reserve(1);
  blocks_[size_ / rowsPerBlock_]->add(1, vector);
  ++size_;
}

void VectorBlocks::replace(std::size_t row, const float* vector) {
  std::copy_n(vector, dimension_, at(row));
}

void VectorBlocks::removeBySwap(std::size_t row) {
  const std::size_t last = size_ - 1;
  if (row != last) replace(row, at(last));
  wipe(at(last), dimension_ * sizeof(float));
  faiss::IndexFlatL2& block = *blocks_[last / rowsPerBlock_];
  block.ntotal -= 1;
  block.codes.resize(static_cast<std::size_t>(block.ntotal) * block.code_size);
  --size_;
  // One empty block is kept: a size that swings around a block's edge must not allocate each time.
  const std::size_t used = (size_ + rowsPerBlock_ - 1) / rowsPerBlock_;
  if (blocks_.size() > used + 1) blocks_.resize(used + 1);
}

void VectorBlocks::clear() {
  for (const auto& block : blocks_) wipe(block->codes.data(), block->codes.size());
  blocks_.clear();
  size_ = 0;
}

void VectorBlocks::distances(std::size_t block, const float* query, Span<const std::int64_t> rows,
                             float* squared) const {
  // Direct sums of squared differences: FAISS's faster expansion over BLAS loses digits.
  blocks_[block]->compute_distance_subset(1, query, static_cast<faiss::Index::idx_t>(rows.size()),
                                          squared, rows.data());
}

}  // namespace countenance
