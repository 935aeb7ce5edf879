#pragma once

#include <stdexcept>
#include <string>

#include "nn/kernels.h"

namespace countenance::bench {

/// The kernels for this level of CPUs, or the `best` ones.
/// @throws std::runtime_error when this CPU has no such level.
inline const nn::Kernels& kernelsNamed(const std::string& level) {
  if (level == "best") return nn::bestKernels();
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    if (kernels->name == level) return *kernels;
  }
  throw std::runtime_error("error: this CPU has no " + level);
}

}  // namespace countenance::bench
