#include "index/named_index.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include "core/checked.h"
#include "core/error.h"
#include "index/faiss_file.h"
#include "index/flat_index.h"
#include "index/index_file.h"
#include "index/unit_vectors.h"

namespace countenance {
namespace {

constexpr double kAnyLength = std::numeric_limits<double>::infinity();
constexpr double kNearlyUnit = 1e-3;  // who normalised in f32, or less well, meant length 1
// The index compares squares in f32: what it finds a little too far away is dropped afterwards.
constexpr double kLoosened = 1 + 1e-6;

[[noreturn]] void reject(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

/// The Euclidean limit that lets everything through that may be within `maxDistance`.
float euclideanLimit(Metric metric, double maxDistance) {
  if (!(maxDistance >= 0)) reject("maxDistance: expected a number of at least 0");
  if (std::isinf(maxDistance)) return std::numeric_limits<float>::infinity();
  const double euclidean =
      metric == Metric::kL2 ? maxDistance : std::sqrt(2 * std::min(maxDistance, 2.0));
  constexpr float largest = std::numeric_limits<float>::max();
  return static_cast<float>(std::min<double>(euclidean * kLoosened, largest));
}

double reported(Metric metric, float euclidean) {
  const double distance = euclidean;
  return metric == Metric::kL2 ? distance : std::min(distance * distance / 2, 2.0);
}

void requireDistinct(std::vector<std::int64_t> keys) {
  const auto notAscending = [](std::int64_t a, std::int64_t b) { return a >= b; };
  if (std::adjacent_find(keys.begin(), keys.end(), notAscending) == keys.end()) return;
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    reject("ids: expected each id once, got one twice");
  }
}

std::vector<std::int64_t> keysOfIntegers(const IdList& ids) {
  std::vector<std::int64_t> keys = ids.integers();
  for (std::int64_t& key : keys) ++key;
  return keys;
}

}  // namespace

NamedIndex::NamedIndex(std::size_t dimension, Metric metric)
    : dimension_(dimension), metric_(metric), contents_(emptyContents(IdList::Kind::kIntegers)) {}

NamedContents NamedIndex::emptyContents(IdList::Kind kind) const {
  return {std::make_shared<FlatIndex>(dimension_), kind,
          kind == IdList::Kind::kTexts ? std::make_shared<IdTable>() : nullptr};
}

NamedContents NamedIndex::contents() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return contents_;
}

void NamedIndex::replaceContents(NamedContents contents) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::swap(contents_, contents);
}

std::size_t NamedIndex::size() const { return contents().vectors->size(); }

/// 0 for ids that are not there, unless they are integers: those the index looks up itself.
std::vector<std::int64_t> NamedIndex::keysOf(const NamedContents& contents, const IdList& ids) {
  if (ids.kind() != contents.kind) {
    if (ids.size() > 0 && contents.vectors->size() > 0) {
      const bool texts = contents.kind == IdList::Kind::kTexts;
      reject(texts ? "ids: expected strings, as those of this index, got integers"
                   : "ids: expected integers, as those of this index, got strings");
    }
    return std::vector<std::int64_t>(ids.size());
  }
  return contents.texts ? contents.texts->find(ids) : keysOfIntegers(ids);
}

bool NamedIndex::has(const IdList& ids) const {
  const NamedContents now = contents();
  const std::vector<std::int64_t> keys = keysOf(now, ids);
  return std::all_of(keys.begin(), keys.end(),
                     [&now](std::int64_t key) { return key != 0 && now.vectors->contains(key); });
}

