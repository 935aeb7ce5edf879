#include "nn/model_file.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include "check.h"

namespace {

using countenance::Error;
using countenance::ErrorCode;
using countenance::ModelFile;
using countenance::ModelFileWriter;
using countenance::Span;
using Bytes = std::vector<std::uint8_t>;

Bytes smallModel() {
  ModelFileWriter writer;
  writer.property("id", "tiny");
  writer.property("empty", "");
  writer.tensor("weights", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.tensor("nothing", {0}, std::vector<float>{});
  writer.tensor("indices", {2}, std::vector<std::uint16_t>{7, 65535});
  writer.tensor("scalar", {}, std::vector<std::int32_t>{-5});
  return writer.bytes();
}

/// Reads everything that the file offers; true unless it throws kModelCorrupt.
bool readable(const Bytes& bytes) {
  // An allocation of exactly this size lets AddressSanitizer see a read past the end.
  const Bytes exact(bytes);
  try {
    const ModelFile model{Span<const std::uint8_t>(exact)};
    unsigned sum = 0;
    for (const char* name : {"weights", "nothing", "indices", "scalar"}) {
      for (const std::uint8_t byte : model.tensor(name).bytes) sum += byte;
    }
    return model.property("id").size() + sum < 1000000;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModelCorrupt);
    return false;
  }
}

template <typename T>
void put(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// test/conversion/model-file-writer.test.ts makes the same calls of the writer in TypeScript.
TEST("the bytes are those that the writer in TypeScript makes of the same calls") {
  ModelFileWriter writer;
  writer.property("id", "tiny");
  writer.property("licence", "f\xC3\xBCr alle");
  writer.tensor("numbers", {2, 3}, std::vector<float>{1, -2.5F, 0, 1e-3F, 4e6F, 0.1F});
  writer.tensor("counts", {3}, std::vector<std::int32_t>{7, -1, 2147483647});
  writer.tensor("none", {0}, std::vector<float>{});
  std::ifstream golden("test/golden/model-file-v1.bin", std::ios::binary);
  CHECK(writer.bytes() == Bytes(std::istreambuf_iterator<char>(golden), {}));
}

TEST("what was written is read back") {
  const Bytes bytes = smallModel();
  const ModelFile model{Span<const std::uint8_t>(bytes)};
  CHECK(model.property("id") == "tiny");
  CHECK(model.property("empty").empty());
  const auto weights = model.values<float>("weights", {2, 3});
  CHECK(weights.size() == 6 && weights[0] == 1 && weights[5] == 6);
  CHECK(model.values<float>("nothing", {0}).empty());
  CHECK(model.values<std::uint16_t>("indices", {2})[1] == 65535);
  CHECK(model.values<std::int32_t>("scalar", {})[0] == -5);
}

TEST("tensors begin at multiples of 64 bytes") {
  const Bytes bytes = smallModel();
  const ModelFile model{Span<const std::uint8_t>(bytes)};
  for (const char* name : {"weights", "nothing", "indices", "scalar"}) {
    CHECK((model.tensor(name).bytes.data() - bytes.data()) % 64 == 0);
  }
}

TEST("the same model gives the same bytes") { CHECK(smallModel() == smallModel()); }

TEST("a missing name, another type or another shape is a corrupt model") {
  const Bytes bytes = smallModel();
  const ModelFile model{Span<const std::uint8_t>(bytes)};
  CHECK_ERROR(ErrorCode::kModelCorrupt, model.property("licence"));
  CHECK_ERROR(ErrorCode::kModelCorrupt, model.tensor("bias"));
  CHECK_ERROR(ErrorCode::kModelCorrupt, model.values<std::int32_t>("weights", {2, 3}));
  CHECK_ERROR(ErrorCode::kModelCorrupt, model.values<float>("weights", {3, 2}));
  CHECK_ERROR(ErrorCode::kModelCorrupt, model.values<float>("weights", {6}));
}

TEST("every truncation and every extension is refused") {
  const Bytes bytes = smallModel();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!readable(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(!readable(longer));
}

TEST("a truncated file that states its own size is refused too") {
  const Bytes bytes = smallModel();
  for (std::size_t size = 32; size < bytes.size(); ++size) {
    Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    put(cut, 24, static_cast<std::uint64_t>(size));
    CHECK(!readable(cut));
  }
}

TEST("no flipped bit and no extreme number makes the reader leave the file") {
  const Bytes bytes = smallModel();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = bytes;
      flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ (1U << bit));
      readable(flipped);
    }
    for (const std::uint64_t extreme : {~std::uint64_t{0}, std::uint64_t{1} << 63,
                                        std::uint64_t{1} << 62, std::uint64_t{0xffffffff}}) {
      Bytes changed = bytes;
      if (at + 4 <= changed.size()) put(changed, at, static_cast<std::uint32_t>(extreme));
      readable(changed);
      if (at + 8 <= changed.size()) put(changed, at, extreme);
      readable(changed);
    }
  }
}

TEST("another magic number or format version is refused") {
  Bytes bytes = smallModel();
  bytes[0] = 'X';
  CHECK(!readable(bytes));
  bytes = smallModel();
  put(bytes, 8, std::uint32_t{2});
  CHECK(!readable(bytes));
}

TEST("bytes that are not aligned are refused as an argument") {
  Bytes shifted(1);
  const Bytes bytes = smallModel();
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  CHECK_ERROR(ErrorCode::kInvalidArgument, ModelFile({shifted.data() + 1, bytes.size()}));
}

TEST("a tensor whose values do not fill its shape is not written") {
  ModelFileWriter writer;
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              writer.tensor("weights", {2, 2}, std::vector<float>{1, 2, 3}));
}

}  // namespace

TEST_MAIN()
