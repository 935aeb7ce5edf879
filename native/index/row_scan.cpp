#include "index/row_scan.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace countenance {
namespace {

/// Of a segment's rows, the share that the codes of 4 bits may leave, and those of 8: with more, a
/// plain scan is as fast. (A row's codes are a quarter of its vector, and are read in order.)
constexpr std::size_t kMostNearOf4 = 3;
constexpr std::size_t kMostRefinedOf4 = 2;
/// Segments that are scanned plainly after one was not worth it: 1, 3 and then 7, so that data that
/// codes do not help cost a look at every eighth segment's codes.
constexpr std::size_t kMostPlainAhead = 7;
/// A mask that leaves less than one row in so many is a list of rows.
constexpr std::size_t kSparse = 4;
/// Fewer rows of a segment are compared faster than the query is coded for it.
constexpr std::size_t kLeastGathered = 8;
/// Distances that are computed before the next look at the bound.
constexpr std::size_t kBatch = 64;
constexpr std::size_t kWordBits = 64;
constexpr std::size_t kLineFloats = 16;

[[noreturn]] void reject(const char* what, std::size_t expected, std::size_t got) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string(what) + std::to_string(expected) + ", got " + std::to_string(got));
}

/// Into the second cache, which keeps more reads under way than the first (scan_vectors.h).
void fetch(const void* address) { __builtin_prefetch(address, 0, 2); }

std::size_t padded(std::size_t dimension) {
  return (dimension + kRowLanes - 1) / kRowLanes * kRowLanes;
}

/// The bits of rows [64 word, count) in that word.
std::uint64_t usedBits(std::size_t word, std::size_t count) {
  const std::size_t start = word * kWordBits;
  if (start + kWordBits <= count) return ~std::uint64_t{0};
  return count <= start ? 0 : (std::uint64_t{1} << (count - start)) - 1;
}

void pickBits(std::uint64_t bits, std::size_t word, std::vector<std::uint32_t>& picked) {
  for (; bits != 0; bits &= bits - 1) {
    const auto bit = static_cast<std::size_t>(__builtin_ctzll(bits));
    picked.push_back(static_cast<std::uint32_t>(word * kWordBits + bit));
  }
}

}  // namespace

RowScan::RowScan(Span<const float> query, const ScanKernels& kernels)
    : dimension_(query.size()),
      kernels_(kernels),
      query_(padded(query.size())),
      looks_(2, Look{CodedQuery(query.size()), {}, {}}) {
  std::copy(query.begin(), query.end(), query_.begin());
}

void RowScan::checkBlock(const CodedBlock& block, std::size_t used) const {
  if (block.dimension() != dimension_) {
    reject("block: expected vectors of ", dimension_, block.dimension());
  }
  if (used > block.capacity()) reject("used: expected at most ", block.capacity(), used);
}

RowScan::Place RowScan::placeOf(const CodedBlock& block, std::size_t index, std::size_t used,
                                const std::uint64_t* mask) {
  const std::size_t first = index * block.segmentRows();
  return {&block, block.segment(index), first, std::min(used - first, block.segmentRows()),
          mask == nullptr ? nullptr : mask + first / kWordBits};
}

void RowScan::scan(const CodedBlock& block, std::size_t used, const std::uint64_t* mask,
                   NearRowSink& sink) {
  checkBlock(block, used);
  for (std::size_t index = 0; index * block.segmentRows() < used; ++index) {
    scanPlace(placeOf(block, index, used, mask), sink);
  }
  finishWaiting(sink);
  compareDue(block, sink);
}

void RowScan::scanPlace(const Place& place, NearRowSink& sink) {
  if (place.mask != nullptr) {
    pickMasked(place);
    if (picked_.size() * kSparse < place.count) {
      finishWaiting(sink);
      pickMasked(place);  // what waited may have picked its own rows
      gatherPicked(place, sink);
      return;
    }
  }
  counts_.scanned += place.mask == nullptr ? place.count : picked_.size();
  const bool coded = prepare(place, sink);
  if (coded) {
    near_.resize(place.block->segmentRows() / kWordBits);
    const CodedQuery& query = looks_[turn_].coded;
    kernels_.scan(place.segment.high, place.segment.marks, place.block->segmentRows(),
                  query.codes(), query.coarseTest(), near_.data());
  }
  const bool few = coded && pickNear(place);
  finishWaiting(sink);
  if (few) {
    waiting_ = true;
    turn_ = 1 - turn_;
  } else {
    compareAll(place, sink);
  }
}

