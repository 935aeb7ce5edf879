#include "index/coded_segment.h"

#include <cmath>

namespace countenance {
namespace {

/// What rounding adds to a sum of that many groups, relatively: twice what the proof asks for.
double slack(std::size_t groups) { return (static_cast<double>(groups) + 8) * 0x1p-22; }

}  // namespace

double rootAbove(float sum, std::size_t groups) {
  return std::sqrt((static_cast<double>(sum) + 0x1p-130) * (1 + slack(groups)));
}

double sumBelow(float sum, std::size_t groups) { return sum * (1 - slack(groups)); }

double distanceAbove(float squared, std::size_t groups) { return rootAbove(squared, groups); }

double codingErrorAbove(float errorSum, float offsetSum, std::size_t groups) {
  return rootAbove(errorSum, groups) * (1 + 0x1p-22) + rootAbove(offsetSum, groups) * 0x1p-22;
}

float roundedStep(double step) {
  int exponent = 0;
  const double mantissa = std::frexp(step, &exponent);
  return static_cast<float>(std::ldexp(std::ceil(mantissa * 4096), exponent - 12));
}

}  // namespace countenance
