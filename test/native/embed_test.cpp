#include "vision/embed.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"
#include "vision/align.h"

using namespace countenance;
using test::plain;

namespace {

Image drawnChip() {
  Image chip = plain(kChipSize, kChipSize);
  test::drawFace(chip, 75, 75, 100);
  return chip;
}

}  // namespace

TEST("a chip gives 128 finite numbers, and the same ones again") {
  Embedder embedder = test::embedder();
  const Image chip = drawnChip();
  const std::vector<float> first = embedder.embed(chip.view());
  CHECK(first.size() == Embedder::kDimension);
  CHECK(std::all_of(first.begin(), first.end(), [](float v) { return std::isfinite(v); }));
  const std::vector<float> other = embedder.embed(plain(kChipSize, kChipSize).view());
  CHECK(other != first);
  CHECK(embedder.embed(chip.view()) == first);
}

TEST("copies give the same numbers, at the same time") {
  const Embedder original = test::embedder();
  const Image chip = drawnChip();
  std::vector<std::vector<float>> vectors(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& vector : vectors) {
    threads.emplace_back([&original, &chip, &vector] {
      Embedder own(original);
      vector = own.embed(chip.view());
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(vectors[0].size() == Embedder::kDimension);
  CHECK(vectors[0] == vectors[1] && vectors[1] == vectors[2]);
}

TEST("a chip of another size is refused") {
  Embedder embedder = test::embedder();
  CHECK_ERROR(ErrorCode::kInvalidArgument, embedder.embed(plain(149, 150).view()));
  CHECK_ERROR(ErrorCode::kInvalidArgument, embedder.embed(plain(150, 151).view()));
}

TEST("the landmark finder's file is no embedder model") {
  const auto bytes = test::modelBytes("dlib-landmarks-5.bin");
  CHECK_ERROR(ErrorCode::kModelCorrupt, Embedder(ModelFile(bytes)));
}

TEST_MAIN()
