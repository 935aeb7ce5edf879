#pragma once

#include <cstddef>

namespace countenance {

/// What scans have looked at. Rows that a mask hides are not counted.
struct ScanCounts {
  std::size_t scanned = 0;        ///< Rows that were considered, in any way.
  std::size_t refined = 0;        ///< Rows whose codes of 4 bits did not rule them out.
  std::size_t reranked = 0;       ///< Rows whose f32 vector was compared.
  std::size_t plainSegments = 0;  ///< Segments of which every row was compared in f32.
};

}  // namespace countenance
