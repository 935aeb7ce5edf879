#include "index/index_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "core/error.h"
#include "index/input_file.h"
#include "index/replaced_file.h"
#include "index/vector_index.h"
#include "index/xxh64.h"

namespace countenance {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "index files are written as memory is");

constexpr std::array<char, 8> kMagic = {'C', 'N', 'T', 'N', 'V', 'I', 'D', 'X'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kIntegers = 0;
constexpr std::uint32_t kTexts = 1;
constexpr std::size_t kAlignment = 64;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t dimension = 0;
  std::uint32_t metric = 0;
  std::uint32_t ids = kIntegers;
  std::uint64_t count = 0;
  std::uint64_t idBytes = 0;
  std::uint64_t fileBytes = 0;
  std::uint64_t zero = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Header) == 64, "the header has no gaps");

std::uint64_t checksumOf(const Header& header) {
  Xxh64 hash;
  hash.take(&header, offsetof(Header, checksum));
  return hash.value();
}

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorCode::kStoreCorrupt, "index file: " + what);
}

std::size_t paddingAfter(std::uint64_t idBytes) {
  return static_cast<std::size_t>((kAlignment - idBytes % kAlignment) % kAlignment);
}

/// Of the whole file; false when no file is that long.
bool fileBytesOf(const Header& header, std::uint64_t& bytes) {
  std::uint64_t vectors = 0;
  return !__builtin_mul_overflow(header.count, header.dimension * sizeof(float), &vectors) &&
         !__builtin_add_overflow(header.idBytes, paddingAfter(header.idBytes), &bytes) &&
         !__builtin_add_overflow(bytes, vectors, &bytes) &&
         !__builtin_add_overflow(bytes, sizeof(Header) + sizeof(std::uint64_t), &bytes);
}

/// A file that hashes what passes.
class Output final {
 public:
  explicit Output(const std::string& path) : file_(path) {}

  void write(const void* data, std::size_t count) {
    hash_.take(data, count);
    file_.write(data, count);
  }
  void finish() {
    const std::uint64_t checksum = hash_.value();
    file_.write(&checksum, sizeof(checksum));
    file_.commit();
  }

 private:
  ReplacedFile file_;
  Xxh64 hash_;
};

class Input final {
 public:
  explicit Input(const std::string& path) : file_(path) {}

  void read(void* data, std::size_t count) {
    file_.read(data, count);
    hash_.take(data, count);
  }
  std::uint64_t size() const { return file_.size(); }
  void requireChecksum() {
    const std::uint64_t expected = hash_.value();
    if (file_.number<std::uint64_t>() != expected)
      corrupt("its checksum does not fit: it is damaged");
  }

 private:
  InputFile file_;
  Xxh64 hash_;
};

Header readHeader(Input& file) {
  Header header;
  if (file.size() < sizeof(Header) + sizeof(std::uint64_t))
    corrupt("expected one, got a shorter file");
  file.read(&header, sizeof(header));
  if (header.magic != kMagic) corrupt("expected one, got another kind of file");
  if (header.version != kVersion) {
    corrupt("expected version 1, got version " + std::to_string(header.version));
  }
  if (header.checksum != checksumOf(header)) corrupt("its header is damaged");
  if (header.dimension < 1 || header.dimension > VectorIndex::kMaxDimension || header.metric > 1 ||
      header.ids > kTexts || header.zero != 0) {
    corrupt("its header makes no sense");
  }
  const std::uint64_t leastIdBytes = header.ids == kTexts ? 5 : 8;  // a length and a byte
  std::uint64_t bytes = 0;
  if (!fileBytesOf(header, bytes) || bytes != header.fileBytes || bytes != file.size() ||
      header.idBytes / leastIdBytes < header.count ||
      (header.ids == kIntegers && header.idBytes != header.count * 8)) {
    corrupt("its sizes do not fit together, or to the file's: it is damaged or cut short");
  }
  return header;
}

