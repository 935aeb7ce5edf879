#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/span.h"
#include "index/coded_block.h"
#include "index/coded_query.h"
#include "index/scan_counts.h"

namespace countenance {

/// Takes what a scan finds and says how near a row must be.
class NearRowSink {
 public:
  virtual ~NearRowSink() = default;

  /// The largest squared distance that is still wanted; +inf while everything is. It may shrink
  /// with each row taken, and never grows within a scan.
  virtual float bound() const = 0;

  /// @param squared  As ScanKernels::distances defines it; +inf where it overflows.
  virtual void take(std::uint32_t row, float squared) = 0;
};

/// One query and its scratch memory. One thread at a time.
///
/// What is guaranteed of scan(), gather() and scanTogether(): every considered row whose squared
/// distance is at most the bound at the end is taken exactly once, rows equal to the bound
/// included, so that the sink can break ties; each taken row was at most the bound when it was
/// taken. A row that was never written, or was wiped, is not found. Rows are taken in ascending
/// order. The distances are the same bits on every CPU; the counts need not be. Where codes do not
/// help, a scan is a plain one of the vectors and a look at the codes of every eighth segment.
class RowScan final {
 public:
  /// @param query    [dimension], finite; copied.
  /// @param kernels  Any that run here; which ones never shows in what is found.
  explicit RowScan(Span<const float> query, const ScanKernels& kernels = bestScanKernels());

  /// Considers the rows [0, used).
  /// @param used  At most the block's capacity.
  /// @param mask  Null: all of them; else those whose bit is set, bit row % 64 of word row / 64;
  ///   (used + 63) / 64 words; borrowed for this call.
  /// @throws Error kInvalidArgument for a block of another dimension, and a `used` that is too
  /// large.
  void scan(const CodedBlock& block, std::size_t used, const std::uint64_t* mask,
            NearRowSink& sink);

  /// Considers some rows; by their codes or by their vectors, whichever is faster.
  /// @param rows  Ascending, each below the block's capacity; borrowed for this call.
  /// @throws Error kInvalidArgument as scan() does.
  void gather(const CodedBlock& block, Span<const std::uint32_t> rows, NearRowSink& sink);

  /// Since this object was made.
  const ScanCounts& counts() const { return counts_; }

 private:
  friend void scanTogether(Span<RowScan* const> scans, const CodedBlock& block, std::size_t used,
                           Span<NearRowSink* const> sinks);

  /// Some rows of a block, whose numbers begin at `first`: those of a segment, or all.
  struct Place {
    const CodedBlock* block;
    SegmentView segment;
    std::size_t first;
    std::size_t count;          // rows that are used
    const std::uint64_t* mask;  // null: all of them
  };

  /// The query as a segment's codes see it, and the segment's rows that they do not rule out.
  struct Look {
    CodedQuery coded;
    Place place{};
    std::vector<std::uint32_t> near;
  };

  void checkBlock(const CodedBlock& block, std::size_t used) const;
  static Place placeOf(const CodedBlock& block, std::size_t index, std::size_t used,
                       const std::uint64_t* mask);
  void scanPlace(const Place& place, NearRowSink& sink);
  void gatherPicked(const Place& place, NearRowSink& sink);
  bool prepare(const Place& place, NearRowSink& sink);
  bool pickNear(const Place& place);
  void finish(Look& look, NearRowSink& sink);
  void finishWaiting(NearRowSink& sink);
  bool refine(Look& look);
  bool worthIt(std::size_t left, std::size_t of);
  void pickMasked(const Place& place);
  void delay(const Place& place, const std::vector<std::uint32_t>& rows, NearRowSink& sink);
  void compareDue(const CodedBlock& block, NearRowSink& sink);
  static void fetchCodes(const CodedBlock& block, Span<const std::uint32_t> rows);
  void compareAll(const Place& place, NearRowSink& sink);

  const std::size_t dimension_;
  const ScanKernels& kernels_;
  std::vector<float> query_;  // [padded]
  // One for the segment that is being scanned, one that waits for its codes of 8 bits to come.
  std::vector<Look> looks_;
  std::size_t turn_ = 0;                // the first of them
  bool waiting_ = false;                // whether there is the other
  std::vector<std::uint64_t> near_;     // a bit per row of a segment
  std::vector<std::uint32_t> picked_;   // rows of a segment
  std::vector<std::uint32_t> due_;      // rows of the block, to be compared in f32
  std::vector<std::int32_t> highDots_;  // of the picked rows
  std::vector<std::int32_t> lowDots_;
  std::size_t plainAhead_ = 0;  // segments that are not worth a look at their codes
  std::size_t lastPlain_ = 0;   // how many there were the last time
  ScanCounts counts_;
};

/// scan() without a mask for several queries at once, which read each row of the block once.
/// @param scans  1..16, no two the same.
/// @param sinks  One for each scan, in the same order.
/// @throws Error kInvalidArgument as scan() does, and for another number of scans or sinks.
void scanTogether(Span<RowScan* const> scans, const CodedBlock& block, std::size_t used,
                  Span<NearRowSink* const> sinks);

}  // namespace countenance
