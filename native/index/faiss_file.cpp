#include "index/faiss_file.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "index/input_file.h"
#include "index/replaced_file.h"
#include "index/vector_index.h"

namespace countenance {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "FAISS writes as memory is");

constexpr std::int32_t kInnerProduct = 0;
constexpr std::int32_t kL2 = 1;
constexpr std::int64_t kUnused = 1 << 20;  // what FAISS puts there
constexpr std::size_t kFourcc = 4;

struct Header {
  std::int32_t dimension = 0;
  std::int64_t count = 0;
  std::int32_t metric = kL2;
};

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorCode::kStoreCorrupt, "FAISS file: " + what);
}

// ---- Reading ------------------------------------------------------------------------------------

std::string readFourcc(InputFile& file) {
  if (file.left() < kFourcc) corrupt("expected one, got a shorter file");
  std::string fourcc(kFourcc, '\0');
  file.read(fourcc.data(), kFourcc);
  return fourcc;
}

bool isIdMap(const std::string& fourcc) { return fourcc == "IxMp" || fourcc == "IxM2"; }

bool isFlat(const std::string& fourcc) {
  return fourcc == "IxF2" || fourcc == "IxFI" || fourcc == "IxFl";
}

Header readHeader(InputFile& file) {
  Header header;
  header.dimension = file.number<std::int32_t>();
  header.count = file.number<std::int64_t>();
  (void)file.number<std::int64_t>();
  (void)file.number<std::int64_t>();
  (void)file.number<std::uint8_t>();  // whether it is trained: a flat index needs no training
  header.metric = file.number<std::int32_t>();
  if (header.dimension < 1 || header.count < 0) corrupt("its header is damaged");
  if (header.dimension > static_cast<std::int32_t>(VectorIndex::kMaxDimension)) {
    throw Error(ErrorCode::kInvalidArgument,
                "FAISS file: expected a dimension of at most 4096, got " +
                    std::to_string(header.dimension));
  }
  if (header.metric != kInnerProduct && header.metric != kL2) {
    throw Error(ErrorCode::kInvalidArgument,
                "FAISS file: expected the metric L2 or inner product, got metric " +
                    std::to_string(header.metric));
  }
  return header;
}

/// Reads the number of floats that comes before the vectors, and checks all sizes against the file.
void requireVectors(InputFile& file, const Header& header) {
  const auto floats = file.number<std::uint64_t>();
  std::uint64_t expected = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(header.count),
                             static_cast<std::uint64_t>(header.dimension), &expected) ||
      floats != expected || floats > file.left() / sizeof(float)) {
    corrupt("its sizes do not fit together, or to the file's: it is damaged or cut short");
  }
}

IdList numbered(std::int64_t count) {
  std::vector<std::int64_t> integers(static_cast<std::size_t>(count));
  std::iota(integers.begin(), integers.end(), 0);
  return IdList::ofIntegers(std::move(integers));
}

/// The ids of an id map, which come after its vectors.
IdList readIds(const InputFile& file, const Header& header) {
  const auto count = static_cast<std::size_t>(header.count);
  const std::uint64_t vectorBytes =
      static_cast<std::uint64_t>(header.count) * static_cast<std::uint64_t>(header.dimension) * 4;
  std::uint64_t told = 0;
  const std::uint64_t left = file.left() - vectorBytes;
  if (left < sizeof(told)) corrupt("the ids are missing: it is cut short");
  file.readAt(file.position() + vectorBytes, &told, sizeof(told));
  if (told != count || (left - sizeof(told)) / sizeof(std::int64_t) < count) {
    corrupt("expected one id of each vector: it is damaged or cut short");
  }
  std::vector<std::int64_t> integers(count);
  file.readAt(file.position() + vectorBytes + sizeof(told), integers.data(),
              count * sizeof(std::int64_t));
  return IdList::ofIntegers(std::move(integers));
}

