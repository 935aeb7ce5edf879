// dlib's ResNet on oneDNN, as its own guide runs a network: formats of its choice (blocked), sums
// and ReLU as post-ops, reorders ahead of time.
//
//   onednn_peer embed <dlib-resnet-v1.bin> <chips.rgb> <threads> [winograd]
//
// One chip per iteration; each thread has a network of its own. Without `winograd` oneDNN itself
// chooses how to convolve; with it, Winograd wherever it can.
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other. OMP_NUM_THREADS sets the threads.

#include <omp.h>

#include <cstring>
#include <dnnl.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "../read_file.h"
#include "../rounds.h"
#include "resnet_weights.h"

namespace {

using namespace countenance;         // NOLINT: a program of one file, about this namespace
using namespace countenance::bench;  // NOLINT
using dnnl::memory;

using Arguments = std::unordered_map<int, memory>;

memory::dim dim(std::size_t value) { return static_cast<memory::dim>(value); }

std::size_t bytesOf(std::size_t floats) { return floats * sizeof(float); }

/// The network as a list of things to do, made once.
class OnednnResNet final {
 public:
  OnednnResNet(const ResNetWeights& weights, bool winograd) : winograd_(winograd) {
    const bool wide = dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core;
    blocked_ = wide ? memory::format_tag::nChw16c : memory::format_tag::nChw8c;

    const memory::dim side = dim(ResNetWeights::kChipSide);
    pixels_ = memory({{1, 3, side, side}, memory::data_type::f32, memory::format_tag::nchw}, cpu_);
    memory x = map(weights.plan.first.channels, weights.plan.first.side);
    convolve(weights.stem, pixels_, x, 0, true, false);
    addLayers(weights, x);
    stream_.wait();
  }

  std::string note() const {
    const dnnl_version_t& version = *dnnl_version();
    return "oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch) + ", " + std::to_string(winogradLayers_) +
           " layers by Winograd, threads " + std::to_string(omp_get_max_threads());
  }

  std::vector<float> run(const std::uint8_t* rgb) {
    auto* planes = static_cast<float*>(pixels_.get_data_handle());
    constexpr std::size_t kPixels = ResNetWeights::kChipSide * ResNetWeights::kChipSide;
    for (std::size_t i = 0; i < kPixels; ++i) {
      for (std::size_t c = 0; c < 3; ++c) planes[c * kPixels + i] = rgb[i * 3 + c];
    }
    for (const std::function<void()>& step : steps_) step();
    stream_.wait();
    const auto* out = static_cast<const float*>(result_.get_data_handle());
    return {out, out + ResNetWeights::kDimension};
  }

 private:
  memory::desc mapDesc(std::size_t channels, std::size_t side) const {
    return {{1, dim(channels), dim(side), dim(side)}, memory::data_type::f32, blocked_};
  }

  /// Zeroed, so that new channels of a pooled map are zero the first time.
  memory map(std::size_t channels, std::size_t side) const {
    const memory::desc desc = mapDesc(channels, side);
    memory out(desc, cpu_);
    std::memset(out.get_data_handle(), 0, desc.get_size());
    return out;
  }

  void add(const dnnl::primitive& primitive, const Arguments& arguments) {
    steps_.emplace_back([this, primitive, arguments] { primitive.execute(stream_, arguments); });
  }

  memory reordered(memory from, const memory::desc& wanted) {
    if (from.get_desc() == wanted) return from;
    memory to(wanted, cpu_);
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
    return to;
  }

  memory constant(const std::vector<float>& values, const memory::dims& dims,
                  memory::format_tag tag) {
    const memory::desc desc(dims, memory::data_type::f32, tag);
    memory out(desc, cpu_);
    std::memcpy(out.get_data_handle(), values.data(), bytesOf(values.size()));
    return out;
  }

