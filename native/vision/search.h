#pragma once

#include <cstddef>
#include <vector>

#include "vision/region.h"

namespace countenance {

// Where a detector's network looks when a look at the whole picture does not do.

/// The whole picture, turned: for faces that do not stand upright.
std::vector<Region> turnedLooks(std::size_t width, std::size_t height);

/// Squares that overlap by half of their side and cover the picture, at most 9: for faces that are
/// small in it.
///
/// @param inputSide  Pixels along a side of what the network sees.
/// @returns Nothing when the whole picture has hardly more pixels than the network sees: its parts
/// show nothing new.
std::vector<Region> closerLooks(std::size_t width, std::size_t height, std::size_t inputSide);

/// Whether a face of this side is so small in a picture that there may be others which a look at
/// the whole of it does not show.
bool isSmall(float side, std::size_t width, std::size_t height);

}  // namespace countenance
