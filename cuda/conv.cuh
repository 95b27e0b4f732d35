// Convolution on GPUs: the shape that all kernels share, and the patches of a picture as an operand of a tile
// (gemm.cuh): they are gathered while a step is fetched, and never written anywhere. Used by conv.cu and
// conv_direct.cu.
#pragma once
#include "gemm.cuh"
#include "gemm.h"

namespace flambeau::cuda {

/** Values [N, C, z, y, x] in memory; strides in elements. Dims that are not there have size 1. */
struct Picture {
  std::byte* at = nullptr;
  int64_t image = 0, channel = 0;
  int64_t step[3] = {0, 0, 0};
};

/**
 * One of the three products. `from` is the picture that patches are taken of, `to` the one whose pixels they belong to:
 * input and output of the convolution, or for the gradient of the input the other way round (`transposed`).
 */
struct ConvShape {
  DType dtype;
  bool transposed;
  int groups;
  int64_t images, from_channels, to_channels;  // channels of a group
  int from_size[3];
  Divider to_size[3], kernel[3], stride[3];
  int pad[3], dilation[3];
  Picture from, to;
  const std::byte* bias;  // of `to`'s channels
  int64_t bias_step;

  int64_t taps() const { return int64_t{kernel[0].divisor} * kernel[1].divisor * kernel[2].divisor; }
  int64_t pixels() const { return int64_t{to_size[0].divisor} * to_size[1].divisor * to_size[2].divisor; }
};

/** Where a pixel of `to` is: its own place, and where its patch begins in `from`. */
struct Pixel {
  int64_t to, from;  // elements
  int z, y, x;       // of the patch's first tap
};
__device__ __forceinline__ Pixel pixel_at(const ConvShape& s, uint32_t i) {
  const uint32_t row = s.to_size[2].divide(i), x = i - row * s.to_size[2].divisor;
  const uint32_t plane = s.to_size[1].divide(row), y = row - plane * s.to_size[1].divisor;
  const uint32_t n = s.to_size[0].divide(plane), z = plane - n * s.to_size[0].divisor;
  Pixel p;
  p.to = n * s.to.image + z * s.to.step[0] + y * s.to.step[1] + x * s.to.step[2];
  p.from = n * s.from.image;
  const auto start = [&](uint32_t at, int d) {
    return s.transposed ? static_cast<int>(at) + s.pad[d] : static_cast<int>(at * s.stride[d].divisor) - s.pad[d];
  };
  p.z = start(z, 0);
  p.y = start(y, 1);
  p.x = start(x, 2);
  return p;
}

/** A channel of `from` and a tap of the kernel. */
struct Tap {
  int64_t channel;  // elements
  int z, y, x;      // dilated
};
__device__ __forceinline__ Tap tap_at(const ConvShape& s, uint32_t k) {
  const uint32_t row = s.kernel[2].divide(k), plane = s.kernel[1].divide(row), c = s.kernel[0].divide(plane);
  Tap t;
  t.channel = c * s.from.channel;
  t.x = static_cast<int>(k - row * s.kernel[2].divisor) * s.dilation[2];
  t.y = static_cast<int>(row - plane * s.kernel[1].divisor) * s.dilation[1];
  t.z = static_cast<int>(plane - c * s.kernel[0].divisor) * s.dilation[0];
  return t;
}

/** The place of a tap along a dim: false if nothing is there. */
__device__ __forceinline__ bool tap_place(const ConvShape& s, int start, int tap, int d, int& at) {
  if (!s.transposed) {
    at = start + tap;
    return static_cast<unsigned>(at) < static_cast<unsigned>(s.from_size[d]);
  }
  const int reach = start - tap;
  if (reach < 0) return false;
  at = static_cast<int>(s.stride[d].divide(static_cast<uint32_t>(reach)));
  return at * static_cast<int>(s.stride[d].divisor) == reach && at < s.from_size[d];
}
/** What a pixel sees through a tap, from the first channel of its group on; 0 outside. */
template <class C, bool plain>
__device__ __forceinline__ C gather(const ConvShape& s, const std::byte* from, const Pixel& p, const Tap& t) {
  int z, y, x;
  if (!tap_place(s, p.z, t.z, 0, z) || !tap_place(s, p.y, t.y, 1, y) || !tap_place(s, p.x, t.x, 2, x)) return C{0};
  const int64_t i = p.from + t.channel + z * s.from.step[0] + y * s.from.step[1] + x * s.from.step[2];
  return Elements<C, plain>::load(from + i * Elements<C, plain>::size(s.dtype), s.dtype);
}

/** Columns are pixels, k counts channels and taps. A thread stays with one pixel. */
template <class C, bool plain, int kWide, int kK, int kThreads>
struct PatchSource {
  using Shares = Share<kWide, kK, kThreads>;
  static constexpr int kCount = Shares::kCount;
  const ConvShape& s;
  const std::byte* from;
  Shares share;
  Pixel pixel;
  bool there;
  uint32_t k;

