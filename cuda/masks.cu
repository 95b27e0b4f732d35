// What a mask selects, in row-major order: maskedSelect, maskedScatter, nonzero; registered by backend.cc. Blocks count
// the trues of their stretches, a scan of the counts says where each block begins, and the blocks go over them again.
#include "cells.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

inline constexpr int kThreads = 256, kRounds = 8, kWarps = kThreads / kWarp;
inline constexpr int64_t kStretch = kThreads * kRounds;

/** Operand 1 of the cells is true where it is not zero; a float is so whatever its sign. */
struct Truth {
  Cells<2> cells;
  const void* mask;
  int item;
  bool floating;

  __device__ __forceinline__ bool at(int64_t i, int64_t& other) const {
    int64_t where[2];
    cells.offsets(i, 0, where);
    other = where[0];
    uint64_t bits;
    switch (item) {
      case 1: bits = static_cast<const uint8_t*>(mask)[where[1]]; break;
      case 2: bits = static_cast<const uint16_t*>(mask)[where[1]]; break;
      case 4: bits = static_cast<const uint32_t*>(mask)[where[1]]; break;
      default: bits = static_cast<const uint64_t*>(mask)[where[1]]; break;
    }
    return floating ? bits << (65 - 8 * item) != 0 : bits != 0;
  }
};

__global__ void count_kernel(const __grid_constant__ Truth truth, int64_t* counts) {
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kStretch;
  int64_t other;
  int found = 0;
  for (int r = 0; r < kRounds; r++) {
    const int64_t i = begin + r * kThreads + threadIdx.x;
    found += __syncthreads_count(i < truth.cells.total && truth.at(i, other));
  }
  if (threadIdx.x == 0) counts[blockIdx.x] = found;
}

/** Each count becomes the sum of those before it; one block. */
__global__ void scan_kernel(int64_t* counts, int64_t n) {
  __shared__ int64_t sums[kWarp];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  int64_t before = 0;
  for (int64_t base = 0; base < n; base += blockDim.x) {
    const int64_t i = base + threadIdx.x, mine = i < n ? counts[i] : 0;
    int64_t sum = mine;
    for (int step = 1; step < kWarp; step *= 2) {
      const int64_t below = __shfl_up_sync(~0u, sum, step);
      if (lane >= step) sum += below;
    }
    if (lane == kWarp - 1) sums[warp] = sum;
    __syncthreads();
    int64_t total = 0;
    for (int w = 0; w < static_cast<int>(blockDim.x / kWarp); w++) {
      if (w < warp) sum += sums[w];
      total += sums[w];
    }
    if (i < n) counts[i] = before + sum - mine;
    before += total;
    __syncthreads();
  }
}

/** Calls pick(position, its place in the other operand, k) for the k-th true. */
template <class Pick>
__global__ void fill_kernel(const __grid_constant__ Truth truth, const int64_t* starts,
                            const __grid_constant__ Pick pick) {
  __shared__ int sums[2][kWarps];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kStretch;
  int64_t k = starts[blockIdx.x];
  for (int r = 0; r < kRounds; r++) {
    const int64_t i = begin + r * kThreads + threadIdx.x;
    int64_t other = 0;
    const bool mine = i < truth.cells.total && truth.at(i, other);
    const unsigned votes = __ballot_sync(~0u, mine);
    // two sets in turn: one barrier a round is enough
    int(&sum)[kWarps] = sums[r % 2];
    if (lane == 0) sum[warp] = __popc(votes);
    __syncthreads();
    int before = __popc(votes & ((1u << lane) - 1)), total = 0;
    for (int w = 0; w < kWarps; w++) {
      if (w < warp) before += sum[w];
      total += sum[w];
    }
    if (mine) pick(i, other, k + before);
    k += total;
  }
}

