// Pooling on GPUs: planes, windows, and the gathering of gradients in a fixed order. Used by pool.cu, max_pool.cu,
// resample.cu and grid_sample.cu.
#pragma once
#include <algorithm>

#include "gemm.cuh"
#include "gemm.h"

namespace flambeau::cuda {

/** A [N, C, *] operand, its one to three spatial dims seen as three; strides in elements. */
struct Planes {
  std::byte* at = nullptr;
  Divider channels, size[3];
  int64_t batch = 0, channel = 0, step[3] = {0, 0, 0};

  Planes() = default;
  explicit Planes(const Operand& o) : at(device_data<std::byte>(o)), channels(number(o.sizes[1])) {
    batch = o.strides[0];
    channel = o.strides[1];
    for (int d = 0; d < 3; d++) {
      const int from = d - 3 + o.ndim;
      size[d] = Divider(from < 2 ? 1 : number(o.sizes[from]));
      step[d] = from < 2 ? 0 : o.strides[from];
    }
  }
  /** Sizes of nothing divide by one: no kernel runs then. */
  static uint32_t number(int64_t n) {
    Plan::require(n < int64_t{1} << 31, "pool: a size is out of range");
    return n < 1 ? 1 : static_cast<uint32_t>(n);
  }
  __host__ __device__ int64_t numel() const { return int64_t{size[0].divisor} * size[1].divisor * size[2].divisor; }
  __device__ __forceinline__ int64_t plane(uint32_t i) const {
    const uint32_t n = channels.divide(i);
    return n * batch + (i - n * channels.divisor) * channel;
  }
  __device__ __forceinline__ void place(uint32_t i, int (&at)[3]) const {
    const uint32_t row = size[2].divide(i), z = size[1].divide(row);
    at[0] = static_cast<int>(z);
    at[1] = static_cast<int>(row - z * size[1].divisor);
    at[2] = static_cast<int>(i - row * size[2].divisor);
  }
  __device__ __forceinline__ int64_t offset(const int (&at)[3]) const {
    return at[0] * step[0] + at[1] * step[1] + at[2] * step[2];
  }
};

/** Outputs and inputs [N, C, *] with the same N and C, one floating dtype, one to three spatial dims. */
inline void expect_pool(const Operand& out, const Operand& in) {
  Plan::require(out && in && in.ndim >= 3 && in.ndim <= 5 && out.ndim == in.ndim && out.dtype == in.dtype &&
                    out.sizes[0] == in.sizes[0] && out.sizes[1] == in.sizes[1],
                "pool: expected [N, C, ...] operands of one dtype");
  Plan::require(
      out.dtype == DType::f32 || out.dtype == DType::f64 || out.dtype == DType::f16 || out.dtype == DType::bf16,
      "pool: expected a floating dtype");
  int64_t out_plane = 1, in_plane = 1;
  for (int d = 2; d < in.ndim; d++) {
    out_plane *= out.sizes[d];
    in_plane *= in.sizes[d];
    Plan::require(out_plane < int64_t{1} << 31 && in_plane < int64_t{1} << 31, "pool: a plane is too large for a GPU");
  }
  Plan::require(out.sizes[0] * out.sizes[1] < int64_t{1} << 31, "pool: too many planes for a GPU");
}
inline void expect_indices(const Operand& indices, const Operand& like) {
  Plan::require(indices && indices.dtype == DType::i64 && indices.ndim == like.ndim &&
                    std::equal(like.sizes, like.sizes + like.ndim, indices.sizes),
                "pool: indices must be int64 and have the output's shape");
}

/** Calls f(float{}) or f(double{}): what values of a floating dtype are computed in. */
template <class F>
void visit_floats(DType d, F&& f) {
  if (d == DType::f64)
    f(double{});
  else
    f(float{});
}
inline Grid grid_of(int64_t total, unsigned threads) {
  return {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 24))};
}

/** Warps that share a plane of sums: each has a band of it, and looks at all that is added. */
inline int bands_for(int64_t planes, int64_t plane) {
  const int64_t wanted = int64_t{16} * limits().processors / std::max<int64_t>(1, planes);
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>({wanted, 64, plane / 256})));
}
/**
 * sums[at] += v for the lanes that `hit`, by the whole warp: lanes that meet are added up in their order first, so that
 * the result is the same in every run.
 */
template <class C>
__device__ __forceinline__ void add_in_order(C* sums, int at, C v, bool hit) {
  constexpr unsigned kAll = 0xffffffffu;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const unsigned peers = __match_any_sync(kAll, hit ? at : -1 - lane);
  const bool leads = hit && __ffs(static_cast<int>(peers)) - 1 == lane;
  unsigned rest = leads ? peers & (peers - 1) : 0;
  while (__any_sync(kAll, rest != 0)) {
    const C other = __shfl_sync(kAll, v, rest != 0 ? __ffs(static_cast<int>(rest)) - 1 : lane);
    if (rest != 0) v += other;
    rest &= rest - 1;
  }
  if (leads) sums[at] += v;
  __syncwarp();  // the next call's lanes see it
}

}  // namespace flambeau::cuda
