// Convolution and its two gradients over plans: products by tiles whose patches are gathered on the way (conv.cuh), or
// a direct kernel for groups of few channels, or a plain product for a kernel of 1; by cuDNN where it is found
// (cudnn.h). Registered by backend.cc.
#include "conv.cuh"

#include <algorithm>
#include <memory>

#include "cudnn.h"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

/** The results of a tile are channels × pixels, or channels × (channels and taps) of a weight's gradient. */
template <class C>
struct ConvCall {
  ConvShape s;
  const std::byte* w;  // [groups, to_channels, k], dense; for the gradient of the weight not used
  int64_t rows, cols, k, part;
  int splits;
  C* partials;  // [splits, groups, rows, cols]
};

template <class C>
__device__ __forceinline__ void put(const ConvShape& s, C sum, int64_t channel, const Pixel& p) {
  const int64_t item = Elements<C, false>::size(s.dtype);
  if (s.bias) sum += Memory<C>::load(s.bias + channel * s.bias_step * item, 0, s.dtype);
  store<C>(s.to.at + (p.to + channel * s.to.channel) * item, 0, s.dtype, sum);
}

template <class C, bool plain, bool weight, class T>
__global__ void __launch_bounds__(T::kThreads, 512 / T::kThreads) conv_kernel(const __grid_constant__ ConvCall<C> g) {
  __shared__ typename T::Shared shared;
  const ConvShape& s = g.s;
  const int64_t item = Elements<C, plain>::size(s.dtype);
  const int64_t down = ceil_div<int64_t>(g.rows, T::kM), across = ceil_div<int64_t>(g.cols, T::kN);
  const int64_t work = blockIdx.x, layer = work / (down * across), split = layer / s.groups;
  const int64_t group = layer - split * s.groups, tile = work - layer * down * across;
  const int64_t row0 = tile % down * T::kM, col0 = tile / down * T::kN;
  const int64_t first = split * g.part, count = min(g.k - first, g.part);
  const std::byte* const from = s.from.at + group * s.from_channels * s.from.channel * item;
  C sum[T::kSide][T::kSide] = {};
  if constexpr (weight) {
    const std::byte* const to = s.to.at + group * s.to_channels * s.to.channel * item;
    PixelSource<C, plain, T::kM, T::kK, T::kThreads> a(s, to, row0, g.rows - row0, first);
    TapSource<C, plain, T::kN, T::kK, T::kThreads> b(s, from, col0, g.cols - col0, first);
    T::run(shared, a, b, count, sum);
  } else {
    const int64_t line = g.k * item;
    const std::byte* const w = g.w + (group * g.rows + row0) * line + first * item;
    const bool quads = g.k % 4 == 0 && reinterpret_cast<uintptr_t>(g.w) % (4 * item) == 0;
    StridedSource<C, plain, T::kM, T::kK, T::kThreads> a(true, quads, w, line, item, g.rows - row0, s.dtype);
    PatchSource<C, plain, T::kN, T::kK, T::kThreads> b(s, from, col0, g.cols, first);
    T::run(shared, a, b, count, sum);
  }
#pragma unroll
  for (int j = 0; j < T::kSide; j++) {
    const int64_t col = col0 + T::col(j);
    if (col >= g.cols) continue;
    Pixel p;
    if (!weight && !g.partials) p = pixel_at(s, static_cast<uint32_t>(col));
#pragma unroll
    for (int i = 0; i < T::kSide; i++) {
      const int64_t row = row0 + T::row(i);
      if (row >= g.rows) continue;
      if (weight || g.partials)
        g.partials[(layer * g.rows + row) * g.cols + col] = sum[i][j];
      else
        put<C>(s, sum[i][j], group * g.rows + row, p);
    }
  }
}

/** Sums the parts of k in order and writes the picture. */
template <class C>
__global__ void conv_finish(const __grid_constant__ ConvCall<C> g, int64_t total) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    C sum = 0;
    for (int part = 0; part < g.splits; part++) sum += g.partials[part * total + i];
    const int64_t channel = i / g.cols;
    put<C>(g.s, sum, channel, pixel_at(g.s, static_cast<uint32_t>(i - channel * g.cols)));
  }
}

