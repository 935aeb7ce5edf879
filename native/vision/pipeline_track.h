#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/geometry.h"
#include "core/image.h"
#include "vision/clarity.h"
#include "vision/detection.h"
#include "vision/eyes.h"
#include "vision/iris.h"
#include "vision/mesh.h"
#include "vision/pipeline.h"
#include "vision/pose.h"

namespace countenance {

/// What the eyes' openness is measured on.
enum class EyeContour { kIris, kMesh };

struct TrackOptions {
  EyeContour contour = EyeContour::kIris;
  /// A face gets a template where it is found anew and then every so many milliseconds; none:
  /// never.
  std::optional<double> embedEveryMs;
};

/// The face that is followed, in one frame.
struct TrackedFace {
  Box box;  ///< The square that BlazeFace would draw around it.
  Landmarks5 landmarks;
  float score = 0;  ///< FaceMesh's flag.
  bool followed = false;
  Pose pose;
  Openness eyes;
  float eyeGap = 0;  ///< Pixels between the outer corners of the eyes.
  Clarity clarity;
  std::vector<float> embedding;  ///< Empty where none was asked for.
};

struct TrackedFrame {
  std::optional<TrackedFace> face;
  /// The followed face, and the others near its size that a detector saw. Nothing when none looked.
  std::optional<std::size_t> facesSeen;
};

/// A frame worth keeping, copied.
struct BestFrame {
  Image picture;
  double timestampMs = 0;
  TrackedFace face;
  Mesh mesh;
};

/// What is known of one clip, from frame to frame.
struct FaceTrack {
  TrackOptions options;
  std::optional<Mesh> last = {};          ///< Of the frame before, if a face was in it.
  std::size_t facesSeen = 0;              ///< At the last look.
  std::optional<double> lookedMs = {};    ///< When a detector looked at the whole picture.
  std::optional<double> searchedMs = {};  ///< When it looked everywhere, and for turned faces too.
  std::optional<double> embeddedMs = {};
  float widest = 0;  ///< The narrower eye's openness, at most, from the front.
  std::optional<BestFrame> best = {};
};

/// Follows one face through the frames of a clip.
///
/// A detector finds the largest face; from then on FaceMesh looks where its own points were in the
/// frame before, which is cheaper and steadier. When that is no face any more, the detector looks
/// again in the same frame, and in those to come; a slow one only every so often. It keeps scratch
/// memory, so each thread needs its own; tracks may go from one to another.
class FaceTracker final {
 public:
  /// @param models  With `trackedMesh` and `iris`.
  /// @param pipeline  Of the same thread; it must live longer.
  FaceTracker(const PipelineModels& models, Pipeline& pipeline);

  /// @param picture  RGB8 or greyscale, at least 1 x 1; borrowed for this call only.
  /// @param timestampMs  Not less than the last one's.
  /// @throws Error(kInvalidArgument) for an empty picture, Error(kAborted) between stages; the
  /// track is then as it was before.
  TrackedFrame step(FaceTrack& track, ImageView picture, double timestampMs,
                    const CancelToken& cancel);

  /// The template of a frame that was kept. Empty when its points make no face.
  std::vector<float> embed(const BestFrame& frame);

 private:
  std::optional<Mesh> follow(const FaceTrack& track, ImageView picture);
  std::optional<Mesh> meshOf(const FoundFace& found, ImageView picture);
  TrackedFace describe(const FaceTrack& track, ImageView picture, const Mesh& mesh);

  FaceMesh mesh_;
  Iris iris_;
  Pipeline* pipeline_;  // borrowed
};

}  // namespace countenance
