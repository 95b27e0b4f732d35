// Running reductions along one dim: cumsum, cumprod, cummax, cummin, logcumsumexp; registered by backend.cc. The plans
// are those of native/cpu/scan.cc.
//
// Lines whose elements are neighbours are scanned by a warp's part or a block, tile by tile; where the neighbours are
// other lines, each thread has a line. Few long lines are cut into chunks: their totals first, then what comes before
// each, then the scan. Sums and products of floating point are kept in double, as on the CPU.
#include <algorithm>

#include "elements.cuh"
#include "kernels.h"
#include "logsum.cuh"

namespace flambeau::cuda {
namespace {

constexpr int kThreads = 256, kEach = 4;

/** A scan's plan on the device: lines of n elements. */
struct ScanSpace {
  const std::byte* in;
  std::byte* out;
  int64_t* index;  // where the op has indices
  DType dtype, out_dtype;
  int item, out_item, dims;
  bool wide, vectors, totals;  // totals: only the chunks' are wanted
  int lanes;                   // threads for a line, lines_kernel
  int64_t n, lines, in_step, out_step, index_step;
  int64_t chunk, chunks;
  void* partial;  // [chunks][lines]: totals, then what comes before
  Dims at;
  int64_t strides[3][kMaxDims];  // of the lines: in, out, index

