#include "nn/resnet.h"

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "drawn_face.h"
#include "model_bytes.h"
#include "nn/model_file.h"
#include "reference_resnet.h"

using namespace countenance;
using nn::ResNet;

namespace {

const std::vector<std::uint8_t>& bytes() {
  static const std::vector<std::uint8_t> all = test::modelBytes("dlib-resnet-v1.bin");
  return all;
}

Image chip() {
  Image image(nn::kStemSide, nn::kStemSide);
  for (std::size_t i = 0; i < nn::kStemPixels; ++i) {
    image.row(0)[i] = static_cast<std::uint8_t>(60 + i * 7919 % 90);
  }
  test::drawFace(image, 75, 75, 100);
  return image;
}

std::vector<float> run(const ResNet& network, nn::AlignedFloats& scratch, const Image& image) {
  std::vector<float> vector(ResNet::kDimension);
  network.run(image.row(0), scratch, vector.data());
  return vector;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum);
}

}  // namespace

TEST("every level of CPUs is within 2e-6 of the network in double precision") {
  const ModelFile model(bytes());
  const Image image = chip();
  const std::vector<double> expected = test::ReferenceResNet(model).embed(image.view());
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    const ResNet network(model, *kernels);
    nn::AlignedFloats scratch = network.scratch();
    const std::vector<float> vector = run(network, scratch, image);
    double largest = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
      largest = std::max(largest, std::abs(vector[i] - expected[i]));
    }
    std::cout << "     " << kernels->name << ": " << largest << std::endl;
    CHECK(largest <= 2e-6);
  }
}

TEST("bf16 drifts at most 0.01 from f32") {
  const ModelFile model(bytes());
  const Image image = chip();
  const nn::Kernels& kernels = nn::bestKernels();
  if (!nn::supported(nn::Precision::kBf16, kernels)) {
    std::cout << "     not available: this CPU has no AVX512_BF16" << std::endl;
    return;
  }
  const ResNet exact(model, kernels);
  const ResNet rounded(model, kernels, nn::Precision::kBf16);
  nn::AlignedFloats scratch = exact.scratch();
  const std::vector<float> expected = run(exact, scratch, image);
  nn::AlignedFloats other = rounded.scratch();
  const double drift = distance(run(rounded, other, image), expected);
  std::cout << "     " << drift << std::endl;
  CHECK(drift > 0 && drift <= 0.01);
}

TEST("int8 gives the same bits on every level of CPUs, near those of f32") {
  const ModelFile model(bytes());
  const Image image = chip();
  const ResNet exact(model);
  nn::AlignedFloats scratch = exact.scratch();
  const std::vector<float> f32 = run(exact, scratch, image);
  std::vector<float> first;
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    CHECK(nn::supported(nn::Precision::kInt8, *kernels));
    const ResNet network(model, *kernels, nn::Precision::kInt8);
    nn::AlignedFloats own = network.scratch();
    const std::vector<float> vector = run(network, own, image);
    if (first.empty()) first = vector;
    CHECK(vector == first);
  }
  std::cout << "     " << distance(first, f32) << std::endl;
  CHECK(distance(first, f32) <= 0.25);
}

TEST("scratch memory that was used gives the same numbers as new") {
  const ModelFile model(bytes());
  const Image image = chip();
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    for (const auto precision : {nn::Precision::kF32, nn::Precision::kBf16, nn::Precision::kInt8}) {
      if (!nn::supported(precision, *kernels)) continue;
      const ResNet network(model, *kernels, precision);
      nn::AlignedFloats scratch = network.scratch();
      const std::vector<float> first = run(network, scratch, image);
      CHECK(run(network, scratch, Image(nn::kStemSide, nn::kStemSide)) != first);
      CHECK(run(network, scratch, image) == first);
    }
  }
}

TEST("threads share one network") {
  const ResNet network{ModelFile(bytes())};
  const Image image = chip();
  std::vector<std::vector<float>> vectors(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& vector : vectors) {
    threads.emplace_back([&network, &image, &vector] {
      nn::AlignedFloats scratch = network.scratch();
      vector = run(network, scratch, image);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(vectors[0] == vectors[1] && vectors[1] == vectors[2]);
}

TEST("a model of another shape is refused") {
  ModelFileWriter writer;
  writer.tensor<float>("conv0.weights", {1, 3, 7, 7}, std::vector<float>(147));
  const std::vector<std::uint8_t> other = writer.bytes();
  CHECK_ERROR(ErrorCode::kModelCorrupt, ResNet(ModelFile(other)));
}

TEST("a precision that the kernels do not support is refused") {
  const ModelFile model(bytes());
  const nn::Kernels& baseline = *nn::availableKernels().back();
  CHECK(nn::supported(nn::Precision::kF32, baseline));
  CHECK(!nn::supported(nn::Precision::kBf16, baseline));
  CHECK_ERROR(ErrorCode::kInvalidArgument, ResNet(model, baseline, nn::Precision::kBf16));
  CHECK(std::string(nn::nameOf(ResNet(model, baseline).precision())) == "f32");
}

TEST_MAIN()
