#include "nn/model_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/checked.h"
#include "core/error.h"

// Layout, all little endian; a string is its length (u32) and its bytes:
//   magic[8]  u32 version  u32 properties  u32 tensors  u32 zero  u64 size of the whole file
//   properties x { string name  string value }
//   tensors x { string name  u32 type  u32 rank  u64 size[rank]  u64 offset  u64 bytes }
//   the tensors' elements, each tensor at a multiple of 64, zeros between them

namespace countenance {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are read in place");

constexpr char kMagic[8] = {'C', 'N', 'T', 'N', 'M', 'O', 'D', 'L'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kAlignment = 64;
constexpr std::uint32_t kMaxRank = 4;

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorCode::kModelCorrupt, "model file: " + what);
}

/// 0 for a type that does not exist.
std::size_t sizeOf(ElementType type) {
  switch (type) {
    case ElementType::kF32:
    case ElementType::kI32:
      return 4;
    case ElementType::kU16:
      return 2;
  }
  return 0;
}

/// Takes values off the front of the bytes; throws kModelCorrupt instead of passing their end.
class Cursor final {
 public:
  explicit Cursor(Span<const std::uint8_t> bytes) : bytes_(bytes) {}

  Span<const std::uint8_t> take(std::size_t count) {
    if (count > bytes_.size() - at_) corrupt("it ends too early");
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string string() {
    const auto bytes = take(number<std::uint32_t>());
    return std::string(bytes.begin(), bytes.end());
  }
  std::size_t position() const { return at_; }

 private:
  Span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

ModelFile::Tensor readTensor(Cursor& cursor, Span<const std::uint8_t> file) {
  ModelFile::Tensor tensor;
  tensor.name = cursor.string();
  tensor.type = static_cast<ElementType>(cursor.number<std::uint32_t>());
  std::size_t needed = sizeOf(tensor.type);
  if (needed == 0) corrupt("tensor " + tensor.name + " has an unknown type");
  const auto rank = cursor.number<std::uint32_t>();
  if (rank > kMaxRank) corrupt("tensor " + tensor.name + " has too many dimensions");
  for (std::uint32_t i = 0; i < rank; ++i) {
    tensor.shape.push_back(cursor.number<std::uint64_t>());
    if (__builtin_mul_overflow(needed, tensor.shape.back(), &needed)) {
      corrupt("the shape of tensor " + tensor.name + " overflows");
    }
  }
  const auto offset = cursor.number<std::uint64_t>();
  const auto size = cursor.number<std::uint64_t>();
  if (size != needed) corrupt("tensor " + tensor.name + " has not the size of its shape");
  if (offset % kAlignment != 0 || offset > file.size() || size > file.size() - offset) {
    corrupt("tensor " + tensor.name + " lies outside of the file");
  }
  tensor.bytes = file.subspan(offset, size);
  return tensor;
}

template <typename Items>
auto& named(const Items& items, const std::string& name, const char* kind) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&name](const auto& item) { return item.name == name; });
  if (found == items.end()) corrupt(std::string("it has no ") + kind + " named " + name);
  return *found;
}

template <typename T>
void append(std::vector<std::uint8_t>& out, T number) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&number);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

