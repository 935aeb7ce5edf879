#include <algorithm>
#include <limits>
#include <string>

#include "core/error.h"
#include "index/row_scan.h"

namespace countenance {
namespace {

/// Fewer queries are scanned faster one after the other.
constexpr std::size_t kLeastTogether = 4;
constexpr std::size_t kWordBits = 64;

[[noreturn]] void reject(const char* what, std::size_t expected, std::size_t got) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string(what) + std::to_string(expected) + ", got " + std::to_string(got));
}

}  // namespace

void scanTogether(Span<RowScan* const> scans, const CodedBlock& block, std::size_t used,
                  Span<NearRowSink* const> sinks) {
  if (scans.size() < 1 || scans.size() > kMaxTogether) {
    reject("scans: expected 1 to ", kMaxTogether, scans.size());
  }
  if (sinks.size() != scans.size()) reject("sinks: expected ", scans.size(), sinks.size());
  for (RowScan* const scan : scans) scan->checkBlock(block, used);

  const ScanKernels& kernels = scans[0]->kernels_;
  const std::size_t elements = scans[0]->looks_[0].coded.elements();
  std::vector<std::int8_t> queries(kMaxTogether * elements);
  std::vector<std::uint16_t> near(block.segmentRows());
  for (std::size_t index = 0; index * block.segmentRows() < used; ++index) {
    const RowScan::Place place = RowScan::placeOf(block, index, used, nullptr);
    NearTest tests[kMaxTogether];
    std::fill_n(tests, kMaxTogether, NearTest{0, 0, std::numeric_limits<float>::infinity()});
    std::vector<std::size_t> coded;
    for (std::size_t i = 0; i < scans.size(); ++i) {
      scans[i]->counts_.scanned += place.count;
      if (scans[i]->prepare(place, *sinks[i])) {
        coded.push_back(i);
      } else {
        scans[i]->compareAll(place, *sinks[i]);
      }
    }
    const bool atOnce = coded.size() >= kLeastTogether && kernels.scanTogether != nullptr;
    for (const std::size_t i : coded) {
      RowScan& scan = *scans[i];
      tests[i] = scan.looks_[scan.turn_].coded.coarseTest();
      scan.near_.assign(block.segmentRows() / kWordBits, 0);
      if (atOnce) {
        for (std::size_t at = 0; at < elements; at += 4) {
          std::copy_n(scan.looks_[scan.turn_].coded.codes() + at, 4,
                      &queries[at * kMaxTogether + i * 4]);
        }
      } else {
        kernels.scan(place.segment.high, place.segment.marks, block.segmentRows(),
                     scan.looks_[scan.turn_].coded.codes(), tests[i], scan.near_.data());
      }
    }
    if (atOnce) {
      kernels.scanTogether(place.segment.high, place.segment.marks, block.segmentRows(),
                           queries.data(), tests, near.data());
      for (std::size_t row = 0; row < near.size(); ++row) {
        for (unsigned bits = near[row]; bits != 0; bits &= bits - 1) {
          scans[static_cast<std::size_t>(__builtin_ctz(bits))]->near_[row / kWordBits] |=
              std::uint64_t{1} << (row % kWordBits);
        }
      }
    }
    bool few[kMaxTogether];
    for (const std::size_t i : coded) few[i] = scans[i]->pickNear(place);
    for (const std::size_t i : coded) {
      RowScan& scan = *scans[i];
      if (few[i]) {
        scan.finish(scan.looks_[scan.turn_], *sinks[i]);
      } else {
        scan.compareAll(place, *sinks[i]);
      }
    }
  }
  for (std::size_t i = 0; i < scans.size(); ++i) scans[i]->compareDue(block, *sinks[i]);
}

}  // namespace countenance
