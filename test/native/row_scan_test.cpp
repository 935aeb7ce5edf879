#include "index/row_scan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "check.h"
#include "scan_fixture.h"

namespace {

using countenance::availableScanKernels;
using countenance::CodedBlock;
using countenance::ErrorCode;
using countenance::NearRowSink;
using countenance::RowScan;
using countenance::ScanKernels;
using countenance::scanTogether;
using namespace countenance::test;  // NOLINT: the fixture's words

constexpr std::size_t kDimensions[] = {1, 17, 63, 64, 100, 128, 512, 1000, 4096};

std::size_t rowsFor(std::size_t dimension) {
  return std::min<std::size_t>(CodedBlock::capacityFor(dimension), dimension > 500 ? 512 : 4300);
}

/// Clusters of four: near ones that only a fine look tells from one another, and many far ones.
Rows clustered(std::size_t count, std::size_t dimension, unsigned seed) {
  const Rows people = gaussian((count + 3) / 4, dimension, seed, 0.05F);
  Rows rows = gaussian(count, dimension, seed + 1, 0.01F);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < dimension; ++j) rows[i][j] += people[i % people.size()][j];
  }
  return rows;
}

/// One of each of all kernels that run here.
template <typename Body>
void onEveryLevel(Body&& body) {
  for (const ScanKernels* kernels : availableScanKernels()) body(*kernels);
}

std::vector<Near> scanned(const CodedBlock& block, std::size_t used, const ScanKernels& kernels,
                          const std::vector<float>& query, std::size_t k) {
  NearestRows nearest(k);
  RowScan scan(query, kernels);
  scan.scan(block, used, nullptr, nearest);
  CHECK(scan.counts().scanned == used);
  return nearest.found();
}

TEST("a scan finds the nearest rows at every dimension, to the last bit on every level") {
  for (const std::size_t dimension : kDimensions) {
    const Rows rows = clustered(rowsFor(dimension), dimension, 1);
    const auto query = clustered(1, dimension, 1).front();
    onEveryLevel([&](const ScanKernels& kernels) {
      const auto block = blockOf(rows, kernels);
      for (const std::size_t k : {1, 10, 300}) {
        CHECK(scanned(*block, rows.size(), kernels, query, k) ==
              plainNearest(rows, query, k, firstRows(rows.size())));
      }
    });
  }
}

TEST("codes spare most vectors a look, whatever the level") {
  const Rows rows = clustered(6144, 128, 1);
  const auto query = clustered(1, 128, 1).front();
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    NearestRows nearest(4);
    RowScan scan(query, kernels);
    scan.scan(*block, rows.size(), nullptr, nearest);
    CHECK(scan.counts().plainSegments == 1);  // the first: nothing is known of what is near
    CHECK(scan.counts().reranked < 2048 + 40);
    CHECK(scan.counts().refined < 800);
  });
}

TEST("a mask hides rows, and rows that are not used are not found") {
  const Rows rows = clustered(5000, 128, 3);
  const auto query = gaussian(1, 128, 4).front();
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    for (const unsigned every : {1U, 2U, 3U, 10U, 700U}) {
      for (const std::size_t used : {std::size_t{0}, std::size_t{1}, std::size_t{4000}}) {
        std::vector<std::uint64_t> mask((used + 63) / 64);
        std::vector<std::uint32_t> among;
        for (std::uint32_t row = 0; row < used; row += every) {
          mask[row / 64] |= std::uint64_t{1} << (row % 64);
          among.push_back(row);
        }
        NearestRows nearest(10);
        RowScan scan(query, kernels);
        scan.scan(*block, used, mask.data(), nearest);
        CHECK(nearest.found() == plainNearest(rows, query, 10, among));
        CHECK(scan.counts().scanned == among.size());
      }
    }
  });
}