// ---- Writing ------------------------------------------------------------------------------------

class Output final {
 public:
  explicit Output(const std::string& path) : file_(path) {}

  template <typename T>
  void number(T value) {
    file_.write(&value, sizeof(value));
  }
  void start(std::string_view fourcc, const Header& header) {
    file_.write(fourcc.data(), fourcc.size());
    number(header.dimension);
    number(header.count);
    number(kUnused);
    number(kUnused);
    number(std::uint8_t{1});
    number(header.metric);
  }
  ReplacedFile& file() { return file_; }

 private:
  ReplacedFile file_;
};

bool areNumbered(const std::vector<std::int64_t>& integers) {
  for (std::size_t i = 0; i < integers.size(); ++i) {
    if (integers[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

void writeFaissFile(const std::string& path, const SavedIndex& index, const VectorSource& vectors,
                    const CancelToken& cancel) {
  const std::size_t count = index.ids.size();
  if (index.ids.kind() == IdList::Kind::kTexts && count > 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "format: FAISS files hold integer ids, got an index of strings");
  }
  Header header;
  header.dimension = static_cast<std::int32_t>(index.dimension);
  header.count = static_cast<std::int64_t>(count);
  header.metric = index.metric == Metric::kL2 ? kL2 : kInnerProduct;
  const bool mapped = !areNumbered(index.ids.integers());
  Output file(path);
  if (mapped) file.start("IxMp", header);
  file.start(index.metric == Metric::kL2 ? "IxF2" : "IxFI", header);
  file.number(static_cast<std::uint64_t>(count) * index.dimension);
  const std::size_t piece = rowsPerPiece(index.dimension);
  std::vector<float> rows(std::min(piece, count) * index.dimension);
  for (std::size_t first = 0; first < count; first += piece) {
    cancel.check();
    const std::size_t floats = std::min(piece, count - first) * index.dimension;
    vectors(first, Span<float>(rows.data(), floats));
    file.file().write(rows.data(), floats * sizeof(float));
  }
  if (mapped) {
    file.number(static_cast<std::uint64_t>(count));
    file.file().write(index.ids.integers().data(), count * sizeof(std::int64_t));
  }
  cancel.check();
  file.file().commit();
}

void readFaissFile(const std::string& path, SavedIndexTarget& target, const CancelToken& cancel) {
  InputFile file(path);
  std::string fourcc = readFourcc(file);
  const bool mapped = isIdMap(fourcc);
  Header outer;
  if (mapped) {
    outer = readHeader(file);
    fourcc = readFourcc(file);
  }
  if (!isFlat(fourcc)) {
    corrupt("expected a flat index (IxF2, IxFI), or an id map (IxMp) of one, got another file");
  }
  const Header header = readHeader(file);
  if (mapped && (outer.dimension != header.dimension || outer.count != header.count ||
                 outer.metric != header.metric)) {
    corrupt("the id map and its index do not fit together: it is damaged");
  }
  requireVectors(file, header);
  const auto dimension = static_cast<std::size_t>(header.dimension);
  target.begin(dimension, header.metric == kL2 ? Metric::kL2 : Metric::kCosine);
  target.takeIds(mapped ? readIds(file, header) : numbered(header.count));
  const std::size_t piece = rowsPerPiece(dimension);
  std::vector<float> vectors;
  for (auto left = static_cast<std::size_t>(header.count); left > 0;) {
    cancel.check();
    const std::size_t rows = std::min(piece, left);
    vectors.resize(rows * dimension);
    file.read(vectors.data(), vectors.size() * sizeof(float));
    target.takeVectors(vectors);
    left -= rows;
  }
  const std::uint64_t idBytes =
      mapped ? sizeof(std::uint64_t) + static_cast<std::uint64_t>(header.count) * 8 : 0;
  if (file.left() != idBytes) corrupt("expected its end, got more: it is damaged");
}

}  // namespace countenance
