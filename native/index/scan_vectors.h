#pragma once

#include <hwy/highway.h>

#include "index/scan_kernels.h"

// The scans' arithmetic in f32, in Highway's vectors for the one CPU level that the including file
// is compiled for. Everything is in an unnamed namespace, so that no two levels share a symbol; for
// the same reason no function of the standard library is called.

namespace countenance {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, kRowLanes>;
using Vector = hn::Vec<Lanes>;
using Integers = hn::RebindToSigned<Lanes>;
constexpr std::size_t kLanes = hn::MaxLanes(Lanes());
constexpr std::size_t kParts = kRowLanes / kLanes;  ///< Vectors of a group of 16.
constexpr std::size_t kLineFloats = 16;

/// How many rows ahead a picked row is fetched, and that it is fetched into the second cache: it
/// keeps more reads under way than the first. A thousand rows of a million, block by block: 36
/// microseconds; 62 into the first cache, however far ahead (Zen 4).
constexpr std::size_t kPickedAhead = 32;
constexpr int kSecondCache = 2;

#if HWY_TARGET != HWY_SCALAR
template <typename Tag>
HWY_INLINE void foldToFour(Tag tag, hn::Vec<Tag> sums, float* HWY_RESTRICT to) {
  if constexpr (hn::MaxLanes(Tag()) > 4) {
    const hn::Half<Tag> half;
    foldToFour(half, hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums)), to);
  } else {
    hn::Store(sums, tag, to);
  }
}
#endif

/// The sixteen sums of a row, folded by halves.
HWY_INLINE float fold(const Vector* sums) {
  Vector left[kParts];
  for (std::size_t p = 0; p < kParts; ++p) left[p] = sums[p];
  for (std::size_t parts = kParts / 2; parts > 0; parts /= 2) {
    for (std::size_t p = 0; p < parts; ++p) left[p] = hn::Add(left[p], left[p + parts]);
  }
#if HWY_TARGET == HWY_SCALAR
  return hn::GetLane(left[0]);
#else
  HWY_ALIGN float all[4];
  foldToFour(Lanes(), left[0], all);
  return (all[0] + all[2]) + (all[1] + all[3]);
#endif
}

HWY_INLINE float distance(const float* HWY_RESTRICT query, const float* HWY_RESTRICT row,
                          std::size_t padded) {
  const Lanes lanes;
  Vector sums[kParts];
  for (std::size_t p = 0; p < kParts; ++p) sums[p] = hn::Zero(lanes);
  for (std::size_t i = 0; i < padded; i += kRowLanes) {
    for (std::size_t p = 0; p < kParts; ++p) {
      const std::size_t at = i + p * kLanes;
      const Vector difference = hn::Sub(hn::LoadU(lanes, query + at), hn::Load(lanes, row + at));
      sums[p] = hn::Add(sums[p], hn::Mul(difference, difference));
    }
  }
  return fold(sums);
}

/// Row after row: side by side, two rows at once take 59 ms a million where one takes 24 (Zen 4),
/// as memory is then no longer read in order.
void distances(const float* query, FloatRows rows, std::size_t count, float* squared) {
  for (std::size_t i = 0; i < count; ++i) {
    squared[i] = distance(query, rows.first + i * rows.stride, rows.stride);
  }
}

HWY_INLINE void fetchRow(const float* row, std::size_t padded) {
  for (std::size_t i = 0; i < padded; i += kLineFloats)
    __builtin_prefetch(row + i, 0, kSecondCache);
}

void distancesOf(const float* query, FloatRows rows, const std::uint32_t* picked, std::size_t count,
                 float* squared) {
  const auto row = [&](std::size_t i) { return rows.first + picked[i] * rows.stride; };
  for (std::size_t i = 0; i < kPickedAhead && i < count; ++i) fetchRow(row(i), rows.stride);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPickedAhead < count) fetchRow(row(i + kPickedAhead), rows.stride);
    squared[i] = distance(query, row(i), rows.stride);
  }
}

void add(const float* row, std::size_t padded, float* sums) {
  const Lanes lanes;
  for (std::size_t i = 0; i < padded; i += kLanes) {
    hn::StoreU(hn::Add(hn::LoadU(lanes, sums + i), hn::LoadU(lanes, row + i)), lanes, sums + i);
  }
}

/// A sum of squares: 16 sums, folded at the end.
class Squares final {
 public:
  Squares() {
    for (std::size_t p = 0; p < kParts; ++p) sums_[p] = hn::Zero(Lanes());
  }
  HWY_INLINE void add(std::size_t part, Vector value) {
    sums_[part] = hn::Add(sums_[part], hn::Mul(value, value));
  }
  HWY_INLINE float sum() const { return fold(sums_); }

 private:
  Vector sums_[kParts];
};

