// Average and adaptive pooling over one to three spatial dims, forward and backward: a thread for each result. Backward
// gathers: an input adds up the windows that hold it. Called by dispatch for nn.functional's avgPool1d …
// adaptiveMaxPool3d.
#include "pool.cuh"

#include "kernels.h"

namespace flambeau::cuda {
namespace {

/** The windows of one dim; adaptive ones cut the input into `out` spans. */
struct Window {
  int kernel = 1, stride = 1, padding = 0, in = 1, out = 1;
};
struct Means {
  Planes out, in;  // forward's output and input, or its gradients
  Window window[3];
  DType dtype;
  bool adaptive, include_padding;
  double fixed;  // divisor, or 0
  int64_t planes;
};

/** Where output `o` looks, [begin, end), and how many positions its divisor counts. */
__device__ __forceinline__ void span_of(const Means& m, const Window& w, int o, int& begin, int& end, int& count) {
  if (m.adaptive) {
    begin = static_cast<int>(static_cast<int64_t>(o) * w.in / w.out);
    end = static_cast<int>((static_cast<int64_t>(o + 1) * w.in + w.out - 1) / w.out);
    count = end - begin;
    return;
  }
  const int64_t start = static_cast<int64_t>(o) * w.stride - w.padding;
  const int64_t last = min(start + w.kernel, static_cast<int64_t>(w.in) + w.padding);
  begin = static_cast<int>(max(start, int64_t{0}));
  end = static_cast<int>(max(min(last, static_cast<int64_t>(w.in)), static_cast<int64_t>(begin)));
  count = m.include_padding ? static_cast<int>(last - start) : end - begin;
}
/** The outputs [first, last) whose windows hold input `i`. */
__device__ __forceinline__ void outputs_of(const Means& m, const Window& w, int i, int& first, int& last) {
  if (m.adaptive) {
    first = static_cast<int>(static_cast<int64_t>(i) * w.out / w.in);
    last = static_cast<int>((static_cast<int64_t>(i + 1) * w.out - 1) / w.in) + 1;
    return;
  }
  const int64_t reach = static_cast<int64_t>(i) + w.padding;
  first = reach < w.kernel ? 0 : static_cast<int>((reach - w.kernel) / w.stride + 1);
  last = static_cast<int>(min(static_cast<int64_t>(w.out), reach / w.stride + 1));
}
template <class C>
__device__ __forceinline__ C shared(const Means& m, C sum, int64_t count) {
  if (m.adaptive) return sum / static_cast<C>(count);
  const double by = m.fixed != 0 ? m.fixed : static_cast<double>(count > 1 ? count : 1);
  return sum * static_cast<C>(1.0 / by);
}

template <class C>
__global__ void means_kernel(const __grid_constant__ Means m, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(m.dtype), numel = m.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3], begin[3], end[3], count[3];
    m.out.place(static_cast<uint32_t>(i - plane * numel), at);
#pragma unroll
    for (int d = 0; d < 3; d++) span_of(m, m.window[d], at[d], begin[d], end[d], count[d]);
    const std::byte* const from = m.in.at + m.in.plane(plane) * item;
    C sum = 0;
    for (int z = begin[0]; z < end[0]; z++)
      for (int y = begin[1]; y < end[1]; y++)
        for (int x = begin[2]; x < end[2]; x++)
          sum += E::load(from + (z * m.in.step[0] + y * m.in.step[1] + x * m.in.step[2]) * item, m.dtype);
    sum = shared(m, sum, static_cast<int64_t>(count[0]) * count[1] * count[2]);
    store<C>(m.out.at + (m.out.plane(plane) + m.out.offset(at)) * item, 0, m.dtype, sum);
  }
}

/** `out` is the gradient of forward's output here, `in` the one that is made. */
template <class C>
__global__ void means_back_kernel(const __grid_constant__ Means m, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(m.dtype), numel = m.in.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3], first[3], last[3];
    m.in.place(static_cast<uint32_t>(i - plane * numel), at);
#pragma unroll
    for (int d = 0; d < 3; d++) outputs_of(m, m.window[d], at[d], first[d], last[d]);
    const std::byte* const from = m.out.at + m.out.plane(plane) * item;
    C sum = 0;
    for (int z = first[0]; z < last[0]; z++) {
      for (int y = first[1]; y < last[1]; y++) {
        for (int x = first[2]; x < last[2]; x++) {
          const int o[3] = {z, y, x};
          int64_t all = 1;
#pragma unroll
          for (int d = 0; d < 3; d++) {
            int begin, end, count;
            span_of(m, m.window[d], o[d], begin, end, count);
            all *= count;
          }
          sum += shared(m, E::load(from + m.out.offset(o) * item, m.dtype), all);
        }
      }
    }
    store<C>(m.in.at + (m.in.plane(plane) + m.in.offset(at)) * item, 0, m.dtype, sum);
  }
}