  __device__ int64_t line(int operand, int64_t l) const { return at.walk(l, 0, dims, wide, strides[operand]); }
};

/** A scan has In, State, identity(), lift(x, i), combine(earlier, later) and put(state, space, line, i). */
template <class C>
struct AccumulateOp {
  using In = C;
  using State = std::conditional_t<std::is_floating_point_v<C>, double, uint64_t>;
  static constexpr bool kIndexed = false;
  bool product;
  __device__ State identity() const { return product ? 1 : 0; }
  __device__ State lift(C x, int64_t) const { return static_cast<State>(x); }
  __device__ State combine(State a, State b) const { return product ? a * b : a + b; }
  __device__ C value(State s) const { return static_cast<C>(s); }
};
template <class C>
struct LogOp {
  using In = C;
  using State = LogSum<C>;
  static constexpr bool kIndexed = false;
  __device__ State identity() const { return State::nothing(); }
  __device__ State lift(C x, int64_t) const { return State::of(x); }
  __device__ State combine(State a, State b) const { return a.plus(b); }
  __device__ C value(State s) const { return s.log(); }
};
template <class C>
struct Found {
  C value;
  int64_t index;
};
/** The last of equals is remembered; a NaN stays, the latest of them. */
template <class C>
struct RunningOp {
  using In = C;
  using State = Found<C>;
  static constexpr bool kIndexed = true;
  bool greatest;
  __device__ State identity() const { return {C{0}, -1}; }
  __device__ State lift(C x, int64_t i) const { return {x, i}; }
  __device__ State combine(State a, State b) const {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    return (greatest ? b.value >= a.value : b.value <= a.value) || b.value != b.value ? b : a;
  }
  __device__ C value(State s) const { return s.value; }
};

template <class A>
__device__ __forceinline__ A from_lane(const A& a, int lane) {
  uint32_t words[sizeof(A) / 4];
  memcpy(words, &a, sizeof a);
#pragma unroll
  for (uint32_t& w : words) w = __shfl_sync(~0u, w, lane);
  A other;
  memcpy(&other, words, sizeof a);
  return other;
}

/** Where the results of a line go. */
template <class Op>
struct Line {
  const std::byte* in;
  std::byte* out;
  int64_t* index;
  __device__ Line(const ScanSpace& s, int64_t l)
      : in(s.in + s.line(0, l) * s.item), out(s.out + s.line(1, l) * s.out_item), index(nullptr) {
    if constexpr (Op::kIndexed) index = s.index + s.line(2, l);
  }
  __device__ void put(const ScanSpace& s, const Op& op, const typename Op::State& state, int64_t i) const {
    store(out + i * s.out_step * s.out_item, 0, s.out_dtype, op.value(state));
    if constexpr (Op::kIndexed) index[i * s.index_step] = state.index;
  }
};

/** `lanes` threads, a power of two, scan a line: each four elements of a tile. */
template <class Op>
__global__ void __launch_bounds__(kThreads)
    lines_kernel(const __grid_constant__ ScanSpace s, const __grid_constant__ Op op) {
  using State = typename Op::State;
  __shared__ State cells[kThreads / kWarp];
  const int lane = threadIdx.x % s.lanes, row = threadIdx.x / s.lanes, rows = blockDim.x / s.lanes;
  const int width = s.lanes < kWarp ? s.lanes : kWarp, within = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t begin = blockIdx.y * s.chunk, end = begin + s.chunk < s.n ? begin + s.chunk : s.n;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * rows; first < s.lines;
       first += static_cast<int64_t>(gridDim.x) * rows) {
    const int64_t l = first + row;
    const bool active = l < s.lines;
    const Line<Op> line(s, active ? l : 0);
    State* const partial = static_cast<State*>(s.partial) + blockIdx.y * s.lines + (active ? l : 0);
    State before = s.partial && !s.totals && active ? *partial : op.identity();
    for (int64_t tile = begin; tile < end; tile += s.lanes * kEach) {
      const int64_t i0 = tile + lane * kEach;
      const bool whole = s.vectors && active && i0 + kEach <= end;
      typename Op::In v[kEach];
      State state[kEach];
      if (whole) {
        typename Op::In group[1][kEach];
        load_vectors(group, line.in, {i0}, s.dtype);
#pragma unroll
        for (int j = 0; j < kEach; j++) v[j] = group[0][j];
      } else {
        int64_t at[kEach];
#pragma unroll
        for (int j = 0; j < kEach; j++) at[j] = active && i0 + j < end ? (i0 + j) * s.in_step : -1;
        load_elements(v, line.in, at, s.dtype);
      }
      state[0] = active && i0 < end ? op.lift(v[0], i0) : op.identity();
#pragma unroll
      for (int j = 1; j < kEach; j++)
        state[j] = active && i0 + j < end ? op.combine(state[j - 1], op.lift(v[j], i0 + j)) : state[j - 1];
      // what comes before each thread, within its warp and then within the block
      State sum = state[kEach - 1];
      for (int m = 1; m < width; m *= 2) {
        const State other = from_lane(sum, within >= m ? within - m : within);
        if (within % width >= m) sum = op.combine(other, sum);
      }
      State exclusive = from_lane(sum, within > 0 ? within - 1 : 0);
      if (within % width == 0) exclusive = op.identity();
      State total = from_lane(sum, within | (width - 1));
      if (s.lanes > kWarp) {
        if (within == 0) cells[warp] = total;
        __syncthreads();
        total = op.identity();
        for (int w = 0; w < s.lanes / kWarp; w++) {
          if (w == warp) exclusive = op.combine(total, exclusive);
          total = op.combine(total, cells[w]);
        }
        __syncthreads();
      }
      exclusive = op.combine(before, exclusive);
      before = op.combine(before, total);
      if (s.totals) continue;
#pragma unroll
      for (int j = 0; j < kEach; j++) state[j] = op.combine(exclusive, state[j]);
      if constexpr (!Op::kIndexed) {
        if (whole) {
          typename Op::In values[kEach];
#pragma unroll
          for (int j = 0; j < kEach; j++) values[j] = op.value(state[j]);
          store4(line.out + i0 * s.out_item, 0, s.out_dtype, values);
          continue;
        }
      }
#pragma unroll
      for (int j = 0; j < kEach; j++)
        if (active && i0 + j < end) line.put(s, op, state[j], i0 + j);
    }
    if (s.totals && active && lane == 0) *partial = before;
  }
}

/** Each thread scans a line; neighbours in a warp are neighbours in memory. */
template <class Op>
__global__ void __launch_bounds__(kThreads)
    columns_kernel(const __grid_constant__ ScanSpace s, const __grid_constant__ Op op) {
  using State = typename Op::State;
  const int64_t begin = blockIdx.y * s.chunk, end = begin + s.chunk < s.n ? begin + s.chunk : s.n;
  for (int64_t l = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; l < s.lines;
       l += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const Line<Op> line(s, l);
    State* const partial = static_cast<State*>(s.partial) + blockIdx.y * s.lines + l;
    State state = s.partial && !s.totals ? *partial : op.identity();
    for (int64_t i = begin; i < end; i += kEach) {
      int64_t at[kEach];
      typename Op::In v[kEach];
#pragma unroll
      for (int j = 0; j < kEach; j++) at[j] = i + j < end ? (i + j) * s.in_step : -1;
      load_elements(v, line.in, at, s.dtype);
#pragma unroll
      for (int j = 0; j < kEach; j++) {
        if (at[j] < 0) continue;
        state = op.combine(state, op.lift(v[j], i + j));
        if (!s.totals) line.put(s, op, state, i + j);
      }
    }
    if (s.totals) *partial = state;
  }
}

/** The totals of a line's chunks become what comes before each. */
template <class Op>
__global__ void __launch_bounds__(kThreads)
    before_kernel(const __grid_constant__ ScanSpace s, const __grid_constant__ Op op) {
  using State = typename Op::State;
  constexpr int kAhead = 8;
  State* const partial = static_cast<State*>(s.partial);
  for (int64_t l = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; l < s.lines;
       l += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    State before = op.identity();
    for (int64_t c = 0; c < s.chunks; c += kAhead) {
      State totals[kAhead];
#pragma unroll
      for (int j = 0; j < kAhead; j++)
        if (c + j < s.chunks) totals[j] = partial[(c + j) * s.lines + l];
#pragma unroll
      for (int j = 0; j < kAhead; j++) {
        if (c + j >= s.chunks) continue;
        partial[(c + j) * s.lines + l] = before;
        before = op.combine(before, totals[j]);
      }
    }
  }
}

struct Kernels {
  const void *lines, *columns, *before;
  int state;
};

/** Whether four elements of a line are a vector in memory. */
bool aligned(const ScanSpace& s, int operand, const void* data, int64_t step, int item) {
  if (step != 1) return false;
  for (int d = 0; d < s.dims; d++)
    if (s.strides[operand][d] % 4 != 0) return false;
  return reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(4 * item) == 0;
}

void launch_scan(const Plan& plan, int outputs, const Kernels& kernels, const void* op) {
  const Operand &out = plan.operand[0], &in = plan.operand[outputs];
  const int dim = static_cast<int>(plan.integer(0));
  if (in.numel() == 0) return;
  ScanSpace s{};
  s.in = device_data<std::byte>(in);
  s.out = device_data<std::byte>(out);
  s.index = outputs == 2 ? device_data<int64_t>(plan.operand[1]) : nullptr;
  s.dtype = in.dtype;
  s.out_dtype = out.dtype;
  s.item = static_cast<int>(item_size(in.dtype));
  s.out_item = static_cast<int>(item_size(out.dtype));
  s.n = s.lines = 1;
  int order[kMaxDims];
  for (int d = 0; d < in.ndim; d++) {
    if (d != dim && in.sizes[d] != 1) order[s.dims++] = d;
  }
  std::stable_sort(order, order + s.dims, [&](int a, int b) { return in.strides[a] > in.strides[b]; });
  for (int i = 0; i < s.dims; i++) {
    const int d = order[i];
    s.lines *= in.sizes[d];
    s.at.set(i, in.sizes[d]);
    s.strides[0][i] = in.strides[d];
    s.strides[1][i] = out.strides[d];
    s.strides[2][i] = outputs == 2 ? plan.operand[1].strides[d] : 0;
  }
  s.wide = s.lines >= int64_t{1} << 31;
  if (in.ndim > 0) {
    s.n = in.sizes[dim];
    s.in_step = in.strides[dim];
    s.out_step = out.strides[dim];
    s.index_step = outputs == 2 ? plan.operand[1].strides[dim] : 0;
  }
  const bool columns = s.dims > 0 && s.strides[0][s.dims - 1] < s.in_step;
  unsigned threads = kThreads;
  int64_t blocks, least;
  if (columns) {
    threads = threads_for(s.lines, 128);
    blocks = ceil_div<int64_t>(s.lines, threads);
    least = 64;
  } else {
    s.vectors = aligned(s, 0, s.in, s.in_step, s.item) && aligned(s, 1, s.out, s.out_step, s.out_item);
    const int64_t work = ceil_div<int64_t>(s.n, kEach);
    const bool few = s.lines < int64_t{8} * limits().processors;
    const int most = work >= kThreads || (few && work > kWarp) ? kThreads : kWarp;
    for (s.lanes = 1; s.lanes < most && s.lanes < work;) s.lanes *= 2;
    threads = s.lanes > kWarp ? static_cast<unsigned>(s.lanes) : threads_for(s.lines * s.lanes, kThreads);
    blocks = ceil_div<int64_t>(s.lines, threads / static_cast<unsigned>(s.lanes));
    least = s.lanes == kThreads ? 4 * kThreads * kEach : s.n;
  }
  const int64_t wanted = ceil_div<int64_t>(int64_t{4} * limits().processors, blocks);
  const int64_t chunks = std::min({wanted, s.n / least, int64_t{1024}});
  // one pass reads half of what two do: a few chunks are not worth it
  s.chunk = chunks < 4 ? s.n : ceil_div<int64_t>(ceil_div(s.n, chunks), kEach) * kEach;
  s.chunks = ceil_div(s.n, s.chunk);
  void* args[] = {&s, const_cast<void*>(op)};
  const auto go = [&](const void* kernel, int64_t x, int64_t y) {
    const Grid grid{static_cast<unsigned>(std::min<int64_t>(x, 0x7fffffff)), static_cast<unsigned>(y)};
    launch_raw(kernel, grid, {threads}, 0, args);
  };
  const void* scan = columns ? kernels.columns : kernels.lines;
  if (s.chunks == 1) return go(scan, blocks, 1);
  const Temporary partial(static_cast<size_t>(s.chunks * s.lines * kernels.state));
  s.partial = partial.as<void>();
  s.totals = true;
  go(scan, blocks, s.chunks);
  go(kernels.before, ceil_div<int64_t>(s.lines, threads), 1);
  s.totals = false;
  go(scan, blocks, s.chunks);
}
template <class Op>
void run_scan(const Plan& plan, int outputs, const Op& op) {
  const Kernels kernels{reinterpret_cast<const void*>(lines_kernel<Op>),
                        reinterpret_cast<const void*>(columns_kernel<Op>),
                        reinterpret_cast<const void*>(before_kernel<Op>), static_cast<int>(sizeof(typename Op::State))};
  launch_scan(plan, outputs, kernels, &op);
}

void check(const Plan& plan, int outputs) {
  plan.expect(outputs + 1, 1);
  const Operand& in = plan.operand[outputs];
  Plan::require(plan.structured, "a scan takes a structured plan");
  for (int o = 0; o < outputs; o++) {
    Plan::require(plan.operand[o].ndim == in.ndim, "a scan's operands differ in dims");
    for (int d = 0; d < in.ndim; d++) Plan::require(plan.operand[o].sizes[d] == in.sizes[d], "a scan's sizes differ");
  }
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(in.ndim, 1), "the dim is out of range");
}
template <bool product>
void accumulate(const Plan& plan) {
  check(plan, 1);
  const DType d = plan.operand[1].dtype;
  visit_class(d, [&]<class C>(C) {
    constexpr bool floating = std::is_floating_point_v<C>;
    Plan::require(plan.operand[0].dtype == (floating ? d : DType::i64), "the result is int64 for integers");
    run_scan(plan, 1, AccumulateOp<C>{product});
  });
}
template <bool greatest>
void running(const Plan& plan) {
  check(plan, 2);
  Plan::require(plan.operand[0].dtype == plan.operand[2].dtype, "dtypes differ");
  Plan::require(plan.operand[1].dtype == DType::i64, "indices are int64");
  visit_class(plan.operand[2].dtype, [&]<class C>(C) { run_scan(plan, 2, RunningOp<C>{greatest}); });
}
void log_cumulative(const Plan& plan) {
  check(plan, 1);
  const DType d = plan.operand[1].dtype;
  Plan::require(plan.operand[0].dtype == d, "dtypes differ");
  visit_class(d, [&]<class C>(C) {
    if constexpr (std::is_floating_point_v<C>)
      run_scan(plan, 1, LogOp<C>{});
    else
      throw PlanError("expected floating point");
  });
}

}  // namespace

void register_scan(KernelTable& table) {
  table.add("cumsum", accumulate<false>);
  table.add("cumprod", accumulate<true>);
  table.add("cummax", running<true>);
  table.add("cummin", running<false>);
  table.add("logcumsumexp", log_cumulative);
}

}  // namespace flambeau::cuda