template <class C, bool plain, bool weight, class T>
void go(const ConvShape& s, const std::byte* w, const Product* gradient) {
  ConvCall<C> g{};
  g.s = s;
  g.w = w;
  const int64_t patch = s.from_channels * s.taps(), pixels = s.images * s.pixels();
  g.rows = s.to_channels;
  g.cols = weight ? patch : pixels;
  g.k = weight ? pixels : patch;
  const int64_t blocks = ceil_div<int64_t>(g.rows, T::kM) * ceil_div<int64_t>(g.cols, T::kN) * s.groups;
  g.splits = splits_for(blocks, g.k, 256, s.groups * g.rows * g.cols);
  g.part = ceil_div<int64_t>(ceil_div<int64_t>(g.k, g.splits), T::kK) * T::kK;
  g.splits = static_cast<int>(ceil_div<int64_t>(g.k, g.part));
  Plan::require(blocks * g.splits < int64_t{1} << 31, "convolution: too large for a GPU");
  const Grid grid{static_cast<unsigned>(blocks * g.splits)};
  if (!weight && g.splits == 1) return launch(conv_kernel<C, plain, weight, T>, grid, {T::kThreads}, 0, g);
  const int64_t total = s.groups * g.rows * g.cols;
  const Temporary partials(static_cast<size_t>(g.splits * total) * sizeof(C));
  g.partials = partials.as<C>();
  launch(conv_kernel<C, plain, weight, T>, grid, {T::kThreads}, 0, g);
  if (weight) return add_partials(*gradient, g.partials, g.splits);
  const unsigned threads = threads_for(total, 128);
  launch(conv_finish<C>, {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 20))},
         {threads}, 0, g, total);
}

template <bool weight>
void by_tiles(const ConvShape& s, const std::byte* w, const Product* gradient) {
  const int64_t cols = weight ? s.from_channels * s.taps() : s.images * s.pixels();
  switch (s.dtype) {
    case DType::f32:
      if (s.to_channels > 32 && cols >= 64 * 32)
        return go<float, true, weight, Tile<float, 64, 64, 16, 4>>(s, w, gradient);
      return go<float, true, weight, Tile<float, 32, 32, 16, 4>>(s, w, gradient);
    case DType::f64: return go<double, true, weight, Tile<double, 32, 32, 16, 4>>(s, w, gradient);
    default: return go<float, false, weight, Tile<float, 32, 32, 16, 4>>(s, w, gradient);
  }
}

// ---- plans

constexpr int64_t kLimit = int64_t{1} << 31;

Picture picture(const Operand& x) {
  Picture p;
  p.at = device_data<std::byte>(x);
  p.image = x.strides[0];
  p.channel = x.strides[1];
  for (int d = 2; d < x.ndim; d++) p.step[d + 3 - x.ndim] = x.strides[d];
  return p;
}

/** Groups, stride, padding and dilation, checked against the operands; x is the input, y the output. */
ConvShape read_shape(const Plan& plan, const Operand& x, const Operand& w, const Operand& y, bool transposed) {
  Plan::require(plan.structured && plan.operands == 4, "convolution: expected 4 operands");
  Plan::require(x && w && y && x.ndim >= 3 && x.ndim <= 5 && w.ndim == x.ndim && y.ndim == x.ndim,
                "convolution: wrong number of dims");
  Plan::require(x.dtype == w.dtype && x.dtype == y.dtype, "convolution: dtypes differ");
  Plan::require(x.dtype == DType::f32 || x.dtype == DType::f64 || x.dtype == DType::f16 || x.dtype == DType::bf16,
                "convolution: expected a floating dtype");
  const int dims = x.ndim - 2;
  Plan::require(plan.params == 1 + 3 * dims, "convolution: wrong number of parameters");
  const auto parameter = [&](int i, int64_t least) {
    Plan::require(plan.param[i] >= static_cast<double>(least) && plan.param[i] < static_cast<double>(kLimit),
                  "convolution: parameter out of range");
    return plan.integer(i);
  };
  ConvShape s{};
  s.dtype = x.dtype;
  s.transposed = transposed;
  s.groups = static_cast<int>(parameter(0, 1));
  s.images = x.sizes[0];
  Plan::require(x.sizes[1] % s.groups == 0 && w.sizes[0] % s.groups == 0, "convolution: groups do not divide channels");
  Plan::require(w.sizes[1] == x.sizes[1] / s.groups && y.sizes[0] == s.images && y.sizes[1] == w.sizes[0],
                "convolution: channels do not match");
  const Operand &from = transposed ? y : x, &to = transposed ? x : y;
  s.from = picture(from);
  s.to = picture(to);
  s.from_channels = from.sizes[1] / s.groups;
  s.to_channels = to.sizes[1] / s.groups;
  int64_t taps = 1, pixels = s.images;
  for (int d = 0; d < 3; d++) {
    const int at = d - 3 + x.ndim, i = d - 3 + dims;
    const int64_t stride = i < 0 ? 1 : parameter(1 + i, 1), pad = i < 0 ? 0 : parameter(1 + dims + i, 0);
    const int64_t dilation = i < 0 ? 1 : parameter(1 + 2 * dims + i, 1);
    const int64_t in = i < 0 ? 1 : x.sizes[at], out = i < 0 ? 1 : y.sizes[at], kernel = i < 0 ? 1 : w.sizes[at];
    Plan::require(in + 2 * pad < kLimit && out * stride < kLimit && kernel * dilation < kLimit,
                  "convolution: too large for a GPU");
    s.from_size[d] = static_cast<int>(transposed ? out : in);
    s.to_size[d] = Divider(static_cast<uint32_t>(std::max<int64_t>(1, transposed ? in : out)));
    s.kernel[d] = Divider(static_cast<uint32_t>(std::max<int64_t>(1, kernel)));
    s.stride[d] = Divider(static_cast<uint32_t>(stride));
    s.pad[d] = static_cast<int>(pad);
    s.dilation[d] = static_cast<int>(dilation);
    taps *= kernel;
    pixels *= transposed ? in : out;
    Plan::require(taps * s.from_channels < kLimit && pixels < kLimit, "convolution: too large for a GPU");
  }
  return s;
}