TEST("a mask that ends behind a segment of many near rows lets no other row through") {
  // Of the first segment 60 % are near: too few to compare all of it at once, enough to do so after
  // the second look, when the next segment's few rows have been picked.
  const auto query = gaussian(1, 128, 8).front();
  Rows rows = gaussian(4300, 128, 9, 0.02F);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool near = i % 5 < 3 || i >= 2048;
    for (std::size_t j = 0; j < 128; ++j) rows[i][j] += query[j] + (near ? 0.0F : 0.1F);
  }
  constexpr std::uint32_t kLast = 2200;
  std::vector<std::uint64_t> mask((rows.size() + 63) / 64);
  for (std::uint32_t row = 0; row < kLast; ++row) mask[row / 64] |= std::uint64_t{1} << (row % 64);
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    NearestRows nearest(rows.size(), 0.25F);
    RowScan scan(query, kernels);
    scan.scan(*block, rows.size(), mask.data(), nearest);
    CHECK(scan.counts().plainSegments == 1);
    std::vector<std::uint32_t> near;
    for (std::uint32_t row = 0; row < kLast; ++row) {
      if (row % 5 < 3 || row >= 2048) near.push_back(row);
    }
    CHECK(nearest.found() == plainNearest(rows, query, rows.size(), near));
  });
}

TEST("a gather finds the nearest of its rows") {
  const Rows rows = clustered(5000, 128, 5);
  const auto query = gaussian(1, 128, 6).front();
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    for (const std::uint32_t every : {1U, 3U, 20U, 1999U}) {
      std::vector<std::uint32_t> among;
      for (std::uint32_t row = every - 1; row < rows.size(); row += every) among.push_back(row);
      NearestRows nearest(10);
      RowScan scan(query, kernels);
      scan.gather(*block, among, nearest);
      CHECK(nearest.found() == plainNearest(rows, query, 10, among));
      CHECK(scan.counts().scanned == among.size());
    }
  });
}

TEST("a long list is gathered through the codes") {
  const Rows rows = clustered(6144, 128, 1);
  const auto block = blockOf(rows);
  const auto query = clustered(1, 128, 1).front();
  NearestRows nearest(4, plainNearest(rows, query, 4, firstRows(rows.size())).back().first);
  RowScan scan(query);
  scan.gather(*block, firstRows(rows.size()), nearest);
  CHECK(nearest.found().size() == 4);
  CHECK(scan.counts().reranked < 200);
}

TEST("rows at the bound are taken, in ascending order, and none beyond it") {
  const Rows rows(5000, std::vector<float>(128, 0.5F));
  const std::vector<float> query(128, 0.25F);
  const float all = plainDistance(query, rows.front());
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    for (const float most : {all, std::nextafter(all, 0.0F)}) {
      NearestRows nearest(rows.size(), most);
      RowScan(query, kernels).scan(*block, rows.size(), nullptr, nearest);
      CHECK(nearest.taken.size() == (most == all ? rows.size() : 0));
      for (std::size_t i = 0; i < nearest.taken.size(); ++i) CHECK(nearest.taken[i].second == i);
    }
  });
}

TEST("vectors of any finite size are found, also where their squares overflow") {
  const auto query = gaussian(1, 128, 8).front();
  for (const float scale : {0.0F, 1e-42F, 1e-20F, 1e18F, 3e38F}) {
    for (const std::size_t every : {1, 3, 500}) {
      Rows rows = gaussian(2100, 128, 7);
      for (std::size_t i = 0; i < rows.size(); i += every) {
        for (float& value : rows[i]) value = std::min(std::max(value, -1.0F), 1.0F) * scale;
      }
      onEveryLevel([&](const ScanKernels& kernels) {
        const auto block = blockOf(rows, kernels);
        for (const auto& probe : {query, rows[0]}) {
          const auto expected = plainNearest(rows, probe, 10, firstRows(rows.size()));
          CHECK(scanned(*block, rows.size(), kernels, probe, 10) == expected);
        }
      });
    }
  }
}

