#pragma once

namespace countenance::bench {

/// What one core can multiply and add, in GFLOP/s of f32: the widest vectors that this CPU has, in
/// registers alone. 0 where we do not know how to measure it.
double fmaPeak();

}  // namespace countenance::bench
