#include "index/index_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "check.h"
#include "folder.h"
#include "index/replaced_file.h"
#include "index/xxh64.h"
#include "read_target.h"

namespace {

using countenance::CancelToken;
using countenance::Error;
using countenance::ErrorCode;
using countenance::IdList;
using countenance::Metric;
using countenance::readIndexFile;
using countenance::ReplacedFile;
using countenance::SavedIndex;
using countenance::Span;
using countenance::writeIndexFile;
using countenance::Xxh64;
using countenance::test::Folder;

using Read = countenance::test::ReadTarget;

const std::vector<float> kVectors = {1.0F, -2.5F, 0.0F, 0.25F, 3.0F, 1e-20F};

/// The indexes of the golden files, three vectors of two values.
SavedIndex strings() { return {2, Metric::kL2, IdList::ofTexts("ada\xc3\xa9grace", {3, 2, 5})}; }
SavedIndex integers() {
  return {2, Metric::kCosine, IdList::ofIntegers({7, 0, IdList::kMaxInteger})};
}

void write(const std::string& path, const SavedIndex& index, const CancelToken& cancel = {}) {
  const auto source = [](std::size_t first, Span<float> vectors) {
    std::copy_n(kVectors.begin() + static_cast<std::ptrdiff_t>(first * 2), vectors.size(),
                vectors.begin());
  };
  writeIndexFile(path, index, source, cancel);
}

std::string bytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // ext4 waits for the disk when a file is emptied and written
  std::ofstream(path, std::ios::binary) << bytes;
}

Read read(const std::string& path) {
  Read target;
  readIndexFile(path, target, CancelToken());
  return target;
}

void checkStrings(const Read& found) {
  CHECK(found.dimension == 2 && found.metric == Metric::kL2);
  CHECK(found.ids.size() == 3 && found.ids.text(0) == "ada");
  CHECK(found.ids.text(1) == "\xc3\xa9" && found.ids.text(2) == "grace");
  CHECK(found.vectors == kVectors);
}

void checkIntegers(const Read& found) {
  CHECK(found.metric == Metric::kCosine);
  CHECK(found.ids.integers() == (std::vector<std::int64_t>{7, 0, IdList::kMaxInteger}));
  CHECK(found.vectors == kVectors);
}

}  // namespace

TEST("what was written is read, and the bytes are those of the released version") {
  const Folder folder;
  write(folder / "strings", strings());
  write(folder / "integers", integers());
  checkStrings(read(folder / "strings"));
  checkIntegers(read(folder / "integers"));
  CHECK(bytesOf(folder / "strings") == bytesOf("test/golden/vector-index-v1-strings.bin"));
  CHECK(bytesOf(folder / "integers") == bytesOf("test/golden/vector-index-v1-integers.bin"));
}

TEST("golden files of version 1 are read") {
  checkStrings(read("test/golden/vector-index-v1-strings.bin"));
  checkIntegers(read("test/golden/vector-index-v1-integers.bin"));
}

TEST("an empty index is a file too") {
  const Folder folder;
  write(folder / "empty", {5, Metric::kL2, IdList(IdList::Kind::kTexts)});
  const Read found = read(folder / "empty");
  CHECK(found.dimension == 5 && found.ids.size() == 0 && found.vectors.empty());
}

TEST("vectors go through in pieces, and the last piece is whole") {
  const Folder folder;
  constexpr std::size_t dimension = 4096;
  const std::size_t count = countenance::rowsPerPiece(dimension) * 2 + 3;
  IdList ids(IdList::Kind::kIntegers);
  for (std::size_t i = 0; i < count; ++i) ids.append(static_cast<std::int64_t>(i));
  const auto source = [&](std::size_t first, Span<float> vectors) {
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      vectors[i] = static_cast<float>(first + i / dimension);
    }
  };
  writeIndexFile(folder / "large", {dimension, Metric::kL2, ids}, source, CancelToken());
  const Read found = read(folder / "large");
  CHECK(found.vectors.size() == count * dimension);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(found.vectors[i * dimension] == static_cast<float>(i));
    CHECK(found.vectors[(i + 1) * dimension - 1] == static_cast<float>(i));
  }
}

TEST("a file cut short anywhere, or made longer, is corrupt") {
  const Folder folder;
  for (const SavedIndex& index : {strings(), integers()}) {
    write(folder / "whole", index);
    const std::string bytes = bytesOf(folder / "whole");
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      put(folder / "cut", bytes.substr(0, length));
      CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "cut"));
    }
    put(folder / "cut", bytes + '\0');
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "cut"));
  }
}

TEST("a flip of any bit is noticed") {
  const Folder folder;
  for (const SavedIndex& index : {strings(), integers()}) {
    write(folder / "whole", index);
    const std::string bytes = bytesOf(folder / "whole");
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      put(folder / "flipped", flipped);
      CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "flipped"));
    }
  }
}

