// The driver of reductions on GPUs: what a thread reads, how the threads of a block and the blocks of a chunked
// reduction put their results together. reduce.cu, reduce_stats.cu and reduce_index.cu bring the arithmetic, the host's
// half is reduce_driver.cu.
//
// A reduction is a struct with the types In (what elements are loaded as: float, double, int64, or uint64 for the
// bits) and Acc, the number kAhead of vectors that a thread reads ahead, and the functions identity(),
// step(acc, x, index), combine(acc, other) and finish(acc, results). A thread steps with growing indices; otherwise its
// results may not depend on the order of combining, beyond rounding, and that order depends on sizes only.
#pragma once
#include "../native/reduced.h"
#include "elements.cuh"

namespace flambeau::cuda {

inline constexpr int kReduceThreads = 256;
/** For simple steps: as many as registers allow. Steps that are long are repeated less. */
template <class C>
inline constexpr int kReadAhead = std::is_integral_v<C> ? 1
                                  : sizeof(C) == 8      ? 2
                                                        : 4;

/** A reduction's plan on the device, by value: dims [kept…, reduced…], the innermost of each last. */
struct ReduceSpace {
  const std::byte* in;
  std::byte* out[2];
  DType dtype, out_dtype[2];
  int item, out_item[2];
  int kept_dims, dims;
  bool wide_kept, wide_reduced;  // 2³¹ or more of them
  bool vectors;                  // stretches of the innermost reduced dim move in vectors of four
  bool dense;                    // the reduced elements are neighbours; vectors may have to begin later
  int lanes;                     // threads for each result, rows_kernel; results for each block, columns_kernel
  int64_t kept, reduced;
  int64_t chunk, chunks;  // how many of the reduced elements a block takes, and pieces there are of them
  void* partial;          // [chunks][kept], where there are several
  Dims at;
  int64_t strides[kMaxDims], out_strides[2][kMaxDims];

  /** The first element of a result, in bytes. */
  __device__ const std::byte* source(int64_t o) const {
    return in + at.walk(o, 0, kept_dims, wide_kept, strides) * item;
  }
  /** From there to the i-th. */
  __device__ int64_t place(int64_t i) const { return dense ? i : at.walk(i, kept_dims, dims, wide_reduced, strides); }
};

/** Where a result goes: put<R>(k, value) writes the k-th of it. */
struct Results {
  const ReduceSpace& s;
  int64_t o;
  template <class R>
  __device__ void put(int k, R v) const {
    std::byte* to = s.out[k] + s.at.walk(o, 0, s.kept_dims, s.wide_kept, s.out_strides[k]) * s.out_item[k];
    store<R>(to, 0, s.out_dtype[k], v);
  }
};

/** What thread `lane` of `lanes` sees of the reduced elements [begin, end) behind `p`, four accumulators side by side.
 */
template <class Op>
__device__ __forceinline__ typename Op::Acc reduce_lane(const ReduceSpace& s, const Op& op, const std::byte* p,
                                                        int64_t begin, int64_t end, int lane, int lanes) {
  using In = typename Op::In;
  constexpr int N = Op::kAhead;
  typename Op::Acc acc[4] = {op.identity(), op.identity(), op.identity(), op.identity()};
  if (s.vectors) {
    int64_t head = 0;  // elements before the vectors
    if (s.dense) {
      const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p + begin * s.item));
      const auto item = static_cast<uint32_t>(s.item);
      head = ((0 - address) & (4 * item - 1)) / item;
      if (head > end - begin) head = end > begin ? end - begin : 0;
    }
    const int64_t first = begin + head, groups = end > first ? (end - first) / 4 : 0, rest = first + 4 * groups;
    for (int64_t g = lane; g < groups; g += N * lanes) {
      int64_t at[N];
      In v[N][4];
#pragma unroll
      for (int u = 0; u < N; u++) at[u] = g + u * lanes < groups ? s.place(first + 4 * (g + u * lanes)) : -1;
      load_vectors(v, p, at, s.dtype);
#pragma unroll
      for (int u = 0; u < N; u++) {
        if (at[u] < 0) continue;
#pragma unroll
        for (int j = 0; j < 4; j++) op.step(acc[j], v[u][j], first + 4 * (g + u * lanes) + j);
      }
    }
    // both ends; before and behind what the others have seen, hence by themselves
    typename Op::Acc ends = op.identity();
    for (int64_t k = lane; k < head + end - rest; k += lanes) {
      const int64_t i = k < head ? begin + k : rest + k - head;
      In v[1];
      load_elements(v, p, {s.place(i)}, s.dtype);
      op.step(ends, v[0], i);
    }
    acc[0] = op.combine(acc[0], ends);
  } else {
    for (int64_t i = begin + lane; i < end; i += N * lanes) {
      int64_t at[N];
      In v[N];
#pragma unroll
      for (int u = 0; u < N; u++) at[u] = i + u * lanes < end ? s.place(i + u * lanes) : -1;
      load_elements(v, p, at, s.dtype);
#pragma unroll
      for (int u = 0; u < N; u++)
        if (at[u] >= 0) op.step(acc[u], v[u], i + u * lanes);
    }
  }
  return op.combine(op.combine(acc[0], acc[1]), op.combine(acc[2], acc[3]));
}

