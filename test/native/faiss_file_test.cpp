#include "index/faiss_file.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "check.h"
#include "folder.h"
#include "read_target.h"

// The golden files are FAISS's own (test/native/reference/faiss_files.cpp). What we write is the
// same byte for byte, so that FAISS reads it.

namespace {

using countenance::CancelToken;
using countenance::ErrorCode;
using countenance::IdList;
using countenance::Metric;
using countenance::readFaissFile;
using countenance::SavedIndex;
using countenance::Span;
using countenance::writeFaissFile;
using countenance::test::Folder;

using Read = countenance::test::ReadTarget;

const std::vector<float> kVectors = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.6F, 0.8F};
const std::vector<std::int64_t> kIds = {7, 0, IdList::kMaxInteger};
const std::vector<std::int64_t> kNumbered = {0, 1, 2};

void write(const std::string& path, Metric metric, const IdList& ids) {
  const auto source = [](std::size_t first, Span<float> vectors) {
    std::copy_n(kVectors.begin() + static_cast<std::ptrdiff_t>(first * 4), vectors.size(),
                vectors.begin());
  };
  writeFaissFile(path, {4, metric, ids}, source, CancelToken());
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
  readFaissFile(path, target, CancelToken());
  return target;
}

struct Golden {
  const char* path;
  Metric metric;
  std::vector<std::int64_t> ids;
};

const std::vector<Golden> kGoldens = {
    {"test/golden/faiss-flat-l2.bin", Metric::kL2, kNumbered},
    {"test/golden/faiss-flat-ip.bin", Metric::kCosine, kNumbered},
    {"test/golden/faiss-idmap-l2.bin", Metric::kL2, kIds},
    {"test/golden/faiss-idmap-ip.bin", Metric::kCosine, kIds},
};

}  // namespace

TEST("files that FAISS wrote are read") {
  for (const Golden& golden : kGoldens) {
    const Read found = read(golden.path);
    CHECK(found.dimension == 4 && found.metric == golden.metric);
    CHECK(found.ids.integers() == golden.ids);
    CHECK(found.vectors == kVectors);
  }
}

TEST("what is written is what FAISS writes, byte for byte") {
  const Folder folder;
  for (const Golden& golden : kGoldens) {
    write(folder / "file", golden.metric, IdList::ofIntegers(golden.ids));
    CHECK(bytesOf(folder / "file") == bytesOf(golden.path));
  }
}

TEST("an empty index is a flat one, whatever its ids were") {
  const Folder folder;
  write(folder / "file", Metric::kL2, IdList(IdList::Kind::kTexts));
  const Read found = read(folder / "file");
  CHECK(found.dimension == 4 && found.ids.size() == 0 && found.vectors.empty());
}

TEST("ids that FAISS has no room for are refused before anything is written") {
  const Folder folder;
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              write(folder / "file", Metric::kL2, IdList::ofTexts("abc", {1, 1, 1})));
  CHECK(folder.files() == 0);
}

TEST("ids that we have no room for are refused") {
  const Folder folder;
  const std::string bytes = bytesOf("test/golden/faiss-idmap-l2.bin");
  for (const std::int64_t id : {std::int64_t{-1}, IdList::kMaxInteger + 1}) {
    std::string other = bytes;
    other.replace(other.size() - 8, 8, reinterpret_cast<const char*>(&id), 8);  // as bytes
    put(folder / "file", other);
    CHECK_ERROR(ErrorCode::kInvalidArgument, read(folder / "file"));
  }
}

TEST("a file cut short anywhere, or made longer, is corrupt") {
  const Folder folder;
  for (const Golden& golden : kGoldens) {
    const std::string bytes = bytesOf(golden.path);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      put(folder / "file", bytes.substr(0, length));
      CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "file"));
    }
    put(folder / "file", bytes + '\0');
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "file"));
  }
}

// FAISS's format has no checksum: a flip inside of a vector or an id is another vector or id.
TEST("after a flip of any bit the file is read in its shape, or refused") {
  const Folder folder;
  for (const Golden& golden : kGoldens) {
    const std::string bytes = bytesOf(golden.path);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      put(folder / "file", flipped);
      try {
        const Read found = read(folder / "file");
        CHECK(found.ids.size() == 3 && found.vectors.size() == 12);
      } catch (const countenance::Error& error) {
        CHECK(error.code() == ErrorCode::kStoreCorrupt ||
              error.code() == ErrorCode::kInvalidArgument);
      }
    }
  }
}

TEST("sizes that the file has not make nobody allocate") {
  const Folder folder;
  const std::string bytes = bytesOf("test/golden/faiss-flat-l2.bin");
  const auto lie = [&](std::int64_t count, std::uint64_t floats, std::int32_t dimension) {
    std::string lying = bytes;
    std::memcpy(lying.data() + 4, &dimension, sizeof(dimension));
    std::memcpy(lying.data() + 8, &count, sizeof(count));
    std::memcpy(lying.data() + 37, &floats, sizeof(floats));
    put(folder / "file", lying);
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "file"));
  };
  lie(3, 13, 4);
  lie(4, 12, 4);
  lie(-3, 12, 4);
  lie(std::int64_t{1} << 61, std::uint64_t{1} << 63, 4);
  lie(std::int64_t{1} << 62, 0, 4);  // the product wraps around to 0
  lie(std::int64_t{1} << 30, std::uint64_t{1} << 32, 4);
  lie(3, 12, 0);
  lie(3, 12, -4);
}

TEST("other indexes of FAISS, and other files, are refused by name") {
  const Folder folder;
  for (const std::string fourcc : {"IHNf", "IwFl", "IxPq", "CNTN", "\0\0\0\0"}) {
    put(folder / "file", fourcc + std::string(200, '\0'));
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "file"));
  }
  std::string nested = bytesOf("test/golden/faiss-idmap-l2.bin");
  for (const char* const fourcc : {"IHNf", "IxMp"}) {
    put(folder / "file", nested.replace(37, 4, fourcc));
    CHECK_ERROR(ErrorCode::kStoreCorrupt, read(folder / "file"));
  }
  std::string l1 = bytesOf("test/golden/faiss-flat-l2.bin");
  l1[33] = 2;  // METRIC_L1
  put(folder / "file", l1);
  CHECK_ERROR(ErrorCode::kInvalidArgument, read(folder / "file"));
}

TEST_MAIN()
