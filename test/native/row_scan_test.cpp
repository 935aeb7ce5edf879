#include "index/row_scan.h"

#include <cmath>
#include <cstdint>

#include "check.h"
#include "scan_fixture.h"

namespace {

using countenance::CodedBlock;
using countenance::ErrorCode;
using countenance::NearRowSink;
using countenance::RowScan;
using countenance::scanTogether;
using namespace countenance::test;  // NOLINT: the fixture's words

constexpr std::size_t kDimensions[] = {1, 2, 16, 17, 63, 64, 100, 128, 130, 512, 1000, 4096};

std::size_t rowsFor(std::size_t dimension) {
  return std::min<std::size_t>(CodedBlock::capacityFor(dimension), dimension > 512 ? 512 : 5000);
}

TEST("a scan finds the nearest rows at every dimension, to the last bit") {
  for (const std::size_t dimension : kDimensions) {
    const Rows rows = gaussian(rowsFor(dimension), dimension, 1);
    const auto block = blockOf(rows);
    const auto query = gaussian(1, dimension, 2).front();
    for (const std::size_t k : {1, 10, 300}) {
      NearestRows nearest(k);
      RowScan scan(query);
      scan.scan(*block, rows.size(), nullptr, nearest);
      CHECK(nearest.found() == plainNearest(rows, query, k, firstRows(rows.size())));
      CHECK(scan.counts().scanned == rows.size());
    }
  }
}

TEST("a mask hides rows, and rows that are not used are not found") {
  const Rows rows = gaussian(5000, 128, 3);
  const auto block = blockOf(rows);
  const auto query = gaussian(1, 128, 4).front();
  for (const unsigned every : {1U, 2U, 10U, 700U}) {
    for (const std::size_t used : {std::size_t{0}, std::size_t{1}, std::size_t{4097}}) {
      std::vector<std::uint64_t> mask((used + 63) / 64);
      std::vector<std::uint32_t> among;
      for (std::uint32_t row = 0; row < used; row += every) {
        mask[row / 64] |= std::uint64_t{1} << (row % 64);
        among.push_back(row);
      }
      NearestRows nearest(10);
      RowScan scan(query);
      scan.scan(*block, used, mask.data(), nearest);
      CHECK(nearest.found() == plainNearest(rows, query, 10, among));
      CHECK(scan.counts().scanned == among.size());
    }
  }
}

TEST("a gather finds the nearest of its rows") {
  const Rows rows = gaussian(5000, 128, 5);
  const auto block = blockOf(rows);
  const auto query = gaussian(1, 128, 6).front();
  for (const std::uint32_t every : {1U, 3U, 20U, 1999U}) {
    std::vector<std::uint32_t> among;
    for (std::uint32_t row = every - 1; row < rows.size(); row += every) among.push_back(row);
    NearestRows nearest(10);
    RowScan scan(query);
    scan.gather(*block, among, nearest);
    CHECK(nearest.found() == plainNearest(rows, query, 10, among));
    CHECK(scan.counts().scanned == among.size());
  }
}

TEST("rows at the bound are taken, in ascending order, and none beyond it") {
  const Rows rows(5000, std::vector<float>(128, 0.5F));
  const auto block = blockOf(rows);
  const std::vector<float> query(128, 0.25F);
  const float all = plainDistance(query, rows.front());
  for (const float most : {all, std::nextafter(all, 0.0F)}) {
    NearestRows nearest(rows.size(), most);
    RowScan(query).scan(*block, rows.size(), nullptr, nearest);
    CHECK(nearest.taken.size() == (most == all ? rows.size() : 0));
    for (std::size_t i = 0; i < nearest.taken.size(); ++i) CHECK(nearest.taken[i].second == i);
  }
}

TEST("vectors of any finite size are found, also where their squares overflow") {
  const auto query = gaussian(1, 128, 8).front();
  for (const float scale : {0.0F, 1e-42F, 1e-30F, 1e-20F, 1e18F, 1e30F, 3e38F}) {
    Rows rows = gaussian(4100, 128, 7);
    for (std::size_t i = 0; i < rows.size(); i += scale == 0 ? 1 : 3) {
      for (float& value : rows[i]) value = std::min(std::max(value, -1.0F), 1.0F) * scale;
    }
    const auto block = blockOf(rows);
    for (const auto& probe : {query, rows[0], rows[3000]}) {
      for (const std::size_t k : {10, 3000}) {
        NearestRows nearest(k);
        RowScan(probe).scan(*block, rows.size(), nullptr, nearest);
        CHECK(nearest.found() == plainNearest(rows, probe, k, firstRows(rows.size())));
      }
    }
  }
}

TEST("queries that are scanned together find what each finds alone") {
  const Rows rows = gaussian(5000, 128, 9);
  const auto block = blockOf(rows);
  for (const std::size_t count : {1, 2, 5, 16}) {
    const Rows queries = gaussian(count, 128, 10);
    std::vector<RowScan> scans(queries.begin(), queries.end());
    std::vector<NearestRows> nearest(count, NearestRows(10));
    std::vector<RowScan*> scanOf;
    std::vector<NearRowSink*> sinkOf;
    for (std::size_t i = 0; i < count; ++i) {
      scanOf.push_back(&scans[i]);
      sinkOf.push_back(&nearest[i]);
    }
    scanTogether(scanOf, *block, rows.size(), sinkOf);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(nearest[i].found() == plainNearest(rows, queries[i], 10, firstRows(rows.size())));
      CHECK(scans[i].counts().scanned == rows.size());
    }
  }
}

TEST("blocks of another dimension, and more rows than there are, are refused") {
  const CodedBlock block(128, false);
  NearestRows nearest(1);
  RowScan scan(std::vector<float>(127));
  CHECK_ERROR(ErrorCode::kInvalidArgument, scan.scan(block, 1, nullptr, nearest));
  CHECK_ERROR(ErrorCode::kInvalidArgument, scan.gather(block, {}, nearest));
  RowScan fitting(std::vector<float>(128));
  CHECK_ERROR(ErrorCode::kInvalidArgument, fitting.scan(block, 16385, nullptr, nearest));
}

TEST("none, and more than 16 queries are not scanned together") {
  const CodedBlock block(128, false);
  NearestRows nearest(1);
  RowScan scan(std::vector<float>(128));
  const std::vector<RowScan*> scans(17, &scan);
  const std::vector<NearRowSink*> sinks(17, &nearest);
  const auto together = [&](std::size_t scanCount, std::size_t sinkCount) {
    scanTogether({scans.data(), scanCount}, block, 0, {sinks.data(), sinkCount});
  };
  CHECK_ERROR(ErrorCode::kInvalidArgument, together(0, 0));
  CHECK_ERROR(ErrorCode::kInvalidArgument, together(17, 17));
  CHECK_ERROR(ErrorCode::kInvalidArgument, together(2, 1));
}

}  // namespace

TEST_MAIN()
