#include "vision/pipeline_track.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"

using namespace countenance;
using test::plain;

namespace {

std::shared_ptr<PipelineModels> models() {
  auto made = std::make_shared<PipelineModels>();
  made->detector = DetectorKind::kBlazeFace;
  made->alignment = Alignment::kMesh;
  made->detectorNetwork = test::network("blazeface.bin");
  made->mesh = test::network("facemesh.bin");
  made->trackedMesh = made->mesh;
  made->iris = test::network("iris.bin");
  made->embedder = test::resnet();
  return made;
}

/// What one thread of an engine has; a track of its own goes with it.
struct Rig {
  std::shared_ptr<PipelineModels> shared;
  Pipeline pipeline{shared};
  FaceTracker tracker{*shared, pipeline};
  FaceTrack track = {};
  double nowMs = -40;

  TrackedFrame step(const Image& image) {
    return tracker.step(track, image.view(), nowMs += 40, {});
  }
};

Rig& rig() {  // loading takes most of the time
  static Rig one{models()};
  one.track = {};
  one.nowMs = -40;
  return one;
}

/// The same with the slow detector, and no mesh to check what it finds.
std::shared_ptr<PipelineModels> hogModels() {
  auto made = std::make_shared<PipelineModels>(*rig().shared);
  made->detector = DetectorKind::kHog;
  made->alignment = Alignment::kDlib;
  made->landmarks = std::make_shared<const LandmarkFinder>(test::landmarkFinder());
  made->detectorNetwork.reset();
  made->mesh.reset();
  return made;
}

Image faceAt(double x, double y, double size = 140) {
  Image image = plain(400, 300);
  test::drawFace(image, x, y, size);
  return image;
}

/// A face whose left (-1) or right (1) eye is a line.
Image winking(int side) {
  Image image = faceAt(200, 150, 220);
  const int eyeX = 200 + side * 37;
  const int eyeY = 124;
  for (int y = -14; y <= 14; ++y) {
    for (int x = -24; x <= 24; ++x) {
      const std::uint8_t level = std::abs(y) <= 1 && std::abs(x) < 18 ? 90 : 205;
      const auto column = static_cast<std::size_t>(eyeX + x);
      std::fill_n(image.row(static_cast<std::size_t>(eyeY + y)) + 3 * column, 3, level);
    }
  }
  return image;
}

bool isSame(const FaceTrack& a, const FaceTrack& b) {
  const auto samePoint = [](const Point& one, const Point& other) {
    return one.x == other.x && one.y == other.y;
  };
  const bool sameMesh = a.last.has_value() == b.last.has_value() &&
                        (!a.last || std::equal(a.last->points.begin(), a.last->points.end(),
                                               b.last->points.begin(), samePoint));
  const bool sameBest = a.best.has_value() == b.best.has_value() &&
                        (!a.best || a.best->timestampMs == b.best->timestampMs);
  return sameMesh && sameBest && a.facesSeen == b.facesSeen && a.lookedMs == b.lookedMs &&
         a.searchedMs == b.searchedMs && a.embeddedMs == b.embeddedMs && a.widest == b.widest;
}

float centreOf(const TrackedFace& face) { return face.box.x + face.box.width / 2; }

}  // namespace

TEST("a face is found, and then followed while it moves and grows") {
  Rig& r = rig();
  const TrackedFrame first = r.step(faceAt(160, 150));
  CHECK(first.face && !first.face->followed && first.facesSeen == std::size_t{1});
  for (int i = 1; i <= 6; ++i) {
    const TrackedFrame frame = r.step(faceAt(160 + 12 * i, 150, 140 + 4 * i));
    CHECK(frame.face && frame.face->followed);
    const float moved = centreOf(*frame.face) - centreOf(*first.face);
    CHECK(std::abs(moved - 12.0F * static_cast<float>(i)) < 8);
    CHECK(std::abs(frame.face->pose.roll) < 10 && frame.face->embedding.empty());
  }
}

