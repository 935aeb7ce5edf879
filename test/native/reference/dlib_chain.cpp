// The independent oracle: dlib's chain as dlib's own examples use it, on the official model files.
// It shares no file with native/, so that a mistake of ours cannot be in both.
//
//   dlib_chain <folder of the .dat files> [<picture> ...]     (without pictures: standard input)
//   dlib_chain <folder of the .dat files> --chip <picture>    (150 x 150)
//
// With --chip nothing is searched: the picture is taken as a chip for the embedding, and its middle
// half as the box for the landmarks.
// A picture is u32 width, u32 height (little endian) and width x height x 3 bytes of RGB. For each
// one a line of JSON comes out: {"faces":[{"box":[x,y,w,h],"score":s,"landmarks":[x,y,...],
// "embedding":[...]}]}, in dlib's own order.

#include <dlib/dnn.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Picture = dlib::matrix<dlib::rgb_pixel>;

// The network of dlib_face_recognition_resnet_model_v1.dat, affine layers and all.
template <int n, int stride, typename In>
using Block = dlib::affine<
    dlib::con<n, 3, 3, 1, 1, dlib::relu<dlib::affine<dlib::con<n, 3, 3, stride, stride, In>>>>>;
template <int n, typename In>
using Residual = dlib::relu<dlib::add_prev1<Block<n, 1, dlib::tag1<In>>>>;
template <int n, typename In>
using ResidualDown = dlib::relu<dlib::add_prev2<
    dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<Block<n, 2, dlib::tag1<In>>>>>>>;
template <typename In>
using Level4 = Residual<32, Residual<32, Residual<32, In>>>;
template <typename In>
using Level3 = Residual<64, Residual<64, Residual<64, ResidualDown<64, In>>>>;
template <typename In>
using Level2 = Residual<128, Residual<128, ResidualDown<128, In>>>;
template <typename In>
using Level1 = Residual<256, Residual<256, ResidualDown<256, In>>>;
template <typename In>
using Level0 = ResidualDown<256, In>;
using Network = dlib::loss_metric<dlib::fc_no_bias<
    128, dlib::avg_pool_everything<Level0<Level1<Level2<Level3<Level4<dlib::max_pool<
             3, 3, 2, 2,
             dlib::relu<dlib::affine<
                 dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<150>>>>>>>>>>>>>;

/// How much of source pixel `s` lies under target pixel `t`, in 1/target of a source pixel.
std::uint64_t overlap(long s, long t, long source, long target) {
  const long begin = std::max(s * target, t * source);
  const long end = std::min((s + 1) * target, (t + 1) * source);
  return end > begin ? static_cast<std::uint64_t>(end - begin) : 0;
}

/// Area average, pixel by pixel as it is defined, in whole numbers; halves are rounded up.
Picture averaged(const Picture& in, long width, long height) {
  Picture out(height, width);
  const auto whole = static_cast<std::uint64_t>(in.nc()) * static_cast<std::uint64_t>(in.nr());
  for (long r = 0; r < height; ++r) {
    for (long c = 0; c < width; ++c) {
      std::uint64_t red = whole / 2;
      std::uint64_t green = whole / 2;
      std::uint64_t blue = whole / 2;
      for (long y = r * in.nr() / height; y < in.nr() && y * height < (r + 1) * in.nr(); ++y) {
        for (long x = c * in.nc() / width; x < in.nc() && x * width < (c + 1) * in.nc(); ++x) {
          const std::uint64_t area = overlap(y, r, in.nr(), height) * overlap(x, c, in.nc(), width);
          red += area * in(y, x).red;
          green += area * in(y, x).green;
          blue += area * in(y, x).blue;
        }
      }
      out(r, c) = dlib::rgb_pixel(static_cast<unsigned char>(red / whole),
                                  static_cast<unsigned char>(green / whole),
                                  static_cast<unsigned char>(blue / whole));
    }
  }
  return out;
}

/// The picture that the detector sees: its longer side is at most 640.
Picture forDetection(const Picture& picture) {
  const long longer = std::max(picture.nc(), picture.nr());
  if (longer <= 640) return picture;
  const auto side = [longer](long length) {
    return std::max(1L,
                    std::lround(640.0 * static_cast<double>(length) / static_cast<double>(longer)));
  };
  return averaged(picture, side(picture.nc()), side(picture.nr()));
}

