// Sampling of images and volumes at the points of a grid, forward and backward. Called by dispatch for nn.functional's
// gridSample.
//
// Forward and the gradient of the grid have a thread for each point; what a point is made of are at most 16 taps. For
// the gradient of the input the taps of all points are written down once, and warps add them up plane by plane in a
// fixed order.
#include <algorithm>
#include <limits>

#include "kernels.h"
#include "pool.cuh"

namespace flambeau::cuda {
namespace {

enum Mode { kLinear, kNearest, kCubic };
enum Border { kZeros, kEdge, kReflection };

/** The problem: forward's operands, and what reads each dim. */
struct Sampler {
  Planes out, in;
  const std::byte* grid;
  int64_t grid_image, grid_step[3], grid_axis;
  int spatial, mode, border;
  bool align;
  // PyTorch's vector code for images takes NaN for the first pixel, or gives NaN; that for volumes takes the last pixel
  bool vectors, spoils;
  DType dtype;
  int64_t images, channels;
};

/** Up to four taps of one dim, and the derivatives of their weights by the coordinate in the grid. */
template <class C>
struct Taps {
  int count = 1;
  int at[4] = {0, 0, 0, 0};  // -1 outside
  C weight[4] = {1, 0, 0, 0}, slope[4] = {0, 0, 0, 0};
};

/** Brings a position inside, as the border says; multiplies `slope` by the derivative. */
template <class C>
__device__ C inside(C x, const Sampler& s, int size, C& slope) {
  if (s.border == kZeros) return x;
  if (s.border == kReflection) {
    const C low = s.align ? C{0} : C{-0.5}, span = static_cast<C>(s.align ? size - 1 : size);
    if (span == 0) {
      slope = 0;
      return 0;
    }
    x -= low;
    if (x < 0) x = -x, slope = -slope;
    const C extra = fmod(x, span), flips = floor(x / span);
    const bool odd = fmod(flips, C{2}) != 0;
    x = odd ? span - extra + low : extra + low;
    if (odd) slope = -slope;
  }
  const C last = static_cast<C>(size - 1);
  if (isnan(x)) {
    slope = 0;
    return s.vectors ? C{0} : last;
  }
  if (x <= 0) {
    slope = 0;
    return 0;
  }
  if (x >= last) {
    slope = 0;
    return last;
  }
  return x;
}
/** A position as an index, -1 where it is outside; also NaN, infinities and what no index can hold. */
template <class C>
__device__ __forceinline__ int index_of(C x, int size) {
  return x >= 0 && x <= static_cast<C>(size - 1) ? static_cast<int>(x) : -1;
}

template <class C>
__device__ Taps<C> taps_of(C coordinate, const Sampler& s, int size) {
  Taps<C> t;
  const C n = static_cast<C>(size);
  C slope = s.align ? (n - 1) / 2 : n / 2;
  C x = s.align ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (s.spoils && s.border == kZeros && s.mode != kNearest && !isfinite(x)) {
    t.weight[0] = std::numeric_limits<C>::quiet_NaN();
    return t;
  }
  if (s.mode == kCubic) {
    constexpr C A = C{-0.75};
    const auto near = [](C d) { return ((A + 2) * d - (A + 3)) * d * d + 1; };
    const auto far = [](C d) { return ((A * d - 5 * A) * d + 8 * A) * d - 4 * A; };
    const auto near_slope = [](C d) { return (3 * (A + 2) * d - 2 * (A + 3)) * d; };
    const auto far_slope = [](C d) { return (3 * A * d - 10 * A) * d + 8 * A; };
    const C first = floor(x), d = x - first;
    const C w[4] = {far(d + 1), near(d), near(1 - d), far(2 - d)};
    const C by[4] = {far_slope(d + 1), near_slope(d), -near_slope(1 - d), -far_slope(2 - d)};
    t.count = 4;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      C ignored = 1;
      t.at[k] = index_of(inside(first - 1 + static_cast<C>(k), s, size, ignored), size);
      t.weight[k] = w[k];
      t.slope[k] = by[k] * slope;
    }
    return t;
  }
  x = inside(x, s, size, slope);
  if (s.mode == kNearest) {
    t.at[0] = index_of(rint(x), size);
    return t;
  }
  const C first = floor(x);
  t.count = 2;
  t.at[0] = index_of(first, size);
  t.at[1] = index_of(first + 1, size);
  t.weight[0] = first + 1 - x;
  t.weight[1] = x - first;
  t.slope[0] = -slope;
  t.slope[1] = slope;
  return t;
}

/** Calls `f(offset, flat, weight, slopes)` for the taps of point `at` of image n that lie inside. */
template <class C, class F>
__device__ __forceinline__ void over_taps(const Sampler& s, int64_t n, const int (&at)[3], F&& f) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype);
  const std::byte* const grid =
      s.grid + (n * s.grid_image + at[0] * s.grid_step[0] + at[1] * s.grid_step[1] + at[2] * s.grid_step[2]) * item;
  Taps<C> t[3];  // z, y, x; the grid has x first