TEST("a header that lies with a good checksum makes nobody allocate what the file has not") {
  const Folder folder;
  write(folder / "whole", strings());
  const std::string bytes = bytesOf(folder / "whole");
  const auto lie = [&](std::size_t offset, std::uint64_t value, std::size_t size) {
    std::string lying = bytes;
    lying.replace(offset, size, reinterpret_cast<const char*>(&value), size);  // as bytes
    Xxh64 hash;
    hash.take(lying.data(), 56);
    const std::uint64_t checksum = hash.value();
    lying.replace(56, 8, reinterpret_cast<const char*>(&checksum), 8);  // as bytes
    put(folder / "lying", lying);
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "lying"));
  };
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{1} << 40,
                                   std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    lie(24, size, 8);  // count
    lie(32, size, 8);  // bytes of the ids
    lie(40, size, 8);  // bytes of the file
  }
  lie(8, 2, 4);            // version
  lie(12, 0, 4);           // dimension
  lie(12, 4097, 4);        // dimension
  lie(12, 0x80000000, 4);  // dimension
  lie(16, 2, 4);           // metric
  lie(20, 2, 4);           // ids
  lie(48, 1, 8);           // zero
}

TEST("ids that no index can have are corrupt, whatever the checksum says") {
  const Folder folder;
  IdList bad(IdList::Kind::kTexts);
  bad.append(std::string_view("\xff\xfe"));
  bad.append(std::string_view("b"));
  bad.append(std::string_view("c"));
  write(folder / "bad", {2, Metric::kL2, bad});
  CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "bad"));
  IdList negative(IdList::Kind::kIntegers);
  for (const std::int64_t id : {-1, 1, 2}) negative.append(id);
  write(folder / "bad", {2, Metric::kL2, negative});
  CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "bad"));
}

TEST("a whole file that is not wanted is no damage") {
  const Folder folder;
  write(folder / "file", strings());
  Read target;
  target.refuses = true;
  CHECK_ERROR(ErrorCode::kInvalidArgument, readIndexFile(folder / "file", target, CancelToken()));
}

TEST("what is no readable file is an invalid argument, and does not hold anybody up") {
  const Folder folder;
  CHECK(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const std::string& path :
       {folder / "absent", folder / "pipe", folder / ".", std::string()}) {
    CHECK_ERROR(ErrorCode::kInvalidArgument, read(path));
  }
  for (const std::string& path :
       {folder / "absent/file", folder / "pipe", folder / ".", std::string(), folder / "file/"}) {
    CHECK_ERROR(ErrorCode::kInvalidArgument, write(path, strings()));
  }
  CHECK(folder.files() == 1);
}

TEST("a save that fails or is aborted leaves the old file, and nothing beside it") {
  const Folder folder;
  const std::string path = folder / "file";
  write(path, integers());
  const auto failing = [](std::size_t, Span<float>) {
    throw Error(ErrorCode::kInternal, "out of memory");
  };
  CHECK_ERROR(ErrorCode::kInternal, writeIndexFile(path, strings(), failing, CancelToken()));
  const CancelToken cancelled;
  cancelled.cancel();
  CHECK_ERROR(ErrorCode::kAborted, write(path, strings(), cancelled));
  checkIntegers(read(path));
  CHECK(folder.files() == 1);
}

TEST("a reader can be cancelled") {
  const Folder folder;
  write(folder / "file", strings());
  const CancelToken cancelled;
  cancelled.cancel();
  Read target;
  CHECK_ERROR(ErrorCode::kAborted, readIndexFile(folder / "file", target, cancelled));
}

TEST("a saved file is its owner's alone, and takes the place of what a link points to") {
  const Folder folder;
  const std::string path = folder / "file";
  put(path, "old");
  CHECK(chmod(path.c_str(), 0644) == 0);
  std::filesystem::create_symlink("file", folder / "link");
  write(folder / "link", strings());
  checkStrings(read(path));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  struct stat status {};
  CHECK(stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) == 0600);
  CHECK(folder.files() == 2);
}

TEST(
    "of two savers of one file the second is told at once; what a killed one left is overwritten") {
  const Folder folder;
  const std::string path = folder / "file";
  {
    ReplacedFile first(path);
    CHECK_ERROR(ErrorCode::kStoreLocked, ReplacedFile second(path));
  }
  CHECK(folder.files() == 0);
  put(path + ".saving", std::string(5000, 'x'));  // longer than the new file
  write(path, strings());
  checkStrings(read(path));
  CHECK(folder.files() == 1);
}

TEST("a temporary file that is somebody else's link is not written through") {
  const Folder folder;
  put(folder / "precious", "keep");
  std::filesystem::create_symlink("precious", folder / "file.saving");
  CHECK_ERROR(ErrorCode::kInvalidArgument, write(folder / "file", strings()));
  std::filesystem::remove(folder / "file.saving");
  std::filesystem::create_hard_link(folder / "precious", folder / "file.saving");
  CHECK_ERROR(ErrorCode::kInvalidArgument, write(folder / "file", strings()));
  CHECK(bytesOf(folder / "precious") == "keep");
}

// From xxHash's own test tool (xxhsum -H1).
TEST("XXH64 gives its author's values, in pieces of any size") {
  const auto of = [](std::string_view text, std::size_t piece) {
    Xxh64 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const std::string_view part = text.substr(at, piece);
      hash.take(part.data(), part.size());
    }
    return hash.value();
  };
  const std::string_view fox = "The quick brown fox jumps over the lazy dog";
  CHECK(of("", 1) == 0xef46db3751d8e999);
  CHECK(of("a", 1) == 0xd24ec4f1a98c6e5b);
  CHECK(of("abc", 3) == 0x44bc2cf5ad770999);
  for (const std::size_t piece : {1, 5, 31, 32, 33, 43})
    CHECK(of(fox, piece) == 0x0b242d361fda71bc);
}

TEST_MAIN()
