// Max pooling over one to three spatial dims, also adaptive: a thread for each result. Backward adds gradients where
// the maxima were, in a fixed order. Called by dispatch for nn.functional's maxPool1d … adaptiveMaxPool3d.

#include "faults.h"
#include "kernels.h"
#include "pool.cuh"

namespace flambeau::cuda {
namespace {

struct Window {
  int kernel = 1, stride = 1, padding = 0, dilation = 1, in = 1, out = 1;
};
struct Maxima {
  Planes out, index, in;
  Window window[3];
  DType dtype;
  bool adaptive;
};

template <class C>
__global__ void maxima_kernel(const __grid_constant__ Maxima m, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(m.dtype), numel = m.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3], begin[3], end[3], step[3];
    m.out.place(static_cast<uint32_t>(i - plane * numel), at);
#pragma unroll
    for (int d = 0; d < 3; d++) {
      const Window& w = m.window[d];
      if (m.adaptive) {
        begin[d] = static_cast<int>(static_cast<int64_t>(at[d]) * w.in / w.out);
        end[d] = static_cast<int>((static_cast<int64_t>(at[d] + 1) * w.in + w.out - 1) / w.out);
        step[d] = 1;
        continue;
      }
      const int64_t start = static_cast<int64_t>(at[d]) * w.stride - w.padding;
      const int64_t last = start + static_cast<int64_t>(w.kernel - 1) * w.dilation + 1;
      const int64_t first = start >= 0 ? start : start + (-start + w.dilation - 1) / w.dilation * w.dilation;
      begin[d] = static_cast<int>(min(first, static_cast<int64_t>(w.in)));
      end[d] = static_cast<int>(min(last, static_cast<int64_t>(w.in)));
      step[d] = w.dilation;
    }
    const std::byte* const from = m.in.at + m.in.plane(plane) * item;
    C best = -INFINITY;
    const bool rows = begin[0] < end[0] && begin[1] < end[1];
    const int height = m.window[1].in, width = m.window[2].in;
    int where = (rows ? (begin[0] * height + begin[1]) * width : 0) + (begin[2] < width ? begin[2] : 0);
    for (int z = begin[0]; z < end[0]; z += step[0]) {
      for (int y = begin[1]; y < end[1]; y += step[1]) {
        for (int x = begin[2]; x < end[2]; x += step[2]) {
          const C v = E::load(from + (z * m.in.step[0] + y * m.in.step[1] + x * m.in.step[2]) * item, m.dtype);
          if (v > best || v != v) {  // a NaN gives way to a later NaN only
            best = v;
            where = (z * height + y) * width + x;
          }
        }
      }
    }
    store<C>(m.out.at + (m.out.plane(plane) + m.out.offset(at)) * item, 0, m.dtype, best);
    reinterpret_cast<int64_t*>(m.index.at)[m.index.plane(plane) + m.index.offset(at)] = where;
  }
}

Maxima read(const Plan& plan) {
  const Operand &out = plan.operand[0], &indices = plan.operand[1], &in = plan.operand[2];
  expect_pool(out, in);
  expect_indices(indices, out);
  Maxima m{};
  m.out = Planes(out);
  m.index = Planes(indices);
  m.in = Planes(in);
  m.dtype = in.dtype;
  for (int d = 0; d < 3; d++) {
    m.window[d].in = static_cast<int>(m.in.size[d].divisor);
    m.window[d].out = static_cast<int>(m.out.size[d].divisor);
  }
  for (int d = 2; d < in.ndim; d++) Plan::require(in.sizes[d] > 0, "pool: a size is out of range");
  return m;
}
void run(const Maxima& m, int64_t total) {
  const unsigned threads = threads_for(total, 128);
  visit_floats(m.dtype, [&]<class C>(C) { launch(maxima_kernel<C>, grid_of(total, threads), {threads}, 0, m, total); });
}

/**
 * maxPool (structured): out values [N, C, *os], out indices int64 [N, C, *os] (flat within the input plane), in
 * [N, C, *is]; params kernel[s], stride[s], padding[s], dilation[s] for s = 1 to 3 spatial dims. Any strides. Windows
 * may hang over the end (ceil mode is a larger output).
 */
void max_pool(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[2];
  Plan::require(plan.operands == 3 && in && in.ndim >= 3 && plan.params == 4 * (in.ndim - 2), "pool: wrong plan");
  if (out && out.numel() == 0) return;
  Maxima m = read(plan);
  const int spatial = in.ndim - 2;
  const auto extent = [&](int i, int64_t least) {
    const int64_t v = plan.integer(i);
    Plan::require(v >= least && v < int64_t{1} << 31, "pool: a size is out of range");
    return static_cast<int>(v);
  };
  for (int i = 0; i < spatial; i++) {
    Window& w = m.window[3 - spatial + i];
    w.kernel = extent(i, 1);
    w.stride = extent(spatial + i, 1);
    w.padding = extent(2 * spatial + i, 0);
    w.dilation = extent(3 * spatial + i, 1);
    Plan::require(w.padding <= (static_cast<int64_t>(w.kernel - 1) * w.dilation + 1) / 2,
                  "pool: padding exceeds half of the window");
    Plan::require(static_cast<int64_t>(w.out - 1) * w.stride - w.padding < w.in,
                  "pool: the output is too large for the input");
    Plan::require(w.in + static_cast<int64_t>(w.dilation) < int64_t{1} << 31, "pool: a size is out of range");
  }
  run(m, out.numel());
}
/**
 * adaptiveMaxPool (structured): out values [N, C, *os], out indices int64 [N, C, *os], in [N, C, *is]; no params. Its
 * backward is maxPoolBackward.
 */