/** By cuDNN, if it takes it. */
bool by_cudnn(const Plan& plan, const ConvShape& s, ConvResult result, const Operand& x, const Operand& w,
              const Operand& y, const Operand& bias) {
  Convolution c{result, x, w, y, bias, s.groups, {}, {}, {}};
  const int dims = x.ndim - 2;
  for (int i = 0; i < dims; i++) {
    c.stride[i] = static_cast<int>(plan.integer(1 + i));
    c.pad[i] = static_cast<int>(plan.integer(1 + dims + i));
    c.dilation[i] = static_cast<int>(plan.integer(1 + 2 * dims + i));
  }
  return convolve_by_cudnn(c);
}

void read_bias(ConvShape& s, const Operand& bias) {
  if (!bias) return;
  Plan::require(bias.ndim == 1 && bias.sizes[0] == s.groups * s.to_channels && bias.dtype == s.dtype,
                "convolution: bad bias");
  s.bias = device_data<std::byte>(bias);
  s.bias_step = bias.strides[0];
}

/** Whether the pixels of a picture are one run of elements side by side. */
bool dense_pixels(const Picture& p, const int64_t (&sizes)[3]) {
  int64_t expected = 1;
  for (int d = 2; d >= 0; d--) {
    if (sizes[d] != 1 && p.step[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

/** A kernel of 1 that looks at every pixel: a product for each image. */
bool pointwise(const ConvShape& s, const std::byte* w) {
  int64_t sizes[3];
  for (int d = 0; d < 3; d++) {
    sizes[d] = s.to_size[d].divisor;
    if (s.kernel[d].divisor != 1 || s.stride[d].divisor != 1 || s.pad[d] != 0 || s.from_size[d] != sizes[d])
      return false;
  }
  if (s.groups != 1 || !dense_pixels(s.from, sizes) || !dense_pixels(s.to, sizes)) return false;
  Product p;
  p.dtype = s.dtype;
  p.batch = s.images;
  p.m = s.to_channels;
  p.n = s.pixels();
  p.k = s.from_channels;
  p.a = {w, 0, p.k, 1};
  p.b = {s.from.at, s.from.image, s.from.channel, 1};
  p.c = {s.to.at, s.to.image, s.to.channel, 1};
  p.bias = s.bias;
  p.bias_row = s.bias_step;
  multiply(p);
  return true;
}

void convolve(const ConvShape& s, const Operand& weight) {
  if (s.images * s.pixels() * s.to_channels == 0) return;
  // the weight as [groups, channels of `to`, channels of `from`, taps]
  const std::byte* w = device_data<std::byte>(weight);
  std::unique_ptr<Temporary> copy;
  if (s.transposed || !weight.contiguous()) {
    copy = std::make_unique<Temporary>(static_cast<size_t>(weight.numel()) * item_size(s.dtype));
    int64_t sizes[6], strides[6], dense[6];
    const int dims = weight.ndim + 1;
    const int64_t rows = weight.sizes[0] / s.groups;
    sizes[0] = s.groups;
    strides[0] = rows * weight.strides[0];
    sizes[1] = s.transposed ? weight.sizes[1] : rows;
    strides[1] = s.transposed ? weight.strides[1] : weight.strides[0];
    sizes[2] = s.transposed ? rows : weight.sizes[1];
    strides[2] = s.transposed ? weight.strides[0] : weight.strides[1];
    for (int d = 3; d < dims; d++) {
      sizes[d] = weight.sizes[d - 1];
      strides[d] = weight.strides[d - 1];
    }
    int64_t step = 1;
    for (int d = dims - 1; d >= 0; d--) {
      dense[d] = step;
      step *= sizes[d];
    }
    move_elements(s.dtype, dims, sizes, copy->as<>(), dense, w, strides);
    w = copy->as<>();
  }
  if (pointwise(s, w)) return;
  if (s.to_channels <= 4 || s.from_channels * s.taps() <= 4)
    convolve_direct(s, w);
  else
    by_tiles<false>(s, w, nullptr);
}

/**
 * "conv": out [N,O,*os], input [N,C,*is], weight [O,C/groups,*ks], bias [O] or absent (no data).
 * Params (here and below): groups, stride × s, padding × s, dilation × s for the s = 1 to 3 spatial dims.
 */
void conv(const Plan& plan) {
  const Operand &y = plan.operand[0], &x = plan.operand[1], &w = plan.operand[2];
  ConvShape s = read_shape(plan, x, w, y, false);
  read_bias(s, plan.operand[3]);
  for (int d = 0; d < 3; d++) {
    const int64_t room =
        s.from_size[d] + int64_t{2} * s.pad[d] - int64_t{s.dilation[d]} * (s.kernel[d].divisor - 1) - 1;
    const int64_t out = d - 3 + y.ndim < 2 ? 1 : y.sizes[d - 3 + y.ndim];
    Plan::require(room >= 0 && out == room / s.stride[d].divisor + 1, "conv: wrong output size");
  }
  if (!by_cudnn(plan, s, ConvResult::Output, x, w, y, plan.operand[3])) convolve(s, w);
}

/**
 * "convBackwardInput": gradInput [N,C,*is], gradOut [N,O,*os], weight [O,C/groups,*ks], bias [C] or absent. Also the
 * transposed convolution of gradOut. `is` may be any size: what no output reaches is 0 (or the bias).
 */
void conv_backward_input(const Plan& plan) {
  ConvShape s = read_shape(plan, plan.operand[0], plan.operand[2], plan.operand[1], true);
  read_bias(s, plan.operand[3]);
  const Operand &x = plan.operand[0], &y = plan.operand[1], &w = plan.operand[2];
  if (!by_cudnn(plan, s, ConvResult::Input, x, w, y, plan.operand[3])) convolve(s, w);
}

/** "convBackwardWeight": gradWeight [O,C/groups,*ks], gradBias [O] or absent, input [N,C,*is], gradOut [N,O,*os]. */
void conv_backward_weight(const Plan& plan) {
  const Operand &gw = plan.operand[0], &gb = plan.operand[1], &x = plan.operand[2], &gy = plan.operand[3];
  const ConvShape s = read_shape(plan, x, gw, gy, false);
  if (gb) {
    Plan::require(gb.ndim == 1 && gb.sizes[0] == s.groups * s.to_channels && gb.dtype == s.dtype,
                  "convolution: bad bias");
    sum_channels(s, device_data<std::byte>(gb), gb.strides[0]);
  }
  const int64_t patch = s.from_channels * s.taps();
  if (patch * s.to_channels == 0 || by_cudnn(plan, s, ConvResult::Weight, x, gw, gy, Operand{})) return;
  std::byte* out = device_data<std::byte>(gw);
  std::unique_ptr<Temporary> copy;
  if (!gw.contiguous()) {
    copy = std::make_unique<Temporary>(static_cast<size_t>(gw.numel()) * item_size(s.dtype));
    out = copy->as<>();
  }
  if (s.from_channels == 1 && s.to_channels <= 4 && s.groups * s.to_channels * patch < kLimit) {
    weight_direct(s, out);
  } else {
    Product p;
    p.dtype = s.dtype;
    p.batch = s.groups;
    p.m = s.to_channels;
    p.n = patch;
    p.c = {out, p.m * p.n, p.n, 1};
    by_tiles<true>(s, nullptr, &p);
  }
  if (!copy) return;
  int64_t dense[5], step = 1;
  for (int d = gw.ndim - 1; d >= 0; d--) {
    dense[d] = step;
    step *= gw.sizes[d];
  }
  move_elements(s.dtype, gw.ndim, gw.sizes, device_data<std::byte>(gw), gw.strides, out, dense);
}

/** "convWinograd": a switch of the CPU's; every convolution here is the exact one. */
void conv_winograd(const Plan& plan) { plan.expect(0, 1); }

}  // namespace

void register_conv(KernelTable& table) {
  table.add("conv", conv);
  table.add("convBackwardInput", conv_backward_input);
  table.add("convBackwardWeight", conv_backward_weight);
  table.add("convWinograd", conv_winograd);
}

}  // namespace flambeau::cuda
