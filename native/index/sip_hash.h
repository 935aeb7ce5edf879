#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace countenance {

/// SipHash (Aumasson and Bernstein, 2012): who does not know the key cannot choose texts that
/// collide, so that a table stays a table whatever ids strangers pick. The rounds per word and at
/// the end are 2 and 4 in the paper; 1 and 3 are enough for tables (as in Rust and Python).
template <int kPerWord, int kAtEnd>
class SipHash final {
 public:
  SipHash(std::uint64_t key0, std::uint64_t key1) : key0_(key0), key1_(key1) {}

  std::uint64_t operator()(std::string_view text) const {
    State s{key0_ ^ 0x736f6d6570736575, key1_ ^ 0x646f72616e646f6d, key0_ ^ 0x6c7967656e657261,
            key1_ ^ 0x7465646279746573};
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) s.take(word(text.data() + at, 8));
    s.take(word(text.data() + at, text.size() - at) | std::uint64_t{text.size()} << 56);
    s.c ^= 0xff;
    for (int i = 0; i < kAtEnd; ++i) s.round();
    return s.a ^ s.b ^ s.c ^ s.d;
  }

 private:
  struct State {
    std::uint64_t a, b, c, d;

    void take(std::uint64_t word) {
      d ^= word;
      for (int i = 0; i < kPerWord; ++i) round();
      a ^= word;
    }
    void round() {
      a += b, b = rotate(b, 13) ^ a, a = rotate(a, 32);
      c += d, d = rotate(d, 16) ^ c;
      a += d, d = rotate(d, 21) ^ a;
      c += b, b = rotate(b, 17) ^ c, c = rotate(c, 32);
    }
  };

  static std::uint64_t rotate(std::uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
  }
  /// Little endian, as the machines that we build for are.
  static std::uint64_t word(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, count);
    return value;
  }

  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace countenance
