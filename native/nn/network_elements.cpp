#include "nn/network_elements.h"

#include <algorithm>
#include <cmath>

namespace countenance::nn {

void sum(const float* a, const float* b, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = a[i] + b[i];
}

void mean(const float* in, std::size_t pixels, std::size_t channels, float* out) {
  std::fill_n(out, channels, 0.0F);
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < channels; ++c) out[c] += in[p * channels + c];
  }
  const float factor = 1 / static_cast<float>(pixels);
  for (std::size_t c = 0; c < channels; ++c) out[c] *= factor;
}

void padChannels(const float* in, std::size_t kept, std::size_t channels, std::size_t pixels,
                 float* out, std::size_t outChannels) {
  for (std::size_t p = 0; p < pixels; ++p, in += channels, out += outChannels) {
    std::copy_n(in, kept, out);
    std::fill(out + kept, out + outChannels, 0.0F);
  }
}

void scale(const float* in, const float* factors, std::size_t channels, std::size_t pixels,
           float* out) {
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < channels; ++c) {
      out[p * channels + c] = in[p * channels + c] * factors[c];
    }
  }
}

void enlargeRow(const float* in, std::size_t channels, std::size_t pixels, float* out) {
  for (std::size_t p = 0; p < pixels; ++p) {
    std::copy_n(in + p / 2 * channels, channels, out + p * channels);
  }
}

void sigmoid(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = 1 / (1 + std::exp(-values[i]));
}

void bend(float* values, std::size_t channels, std::size_t pixels, const float* slope) {
  for (std::size_t p = 0; p < pixels; ++p, values += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      values[c] = std::max(values[c], 0.0F) + slope[c] * std::min(values[c], 0.0F);
    }
  }
}

void repack(const float* in, std::size_t inChannels, std::size_t pixels, float* out,
            std::size_t outChannels) {
  padChannels(in, std::min(inChannels, outChannels), inChannels, pixels, out, outChannels);
}

}  // namespace countenance::nn