  void convolve(const PeerConvolution& from, const memory& in, const memory& out, std::size_t pad,
                bool relu, bool addsToOut) {
    using dnnl::convolution_forward;
    const auto any = memory::format_tag::any;
    const memory::dim k = dim(from.kernel);
    const memory::dims shape{dim(from.outputs), dim(from.inputs), k, k};
    const memory::dims stride{dim(from.stride), dim(from.stride)};
    const memory::dims padding{dim(pad), dim(pad)};
    const memory::desc weightsDesc(shape, memory::data_type::f32, any);
    memory bias = constant(from.bias, {dim(from.outputs)}, memory::format_tag::x);
    dnnl::post_ops after;
    if (addsToOut) after.append_sum(1.0F);
    if (relu) after.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    const auto by = [&](dnnl::algorithm algorithm) {
      return convolution_forward::primitive_desc(
          {dnnl::prop_kind::forward_inference, algorithm, in.get_desc(), weightsDesc,
           bias.get_desc(), out.get_desc(), stride, padding, padding},
          attributes, cpu_, winograd_);  // the last: empty instead of an exception
    };
    convolution_forward::primitive_desc chosen;
    if (winograd_) chosen = by(dnnl::algorithm::convolution_winograd);
    if (!chosen) chosen = by(dnnl::algorithm::convolution_auto);
    if (std::string(chosen.impl_info_str()).find("wino") != std::string::npos) ++winogradLayers_;
    memory weights =
        reordered(constant(from.weights, shape, memory::format_tag::oihw), chosen.weights_desc());
    add(convolution_forward(chosen), {{DNNL_ARG_SRC, in},
                                      {DNNL_ARG_WEIGHTS, weights},
                                      {DNNL_ARG_BIAS, bias},
                                      {DNNL_ARG_DST, out}});
  }

  void pool(dnnl::algorithm kind, memory::dim kernel, memory::dim stride, const memory& in,
            const memory& out) {
    using dnnl::pooling_forward;
    const pooling_forward::primitive_desc chosen({dnnl::prop_kind::forward_inference,
                                                  kind,
                                                  in.get_desc(),
                                                  out.get_desc(),
                                                  {stride, stride},
                                                  {kernel, kernel},
                                                  {0, 0},
                                                  {0, 0}},
                                                 cpu_);
    add(pooling_forward(chosen), {{DNNL_ARG_SRC, in}, {DNNL_ARG_DST, out}});
  }

  /// The mean of 2 x 2 into the first channels; the new ones become zero.
  void halve(const memory& in, const memory& out, const nn::Layer& layer) {
    memory first(mapDesc(layer.in.channels, layer.out.side), cpu_, out.get_data_handle());
    pool(dnnl::algorithm::pooling_avg_exclude_padding, 2, 2, in, first);
    const std::size_t used = first.get_desc().get_size();
    const std::size_t rest = out.get_desc().get_size() - used;
    auto* at = static_cast<char*>(out.get_data_handle()) + used;
    if (rest > 0) steps_.emplace_back([at, rest] { std::memset(at, 0, rest); });
  }

  /// Adds a smaller map to the upper left corner of a larger one, then ReLU.
  void addCorner(const memory& from, const memory& to, std::size_t small, std::size_t large,
                 std::size_t channels) {
    const auto* source = static_cast<const float*>(from.get_data_handle());
    auto* target = static_cast<float*>(to.get_data_handle());
    const std::size_t block = blocked_ == memory::format_tag::nChw16c ? 16 : 8;
    steps_.emplace_back([=] {
      for (std::size_t b = 0; b < channels / block; ++b) {
        for (std::size_t y = 0; y < small; ++y) {
          const float* s = source + (b * small + y) * small * block;
          float* t = target + (b * large + y) * large * block;
          for (std::size_t i = 0; i < small * block; ++i) {
            t[i] = t[i] + s[i] > 0 ? t[i] + s[i] : 0;
          }
        }
      }
    });
  }