void NamedIndex::add(const IdList& ids, std::vector<float> vectors, const CancelToken& cancel) {
  if (vectors.size() != checkedMul(ids.size(), dimension_)) {
    reject("vectors: expected " + std::to_string(ids.size()) + " x " + std::to_string(dimension_) +
           " values, got " + std::to_string(vectors.size()));
  }
  if (ids.size() == 0) return;
  if (metric_ == Metric::kCosine) makeUnit(vectors, dimension_, kAnyLength);
  const std::lock_guard<std::mutex> changing(changing_);
  cancel.check();
  NamedContents now = contents();
  if (now.kind != ids.kind()) {
    keysOf(now, ids);  // throws unless the index is empty
    now = emptyContents(ids.kind());
    replaceContents(now);
  }
  std::vector<std::int64_t> fresh;
  try {
    IndexChanges changes;
    if (now.texts) {
      IdTable::Added added = now.texts->add(ids);
      fresh = std::move(added.fresh);
      changes.addKeys = std::move(added.keys);
    } else {
      changes.addKeys = keysOfIntegers(ids);
    }
    requireDistinct(changes.addKeys);
    changes.addGroups = changes.addKeys;
    changes.addVectors = std::move(vectors);
    now.vectors->apply(changes);
  } catch (...) {
    if (now.texts) now.texts->remove(fresh);
    compactTexts();
    throw;
  }
}

std::size_t NamedIndex::remove(const IdList& ids, const CancelToken& cancel) {
  const std::lock_guard<std::mutex> changing(changing_);
  cancel.check();
  const NamedContents now = contents();
  IndexChanges changes;
  changes.remove = keysOf(now, ids);
  std::vector<std::int64_t>& keys = changes.remove;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  keys.erase(
      std::remove_if(keys.begin(), keys.end(),
                     [&now](std::int64_t key) { return key == 0 || !now.vectors->contains(key); }),
      keys.end());
  if (keys.empty()) return 0;
  now.vectors->apply(changes);
  if (now.texts) now.texts->remove(keys);
  compactTexts();
  return keys.size();
}

/// Searches under way keep the old table, from which they find the way to this one.
void NamedIndex::compactTexts() {
  NamedContents now = contents();
  if (!now.texts || !now.texts->wantsCompaction()) return;
  now.texts = now.texts->compacted();
  replaceContents(now);
}

QueuedSearch NamedIndex::searchOf(const NamedContents& contents, std::vector<float> queries,
                                  const NamedQuery& wanted) const {
  if (queries.empty() || queries.size() % dimension_ != 0) {
    reject("vector: expected " + std::to_string(dimension_) + " values each, got " +
           std::to_string(queries.size()) + " in all");
  }
  if (metric_ == Metric::kCosine) makeUnit(queries, dimension_, kAnyLength);
  QueuedSearch search;
  search.index = contents.vectors;
  search.vectors = std::move(queries);
  search.k = wanted.k;
  search.maxDistance = euclideanLimit(metric_, wanted.maxDistance);
  if (wanted.candidates) {
    std::vector<std::int64_t> keys = keysOf(contents, *wanted.candidates);
    keys.erase(std::remove(keys.begin(), keys.end(), 0), keys.end());
    search.restriction.groups = std::move(keys);
  }
  return search;
}

NamedHits NamedIndex::search(std::vector<float> queries, const NamedQuery& wanted,
                             const CancelToken& cancel) const {
  const NamedContents now = contents();
  const QueuedSearch search = searchOf(now, std::move(queries), wanted);
  std::vector<IndexHits> found;
  std::vector<IndexQuery> together;
  for (std::size_t start = 0; start < search.vectors.size();) {
    together.clear();
    for (; start < search.vectors.size() && together.size() < VectorIndex::kTogether;
         start += dimension_) {
      together.push_back(
          {{search.vectors.data() + start, dimension_}, search.k, search.maxDistance, cancel});
    }
    std::vector<IndexHits> answers = now.vectors->searchTogether(together, search.restriction);
    cancel.check();  // searchTogether() answers a cancelled query with nothing
    std::move(answers.begin(), answers.end(), std::back_inserter(found));
  }
  return name(now, found, wanted.maxDistance);
}

NamedHits NamedIndex::name(const NamedContents& contents, const std::vector<IndexHits>& found,
                           double maxDistance) const {
  NamedHits named{IdList(contents.kind), {}, {}};
  std::vector<std::int64_t> keys;
  for (const IndexHits& answer : found) {
    const std::size_t before = keys.size();
    for (const IndexHit& hit : answer.hits) {
      const double distance = reported(metric_, hit.distance);
      if (distance > maxDistance) continue;
      keys.push_back(hit.key);
      named.distances.push_back(distance);
    }
    named.counts.push_back(static_cast<std::uint32_t>(keys.size() - before));
  }
  named.ids = idsOf(contents, keys);
  return named;
}