bool read(std::istream& in, Picture& picture) {
  std::uint32_t size[2] = {0, 0};
  if (!in.read(reinterpret_cast<char*>(size), sizeof(size))) return false;
  picture.set_size(size[1], size[0]);
  const auto bytes = static_cast<std::streamsize>(picture.size()) * 3;
  if (!in.read(reinterpret_cast<char*>(picture.begin()), bytes)) {
    throw std::runtime_error("the picture ends too early");
  }
  return true;
}

template <typename Values>
void print(const char* name, const Values& values) {
  std::cout << ",\"" << name << "\":[";
  const char* separator = "";
  for (const auto& value : values) {
    std::cout << separator << value;
    separator = ",";
  }
  std::cout << "]";
}

class Chain final {
 public:
  explicit Chain(const std::string& models) : detector_(dlib::get_frontal_face_detector()) {
    dlib::deserialize(models + "/shape_predictor_5_face_landmarks.dat") >> predictor_;
    dlib::deserialize(models + "/dlib_face_recognition_resnet_model_v1.dat") >> network_;
  }

  void analyze(const Picture& picture) {
    const Picture searched = forDetection(picture);
    const double x = static_cast<double>(picture.nc()) / static_cast<double>(searched.nc());
    const double y = static_cast<double>(picture.nr()) / static_cast<double>(searched.nr());
    std::vector<dlib::rect_detection> found;
    detector_(searched, found);
    std::cout << "{\"faces\":[";
    const char* separator = "";
    for (const dlib::rect_detection& face : found) {
      std::cout << separator << "{\"score\":" << face.detection_confidence;
      separator = ",";
      // A box's edges lie between pixels; single precision, as the library reports them.
      const std::vector<float> box = {
          static_cast<float>(face.rect.left() * x), static_cast<float>(face.rect.top() * y),
          static_cast<float>(face.rect.width() * x), static_cast<float>(face.rect.height() * y)};
      print("box", box);
      analyzeFace(picture, box);
      std::cout << "}";
    }
    std::cout << "]}" << std::endl;
  }

  void analyzeChip(const Picture& chip) {
    const long side = chip.nc();
    std::cout << "{\"side\":" << side;
    print("landmarks",
          pointsOf(predictor_(chip, boxOf({side / 4.F, side / 4.F, side / 2.F, side / 2.F}))));
    print("embedding", network_(chip));
    std::cout << "}" << std::endl;
  }

 private:
  static dlib::rectangle boxOf(const std::vector<float>& box) {
    return dlib::rectangle(std::lround(box[0]), std::lround(box[1]),
                           std::lround(box[0] + box[2]) - 1, std::lround(box[1] + box[3]) - 1);
  }

  static std::vector<long> pointsOf(const dlib::full_object_detection& shape) {
    std::vector<long> points;
    for (unsigned long i = 0; i < shape.num_parts(); ++i) {
      points.push_back(shape.part(i).x());
      points.push_back(shape.part(i).y());
    }
    return points;
  }

  void analyzeFace(const Picture& picture, const std::vector<float>& box) {
    const dlib::full_object_detection shape = predictor_(picture, boxOf(box));
    print("landmarks", pointsOf(shape));
    Picture chip;
    dlib::extract_image_chip(picture, dlib::get_face_chip_details(shape, 150, 0.25), chip);
    print("embedding", network_(chip));
  }

  dlib::frontal_face_detector detector_;
  dlib::shape_predictor predictor_;
  Network network_;
};

void run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw std::runtime_error(
        "usage: dlib_chain <folder of the .dat files> [--chip] [<picture> ...]");
  }
  Chain chain(arguments[0]);
  Picture picture;
  std::cout.precision(9);
  const bool chips = arguments.size() > 1 && arguments[1] == "--chip";
  for (std::size_t i = chips ? 2 : 1; i < arguments.size(); ++i) {
    std::ifstream in(arguments[i], std::ios::binary);
    if (!read(in, picture)) throw std::runtime_error("cannot read " + arguments[i]);
    if (chips) {
      chain.analyzeChip(picture);
    } else {
      chain.analyze(picture);
    }
  }
  if (arguments.size() > 1) return;
  while (read(std::cin, picture)) chain.analyze(picture);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dlib_chain: " << error.what() << std::endl;
    return 1;
  }
}
