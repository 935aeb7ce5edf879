#include "vision/pipeline_passive.h"

#include "vision/pipeline_box.h"

namespace countenance {
namespace {

// Silent-Face-Anti-Spoofing: in the names of its files, 2.7_80x80_MiniFASNetV2.pth and
// 4_0_0_80x80_MiniFASNetV1SE.pth.
constexpr float kV2Scale = 2.7F;
constexpr float kV1seScale = 4;

}  // namespace

PassiveCheck::PassiveCheck(const PassiveModels& models, DetectorKind detector)
    : v2_(models.v2, kV2Scale), v1se_(models.v1se, kV1seScale), detector_(detector) {}

PassiveScores PassiveCheck::check(ImageView picture, FaceFinder& finder,
                                  const CancelToken& cancel) {
  const std::vector<FoundFace> found = finder.find(picture, 2, cancel);
  PassiveScores scores;
  scores.faces = found.size();
  if (found.empty()) return scores;
  cancel.check();
  const Detection& largest = found.front().detection;
  const Box face = asWider(largest, detector_);
  const LiveScore v1se = v1se_.score(picture, face);
  scores.box = largest.box;
  scores.v2 = v2_.score(picture, face).live;
  scores.v1se = v1se.live;
  scores.scale = v1se.scale;
  scores.colour = v1se.colour;
  return scores;
}

}  // namespace countenance