void adaptive_max_pool(const Plan& plan) {
  plan.expect(3, 0);
  if (plan.operand[0] && plan.operand[0].numel() == 0) return;
  Maxima m = read(plan);
  m.adaptive = true;
  run(m, plan.operand[0].numel());
}

// ---- backward

struct Scatter {
  Planes g, index;
  DType dtype;
  int64_t planes, numel;  // of a plane of sums
  int bands;
};
/** A warp for each band of a plane; sums are dense planes of the computing type. */
template <class C>
__global__ void scatter_kernel(const __grid_constant__ Scatter s, C* sums, FaultFlag wrong) {
  using E = Elements<C, false>;
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (warp >= s.planes * s.bands) return;
  const uint32_t plane = static_cast<uint32_t>(warp / s.bands);
  const int64_t band = warp - static_cast<int64_t>(plane) * s.bands;
  const int64_t low = s.numel * band / s.bands, high = s.numel * (band + 1) / s.bands, item = E::size(s.dtype);
  const std::byte* const from = s.g.at + s.g.plane(plane) * item;
  const int64_t* const index = reinterpret_cast<const int64_t*>(s.index.at) + s.index.plane(plane);
  const uint32_t outputs = static_cast<uint32_t>(s.g.numel());
  for (uint32_t first = 0; first < outputs; first += kWarp) {
    const uint32_t i = first + static_cast<uint32_t>(lane);
    bool hit = false;
    int where = 0;
    C v = 0;
    if (i < outputs) {
      int at[3];
      s.g.place(i, at);
      const int64_t k = index[s.index.offset(at)];
      if (k < 0 || k >= s.numel) wrong.tell(k, s.numel);
      hit = k >= low && k < high;
      where = static_cast<int>(k - low);
      if (hit) v = E::load(from + s.g.offset(at) * item, s.dtype);
    }
    if (__any_sync(0xffffffffu, hit)) add_in_order(sums + plane * s.numel + low, where, v, hit);
  }
}
template <class C>
__global__ void deliver_kernel(const __grid_constant__ Planes out, const C* sums, DType dtype, int64_t total) {
  const int64_t item = Elements<C, false>::size(dtype), numel = out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3];
    out.place(static_cast<uint32_t>(i - plane * numel), at);
    store<C>(out.at + (out.plane(plane) + out.offset(at)) * item, 0, dtype, sums[i]);
  }
}

/** maxPoolBackward (structured): out gradInput [N, C, *is], in gradOut [N, C, *os], indices; no params. */
void max_pool_backward(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &indices = plan.operand[2];
  expect_pool(out, g);
  expect_indices(indices, g);
  const int64_t total = out.numel();
  if (total == 0) return;
  const int64_t planes = out.sizes[0] * out.sizes[1], numel = total / planes;
  const bool half = out.dtype == DType::f16 || out.dtype == DType::bf16, direct = out.contiguous() && !half;
  const size_t bytes = static_cast<size_t>(total) * sum_size(out.dtype);
  const Temporary memory(direct ? 1 : bytes);
  std::byte* const sums = direct ? device_data<std::byte>(out) : memory.as<>();
  check(cudaMemsetAsync(sums, 0, bytes, current().stream), "maxPoolBackward");
  const unsigned threads = threads_for(total, 128);
  visit_floats(out.dtype, [&]<class C>(C) {
    if (g.numel() > 0) {
      const Scatter s{Planes(g), Planes(indices), g.dtype, planes, numel, bands_for(planes, numel)};
      launch(scatter_kernel<C>, {static_cast<unsigned>(ceil_div<int64_t>(planes * s.bands, 4))}, {4 * kWarp}, 0, s,
             reinterpret_cast<C*>(sums), fault_flag(Wrong::plane));
    }
    if (!direct)
      launch(deliver_kernel<C>, grid_of(total, threads), {threads}, 0, Planes(out), reinterpret_cast<const C*>(sums),
             out.dtype, total);
  });
}

}  // namespace

void register_max_pool(KernelTable& table) {
  table.add("maxPool", max_pool);
  table.add("adaptiveMaxPool", adaptive_max_pool);
  table.add("maxPoolBackward", max_pool_backward);
}

}  // namespace flambeau::cuda