__device__ __forceinline__ void move(void* to, int64_t i, const void* from, int64_t j, int item) {
  switch (item) {
    case 1: static_cast<uint8_t*>(to)[i] = static_cast<const uint8_t*>(from)[j]; break;
    case 2: static_cast<uint16_t*>(to)[i] = static_cast<const uint16_t*>(from)[j]; break;
    case 4: static_cast<uint32_t*>(to)[i] = static_cast<const uint32_t*>(from)[j]; break;
    default: static_cast<uint64_t*>(to)[i] = static_cast<const uint64_t*>(from)[j]; break;
  }
}
/** out[k] = in[…], or in[…] = out[k] for maskedScatter. */
struct PickValue {
  void *list, *tensor;
  int64_t n, step;
  int item;
  bool back;
  __device__ void operator()(int64_t, int64_t at, int64_t k) const {
    if (k >= n) return;
    if (back)
      move(tensor, at, list, k * step, item);
    else
      move(list, k * step, tensor, at, item);
  }
};
/** The row k of out gets the position's indices. */
struct PickIndices {
  int64_t* out;
  int64_t n, row, column;
  int ndim;
  int64_t sizes[kCellDims];
  __device__ void operator()(int64_t i, int64_t, int64_t k) const {
    if (k >= n) return;
    for (int d = ndim - 1; d >= 0; d--) {
      const int64_t next = i / sizes[d];
      out[k * row + d * column] = i - next * sizes[d];
      i = next;
    }
  }
};

template <class Pick>
void each_true(const Truth& truth, const Pick& pick) {
  const int64_t blocks = ceil_div<int64_t>(truth.cells.total, kStretch);
  if (blocks == 0) return;
  Plan::require(blocks < int64_t{1} << 31, "too many elements for a GPU");
  const Temporary counts(static_cast<size_t>(blocks) * sizeof(int64_t));
  const Grid grid{static_cast<unsigned>(blocks)};
  launch(count_kernel, grid, {kThreads}, 0, truth, counts.as<int64_t>());
  launch(scan_kernel, {1}, {threads_for(blocks, 1024)}, 0, counts.as<int64_t>(), blocks);
  launch(fill_kernel<Pick>, grid, {kThreads}, 0, truth, counts.as<int64_t>(), pick);
}

/** The trues of `mask`, beside the elements of `other`, row by row. */
Truth truth_of(const Operand& mask, const Operand& other) {
  Plan::require(mask.ndim == other.ndim, "operands differ in dims");
  LineWalk<2> walk;
  for (int d = 0; d < mask.ndim; d++) {
    Plan::require(mask.sizes[d] == other.sizes[d], "sizes differ");
    walk.add(mask.sizes[d], {other.strides[d], mask.strides[d]});
  }
  const DType d = mask.dtype;
  const bool floating = d == DType::f32 || d == DType::f64 || d == DType::f16 || d == DType::bf16;
  return {Cells<2>(walk), device_data<std::byte>(mask), static_cast<int>(item_size(d)), floating};
}

void masked_select(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &mask = plan.operand[2];
  Plan::require(plan.structured && out.dtype == in.dtype && mask.dtype == DType::b8 && out.ndim == 1, "wrong operands");
  each_true(truth_of(mask, in), PickValue{device_data<std::byte>(out), device_data<std::byte>(in), out.sizes[0],
                                          out.strides[0], static_cast<int>(item_size(in.dtype)), false});
}
void masked_scatter(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &mask = plan.operand[1], &source = plan.operand[2];
  Plan::require(plan.structured && out.dtype == source.dtype && mask.dtype == DType::b8 && source.ndim == 1,
                "wrong operands");
  each_true(truth_of(mask, out), PickValue{device_data<std::byte>(source), device_data<std::byte>(out), source.sizes[0],
                                           source.strides[0], static_cast<int>(item_size(out.dtype)), true});
}
void nonzero(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.dtype == DType::i64 && out.ndim == 2 && out.sizes[1] == in.ndim,
                "wrong operands");
  Plan::require(in.ndim <= kCellDims, "too many dimensions for a GPU");
  PickIndices pick{device_data<int64_t>(out), out.sizes[0], out.strides[0], out.strides[1], in.ndim, {}};
  for (int d = 0; d < in.ndim; d++) pick.sizes[d] = in.sizes[d];
  each_true(truth_of(in, in), pick);
}

}  // namespace

// The caller has counted the trues (countNonzero), so that results have their sizes; what does not fit is not written.
void register_masks(KernelTable& table) {
  table.add("maskedSelect", masked_select);
  table.add("maskedScatter", masked_scatter);
  table.add("nonzero", nonzero);
}

}  // namespace flambeau::cuda
