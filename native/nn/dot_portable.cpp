#include <algorithm>
#include <array>
#include <utility>

#include "nn/dot_kernel.h"

#define DOT_TARGET

namespace countenance {
namespace {

struct Lanes {
  static constexpr std::size_t kLanes = 4;
  using V = std::array<float, kLanes>;

  static V zero() { return {}; }
  static V load(const float* p) { return {p[0], p[1], p[2], p[3]}; }
  static V loadFirst(const float* p, std::size_t count) {
    V v{};
    std::copy_n(p, count, v.begin());
    return v;
  }
  static V fma(const V& x, const V& y, const V& sum) {
    return {sum[0] + x[0] * y[0], sum[1] + x[1] * y[1], sum[2] + x[2] * y[2], sum[3] + x[3] * y[3]};
  }
  static void sumEach(const V& v0, const V& v1, const V& v2, const V& v3, float* out) {
    const auto sum = [](const V& v) { return (v[0] + v[1]) + (v[2] + v[3]); };
    out[0] = sum(v0);
    out[1] = sum(v1);
    out[2] = sum(v2);
    out[3] = sum(v3);
  }
};

// 4 x 2 sums fit the 16 vector registers that SSE2 and NEON have at least.
constexpr std::size_t kCols = 2;

#include "nn/dot_tile.inc"

}  // namespace

void dotPortable(const DotProducts& job) { run(job); }

}  // namespace countenance
