// Layer norm, forward and backward; registered by backend.cc. How rows are shared among threads: lines.cuh.
#include "kernels.h"
#include "lines.cuh"

#include <algorithm>
#include <optional>

namespace flambeau::cuda {
namespace {

constexpr unsigned kColumns = 32, kColumnRows = 8;  // of the blocks that sum over rows
constexpr int64_t kRowsOfTeam = 8;                  // that its sums over rows are worth

template <class C>
__device__ __forceinline__ C inverse_root(C variance, double eps) {
  return C{1} / sqrt(variance + static_cast<C>(eps));
}

/** Operands y and x. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    layer_norm_kernel(const __grid_constant__ Lines l, const __grid_constant__ Vector mean,
                      const __grid_constant__ Vector rstd, const __grid_constant__ Vector weight,
                      const __grid_constant__ Vector bias, double eps) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept(l, shared, 0);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const int64_t n = line < l.lines ? l.n : 0;
  int64_t at[kLineOperands];
  l.offsets(n > 0 ? line : 0, at);
  C center, squares;
  if (l.cached) {
    C sum = 0;
    t.pieces(l, 0, n, [&](const Piece& p) {
      C v[4];
      load_piece(v, l, 1, at[1], p);
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (p.has(j)) sum += kept[p.slot + j] = v[j];
    });
    center = t.reduce<Add<C>>(l, sum, shared) / static_cast<C>(l.n);
    squares = 0;
    t.pieces(l, 0, n, [&](const Piece& p) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        const C d = kept[p.slot + j] - center;
        squares += d * d;
      }
    });
    squares = t.reduce<Add<C>>(l, squares, shared);
  } else {
    Moments<C> m = AddMoments<C>::identity();
    t.pieces(l, 0, n, [&](const Piece& p) {
      C v[4];
      load_piece(v, l, 1, at[1], p);
      m.add(v, p.count());
    });
    m = t.reduce<AddMoments<C>>(l, m, shared);
    center = m.mean;
    squares = m.squares;
  }
  const C inverse = inverse_root(squares / static_cast<C>(l.n), eps);
  if (t.lane == 0 && n > 0) {
    if (mean) mean.set(line, center);
    if (rstd) rstd.set(line, inverse);
  }
  t.pieces(l, 0, n, [&](const Piece& p) {
    C v[4], w[4], b[4];
    if (!l.cached) load_piece(v, l, 1, at[1], p);
    weight.load_piece(w, l, p, C{1});
    bias.load_piece(b, l, p, C{0});
#pragma unroll
    for (int j = 0; j < 4; j++)
      if (p.has(j)) v[j] = ((l.cached ? kept[p.slot + j] : v[j]) - center) * inverse * w[j] + b[j];
    store_piece(v, l, 0, at[0], p);
  });
}

/**
 * Operands gradInput, g and x. Where `parts` is given, a team takes row after row and sums up what weight and bias get
 * of them in slots: parts[team][0 or 1][column].
 */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    layer_norm_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Vector mean,
                               const __grid_constant__ Vector rstd, const __grid_constant__ Vector weight, C* parts) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept_g(l, shared, 0), kept_x(l, shared, 1), of_weight(l, shared, 2), of_bias(l, shared, 3);
  if (parts) {
    t.pieces(l, 0, l.n, [&](const Piece& p) {
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (p.has(j)) of_weight[p.slot + j] = of_bias[p.slot + j] = C{0};
    });
  }
  const int64_t teams = static_cast<int64_t>(gridDim.x) * l.per_block;
  const int64_t team = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  for (int64_t first = 0; first < l.lines; first += teams) {
    const int64_t line = first + team;
    const int64_t n = line < l.lines ? l.n : 0;
    int64_t at[kLineOperands];
    l.offsets(n > 0 ? line : 0, at);
    const C center = mean.load<C>(n > 0 ? line : 0), inverse = rstd.load<C>(n > 0 ? line : 0);
    Pair<C> sums{C{0}, C{0}};
    t.pieces(l, 0, n, [&](const Piece& p) {
      C g[4], x[4], w[4];
      const bool kept = p.slot < l.slots;
      load_piece(g, l, 1, at[1], p);
      load_piece(x, l, 2, at[2], p);
      weight.load_piece(w, l, p, C{1});
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        const C away = x[j] - center, share = g[j] * w[j];
        if (kept) {
          kept_g[p.slot + j] = share;
          kept_x[p.slot + j] = away;
        }
        if (parts) {
          of_weight[p.slot + j] += g[j] * (away * inverse);
          of_bias[p.slot + j] += g[j];
        }
        sums.a += share;
        sums.b += share * away;
      }
    });
    sums = t.reduce<AddPair<C>>(l, sums, shared);
    const C g_mean = sums.a / static_cast<C>(l.n), k = sums.b * inverse * inverse / static_cast<C>(l.n);
    t.pieces(l, 0, n, [&](const Piece& p) {
      C g[4], x[4], w[4];
      const bool kept = p.slot < l.slots;
      if (!kept) {
        load_piece(g, l, 1, at[1], p);
        load_piece(x, l, 2, at[2], p);
        weight.load_piece(w, l, p, C{1});
      }
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        const C share = kept ? kept_g[p.slot + j] : g[j] * w[j];
        const C away = kept ? kept_x[p.slot + j] : x[j] - center;
        g[j] = (share - g_mean - away * k) * inverse;
      }
      store_piece(g, l, 0, at[0], p);
    });
  }
  if (parts) {
    C* to = parts + team * 2 * l.n;
    t.pieces(l, 0, l.n, [&](const Piece& p) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        to[p.i + j * p.step] = of_weight[p.slot + j];
        to[l.n + p.i + j * p.step] = of_bias[p.slot + j];
      }
    });
  }
}

