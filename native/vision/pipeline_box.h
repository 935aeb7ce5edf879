#pragma once

#include "core/geometry.h"
#include "vision/detection.h"
#include "vision/pipeline_models.h"

namespace countenance {

// Every detector draws its boxes its own way; the networks behind it were trained on one of them.

/// The square that BlazeFace would draw around a face, for FaceMesh.
Box asBlazeFace(const Detection& detection, DetectorKind from);

/// The rectangle, higher than wide, that annotators of WIDER FACE draw, for MiniFASNet: chin to
/// forehead, ear to ear.
Box asWider(const Detection& detection, DetectorKind from);

/// The square that dlib's HOG detector would draw around a face, for dlib's shape predictor.
Box asHog(const Detection& detection, DetectorKind from);

}  // namespace countenance
