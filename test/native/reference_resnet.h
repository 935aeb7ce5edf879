#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "core/image.h"
#include "nn/model_file.h"

namespace countenance::test {

/// The network again, from its description in the design (section 4) and the model file alone:
/// plain loops in double precision. It shares nothing with nn/resnet but the file's reader.
class ReferenceResNet final {
 public:
  explicit ReferenceResNet(const ModelFile& model) : model_(model) {}

  std::vector<double> embed(ImageView chip) {
    next_ = 0;
    const auto mean = model_.values<float>("input.mean", {3});
    Tensor input(3, chip.height);
    for (std::size_t i = 0; i < chip.width * chip.height * 3; ++i) {
      input.values[i % 3 * chip.width * chip.height + i / 3] =
          (chip.data[i] - static_cast<double>(mean[i % 3])) / 256;
    }
    Tensor x = pool(relu(convolve(input, 32, 7, 2)), 3, true);
    for (int i = 0; i < 3; ++i) x = block(x, 32, 1);
    x = block(x, 64, 2);
    for (int i = 0; i < 3; ++i) x = block(x, 64, 1);
    x = block(x, 128, 2);
    for (int i = 0; i < 2; ++i) x = block(x, 128, 1);
    x = block(x, 256, 2);
    for (int i = 0; i < 2; ++i) x = block(x, 256, 1);
    x = block(x, 256, 2);
    return head(x);
  }

 private:
  struct Tensor {
    std::size_t channels;
    std::size_t side;
    std::vector<double> values;

    Tensor(std::size_t c, std::size_t s) : channels(c), side(s), values(c * s * s) {}
    double& at(std::size_t c, std::size_t y, std::size_t x) {
      return values[(c * side + y) * side + x];
    }
  };

  static Tensor relu(Tensor x) {
    for (double& value : x.values) value = std::max(0.0, value);
    return x;
  }

  Tensor convolve(Tensor& in, std::size_t outputs, std::size_t size, std::size_t stride) {
    const std::string name = "conv" + std::to_string(next_++);
    const auto weights =
        model_.values<float>(name + ".weights", {outputs, in.channels, size, size});
    const auto bias = model_.values<float>(name + ".bias", {outputs});
    const std::size_t pad = stride == 1 ? size / 2 : 0;
    Tensor padded(in.channels, in.side + 2 * pad);
    for (std::size_t c = 0; c < in.channels; ++c) {
      for (std::size_t y = 0; y < in.side; ++y) {
        for (std::size_t x = 0; x < in.side; ++x) padded.at(c, y + pad, x + pad) = in.at(c, y, x);
      }
    }
    Tensor out(outputs, (padded.side - size) / stride + 1);
    for (std::size_t o = 0; o < outputs; ++o) {
      double* plane = &out.at(o, 0, 0);
      std::fill(plane, plane + out.side * out.side, static_cast<double>(bias[o]));
      for (std::size_t tap = 0; tap < in.channels * size * size; ++tap) {
        const double weight = weights[o * in.channels * size * size + tap];
        for (std::size_t y = 0; y < out.side; ++y) {
          const double* row =
              &padded.at(tap / (size * size), y * stride + tap / size % size, tap % size);
          for (std::size_t x = 0; x < out.side; ++x) {
            plane[y * out.side + x] += weight * row[x * stride];
          }
        }
      }
    }
    return out;
  }

  /// Windows of size x size, every other pixel: the largest value or the mean.
  static Tensor pool(Tensor in, std::size_t size, bool largest) {
    Tensor out(in.channels, (in.side - size) / 2 + 1);
    for (std::size_t c = 0; c < out.channels; ++c) {
      for (std::size_t y = 0; y < out.side; ++y) {
        for (std::size_t x = 0; x < out.side; ++x) {
          double most = in.at(c, 2 * y, 2 * x);
          double sum = 0;
          for (std::size_t k = 0; k < size * size; ++k) {
            const double value = in.at(c, 2 * y + k / size, 2 * x + k % size);
            most = std::max(most, value);
            sum += value;
          }
          out.at(c, y, x) = largest ? most : sum / static_cast<double>(size * size);
        }
      }
    }
    return out;
  }

  Tensor block(Tensor x, std::size_t channels, std::size_t stride) {
    Tensor inner = relu(convolve(x, channels, 3, stride));
    Tensor path = convolve(inner, channels, 3, 1);
    Tensor skip = stride == 1 ? x : pool(x, 2, false);
    Tensor sum(channels, std::max(skip.side, path.side));
    for (Tensor* part : {&skip, &path}) {
      for (std::size_t c = 0; c < part->channels; ++c) {
        for (std::size_t y = 0; y < part->side; ++y) {
          for (std::size_t i = 0; i < part->side; ++i) sum.at(c, y, i) += part->at(c, y, i);
        }
      }
    }
    return relu(sum);
  }

  std::vector<double> head(Tensor& x) {
    const std::size_t pixels = x.side * x.side;
    const auto matrix = model_.values<float>("fc.weights", {128, x.channels});
    std::vector<double> out(128);
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      const double part = x.values[i] / static_cast<double>(pixels);
      for (std::size_t o = 0; o < 128; ++o) out[o] += part * matrix[o * x.channels + i / pixels];
    }
    return out;
  }

  const ModelFile& model_;
  std::size_t next_ = 0;
};

}  // namespace countenance::test