IdList readIds(Input& file, const Header& header) {
  const auto count = static_cast<std::size_t>(header.count);
  if (header.ids == kIntegers) {
    std::vector<std::int64_t> integers(count);
    file.read(integers.data(), count * sizeof(std::int64_t));
    return IdList::ofIntegers(std::move(integers));
  }
  std::vector<std::uint32_t> lengths(count);
  file.read(lengths.data(), count * sizeof(std::uint32_t));
  std::string bytes(static_cast<std::size_t>(header.idBytes) - count * sizeof(std::uint32_t), '\0');
  file.read(bytes.data(), bytes.size());
  return IdList::ofTexts(std::move(bytes), lengths);
}

void skipPadding(Input& file, const Header& header) {
  std::array<char, kAlignment> zeros{};
  file.read(zeros.data(), paddingAfter(header.idBytes));
  if (std::any_of(zeros.begin(), zeros.end(), [](char byte) { return byte != 0; })) {
    corrupt("expected zeros between ids and vectors");
  }
}

/// What is wrong with a value of the file is wrong with the file.
template <typename Action>
void orCorrupt(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    corrupt(error.what());
  }
}

}  // namespace

void writeIndexFile(const std::string& path, const SavedIndex& index, const VectorSource& vectors,
                    const CancelToken& cancel) {
  const bool texts = index.ids.kind() == IdList::Kind::kTexts;
  const std::size_t count = index.ids.size();
  Header header;
  header.dimension = static_cast<std::uint32_t>(index.dimension);
  header.metric = static_cast<std::uint32_t>(index.metric);
  header.ids = texts ? kTexts : kIntegers;
  header.count = count;
  header.idBytes = texts ? count * sizeof(std::uint32_t) + index.ids.bytes().size() : count * 8;
  if (!fileBytesOf(header, header.fileBytes)) {
    throw Error(ErrorCode::kInternal, "the index is too large for a file");
  }
  header.checksum = checksumOf(header);
  Output file(path);
  file.write(&header, sizeof(header));
  if (texts) {
    std::vector<std::uint32_t> lengths(count);
    for (std::size_t i = 0; i < count; ++i) {
      lengths[i] = static_cast<std::uint32_t>(index.ids.text(i).size());
    }
    file.write(lengths.data(), count * sizeof(std::uint32_t));
    file.write(index.ids.bytes().data(), index.ids.bytes().size());
  } else {
    file.write(index.ids.integers().data(), count * sizeof(std::int64_t));
  }
  const std::array<char, kAlignment> zeros{};
  file.write(zeros.data(), paddingAfter(header.idBytes));
  const std::size_t piece = rowsPerPiece(index.dimension);
  std::vector<float> rows(std::min(piece, count) * index.dimension);
  for (std::size_t first = 0; first < count; first += piece) {
    cancel.check();
    const std::size_t floats = std::min(piece, count - first) * index.dimension;
    vectors(first, Span<float>(rows.data(), floats));
    file.write(rows.data(), floats * sizeof(float));
  }
  cancel.check();
  file.finish();
}

void readIndexFile(const std::string& path, SavedIndexTarget& target, const CancelToken& cancel) {
  Input file(path);
  const Header header = readHeader(file);
  target.begin(header.dimension, static_cast<Metric>(header.metric));
  orCorrupt([&] { target.takeIds(readIds(file, header)); });
  skipPadding(file, header);
  const std::size_t piece = rowsPerPiece(header.dimension);
  std::vector<float> vectors;
  for (std::uint64_t left = header.count; left > 0;) {
    cancel.check();
    const std::size_t rows = static_cast<std::size_t>(std::min<std::uint64_t>(piece, left));
    vectors.resize(rows * header.dimension);
    file.read(vectors.data(), vectors.size() * sizeof(float));
    orCorrupt([&] { target.takeVectors(vectors); });
    left -= rows;
  }
  file.requireChecksum();
}

}  // namespace countenance
