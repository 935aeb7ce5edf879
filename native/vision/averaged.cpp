#include "vision/averaged.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vision/lanes.h"

namespace countenance {
namespace {

// 257 rows of bytes fit into 16 bits; whoever shrinks by more gets a coarser average of these.
constexpr std::size_t kMostRows = 257;

/// The pixels [begin, end) of one axis.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The pixels between two coordinates and one more on each side, as far as there are any; empty
/// when there are none.
Run within(float low, float high, std::size_t size) {
  const auto last = static_cast<float>(size);
  const auto begin = static_cast<std::size_t>(std::clamp(std::floor(low) - 1, 0.0F, last));
  const auto end = static_cast<std::size_t>(std::clamp(std::ceil(high) + 2, 0.0F, last));
  return {begin, std::min(end, size)};
}

/// Where the target's corners lie along one axis.
Run covered(float dx, float dy, float origin, std::size_t width, std::size_t height,
            std::size_t size, float margin) {
  const float right = dx * static_cast<float>(width - 1);
  const float down = dy * static_cast<float>(height - 1);
  return within(origin + std::min(right, 0.0F) + std::min(down, 0.0F) - margin,
                origin + std::max(right, 0.0F) + std::max(down, 0.0F) + margin, size);
}

/// Averages of squares; at the lower and the right edge, of what is left of them.
template <std::size_t kChannels>
void average(ImageView picture, Run columns, Run rows, std::size_t k, Image& out) {
  const std::size_t values = (columns.end - columns.begin) * kChannels;
  const std::size_t step = std::max<std::size_t>(1, (k + kMostRows - 1) / kMostRows);
  std::vector<std::uint16_t> sums(values + 1);  // four are added at a time
  for (std::size_t t = 0; t < out.height(); ++t) {
    const std::size_t begin = rows.begin + t * k;
    const std::size_t end = std::min(begin + k, rows.end);
    std::size_t summed = 0;
    std::fill(sums.begin(), sums.end(), std::uint16_t{0});
    for (std::size_t y = begin; y < end; y += step, ++summed) {
      const std::uint8_t* row = picture.row(y) + columns.begin * kChannels;
      std::uint16_t* sum = sums.data();
      for (std::size_t i = 0; i < values; ++i) sum[i] = static_cast<std::uint16_t>(sum[i] + row[i]);
    }
    std::uint8_t* target = out.row(t);
    const std::uint16_t* sum = sums.data();
    for (std::size_t u = 0; u < out.width(); ++u) {
      const std::size_t count = std::min(k, (columns.end - columns.begin) - u * k);
      Sums totals{};
      for (std::size_t i = 0; i < count; ++i, sum += kChannels) {
        if constexpr (kChannels == 3) {
          add(totals, sum);
        } else {
          totals[0] += sum[0];
        }
      }
      const std::uint32_t bytes =
          bytesOf(floatsOf(totals) * (1 / static_cast<float>(count * summed)));
      std::memcpy(target, &bytes, kChannels);
      target += kChannels;
    }
  }
}

}  // namespace

std::optional<Averaged> averaged(ImageView picture, const Affine& map, std::size_t width,
                                 std::size_t height) {
  const float scale = std::sqrt(std::abs(map.a * map.e - map.b * map.d));
  if (!(scale >= 2 && scale < 1e6F)) return std::nullopt;  // also for NaN
  const auto k = static_cast<std::size_t>(scale);
  const Run columns = covered(map.a, map.b, map.c, width, height, picture.width, scale);
  const Run rows = covered(map.d, map.e, map.f, width, height, picture.height, scale);
  if (columns.begin >= columns.end || rows.begin >= rows.end) return std::nullopt;

  const auto pixels = [k](Run run) { return (run.end - run.begin + k - 1) / k; };
  Averaged result{Image(pixels(columns), pixels(rows), picture.channels), {}};
  if (picture.channels == 1) {
    average<1>(picture, columns, rows, k, result.pixels);
  } else {
    average<3>(picture, columns, rows, k, result.pixels);
  }
  // The centre of the first square is (k - 1) / 2 pixels from its first pixel's.
  const auto size = static_cast<float>(k);
  const float middle = (size - 1) / 2;
  const float x = static_cast<float>(columns.begin) + middle;
  const float y = static_cast<float>(rows.begin) + middle;
  result.toPixels = {map.a / size, map.b / size, (map.c - x) / size,
                     map.d / size, map.e / size, (map.f - y) / size};
  return result;
}

}  // namespace countenance
