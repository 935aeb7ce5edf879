#include "index/named_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "check.h"
#include "folder.h"

namespace {

using countenance::CancelToken;
using countenance::ErrorCode;
using countenance::IdList;
using countenance::IndexFormat;
using countenance::Metric;
using countenance::NamedHits;
using countenance::NamedIndex;
using countenance::NamedQuery;
using countenance::test::Folder;
using Vector = std::vector<float>;

IdList integers(std::vector<std::int64_t> ids) { return IdList::ofIntegers(std::move(ids)); }

IdList texts(const std::vector<std::string>& list) {
  IdList ids(IdList::Kind::kTexts);
  for (const std::string& text : list) ids.append(text);
  return ids;
}

void add(NamedIndex& index, const IdList& ids, Vector vectors) {
  index.add(ids, std::move(vectors), CancelToken());
}

NamedHits find(const NamedIndex& index, Vector query, std::size_t k = 10) {
  NamedQuery wanted;
  wanted.k = k;
  return index.search(std::move(query), wanted, CancelToken());
}

std::vector<std::string> names(const NamedHits& hits) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < hits.ids.size(); ++i) list.emplace_back(hits.ids.text(i));
  return list;
}

Vector randomVectors(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Vector values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

}  // namespace

TEST("cosine is exact to 1e-6, from nearly equal to opposite directions of any length") {
  constexpr std::size_t dimension = 32;
  NamedIndex index(dimension, Metric::kCosine);
  const Vector query = randomVectors(dimension, 1);
  const Vector noise = randomVectors(dimension, 2);
  for (int step = 0; step <= 40; ++step) {
    const double turn = 3.14159265358979 * step * step / 1600;
    const double length = std::pow(10, step % 9 - 4);
    Vector vector(dimension);
    for (std::size_t i = 0; i < dimension; ++i) {
      vector[i] =
          static_cast<float>(length * (std::cos(turn) * query[i] + std::sin(turn) * noise[i]));
    }
    add(index, integers({step}), vector);
    double dot = 0;
    double ofQuery = 0;
    double ofVector = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      dot += static_cast<double>(query[i]) * vector[i];
      ofQuery += static_cast<double>(query[i]) * query[i];
      ofVector += static_cast<double>(vector[i]) * vector[i];
    }
    NamedQuery wanted;
    wanted.candidates = integers({step});
    const NamedHits hits = index.search(query, wanted, CancelToken());
    CHECK(hits.distances.size() == 1);
    CHECK(std::abs(hits.distances[0] - (1 - dot / std::sqrt(ofQuery * ofVector))) < 1e-6);
    CHECK(hits.distances[0] >= 0 && hits.distances[0] <= 2);
  }
}

TEST("a normalised vector that comes back from a file and is added again keeps its bits") {
  const Folder folder;
  NamedIndex index(3, Metric::kCosine);
  add(index, integers({1, 2}), {1, 2, 3, -0.1F, 0.7F, 1e-3F});
  for (const IndexFormat format : {IndexFormat::kCountenance, IndexFormat::kFaiss}) {
    index.save(folder / "first", format, CancelToken());
    NamedIndex other(3, Metric::kCosine);
    other.load(folder / "first", format, CancelToken());
    other.save(folder / "second", format, CancelToken());
    std::ifstream first(folder / "first");
    std::ifstream second(folder / "second");
    CHECK(std::equal(std::istreambuf_iterator<char>(first), {},
                     std::istreambuf_iterator<char>(second), {}));
  }
}