TEST("a face that goes is lost at once, and found anew where it comes back") {
  Rig& r = rig();
  r.step(faceAt(120, 150));
  const TrackedFrame gone = r.step(plain(400, 300));
  CHECK(!gone.face && gone.facesSeen == std::size_t{0});
  const TrackedFrame back = r.step(faceAt(280, 150));
  CHECK(back.face && !back.face->followed && std::abs(centreOf(*back.face) - 280) < 25);
}

TEST("a face that jumps is found anew in the same frame") {
  Rig& r = rig();
  r.step(faceAt(100, 150));
  const TrackedFrame jumped = r.step(faceAt(310, 150));
  CHECK(jumped.face && !jumped.face->followed && std::abs(centreOf(*jumped.face) - 310) < 25);
}

TEST("the larger of two faces is followed, and the other one is seen within 200 ms") {
  Rig& r = rig();
  Image two = plain(640, 300);
  test::drawFace(two, 160, 150, 180);
  Image one = two;
  test::drawFace(two, 470, 150, 130);
  const TrackedFrame first = r.step(two);
  CHECK(first.face && std::abs(centreOf(*first.face) - 160) < 25);
  CHECK(first.facesSeen == std::size_t{2});
  std::size_t looks = 0;
  for (int i = 0; i < 5; ++i) {
    const TrackedFrame frame = r.step(one);
    CHECK(frame.face && frame.face->followed);
    if (frame.facesSeen) CHECK(++looks == 1 && *frame.facesSeen == 1);
  }
  CHECK(looks == 1);
}

TEST("a face far behind the followed one is a passer-by") {
  Rig& r = rig();
  Image image = plain(640, 480);
  test::drawFace(image, 200, 240, 300);
  test::drawFace(image, 520, 200, 80);
  const TrackedFrame frame = r.step(image);
  CHECK(frame.face && frame.facesSeen == std::size_t{1});
}

TEST("a passer-by does not take over from a followed face of which the detector is not sure") {
  Rig& r = rig();
  Image image = plain(640, 480);
  test::drawFace(image, 200, 240, 260);
  test::drawFace(image, 520, 200, 80);
  r.step(image);
  for (std::size_t y = 270; y < 480; ++y) {  // a hand over mouth and chin
    for (std::size_t x = 0; x < 400; ++x) std::fill_n(image.row(y) + 3 * x, 3, std::uint8_t{90});
  }
  r.nowMs = 400;  // a look is due
  const TrackedFrame covered = r.step(image);
  CHECK(covered.face && covered.face->followed && std::abs(centreOf(*covered.face) - 200) < 40);
  CHECK(covered.facesSeen == std::size_t{1});
}

TEST("a slow detector looks every 200 ms while nobody is there, and at once for a lost face") {
  Rig r{hogModels()};
  std::string seen;
  const auto add = [&](const Image& image, int frames) {
    for (int i = 0; i < frames; ++i) {
      const TrackedFrame frame = r.step(image);
      seen += frame.facesSeen ? std::to_string(*frame.facesSeen) : "-";
      seen += frame.face ? (frame.face->followed ? 'f' : 'a') : ' ';
    }
  };
  add(plain(400, 300), 7);
  add(faceAt(200, 150), 5);
  add(plain(400, 300), 3);
  CHECK(seen == "0 - - - - 0 - - - - 1a-f0 - - ");
}

TEST("a template comes where a face is found anew, and after the time asked for") {
  Rig& r = rig();
  r.track.options.embedEveryMs = 100;
  const Image image = faceAt(200, 150);
  const std::size_t expected[] = {128, 0, 0, 128, 0};
  for (const std::size_t size : expected) CHECK(r.step(image).face->embedding.size() == size);
}

TEST("the shut one of two eyes is told, on either side") {
  for (const int side : {-1, 1}) {
    const Openness eyes = rig().step(winking(side)).face->eyes;
    const float shut = side < 0 ? eyes.left : eyes.right;
    const float open = side < 0 ? eyes.right : eyes.left;
    CHECK(shut < 0.8F * open);
  }
}

