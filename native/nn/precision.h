#pragma once

#include "nn/kernels.h"

namespace countenance::nn {

/// What the products of a network are computed in. Sums and what passes from layer to layer are
/// more precise; a template's pipeline names it, as vectors of two precisions differ.
enum class Precision { kF32, kBf16, kInt8 };

/// "f32", "bf16" or "int8": as pipelines and options name it.
const char* nameOf(Precision precision);

/// Whether ResNet runs in this precision with these kernels (one of availableKernels()) on this
/// CPU. f32 always does.
bool supported(Precision precision, const Kernels& kernels);

}  // namespace countenance::nn
