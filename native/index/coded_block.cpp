#include "index/coded_block.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"
#include "index/row_distance.h"

namespace countenance {
namespace {

constexpr std::size_t kMaxDimension = 4096;
constexpr std::size_t kMaxRows = 16384;
constexpr std::size_t kMaxVectorBytes = std::size_t{8} << 20;

std::size_t checkedDimension(std::size_t dimension) {
  if (dimension < 1 || dimension > kMaxDimension) {
    throw Error(ErrorCode::kInvalidArgument,
                "dimension: expected an integer in 1..4096, got " + std::to_string(dimension));
  }
  return dimension;
}

/// Overwrites memory in a way that the compiler may not drop.
void zero(void* memory, std::size_t bytes) {
  std::memset(memory, 0, bytes);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

}  // namespace

std::size_t CodedBlock::capacityFor(std::size_t dimension) {
  const std::size_t rowBytes = paddedDimension(checkedDimension(dimension)) * sizeof(float);
  std::size_t rows = kMaxRows;
  while (rows * rowBytes > kMaxVectorBytes) rows /= 2;
  return rows;
}

CodedBlock::CodedBlock(std::size_t dimension, bool hugePages)
    : dimension_(checkedDimension(dimension)),
      stride_(paddedDimension(dimension)),
      capacity_(capacityFor(dimension)),
      pages_(capacity_ * stride_ * sizeof(float), hugePages) {}

float* CodedBlock::at(std::size_t row) const {
  if (row >= capacity_) {
    throw Error(ErrorCode::kInvalidArgument, "row: expected one of " + std::to_string(capacity_) +
                                                 ", got " + std::to_string(row));
  }
  return reinterpret_cast<float*>(pages_.data()) + row * stride_;
}

void CodedBlock::write(std::size_t row, const float* vector) {
  std::copy_n(vector, dimension_, at(row));
}

void CodedBlock::wipe(std::size_t row) { zero(at(row), stride_ * sizeof(float)); }

const float* CodedBlock::vector(std::size_t row) const { return at(row); }

}  // namespace countenance