TEST("open eyes are open on the mesh too, in numbers of its own") {
  const Openness iris = rig().step(faceAt(200, 150)).face->eyes;
  Rig& r = rig();
  r.track.options.contour = EyeContour::kMesh;
  const Openness mesh = r.step(faceAt(200, 150)).face->eyes;
  CHECK(iris.left > 0.2F && iris.right > 0.2F && mesh.left > 0.2F && mesh.right > 0.2F);
  CHECK(std::abs(iris.left - mesh.left) > 1e-4F);
}

TEST("grey frames are followed as those of three equal channels are") {
  Rig& r = rig();
  const Image image = faceAt(200, 150);
  Image grey(400, 300, 1);
  for (std::size_t y = 0; y < 300; ++y) {
    for (std::size_t x = 0; x < 400; ++x) grey.row(y)[x] = image.row(y)[3 * x];
  }
  const TrackedFrame three = r.step(image);
  const TrackedFrame one = r.step(grey);
  CHECK(one.face && one.face->followed);
  CHECK(std::abs(one.face->eyeGap - three.face->eyeGap) < 1);
}

TEST("the sharpest of frames that are alike is kept, and has a template") {
  Rig& r = rig();
  r.step(plain(400, 300));
  CHECK(!r.track.best);
  Image dim = faceAt(200, 150);
  for (std::size_t i = 0; i < 400 * 300 * 3; ++i) {
    dim.row(0)[i] = static_cast<std::uint8_t>(dim.row(0)[i] / 2 + 60);
  }
  r.step(dim);
  r.step(faceAt(200, 150));
  r.step(dim);
  CHECK(r.track.best && r.track.best->timestampMs == 80);
  CHECK(r.tracker.embed(*r.track.best).size() == 128);
}

TEST("a face that the picture's edge cuts is followed, but not kept") {
  Rig& r = rig();
  for (const double x : {110.0, 75.0, 45.0}) {
    r.track.best.reset();
    const TrackedFrame frame = r.step(faceAt(x, 150));
    const bool isCut = x - 0.4 * 140 < 0;
    CHECK(frame.face && r.track.best.has_value() == !isCut);
  }
}

TEST("a step that is aborted, wherever it is, leaves the track as it was") {
  Rig& r = rig();
  r.track.options.embedEveryMs = 1;
  r.step(faceAt(200, 150));
  const FaceTrack before = r.track;
  const Image larger = faceAt(206, 150, 160);
  /// Whether a step is aborted when another thread cancels it after so many turns of a loop.
  const auto isAborted = [&](std::uint64_t turns, std::uint64_t& turned) {
    r.track = before;
    const CancelToken cancel;
    std::atomic<bool> ended{false};
    if (turns == 0) cancel.cancel();
    std::thread other([&] {
      for (turned = 0; !ended && turned < turns; ++turned) {
      }
      cancel.cancel();
    });
    bool aborted = false;
    try {
      r.tracker.step(r.track, larger.view(), 400, cancel);
    } catch (const Error& error) {
      aborted = error.code() == ErrorCode::kAborted;
    }
    ended = true;
    other.join();
    return aborted;
  };
  std::uint64_t all = 0;
  CHECK(!isAborted(UINT64_MAX, all) && !isSame(r.track, before));
  for (std::uint64_t part = 0; part < 5; ++part) {  // then comes the embedding, which is one stage
    std::uint64_t turned = 0;
    const bool aborted = isAborted(all / 10 * part, turned);
    CHECK(isSame(r.track, before) == aborted && (aborted || part > 0));
  }
}

TEST("a picture that shrinks to a row or a pixel, and grows again, is taken as it is") {
  Rig& r = rig();
  Image wide = plain(800, 300);
  test::drawFace(wide, 200, 150, 140);
  r.step(faceAt(200, 150));
  CHECK(r.step(wide).face->followed);
  for (const auto& [width, height] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {400, 1}, {1, 300}, {3, 2}}) {
    CHECK(!r.step(Image(width, height, width == 1 ? 1 : 3)).face);
    CHECK(r.step(wide).face);
  }
}

TEST("an empty picture is refused") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, rig().tracker.step(rig().track, {}, 0, {}));
}

TEST_MAIN()
