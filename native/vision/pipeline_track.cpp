#include "vision/pipeline_track.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "vision/overlap.h"
#include "vision/pipeline_box.h"
#include "vision/region.h"

namespace countenance {
namespace {

constexpr float kLeastFlag = 0.5F;   // MediaPipe's face_landmark: below it, no face
constexpr float kMeshMargin = 1.5F;  // MediaPipe's face_landmark: times the box of the points

// Those below without a source are choices: docs/decisions.md, "Liveness: eyes and pose".

// Where BlazeFace's square lies in the one around all points, of whose side these are parts:
// medians over the 87 photos of ../shared/data/photos and of face-api's samples (90 % of them
// within 0.855..0.983 and 0.00..0.075).
constexpr float kBlazeFaceSide = 0.916F;
constexpr float kBlazeFaceDown = 0.036F;

// Of the face's side, from one frame to the next: FaceMesh sees a quarter of it around the face.
constexpr float kMostShift = 0.5F;
constexpr float kMostGrowth = 1.5F;

// FaceMesh is least exact where the face is off the middle of what it sees. A face that moved by
// more than this part of its side is looked at again where it is now, until it settles: without,
// one fast turn of a 93 px face left eight frames of wrong eyes at a flag of 1.0.
constexpr float kSettled = 0.04F;
constexpr int kMostPasses = 4;

constexpr double kLookEveryMs = 200;     // for a second person: one look costs as much as a frame
                                         // (and for the first, where it costs six times that)
constexpr double kSearchEveryMs = 1000;  // everywhere, while nobody is there: up to 81 looks
constexpr std::size_t kMostFaces = 5;
constexpr float kSameFace = 0.3F;     // overlap
constexpr float kOthersShare = 0.4F;  // of the followed face's side: smaller ones are passers-by

// What the best frame must have at least: openness as of an open eye, and as the widest seen.
constexpr float kOpenEye = 0.12F;
constexpr float kOpenShare = 0.7F;
constexpr float kMostTurn = 20;     // degrees of yaw and pitch
constexpr float kSharpEnough = 10;  // half of what there is to gain by sharpness
constexpr float kBetter = 1.05F;    // by so much before another frame is copied

bool isDue(const std::optional<double>& lastMs, double nowMs, double everyMs) {
  return !lastMs || nowMs - *lastMs >= everyMs;
}

/// The square around all points, along the line of the eyes.
Region squareOf(const Mesh& mesh) {
  const Landmarks5 five = mesh.landmarks();
  const float roll = std::atan2(five[0].y - five[2].y, five[0].x - five[2].x);
  const float cosine = std::cos(roll);
  const float sine = std::sin(roll);
  const auto upright = [&](const Point& p) -> Point {
    return {cosine * p.x + sine * p.y, cosine * p.y - sine * p.x};
  };
  Point low = upright(mesh.points[0]);
  Point high = low;
  for (const Point& point : mesh.points) {
    const Point at = upright(point);
    low = {std::min(low.x, at.x), std::min(low.y, at.y)};
    high = {std::max(high.x, at.x), std::max(high.y, at.y)};
  }
  const Point middle{(low.x + high.x) / 2, (low.y + high.y) / 2};
  return {{cosine * middle.x - sine * middle.y, sine * middle.x + cosine * middle.y},
          std::max(high.x - low.x, high.y - low.y),
          roll};
}

Region lookAt(const Region& square) {
  return {square.centre, kMeshMargin * square.side, square.roll};
}

/// What BlazeFace would say of the same face.
Detection blazeFaceOf(const Mesh& mesh) {
  const Region square = squareOf(mesh);
  const float side = kBlazeFaceSide * square.side;
  const float down = kBlazeFaceDown * square.side;
  Detection detection;
  detection.box = {square.centre.x - down * std::sin(square.roll) - (side - 1) / 2,
                   square.centre.y + down * std::cos(square.roll) - (side - 1) / 2, side, side};
  detection.score = mesh.flag;
  detection.roll = square.roll;
  return detection;
}

bool isFinite(const Mesh& mesh) {
  return std::all_of(mesh.points.begin(), mesh.points.end(),
                     [](const Point& p) { return std::isfinite(p.x) && std::isfinite(p.y); });
}

/// Whether a mesh can be the same face as the one before.
bool continues(const Mesh& before, const Mesh& now, ImageView picture) {
  if (!(now.flag >= kLeastFlag) || !isFinite(now)) return false;
  const Region from = squareOf(before);
  const Region to = squareOf(now);
  const bool inside = to.centre.x >= 0 && to.centre.x < static_cast<float>(picture.width) &&
                      to.centre.y >= 0 && to.centre.y < static_cast<float>(picture.height);
  const float shift = std::hypot(to.centre.x - from.centre.x, to.centre.y - from.centre.y);
  return inside && shift <= kMostShift * from.side && to.side <= kMostGrowth * from.side &&
         from.side <= kMostGrowth * to.side;
}

/// The followed face and those of a size that matters beside it.
std::size_t countFaces(const std::vector<FoundFace>& found, const Box& followed) {
  return 1 + static_cast<std::size_t>(
                 std::count_if(found.begin(), found.end(), [&](const FoundFace& other) {
                   const Box& box = other.detection.box;
                   return overlap(box, followed) <= kSameFace &&
                          std::max(box.width, box.height) >= kOthersShare * followed.width;
                 }));
}

bool isFrontal(const Pose& pose) {
  return std::abs(pose.yaw) <= kMostTurn && std::abs(pose.pitch) <= kMostTurn;
}

float narrower(const Openness& eyes) { return std::min(eyes.left, eyes.right); }

/// How good a frontal face's frame is: 0..1; 0 is not good enough.
float worth(const TrackedFace& face, float widest) {
  const float open = narrower(face.eyes) / widest;
  if (narrower(face.eyes) < kOpenEye || !(open >= kOpenShare)) return 0;
  const float turn = std::max(std::abs(face.pose.yaw), std::abs(face.pose.pitch));
  const float sharp = face.clarity.sharpness / (face.clarity.sharpness + kSharpEnough);
  return open * (1 - turn / (2 * kMostTurn)) * sharp;
}

Image copied(ImageView picture) {
  Image copy(picture.width, picture.height, picture.channels);
  std::copy_n(picture.data, picture.width * picture.height * picture.channels, copy.row(0));
  return copy;
}

/// Whether the picture's edge cuts nothing off.
bool isWhole(const Mesh& mesh, ImageView picture) {
  const float right = static_cast<float>(picture.width) - 1;
  const float bottom = static_cast<float>(picture.height) - 1;
  return std::all_of(mesh.points.begin(), mesh.points.end(), [&](const Point& p) {
    return p.x >= 0 && p.x <= right && p.y >= 0 && p.y <= bottom;
  });
}

}  // namespace

FaceTracker::FaceTracker(const PipelineModels& models, Pipeline& pipeline)
    : mesh_(models.trackedMesh), iris_(models.iris), pipeline_(&pipeline) {}

std::optional<Mesh> FaceTracker::follow(const FaceTrack& track, ImageView picture) {
  if (!track.last) return std::nullopt;
  Region seen = squareOf(*track.last);
  for (int pass = 1;; ++pass) {
    Mesh mesh = mesh_.find(picture, lookAt(seen));
    if (!continues(*track.last, mesh, picture)) return std::nullopt;
    const Region now = squareOf(mesh);
    const float shift = std::hypot(now.centre.x - seen.centre.x, now.centre.y - seen.centre.y);
    const float growth = std::abs(now.side - seen.side);
    if (pass == kMostPasses || std::max(shift, growth) <= kSettled * now.side) return mesh;
    seen = now;
  }
}

/// From where its own points are, as in the frames to come.
std::optional<Mesh> FaceTracker::meshOf(const FoundFace& found, ImageView picture) {
  std::optional<Mesh> mesh = found.mesh;
  if (!mesh) {  // kHog without FaceMesh
    const Box box = asBlazeFace(found.detection, DetectorKind::kHog);
    const Point centre{box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2};
    mesh = mesh_.find(picture, {centre, kMeshMargin * box.width, found.detection.roll});
  }
  if (!(mesh->flag >= kLeastFlag) || !isFinite(*mesh)) return std::nullopt;
  const Mesh again = mesh_.find(picture, lookAt(squareOf(*mesh)));
  if (continues(*mesh, again, picture)) mesh = again;
  return mesh;
}

TrackedFace FaceTracker::describe(const FaceTrack& track, ImageView picture, const Mesh& mesh) {
  TrackedFace face;
  const Span<const Point> points(mesh.points.data(), mesh.points.size());
  face.landmarks = mesh.landmarks();
  const auto& [rightOuter, rightInner, leftOuter, leftInner, nose] = face.landmarks;
  const Region square = squareOf(mesh);
  face.box = blazeFaceOf(mesh).box;
  face.score = mesh.flag;
  face.pose = poseOf(points);
  if (track.options.contour == EyeContour::kIris) {
    const Iris::Contour left = iris_.leftEye(picture, {leftOuter, leftInner});
    const Iris::Contour right = iris_.rightEye(picture, {rightInner, rightOuter});
    face.eyes = {irisOpenness({left.data(), left.size()}),
                 irisOpenness({right.data(), right.size()})};
  } else {
    face.eyes = meshOpenness(points);
  }
  face.eyeGap = std::hypot(rightOuter.x - leftOuter.x, rightOuter.y - leftOuter.y);
  face.clarity = clarityOf(picture, square);
  return face;
}

TrackedFrame FaceTracker::step(FaceTrack& track, ImageView picture, double timestampMs,
                               const CancelToken& cancel) {
  if (picture.width == 0 || picture.height == 0) {
    throw Error(ErrorCode::kInvalidArgument, "picture: expected at least 1 x 1 pixels, got " +
                                                 std::to_string(picture.width) + " x " +
                                                 std::to_string(picture.height));
  }
  cancel.check();
  TrackedFrame frame;
  FaceFinder& finder = pipeline_->finder();
  std::optional<Mesh> mesh = follow(track, picture);
  if (mesh && isDue(track.lookedMs, timestampMs, kLookEveryMs)) {
    const std::vector<FoundFace> found = finder.glance(picture, kMostFaces, cancel);
    frame.facesSeen = countFaces(found, blazeFaceOf(*mesh).box);
  }
  const bool followed = mesh.has_value();
  const bool looks = !followed && (track.last || !finder.isSlow() ||
                                   isDue(track.lookedMs, timestampMs, kLookEveryMs));
  const bool everywhere = looks && isDue(track.searchedMs, timestampMs, kSearchEveryMs);
  if (looks) {
    const std::vector<FoundFace> found = everywhere ? finder.find(picture, kMostFaces, cancel)
                                                    : finder.glance(picture, kMostFaces, cancel);
    cancel.check();
    for (const FoundFace& face : found) {
      mesh = meshOf(face, picture);
      if (mesh) break;  // the largest
    }
    frame.facesSeen = mesh ? countFaces(found, blazeFaceOf(*mesh).box) : 0;
  }
  cancel.check();
  bool embedded = false;
  if (mesh) {
    TrackedFace face = describe(track, picture, *mesh);
    face.followed = followed;
    const std::optional<double>& every = track.options.embedEveryMs;
    embedded = every && (!followed || isDue(track.embeddedMs, timestampMs, *every));
    if (embedded) {
      cancel.check();
      face.embedding = pipeline_->embed(picture, blazeFaceOf(*mesh), *mesh);
    }
    frame.face = std::move(face);
  }
  const std::size_t facesSeen = frame.facesSeen.value_or(track.facesSeen);
  float widest = track.widest;
  std::optional<BestFrame> better;
  if (mesh && facesSeen == 1 && isFrontal(frame.face->pose) && isWhole(*mesh, picture)) {
    widest = std::max(widest, narrower(frame.face->eyes));
    const float before = track.best ? worth(track.best->face, widest) : 0;
    if (worth(*frame.face, widest) > kBetter * before) {
      better = BestFrame{copied(picture), timestampMs, *frame.face, *mesh};
    }
  }
  // From here on nothing is refused: the track goes on.
  track.last = mesh;
  track.facesSeen = facesSeen;
  if (frame.facesSeen) track.lookedMs = timestampMs;
  if (everywhere) track.searchedMs = timestampMs;
  if (embedded) track.embeddedMs = timestampMs;
  track.widest = widest;
  if (better) track.best = std::move(better);
  return frame;
}

std::vector<float> FaceTracker::embed(const BestFrame& frame) {
  return pipeline_->embed(frame.picture.view(), blazeFaceOf(frame.mesh), frame.mesh);
}

}  // namespace countenance
