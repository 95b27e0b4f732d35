// Matrix products by tiles in shared memory, any strides and dtypes; k in parts where there are few tiles, the parts
// summed in a fixed order. Called through gemm.h.
#include "gemm.h"

#include <algorithm>

#include "gemm.cuh"

namespace flambeau::cuda {
namespace {

/** A product as its kernel sees it: strides in bytes for A and B, which part of k a block has, how tiles are laid. */
template <class C>
struct Call {
  const std::byte *a, *b;
  int64_t a_batch, a_row, a_col, b_batch, b_row, b_col;
  bool a_along_k, a_quads, b_along_k, b_quads;
  int64_t batch, m, n, k, part;
  int splits;
  std::byte* partials;  // [splits, batch, m, n], or null
  Target<C> to;
};

/** Tiles in an order that keeps the rows and columns which blocks read at a time few: down kBand rows, then across. */
inline constexpr int64_t kBand = 8;
__device__ __forceinline__ void tile_at(int64_t i, int64_t down, int64_t across, int64_t& r, int64_t& c) {
  const int64_t band = i / (kBand * across), height = min(kBand, down - band * kBand), at = i - band * kBand * across;
  c = at / height;
  r = band * kBand + at - c * height;
}

/** Threads that a processor should hold: two blocks of the largest tile, for which ptxas finds
 * registers enough on some architectures only. */
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ < 800 || __CUDA_ARCH__ >= 900)
template <class T>
inline constexpr int kResident = T::kSide == 8 ? 256 : 512;
#else
template <class T>
inline constexpr int kResident = 512;
#endif

template <class C, bool plain, class T>
__global__ void __launch_bounds__(T::kThreads, (std::is_same_v<C, int64_t> ? 256 : kResident<T>) / T::kThreads)
    gemm_kernel(const __grid_constant__ Call<C> g) {
  __shared__ typename T::Shared shared;
  const int64_t down = ceil_div<int64_t>(g.m, T::kM), across = ceil_div<int64_t>(g.n, T::kN), tiles = down * across;
  const int64_t work = blockIdx.x, layer = work / tiles, split = layer / g.batch, z = layer - split * g.batch;
  int64_t r, c;
  tile_at(work - layer * tiles, down, across, r, c);
  const int64_t row0 = r * T::kM, col0 = c * T::kN;
  const int64_t first = split * g.part, count = min(g.k - first, g.part);
  StridedSource<C, plain, T::kM, T::kK, T::kThreads> a(g.a_along_k, g.a_quads,
                                                       g.a + z * g.a_batch + row0 * g.a_row + first * g.a_col, g.a_row,
                                                       g.a_col, g.m - row0, g.to.dtype);
  StridedSource<C, plain, T::kN, T::kK, T::kThreads> b(g.b_along_k, g.b_quads,
                                                       g.b + z * g.b_batch + col0 * g.b_col + first * g.b_row, g.b_col,
                                                       g.b_row, g.n - col0, g.to.dtype);
  C sum[T::kSide][T::kSide] = {};
  T::run(shared, a, b, count, sum);
  for (int i = 0; i < T::kSide; i++) {
    const int64_t row = row0 + T::row(i);
    if (row >= g.m) continue;
#pragma unroll
    for (int q = 0; q < T::kSide; q += 4) {
      const int64_t col = col0 + T::col(q);
      C four[4];
      // the registers of row i, picked without an index that would send them to local memory
#pragma unroll
      for (int s = 0; s < T::kSide; s++)
        if (s == i)
#pragma unroll
          for (int j = 0; j < 4; j++) four[j] = sum[s][q + j];
      if (g.partials) {
        C* const to = reinterpret_cast<C*>(g.partials) + (layer * g.m + row) * g.n + col;
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (col + j < g.n) to[j] = four[j];
      } else if (g.to.quads) {
        if (col < g.n) g.to.put4(four, z, row, col);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (col + j < g.n) g.to.put(four[j], z, row, col + j);
      }
    }
  }
}

template <class C>
__global__ void add_partials_kernel(const C* partials, int splits, int64_t total, int64_t m, int64_t n,
                                    const __grid_constant__ Target<C> to) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    C sum = 0;
    for (int s = 0; s < splits; s++) sum += partials[s * total + i];
    const int64_t row = i / n, z = row / m;
    to.put(sum, z, row - z * m, i - row * n);
  }
}

template <class C>
Target<C> target_of(const Product& p) {
  const int64_t item = static_cast<int64_t>(item_size(p.dtype));
  Target<C> to{};
  to.c = static_cast<std::byte*>(const_cast<void*>(p.c.at));
  to.bias = static_cast<const std::byte*>(p.bias);
  to.row = p.c.row;
  to.col = p.c.col;
  to.batch = p.c.batch;
  to.bias_row = p.bias_row;
  to.bias_col = p.bias_col;
  to.alpha = static_cast<C>(p.alpha);
  to.beta = static_cast<C>(p.beta);
  to.dtype = p.dtype;
  to.quads = p.c.col == 1 && p.c.row % 4 == 0 && p.c.batch % 4 == 0 && p.n % 4 == 0 &&
             reinterpret_cast<uintptr_t>(p.c.at) % static_cast<uintptr_t>(4 * item) == 0;
  return to;
}

