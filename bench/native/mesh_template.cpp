// Fits native/vision/align_template.cpp: where FaceMesh's points lie on the chips that dlib cuts.
//
//   mesh_template <models folder> <picture.ppm>...
//
// Prints the number of faces, then x and y of each point. scripts/fit-mesh-template.mjs calls it.

#include <dlib/image_transforms.h>

#include <array>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/image.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "read_file.h"
#include "read_picture.h"
#include "vision/chip.h"
#include "vision/hog.h"
#include "vision/landmarks.h"
#include "vision/overlap.h"
#include "vision/pipeline_finder.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

std::shared_ptr<const nn::Network> network(const std::string& path) {
  const std::vector<std::uint8_t> bytes = bench::readFile(path);
  return std::make_shared<const nn::Network>(ModelFile({bytes.data(), bytes.size()}));
}

/// From the picture to the chip that dlib cuts by these points.
dlib::point_transform_affine toChip(const Landmarks5& points) {
  std::vector<dlib::point> parts;
  for (const Point& point : points) {
    parts.emplace_back(std::lround(point.x), std::lround(point.y));
  }
  return dlib::get_mapping_to_chip(dlib::get_face_chip_details(
      dlib::full_object_detection(dlib::rectangle(), parts), kChipSize, 0.25));
}

void fit(const std::string& folder, const std::vector<std::string>& pictures) {
  PipelineModels models;
  models.detector = DetectorKind::kBlazeFace;
  models.detectorNetwork = network(folder + "/blazeface.bin");
  models.mesh = network(folder + "/facemesh.bin");
  FaceFinder finder(models);
  const std::vector<std::uint8_t> bytes = bench::readFile(folder + "/dlib-landmarks-5.bin");
  const LandmarkFinder landmarks{ModelFile({bytes.data(), bytes.size()})};
  HogDetector hog;

  std::array<std::array<double, 2>, Mesh::kPoints> sums{};
  std::size_t faces = 0;
  for (const std::string& path : pictures) {
    const Image picture = bench::readPicture(path);
    const std::vector<FoundFace> found = finder.find(picture.view(), 100, {});
    for (const Detection& seen : hog.detect(picture.view())) {
      for (const FoundFace& face : found) {
        if (overlap(face.detection.box, seen.box) <= 0.3F) continue;
        const auto map = toChip(landmarks.find(picture.view(), seen.box));
        for (std::size_t i = 0; i < Mesh::kPoints; ++i) {
          const Point& point = face.mesh->points[i];
          const dlib::dpoint onChip = map(dlib::dpoint(point.x, point.y));
          sums[i][0] += onChip.x();
          sums[i][1] += onChip.y();
        }
        ++faces;
      }
    }
  }
  if (faces == 0) throw std::runtime_error("no face in these pictures");
  std::cout << faces << '\n' << std::fixed << std::setprecision(2);
  for (const auto& sum : sums) {
    std::cout << sum[0] / static_cast<double>(faces) << ' ' << sum[1] / static_cast<double>(faces)
              << '\n';
  }
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  try {
    if (arguments.size() < 2)
      throw std::runtime_error("usage: mesh_template models picture.ppm...");
    fit(arguments[0], {arguments.begin() + 1, arguments.end()});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
