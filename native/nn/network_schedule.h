#pragma once

#include <cstddef>
#include <vector>

#include "nn/network_steps.h"

namespace countenance::nn {

/// Some rows of a step's result, made at one time.
struct Band {
  std::size_t step;
  Rows rows;
};

/// Where a value lies in the scratch memory, in floats. Of a large map only the rows that somebody
/// will still read exist: row y is the one of y % rows.
struct ValuePlace {
  std::size_t channels = 0;  ///< Of a pixel, padded to a multiple of kChannelStep.
  std::size_t rowSize = 0;
  std::size_t rows = 0;  ///< 0 for a value that no step needs.
  std::size_t offset = 0;
};

/// The order of a run: rows are made when the first reader needs them, so that they are read from
/// the cache they were written to. One map of BlazeFace would fill the second cache of most CPUs.
struct NetworkSchedule {
  std::vector<Band> bands;
  std::vector<ValuePlace> values;
  std::size_t size = 0;  ///< Floats of scratch memory for all values.
};

/// @param inputChannels  Of a pixel of the input as it lies in memory.
NetworkSchedule networkSchedule(const NetworkPlan& plan, const std::vector<NetworkStep>& steps,
                                std::size_t inputChannels);

std::size_t paddedChannels(std::size_t channels);

}  // namespace countenance::nn