/** Every `rows`-th of the reduced elements [begin, end) behind `p`. */
template <class Op>
__device__ __forceinline__ typename Op::Acc reduce_column(const ReduceSpace& s, const Op& op, const std::byte* p,
                                                          int64_t begin, int64_t end, int rows) {
  constexpr int N = 4;
  typename Op::Acc acc[N] = {op.identity(), op.identity(), op.identity(), op.identity()};
  typename Op::In v[N], single[1];
  int64_t i = begin;
  if (s.dims == s.kept_dims + 1) {
    const int64_t step = s.strides[s.kept_dims] * rows, bytes = N * step * s.item;
    p += s.strides[s.kept_dims] * begin * s.item;
    for (; i + (N - 1) * rows < end; i += N * rows, p += bytes) {
      load_steps(v, p, step, s.dtype);
#pragma unroll
      for (int u = 0; u < N; u++) op.step(acc[u], v[u], i + u * rows);
    }
    for (; i < end; i += rows, p += step * s.item) {
      load_steps(single, p, 0, s.dtype);
      op.step(acc[0], single[0], i);
    }
  } else {
    for (; i < end; i += N * rows) {
      int64_t at[N];
#pragma unroll
      for (int u = 0; u < N; u++) at[u] = i + u * rows < end ? s.place(i + u * rows) : -1;
      load_elements(v, p, at, s.dtype);
#pragma unroll
      for (int u = 0; u < N; u++)
        if (at[u] >= 0) op.step(acc[u], v[u], i + u * rows);
    }
  }
  return op.combine(op.combine(acc[0], acc[1]), op.combine(acc[2], acc[3]));
}

template <class Op>
__device__ __forceinline__ void emit(const ReduceSpace& s, const Op& op, const typename Op::Acc& a, int64_t o) {
  if (s.partial)
    static_cast<typename Op::Acc*>(s.partial)[blockIdx.y * s.kept + o] = a;
  else
    op.finish(a, Results{s, o});
}

/** `lanes` neighbouring threads, part of a warp or a block, read the elements of one result. */
template <class Op>
__global__ void __launch_bounds__(kReduceThreads, 2)
    rows_kernel(const __grid_constant__ ReduceSpace s, const __grid_constant__ Op op) {
  using Acc = typename Op::Acc;
  __shared__ Acc cells[kReduceThreads / kWarp];
  const int lane = threadIdx.x % s.lanes, row = threadIdx.x / s.lanes, rows = blockDim.x / s.lanes;
  const int64_t begin = blockIdx.y * s.chunk, end = begin + s.chunk < s.reduced ? begin + s.chunk : s.reduced;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * rows; first < s.kept;
       first += static_cast<int64_t>(gridDim.x) * rows) {
    const int64_t o = first + row;
    Acc a = op.identity();
    if (o < s.kept) a = reduce_lane(s, op, s.source(o), begin, end, lane, s.lanes);
    for (int m = (s.lanes < kWarp ? s.lanes : kWarp) / 2; m > 0; m /= 2) a = op.combine(a, exchange(a, m));
    if (s.lanes > kWarp) {
      const int warps = s.lanes / kWarp;
      if (threadIdx.x % kWarp == 0) cells[threadIdx.x / kWarp] = a;
      __syncthreads();
      if (threadIdx.x < kWarp) {
        a = static_cast<int>(threadIdx.x) < warps ? cells[threadIdx.x] : op.identity();
        for (int m = warps / 2; m > 0; m /= 2) a = op.combine(a, exchange(a, m));
      }
      __syncthreads();
    }
    if (lane == 0 && o < s.kept) emit(s, op, a, o);
  }
}

