#include "nn/network_run.h"

#include <algorithm>
#include <array>

#include "nn/network_elements.h"

namespace countenance::nn {
namespace {

/// The rows of a window.
using Windows = std::array<const float*, kMaxNetworkKernel>;

/// A sigmoid is not the kernels' work: activate() does it.
Bend bendOf(Activation activation) {
  if (activation == Activation::kRelu) return Bend::kRelu;
  return activation == Activation::kPrelu ? Bend::kPrelu : Bend::kNone;
}

}  // namespace

void NetworkRun::run() const {
  if (parts_.compactInput != NetworkParts::kNone) {
    const Shape3& input = shape(0);
    repack(scratch_ + parts_.compactInput, input.channels, input.pixels(), rowOf(0, 0),
           place(0).channels);
  }
  for (const Band& band : parts_.schedule.bands) {
    makeBand(parts_.steps[band.step], band.step + 1, band.rows);
  }
  for (std::size_t i = 0; i < parts_.plan.outputs.size(); ++i) {
    if (parts_.compactOutputs[i] == NetworkParts::kNone) continue;
    const std::size_t value = parts_.plan.outputs[i];
    repack(rowOf(value, 0), place(value).channels, shape(value).pixels(),
           scratch_ + parts_.compactOutputs[i], shape(value).channels);
  }
}

void NetworkRun::makeBand(const NetworkStep& step, std::size_t value, Rows rows) const {
  switch (step.kind) {
    case NetworkLayerKind::kConvolution:
      if (layer(step.layer).kernel == 1 && layer(step.layer).stride == 1) {
        convolvePixels(step, value, rows);
      } else {
        convolveWindows(step, value, rows);
      }
      break;
    case NetworkLayerKind::kDepthwise:
      for (std::size_t y = rows.from; y < rows.to; ++y) depthwise(step.layer, y, rowOf(value, y));
      break;
    case NetworkLayerKind::kMaxPool:
      for (std::size_t y = rows.from; y < rows.to; ++y) maxPool(step, value, y);
      break;
    case NetworkLayerKind::kAdd:
    case NetworkLayerKind::kMean:
    case NetworkLayerKind::kPadChannels:
    case NetworkLayerKind::kScale:
    case NetworkLayerKind::kEnlarge:
    case NetworkLayerKind::kActivation:
      eachValue(step, value, rows);
      break;
  }
  activate(step, value, rows);
}

/// A kernel of 1 x 1: the rows of a band follow each other, so that they are one row to it.
void NetworkRun::convolvePixels(const NetworkStep& step, std::size_t value, Rows rows) const {
  const float* in = nullptr;
  if (step.depthwise == NetworkStep::kNone) {
    in = rowOf(step.a, rows.from);
  } else {
    float* between = scratch_ + parts_.depthwiseRows;
    in = between;
    const std::size_t rowSize =
        shape(value).width * paddedChannels(shape(step.depthwise + 1).channels);
    for (std::size_t y = rows.from; y < rows.to; ++y, between += rowSize) {
      depthwise(step.depthwise, y, between);
    }
  }
  convolve(step, value, rows.from, (rows.to - rows.from) * shape(value).width, &in);
}

/// Any kernel, row by row. Padding is read from rows with borders, each row copied once.
void NetworkRun::convolveWindows(const NetworkStep& step, std::size_t value, Rows rows) const {
  const NetworkLayer& own = layer(step.layer);
  const std::size_t height = shape(step.a).height;
  const std::size_t borders = own.padBefore + own.padAfter;
  const std::size_t paddedRow = place(step.a).rowSize + borders * place(step.a).channels;
  float* padded = scratch_ + parts_.paddedWindows[step.layer];
  Windows windows{};
  for (std::size_t y = rows.from; y < rows.to; ++y) {
    for (std::size_t ky = 0; ky < own.kernel; ++ky) {
      const std::size_t row = y * own.stride + ky - own.padBefore;
      if (row >= height) {  // or above the first: the number wraps around
        windows[ky] = parts_.zeros.data();
      } else if (borders == 0) {
        windows[ky] = rowOf(step.a, row);
      } else {
        if (y == 0 || ky + own.stride >= own.kernel) copyIntoWindow(step.layer, row, padded);
        windows[ky] = padded + row % own.kernel * paddedRow;
      }
    }
    convolve(step, value, y, shape(value).width, windows.data());
  }
}

void NetworkRun::copyIntoWindow(std::size_t number, std::size_t row, float* windows) const {
  const NetworkLayer& own = layer(number);
  const ValuePlace& from = place(own.a);
  const std::size_t paddedRow = from.rowSize + (own.padBefore + own.padAfter) * from.channels;
  float* to = windows + row % own.kernel * paddedRow + own.padBefore * from.channels;
  const float* pixels = rowOf(own.a, row);
  std::copy(pixels, pixels + from.rowSize, to);
}

void NetworkRun::convolve(const NetworkStep& step, std::size_t value, std::size_t row,
                          std::size_t pixels, const float* const* windows) const {
  const NetworkLayer& own = layer(step.layer);
  const LayerWeights& weights = weightsOf(step.layer);
  const std::size_t inPixel = step.depthwise == NetworkStep::kNone
                                  ? place(step.a).channels
                                  : paddedChannels(shape(step.depthwise + 1).channels);
  const bool adds = step.b != NetworkStep::kNone;
  parts_.kernels->convolve({windows, own.kernel, own.kernel * inPixel, own.stride * inPixel, pixels,
                            rowOf(value, row), place(value).channels,
                            weights.convolution.weights.data(), weights.convolution.groups.data(),
                            weights.bias.data(), weightsOf(step.activationLayer).slope.data(),
                            adds ? rowOf(step.b, row) : nullptr, adds ? place(step.b).channels : 0,
                            bendOf(layer(step.activationLayer).activation)});
}

void NetworkRun::depthwise(std::size_t number, std::size_t row, float* out) const {
  const NetworkLayer& own = layer(number);
  const LayerWeights& weights = weightsOf(number);
  Windows windows{};
  for (std::size_t ky = 0; ky < own.kernel; ++ky) {
    const std::size_t y = row * own.stride + ky - own.padBefore;
    windows[ky] = y < shape(own.a).height ? rowOf(own.a, y) : parts_.zeros.data();
  }
  parts_.kernels->depthwise({windows.data(), shape(own.a).width, place(own.a).channels, own.kernel,
                             own.stride, own.padBefore, shape(number + 1).width, out,
                             weights.depthwise.data(), weights.bias.data(), weights.slope.data(),
                             bendOf(own.activation)});
}

void NetworkRun::maxPool(const NetworkStep& step, std::size_t value, std::size_t row) const {
  const NetworkLayer& own = layer(step.layer);
  Windows windows{};
  std::size_t count = 0;
  for (std::size_t ky = 0; ky < own.kernel; ++ky) {
    const std::size_t y = row * own.stride + ky - own.padBefore;
    if (y < shape(own.a).height) windows[count++] = rowOf(own.a, y);
  }
  parts_.kernels->maximum({windows.data(), count, shape(own.a).width, place(own.a).channels,
                           own.kernel, own.stride, own.padBefore, shape(value).width,
                           rowOf(value, row)});
}

void NetworkRun::eachValue(const NetworkStep& step, std::size_t value, Rows rows) const {
  const std::size_t pixels = (rows.to - rows.from) * shape(value).width;
  const std::size_t channels = place(value).channels;
  float* out = rowOf(value, rows.from);
  switch (step.kind) {
    case NetworkLayerKind::kAdd:
      sum(rowOf(step.a, rows.from), rowOf(step.b, rows.from), pixels * channels, out);
      break;
    case NetworkLayerKind::kMean:
      mean(rowOf(step.a, 0), shape(step.a).pixels(), channels, out);
      break;
    case NetworkLayerKind::kPadChannels:
      padChannels(rowOf(step.a, rows.from), shape(step.a).channels, place(step.a).channels, pixels,
                  out, channels);
      break;
    case NetworkLayerKind::kScale:
      scale(rowOf(step.a, rows.from), rowOf(step.b, 0), channels, pixels, out);
      break;
    case NetworkLayerKind::kEnlarge:
      for (std::size_t y = rows.from; y < rows.to; ++y) {
        enlargeRow(rowOf(step.a, y / 2), channels, shape(value).width, rowOf(value, y));
      }
      break;
    default:
      std::copy_n(rowOf(step.a, rows.from), pixels * channels, out);
      break;
  }
}

/// What the kernels have not done.
void NetworkRun::activate(const NetworkStep& step, std::size_t value, Rows rows) const {
  const Activation activation = layer(step.activationLayer).activation;
  const bool bent =
      step.kind == NetworkLayerKind::kConvolution || step.kind == NetworkLayerKind::kDepthwise;
  if (activation == Activation::kNone || (bent && activation != Activation::kSigmoid)) return;
  const std::size_t pixels = (rows.to - rows.from) * shape(value).width;
  const std::size_t channels = place(value).channels;
  float* values = rowOf(value, rows.from);
  if (activation == Activation::kSigmoid) {
    sigmoid(values, pixels * channels);
  } else {
    const bool prelu = activation == Activation::kPrelu;
    bend(values, channels, pixels,
         prelu ? weightsOf(step.activationLayer).slope.data() : parts_.zeros.data());
  }
}

}  // namespace countenance::nn