#pragma unroll
  for (int d = 0; d < 3; d++)
    if (d < s.spatial)
      t[2 - d] =
          taps_of(E::load(grid + d * s.grid_axis * item, s.dtype), s, static_cast<int>(s.in.size[2 - d].divisor));
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (i >= t[0].count) break;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (j >= t[1].count) break;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        if (k >= t[2].count) break;
        const int place[3] = {t[0].at[i], t[1].at[j], t[2].at[k]};
        const bool there = place[0] >= 0 && place[1] >= 0 && place[2] >= 0;
        const int flat =
            (place[0] * static_cast<int>(s.in.size[1].divisor) + place[1]) * static_cast<int>(s.in.size[2].divisor) +
            place[2];
        const C wz = t[0].weight[i], wy = t[1].weight[j], wx = t[2].weight[k];
        const C slopes[3] = {t[0].slope[i] * wy * wx, wz * t[1].slope[j] * wx, wz * wy * t[2].slope[k]};
        f(there, s.in.offset(place), flat, wz * wy * wx, slopes);
      }
    }
  }
}

template <class C>
__global__ void sample_kernel(const __grid_constant__ Sampler s, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype), points = s.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t n = i / points;
    int at[3];
    s.out.place(static_cast<uint32_t>(i - n * points), at);
    int64_t offset[16];
    C weight[16];
    int count = 0;
    over_taps<C>(s, n, at, [&](bool there, int64_t from, int, C w, const C(&)[3]) {
      if (!there) return;
      offset[count] = from;
      weight[count++] = w;
    });
    const std::byte* const from = s.in.at + n * s.in.batch * item;
    std::byte* const to = s.out.at + (n * s.out.batch + s.out.offset(at)) * item;
    for (int64_t c = blockIdx.y; c < s.channels; c += gridDim.y) {
      C sum = 0;
      for (int k = 0; k < count; k++) sum += weight[k] * E::load(from + (c * s.in.channel + offset[k]) * item, s.dtype);
      store<C>(to + c * s.out.channel * item, 0, s.dtype, sum);
    }
  }
}

/** The gradient of the grid, dense; s.out is the gradient of forward's output. */
template <class C>
__global__ void grid_kernel(const __grid_constant__ Sampler s, std::byte* slopes, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype), points = s.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t n = i / points;
    int at[3];
    s.out.place(static_cast<uint32_t>(i - n * points), at);
    const std::byte* const from = s.in.at + n * s.in.batch * item;
    const std::byte* const g = s.out.at + (n * s.out.batch + s.out.offset(at)) * item;
    C sum[3] = {0, 0, 0};
    over_taps<C>(s, n, at, [&](bool there, int64_t offset, int, C, const C(&slope)[3]) {
      if (!there) return;
      C dot = 0;
      for (int64_t c = 0; c < s.channels; c++)
        dot += E::load(g + c * s.out.channel * item, s.dtype) *
               E::load(from + (c * s.in.channel + offset) * item, s.dtype);
#pragma unroll
      for (int d = 0; d < 3; d++) sum[d] += dot * slope[d];
    });
#pragma unroll
    for (int d = 0; d < 3; d++)
      if (d < s.spatial) store<C>(slopes + (i * s.spatial + d) * item, 0, s.dtype, sum[2 - d]);
  }
}

