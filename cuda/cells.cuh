// The positions of a set of dims, as N operands see them, by value: for kernels whose threads may take any position.
// The host merges dims with the walk of native/cpu/walk.h. Used by index.cu, masks.cu, scatter.cu and sort.cu.
#pragma once
#include <algorithm>

#include "loops.cuh"
#include "vecmath.cuh"
// after vecmath.cuh, which names the namespace
#include "../native/cpu/walk.h"

namespace flambeau::cuda {

using FB_ISA::LineWalk;

inline constexpr int kCellDims = 20;

template <int N>
struct Cells {
  int64_t total = 1;
  int ndim = 0;  // outer to inner
  int64_t sizes[kCellDims];
  Divider by[kCellDims];
  int64_t strides[N][kCellDims];

  Cells() = default;
  explicit Cells(const LineWalk<N>& walk) : total(walk.total), ndim(walk.ndim) {
    Plan::require(ndim <= kCellDims, "too many dimensions for a GPU");
    for (int d = 0; d < ndim; d++) {
      sizes[d] = walk.sizes[d];
      if (total < int64_t{1} << 31 && total > 0) by[d] = Divider(static_cast<uint32_t>(sizes[d]));
      for (int k = 0; k < N; k++) strides[k][d] = walk.strides[k][d];
    }
  }

  /** Where operands [first, first + M) have position `i`, in elements. */
  template <int M>
  __device__ __forceinline__ void offsets(int64_t i, int first, int64_t (&out)[M]) const {
#pragma unroll
    for (int k = 0; k < M; k++) out[k] = 0;
    if (total < int64_t{1} << 31) {
      uint32_t rest = static_cast<uint32_t>(i);
      for (int d = ndim - 1; d >= 0; d--) {
        const uint32_t next = d > 0 ? by[d].divide(rest) : 0;
        const int64_t at = rest - next * by[d].divisor;
        rest = next;
#pragma unroll
        for (int k = 0; k < M; k++) out[k] += at * strides[first + k][d];
      }
      return;
    }
    for (int d = ndim - 1; d >= 0; d--) {
      const int64_t next = d > 0 ? i / sizes[d] : 0, at = i - next * sizes[d];
      i = next;
#pragma unroll
      for (int k = 0; k < M; k++) out[k] += at * strides[first + k][d];
    }
  }
  /** The same on the host, of one operand. */
  int64_t offset(int64_t i, int operand) const {
    int64_t out = 0;
    for (int d = ndim - 1; d >= 0; d--) {
      out += i % sizes[d] * strides[operand][d];
      i /= sizes[d];
    }
    return out;
  }
};

inline constexpr unsigned kCellThreads = 256;
/** Blocks of a kernel whose threads each take a position, then the one a grid further. */
inline Grid cell_blocks(int64_t total, unsigned threads = kCellThreads) {
  return {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 20))};
}
__device__ __forceinline__ int64_t first_cell() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t next_cell() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

}  // namespace flambeau::cuda
