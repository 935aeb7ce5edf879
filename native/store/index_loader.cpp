#include "store/index_loader.h"

#include <cstring>
#include <utility>

#include "core/error.h"
#include "store/index_feeder.h"

namespace countenance {
namespace {

constexpr std::size_t kRowsPerChunk = 4096;

/// Collects rows and hands them to the index in large pieces.
class Loader final {
 public:
  Loader(VectorIndex& index, const CancelToken& cancel)
      : dimension_(index.dimension()), cancel_(cancel), feeder_(index) {
    begin();
  }

  void addVector(const RowView& row) {
    const Span<const std::uint8_t> bytes = row.blob(2);
    if (bytes.size() != dimension_ * sizeof(float)) {
      throw Error(ErrorCode::kStoreCorrupt, "a vector in the database has " +
                                                std::to_string(bytes.size()) + " bytes, expected " +
                                                std::to_string(dimension_ * sizeof(float)));
    }
    changes_.addKeys.push_back(row.integer(0));
    changes_.addGroups.push_back(row.integer(1));
    const std::size_t start = changes_.addVectors.size();
    changes_.addVectors.resize(start + dimension_);
    std::memcpy(changes_.addVectors.data() + start, bytes.data(), bytes.size());
    feedWhenLarge();
  }

  void addTag(const RowView& row) {
    changes_.tag.push_back(row.integer(0));
    changes_.tag.push_back(row.integer(1));
    feedWhenLarge();
  }

  void finish() {
    feeder_.feed(std::move(changes_));
    feeder_.finish();
  }

 private:
  void begin() {
    changes_ = feeder_.empty();
    changes_.addKeys.reserve(kRowsPerChunk);
    changes_.addGroups.reserve(kRowsPerChunk);
    changes_.addVectors.reserve(kRowsPerChunk * dimension_);
  }

  void feedWhenLarge() {
    if (changes_.addKeys.size() + changes_.tag.size() / 2 < kRowsPerChunk) return;
    cancel_.check();
    feeder_.feed(std::move(changes_));
    begin();
  }

  const std::size_t dimension_;
  const CancelToken& cancel_;
  IndexFeeder feeder_;
  IndexChanges changes_;
};

void requireColumns(const RowView& row, int expected) {
  if (row.columns() != expected) {
    throw Error(ErrorCode::kInvalidArgument, "sql: expected " + std::to_string(expected) +
                                                 " columns, got " + std::to_string(row.columns()));
  }
}

}  // namespace

void loadIndex(Connection& connection, VectorIndex& index, const std::string& vectorsSql,
               const std::string& tagsSql, const CancelToken& cancel) {
  if (index.size() != 0) throw Error(ErrorCode::kInvalidArgument, "index: expected an empty one");
  connection.setCancel(&cancel);
  try {
    Loader loader(index, cancel);
    connection.scan(vectorsSql, [&](const RowView& row) {
      requireColumns(row, 3);
      loader.addVector(row);
    });
    connection.scan(tagsSql, [&](const RowView& row) {
      requireColumns(row, 2);
      loader.addTag(row);
    });
    cancel.check();
    loader.finish();
  } catch (...) {
    connection.setCancel(nullptr);
    index.clear();
    throw;
  }
  connection.setCancel(nullptr);
}

}  // namespace countenance
