// Times networks that are layer lists (nn/network.h) alone, without their pictures.
//
//   network_bench run <network.bin> [level]     one run per iteration, with the kernels of that
//                                               level of CPUs
//   network_bench mflop <network.bin> [height width]
//                                               its multiplications and additions, in millions, for
//                                               its own size of input or another one
//   network_bench levels                        the levels that this CPU has, best first

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels_named.h"
#include "network_work.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "read_file.h"
#include "rounds.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

void serveRun(const std::string& path, const std::string& level) {
  const nn::Kernels& kernels = bench::kernelsNamed(level);
  const std::vector<std::uint8_t> bytes = bench::readFile(path);
  const nn::Network network(ModelFile({bytes.data(), bytes.size()}), kernels);
  nn::AlignedFloats scratch = network.scratch();
  const std::vector<float> values = bench::networkInput(network.inputShape());
  const auto run = [&] {
    const Span<float> input = network.input(scratch);
    std::copy(values.begin(), values.end(), input.data());
    network.run(scratch);
  };
  run();
  std::vector<std::vector<float>> outputs;
  for (std::size_t i = 0; i < network.outputCount(); ++i) {
    const Span<const float> output = network.output(scratch, i);
    outputs.emplace_back(output.data(), output.data() + output.size());
  }
  bench::RoundServer server;
  server.ready(std::string("countenance, ") + kernels.name + " kernels, 1 thread", outputs);
  server.serve([&](std::size_t) { run(); });
}

double mflop(const std::string& path, nn::InputSize size) {
  const std::vector<std::uint8_t> bytes = bench::readFile(path);
  const nn::NetworkPlan plan = nn::networkPlan(ModelFile({bytes.data(), bytes.size()}));
  return bench::networkMflop(size.width == 0 ? plan : nn::resizedPlan(plan, size));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if ((args.size() == 2 || args.size() == 3) && args[0] == "run") {
      serveRun(args[1], args.size() == 3 ? args[2] : "best");
    } else if ((args.size() == 2 || args.size() == 4) && args[0] == "mflop") {
      nn::InputSize size;
      if (args.size() == 4) size = {std::stoul(args[2]), std::stoul(args[3])};
      std::cout << mflop(args[1], size) << "\n";
    } else if (args.size() == 1 && args[0] == "levels") {
      for (const nn::Kernels* kernels : nn::availableKernels()) std::cout << kernels->name << "\n";
    } else {
      std::cerr << "usage: network_bench run|mflop|levels <network.bin> [level]\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