TEST("rows that are written over a coded segment are found, like or unlike what was there") {
  for (const float scale : {0.1F, 0.2F, 3.0F, 1e25F}) {
    for (const std::size_t every : {3, 100}) {
      const Rows rows = gaussian(4096, 128, 11);
      const Rows others = gaussian(rows.size(), 128, 13, scale);
      const auto query = gaussian(1, 128, 12, scale).front();
      Rows changed = rows;
      for (std::size_t i = 0; i < rows.size(); i += every) changed[i] = others[i];
      onEveryLevel([&](const ScanKernels& kernels) {
        const auto block = blockOf(rows, kernels);
        for (std::size_t i = 0; i < rows.size(); i += every) block->write(i, others[i].data());
        for (const auto& probe : {query, others[0], rows[1]}) {
          CHECK(scanned(*block, rows.size(), kernels, probe, 10) ==
                plainNearest(changed, probe, 10, firstRows(rows.size())));
        }
      });
    }
  }
}

TEST("a wiped row is not found until it is written again") {
  const Rows rows = clustered(4096 + 100, 128, 14);
  const auto block = blockOf(rows);
  std::vector<std::uint32_t> left;
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    if (row % 5 == 0) {
      block->wipe(row);
    } else {
      left.push_back(row);
    }
  }
  const std::vector<float> zeros(128, 0.0F);
  for (const auto& query : {zeros, rows[0], rows[4100]}) {
    const auto expected = plainNearest(rows, query, 10, left);
    NearestRows gathered(10);
    RowScan(query).gather(*block, firstRows(rows.size()), gathered);
    CHECK(gathered.found() == expected);
    NearestRows nearest(10);
    RowScan(query).scan(*block, rows.size(), nullptr, nearest);
    CHECK(nearest.found() == expected);
  }
  for (std::uint32_t row = 0; row < rows.size(); row += 5) block->write(row, rows[row].data());
  NearestRows nearest(10);
  RowScan(rows[0]).scan(*block, rows.size(), nullptr, nearest);
  CHECK(nearest.found() == plainNearest(rows, rows[0], 10, firstRows(rows.size())));
}

TEST("data that codes cannot tell apart cost little more than a plain scan") {
  // Rows at one distance from the query, but for the last bits: nothing may be dropped.
  Rows rows(CodedBlock::capacityFor(512), gaussian(1, 512, 15).front());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i][i % 512] *= 1 + 1e-6F;
  const auto block = blockOf(rows);
  const auto query = gaussian(1, 512, 16).front();
  NearestRows nearest(10);
  RowScan scan(query);
  for (int i = 0; i < 8; ++i) scan.scan(*block, rows.size(), nullptr, nearest);
  CHECK(scan.counts().reranked == 8 * rows.size());
  CHECK(scan.counts().plainSegments == 8 * rows.size() / block->segmentRows());
  CHECK(scan.counts().refined <= scan.counts().scanned / 5);
}

TEST("queries that are scanned together find what each finds alone") {
  const Rows rows = clustered(5000, 128, 9);
  onEveryLevel([&](const ScanKernels& kernels) {
    const auto block = blockOf(rows, kernels);
    for (const std::size_t count : {1, 2, 5, 16}) {
      Rows queries = gaussian(count, 128, 10);
      queries.back() = rows[77];
      std::vector<RowScan> scans;
      for (const auto& query : queries) scans.emplace_back(query, kernels);
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
  });
}

TEST("blocks of another dimension, and more rows than there are, are refused") {
  const CodedBlock block(128, false);
  NearestRows nearest(1);
  RowScan scan(std::vector<float>(127));
  CHECK_ERROR(ErrorCode::kInvalidArgument, scan.scan(block, 1, nullptr, nearest));
  CHECK_ERROR(ErrorCode::kInvalidArgument, scan.gather(block, {}, nearest));
  RowScan fitting(std::vector<float>(128));
  CHECK_ERROR(ErrorCode::kInvalidArgument, fitting.scan(block, 16385, nullptr, nearest));
  const std::vector<std::uint32_t> beyond = {16384};
  CHECK_ERROR(ErrorCode::kInvalidArgument, fitting.gather(block, beyond, nearest));
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