IdList NamedIndex::idsOf(const NamedContents& contents, const std::vector<std::int64_t>& keys) {
  IdList ids(contents.kind);
  std::string text;
  for (const std::int64_t key : keys) {
    if (!contents.texts) {
      ids.append(key - 1);
      continue;
    }
    // A key that appeared after a compaction is in a table that followed.
    std::shared_ptr<const IdTable> table = contents.texts;
    while (table && !table->text(key, text)) table = table->successor();
    if (!table) throw Error(ErrorCode::kInternal, "a vector of the index has no id");
    ids.append(text);
  }
  return ids;
}

void NamedIndex::save(const std::string& path, IndexFormat format,
                      const CancelToken& cancel) const {
  const std::lock_guard<std::mutex> changing(changing_);  // searches go on
  cancel.check();
  const NamedContents now = contents();
  const std::vector<std::int64_t> keys = now.vectors->keys();
  const SavedIndex saved{dimension_, metric_, idsOf(now, keys)};
  const auto source = [&](std::size_t first, Span<float> vectors) {
    now.vectors->copyVectors({keys.data() + first, vectors.size() / dimension_}, vectors);
  };
  format == IndexFormat::kFaiss ? writeFaissFile(path, saved, source, cancel)
                                : writeIndexFile(path, saved, source, cancel);
}

/// Fills contents that nobody sees yet.
class NamedIndex::Loading final : public SavedIndexTarget {
 public:
  explicit Loading(const NamedIndex& index) : index_(index) {}

  void begin(std::size_t dimension, Metric metric) override {
    if (dimension != index_.dimension_) {
      reject("path: expected a file of dimension " + std::to_string(index_.dimension_) + ", got " +
             std::to_string(dimension));
    }
    if (metric != index_.metric_) {
      const bool cosine = index_.metric_ == Metric::kCosine;
      reject(cosine ? "path: expected a file of metric cosine (inner product), got l2"
                    : "path: expected a file of metric l2, got cosine (inner product)");
    }
  }

  void takeIds(IdList ids) override {
    contents_ = index_.emptyContents(ids.kind());
    keys_ = contents_.texts ? contents_.texts->add(ids).keys : keysOfIntegers(ids);
    requireDistinct(keys_);
    contents_.vectors->reserve(keys_.size());
  }

  void takeVectors(std::vector<float>& vectors) override {
    const std::size_t rows = vectors.size() / index_.dimension_;
    if (index_.metric_ == Metric::kCosine) makeUnit(vectors, index_.dimension_, kNearlyUnit);
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(taken_);
    changes_.addKeys.assign(first, first + static_cast<std::ptrdiff_t>(rows));
    changes_.addGroups = changes_.addKeys;
    changes_.addVectors.swap(vectors);
    contents_.vectors->apply(changes_);
    changes_.addVectors.swap(vectors);
    taken_ += rows;
  }

  NamedContents contents() const { return contents_; }

 private:
  const NamedIndex& index_;
  NamedContents contents_;
  std::vector<std::int64_t> keys_;
  std::size_t taken_ = 0;
  IndexChanges changes_;  // kept for the memory of its arrays
};

void NamedIndex::load(const std::string& path, IndexFormat format, const CancelToken& cancel) {
  const std::lock_guard<std::mutex> changing(changing_);
  cancel.check();
  Loading loading(*this);
  format == IndexFormat::kFaiss ? readFaissFile(path, loading, cancel)
                                : readIndexFile(path, loading, cancel);
  replaceContents(loading.contents());
}

void NamedIndex::clear() {
  const std::lock_guard<std::mutex> changing(changing_);
  replaceContents(emptyContents(IdList::Kind::kIntegers));
}

}  // namespace countenance
