#pragma once

#include <cstdint>

namespace countenance::bench {

/// Numbers that are the same everywhere: SplitMix64 (Steele, Lea and Flood 2014).
class RandomNumbers final {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_(mixed(seed)) {}

  static std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }

  std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15ULL); }

  /// 0..limit - 1. The bias is below limit / 2^64.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

  /// Of mean 0 and variance 1: four 16-bit uniforms, so never beyond 3.5. Callers add up many of
  /// them, and those sums are normal in the tails too.
  float normal() {
    const std::uint64_t bits = next();
    const auto sum = static_cast<std::int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                               (bits >> 32 & 0xffff) + (bits >> 48));
    return static_cast<float>(sum - 2 * 0xffff) * (1.0F / 37837.2F);  // sqrt(4 (2^32 - 1) / 12)
  }

 private:
  std::uint64_t state_;
};

}  // namespace countenance::bench
