#pragma once

#include <cstddef>

#include "index/vector_index.h"

namespace countenance {

// What every index refuses. All throw Error(kInvalidArgument).

/// @returns The dimension, 1..VectorIndex::kMaxDimension.
std::size_t checkedDimension(std::size_t dimension);

void checkChanges(const IndexChanges& changes, std::size_t dimension);

void checkQuery(const IndexQuery& query, std::size_t dimension);

}  // namespace countenance
