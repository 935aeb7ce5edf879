#include "vision/pose.h"

#include <cmath>
#include <vector>

#include "check.h"
#include "vision/pose_template.h"

using namespace countenance;

namespace {

constexpr double kDegree = 0.017453292519943295;

struct Turn {
  double yaw;
  double pitch;
  double roll;
};

/// The template turned: rolled about the nose, nodded, then turned about the upright axis; in
/// pixels, from far away.
std::vector<Point> faceAt(const Turn& turn, float size = 100) {
  std::vector<Point> points(468);
  for (const auto& [index, at] : kPoseTemplate) {
    const double x = at[0] * std::cos(turn.roll * kDegree) - at[1] * std::sin(turn.roll * kDegree);
    double y = at[0] * std::sin(turn.roll * kDegree) + at[1] * std::cos(turn.roll * kDegree);
    double z = at[2];
    const double nod = turn.pitch * kDegree;  // what is in front (z < 0) goes down (y > 0)
    const double lowered = y * std::cos(nod) - z * std::sin(nod);
    z = y * std::sin(nod) + z * std::cos(nod);
    y = lowered;
    const double side = turn.yaw * kDegree;  // what is in front goes to the right
    const double right = x * std::cos(side) - z * std::sin(side);
    points[index] = {static_cast<float>(right) * size + 320, static_cast<float>(y) * size + 240};
  }
  return points;
}

bool is(const Pose& pose, const Turn& turn, double within) {
  return std::abs(pose.yaw - turn.yaw) < within && std::abs(pose.pitch - turn.pitch) < within &&
         std::abs(pose.roll - turn.roll) < within;
}

}  // namespace

TEST("the mean face looks straight into the camera") {
  CHECK(is(poseOf(faceAt({0, 0, 0})), {0, 0, 0}, 1e-3));
}

TEST("a turned face has the turn's pose, at any size") {
  for (const double yaw : {-60.0, -20.0, 0.0, 5.0, 45.0}) {
    for (const double pitch : {-35.0, 0.0, 20.0}) {
      for (const double roll : {-30.0, 0.0, 12.0}) {
        const Turn turn{yaw, pitch, roll};
        CHECK(is(poseOf(faceAt(turn)), turn, 0.01));
        CHECK(is(poseOf(faceAt(turn, 9)), turn, 0.01));
      }
    }
  }
}

TEST("the mirror changes the sign of yaw and roll, and not the pitch") {
  std::vector<Point> points = faceAt({25, 10, 8});
  std::vector<Point> mirrored = points;
  // Left and right points change places in a mirror: the template has them in pairs, one after the
  // other, behind the ten of its middle.
  for (std::size_t i = 0; i < kPoseTemplate.size(); ++i) {
    const std::size_t twin = i < 10 ? i : i % 2 == 0 ? i + 1 : i - 1;
    const Point& from = points[kPoseTemplate[twin].index];
    mirrored[kPoseTemplate[i].index] = {640 - from.x, from.y};
  }
  CHECK(is(poseOf(mirrored), {-25, 10, -8}, 0.01));
}

TEST("points that are off by a hundredth of the face move the pose by less than two degrees") {
  std::vector<Point> points = faceAt({15, -5, 3});
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].x += static_cast<float>(static_cast<int>(i * 7 % 5) - 2);
    points[i].y += static_cast<float>(static_cast<int>(i * 11 % 5) - 2);
  }
  CHECK(is(poseOf(points), {15, -5, 3}, 2));
}

TEST("points that fall together, or lie on a line, have no pose: all 0") {
  CHECK(is(poseOf(std::vector<Point>(468)), {0, 0, 0}, 1e-9));
  std::vector<Point> line(468);
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = {static_cast<float>(i), 7};
  CHECK(is(poseOf(line), {0, 0, 0}, 1e-9));
}

TEST("another number of points is refused") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, poseOf(std::vector<Point>(467)));
}

TEST_MAIN()