/** Which way threads walk a matrix whose element (r, k) is at r·row + k·col, and whether in fours. */
void walk(const Matrix& x, int64_t row, int64_t col, int64_t item, bool& along_k, bool& quads) {
  along_k = col == 1 || (row != 1 && std::abs(col) <= std::abs(row));
  const int64_t inner = along_k ? col : row, outer = along_k ? row : col;
  quads = inner == 1 && outer % 4 == 0 && x.batch % 4 == 0 &&
          reinterpret_cast<uintptr_t>(x.at) % static_cast<uintptr_t>(4 * item) == 0;
}

template <class C, bool plain, class T>
void go(const Product& p) {
  const int64_t item = static_cast<int64_t>(item_size(p.dtype));
  Call<C> g{};
  g.a = static_cast<const std::byte*>(p.a.at);
  g.b = static_cast<const std::byte*>(p.b.at);
  g.a_batch = p.a.batch * item;
  g.a_row = p.a.row * item;
  g.a_col = p.a.col * item;
  g.b_batch = p.b.batch * item;
  g.b_row = p.b.row * item;
  g.b_col = p.b.col * item;
  walk(p.a, p.a.row, p.a.col, item, g.a_along_k, g.a_quads);
  walk(p.b, p.b.col, p.b.row, item, g.b_along_k, g.b_quads);
  g.batch = p.batch;
  g.m = p.m;
  g.n = p.n;
  g.k = p.k;
  g.to = target_of<C>(p);
  const int64_t blocks = ceil_div<int64_t>(p.m, T::kM) * ceil_div<int64_t>(p.n, T::kN) * p.batch;
  g.splits = splits_for(blocks, p.k, 256, p.batch * p.m * p.n);
  g.part = ceil_div<int64_t>(ceil_div<int64_t>(p.k, g.splits), T::kK) * T::kK;
  g.splits = static_cast<int>(std::max<int64_t>(1, ceil_div<int64_t>(p.k, std::max<int64_t>(1, g.part))));
  if (g.splits == 1) return launch(gemm_kernel<C, plain, T>, {static_cast<unsigned>(blocks)}, {T::kThreads}, 0, g);
  const Temporary partials(static_cast<size_t>(g.splits * p.batch * p.m * p.n) * sizeof(C));
  g.partials = partials.as<>();
  launch(gemm_kernel<C, plain, T>, {static_cast<unsigned>(blocks * g.splits)}, {T::kThreads}, 0, g);
  add_partials(p, g.partials, g.splits);
}

}  // namespace

int splits_for(int64_t blocks, int64_t k, int64_t least, int64_t results) {
  constexpr int64_t room = int64_t{1} << 24;  // elements of the workspace
  const int64_t wanted = 2 * limits().processors / std::max<int64_t>(1, blocks);
  return static_cast<int>(
      std::max<int64_t>(1, std::min({wanted, k / least, room / std::max<int64_t>(1, results), int64_t{1024}})));
}

void add_partials(const Product& p, const void* partials, int splits) {
  const int64_t total = p.batch * p.m * p.n;
  const unsigned threads = threads_for(total, 128);
  const Grid blocks{static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 20))};
  visit_class(p.dtype, [&]<class C>(C) {
    launch(add_partials_kernel<C>, blocks, {threads}, 0, static_cast<const C*>(partials), splits, total, p.m, p.n,
           target_of<C>(p));
  });
}

void multiply_tiles(const Product& p) {
  if (p.batch == 0 || p.m == 0 || p.n == 0) return;
  if (p.c.col != 1 && p.c.row == 1) {
    // results are stored by rows: the transposed product has them so
    Product t = p;
    std::swap(t.m, t.n);
    t.a = {p.b.at, p.b.batch, p.b.col, p.b.row};
    t.b = {p.a.at, p.a.batch, p.a.col, p.a.row};
    std::swap(t.c.row, t.c.col);
    std::swap(t.bias_row, t.bias_col);
    if (t.c.col == 1 && t.c.row != 1) return multiply_tiles(t);
  }
  if (p.m == 1 || p.n == 1) return multiply_vector(p);
  const int64_t most =
      std::max<int64_t>(1, (int64_t{1} << 30) / (ceil_div<int64_t>(p.m, 32) * ceil_div<int64_t>(p.n, 32)));
  if (p.batch > most) {  // more blocks than a grid has
    const int64_t item = static_cast<int64_t>(item_size(p.dtype));
    Product part = p, rest = p;
    part.batch = most;
    rest.batch -= most;
    for (Matrix* x : {&rest.a, &rest.b, &rest.c}) x->at = static_cast<const std::byte*>(x->at) + most * x->batch * item;
    multiply_tiles(part);
    return multiply_tiles(rest);
  }
  const int64_t large = p.batch * (p.m / 128) * (p.n / 128), medium = p.batch * (p.m / 64) * (p.n / 64);
  switch (p.dtype) {
    case DType::f32:
      if (large >= limits().processors) return go<float, true, Tile<float, 128, 128, 8, 8>>(p);
      if (medium >= limits().processors / 2) return go<float, true, Tile<float, 64, 64, 16, 4>>(p);
      return go<float, true, Tile<float, 32, 32, 16, 4>>(p);
    case DType::f16:
    case DType::bf16:
      if (medium >= limits().processors / 2) return go<float, false, Tile<float, 64, 64, 16, 4>>(p);
      return go<float, false, Tile<float, 32, 32, 16, 4>>(p);
    case DType::f64:
      if (medium >= limits().processors / 2) return go<double, true, Tile<double, 64, 64, 16, 4>>(p);
      return go<double, true, Tile<double, 32, 32, 16, 4>>(p);
    default: return go<int64_t, false, Tile<int64_t, 32, 32, 16, 4>>(p);
  }
}

}  // namespace flambeau::cuda
