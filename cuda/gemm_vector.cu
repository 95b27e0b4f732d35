// Products of a matrix and a vector: each element of the matrix is read once. Called by gemm.cu.
#include <algorithm>

#include "gemm.cuh"
#include "gemm.h"

namespace flambeau::cuda {
namespace {

/** out[r] = Σ w(r, k)·x[k]; strides in bytes. */
template <class C>
struct VectorCall {
  const std::byte *w, *x;
  int64_t w_batch, w_row, w_col, x_batch, x_step;
  int64_t batch, rows, k, part;
  int splits;
  C* partials;  // [splits, batch, rows], or null
  Target<C> to;

  __device__ __forceinline__ void put(C sum, int64_t layer, int64_t z, int64_t r) const {
    if (partials)
      partials[layer * rows + r] = sum;
    else
      to.put(sum, z, r, 0);
  }
};

/** For a matrix that is dense along k: a block for each row, its sums added in a tree. */
template <class C>
__global__ void vector_rows(const __grid_constant__ VectorCall<C> g) {
  using E = Elements<C, false>;
  __shared__ C sums[32];
  const DType d = g.to.dtype;
  const int64_t total = g.rows * g.batch * g.splits;
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t item = E::size(d);
  const bool quads = g.w_col == item && g.x_step == item && g.w_row % (4 * item) == 0 && g.w_batch % (4 * item) == 0 &&
                     g.x_batch % (4 * item) == 0 && reinterpret_cast<uintptr_t>(g.w) % (4 * item) == 0 &&
                     reinterpret_cast<uintptr_t>(g.x) % (4 * item) == 0;
  for (int64_t work = blockIdx.x; work < total; work += gridDim.x) {
    const int64_t layer = work / g.rows, r = work - layer * g.rows, split = layer / g.batch,
                  z = layer - split * g.batch;
    const std::byte *const w = g.w + z * g.w_batch + r * g.w_row, *const x = g.x + z * g.x_batch;
    const int64_t first = split * g.part, last = min(g.k, first + g.part);
    C sum = 0;
    int64_t k = first;
    if (quads) {
      const int64_t end = last - (last - first) % 4;
      C more[4] = {};
      for (k += static_cast<int64_t>(threadIdx.x) * 4; k < end; k += static_cast<int64_t>(blockDim.x) * 4) {
        C a[4], b[4];
        E::load4(a, w + k * item, d);
        E::load4(b, x + k * item, d);
#pragma unroll
        for (int j = 0; j < 4; j++) more[j] = mad(a[j], b[j], more[j]);
      }
      sum = (more[0] + more[1]) + (more[2] + more[3]);
      k = end;
    }
    for (k += threadIdx.x; k < last; k += blockDim.x)
      sum = mad(E::load(w + k * g.w_col, d), E::load(x + k * g.x_step, d), sum);
#pragma unroll
    for (int o = kWarp / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
    if (blockDim.x > kWarp) {
      __syncthreads();
      if (lane == 0) sums[warp] = sum;
      __syncthreads();
      if (warp == 0) {
        sum = lane < static_cast<int>(blockDim.x) / kWarp ? sums[lane] : C{0};
#pragma unroll
        for (int o = kWarp / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
      }
    }
    if (threadIdx.x == 0) g.put(sum, layer, z, r);
  }
}

/** For a matrix that is dense along its rows' numbers: a thread for each row, kDeep of them share its k. */
inline constexpr int kDeep = 8;
template <class C>
__global__ void vector_columns(const __grid_constant__ VectorCall<C> g) {
  using E = Elements<C, false>;
  __shared__ C sums[kDeep][kWarp];
  const DType d = g.to.dtype;
  const int64_t across = ceil_div<int64_t>(g.rows, kWarp), total = across * g.batch * g.splits;
  for (int64_t work = blockIdx.x; work < total; work += gridDim.x) {
    const int64_t layer = work / across, split = layer / g.batch, z = layer - split * g.batch;
    const int64_t r = (work - layer * across) * kWarp + threadIdx.x;
    const std::byte *const w = g.w + z * g.w_batch + r * g.w_row, *const x = g.x + z * g.x_batch;
    const int64_t first = split * g.part, last = min(g.k, first + g.part);
    C sum = 0;
    if (r < g.rows)
      for (int64_t k = first + threadIdx.y; k < last; k += blockDim.y)
        sum = mad(E::load(w + k * g.w_col, d), E::load(x + k * g.x_step, d), sum);
    __syncthreads();
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && r < g.rows) {
      for (unsigned y = 1; y < blockDim.y; y++) sum += sums[y][threadIdx.x];
      g.put(sum, layer, z, r);
    }
  }
}

template <class C>
void go(const Product& p, const Matrix& w, int64_t rows, const Matrix& x, int64_t x_step) {
  const int64_t item = static_cast<int64_t>(item_size(p.dtype));
  VectorCall<C> g{};
  g.w = static_cast<const std::byte*>(w.at);
  g.x = static_cast<const std::byte*>(x.at);
  g.w_batch = w.batch * item;
  g.w_row = w.row * item;
  g.w_col = w.col * item;
  g.x_batch = x.batch * item;
  g.x_step = x_step * item;
  g.batch = p.batch;
  g.rows = rows;
  g.k = p.k;
  const bool by_rows = w.row != 1 || w.col == 1;
  const int64_t blocks = p.batch * (by_rows ? rows : ceil_div<int64_t>(rows, kWarp));
  g.splits = splits_for(blocks, p.k, by_rows ? 8192 : 256, p.batch * rows);
  g.part = ceil_div<int64_t>(ceil_div<int64_t>(p.k, g.splits), 4) * 4;
  g.splits = static_cast<int>(std::max<int64_t>(1, ceil_div<int64_t>(p.k, std::max<int64_t>(1, g.part))));
  const bool transposed = p.m == 1 && p.n != 1;
  Target<C>& to = g.to;
  to.c = static_cast<std::byte*>(const_cast<void*>(p.c.at));
  to.bias = static_cast<const std::byte*>(p.bias);
  to.row = transposed ? p.c.col : p.c.row;
  to.batch = p.c.batch;
  to.bias_row = transposed ? p.bias_col : p.bias_row;
  to.alpha = static_cast<C>(p.alpha);
  to.beta = static_cast<C>(p.beta);
  to.dtype = p.dtype;
  const auto start = [&] {
    const unsigned most = static_cast<unsigned>(std::min<int64_t>(blocks * g.splits, (int64_t{1} << 31) - 1));
    if (by_rows)
      launch(vector_rows<C>, {most}, {threads_for(ceil_div<int64_t>(g.part, 4))}, 0, g);
    else
      launch(vector_columns<C>, {most}, {kWarp, static_cast<unsigned>(std::clamp<int64_t>(g.part / 8, 1, kDeep))}, 0,
             g);
  };
  if (g.splits == 1) return start();
  const Temporary partials(static_cast<size_t>(g.splits * p.batch * rows) * sizeof(C));
  g.partials = partials.as<C>();
  start();
  add_partials(p, g.partials, g.splits);
}

}  // namespace

void multiply_vector(const Product& p) {
  const bool transposed = p.m == 1 && p.n != 1;
  const Matrix w = transposed ? Matrix{p.b.at, p.b.batch, p.b.col, p.b.row} : p.a;
  const Matrix& x = transposed ? p.a : p.b;
  visit_class(p.dtype, [&]<class C>(C) { go<C>(p, w, transposed ? p.n : p.m, x, transposed ? p.a.col : p.b.row); });
}

}  // namespace flambeau::cuda