  __device__ __forceinline__ PatchSource(const ConvShape& s, const std::byte* from, int64_t col0, int64_t cols,
                                         int64_t first)
      : s(s), from(from), share(false, false), there(col0 + share.row < cols), k(static_cast<uint32_t>(first)) {
    pixel = pixel_at(s, there ? static_cast<uint32_t>(col0 + share.row) : 0);
  }
  __device__ __forceinline__ void fetch(int left, C (&out)[kCount]) {
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      const int at = share.k + i * share.ks;
      out[i] = there && at < left ? gather<C, plain>(s, from, pixel, tap_at(s, k + at)) : C{0};
    }
    k += kK;
  }
  __device__ __forceinline__ void stash(C* to, const C (&v)[kCount]) const { share.stash(to, v); }
};

/** Rows are channels of `to`, k counts its pixels: the gradient of the output, for that of the weight. */
template <class C, bool plain, int kWide, int kK, int kThreads>
struct PixelSource {
  using E = Elements<C, plain>;
  using Shares = Share<kWide, kK, kThreads>;
  static constexpr int kCount = Shares::kCount;
  const ConvShape& s;
  const std::byte* at;  // of this thread's first channel
  Shares share;
  int rows;
  uint32_t k;

  __device__ __forceinline__ PixelSource(const ConvShape& s, const std::byte* to, int64_t row0, int64_t rows_left,
                                         int64_t first)
      : s(s),
        share(true, false),
        rows(static_cast<int>(min(rows_left, static_cast<int64_t>(kWide))) - share.row),
        k(static_cast<uint32_t>(first)) {
    at = to + (row0 + share.row) * s.to.channel * E::size(s.dtype);
  }
  __device__ __forceinline__ void fetch(int left, C (&out)[kCount]) {
    const int64_t item = E::size(s.dtype);
    const bool there = share.k < left;
    const int64_t place = there ? pixel_at(s, k + share.k).to : 0;
#pragma unroll
    for (int i = 0; i < kCount; i++)
      out[i] =
          there && i * share.rows < rows ? E::load(at + (place + i * share.rows * s.to.channel) * item, s.dtype) : C{0};
    k += kK;
  }
  __device__ __forceinline__ void stash(C* to, const C (&v)[kCount]) const { share.stash(to, v); }
};

/** Columns are channels and taps, k counts pixels: the patches, for the gradient of the weight. */
template <class C, bool plain, int kWide, int kK, int kThreads>
struct TapSource {
  using Shares = Share<kWide, kK, kThreads>;
  static constexpr int kCount = Shares::kCount;
  const ConvShape& s;
  const std::byte* from;
  Shares share;
  Tap tap[kCount];
  int cols;
  uint32_t k;

  __device__ __forceinline__ TapSource(const ConvShape& s, const std::byte* from, int64_t col0, int64_t cols_left,
                                       int64_t first)
      : s(s),
        from(from),
        share(true, false),
        cols(static_cast<int>(min(cols_left, static_cast<int64_t>(kWide))) - share.row),
        k(static_cast<uint32_t>(first)) {
#pragma unroll
    for (int i = 0; i < kCount; i++)
      tap[i] = tap_at(s, i * share.rows < cols ? static_cast<uint32_t>(col0 + share.row + i * share.rows) : 0);
  }
  __device__ __forceinline__ void fetch(int left, C (&out)[kCount]) {
    const bool there = share.k < left;
    const Pixel p = pixel_at(s, there ? k + share.k : 0);
#pragma unroll
    for (int i = 0; i < kCount; i++)
      out[i] = there && i * share.rows < cols ? gather<C, plain>(s, from, p, tap[i]) : C{0};
    k += kK;
  }
  __device__ __forceinline__ void stash(C* to, const C (&v)[kCount]) const { share.stash(to, v); }
};

// ---- conv_direct.cu: a thread for each result, for groups of few channels

/** to = Σ of `from` through w [channels of a group of `from`…], as patches; see conv_direct.cu for w's layout. */
void convolve_direct(const ConvShape& s, const std::byte* w);
/** The gradient of the weight [groups · to_channels, from_channels · taps], dense, for few results of many pixels. */
void weight_direct(const ConvShape& s, std::byte* gw);
/** Sums of a picture's channels. */
void sum_channels(const ConvShape& s, std::byte* sums, int64_t step);

}  // namespace flambeau::cuda