Means read(const Operand& out, const Operand& in) {
  expect_pool(out, in);
  Means m{};
  m.out = Planes(out);
  m.in = Planes(in);
  m.dtype = in.dtype;
  m.planes = in.sizes[0] * in.sizes[1];
  for (int d = 0; d < 3; d++) {
    m.window[d].in = static_cast<int>(m.in.size[d].divisor);
    m.window[d].out = static_cast<int>(m.out.size[d].divisor);
  }
  return m;
}
Means read_windows(const Plan& plan, const Operand& out, const Operand& in) {
  Plan::require(plan.operands == 2 && out && in && in.ndim >= 3 && plan.params == 3 * (in.ndim - 2) + 2,
                "pool: wrong plan");
  Means m = read(out, in);
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
    Plan::require(w.padding <= w.kernel / 2, "pool: padding exceeds half of the window");
    Plan::require(in.sizes[2 + i] >= 1, "pool: a size is out of range");
    Plan::require(out.sizes[2 + i] == 0 || static_cast<int64_t>(w.out - 1) * w.stride - w.padding < w.in,
                  "pool: the output is too large for the input");
  }
  m.include_padding = plan.flag(3 * spatial);
  m.fixed = static_cast<double>(plan.integer(3 * spatial + 1));
  return m;
}
Means read_spans(const Plan& plan, const Operand& out, const Operand& in) {
  plan.expect(2, 0);
  Means m = read(out, in);
  m.adaptive = true;
  for (int d = 2; d < in.ndim; d++) Plan::require(in.sizes[d] > 0, "pool: a size is out of range");
  return m;
}
void run_forward(const Means& m, const Operand& out) {
  const int64_t total = out.numel();
  const unsigned threads = threads_for(total, 128);
  visit_floats(m.dtype, [&]<class C>(C) { launch(means_kernel<C>, grid_of(total, threads), {threads}, 0, m, total); });
}
/** Of nothing, no gradient comes. */
void run_backward(const Means& m, const Operand& in, const Operand& g) {
  const int64_t total = in.numel();
  if (g.numel() == 0) {
    Plan::require(in.contiguous(), "pool: the gradient must be contiguous");
    return check(cudaMemsetAsync(in.data, 0, static_cast<size_t>(total) * item_size(in.dtype), current().stream),
                 "pool");
  }
  const unsigned threads = threads_for(total, 128);
  visit_floats(m.dtype,
               [&]<class C>(C) { launch(means_back_kernel<C>, grid_of(total, threads), {threads}, 0, m, total); });
}

/**
 * avgPool (structured): out [N, C, *os], in [N, C, *is]; params kernel[s], stride[s], padding[s], countIncludePad,
 * divisorOverride (0 = none). Any strides.
 */
void avg_pool(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (out && out.numel() == 0) return;
  run_forward(read_windows(plan, out, in), out);
}
/** avgPoolBackward (structured): out gradInput [N, C, *is], in gradOut [N, C, *os]; params as avgPool. */
void avg_pool_backward(const Plan& plan) {
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  if (out && out.numel() == 0) return;
  run_backward(read_windows(plan, g, out), out, g);
}
/** adaptiveAvgPool (structured): out [N, C, *os], in [N, C, *is]; no params. */
void adaptive_avg_pool(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (out && out.numel() == 0) return;
  run_forward(read_spans(plan, out, in), out);
}
/** adaptiveAvgPoolBackward (structured): out gradInput [N, C, *is], in gradOut [N, C, *os]; no params. */
void adaptive_avg_pool_backward(const Plan& plan) {
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  if (out && out.numel() == 0) return;
  run_backward(read_spans(plan, g, out), out, g);
}

}  // namespace

void register_pool(KernelTable& table) {
  table.add("avgPool", avg_pool);
  table.add("avgPoolBackward", avg_pool_backward);
  table.add("adaptiveAvgPool", adaptive_avg_pool);
  table.add("adaptiveAvgPoolBackward", adaptive_avg_pool_backward);
}

}  // namespace flambeau::cuda
