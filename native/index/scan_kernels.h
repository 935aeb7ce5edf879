#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What the scans ask of a CPU. Each scan_<level>.cpp is compiled for one level of CPUs, with that
// level's flags, and the best one that runs here is chosen.
//
// Only plain data crosses this border: an inline function that two levels compiled would be merged
// by the linker, and an older CPU could then run the newer one's code.
//
// A row of vectors is padded with zeros to whole groups of 16 floats. Its codes have 8 bits an
// element, cut into two planes of 4 bits: the high nibbles, which are codes of 4 bits by
// themselves, and the low ones. In a plane, 64 bytes hold 128 elements: byte i has element i in its
// lower half and element i + 64 in its upper half. A code's bits mean a number between the steps'
// edges: (code - 127.5) * step for 8 bits, (nibble - 7.5) * 16 * step for 4.

namespace countenance {

constexpr std::size_t kRowLanes = 16;        ///< Floats to which a row is padded.
constexpr std::size_t kChunkElements = 128;  ///< To which its codes are.
constexpr std::size_t kChunkBytes = 64;      ///< What they take in a plane.
constexpr std::size_t kMaxTogether = 16;     ///< Queries that one kernel scans at once.

/// Vectors, `stride` floats apart.
struct FloatRows {
  const float* first;
  std::size_t stride;
};

/// A plane of codes, `stride` bytes apart, a multiple of kChunkBytes.
struct CodeRows {
  const std::uint8_t* first;
  std::size_t stride;
};

/// What is kept of a row beside its codes of 4 bits, as numbers of steps of its segment.
struct RowMark {
  std::uint16_t bias;
  std::uint16_t error;
};

/// A row may be near when: dot >= bias * biasFactor - error * errorFactor + offset, in f32, where
/// `dot` is the sum of products of its nibbles and the query's codes, which is exact.
struct NearTest {
  float biasFactor;
  float errorFactor;
  float offset;
};

/// How a vector differs from what its codes say: sums of squares in f32, of rounded terms.
struct CodingSums {
  float offset;       ///< |vector - mean|^2
  float coarse;       ///< |4 bits|^2
  float coarseError;  ///< |vector - mean - 4 bits|^2
  float fine;         ///< |8 bits|^2
  float fineError;    ///< |vector - mean - 8 bits|^2
};

struct QuerySums {
  float offset;  ///< |query - mean|^2
  float error;   ///< |query - mean - step * codes|^2
  std::int32_t sum;
  std::int32_t squares;
};

struct ScanKernels {
  const char* name;

  /// Squared distances of `count` rows from the query, [stride]. Defined to the last bit: element i
  /// is subtracted, squared and added to sum i % 16, in ascending order, each operation rounded to
  /// f32 by itself; then sum j takes sum j + 8, then j + 4, j + 2, j + 1. Squares that are too
  /// large make +inf; finite rows never make NaN.
  void (*distances)(const float* query, FloatRows rows, std::size_t count, float* squared);
  /// The same of the rows `picked`, in any order.
  void (*distancesOf)(const float* query, FloatRows rows, const std::uint32_t* picked,
                      std::size_t count, float* squared);

  /// sums += row, [padded] each.
  void (*add)(const float* row, std::size_t padded, float* sums);
  /// Writes a vector's codes to both planes, zeros behind `dimension`.
  /// @param step  2^-40 .. 2^40, at most 12 significant bits, so that every decoded number is
  /// exact.
  CodingSums (*codeRow)(const float* row, const float* mean, std::size_t dimension, float step,
                        std::uint8_t* high, std::uint8_t* low);
  /// centred = query - mean; returns the largest magnitude.
  float (*centre)(const float* query, const float* mean, std::size_t padded, float* centred);
  /// codes = centred / step, rounded and cut off at +-127.
  /// @param step  2^-60 .. 2^60, at most 12 significant bits.
  QuerySums (*codeQuery)(const float* centred, std::size_t padded, float step, std::int8_t* codes);

  /// Bit i of `near`: whether row i passes the test. `count` is a multiple of 64.
  void (*scan)(CodeRows rows, const RowMark* marks, std::size_t count, const std::int8_t* query,
               NearTest test, std::uint64_t* near);
  /// The dot products of the rows `picked`.
  void (*dotsOf)(CodeRows rows, const std::uint32_t* picked, std::size_t count,
                 const std::int8_t* query, std::int32_t* dots);
  /// scan() of kMaxTogether queries: bit q of near[i] says whether row i passes test q.
  /// @param queries  [2 * stride / 4][kMaxTogether][4]: elements by fours, query by query.
  /// @param tests    [kMaxTogether]
  /// Null where one after the other is as fast.
  void (*scanTogether)(CodeRows rows, const RowMark* marks, std::size_t count,
                       const std::int8_t* queries, const NearTest* tests, std::uint16_t* near);
};

extern const ScanKernels kBaselineScan;
#ifdef __aarch64__
extern const ScanKernels kNeonScan;
#endif
#ifdef __x86_64__
extern const ScanKernels kAvx2Scan;
extern const ScanKernels kAvx512VnniScan;
#endif

/// The kernels that this CPU can run, best first.
std::vector<const ScanKernels*> availableScanKernels();

/// The best of them.
const ScanKernels& bestScanKernels();

}  // namespace countenance
