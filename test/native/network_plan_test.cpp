// Damaged and hostile layer lists, each refused as a whole at load.

#include "nn/network_plan.h"

#include <cstring>
#include <functional>

#include "check.h"
#include "network_builder.h"
#include "nn/network.h"

using namespace countenance;
using nn::Network;
using test::NetworkBuilder;
using test::smallNetwork;

namespace {

bool refused(const std::vector<std::uint8_t>& bytes) {
  try {
    const Network network{ModelFile(bytes)};
    nn::AlignedFloats scratch = network.scratch();
    network.run(scratch);  // a sanitizer sees it if this leaves the memory
    return false;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModelCorrupt);
    return true;
  }
}

bool refused(const NetworkBuilder& builder) { return refused(builder.bytes()); }

/// One layer of each kind.
NetworkBuilder allKinds() {
  NetworkBuilder builder(13, 11, 3);
  const auto first = builder.convolution(0, 16, 3, 2, 1, 1, test::kPrelu);
  const auto depthwise = builder.depthwise(first, 3, 1, 1, 1);
  const auto joined = builder.convolution(depthwise, 16, 1, 1, 0, 0, test::kNone);
  const auto sum = builder.sum(joined, first, test::kRelu);
  const auto factor = builder.unary(test::kMean, sum, test::kSigmoid);
  const auto scaled = builder.scale(sum, factor);
  const auto pool = builder.maxPool(scaled, 2, 2, 0, 1);
  const auto padded = builder.pad(builder.unary(test::kEnlarge, pool), 20);
  builder.output(builder.unary(test::kActivation, padded, test::kRelu), "out");
  return builder;
}

}  // namespace

TEST("a layer that reads what is not there, or has a number out of range, is refused") {
  CHECK(!refused(smallNetwork()));
  using Row = NetworkBuilder::Row;
  const std::vector<std::function<void(NetworkBuilder&)>> damage = {
      [](NetworkBuilder& b) { b.rows[1].a = 2; },
      [](NetworkBuilder& b) { b.rows[1].a = -1; },
      [](NetworkBuilder& b) { b.rows[3].b = 4; },
      [](NetworkBuilder& b) { b.rows[3].b = 0; },
      [](NetworkBuilder& b) { b.rows[1].kind = 0; },
      [](NetworkBuilder& b) { b.rows[1].kind = 10; },
      [](NetworkBuilder& b) { b.rows[2].channels = 9; },
      [](NetworkBuilder& b) { b.rows[3].channels = 0; },
      [](NetworkBuilder& b) { b.rows[0].kernel = 0; },
      [](NetworkBuilder& b) { b.rows[0].kernel = 65; },
      [](NetworkBuilder& b) { b.rows[0].stride = 0; },
      [](NetworkBuilder& b) { b.rows[0].stride = 17; },
      [](NetworkBuilder& b) { b.rows[0].padBefore = 3; },
      [](NetworkBuilder& b) { b.rows[0].padAfter = -1; },
      [](NetworkBuilder& b) { b.rows[3].activation = 4; },
      [](NetworkBuilder& b) { b.rows[3].reserved = 1; },
      [](NetworkBuilder& b) { b.input[0] = 0; },
      [](NetworkBuilder& b) { b.input[1] = 4097; },
      [](NetworkBuilder& b) { b.input[2] = 5; },
      [](NetworkBuilder& b) { b.input.push_back(1); },
      [](NetworkBuilder& b) {
        b.input = {1, 1, 3};
      },
      [](NetworkBuilder& b) { b.outputs[0] = 0; },
      [](NetworkBuilder& b) { b.outputs[0] = 5; },
      [](NetworkBuilder& b) { b.outputs[0] = -2147483647; },
      [](NetworkBuilder& b) { b.outputs.push_back(1); },
      [](NetworkBuilder& b) { b.output(1, "sum"); },
      [](NetworkBuilder& b) { b.outputs.clear(); },
      [](NetworkBuilder& b) { b.rows.clear(); },
      [](NetworkBuilder& b) { b.without = "0.weights"; },
      [](NetworkBuilder& b) { b.without = "1.bias"; },
      [](NetworkBuilder& b) { b.without = "0.slope"; },
      [](NetworkBuilder& b) {
        b.add(Row{test::kScale, 4, 3, 0, 0, 0, 0, 8, 0, 0});
      },
      [](NetworkBuilder& b) {
        b.add(Row{test::kPad, 4, 0, 0, 0, 0, 0, 7, 0, 0});
      },
      [](NetworkBuilder& b) {
        b.add(Row{test::kMean, 4, 0, 0, 0, 0, 0, 9, 0, 0});
      },
      [](NetworkBuilder& b) {
        b.add(Row{test::kMaxPool, 4, 0, 16, 1, 0, 0, 8, 0, 0});
      },
      [](NetworkBuilder& b) {
        b.add(Row{test::kAdd, 4, 0, 0, 0, 0, 0, 8, 0, 0});
      },
      [](NetworkBuilder& b) {
        b.add(Row{test::kPad, 4, 0, 0, 0, 0, 0, 2147483647, 0, 0});
      },
  };
  for (const auto& spoil : damage) {
    NetworkBuilder builder = smallNetwork();
    spoil(builder);
    CHECK(refused(builder));
  }
}

TEST("whatever one number of a layer becomes, the network is refused or runs in its memory") {
  const std::vector<std::uint8_t> bytes = allKinds().bytes();
  const auto layers = ModelFile(bytes).tensor("layers").bytes;
  const auto at = static_cast<std::size_t>(layers.data() - bytes.data());
  std::size_t refusals = 0;
  for (std::size_t i = 0; i < layers.size(); i += sizeof(std::int32_t)) {
    for (const std::int32_t value :
         {-2147483647 - 1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 64, 65536, 2147483647}) {
      std::vector<std::uint8_t> changed = bytes;
      std::memcpy(changed.data() + at + i, &value, sizeof(value));
      refusals += refused(changed);
    }
  }
  CHECK(refusals > layers.size() / sizeof(std::int32_t) * 4);
}

TEST("a network that would take too much memory is refused before it is allocated") {
  NetworkBuilder builder(4096, 4096, 4);
  builder.output(builder.pad(0, 65536), "out");
  CHECK(refused(builder));
  NetworkBuilder growing(64, 64, 4);
  std::int32_t value = growing.pad(0, 64);
  for (int i = 0; i < 6; ++i) value = growing.unary(test::kEnlarge, value);
  growing.output(value, "out");
  CHECK(refused(growing));
  NetworkBuilder thin(4096, 4096, 1);
  for (int i = 0; i < 3; ++i) thin.output(thin.unary(test::kActivation, i), std::to_string(i));
  CHECK(refused(thin));
  NetworkBuilder longest(4, 4, 4);
  for (int i = 0; i < 2001; ++i) value = longest.unary(test::kActivation, i);
  longest.output(value, "out");
  CHECK(refused(longest));
}

TEST_MAIN()
