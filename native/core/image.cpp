#include "core/image.h"

#include <algorithm>
#include <array>
#include <string>

namespace countenance {
namespace {

using Sum = std::uint64_t;

/// The run of source pixels that one target pixel covers along one axis. Weights are in units of
/// 1/target of a source pixel, so that every one is an exact integer and a run weighs `source`.
struct Cover {
  std::size_t first = 0;
  std::size_t last = 0;
  Sum firstWeight = 0;
  Sum lastWeight = 0;  // 0 when first == last
};

std::vector<Cover> coversOf(std::size_t source, std::size_t target) {
  checkedMul(source, target);
  std::vector<Cover> covers(target);
  for (std::size_t t = 0; t < target; ++t) {
    const std::size_t begin = t * source;
    const std::size_t end = begin + source;
    Cover& cover = covers[t];
    cover.first = begin / target;
    cover.last = (end - 1) / target;
    cover.firstWeight = std::min(end, (cover.first + 1) * target) - begin;
    cover.lastWeight = cover.first == cover.last ? 0 : end - cover.last * target;
  }
  return covers;
}

/// Adds `weight` times the row, summed along x, to `sums` (target width x channels).
template <std::size_t kChannels>
void addRow(const std::uint8_t* row, const std::vector<Cover>& columns, Sum weight,
            std::vector<Sum>& sums) {
  const Sum full = columns.size();  // the weight of a source pixel that is covered as a whole
  for (std::size_t t = 0; t < columns.size(); ++t) {
    const Cover& cover = columns[t];
    std::array<Sum, kChannels> inner{};
    for (std::size_t x = cover.first + 1; x < cover.last; ++x) {
      for (std::size_t c = 0; c < kChannels; ++c) inner[c] += row[kChannels * x + c];
    }
    for (std::size_t c = 0; c < kChannels; ++c) {
      sums[kChannels * t + c] +=
          weight * (cover.firstWeight * row[kChannels * cover.first + c] + full * inner[c] +
                    cover.lastWeight * row[kChannels * cover.last + c]);
    }
  }
}

Sum rowWeight(const Cover& cover, std::size_t y, std::size_t targetHeight) {
  if (y == cover.first) return cover.firstWeight;
  return y == cover.last ? cover.lastWeight : targetHeight;
}

void checkSide(const char* name, std::size_t source, std::size_t target) {
  if (target >= 1 && target <= source) return;
  throw Error(ErrorCode::kInvalidArgument, std::string(name) + ": expected 1.." +
                                               std::to_string(source) + ", got " +
                                               std::to_string(target));
}

}  // namespace

// In whole numbers, because a rounding error of one grey level can move a detection by a pixel:
// every correct implementation gives the same picture.
Image shrink(ImageView source, std::size_t width, std::size_t height) {
  checkSide("width", source.width, width);
  checkSide("height", source.height, height);
  const Sum total = checkedMul(source.width, source.height);
  checkedMul(total, 2 * 255);  // the largest sum fits
  const std::vector<Cover> columns = coversOf(source.width, width);
  const std::vector<Cover> rows = coversOf(source.height, height);
  Image target(width, height, source.channels);
  std::vector<Sum> sums(checkedMul(width, source.channels));
  const auto add = source.channels == 1 ? addRow<1> : addRow<3>;
  for (std::size_t t = 0; t < height; ++t) {
    std::fill(sums.begin(), sums.end(), Sum{0});
    for (std::size_t y = rows[t].first; y <= rows[t].last; ++y) {
      add(source.row(y), columns, rowWeight(rows[t], y, height), sums);
    }
    std::uint8_t* out = target.row(t);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      out[i] = static_cast<std::uint8_t>((sums[i] + total / 2) / total);
    }
  }
  return target;
}

}  // namespace countenance
