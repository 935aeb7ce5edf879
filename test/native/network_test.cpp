#include "nn/network.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <thread>

#include "check.h"
#include "model_bytes.h"
#include "network_builder.h"
#include "reference_network.h"

using namespace countenance;
using nn::Network;
using test::NetworkBuilder;
using test::smallNetwork;
using Map = test::ReferenceNetwork::Map;

namespace {

/// The bound on a result, in parts of the largest value of its map: f32 sums of up to 4,500
/// products through a few layers, in any order.
constexpr double kBound = 5e-6;

std::vector<float> inputOf(const Network& network, unsigned seed) {
  return test::noise(network.inputShape().size(), seed);
}

void run(const Network& network, nn::AlignedFloats& scratch, const std::vector<float>& input) {
  std::copy(input.begin(), input.end(), network.input(scratch).begin());
  network.run(scratch);
}

std::vector<float> outputOf(const Network& network, const nn::AlignedFloats& scratch,
                            std::size_t index) {
  const auto values = network.output(scratch, index);
  return {values.begin(), values.end()};
}

std::ptrdiff_t whole(std::size_t value) { return static_cast<std::ptrdiff_t>(value); }

/// The largest difference of all outputs, each in parts of its largest value.
double difference(const Network& network, const nn::AlignedFloats& scratch,
                  const std::vector<Map>& expected, Span<const std::int32_t> outputs) {
  double largest = 0;
  for (std::size_t i = 0; i < network.outputCount(); ++i) {
    const Map& wanted = expected[static_cast<std::size_t>(outputs[i])];
    const auto got = network.output(scratch, i);
    CHECK(network.outputShape(i).height == static_cast<std::size_t>(wanted.height));
    CHECK(network.outputShape(i).width == static_cast<std::size_t>(wanted.width));
    CHECK(got.size() == wanted.values.size());
    double scale = 0;
    for (const double value : wanted.values) scale = std::max(scale, std::abs(value));
    for (std::size_t j = 0; j < got.size(); ++j) {
      largest = std::max(largest, std::abs(got[j] - wanted.values[j]) / scale);
    }
  }
  return largest;
}

/// Every level of CPUs, compared with double precision in scratch memory that another run has used.
void checkAgainstDoubles(const std::vector<std::uint8_t>& bytes, const std::string& name = "") {
  const ModelFile model(bytes);
  const nn::Shape3 shape = Network(model).inputShape();
  const std::vector<float> input = test::noise(shape.size(), 1);
  Map map(whole(shape.height), whole(shape.width), whole(shape.channels));
  std::copy(input.begin(), input.end(), map.values.begin());
  const std::vector<Map> expected = test::ReferenceNetwork(model).run(std::move(map));
  const auto outputs = model.values<std::int32_t>("outputs", model.tensor("outputs").shape);
  for (const nn::Kernels* kernels : nn::availableKernels()) {
    const Network network(model, *kernels);
    nn::AlignedFloats scratch = network.scratch();
    run(network, scratch, inputOf(network, 2));
    run(network, scratch, input);
    const double largest = difference(network, scratch, expected, outputs);
    if (!name.empty()) {
      std::cout << "     " << name << ", " << kernels->name << ": " << largest << std::endl;
    }
    CHECK(largest <= kBound);
  }
}

void checkAgainstDoubles(const NetworkBuilder& builder) { checkAgainstDoubles(builder.bytes()); }

}  // namespace

TEST("convolutions of every kernel, stride, padding and activation are right") {
  for (const int kernel : {1, 2, 3, 5, 7}) {
    for (const int stride : {1, 2, 3}) {
      for (const int channels : {1, 3, 8, 21, 40}) {
        NetworkBuilder builder(17, 13, 3);
        const int before = (kernel - 1) / 2;
        const int after = kernel / 2;
        const auto one =
            builder.convolution(0, channels, kernel, stride, before, after, test::kPrelu);
        const auto two = builder.convolution(one, 11, kernel > 3 ? 3 : kernel, 1,
                                             before > 0 ? 1 : 0, 1 % kernel, test::kRelu);
        builder.output(one, "one");
        builder.output(two, "two");
        builder.output(builder.convolution(two, 3, 1, stride, 0, 0, test::kSigmoid), "three");
        checkAgainstDoubles(builder);
      }
    }
  }
}

TEST("depthwise convolutions of every kernel, stride and padding are right") {
  for (const int kernel : {1, 2, 3, 5}) {
    for (const int stride : {1, 2, 3}) {
      for (const int channels : {4, 8, 24, 30, 48}) {
        NetworkBuilder builder(11, 19, 2);
        const auto wide = builder.convolution(0, channels, 1, 1, 0, 0, test::kNone);
        const int pad = kernel - 1;
        builder.output(builder.depthwise(wide, kernel, stride, pad, 0, test::kRelu), "before");
        builder.output(builder.depthwise(wide, kernel, stride, 0, pad, test::kPrelu), "after");
        builder.output(builder.depthwise(0, kernel, stride, pad / 2, pad / 2), "input");
        checkAgainstDoubles(builder);
      }
    }
  }
}

