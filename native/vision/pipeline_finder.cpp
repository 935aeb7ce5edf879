#include "vision/pipeline_finder.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "vision/overlap.h"
#include "vision/pipeline_box.h"
#include "vision/search.h"

namespace countenance {
namespace {

// A detection of at least this score whose mesh has at least this flag is a face, and stands as the
// detector says: so are 97.7 % of every third picture of lfw-dev, and one of 216 that were turned
// by 120 to 180 degrees, which the detector mostly sees the wrong way up (docs/decisions.md).
constexpr float kSureScore = 0.75F;
constexpr float kSureFlag = 0.9999F;

// The rest is looked at again, closely, each way up. The worst flag of a face that stands right was
// 0.68, where nothing else was above 0.5.
constexpr float kLeastFlag = 0.5F;
constexpr float kCloseMargin = 2.5F;       // times the box: what faces in lfw-dev have around them
constexpr float kMostCloseRoll = 0.7854F;  // 45 degrees: what is turned by more stands another way
constexpr std::size_t kMostDoubts = 8;     // bounds the cost of a picture full of false alarms

constexpr float kLeastScore = 0.7F;      // of a detection that no mesh checks
constexpr float kSameFace = 0.3F;        // overlap
constexpr float kMostTilt = 0.15F;       // radians by which a mesh may be off its region's roll
constexpr float kMeshMargin = 1.5F;      // MediaPipe's face_landmark: times the detector's box
constexpr float kTurn = 6.28318530718F;  // radians

/// The largest first; a total order.
bool before(const Detection& a, const Detection& b) {
  return std::make_tuple(-a.box.area(), a.box.y, a.box.x, -a.score) <
         std::make_tuple(-b.box.area(), b.box.y, b.box.x, -b.score);
}

Point centreOf(const Box& box) {
  return {box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2};
}

/// How far a mesh is turned, by the outer corners of its eyes.
float rollOf(const Mesh& mesh) {
  const Landmarks5 points = mesh.landmarks();
  return std::atan2(points[0].y - points[2].y, points[0].x - points[2].x);
}

bool isSure(const FoundFace& face) {
  return face.detection.score >= kSureScore && face.mesh->flag >= kSureFlag;
}

/// Faces that do not stand upright have the lower flags, or the lower scores.
float worth(const FoundFace& face) { return face.mesh->flag * face.detection.score; }

}  // namespace

/// One call's state.
struct FaceFinder::Search {
  FaceFinder& finder;
  ImageView picture;
  std::size_t most;
  const CancelToken& cancel;
  std::vector<FoundFace> faces = {};  // so far
  std::size_t doubts = 0;             // looked at closely, so far

  bool isKnown(const Detection& detection) const {
    return std::any_of(faces.begin(), faces.end(), [&](const FoundFace& face) {
      return overlap(face.detection.box, detection.box) > kSameFace;
    });
  }

  /// Takes the largest of those detections that are faces and were not found before.
  void add(std::vector<Detection> detections, const Look& look) {
    std::sort(detections.begin(), detections.end(), before);
    std::size_t taken = 0;
    for (const Detection& detection : detections) {
      if (taken == most) break;
      if (isKnown(detection)) continue;
      cancel.check();
      std::optional<FoundFace> face = finder.verified(picture, detection);
      if (!face && look && finder.mesh_ && doubts++ < kMostDoubts) face = upright(detection, look);
      if (!face || isKnown(face->detection)) continue;
      faces.push_back(std::move(*face));
      ++taken;
    }
  }

  /// Looks at a doubtful detection again, closely, each way up, until it is surely a face.
  std::optional<FoundFace> upright(const Detection& doubtful, const Look& look) {
    const Box& box = doubtful.box;
    const float side = kCloseMargin * std::max(box.width, box.height);
    std::optional<FoundFace> best;
    for (const float eighths : {0.0F, 1.0F, -1.0F, 2.0F, -2.0F, 4.0F, 3.0F, -3.0F}) {
      const float roll = eighths * kTurn / 8;
      for (const Detection& one : look({centreOf(box), side, roll})) {
        if (std::abs(std::remainder(one.roll - roll, kTurn)) > kMostCloseRoll) continue;
        if (overlap(one.box, box) <= kSameFace) continue;
        FoundFace face{one, finder.meshOf(picture, one)};
        if (isSure(face)) return face;
        if (face.mesh->flag >= kLeastFlag && (!best || worth(face) > worth(*best))) best = face;
      }
    }
    return best;
  }

