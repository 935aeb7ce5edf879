#pragma once

#include <cstddef>
#include <cstdint>

namespace countenance::bench {

/// Reads memory once, as fast as a core can: the sum of its words. Prefetching by software made it
/// slower on the machines that were tried.
/// @param words  At least 64, a multiple of 64.
std::uint64_t readOnce(const std::uint64_t* memory, std::size_t words);

/// Squared distances from a query to rows of floats, by the widest instructions of this machine: a
/// plain scan's work.
/// @param dimension  A multiple of 64.
/// @param squared  [count]
void squaredDistances(const float* query, const float* rows, std::size_t count,
                      std::size_t dimension, float* squared);

}  // namespace countenance::bench