/** The taps of all points: where[tap][point] in a dense plane, -1 outside, and weight[tap][point]. */
template <class C>
__global__ void list_kernel(const __grid_constant__ Sampler s, int* where, C* weight, int64_t total) {
  const int64_t points = s.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t n = i / points;
    int at[3], k = 0;
    s.out.place(static_cast<uint32_t>(i - n * points), at);
    over_taps<C>(s, n, at, [&](bool there, int64_t, int flat, C w, const C(&)[3]) {
      where[k * total + i] = there ? flat : -1;
      weight[k++ * total + i] = w;
    });
  }
}
/** A warp for each band of a plane adds up what falls there, point by point. */
template <class C>
__global__ void gather_kernel(const __grid_constant__ Sampler s, const int* where, const C* weight, int taps, int bands,
                              C* sums, int64_t total) {
  using E = Elements<C, false>;
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (warp >= s.images * s.channels * bands) return;
  const int64_t plane = warp / bands, band = warp - plane * bands, n = plane / s.channels, c = plane - n * s.channels;
  const int64_t numel = s.in.numel(), points = s.out.numel(), item = E::size(s.dtype);
  const int64_t low = numel * band / bands, high = numel * (band + 1) / bands;
  const std::byte* const g = s.out.at + (n * s.out.batch + c * s.out.channel) * item;
  for (int64_t first = 0; first < points; first += kWarp) {
    const int64_t i = first + lane;
    C v = 0;
    if (i < points) {
      int at[3];
      s.out.place(static_cast<uint32_t>(i), at);
      v = E::load(g + s.out.offset(at) * item, s.dtype);
    }
    for (int k = 0; k < taps; k++) {
      const int64_t entry = k * total + n * points + i;
      const int to = i < points ? where[entry] : -1;
      const bool hit = to >= low && to < high;
      if (__any_sync(0xffffffffu, hit))
        add_in_order(sums + plane * numel + low, static_cast<int>(to - low), hit ? v * weight[entry] : C{0}, hit);
    }
  }
}
template <class C>
__global__ void round_kernel(std::byte* to, const C* sums, DType dtype, int64_t total) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x)
    store<C>(to + i * Elements<C, false>::size(dtype), 0, dtype, sums[i]);
}

/** Checks [N, C, *os], [N, C, *is] and the grid [N, *os, dims], and reads mode, border and align. */
Sampler read(const Plan& plan, const Operand& out, const Operand& in, const Operand& grid) {
  expect_pool(out, in);
  Plan::require(in.ndim >= 4 && grid && grid.ndim == in.ndim && grid.dtype == in.dtype && plan.params == 3 &&
                    grid.sizes[0] == in.sizes[0] && grid.sizes[grid.ndim - 1] == in.ndim - 2 &&
                    std::equal(out.sizes + 2, out.sizes + out.ndim, grid.sizes + 1),
                "gridSample: the grid does not fit");
  const int64_t mode = plan.integer(0), border = plan.integer(1);
  Plan::require(mode >= 0 && mode <= 2 && border >= 0 && border <= 2 && (mode != kCubic || in.ndim == 4),
                "gridSample: unknown mode");
  for (int d = 2; d < in.ndim; d++) Plan::require(in.sizes[d] > 0, "gridSample: a size is out of range");
  Sampler s{};
  s.out = Planes(out);
  s.in = Planes(in);
  s.grid = device_data<const std::byte>(grid);
  s.grid_image = grid.strides[0];
  s.spatial = in.ndim - 2;
  for (int d = 0; d < s.spatial; d++) s.grid_step[3 - s.spatial + d] = grid.strides[1 + d];
  s.grid_axis = grid.strides[grid.ndim - 1];
  s.mode = static_cast<int>(mode);
  s.border = static_cast<int>(border);
  s.align = plan.flag(2);
  s.vectors = in.ndim == 4;
  s.spoils = in.ndim == 4 && plan.operands == 3;
  s.dtype = in.dtype;
  s.images = in.sizes[0];
  s.channels = in.sizes[1];
  return s;
}

