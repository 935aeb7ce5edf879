#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "core/checked.h"
#include "core/error.h"
#include "index/flat_index.h"
#include "index/index_arguments.h"
#include "index/nearest_groups.h"
#include "index/row_scan.h"

namespace countenance {
namespace {

constexpr std::size_t kGroupsPerStep = 4096;  // looked up in about 0.1 ms, then writers may pass
constexpr int kTries = 3;                     // before writers have to wait for all of them
constexpr std::size_t kGroupsAtOnce = 32;     // looked up side by side

/// Of what a scan finds, the versions of rows that are to be seen.
class VisibleRows final : public NearRowSink {
 public:
  VisibleRows(std::uint64_t sequence, const IndexQuery& query)
      : sequence_(sequence), nearest_(query.k, query.maxDistance) {}

  void enter(const RowBlock& block) { block_ = &block; }

  float bound() const override { return nearest_.bound(); }
  void take(std::uint32_t row, float squared) override {
    const RowVersion& version = block_->rows[row];
    if (version.visible(sequence_)) nearest_.offer({squared, version.key, version.group});
  }

  IndexHits hits(std::size_t compared, const ScanCounts& counts) const {
    IndexHits result;
    for (const NearestGroups::Entry& entry : nearest_.sorted()) {
      result.hits.push_back({entry.key, entry.group, std::sqrt(entry.squared)});
    }
    result.compared = compared;
    result.counts = counts;
    return result;
  }

 private:
  const std::uint64_t sequence_;
  const RowBlock* block_ = nullptr;
  NearestGroups nearest_;
};

}  // namespace

/// The index as it was at one sequence, for as long as this object lives, and the rows that a
/// restriction lets through.
class FlatIndex::View final {
 public:
  View(const FlatIndex& index, const IndexRestriction& restriction, const CancelToken& cancel)
      : index_(index), selection_(index.rows_.blockBits()) {
    try {
      resolve(restriction, cancel);
    } catch (...) {
      leave();
      throw;
    }
  }
  ~View() { leave(); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  std::uint64_t sequence() const { return *sequence_; }
  const RowStore::Blocks& blocks() const { return *blocks_; }
  const RowSelection& selection() const { return selection_; }
  std::size_t compared() const { return compared_; }

 private:
  using Lock = std::shared_lock<FairSharedMutex>;

  /// With the tables locked: whatever dies from now on stays where it is.
  void enter() {
    index_.requireSound();
    const std::uint64_t sequence = index_.sequence_;
    index_.running_.enter(sequence);
    sequence_ = sequence;
    blocks_ = index_.rows_.blocks();
  }

  void leave() {
    if (!sequence_) return;
    index_.running_.leave(*sequence_);
    sequence_.reset();
    blocks_.reset();
    index_.reclaim();
  }

  void resolve(const IndexRestriction& restriction, const CancelToken& cancel) {
    if (restriction.groups) {
      selection_.select(rowsOf(*restriction.groups, restriction.tag, cancel));
      compared_ = selection_.count();
      return;
    }
    const Lock tables(index_.tables_);
    enter();
    compared_ = index_.size_;
    if (!restriction.tag) return selection_.selectAll();
    const RowSet* const tagged = index_.groups_.rowsTagged(*restriction.tag);
    const std::size_t count = tagged == nullptr ? 0 : tagged->size();
    if (count != 0 && count == compared_) return selection_.selectAll();
    compared_ = count;
    if (tagged != nullptr) selection_.select(*tagged);
  }

  /// The rows of groups, of which there may be a million: a writer may pass in between, and then we
  /// begin again.
  std::vector<std::uint32_t> rowsOf(const std::vector<std::int64_t>& groups,
                                    const std::optional<std::int64_t>& tag,
                                    const CancelToken& cancel) {
    std::vector<std::uint32_t> rows;
    for (int tries = 0;; ++tries) {
      rows.clear();
      std::size_t next = 0;
      do {
        const Lock tables(index_.tables_);
        if (next == 0) enter();
        if (*sequence_ != index_.sequence_) break;
        const std::size_t step = tries < kTries ? kGroupsPerStep : groups.size();
        for (const std::size_t end = std::min(next + step, groups.size()); next < end;) {
          if (next % kGroupsPerStep == 0) cancel.check();
          const std::size_t count = std::min(kGroupsAtOnce, end - next);
          addRowsOf({&groups[next], count}, tag, rows);
          next += count;
        }
      } while (next < groups.size());
      if (next == groups.size()) return rows;
      leave();
    }
  }

  /// In rounds, each of which asks for the memory that the next one reads.
  void addRowsOf(Span<const std::int64_t> groups, const std::optional<std::int64_t>& tag,
                 std::vector<std::uint32_t>& rows) const {
    const GroupTable& table = index_.groups_;
    std::array<std::uint32_t, kGroupsAtOnce> firsts = {};
    for (const std::int64_t group : groups) table.prefetch(group);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const bool wanted = !tag || table.isTagged(groups[i], *tag);
      firsts[i] = wanted ? table.firstRow(groups[i]) : GroupTable::kNone;
      if (firsts[i] != GroupTable::kNone) table.prefetchRow(firsts[i]);
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::uint32_t row = firsts[i]; row != GroupTable::kNone; row = table.nextRow(row)) {
        rows.push_back(row);
      }
    }
  }

  const FlatIndex& index_;
  RowSelection selection_;
  std::optional<std::uint64_t> sequence_;  // while running_ knows of us
  std::shared_ptr<const RowStore::Blocks> blocks_;
  std::size_t compared_ = 0;
};

