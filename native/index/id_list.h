#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace countenance {

/// Ids of one kind in some order: integers, or texts in UTF-8.
class IdList final {
 public:
  enum class Kind { kIntegers, kTexts };

  static constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 2;
  static constexpr std::size_t kMaxTextBytes = 1024;

  explicit IdList(Kind kind) : kind_(kind) {}

  /// @param integers  Each in 0..kMaxInteger.
  /// @throws Error kInvalidArgument.
  static IdList ofIntegers(std::vector<std::int64_t> integers);
  /// @param bytes    Texts one after the other.
  /// @param lengths  Of each in bytes, 1..kMaxTextBytes; their sum is bytes.size().
  /// @throws Error kInvalidArgument, also for what is not UTF-8.
  static IdList ofTexts(std::string bytes, const std::vector<std::uint32_t>& lengths);

  Kind kind() const { return kind_; }
  std::size_t size() const { return kind_ == Kind::kTexts ? ends_.size() : integers_.size(); }

  std::int64_t integer(std::size_t i) const { return integers_[i]; }
  std::string_view text(std::size_t i) const {
    const std::size_t start = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(start, ends_[i] - start);
  }

  const std::vector<std::int64_t>& integers() const { return integers_; }
  /// All texts, one after the other.
  const std::string& bytes() const { return bytes_; }

  void append(std::int64_t integer) { integers_.push_back(integer); }
  void append(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }

 private:
  Kind kind_;
  std::vector<std::int64_t> integers_;
  std::string bytes_;
  std::vector<std::size_t> ends_;  // of each text in bytes_
};

}  // namespace countenance
