#pragma once

#include <cstddef>

namespace countenance {

/// How a search came to its answer: rows, and segments of rows.
struct ScanCounts {
  std::size_t scanned = 0;        ///< Rows whose 4-bit codes, or vectors, were read.
  std::size_t refined = 0;        ///< Rows of these that the 8-bit codes decided on.
  std::size_t reranked = 0;       ///< Rows of these whose vector was compared.
  std::size_t plainSegments = 0;  ///< Segments that were read as vectors, codes being of no use.
};

}  // namespace countenance
