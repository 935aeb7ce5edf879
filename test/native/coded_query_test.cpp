// The certificate by itself: whatever a row and a query are, a row whose distance is the bound must
// pass the tests of its codes. (row_scan_test.cpp shows it through whole scans.)

#include "index/coded_query.h"

#include <cmath>
#include <cstdint>

#include "check.h"
#include "index/coded_block.h"
#include "scan_fixture.h"

namespace {

using countenance::availableScanKernels;
using countenance::CodedBlock;
using countenance::CodedQuery;
using countenance::NearTest;
using countenance::RowMark;
using countenance::ScanKernels;
using countenance::SegmentView;
using namespace countenance::test;  // NOLINT: the fixture's words

struct Passed {
  std::size_t coarse = 0;
  std::size_t fine = 0;
  std::size_t tried = 0;
};

/// How many rows pass when each row's own distance is the bound, times `of` it.
Passed passedOf(const CodedBlock& block, const Rows& rows, const std::vector<float>& query,
                const ScanKernels& kernels, float of) {
  const SegmentView segment = block.segment(0);
  Passed passed;
  std::vector<float> padded = query;
  padded.resize(block.stride());
  CodedQuery coded(query.size());
  if (!segment.codes->coded || !coded.code(padded.data(), segment, kernels)) return passed;
  for (std::uint32_t row = 0; row < block.segmentRows(); row += 3) {
    if (!coded.setBound(plainDistance(query, rows[row]) * of)) continue;
    if ((segment.loose[row / 64] >> (row % 64) & 1) != 0) continue;
    std::int32_t high = 0;
    std::int32_t low = 0;
    kernels.dotsOf(segment.high, &row, 1, coded.codes(), &high);
    kernels.dotsOf(segment.low, &row, 1, coded.codes(), &low);
    const RowMark mark = segment.marks[row];
    const NearTest test = coded.coarseTest();
    const float least = static_cast<float>(mark.bias) * test.biasFactor +
                        (test.offset - static_cast<float>(mark.error) * test.errorFactor);
    ++passed.tried;
    passed.coarse += static_cast<float>(high) >= least ? 1 : 0;
    passed.fine += coded.mayBeNear(16 * high + low, segment.fineMarks[row]) ? 1 : 0;
  }
  return passed;
}

TEST("a row at the bound always passes, for vectors and queries of all sizes and shapes") {
  for (const std::size_t dimension : {64, 100, 128, 512}) {
    for (const float scale : {1e-12F, 1e-3F, 0.1F, 50.0F, 1e9F}) {
      Rows rows = gaussian(CodedBlock(dimension, false).segmentRows(), dimension, 1, scale);
      for (std::size_t i = 0; i < rows.size(); i += 7) {  // lopsided, far out, and all the same
        for (std::size_t j = 0; j < dimension; ++j) {
          rows[i][j] = i % 3 == 0 ? scale : rows[i][j] * static_cast<float>(1 + j % 5);
        }
      }
      for (const ScanKernels* kernels : availableScanKernels()) {
        const auto block = blockOf(rows, *kernels);
        CHECK(block->segment(0).codes->coded);
        Rows queries = {rows[1], rows[7], std::vector<float>(dimension, 0.0F)};
        for (const float size : {0.01F, 1.0F, 1000.0F}) {
          queries.push_back(gaussian(1, dimension, 2, scale * size).front());
        }
        for (const auto& query : queries) {
          const Passed passed = passedOf(*block, rows, query, *kernels, 1);
          CHECK(passed.tried > 0);
          CHECK(passed.coarse == passed.tried);
          CHECK(passed.fine == passed.tried);
        }
      }
    }
  }
}

TEST("rows well beyond the bound are dropped: by 4 bits when far, by 8 bits when nearer") {
  const Rows rows = gaussian(2048, 128, 3);
  const auto query = gaussian(1, 128, 4).front();
  for (const ScanKernels* kernels : availableScanKernels()) {
    const auto block = blockOf(rows, *kernels);
    const Passed half = passedOf(*block, rows, query, *kernels, 0.7F);
    CHECK(half.coarse < half.tried / 100);
    CHECK(half.fine == 0);
    const Passed most = passedOf(*block, rows, query, *kernels, 0.9F);
    CHECK(most.fine < most.tried / 10);
    CHECK(most.coarse > most.tried / 2);
  }
}

TEST("a few rows far out do not spoil the codes of the others") {
  Rows rows = gaussian(2048, 128, 5);
  for (std::size_t i = 0; i < rows.size(); i += 100) {
    for (float& value : rows[i]) value *= 1e4F;
  }
  const auto query = gaussian(1, 128, 6).front();
  for (const ScanKernels* kernels : availableScanKernels()) {
    const auto block = blockOf(rows, *kernels);
    const Passed passed = passedOf(*block, rows, query, *kernels, 0.7F);
    CHECK(passed.tried > 600);
    CHECK(passed.coarse < 30);
  }
}

}  // namespace

TEST_MAIN()