void append(std::vector<std::uint8_t>& out, const std::string& text) {
  append(out, static_cast<std::uint32_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

std::size_t alignUp(std::size_t position) {
  return (position + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

ModelFile::ModelFile(Span<const std::uint8_t> bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) != 0) {
    throw Error(ErrorCode::kInvalidArgument, "model file: its bytes are not aligned to 4");
  }
  Cursor cursor(bytes);
  if (std::memcmp(cursor.take(sizeof(kMagic)).data(), kMagic, sizeof(kMagic)) != 0) {
    corrupt("it does not begin as one");
  }
  const auto version = cursor.number<std::uint32_t>();
  if (version != kVersion) {
    corrupt("expected format version " + std::to_string(kVersion) + ", got " +
            std::to_string(version));
  }
  const auto properties = cursor.number<std::uint32_t>();
  const auto tensors = cursor.number<std::uint32_t>();
  if (cursor.number<std::uint32_t>() != 0) corrupt("a reserved field is set");
  const auto size = cursor.number<std::uint64_t>();
  if (size != bytes.size()) {
    corrupt("expected " + std::to_string(size) + " bytes, got " + std::to_string(bytes.size()));
  }
  // Nothing is reserved ahead: each item takes bytes off the file, which bounds what a wrong count
  // can make us allocate.
  for (std::uint32_t i = 0; i < properties; ++i) {
    std::string name = cursor.string();
    properties_.push_back({std::move(name), cursor.string()});
  }
  for (std::uint32_t i = 0; i < tensors; ++i) tensors_.push_back(readTensor(cursor, bytes));
  for (const Tensor& tensor : tensors_) {
    if (static_cast<std::size_t>(tensor.bytes.data() - bytes.data()) < cursor.position()) {
      corrupt("tensor " + tensor.name + " overlaps the header");
    }
  }
}

const std::string& ModelFile::property(const std::string& name) const {
  return named(properties_, name, "property").value;
}

const ModelFile::Tensor& ModelFile::tensor(const std::string& name) const {
  return named(tensors_, name, "tensor");
}

const ModelFile::Tensor& ModelFile::checked(const std::string& name, ElementType type,
                                            const Shape& shape) const {
  const Tensor& found = tensor(name);
  if (found.type != type) corrupt("tensor " + name + " has another element type than expected");
  if (found.shape != shape) corrupt("tensor " + name + " has another shape than expected");
  return found;
}

void ModelFileWriter::property(std::string name, std::string value) {
  properties_.emplace_back(std::move(name), std::move(value));
}

void ModelFileWriter::add(std::string name, ElementType type, const Shape& shape,
                          Span<const std::uint8_t> bytes) {
  std::size_t expected = sizeOf(type);
  for (const std::size_t size : shape) expected = checkedMul(expected, size);
  if (expected != bytes.size() || shape.size() > kMaxRank) {
    throw Error(ErrorCode::kInvalidArgument, "tensor " + name + ": expected " +
                                                 std::to_string(expected) + " bytes, got " +
                                                 std::to_string(bytes.size()));
  }
  tensors_.push_back({std::move(name), type, shape, {bytes.begin(), bytes.end()}});
}

std::vector<std::uint8_t> ModelFileWriter::bytes() const {
  std::size_t at = sizeof(kMagic) + 4 * sizeof(std::uint32_t) + sizeof(std::uint64_t);
  for (const auto& [name, value] : properties_) at += 8 + name.size() + value.size();
  for (const Tensor& tensor : tensors_) {
    at += 12 + tensor.name.size() + 8 * (tensor.shape.size() + 2);
  }
  std::vector<std::size_t> offsets;
  for (const Tensor& tensor : tensors_) {
    offsets.push_back(alignUp(at));
    at = offsets.back() + tensor.bytes.size();
  }

  std::vector<std::uint8_t> out(std::begin(kMagic), std::end(kMagic));
  append(out, kVersion);
  append(out, static_cast<std::uint32_t>(properties_.size()));
  append(out, static_cast<std::uint32_t>(tensors_.size()));
  append(out, std::uint32_t{0});
  append(out, static_cast<std::uint64_t>(at));
  for (const auto& [name, value] : properties_) {
    append(out, name);
    append(out, value);
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = tensors_[i];
    append(out, tensor.name);
    append(out, static_cast<std::uint32_t>(tensor.type));
    append(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::size_t size : tensor.shape) append(out, static_cast<std::uint64_t>(size));
    append(out, static_cast<std::uint64_t>(offsets[i]));
    append(out, static_cast<std::uint64_t>(tensor.bytes.size()));
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    out.resize(offsets[i], 0);
    out.insert(out.end(), tensors_[i].bytes.begin(), tensors_[i].bytes.end());
  }
  return out;
}

}  // namespace countenance
