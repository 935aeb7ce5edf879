#pragma once

#include <vector>

#include "vision/detection.h"

namespace countenance {

/// The area that two boxes share, over the area that they cover together: 0..1.
float overlap(const Box& a, const Box& b);

/// Surest first, equal ones by position: a total order, so that the same picture always gives the
/// same list.
void sortByScore(std::vector<Detection>& detections);

/// Makes one detection of those that overlap: the mean of them, weighted by their scores, with the
/// surest one's score.
/// The mean is steadier than any single one: Bazarevsky et al., BlazeFace (2019), section 3.4.
/// @param least  The overlap from which on two are of one face.
std::vector<Detection> blended(std::vector<Detection> detections, float least);

/// Keeps the surest of those that overlap.
std::vector<Detection> surest(std::vector<Detection> detections, float least);

}  // namespace countenance