/** The results of a column of threads, put together by its first. */
template <class Op>
__device__ __forceinline__ typename Op::Acc fold_columns(const Op& op, typename Op::Acc* cells, typename Op::Acc a,
                                                         int rows, int width) {
  const int row = threadIdx.x / width;
  for (int left = rows; left > 1;) {
    const int half = left / 2;
    if (row < left) cells[threadIdx.x] = a;
    __syncthreads();
    if (row < half) a = op.combine(a, cells[threadIdx.x + (left - half) * width]);
    __syncthreads();
    left -= half;
  }
  return a;
}

/** Neighbouring threads read neighbouring results' elements, `lanes` of them side by side in several rows. */
template <class Op>
__global__ void __launch_bounds__(kReduceThreads, 2)
    columns_kernel(const __grid_constant__ ReduceSpace s, const __grid_constant__ Op op) {
  using Acc = typename Op::Acc;
  __shared__ Acc cells[kReduceThreads];
  const int column = threadIdx.x % s.lanes, row = threadIdx.x / s.lanes, rows = blockDim.x / s.lanes;
  const int64_t begin = blockIdx.y * s.chunk, end = begin + s.chunk < s.reduced ? begin + s.chunk : s.reduced;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * s.lanes; first < s.kept;
       first += static_cast<int64_t>(gridDim.x) * s.lanes) {
    const int64_t o = first + column;
    const bool active = row < rows && o < s.kept;
    Acc a = op.identity();
    if (active) a = reduce_column(s, op, s.source(o), begin + row, end, rows);
    a = fold_columns(op, cells, a, rows, s.lanes);
    if (active && row == 0) emit(s, op, a, o);
  }
}

/** The second launch of a chunked reduction: partial results into results, `width` in a block. */
template <class Op>
__global__ void __launch_bounds__(kReduceThreads, 2)
    chunks_kernel(const __grid_constant__ ReduceSpace s, const __grid_constant__ Op op) {
  using Acc = typename Op::Acc;
  __shared__ Acc cells[kReduceThreads];
  const int column = threadIdx.x % s.lanes, row = threadIdx.x / s.lanes, rows = blockDim.x / s.lanes;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * s.lanes; first < s.kept;
       first += static_cast<int64_t>(gridDim.x) * s.lanes) {
    const int64_t o = first + column;
    const bool active = row < rows && o < s.kept;
    Acc a = op.identity();
    if (active)
      for (int64_t c = row; c < s.chunks; c += rows)
        a = op.combine(a, static_cast<const Acc*>(s.partial)[c * s.kept + o]);
    a = fold_columns(op, cells, a, rows, s.lanes);
    if (active && row == 0) op.finish(a, Results{s, o});
  }
}

/** The three kernels of a reduction, for the host. */
struct Reduction {
  const void *rows, *columns, *chunks;
  int acc;  // bytes
};
/** Launches a reduction of operand `outputs` into the operands before it. */
void launch_reduce(const Plan& plan, int outputs, const Reduction& reduction, const void* op);

template <class Op>
void run_reduce(const Plan& plan, int outputs, const Op& op) {
  const Reduction reduction{
      reinterpret_cast<const void*>(rows_kernel<Op>), reinterpret_cast<const void*>(columns_kernel<Op>),
      reinterpret_cast<const void*>(chunks_kernel<Op>), static_cast<int>(sizeof(typename Op::Acc))};
  launch_reduce(plan, outputs, reduction, &op);
}
/** The one dtype of input and outputs, which must be floating. */
DType floating_dtype(const Plan& plan);
/** Calls f with what they are computed in: float{} or double{}. */
template <class F>
void visit_floating(const Plan& plan, F&& f) {
  if (floating_dtype(plan) == DType::f64)
    f(double{});
  else
    f(float{});
}

}  // namespace flambeau::cuda