/** What weight and bias get of the rows from blockIdx.y on; `l` has the operands g and x behind an absent one. */
template <class C>
__global__ void layer_norm_sums_kernel(const __grid_constant__ Lines l, const __grid_constant__ Vector mean,
                                       const __grid_constant__ Vector rstd, C* parts) {
  __shared__ Pair<C> scratch[kColumnRows][kColumns];
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  Pair<C> sums{C{0}, C{0}};
  if (column < l.n) {
    for (int64_t r = static_cast<int64_t>(blockIdx.y) * kColumnRows + threadIdx.y; r < l.lines;
         r += static_cast<int64_t>(gridDim.y) * kColumnRows) {
      int64_t at[kLineOperands];
      l.offsets(r, at);
      const C g = Memory<C>::load(place<C>(l.data[1], at[1] + column * l.step[1], l.dtype[1]), 0, l.dtype[1]);
      const C x = Memory<C>::load(place<C>(l.data[2], at[2] + column * l.step[2], l.dtype[2]), 0, l.dtype[2]);
      sums.a += g * ((x - mean.load<C>(r)) * rstd.load<C>(r));
      sums.b += g;
    }
  }
  scratch[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y != 0 || column >= l.n) return;
  for (unsigned k = 1; k < kColumnRows; k++) sums = AddPair<C>::join(sums, scratch[k][threadIdx.x]);
  C* to = parts + static_cast<int64_t>(blockIdx.y) * 2 * l.n + column;
  to[0] = sums.a;
  to[l.n] = sums.b;
}

/** The sum over parts[count][0 or 1][n]. */
template <class C>
__global__ void layer_norm_join_kernel(const C* parts, int64_t count, int64_t n,
                                       const __grid_constant__ Vector grad_weight,
                                       const __grid_constant__ Vector grad_bias) {
  __shared__ Pair<C> scratch[kColumnRows][kColumns];
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  Pair<C> sums{C{0}, C{0}};
  if (column < n) {
    for (int64_t k = threadIdx.y; k < count; k += kColumnRows) {
      sums.a += parts[k * 2 * n + column];
      sums.b += parts[k * 2 * n + n + column];
    }
  }
  scratch[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y != 0 || column >= n) return;
  for (unsigned k = 1; k < kColumnRows; k++) sums = AddPair<C>::join(sums, scratch[k][threadIdx.x]);
  if (grad_weight) grad_weight.set(column, sums.a);
  if (grad_bias) grad_bias.set(column, sums.b);
}

void expect_rows(const Operand& o, int64_t rows, int64_t cols, DType dtype) {
  Plan::require(o && o.dtype == dtype && o.ndim == 2 && o.sizes[0] == rows && o.sizes[1] == cols &&
                    (o.strides[1] == 1 || cols <= 1),
                "layerNorm: expected [rows, cols] with dense rows");
}
void expect_vector(const Operand& o, int64_t n, bool optional) {
  Plan::require((optional && !o) || (o && o.ndim == 1 && o.sizes[0] == n), "layerNorm: a vector does not match");
}