  void addLayers(const ResNetWeights& weights, const memory& first) {
    std::unordered_map<std::size_t, memory> maps{{weights.plan.first.offset, first}};
    const auto mapFor = [&](const nn::Map& at) {
      const auto found = maps.find(at.offset);
      if (found != maps.end()) return found->second;
      return maps.emplace(at.offset, map(at.channels, at.side)).first->second;
    };
    auto next = weights.convolutions.begin();
    for (const nn::Layer& layer : weights.plan.layers) {
      const memory in = mapFor(layer.in);
      const memory out = mapFor(layer.out);
      switch (layer.kind) {
        case nn::LayerKind::kMaxPool:
          pool(dnnl::algorithm::pooling_max, 3, 2, in, out);
          break;
        case nn::LayerKind::kMeanPool:
          halve(in, out, layer);
          break;
        case nn::LayerKind::kConvolution: {
          const std::size_t pad = layer.stride == 1 ? layer.kernel / 2 : 0;
          const std::size_t side =
              layer.stride == 1 ? layer.in.side : (layer.in.side - layer.kernel) / 2 + 1;
          if (side == layer.out.side) {
            convolve(*next, in, out, pad, true, layer.addsToOut);
          } else {
            const memory corner = map(layer.out.channels, side);
            convolve(*next, in, corner, pad, false, false);
            addCorner(corner, out, side, layer.out.side, layer.out.channels);
          }
          ++next;
          break;
        }
      }
    }
    addHead(weights, mapFor(weights.plan.last));
  }

  void addHead(const ResNetWeights& weights, const memory& last) {
    using dnnl::inner_product_forward;
    const memory::dim features = dim(ResNetWeights::kFeatures);
    const memory::dim dimension = dim(ResNetWeights::kDimension);
    const memory mean = map(ResNetWeights::kFeatures, 1);
    const auto side = dim(weights.plan.last.side);
    pool(dnnl::algorithm::pooling_avg_exclude_padding, side, side, last, mean);
    memory flat({{1, features}, memory::data_type::f32, memory::format_tag::nc}, cpu_,
                mean.get_data_handle());
    result_ = memory({{1, dimension}, memory::data_type::f32, memory::format_tag::nc}, cpu_);
    const inner_product_forward::primitive_desc chosen(
        {dnnl::prop_kind::forward_inference, flat.get_desc(),
         memory::desc({dimension, features}, memory::data_type::f32, memory::format_tag::any),
         result_.get_desc()},
        cpu_);
    memory matrix = reordered(constant(weights.head, {dimension, features}, memory::format_tag::nc),
                              chosen.weights_desc());
    add(inner_product_forward(chosen),
        {{DNNL_ARG_SRC, flat}, {DNNL_ARG_WEIGHTS, matrix}, {DNNL_ARG_DST, result_}});
  }

  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{cpu_};
  bool winograd_;
  std::size_t winogradLayers_ = 0;
  memory::format_tag blocked_ = memory::format_tag::undef;
  memory pixels_;
  memory result_;
  std::vector<std::function<void()>> steps_;
};

void serveEmbed(const std::string& modelPath, const std::string& chipsPath, std::size_t threads,
                bool winograd) {
  constexpr std::size_t kChipBytes = ResNetWeights::kChipSide * ResNetWeights::kChipSide * 3;
  const ResNetWeights weights = readResNetWeights(modelPath);
  std::vector<std::unique_ptr<OnednnResNet>> networks;
  for (std::size_t t = 0; t < threads; ++t) {
    networks.push_back(std::make_unique<OnednnResNet>(weights, winograd));
  }
  const std::vector<std::uint8_t> chips = readFile(chipsPath);
  const std::size_t count = chips.size() / kChipBytes;
  if (count == 0) throw std::runtime_error("error: no chip in " + chipsPath);
  const auto embed = [&](std::size_t t, std::size_t i) {
    return networks[t]->run(&chips[i % count * kChipBytes]);
  };
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(embed(0, i));
  RoundServer server;
  server.ready(networks.at(0)->note() + ", networks " + std::to_string(threads), vectors);
  server.serve(threads, embed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    const bool winograd = args.size() == 5 && args[4] == "winograd";
    if ((args.size() == 4 || winograd) && args[0] == "embed") {
      serveEmbed(args[1], args[2], std::stoul(args[3]), winograd);
    } else {
      std::cerr << "usage: onednn_peer embed <files> <threads> [winograd]\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