  bool hasLarge() const {
    return std::any_of(faces.begin(), faces.end(), [this](const FoundFace& face) {
      const Box& box = face.detection.box;
      return !isSmall(std::max(box.width, box.height), picture.width, picture.height);
    });
  }

  std::vector<FoundFace> result() {
    std::sort(faces.begin(), faces.end(), [](const FoundFace& a, const FoundFace& b) {
      return before(a.detection, b.detection);
    });
    if (faces.size() > most) faces.resize(most);
    return std::move(faces);
  }

  template <typename Detector>
  void run(Detector& detector) {
    const Look look = [&](const Region& region) {
      cancel.check();
      return detector.detect(picture, region);
    };
    add(look(wholeRegion(picture.width, picture.height)), look);
    if (hasLarge() || !finder.mesh_) return;  // scores alone would let too much pass
    if (faces.empty()) {
      for (const Region& region : turnedLooks(picture.width, picture.height)) {
        add(look(region), look);
        if (!faces.empty()) return;
      }
    }
    std::vector<Detection> found;
    for (const Region& region : closerLooks(picture.width, picture.height, detector.side())) {
      const std::vector<Detection> closer = look(region);
      found.insert(found.end(), closer.begin(), closer.end());
    }
    add(surest(std::move(found), kSameFace), look);
  }
};

FaceFinder::FaceFinder(const PipelineModels& models) : kind_(models.detector) {
  if (models.detector == DetectorKind::kHog) hog_.emplace();
  if (models.detector == DetectorKind::kBlazeFace) blazeFace_.emplace(models.detectorNetwork);
  if (models.detector == DetectorKind::kYuNet) yuNet_.emplace(models.detectorNetwork);
  if (models.mesh) mesh_.emplace(models.mesh);
}

std::vector<FoundFace> FaceFinder::find(ImageView picture, std::size_t most,
                                        const CancelToken& cancel) {
  Search search{*this, picture, most, cancel};
  cancel.check();
  if (hog_) search.add(hog_->detect(picture), nullptr);
  if (blazeFace_) search.run(*blazeFace_);
  if (yuNet_) search.run(*yuNet_);
  return search.result();
}

std::vector<FoundFace> FaceFinder::glance(ImageView picture, std::size_t most,
                                          const CancelToken& cancel) {
  Search search{*this, picture, most, cancel};
  const Region whole = wholeRegion(picture.width, picture.height);
  cancel.check();
  if (hog_) search.add(hog_->detect(picture), nullptr);
  if (blazeFace_) search.add(hopeful(blazeFace_->detect(picture, whole), most), nullptr);
  if (yuNet_) search.add(hopeful(yuNet_->detect(picture, whole), most), nullptr);
  return search.result();
}

std::vector<Detection> FaceFinder::hopeful(std::vector<Detection> seen, std::size_t most) const {
  if (!mesh_) return seen;
  seen.erase(std::remove_if(seen.begin(), seen.end(),
                            [](const Detection& one) { return one.score < kSureScore; }),
             seen.end());
  std::sort(seen.begin(), seen.end(), before);
  if (seen.size() > most + kMostDoubts) seen.erase(seen.begin() + most + kMostDoubts, seen.end());
  return seen;
}

Mesh FaceFinder::meshOf(ImageView picture, const Detection& detection) {
  const Box box = asBlazeFace(detection, kind_);
  const float side = kMeshMargin * std::max(box.width, box.height);
  Mesh mesh = mesh_->find(picture, {centreOf(box), side, detection.roll});
  // The eyes that a detector sees in a turned face are off by up to 20 degrees: look again.
  const float tilt = std::remainder(rollOf(mesh) - detection.roll, kTurn);
  if (mesh.flag >= kLeastFlag && std::abs(tilt) > kMostTilt) {
    const Mesh again = mesh_->find(picture, {centreOf(box), side, detection.roll + tilt});
    if (again.flag >= kLeastFlag) mesh = again;
  }
  return mesh;
}

std::optional<FoundFace> FaceFinder::verified(ImageView picture, const Detection& detection) {
  FoundFace face{detection, std::nullopt};
  if (mesh_) face.mesh = meshOf(picture, detection);
  const bool sure = hog_ ? true : mesh_ ? isSure(face) : detection.score >= kLeastScore;
  if (!sure) return std::nullopt;
  return face;
}

}  // namespace countenance
