#pragma once

#include <cstddef>

// The layers of a network that take so little time that plain loops do. Pixels lie one behind the
// other, `channels` floats each.

namespace countenance::nn {

void sum(const float* a, const float* b, std::size_t count, float* out);

/// Each channel's mean over all pixels.
void mean(const float* in, std::size_t pixels, std::size_t channels, float* out);

/// The first `kept` of `channels` floats of each pixel, then zeros up to `outChannels`.
void padChannels(const float* in, std::size_t kept, std::size_t channels, std::size_t pixels,
                 float* out, std::size_t outChannels);

/// Each pixel times the factors of its channels.
void scale(const float* in, const float* factors, std::size_t channels, std::size_t pixels,
           float* out);

/// Every pixel twice, `pixels` in all.
void enlargeRow(const float* in, std::size_t channels, std::size_t pixels, float* out);

/// 1 / (1 + e^-x), in place.
void sigmoid(float* values, std::size_t count);

/// x below zero becomes slope * x, in place.
void bend(float* values, std::size_t channels, std::size_t pixels, const float* slope);

/// Pixels of `inChannels` floats as pixels of `outChannels`: cut off, or with zeros at the end.
void repack(const float* in, std::size_t inChannels, std::size_t pixels, float* out,
            std::size_t outChannels);

}  // namespace countenance::nn
