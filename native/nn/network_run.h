#pragma once

#include <cstddef>

#include "nn/network_parts.h"

namespace countenance::nn {

/// One run of a network, band after band. It borrows both for the call.
class NetworkRun final {
 public:
  NetworkRun(const NetworkParts& parts, float* scratch) : parts_(parts), scratch_(scratch) {}

  void run() const;

 private:
  void makeBand(const NetworkStep& step, std::size_t value, Rows rows) const;
  void convolvePixels(const NetworkStep& step, std::size_t value, Rows rows) const;
  void convolveWindows(const NetworkStep& step, std::size_t value, Rows rows) const;
  void convolve(const NetworkStep& step, std::size_t value, std::size_t row, std::size_t pixels,
                const float* const* windows) const;
  void depthwise(std::size_t layer, std::size_t row, float* out) const;
  void maxPool(const NetworkStep& step, std::size_t value, std::size_t row) const;
  void eachValue(const NetworkStep& step, std::size_t value, Rows rows) const;
  void activate(const NetworkStep& step, std::size_t value, Rows rows) const;
  void copyIntoWindow(std::size_t layer, std::size_t row, float* windows) const;

  const NetworkLayer& layer(std::size_t number) const { return parts_.plan.layers[number]; }
  const LayerWeights& weightsOf(std::size_t number) const { return (*parts_.weights)[number]; }
  const ValuePlace& place(std::size_t value) const { return parts_.schedule.values[value]; }
  const Shape3& shape(std::size_t value) const { return parts_.plan.shapes[value]; }
  float* rowOf(std::size_t value, std::size_t row) const {
    return scratch_ + place(value).offset + row % place(value).rows * place(value).rowSize;
  }

  const NetworkParts& parts_;
  float* scratch_;
};

}  // namespace countenance::nn