namespace {

using BlockLock = std::shared_lock<FairSharedMutex>;

/// One query through the selected rows.
void scanSelected(const RowStore::Blocks& blocks, const RowSelection& selection,
                  const CancelToken& cancel, RowScan& scan, VisibleRows& sink) {
  if (selection.all()) {
    for (const auto& block : blocks) {
      cancel.check();
      const BlockLock lock(block->mutex);
      sink.enter(*block);
      scan.scan(block->vectors, block->used, nullptr, sink);
    }
    return;
  }
  for (const RowSelection::Part& part : selection.parts()) {
    cancel.check();
    const RowBlock& block = *blocks[part.block];
    const BlockLock lock(block.mutex);
    sink.enter(block);
    if (part.masked) {
      scan.scan(block.vectors, block.used, selection.mask(part), sink);
    } else {
      scan.gather(block.vectors, selection.places(part), sink);
    }
  }
}

/// Up to kTogether queries through all rows.
void scanAllTogether(const RowStore::Blocks& blocks, Span<const IndexQuery> queries,
                     std::vector<RowScan>& scans, std::vector<VisibleRows>& sinks) {
  for (const auto& block : blocks) {
    std::array<RowScan*, VectorIndex::kTogether> running = {};
    std::array<NearRowSink*, VectorIndex::kTogether> taking = {};
    std::size_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      if (queries[i].cancel.cancelled()) continue;
      sinks[i].enter(*block);
      running[count] = &scans[i];
      taking[count++] = &sinks[i];
    }
    if (count == 0) return;
    const BlockLock lock(block->mutex);
    scanTogether({running.data(), count}, block->vectors, block->used, {taking.data(), count});
  }
}

}  // namespace

void FlatIndex::checkQuery(const IndexQuery& query) const {
  countenance::checkQuery(query, dimension_);
}

IndexHits FlatIndex::search(const IndexQuery& query, const IndexRestriction& restriction) const {
  checkQuery(query);
  const View view(*this, restriction, query.cancel);
  query.cancel.check();
  VisibleRows sink(view.sequence(), query);
  RowScan scan(query.vector);
  scanSelected(view.blocks(), view.selection(), query.cancel, scan, sink);
  return sink.hits(view.compared(), scan.counts());
}

std::vector<IndexHits> FlatIndex::searchTogether(Span<const IndexQuery> queries,
                                                 const IndexRestriction& restriction) const {
  for (const IndexQuery& query : queries) checkQuery(query);
  std::vector<IndexHits> results;
  results.reserve(queries.size());
  const View view(*this, restriction, CancelToken());
  for (std::size_t first = 0; first < queries.size(); first += kTogether) {
    const Span<const IndexQuery> some =
        queries.subspan(first, std::min(kTogether, queries.size() - first));
    std::vector<RowScan> scans;
    std::vector<VisibleRows> sinks;
    scans.reserve(some.size());
    sinks.reserve(some.size());
    for (const IndexQuery& query : some) {
      scans.emplace_back(query.vector);
      sinks.emplace_back(view.sequence(), query);
    }
    if (view.selection().all()) scanAllTogether(view.blocks(), some, scans, sinks);
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!view.selection().all() && !some[i].cancel.cancelled()) {
        scanSelected(view.blocks(), view.selection(), CancelToken(), scans[i], sinks[i]);
      }
      const bool wanted = !some[i].cancel.cancelled();
      results.push_back(wanted ? sinks[i].hits(view.compared(), scans[i].counts()) : IndexHits());
    }
  }
  return results;
}

std::vector<std::int64_t> FlatIndex::keys() const {
  const View view(*this, {}, CancelToken());
  std::vector<std::int64_t> keys;
  keys.reserve(view.compared());
  for (const auto& block : view.blocks()) {
    const BlockLock lock(block->mutex);
    for (std::size_t row = 0; row < block->used; ++row) {
      const RowVersion& version = block->rows[row];
      if (version.visible(view.sequence())) keys.push_back(version.key);
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void FlatIndex::copyVectors(Span<const std::int64_t> keys, Span<float> vectors) const {
  if (vectors.size() != checkedMul(keys.size(), dimension_)) {
    throw Error(ErrorCode::kInvalidArgument,
                "vectors: expected room for " + std::to_string(keys.size()) + " x " +
                    std::to_string(dimension_) + " values, got " + std::to_string(vectors.size()));
  }
  const View view(*this, {}, CancelToken());  // what dies from now on stays where it is
  std::vector<std::uint32_t> rows;
  for (std::size_t first = 0; first < keys.size(); first += rows.size()) {
    std::shared_ptr<const RowStore::Blocks> blocks;
    rows.assign(std::min(kGroupsPerStep, keys.size() - first), 0);
    {
      const std::shared_lock<FairSharedMutex> tables(tables_);
      blocks = rows_.blocks();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::uint32_t* const row = rowOf_.find(keys[first + i]);
        if (row == nullptr) {
          throw Error(ErrorCode::kInvalidArgument, "keys: expected keys that are there");
        }
        rows[i] = *row;
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const RowBlock& block = *(*blocks)[rows[i] >> rows_.blockBits()];
      const BlockLock lock(block.mutex);
      const float* const from = block.vectors.vector(rows[i] & (rows_.rowsPerBlock() - 1));
      std::copy_n(from, dimension_, vectors.data() + (first + i) * dimension_);
    }
  }
}

}  // namespace countenance
