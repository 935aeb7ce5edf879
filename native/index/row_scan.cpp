#include "index/row_scan.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "index/row_distance.h"

namespace countenance {
namespace {

constexpr std::size_t kMaxTogether = 16;

[[noreturn]] void reject(const char* what, std::size_t expected, std::size_t got) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string(what) + std::to_string(expected) + ", got " + std::to_string(got));
}

}  // namespace

RowScan::RowScan(Span<const float> query)
    : dimension_(query.size()), query_(paddedDimension(query.size())) {
  std::copy(query.begin(), query.end(), query_.begin());
}

void RowScan::checkBlock(const CodedBlock& block, std::size_t used) const {
  if (block.dimension() != dimension_) {
    reject("block: expected vectors of ", dimension_, block.dimension());
  }
  if (used > block.capacity()) reject("used: expected at most ", block.capacity(), used);
}

void RowScan::compare(const CodedBlock& block, std::size_t row, NearRowSink& sink) {
  ++counts_.scanned;
  ++counts_.reranked;
  const float squared = squaredDistance(query_.data(), block.vector(row), query_.size());
  if (squared <= sink.bound()) sink.take(static_cast<std::uint32_t>(row), squared);
}

void RowScan::scan(const CodedBlock& block, std::size_t used, const std::uint64_t* mask,
                   NearRowSink& sink) {
  checkBlock(block, used);
  for (std::size_t row = 0; row < used; ++row) {
    const bool wanted = mask == nullptr || (mask[row / 64] >> (row % 64) & 1) != 0;
    if (wanted) compare(block, row, sink);
  }
}

void RowScan::gather(const CodedBlock& block, Span<const std::uint32_t> rows, NearRowSink& sink) {
  checkBlock(block, 0);
  for (const std::uint32_t row : rows) compare(block, row, sink);
}

void scanTogether(Span<RowScan* const> scans, const CodedBlock& block, std::size_t used,
                  Span<NearRowSink* const> sinks) {
  if (scans.size() < 1 || scans.size() > kMaxTogether) {
    reject("scans: expected 1 to ", kMaxTogether, scans.size());
  }
  if (sinks.size() != scans.size()) reject("sinks: expected ", scans.size(), sinks.size());
  for (std::size_t i = 0; i < scans.size(); ++i) scans[i]->scan(block, used, nullptr, *sinks[i]);
}

}  // namespace countenance
