#include "index/scan_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "check.h"
#include "index/pages.h"
#include "scan_fixture.h"

namespace {

using countenance::availableScanKernels;
using countenance::CodedBlock;
using countenance::CodeRows;
using countenance::CodingSums;
using countenance::kMaxTogether;
using countenance::NearTest;
using countenance::Pages;
using countenance::QuerySums;
using countenance::RowMark;
using countenance::ScanKernels;
using namespace countenance::test;  // NOLINT: the fixture's words

constexpr std::size_t kRows = 192;
constexpr std::size_t kDimensions[] = {1, 17, 64, 100, 128, 200, 512};

struct Codes {
  explicit Codes(std::size_t dimension)
      : stride((dimension + 127) / 128 * 64),
        pages(kRows * stride, false),
        marks(kRows),
        queries(kMaxTogether, std::vector<std::int8_t>(2 * stride)) {
    std::mt19937 random(static_cast<unsigned>(dimension));
    for (std::size_t i = 0; i < kRows * stride; ++i) pages.data()[i] = std::byte(random());
    for (RowMark& mark : marks) {
      mark = {static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random())};
    }
    for (auto& query : queries) {
      for (auto& code : query) code = static_cast<std::int8_t>(random() % 255 - 127);
    }
    std::fill(queries[0].begin(), queries[0].end(), std::int8_t{127});
    std::fill_n(pages.data(), stride, std::byte{0xFF});  // the largest products there are
  }

  CodeRows rows() const { return {reinterpret_cast<const std::uint8_t*>(pages.data()), stride}; }

  std::int32_t dot(std::size_t row, std::size_t query) const {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < 2 * stride; ++i) {
      const unsigned byte = rows().first[row * stride + i / 128 * 64 + i % 64];
      sum += static_cast<std::int32_t>(i % 128 < 64 ? byte & 15 : byte >> 4) * queries[query][i];
    }
    return sum;
  }

  const std::size_t stride;
  Pages pages;
  std::vector<RowMark> marks;
  std::vector<std::vector<std::int8_t>> queries;
};

std::vector<std::uint32_t> shuffled() {
  auto rows = firstRows(kRows);
  std::shuffle(rows.begin(), rows.end(), std::mt19937(3));
  return rows;
}

TEST("distances are the same bits on every level, of rows in order and of picked ones") {
  for (const std::size_t dimension : kDimensions) {
    const Rows rows = gaussian(kRows, dimension, 1);
    const auto block = blockOf(rows);
    auto query = gaussian(1, dimension, 2).front();
    std::vector<float> padded = query;
    padded.resize(block->stride());
    for (const ScanKernels* kernels : availableScanKernels()) {
      const auto picked = shuffled();
      std::vector<float> squared(kRows);
      std::vector<float> ofPicked(kRows);
      kernels->distances(padded.data(), {block->vector(0), block->stride()}, kRows, squared.data());
      kernels->distancesOf(padded.data(), {block->vector(0), block->stride()}, picked.data(), kRows,
                           ofPicked.data());
      for (std::size_t i = 0; i < kRows; ++i) {
        CHECK(squared[i] == plainDistance(query, rows[i]));
        CHECK(ofPicked[i] == squared[picked[i]]);
      }
    }
  }
}

TEST("dot products of codes are exact") {
  for (const std::size_t dimension : {1, 128, 200, 4096}) {
    const Codes codes(dimension);
    const auto picked = shuffled();
    for (const ScanKernels* kernels : availableScanKernels()) {
      for (const std::size_t query : {0, 1}) {
        std::vector<std::int32_t> dots(kRows);
        kernels->dotsOf(codes.rows(), picked.data(), kRows, codes.queries[query].data(),
                        dots.data());
        for (std::size_t i = 0; i < kRows; ++i) CHECK(dots[i] == codes.dot(picked[i], query));
      }
    }
  }
}

/// A test that about half of the rows pass.
NearTest testFor(const Codes& codes, std::size_t query) {
  NearTest test{0.01F, 0.02F, 0};
  std::vector<float> offsets;
  for (std::size_t row = 0; row < kRows; ++row) {
    offsets.push_back(static_cast<float>(codes.dot(row, query)) -
                      static_cast<float>(codes.marks[row].bias) * test.biasFactor +
                      static_cast<float>(codes.marks[row].error) * test.errorFactor);
  }
  std::nth_element(offsets.begin(), offsets.begin() + kRows / 2, offsets.end());
  test.offset = std::floor(offsets[kRows / 2]) + 0.5F;  // between what whole numbers can reach
  return test;
}

/// Whether a row passes by a clear margin (1), fails by one (-1), or is left to rounding (0).
int verdict(const Codes& codes, std::size_t row, std::size_t query, const NearTest& test) {
  const double margin =
      codes.dot(row, query) -
      (static_cast<double>(codes.marks[row].bias) * test.biasFactor -
       static_cast<double>(codes.marks[row].error) * test.errorFactor + test.offset);
  return std::abs(margin) < 0.01 ? 0 : margin > 0 ? 1 : -1;
}