/** layerNorm: see native/cpu/layer_norm.cc. */
void layer_norm(const Plan& plan) {
  plan.expect(6, 1);
  const Operand &y = plan.operand[0], &x = plan.operand[3];
  Plan::require(x && x.ndim == 2, "layerNorm: expected [rows, cols] with dense rows");
  const int64_t rows = x.sizes[0], n = x.sizes[1];
  for (const int i : {0, 3}) expect_rows(plan.operand[i], rows, n, x.dtype);
  for (const int i : {1, 2}) expect_vector(plan.operand[i], rows, true);
  for (const int i : {4, 5}) expect_vector(plan.operand[i], n, true);
  if (rows == 0) return;
  Lines l = rows_of({&y, &x});
  const bool wide = compute_size(x.dtype) == 8;
  choose_teams(l, 1, compute_size(x.dtype), 3 * compute_size(x.dtype), false);
  const Grid blocks{static_cast<unsigned>(l.blocks())};
  const Vector mean(plan.operand[1]), rstd(plan.operand[2]), weight(plan.operand[4]), bias(plan.operand[5]);
  launch(wide ? layer_norm_kernel<double> : layer_norm_kernel<float>, blocks, {l.threads}, l.shared, l, mean, rstd,
         weight, bias, plan.param[0]);
}

template <class C>
void backward(const Plan& plan) {
  const Operand &out = plan.operand[0], &g = plan.operand[3], &x = plan.operand[4];
  const int64_t rows = x.sizes[0], n = x.sizes[1], processors = limits().processors;
  const Vector grad_weight(plan.operand[1]), grad_bias(plan.operand[2]), weight(plan.operand[5]), mean(plan.operand[6]),
      rstd(plan.operand[7]);
  const bool summed = grad_weight || grad_bias;
  const Operand none;
  Lines l = rows_of({out ? &out : &none, &g, &x});
  std::optional<Temporary> parts;
  int64_t count = 0;
  if (rows > 0 && out) {
    // sums for weight and bias on the way, where there is room
    choose_teams(l, summed ? 4 : 2, sizeof(C), 2 * sizeof(C), false);
    const bool on_the_way = summed && l.cached;
    if (!on_the_way) choose_teams(l, 2, sizeof(C), 2 * sizeof(C), false, true);
    int64_t blocks = l.blocks();
    if (on_the_way) {
      blocks = std::min(ceil_div<int64_t>(rows, l.per_block * kRowsOfTeam), 4 * processors);
      count = blocks * l.per_block;
      parts.emplace(static_cast<size_t>(count * 2 * n) * sizeof(C));
    }
    launch(layer_norm_backward_kernel<C>, {static_cast<unsigned>(blocks)}, {l.threads}, l.shared, l, mean, rstd, weight,
           parts ? parts->as<C>() : nullptr);
  }
  if (!summed || n == 0) return;
  const auto groups = static_cast<unsigned>(ceil_div<int64_t>(n, kColumns));
  if (!parts) {
    count = std::clamp<int64_t>(ceil_div<int64_t>(rows, kColumnRows * kRowsOfTeam), 1,
                                ceil_div<int64_t>(8 * processors, groups));
    parts.emplace(static_cast<size_t>(count * 2 * n) * sizeof(C));
    launch(layer_norm_sums_kernel<C>, {groups, static_cast<unsigned>(count)}, {kColumns, kColumnRows}, 0, l, mean, rstd,
           parts->as<C>());
  }
  launch(layer_norm_join_kernel<C>, {groups}, {kColumns, kColumnRows}, 0, parts->as<C>(), count, n, grad_weight,
         grad_bias);
}

/** layerNormBackward: see native/cpu/layer_norm.cc. */
void layer_norm_backward(const Plan& plan) {
  plan.expect(8, 0);
  const Operand &out = plan.operand[0], &x = plan.operand[4];
  Plan::require(x && x.ndim == 2, "layerNorm: expected [rows, cols] with dense rows");
  const int64_t rows = x.sizes[0], n = x.sizes[1];
  for (const int i : {3, 4}) expect_rows(plan.operand[i], rows, n, x.dtype);
  if (out) expect_rows(out, rows, n, x.dtype);
  for (const int i : {1, 2, 5}) expect_vector(plan.operand[i], n, true);
  for (const int i : {6, 7}) expect_vector(plan.operand[i], rows, false);
  return x.dtype == DType::f64 ? backward<double>(plan) : backward<float>(plan);
}

}  // namespace

void register_layer_norm(KernelTable& table) {
  table.add("layerNorm", layer_norm);
  table.add("layerNormBackward", layer_norm_backward);
}

}  // namespace flambeau::cuda
