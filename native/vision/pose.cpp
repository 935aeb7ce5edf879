#include "vision/pose.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "core/error.h"
#include "vision/pose_template.h"

namespace countenance {
namespace {

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Vector sum(const Vector& a, double times, const Vector& b, double timesB) {
  return {a[0] * times + b[0] * timesB, a[1] * times + b[1] * timesB, a[2] * times + b[2] * timesB};
}

/// The picture's x and y as linear functions of the template's points.
struct Rows {
  Vector x{};
  Vector y{};
};

/// The least-squares affine map: the moments of points and template, times the inverse of the
/// template's own.
Rows affine(Span<const Point> points) {
  double meanX = 0;
  double meanY = 0;
  for (const TemplatePoint& point : kPoseTemplate) {
    meanX += static_cast<double>(points[point.index].x) / static_cast<double>(kPoseTemplate.size());
    meanY += static_cast<double>(points[point.index].y) / static_cast<double>(kPoseTemplate.size());
  }
  Rows moments;
  std::array<Vector, 3> own{};
  for (const auto& [index, at] : kPoseTemplate) {
    for (std::size_t i = 0; i < 3; ++i) {
      moments.x[i] += (static_cast<double>(points[index].x) - meanX) * static_cast<double>(at[i]);
      moments.y[i] += (static_cast<double>(points[index].y) - meanY) * static_cast<double>(at[i]);
      for (std::size_t j = 0; j < 3; ++j) {
        own[i][j] += static_cast<double>(at[i]) * static_cast<double>(at[j]);
      }
    }
  }
  const Vector rows[] = {cross(own[1], own[2]), cross(own[2], own[0]), cross(own[0], own[1])};
  const double determinant = dot(own[0], rows[0]);
  const auto solved = [&](const Vector& side) {
    const Vector both = sum(rows[0], side[0], rows[1], side[1]);
    return sum(both, 1 / determinant, rows[2], side[2] / determinant);
  };
  return {solved(moments.x), solved(moments.y)};
}

/// The closest rows of unit length at right angles, up to a scale of both: their polar
/// decomposition, by the square root of a 2 x 2 matrix. All 0 when there is none.
Rows turned(const Rows& rows) {
  const double xx = dot(rows.x, rows.x);
  const double xy = dot(rows.x, rows.y);
  const double yy = dot(rows.y, rows.y);
  const double area = std::sqrt(std::fmax(xx * yy - xy * xy, 0));
  if (!(area > 1e-9)) return {};  // square pixels of the picture
  const double trace = std::sqrt(xx + yy + 2 * area);
  const double share = 1 / (area * trace);
  return {sum(rows.x, share * (yy + area), rows.y, -share * xy),
          sum(rows.y, share * (xx + area), rows.x, -share * xy)};
}

}  // namespace

Pose poseOf(Span<const Point> points) {
  if (points.size() != 468) {
    throw Error(ErrorCode::kInvalidArgument,
                "points: expected 468, got " + std::to_string(points.size()));
  }
  const Rows rows = turned(affine(points));
  const Vector back = cross(rows.x, rows.y);  // what each axis of the face adds to the depth
  const Vector nose{-rows.x[2], -rows.y[2], -back[2]};
  if (dot(nose, nose) == 0) return {};
  const double yaw = std::atan2(nose[0], -nose[2]);
  const double pitch = std::atan2(nose[1], std::hypot(nose[0], nose[2]));
  // Where the face's own right and down would point, were it aimed there without any roll.
  const Vector right{std::cos(yaw), 0, std::sin(yaw)};
  const Vector down = cross({-nose[0], -nose[1], -nose[2]}, right);
  const Vector side{rows.x[0], rows.y[0], back[0]};
  const double roll = std::atan2(dot(side, down), dot(side, right));
  constexpr double kDegrees = 57.29577951308232;
  return {static_cast<float>(yaw * kDegrees), static_cast<float>(pitch * kDegrees),
          static_cast<float>(roll * kDegrees)};
}

}  // namespace countenance