TEST("a scan of codes says which rows pass, of one query and of sixteen") {
  for (const std::size_t dimension : {100, 128, 512, 4096}) {
    const Codes codes(dimension);
    std::vector<NearTest> tests;
    for (std::size_t q = 0; q < kMaxTogether; ++q) tests.push_back(testFor(codes, q));
    std::vector<std::int8_t> queries(kMaxTogether * 2 * codes.stride);
    for (std::size_t i = 0; i < 2 * codes.stride; ++i) {
      for (std::size_t q = 0; q < kMaxTogether; ++q) {
        queries[i / 4 * 4 * kMaxTogether + q * 4 + i % 4] = codes.queries[q][i];
      }
    }
    for (const ScanKernels* kernels : availableScanKernels()) {
      std::vector<std::uint16_t> together(kRows, 0);
      if (kernels->scanTogether != nullptr) {
        kernels->scanTogether(codes.rows(), codes.marks.data(), kRows, queries.data(), tests.data(),
                              together.data());
      }
      for (std::size_t q = 0; q < kMaxTogether; ++q) {
        std::vector<std::uint64_t> near(kRows / 64, 0);
        kernels->scan(codes.rows(), codes.marks.data(), kRows, codes.queries[q].data(), tests[q],
                      near.data());
        std::size_t passed = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
          const bool alone = (near[row / 64] >> (row % 64) & 1) != 0;
          const int expected = verdict(codes, row, q, tests[q]);
          CHECK(expected == 0 || alone == (expected > 0));
          if (kernels->scanTogether != nullptr) {
            CHECK(expected == 0 || (together[row] >> q & 1) == (expected > 0 ? 1 : 0));
          }
          passed += alone ? 1 : 0;
        }
        CHECK(passed > kRows / 4 && passed < kRows * 3 / 4);
      }
    }
  }
}

double sumOfSquares(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

bool near(double actual, double expected) {
  return std::abs(actual - expected) <= 1e-5 * (expected + 1e-12);
}

TEST("a row's codes are what its errors say, and nothing but zeros is behind them") {
  const float step = 0.0025F;
  for (const std::size_t dimension : kDimensions) {
    auto row = gaussian(1, dimension, 4).front();
    row[0] = 5;  // far out of what codes reach
    const auto mean = gaussian(1, dimension, 5).front();
    auto paddedRow = row;
    auto paddedMean = mean;
    paddedRow.resize((dimension + 15) / 16 * 16);
    paddedMean.resize(paddedRow.size());
    for (const ScanKernels* kernels : availableScanKernels()) {
      const std::size_t stride = (dimension + 127) / 128 * 64;
      std::vector<std::uint8_t> high(stride, 0xAA);
      std::vector<std::uint8_t> low(stride, 0xAA);
      const CodingSums sums = kernels->codeRow(paddedRow.data(), paddedMean.data(), dimension, step,
                                               high.data(), low.data());
      std::vector<double> offset, coarse, coarseError, fine, fineError;
      for (std::size_t i = 0; i < 2 * stride; ++i) {
        const std::size_t byte = i / 128 * 64 + i % 64;
        const int shift = i % 128 < 64 ? 0 : 4;
        const int nibble = high[byte] >> shift & 15;
        const int code = 16 * nibble + (low[byte] >> shift & 15);
        if (i >= dimension) {
          CHECK(i < paddedRow.size() || code == 0);
          continue;
        }
        offset.push_back(static_cast<double>(row[i] - mean[i]));
        coarse.push_back((nibble - 7.5) * 16 * step);
        fine.push_back((code - 127.5) * step);
        coarseError.push_back(offset.back() - coarse.back());
        fineError.push_back(offset.back() - fine.back());
        if (i > 0) CHECK(std::abs(fineError.back()) <= 0.51 * step || code == 0 || code == 255);
      }
      CHECK(near(sums.offset, sumOfSquares(offset)));
      CHECK(near(sums.coarse, sumOfSquares(coarse)));
      CHECK(near(sums.coarseError, sumOfSquares(coarseError)));
      CHECK(near(sums.fine, sumOfSquares(fine)));
      CHECK(near(sums.fineError, sumOfSquares(fineError)));
    }
  }
}

TEST("a query's codes are what its errors say") {
  for (const std::size_t dimension : {16, 128, 208}) {
    const auto query = gaussian(1, dimension, 6).front();
    const auto mean = gaussian(1, dimension, 7).front();
    for (const ScanKernels* kernels : availableScanKernels()) {
      std::vector<float> centred(dimension);
      const float most = kernels->centre(query.data(), mean.data(), dimension, centred.data());
      float expected = 0;
      for (std::size_t i = 0; i < dimension; ++i) {
        CHECK(centred[i] == query[i] - mean[i]);
        expected = std::max(expected, std::abs(centred[i]));
      }
      CHECK(most == expected);
      const float step = most / 100;  // some are cut off
      std::vector<std::int8_t> codes(dimension);
      const QuerySums sums =
          kernels->codeQuery(centred.data(), dimension, step * 0.75F, codes.data());
      double error = 0;
      std::int32_t sum = 0;
      std::int32_t squares = 0;
      for (std::size_t i = 0; i < dimension; ++i) {
        const double one = centred[i] - static_cast<double>(codes[i]) * (step * 0.75F);
        CHECK(std::abs(one) <= 0.51 * step || std::abs(codes[i]) == 127);
        error += one * one;
        sum += codes[i];
        squares += codes[i] * codes[i];
      }
      CHECK(near(sums.error, error));
      CHECK(sums.sum == sum);
      CHECK(sums.squares == squares);
    }
  }
}

}  // namespace

TEST_MAIN()
