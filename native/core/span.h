#pragma once

#include <cstddef>
#include <vector>

namespace countenance {

/// A borrowed run of values: valid for the call that receives it, never stored.
template <typename T>
class Span final {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}
  template <typename U>
  Span(std::vector<U>& values) : data_(values.data()), size_(values.size()) {}  // NOLINT: a view
  template <typename U>
  Span(const std::vector<U>& values) : data_(values.data()), size_(values.size()) {}  // NOLINT

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](std::size_t i) const { return data_[i]; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }
  constexpr Span subspan(std::size_t offset, std::size_t count) const {
    return Span(data_ + offset, count);
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace countenance