TEST("a residual block is right, with every activation and stride") {
  for (const test::Act act : {test::kNone, test::kRelu, test::kPrelu, test::kSigmoid}) {
    for (const int channels : {8, 24, 28, 64}) {
      NetworkBuilder builder(34, 26, 3);
      auto value = builder.convolution(0, channels, 5, 2, 1, 2, test::kRelu);
      for (int i = 0; i < 3; ++i) {
        const auto inner = builder.convolution(builder.depthwise(value, 3, 1, 1, 1), channels, 1, 1,
                                               0, 0, test::kNone);
        value = i == 1 ? builder.sum(inner, value, act) : builder.sum(value, inner, act);
      }
      const auto halved = builder.maxPool(value, 2, 2, 0, 1);
      const auto padded = builder.pad(halved, channels + 13);
      const auto inner = builder.convolution(builder.depthwise(value, 3, 2, 0, 2), channels + 13, 1,
                                             1, 0, 0, test::kNone);
      const auto sum = builder.sum(inner, padded, act);
      builder.output(sum, "sum");
      builder.output(builder.convolution(sum, 6, 1, 1, 0, 0, test::kNone), "head");
      builder.output(builder.depthwise(sum, 3, 2, 1, 1), "tail");
      checkAgainstDoubles(builder);
    }
  }
}

TEST("pools, means, scales, enlargements and activations are right") {
  NetworkBuilder builder(15, 18, 4);
  const auto wide = builder.convolution(0, 20, 3, 1, 1, 1, test::kNone);
  builder.output(builder.maxPool(wide, 3, 2, 1, 1), "pool");
  builder.output(builder.maxPool(0, 2, 1, 1, 1), "input");
  const auto mean = builder.unary(test::kMean, wide);
  const auto factor = builder.convolution(mean, 20, 1, 1, 0, 0, test::kSigmoid);
  const auto scaled = builder.scale(wide, factor);
  builder.output(scaled, "scaled");
  builder.output(builder.unary(test::kEnlarge, scaled, test::kRelu), "enlarged");
  builder.output(builder.unary(test::kActivation, wide, test::kPrelu), "bent");
  builder.output(builder.unary(test::kActivation, wide, test::kSigmoid), "odds");
  builder.output(builder.pad(builder.unary(test::kActivation, wide, test::kSigmoid), 27), "padded");
  builder.output(builder.convolution(scaled, 5, 15, 1, 0, 0, test::kNone), "connected");
  builder.output(builder.sum(wide, wide, test::kNone), "twice");
  checkAgainstDoubles(builder);
}

TEST("the networks that we ship agree with double precision at every level") {
  for (const char* name : {"blazeface.bin", "facemesh.bin", "iris.bin"}) {
    checkAgainstDoubles(test::modelBytes(name), name);
  }
}

TEST("an output that later layers read keeps its values") {
  NetworkBuilder builder(40, 8, 3);
  auto value = builder.convolution(0, 16, 3, 1, 1, 1, test::kRelu);
  builder.output(value, "first");
  for (int i = 0; i < 6; ++i) value = builder.convolution(value, 16, 3, 1, 1, 1, test::kRelu);
  builder.output(value, "last");
  checkAgainstDoubles(builder);
}

TEST("a layer whose value nobody reads does no harm") {
  NetworkBuilder builder = smallNetwork();
  builder.convolution(0, 300, 3, 1, 0, 0, test::kSigmoid);
  checkAgainstDoubles(builder);
}

TEST("memory of values that are no longer needed is used again") {
  const auto sizeFor = [](int layers) {
    NetworkBuilder builder(16, 16, 4);
    std::int32_t value = 0;
    for (int i = 0; i < layers; ++i)
      value = builder.convolution(value, 16, 3, 1, 1, 1, test::kNone);
    builder.output(value, "out");
    const std::vector<std::uint8_t> bytes = builder.bytes();
    return Network(ModelFile(bytes)).scratch().size();
  };
  CHECK(sizeFor(30) < 3 * sizeFor(4));
}

TEST("outputs have names") {
  const std::vector<std::uint8_t> bytes = smallNetwork().bytes();
  const Network network{ModelFile(bytes)};
  CHECK(network.outputCount() == 1 && network.outputIndex("sum") == 0);
  CHECK_ERROR(ErrorCode::kModelCorrupt, network.outputIndex("scores"));
}

TEST("the same weights run on another input size, as if it were the container's") {
  NetworkBuilder builder = smallNetwork();
  const std::vector<std::uint8_t> bytes = builder.bytes();
  builder.input = {20, 30, 3};
  const std::vector<std::uint8_t> large = builder.bytes();
  const Network resized = Network(ModelFile(bytes)).resized({20, 30});
  const Network expected{ModelFile(large)};
  CHECK(resized.inputShape().height == 20 && resized.inputShape().width == 30);
  CHECK(resized.outputShape(0).height == 10 && resized.outputShape(0).width == 15);
  const std::vector<float> input = inputOf(resized, 3);
  nn::AlignedFloats scratch = resized.scratch();
  nn::AlignedFloats expectedScratch = expected.scratch();
  run(resized, scratch, input);
  run(expected, expectedScratch, input);
  CHECK(outputOf(resized, scratch, 0) == outputOf(expected, expectedScratch, 0));
}

TEST("an input size that does not fit is refused") {
  const std::vector<std::uint8_t> bytes = smallNetwork().bytes();
  const Network network{ModelFile(bytes)};
  CHECK_ERROR(ErrorCode::kModelCorrupt, network.resized({1, 1}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, network.resized({0, 32}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, network.resized({5000, 8}));
}

TEST("threads share one network") {
  const std::vector<std::uint8_t> bytes = smallNetwork().bytes();
  const Network network{ModelFile(bytes)};
  const std::vector<float> input = inputOf(network, 7);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& result : results) {
    threads.emplace_back([&network, &input, &result] {
      nn::AlignedFloats scratch = network.scratch();
      run(network, scratch, input);
      result = outputOf(network, scratch, 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(results[0] == results[1] && results[1] == results[2]);
}

TEST_MAIN()
