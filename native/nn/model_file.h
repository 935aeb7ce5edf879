#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/span.h"

namespace countenance {

/// What a tensor's elements are. The numbers are part of the file format.
enum class ElementType : std::uint32_t { kF32 = 1, kI32 = 2, kU16 = 3 };

template <typename T>
constexpr ElementType elementTypeOf();
template <>
constexpr ElementType elementTypeOf<float>() {
  return ElementType::kF32;
}
template <>
constexpr ElementType elementTypeOf<std::int32_t>() {
  return ElementType::kI32;
}
template <>
constexpr ElementType elementTypeOf<std::uint16_t>() {
  return ElementType::kU16;
}

using Shape = std::vector<std::size_t>;

/// A model's properties and named tensors, read from our container (layout: model_file.cpp).
///
/// It borrows the bytes: they must outlive it and everything that values() returned. Whether they
/// are the right ones (sha256 against models/manifest.json) is checked before, in TypeScript; here
/// nothing that the file says is trusted, so that damage throws and never reads out of bounds.
class ModelFile final {
 public:
  struct Tensor {
    std::string name;
    ElementType type = ElementType::kF32;
    Shape shape;
    Span<const std::uint8_t> bytes;  ///< Row-major, little endian, 64-byte aligned in the file.
  };

  /// @throws Error(kModelCorrupt) for anything but a whole model file, Error(kInvalidArgument) when
  /// the bytes do not start at a multiple of 4.
  explicit ModelFile(Span<const std::uint8_t> bytes);

  /// @throws Error(kModelCorrupt) when there is none of this name, here and below.
  const std::string& property(const std::string& name) const;
  const Tensor& tensor(const std::string& name) const;

  /// The elements of a tensor that must have exactly this type and shape.
  template <typename T>
  Span<const T> values(const std::string& name, const Shape& shape) const {
    const Tensor& found = checked(name, elementTypeOf<T>(), shape);
    return {reinterpret_cast<const T*>(found.bytes.data()), found.bytes.size() / sizeof(T)};
  }

 private:
  const Tensor& checked(const std::string& name, ElementType type, const Shape& shape) const;

  struct Property {
    std::string name;
    std::string value;
  };
  std::vector<Property> properties_;
  std::vector<Tensor> tensors_;
};

/// Makes a model file. The same calls give the same bytes.
class ModelFileWriter final {
 public:
  void property(std::string name, std::string value);

  /// @throws Error(kInvalidArgument) when the number of values is not the product of the shape.
  template <typename T>
  void tensor(std::string name, const Shape& shape, const std::vector<T>& values) {
    add(std::move(name), elementTypeOf<T>(), shape,
        {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)});
  }

  std::vector<std::uint8_t> bytes() const;

 private:
  void add(std::string name, ElementType type, const Shape& shape, Span<const std::uint8_t> bytes);

  struct Tensor {
    std::string name;
    ElementType type;
    Shape shape;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<std::pair<std::string, std::string>> properties_;
  std::vector<Tensor> tensors_;
};

}  // namespace countenance