/// Codes the query for a segment, when its codes may help.
bool RowScan::prepare(const Place& place, NearRowSink& sink) {
  const float bound = sink.bound();
  if (!place.segment.codes->coded || std::isinf(bound)) return false;
  if (plainAhead_ > 0) {
    --plainAhead_;
    return false;
  }
  CodedQuery& query = looks_[turn_].coded;
  return query.code(query_.data(), place.segment, kernels_) && query.setBound(bound);
}

/// From the rows that the codes of 4 bits leave to those that are near.
void RowScan::finish(Look& look, NearRowSink& sink) {
  if (refine(look)) {
    delay(look.place, look.near, sink);
  } else {
    compareAll(look.place, sink);
  }
}

void RowScan::finishWaiting(NearRowSink& sink) {
  if (!waiting_) return;
  waiting_ = false;
  finish(looks_[1 - turn_], sink);
}

/// Notes whether the codes were worth a look: `left` of so many rows are left.
bool RowScan::worthIt(std::size_t left, std::size_t of) {
  if (left <= of) {
    lastPlain_ = 0;
    return true;
  }
  lastPlain_ = std::min(2 * lastPlain_ + 1, kMostPlainAhead);
  plainAhead_ = lastPlain_;
  return false;
}

/// Picks the rows that the codes of 4 bits leave, and fetches what refine() will read of them.
bool RowScan::pickNear(const Place& place) {
  const SegmentView& segment = place.segment;
  Look& look = looks_[turn_];
  look.place = place;
  look.near.clear();
  for (std::size_t word = 0; word * kWordBits < place.count; ++word) {
    std::uint64_t bits = near_[word];
    if (segment.codes->loose > 0) bits |= segment.loose[word];
    if (place.mask != nullptr) bits &= place.mask[word];
    if (bits == 0) continue;
    pickBits(bits & segment.written[word] & usedBits(word, place.count), word, look.near);
  }
  counts_.refined += look.near.size();
  if (!worthIt(look.near.size(), place.count * kMostNearOf4 / 4)) return false;
  for (const std::uint32_t row : look.near) {
    fetch(segment.fineMarks + row);
    for (std::size_t i = 0; i < segment.low.stride; i += kChunkBytes) {
      fetch(segment.low.first + row * segment.low.stride + i);
    }
  }
  return true;
}

/// Drops the near rows that the codes of 8 bits rule out.
bool RowScan::refine(Look& look) {
  const SegmentView& segment = look.place.segment;
  const CodedQuery& query = look.coded;
  const std::size_t count = look.near.size();
  highDots_.resize(count);
  lowDots_.resize(count);
  kernels_.dotsOf(segment.high, look.near.data(), count, query.codes(), highDots_.data());
  kernels_.dotsOf(segment.low, look.near.data(), count, query.codes(), lowDots_.data());
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t row = look.near[i];
    if (query.mayBeNear(16 * highDots_[i] + lowDots_[i], segment.fineMarks[row])) {
      look.near[left++] = row;
    }
  }
  look.near.resize(left);
  return worthIt(left, look.place.count * kMostRefinedOf4 / 4);
}

void RowScan::pickMasked(const Place& place) {
  picked_.clear();
  for (std::size_t word = 0; word * kWordBits < place.count; ++word) {
    pickBits(place.mask[word] & usedBits(word, place.count), word, picked_);
  }
}

/// Leaves rows to compareDue(), which comes soon: their vectors are on their way then.
void RowScan::delay(const Place& place, const std::vector<std::uint32_t>& rows, NearRowSink& sink) {
  const FloatRows vectors = place.segment.vectors;
  for (const std::uint32_t row : rows) {
    const float* const vector = vectors.first + row * vectors.stride;
    for (std::size_t i = 0; i < vectors.stride; i += kLineFloats) {
      fetch(vector + i);
    }
    due_.push_back(static_cast<std::uint32_t>(place.first + row));
  }
  if (due_.size() >= kBatch) compareDue(*place.block, sink);
}

/// Compares the rows that are due, in f32.
void RowScan::compareDue(const CodedBlock& block, NearRowSink& sink) {
  counts_.reranked += due_.size();
  float squared[kBatch];
  for (std::size_t start = 0; start < due_.size(); start += kBatch) {
    const std::size_t count = std::min(due_.size() - start, kBatch);
    const std::uint32_t* const rows = due_.data() + start;
    kernels_.distancesOf(query_.data(), block.segment(0).vectors, rows, count, squared);
    for (std::size_t i = 0; i < count; ++i) {
      if (squared[i] <= sink.bound() && block.isWritten(rows[i])) sink.take(rows[i], squared[i]);
    }
  }
  due_.clear();
}