/**
 * gridSample (structured): out [N, C, *os], in [N, C, *is], grid [N, *os, dims] of coordinates from -1 to 1, x first;
 * params mode (bilinear, nearest, bicubic), padding (zeros, border, reflection), align.
 */
void grid_sample(const Plan& plan) {
  Plan::require(plan.operands == 3, "gridSample: wrong plan");
  const Operand &out = plan.operand[0], &in = plan.operand[1], &grid = plan.operand[2];
  if (out && out.numel() == 0) return;
  const Sampler s = read(plan, out, in, grid);
  const int64_t total = s.images * s.out.numel();
  const unsigned threads = threads_for(total, 128);
  Grid blocks = grid_of(total, threads);
  // few points: threads for parts of the channels, too
  blocks.y = static_cast<unsigned>(
      std::clamp<int64_t>(8 * limits().processors / blocks.x, 1, std::clamp<int64_t>(s.channels / 4, 1, 65535)));
  visit_floats(s.dtype, [&]<class C>(C) { launch(sample_kernel<C>, blocks, {threads}, 0, s, total); });
}

bool same_shape(const Operand& a, const Operand& b) {
  return a.ndim == b.ndim && std::equal(a.sizes, a.sizes + a.ndim, b.sizes);
}

/**
 * gridSampleBackward (structured): out gradInput (dense) and gradGrid (dense), either absent where it is not wanted, in
 * gradOut [N, C, *os], in, grid; params as gridSample.
 */
void grid_sample_backward(const Plan& plan) {
  Plan::require(plan.operands == 5, "gridSample: wrong plan");
  const Operand &gi = plan.operand[0], &gg = plan.operand[1], &g = plan.operand[2], &in = plan.operand[3],
                &grid = plan.operand[4];
  const Sampler s = read(plan, g, in, grid);
  Plan::require(!gi || (same_shape(gi, in) && gi.contiguous() && gi.dtype == in.dtype),
                "gridSample: wrong gradient of the input");
  Plan::require(!gg || (same_shape(gg, grid) && gg.contiguous() && gg.dtype == in.dtype),
                "gridSample: wrong gradient of the grid");
  const int64_t total = g.numel() == 0 && g.sizes[1] > 0 ? 0 : s.images * s.out.numel();
  const unsigned threads = threads_for(total, 128);
  visit_floats(s.dtype, [&]<class C>(C) {
    if (gg && total > 0)
      launch(grid_kernel<C>, grid_of(total, threads), {threads}, 0, s, device_data<std::byte>(gg), total);
    if (!gi || gi.numel() == 0) return;
    const bool half = s.dtype == DType::f16 || s.dtype == DType::bf16;
    const int64_t numel = gi.numel();
    const Temporary memory(half ? static_cast<size_t>(numel) * sizeof(C) : 1);
    C* const sums = half ? memory.as<C>() : device_data<C>(gi);
    check(cudaMemsetAsync(sums, 0, static_cast<size_t>(numel) * sizeof(C), current().stream), "gridSampleBackward");
    if (total > 0) {
      const int taps = s.mode == kNearest ? 1 : s.mode == kCubic ? 16 : s.spatial == 2 ? 4 : 8;
      const Temporary where(static_cast<size_t>(total * taps) * sizeof(int)),
          weight(static_cast<size_t>(total * taps) * sizeof(C));
      launch(list_kernel<C>, grid_of(total, threads), {threads}, 0, s, where.as<int>(), weight.as<C>(), total);
      const int64_t planes = s.images * s.channels;
      const int bands = bands_for(planes, s.in.numel());
      launch(gather_kernel<C>, {static_cast<unsigned>(ceil_div<int64_t>(planes * bands, 4))}, {4 * kWarp}, 0, s,
             where.as<const int>(), weight.as<const C>(), taps, bands, sums, total);
    }
    if (half)
      launch(round_kernel<C>, grid_of(numel, threads_for(numel)), {threads_for(numel)}, 0, device_data<std::byte>(gi),
             static_cast<const C*>(sums), s.dtype, numel);
  });
}

}  // namespace

void register_grid_sample(KernelTable& table) {
  table.add("gridSample", grid_sample);
  table.add("gridSampleBackward", grid_sample_backward);
}

}  // namespace flambeau::cuda
