#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What the networks ask of a CPU. Each kernels_<level>.cpp is compiled for one level of CPUs, with
// that level's flags, and the best one that runs here is chosen when a network is made.
//
// Only plain data crosses this border: an inline function that two levels compiled would be merged
// by the linker, and an older CPU could then run the newer one's code.
//
// A feature map lies in memory as [channels / 16][side + 2][side + 2][16]: blocks of 16 channels,
// and around each plane a border of one pixel that stays zero.

namespace countenance::nn {

constexpr std::size_t kBlock = 16;  ///< Channels per block: the floats of a cache line.

/// dlib's first layer: 7 x 7, stride 2, no padding, on a chip of 150 x 150 RGB pixels.
constexpr std::size_t kStemSide = 150;
constexpr std::size_t kStemKernel = 7;
constexpr std::size_t kStemOutSide = 72;
constexpr std::size_t kStemChannels = 32;
constexpr std::size_t kStemPixels = kStemSide * kStemSide * 3;
constexpr std::size_t kStemTaps = kStemKernel * kStemKernel * 3;

/// What a layer multiplies. Maps are f32 whatever it is: a layer rounds its input as it reads it.
enum class Operands {
  kF32,
  kBf16,          ///< Pairs of input channels side by side.
  kInt8,          ///< u8 inputs, s8 weights, by fours of input channels side by side.
  kInt8InFloats,  ///< The same whole numbers, as floats: for a CPU without products of int8.
};

/// The largest step of an int8 input and weight.
constexpr float kMostInputSteps = 255;
constexpr float kMostWeightSteps = 127;

/// One plane-blocked map; strides are in floats, borders are counted in.
struct MapView {
  float* data;  ///< The corner of the first plane's border.
  std::size_t blocks;
  std::size_t side;
  std::size_t row;
  std::size_t plane;
};

/// out = relu(bias + weights * in + out * addsToOut)
/// int8: out = relu(bias + scale * sum(weights * min(255, round(in * inputSteps))) + ...), each
/// operation rounded by itself, so that every CPU gives the same bits.
struct ConvolutionJob {
  MapView in;
  MapView out;          ///< May be larger than the result, which then fills its upper left corner.
  const void* weights;  ///< From packConvolution().
  const float* bias;    ///< A float per output channel.
  bool addsToOut;
  float* scratch;      ///< Room for convolutionScratch() floats.
  const float* scale;  ///< int8 alone: what a step of a sum is worth, per output channel.
  float inputSteps;    ///< int8 alone: steps of the input per unit.
};

/// out = relu(bias + weights * rgb), int8: relu(bias + scale * sum(weights * rgb))
struct StemJob {
  const std::uint8_t* rgb;  ///< kStemPixels values.
  float* pixels;            ///< Room for kStemPixels floats.
  const void* weights;      ///< From packStem().
  const float* bias;
  MapView out;
  const float* scale;  ///< int8 alone.
};

struct PoolJob {
  MapView in;
  MapView out;
};

/// A convolution for one size of map, square kernel. Stride 1 is padded so that the size stays,
/// other strides are not padded.
struct Convolution {
  std::size_t inSide;
  std::size_t stride;
  std::size_t kernel;
  std::size_t groupBlocks;  ///< Blocks of output channels that are computed together.
  std::size_t results;      ///< Winograd's, of a window's side: 2 or 4; 0: direct convolution.
  std::size_t stripTiles;   ///< Winograd's tiles that are computed together.
  Operands operands;
  void (*run)(const ConvolutionJob&);
};

/// What multiplies in dlib's network, for one kind of operands.
struct ResNetKernels {
  const Convolution* convolutions;
  std::size_t convolutionCount;
  void (*stem)(const StemJob&);
  Operands operands;
};

struct NetworkKernels;  // nn/network_kernels.h

struct Kernels {
  const char* name;
  ResNetKernels f32;
  ResNetKernels int8;                ///< In floats.
  void (*maxPool)(const PoolJob&);   ///< 3 x 3, stride 2, no padding.
  void (*meanPool)(const PoolJob&);  ///< 2 x 2, stride 2; blocks that `in` has not become zero.
  const NetworkKernels* network;
};

extern const Kernels kBaselineKernels;
#ifdef __aarch64__
extern const Kernels kNeonKernels;
#endif
#ifdef __x86_64__
extern const Kernels kSse4Kernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
/// Not of a level, but of some CPUs of AVX-512.
extern const ResNetKernels kAvx512Bf16Kernels;
extern const ResNetKernels kAvx512VnniKernels;
#endif

/// Floats of scratch memory that a convolution of this many blocks of input channels needs.
std::size_t convolutionScratch(const Convolution& convolution, std::size_t inBlocks);

/// The kernels that this CPU can run, best first.
std::vector<const Kernels*> availableKernels();

/// The best of them.
const Kernels& bestKernels();

}  // namespace countenance::nn
