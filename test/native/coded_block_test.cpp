#include "index/coded_block.h"

#include <algorithm>
#include <cstdint>

#include "check.h"
#include "scan_fixture.h"

namespace {

using countenance::CodedBlock;
using countenance::ErrorCode;

TEST("a block's vectors take at most 8 MiB, and its rows are a power of two from 64 on") {
  CHECK(CodedBlock::capacityFor(1) == 16384);
  CHECK(CodedBlock::capacityFor(128) == 16384);
  CHECK(CodedBlock::capacityFor(129) == 8192);
  CHECK(CodedBlock::capacityFor(512) == 4096);
  CHECK(CodedBlock::capacityFor(4096) == 512);
}

TEST("a dimension outside 1 to 4096 is refused") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, CodedBlock(0, false));
  CHECK_ERROR(ErrorCode::kInvalidArgument, CodedBlock(4097, false));
}

TEST("a row outside the block is refused") {
  CodedBlock block(4096, false);
  const std::vector<float> vector(4096, 1.0F);
  CHECK_ERROR(ErrorCode::kInvalidArgument, block.write(512, vector.data()));
  CHECK_ERROR(ErrorCode::kInvalidArgument, block.wipe(512));
  CHECK_ERROR(ErrorCode::kInvalidArgument, block.vector(512));
}

TEST("a vector is read back as it was written, with zeros behind it, on a cache line of its own") {
  for (const bool huge : {false, true}) {
    CodedBlock block(100, huge);
    const auto rows = countenance::test::gaussian(3, 100, 1);
    for (std::size_t i = 0; i < 3; ++i) block.write(i, rows[i].data());
    for (std::size_t i = 0; i < 3; ++i) {
      const float* vector = block.vector(i);
      CHECK(reinterpret_cast<std::uintptr_t>(vector) % 64 == 0);
      CHECK(std::equal(rows[i].begin(), rows[i].end(), vector));
      CHECK(std::all_of(vector + 100, vector + block.stride(), [](float v) { return v == 0; }));
    }
  }
}

TEST("nothing of a wiped vector is left") {
  CodedBlock block(128, false);
  const std::vector<float> vector(128, 1.0F);
  block.write(7, vector.data());
  block.wipe(7);
  CHECK(std::all_of(block.vector(7), block.vector(8), [](float v) { return v == 0; }));
}

}  // namespace

TEST_MAIN()