CodingSums codeRow(const float* row, const float* mean, std::size_t dimension, float step,
                   std::uint8_t* high, std::uint8_t* low) {
  const Lanes lanes;
  const Integers integers;
  const hn::Rebind<std::uint8_t, Lanes> bytes;
  const Vector steps = hn::Set(lanes, step);
  const Vector coarseSteps = hn::Set(lanes, 16 * step);
  const Vector perUnit = hn::Set(lanes, 1 / step);
  Squares offset, coarse, coarseError, fine, fineError;
  for (std::size_t start = 0; start < dimension; start += kChunkElements) {
    HWY_ALIGN std::uint8_t codes[kChunkElements] = {};
    for (std::size_t i = start; i < start + kChunkElements && i < dimension; i += kLanes) {
      const std::size_t part = i / kLanes % kParts;
      const Vector value = hn::Sub(hn::LoadU(lanes, row + i), hn::LoadU(lanes, mean + i));
      const Vector bin = hn::Floor(hn::Add(hn::Mul(value, perUnit), hn::Set(lanes, 128.0F)));
      const auto code = hn::ConvertTo(
          integers, hn::Max(hn::Min(bin, hn::Set(lanes, 255.0F)), hn::Set(lanes, 0.0F)));
      const auto nibble = hn::ShiftRight<4>(code);
      Vector coarseValue =
          hn::Mul(hn::Sub(hn::ConvertTo(lanes, nibble), hn::Set(lanes, 7.5F)), coarseSteps);
      Vector fineValue =
          hn::Mul(hn::Sub(hn::ConvertTo(lanes, code), hn::Set(lanes, 127.5F)), steps);
      if (i + kLanes > dimension) {  // what is behind the vector has no code
        const auto inside = hn::FirstN(lanes, dimension - i);
        coarseValue = hn::IfThenElseZero(inside, coarseValue);
        fineValue = hn::IfThenElseZero(inside, fineValue);
      }
      offset.add(part, value);
      coarse.add(part, coarseValue);
      coarseError.add(part, hn::Sub(value, coarseValue));
      fine.add(part, fineValue);
      fineError.add(part, hn::Sub(value, fineValue));
      hn::StoreU(hn::DemoteTo(bytes, code), bytes, codes + (i - start));
    }
    const std::size_t at = start / kChunkElements * kChunkBytes;
    for (std::size_t i = 0; i < kChunkBytes; ++i) {
      const std::uint8_t first = codes[i];
      const std::uint8_t second = codes[i + kChunkBytes];
      high[at + i] = static_cast<std::uint8_t>(first >> 4 | (second & 0xF0));
      low[at + i] = static_cast<std::uint8_t>((first & 0xF) | second << 4);
    }
  }
  return {offset.sum(), coarse.sum(), coarseError.sum(), fine.sum(), fineError.sum()};
}

float centre(const float* query, const float* mean, std::size_t padded, float* centred) {
  const Lanes lanes;
  Vector most = hn::Zero(lanes);
  for (std::size_t i = 0; i < padded; i += kLanes) {
    const Vector value = hn::Sub(hn::LoadU(lanes, query + i), hn::LoadU(lanes, mean + i));
    most = hn::Max(most, hn::Abs(value));
    hn::StoreU(value, lanes, centred + i);
  }
  return hn::GetLane(hn::MaxOfLanes(lanes, most));
}

QuerySums codeQuery(const float* centred, std::size_t padded, float step, std::int8_t* codes) {
  const Lanes lanes;
  const Integers integers;
  const hn::Rebind<std::int8_t, Lanes> bytes;
  const Vector steps = hn::Set(lanes, step);
  const Vector perUnit = hn::Set(lanes, 1 / step);
  Squares offset, error;
  auto sum = hn::Zero(integers);
  auto squares = hn::Zero(integers);
  for (std::size_t i = 0; i < padded; i += kLanes) {
    const std::size_t part = i / kLanes % kParts;
    const Vector value = hn::LoadU(lanes, centred + i);
    const Vector most = hn::Set(lanes, 127.0F);
    const Vector scaled = hn::Max(hn::Min(hn::Mul(value, perUnit), most), hn::Neg(most));
    const auto code = hn::NearestInt(scaled);
    sum = hn::Add(sum, code);
    squares = hn::Add(squares, hn::Mul(code, code));
    offset.add(part, value);
    error.add(part, hn::Sub(value, hn::Mul(hn::ConvertTo(lanes, code), steps)));
    hn::StoreU(hn::DemoteTo(bytes, code), bytes, codes + i);
  }
  return {offset.sum(), error.sum(), hn::GetLane(hn::SumOfLanes(integers, sum)),
          hn::GetLane(hn::SumOfLanes(integers, squares))};
}

}  // namespace
}  // namespace countenance
