#pragma once

#include <vector>

#include "nn/kernels.h"

namespace countenance::nn {

/// What the products of a network are computed in. Sums and what passes from layer to layer are
/// more precise; a template's pipeline names it, as vectors of two precisions differ.
enum class Precision { kF32, kBf16, kInt8 };

/// "f32", "bf16" or "int8": as pipelines and options name it.
const char* nameOf(Precision precision);

/// What ResNet multiplies with on this CPU, best first; all give the same numbers but for rounding,
/// int8's the same bits. None: the kernels do not support the precision.
std::vector<const ResNetKernels*> resNetKernels(Precision precision, const Kernels& kernels);

/// Whether ResNet runs in this precision with these kernels (one of availableKernels()) on this
/// CPU. f32 always does.
bool supported(Precision precision, const Kernels& kernels);

}  // namespace countenance::nn