void RowScan::compareAll(const Place& place, NearRowSink& sink) {
  if (place.mask != nullptr) {
    pickMasked(place);
    if (picked_.size() * 2 < place.count) {
      delay(place, picked_, sink);
      return;
    }
  }
  compareDue(*place.block, sink);  // rows are taken in ascending order
  ++counts_.plainSegments;
  counts_.reranked += place.count;
  const FloatRows vectors = place.segment.vectors;
  float squared[kBatch];
  for (std::size_t start = 0; start < place.count; start += kBatch) {
    const std::size_t count = std::min(place.count - start, kBatch);
    kernels_.distances(query_.data(), {vectors.first + start * vectors.stride, vectors.stride},
                       count, squared);
    const std::size_t word = start / kWordBits;
    const std::uint64_t wanted = place.segment.written[word] &
                                 (place.mask == nullptr ? ~std::uint64_t{0} : place.mask[word]);
    float bound = sink.bound();
    for (std::size_t i = 0; i < count; ++i) {
      if (squared[i] > bound || (wanted >> i & 1) == 0) continue;
      sink.take(static_cast<std::uint32_t>(place.first + start + i), squared[i]);
      bound = sink.bound();
    }
  }
}

void RowScan::gather(const CodedBlock& block, Span<const std::uint32_t> rows, NearRowSink& sink) {
  checkBlock(block, 0);
  for (const std::uint32_t row : rows) {
    if (row >= block.capacity()) reject("row: expected one of ", block.capacity(), row);
  }
  const std::size_t segmentRows = block.segmentRows();
  if (rows.size() < kLeastGathered * (block.capacity() / segmentRows)) {
    counts_.scanned += rows.size();
    due_.assign(rows.begin(), rows.end());
    compareDue(block, sink);
    return;
  }
  const auto runFrom = [&](std::size_t start) {  // the rows of one segment
    std::size_t end = start;
    while (end < rows.size() && rows[end] / segmentRows == rows[start] / segmentRows) ++end;
    return rows.subspan(start, end - start);
  };
  Span<const std::uint32_t> run = runFrom(0);
  fetchCodes(block, run);
  for (std::size_t end = run.size(); !run.empty();) {
    const Span<const std::uint32_t> next = runFrom(end);
    fetchCodes(block, next);
    const Place place = placeOf(block, run[0] / segmentRows, block.capacity(), nullptr);
    picked_.clear();
    for (const std::uint32_t row : run) {
      picked_.push_back(static_cast<std::uint32_t>(row - place.first));
    }
    gatherPicked(place, sink);
    end += next.size();
    run = next;
  }
  compareDue(block, sink);
}

/// Fetches what gatherPicked() will read of rows of one segment.
void RowScan::fetchCodes(const CodedBlock& block, Span<const std::uint32_t> rows) {
  if (rows.empty()) return;
  const std::size_t segmentRows = block.segmentRows();
  const SegmentView segment = block.segment(rows[0] / segmentRows);
  for (std::size_t i = 0; i < segment.vectors.stride; i += kLineFloats) {
    fetch(segment.mean + i);
  }
  for (const std::uint32_t row : rows) {
    const std::size_t at = row % segmentRows;
    fetch(segment.marks + at);
    fetch(segment.high.first + at * segment.high.stride);
  }
}

/// Considers the picked rows of a segment.
void RowScan::gatherPicked(const Place& place, NearRowSink& sink) {
  const SegmentView& segment = place.segment;
  const std::size_t count = picked_.size();
  counts_.scanned += count;
  if (count >= kLeastGathered && prepare(place, sink)) {
    highDots_.resize(count);
    kernels_.dotsOf(segment.high, picked_.data(), count, looks_[turn_].coded.codes(),
                    highDots_.data());
    const NearTest test = looks_[turn_].coded.coarseTest();
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = picked_[i];
      const RowMark mark = segment.marks[row];
      const float least = static_cast<float>(mark.bias) * test.biasFactor +
                          (test.offset - static_cast<float>(mark.error) * test.errorFactor);
      const bool loose = (segment.loose[row / kWordBits] >> (row % kWordBits) & 1) != 0;
      if (loose || static_cast<float>(highDots_[i]) >= least) picked_[left++] = row;
    }
    // What was dropped is dropped: all that is left is compared, whatever it is worth.
    counts_.refined += left;
    picked_.resize(left);
    worthIt(left, count * kMostNearOf4 / 4);
  }
  delay(place, picked_, sink);
}

}  // namespace countenance
