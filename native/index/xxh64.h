#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace countenance {

/// XXH64 with seed 0 of bytes that come in pieces (Yann Collet's specification, 0.1.1; `xxhsum -H1`
/// gives the same). It is there to notice damage at the speed of memory, not forgery.
class Xxh64 final {
 public:
  void take(const void* data, std::size_t count) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    total_ += count;
    if (held_ > 0) {
      const std::size_t wanted = kStripe - held_ < count ? kStripe - held_ : count;
      std::memcpy(rest_.data() + held_, bytes, wanted);
      held_ += wanted;
      bytes += wanted;
      count -= wanted;
      if (held_ < kStripe) return;
      takeStripe(rest_.data());
      held_ = 0;
    }
    for (; count >= kStripe; bytes += kStripe, count -= kStripe) takeStripe(bytes);
    if (count > 0) std::memcpy(rest_.data(), bytes, count);
    held_ = count;
  }

  std::uint64_t value() const {
    std::uint64_t hash = kPrime5;
    if (total_ >= kStripe) {
      hash = rotate(lanes_[0], 1) + rotate(lanes_[1], 7) + rotate(lanes_[2], 12) +
             rotate(lanes_[3], 18);
      for (const std::uint64_t lane : lanes_) hash = (hash ^ round(0, lane)) * kPrime1 + kPrime4;
    }
    hash += total_;
    std::size_t at = 0;
    for (; at + 8 <= held_; at += 8) {
      hash =
          rotate(hash ^ round(0, word<std::uint64_t>(rest_.data() + at)), 27) * kPrime1 + kPrime4;
    }
    if (at + 4 <= held_) {
      hash =
          rotate(hash ^ word<std::uint32_t>(rest_.data() + at) * kPrime1, 23) * kPrime2 + kPrime3;
      at += 4;
    }
    for (; at < held_; ++at) hash = rotate(hash ^ rest_[at] * kPrime5, 11) * kPrime1;
    hash = (hash ^ hash >> 33) * kPrime2;
    hash = (hash ^ hash >> 29) * kPrime3;
    return hash ^ hash >> 32;
  }

 private:
  static constexpr std::size_t kStripe = 32;
  static constexpr std::uint64_t kPrime1 = 0x9e3779b185ebca87;
  static constexpr std::uint64_t kPrime2 = 0xc2b2ae3d27d4eb4f;
  static constexpr std::uint64_t kPrime3 = 0x165667b19e3779f9;
  static constexpr std::uint64_t kPrime4 = 0x85ebca77c2b2ae63;
  static constexpr std::uint64_t kPrime5 = 0x27d4eb2f165667c5;

  static std::uint64_t rotate(std::uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
  }
  static std::uint64_t round(std::uint64_t lane, std::uint64_t input) {
    return rotate(lane + input * kPrime2, 31) * kPrime1;
  }
  /// Little endian, as the machines that we build for are.
  template <typename T>
  static std::uint64_t word(const unsigned char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }
  void takeStripe(const unsigned char* bytes) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i] = round(lanes_[i], word<std::uint64_t>(bytes + 8 * i));
    }
  }

  std::array<std::uint64_t, 4> lanes_{kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
  std::array<unsigned char, kStripe> rest_{};  // what does not fill a stripe yet
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace countenance