TEST("an addition that is refused leaves no id behind") {
  NamedIndex index(1, Metric::kL2);
  add(index, texts({"a"}), {1});
  CHECK_ERROR(ErrorCode::kInvalidArgument, add(index, texts({"b", "c", "b"}), {1, 2, 3}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, add(index, texts({"b"}), {NAN}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, add(index, texts({"b"}), {1, 2}));
  CHECK(!index.has(texts({"b"})) && index.size() == 1);
  add(index, texts({"b"}), {1});
  CHECK(names(find(index, {1})) == (std::vector<std::string>{"a", "b"}));
}

TEST("a load that fails leaves everything as it was, one that works replaces it") {
  const Folder folder;
  NamedIndex strings(2, Metric::kL2);
  add(strings, texts({"a", "b"}), {0, 0, 1, 1});
  strings.save(folder / "strings", IndexFormat::kCountenance, CancelToken());
  NamedIndex index(2, Metric::kL2);
  add(index, integers({5}), {3, 3});
  for (const char* const other :
       {"test/golden/faiss-flat-l2.bin", "test/golden/model-file-v1.bin"}) {
    CHECK_ERROR(ErrorCode::kStoreCorrupt,
                index.load(other, IndexFormat::kCountenance, CancelToken()));
  }
  CHECK_ERROR(ErrorCode::kInvalidArgument,  // its dimension is 4
              index.load("test/golden/faiss-flat-l2.bin", IndexFormat::kFaiss, CancelToken()));
  CHECK_ERROR(ErrorCode::kInvalidArgument,  // its metric is cosine
              index.load("test/golden/vector-index-v1-integers.bin", IndexFormat::kCountenance,
                         CancelToken()));
  const CancelToken cancelled;
  cancelled.cancel();
  CHECK_ERROR(ErrorCode::kAborted,
              index.load(folder / "strings", IndexFormat::kCountenance, cancelled));
  CHECK(find(index, {3, 3}).ids.integers() == (std::vector<std::int64_t>{5}));
  index.load(folder / "strings", IndexFormat::kCountenance, CancelToken());
  CHECK(names(find(index, {1, 1})) == (std::vector<std::string>{"b", "a"}));
}

TEST("a cosine index takes only vectors of length 1 from a file") {
  NamedIndex index(2, Metric::kCosine);
  // The golden file's vectors are of any length: no index of ours wrote it.
  CHECK_ERROR(ErrorCode::kStoreCorrupt, index.load("test/golden/vector-index-v1-integers.bin",
                                                   IndexFormat::kCountenance, CancelToken()));
  NamedIndex unit(4, Metric::kCosine);
  unit.load("test/golden/faiss-idmap-ip.bin", IndexFormat::kFaiss, CancelToken());
  const NamedHits hits = find(unit, {0, 0, 0, 2});
  CHECK(hits.ids.integers() == (std::vector<std::int64_t>{IdList::kMaxInteger, 0, 7}));
  CHECK(std::abs(hits.distances[0] - 0.2) < 1e-6);
}

TEST("string ids come and go by the thousand without growing the index") {
  NamedIndex index(1, Metric::kL2);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> list;
    for (int i = 0; i < 200; ++i) list.push_back(std::to_string(round * 200 + i));
    add(index, texts(list), Vector(200, static_cast<float>(round)));
    CHECK(names(find(index, {static_cast<float>(round)}, 1)).front() == list.front());
    CHECK(index.remove(texts(list), CancelToken()) == 200);
  }
  CHECK(index.size() == 0);
}

TEST("searches name what they find while ids are added, removed, compacted, saved and loaded") {
  const Folder folder;
  const std::string path = folder / "file";
  NamedIndex index(4, Metric::kL2);
  add(index, texts({"always"}), {9, 9, 9, 9});
  index.save(path, IndexFormat::kCountenance, CancelToken());
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        const std::vector<std::string> found = names(find(index, {0, 0, 0, 0}, 1000));
        const std::set<std::string> distinct(found.begin(), found.end());
        if (distinct.size() != found.size() || distinct.count("always") != 1) ++wrong;
        if (found.size() != 1 && found.size() != 301) ++wrong;
      }
    });
  }
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> list;
    for (int i = 0; i < 300; ++i) list.push_back(std::to_string(round) + "-" + std::to_string(i));
    add(index, texts(list), Vector(1200, 0.5F));
    if (round % 4 == 3) {
      index.load(path, IndexFormat::kCountenance, CancelToken());
    } else {
      index.remove(texts(list), CancelToken());
      index.save(path, IndexFormat::kCountenance, CancelToken());
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(index.size() == 1);
}

TEST_MAIN()
