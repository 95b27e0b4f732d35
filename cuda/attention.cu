// Scaled dot product attention, forward and backward. Called by dispatch for nn.functional's scaledDotProductAttention.
//
// The matrix of scores is never made: a block of queries goes over the keys tile by tile with a running maximum and sum
// (https://arxiv.org/abs/1805.02867, https://arxiv.org/abs/2205.14135), and backward computes each tile of it again
// from the saved logarithms of the sums: once for blocks of queries, once for blocks of keys, so that no two blocks add
// to one place. Rows that may look at nothing give zeros.
#include <algorithm>
#include <limits>

#include "kernels.h"
#include "loops.cuh"

namespace flambeau::cuda {
namespace {

inline constexpr int kTile = 32;      // queries and keys of a tile
inline constexpr int kDeep = 32;      // of a row's elements that products take at a time
inline constexpr int kWidth = 128;    // columns of results that a block makes
inline constexpr int kThreads = 128;  // 8 groups of 4 rows × 16 columns
inline constexpr int kRows = 4, kCols = 16, kNext = kTile / kCols, kWide = kWidth / kCols;

/** An operand [batch, heads, rows, cols] of any strides. */
struct Stack {
  const void* data = nullptr;
  int64_t batch = 0, head = 0, row = 0, col = 0;
  Stack() = default;
  explicit Stack(const Operand& o) {
    if (!o) return;
    data = device_data<const void>(o);
    batch = o.strides[0], head = o.strides[1], row = o.strides[2], col = o.strides[3];
  }
  template <class T>
  __device__ __forceinline__ const T* at(int64_t b, int64_t h) const {
    return static_cast<const T*>(data) + b * batch + h * head;
  }
};

struct Problem {
  int64_t batch, heads, kv_heads, queries, keys, width, values;
  bool causal, boolean;
  double scale;
  Stack q, k, v, mask;
  __host__ __device__ int64_t group() const { return heads / kv_heads; }
};

template <class C>
struct Shared {
  // both operands of a tile of scores, a step of their elements at a time; or rows that weights are multiplied with
  union {
    C pair[2][kTile][kDeep + 1];
    C rows[kTile][kWidth];
  };
  C weight[kTile][kTile + 1];  // [other][own]
};

__device__ __forceinline__ int own_row(int i) { return static_cast<int>(threadIdx.x) / kCols * kRows + i; }
__device__ __forceinline__ int column(int j) { return static_cast<int>(threadIdx.x) % kCols + j * kCols; }

/** dot[i][j] = own row i · other row j, for `owns` and `others` rows from the given ones on. */
template <class C>
__device__ void dot_tile(Shared<C>& s, const C* own, const Stack& own_at, int64_t owns, const C* other,
                         const Stack& other_at, int64_t others, int64_t width, C (&dot)[kRows][kNext]) {
#pragma unroll
  for (int i = 0; i < kRows; i++)
#pragma unroll
    for (int j = 0; j < kNext; j++) dot[i][j] = 0;
  for (int64_t e0 = 0; e0 < width; e0 += kDeep) {
    __syncthreads();
#pragma unroll 2  // more in flight would take registers that double has not
    for (int t = static_cast<int>(threadIdx.x); t < kTile * kDeep; t += kThreads) {
      const int r = t / kDeep, e = t % kDeep;
      const bool inside = e0 + e < width;
      s.pair[0][r][e] = inside && r < owns ? own[r * own_at.row + (e0 + e) * own_at.col] : C{0};
      s.pair[1][r][e] = inside && r < others ? other[r * other_at.row + (e0 + e) * other_at.col] : C{0};
    }
    __syncthreads();
    const int deep = static_cast<int>(min(static_cast<int64_t>(kDeep), width - e0));
#pragma unroll 4
    for (int e = 0; e < deep; e++) {
      C b[kNext];
#pragma unroll
      for (int j = 0; j < kNext; j++) b[j] = s.pair[1][column(j)][e];
#pragma unroll
      for (int i = 0; i < kRows; i++) {
        const C a = s.pair[0][own_row(i)][e];
#pragma unroll
        for (int j = 0; j < kNext; j++) dot[i][j] += a * b[j];
      }
    }
  }
}

/** sums[i][·] += Σ over others of weight[other][i] · row `other` of x, columns [0, width) of at most kWidth. */
template <class C>
__device__ void add_rows(Shared<C>& s, const C* x, const Stack& at, int64_t others, int width,
                         C (&sums)[kRows][kWide]) {
  __syncthreads();  // the weights are there, and scores have been made of what `rows` replaces
#pragma unroll 4
  for (int t = static_cast<int>(threadIdx.x); t < kTile * kWidth; t += kThreads) {
    const int r = t / kWidth, c = t % kWidth;
    if (c < width && r < others) s.rows[r][c] = x[r * at.row + c * at.col];
  }
  __syncthreads();
#pragma unroll 1
  for (int o = 0; o < others; o++) {
    C w[kRows];
#pragma unroll
    for (int i = 0; i < kRows; i++) w[i] = s.weight[o][own_row(i)];
#pragma unroll
    for (int j = 0; j < kWide; j++) {
      if (j * kCols >= width) break;
      const int c = column(j);
      const C v = c < width ? s.rows[o][c] : C{0};
#pragma unroll
      for (int i = 0; i < kRows; i++) sums[i][j] += w[i] * v;
    }
  }
  __syncthreads();  // the weights are free again
}

/** e^x for x <= 0, and zero where that is no normal number, as on the CPU. */
template <class C>
__device__ __forceinline__ C weight_of(C x) {
  constexpr C kLeast = sizeof(C) == 4 ? C(-87) : C(-708);
  return x < kLeast ? C{0} : exp(x);
}

/** The score of query i and key j of head h: minus infinity where it is hidden. */
template <class C>
__device__ __forceinline__ C score(const Problem& p, int64_t b, int64_t h, int64_t i, int64_t j, C dot) {
  constexpr C kNever = -std::numeric_limits<C>::infinity();
  if (i >= p.queries || j >= p.keys || (p.causal && j > i)) return kNever;
  C s = dot * static_cast<C>(p.scale);
  if (p.mask.data) {
    const int64_t at = b * p.mask.batch + h * p.mask.head + i * p.mask.row + j * p.mask.col;
    if (p.boolean)
      s = static_cast<const uint8_t*>(p.mask.data)[at] != 0 ? s : kNever;
    else
      s += static_cast<const C*>(p.mask.data)[at];
  }
  return s;
}

/** Which block this is: a tile of rows of a head of a batch, and a part of the columns of the results. */
struct Place {
  int64_t b, h, row, col;
  __device__ Place(int64_t tiles, int64_t heads, int64_t parts) {
    int64_t i = blockIdx.x;
    col = i % parts * kWidth;
    i /= parts;
    row = i % tiles * kTile;
    i /= tiles;
    h = i % heads;
    b = i / heads;
  }
};

template <class C>
__global__ void __launch_bounds__(kThreads)
    forward_kernel(const __grid_constant__ Problem p, const __grid_constant__ Stack out, C* lse, int64_t parts) {
  __shared__ Shared<C> s;
  constexpr C kNever = -std::numeric_limits<C>::infinity();
  const Place at(ceil_div<int64_t>(p.queries, kTile), p.heads, parts);
  const int64_t kv = at.h / p.group(), owns = min(p.queries - at.row, static_cast<int64_t>(kTile));
  const int width = static_cast<int>(min(p.values - at.col, static_cast<int64_t>(kWidth)));
  const C* const q = p.q.at<C>(at.b, at.h) + at.row * p.q.row;
  C sums[kRows][kWide] = {}, top[kRows], total[kRows] = {};
#pragma unroll
  for (int i = 0; i < kRows; i++) top[i] = kNever;
  const int64_t visible = p.causal ? min(p.keys, at.row + kTile) : p.keys;
  for (int64_t j0 = 0; j0 < visible; j0 += kTile) {
    const int64_t others = min(p.keys - j0, static_cast<int64_t>(kTile));
    C dot[kRows][kNext];
    dot_tile<C>(s, q, p.q, owns, p.k.at<C>(at.b, kv) + j0 * p.k.row, p.k, others, p.width, dot);
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      C most = top[i];
#pragma unroll
      for (int j = 0; j < kNext; j++) {
        dot[i][j] = score(p, at.b, at.h, at.row + own_row(i), j0 + column(j), dot[i][j]);
        most = most > dot[i][j] ? most : dot[i][j];
      }
#pragma unroll
      for (int o = kCols / 2; o > 0; o /= 2) {
        const C other = __shfl_xor_sync(0xffffffffu, most, o);
        most = most > other ? most : other;
      }
      const C from = most == kNever ? C{0} : most;  // nothing seen yet: zeros, or NaN
      const C fix = weight_of(top[i] - from);
      top[i] = most;
      C sum = 0;
#pragma unroll
      for (int j = 0; j < kNext; j++) {
        const C w = weight_of(dot[i][j] - from);
        s.weight[column(j)][own_row(i)] = w;
        sum += w;
      }
#pragma unroll
      for (int o = kCols / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
      total[i] = total[i] * fix + sum;
#pragma unroll
      for (int j = 0; j < kWide; j++) sums[i][j] *= fix;
    }
    add_rows<C>(s, p.v.at<C>(at.b, kv) + j0 * p.v.row + at.col * p.v.col, p.v, others, width, sums);
  }
#pragma unroll
  for (int i = 0; i < kRows; i++) {
    const int64_t row = at.row + own_row(i);
    if (row >= p.queries) continue;
    C* const to = const_cast<C*>(out.at<C>(at.b, at.h)) + row * out.row;
    const C by = total[i] == 0 ? C{0} : C{1} / total[i];
#pragma unroll
    for (int j = 0; j < kWide; j++)
      if (column(j) < width) to[(at.col + column(j)) * out.col] = by == 0 ? C{0} : sums[i][j] * by;
    if (lse && at.col == 0 && column(0) == 0)
      lse[(at.b * p.heads + at.h) * p.queries + row] =
          total[i] == 0 ? std::numeric_limits<C>::infinity() : top[i] + log(total[i]);
  }
}

/** What backward reads beside the problem; which gradient a launch makes. */
enum Wanted { kOfQueries, kOfKeys, kOfValues };
struct Gradients {
  Stack g, out;
  const void *lse, *dots;
  Wanted wanted;
};

/** Per query, the product of the result and its gradient. */
template <class C>
__global__ void dots_kernel(const __grid_constant__ Problem p, const __grid_constant__ Stack g,
                            const __grid_constant__ Stack y, C* dots) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool there = row < p.batch * p.heads * p.queries;
  const int64_t i = row % p.queries, stack = row / p.queries, h = stack % p.heads, b = stack / p.heads;
  C sum = 0;
  for (int64_t c = threadIdx.x; there && c < p.values; c += kWarp)
    sum += g.at<C>(b, h)[i * g.row + c * g.col] * y.at<C>(b, h)[i * y.row + c * y.col];
#pragma unroll
  for (int o = kWarp / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
  if (there && threadIdx.x == 0) dots[row] = sum;
}

template <class C>
__global__ void __launch_bounds__(kThreads, 2)
    backward_kernel(const __grid_constant__ Problem p, const __grid_constant__ Gradients d, int64_t parts) {
  __shared__ Shared<C> s;
  const bool queries = d.wanted == kOfQueries;  // the block's own rows are queries; else keys
  const int64_t rows = queries ? p.queries : p.keys, heads = queries ? p.heads : p.kv_heads;
  const Place at(ceil_div<int64_t>(rows, kTile), heads, parts);
  const int64_t owns = min(rows - at.row, static_cast<int64_t>(kTile));
  const int64_t columns = d.wanted == kOfValues ? p.values : p.width;
  const int width = static_cast<int>(min(columns - at.col, static_cast<int64_t>(kWidth)));
  C sums[kRows][kWide] = {};
  // a block of queries sees one head, and keys up to its last; one of keys all heads of its group, and later queries
  const int64_t first = queries ? at.h : at.h * p.group(), last = queries ? at.h + 1 : first + p.group();
  const int64_t begin = !queries && p.causal ? at.row / kTile * kTile : 0;
  const int64_t end = queries ? (p.causal ? min(p.keys, at.row + kTile) : p.keys) : p.queries;
  for (int64_t h = first; h < last; h++) {
    const int64_t kv = h / p.group();
    const C *const q = p.q.at<C>(at.b, h), *const k = p.k.at<C>(at.b, kv), *const v = p.v.at<C>(at.b, kv);
    const C* const g = d.g.at<C>(at.b, h);
    const C *const lse = static_cast<const C*>(d.lse) + (at.b * p.heads + h) * p.queries, *const dots =
                                                                                              static_cast<const C*>(
                                                                                                  d.dots) +
                                                                                              (at.b * p.heads + h) *
                                                                                                  p.queries;
    for (int64_t o0 = begin; o0 < end; o0 += kTile) {
      const int64_t others = min((queries ? p.keys : p.queries) - o0, static_cast<int64_t>(kTile));
      C w[kRows][kNext];
      if (queries)
        dot_tile<C>(s, q + at.row * p.q.row, p.q, owns, k + o0 * p.k.row, p.k, others, p.width, w);
      else
        dot_tile<C>(s, k + at.row * p.k.row, p.k, owns, q + o0 * p.q.row, p.q, others, p.width, w);
#pragma unroll
      for (int i = 0; i < kRows; i++) {
#pragma unroll
        for (int j = 0; j < kNext; j++) {
          const int64_t own = at.row + own_row(i), other = o0 + column(j);
          const int64_t query = queries ? own : other, key = queries ? other : own;
          const C x = score(p, at.b, h, query, key, w[i][j]);
          w[i][j] = query < p.queries ? weight_of(x - lse[query]) : C{0};
        }
      }
      if (d.wanted != kOfValues) {
        C dw[kRows][kNext];
        if (queries)
          dot_tile<C>(s, g + at.row * d.g.row, d.g, owns, v + o0 * p.v.row, p.v, others, p.values, dw);
        else
          dot_tile<C>(s, v + at.row * p.v.row, p.v, owns, g + o0 * d.g.row, d.g, others, p.values, dw);
#pragma unroll
        for (int i = 0; i < kRows; i++) {
#pragma unroll
          for (int j = 0; j < kNext; j++) {
            const int64_t query = queries ? at.row + own_row(i) : o0 + column(j);
            w[i][j] = query < p.queries ? w[i][j] * (dw[i][j] - dots[query]) : C{0};
          }
        }
      }
#pragma unroll
      for (int i = 0; i < kRows; i++)
#pragma unroll
        for (int j = 0; j < kNext; j++) s.weight[column(j)][own_row(i)] = w[i][j];
      const C* const x = queries ? k : d.wanted == kOfKeys ? q : g;
      const Stack& x_at = queries ? p.k : d.wanted == kOfKeys ? p.q : d.g;
      add_rows<C>(s, x + o0 * x_at.row + at.col * x_at.col, x_at, others, width, sums);
    }
  }
  const C by = d.wanted == kOfValues ? C{1} : static_cast<C>(p.scale);
#pragma unroll
  for (int i = 0; i < kRows; i++) {
    if (own_row(i) >= owns) continue;
    C* const to = const_cast<C*>(d.out.at<C>(at.b, at.h)) + (at.row + own_row(i)) * d.out.row;
#pragma unroll
    for (int j = 0; j < kWide; j++)
      if (column(j) < width) to[(at.col + column(j)) * d.out.col] = sums[i][j] * by;
  }
}

// ---- plans

void expect_stack(const Operand& o, int64_t batch, int64_t heads, int64_t rows, int64_t cols, DType dtype) {
  Plan::require(o && o.dtype == dtype && o.ndim == 4 && o.sizes[0] == batch && o.sizes[1] == heads &&
                    o.sizes[2] == rows && o.sizes[3] == cols,
                "attention: an operand does not match");
}

/** q, k, v and the mask, from operand `first` on; params causal, scale. */
Problem read_problem(const Plan& plan, int first) {
  const Operand &q = plan.operand[first], &k = plan.operand[first + 1], &v = plan.operand[first + 2],
                &mask = plan.operand[first + 3];
  Plan::require(q && k && v && q.ndim == 4 && k.ndim == 4 && v.ndim == 4, "attention: expected four dims");
  Plan::require(q.dtype == DType::f32 || q.dtype == DType::f64, "attention: expected float32 or float64");
  Problem p{};
  p.batch = q.sizes[0], p.heads = q.sizes[1], p.queries = q.sizes[2], p.width = q.sizes[3];
  p.kv_heads = k.sizes[1], p.keys = k.sizes[2], p.values = v.sizes[3];
  Plan::require(p.kv_heads > 0 && p.heads % p.kv_heads == 0, "attention: heads do not divide");
  expect_stack(k, p.batch, p.kv_heads, p.keys, p.width, q.dtype);
  expect_stack(v, p.batch, p.kv_heads, p.keys, p.values, q.dtype);
  p.q = Stack(q), p.k = Stack(k), p.v = Stack(v);
  if (mask) {
    p.boolean = mask.dtype == DType::b8;
    expect_stack(mask, p.batch, p.heads, p.queries, p.keys, p.boolean ? mask.dtype : q.dtype);
    p.mask = Stack(mask);
  }
  p.causal = plan.flag(0);
  p.scale = plan.param[1];
  return p;
}

Grid blocks_for(const Problem& p, int64_t rows, int64_t heads, int64_t parts) {
  const int64_t blocks = p.batch * heads * ceil_div<int64_t>(rows, kTile) * parts;
  Plan::require(blocks < int64_t{1} << 31, "attention: too large for a GPU");
  return {static_cast<unsigned>(blocks)};
}
template <class F>
void visit_full(DType d, F&& f) {
  if (d == DType::f64)
    f(double{});
  else
    f(float{});
}

/**
 * attention (structured): out y [B, H, L, V], out lse [B, H, L] dense?, in q [B, H, L, E], k [B, G, S, E], v [B, G, S,
 * V] (H a multiple of G), mask [B, H, L, S]? of bool or added; one dtype, any strides; params causal, scale.
 */
void attention(const Plan& plan) {
  plan.expect(6, 2);
  const Operand &out = plan.operand[0], &lse = plan.operand[1];
  const Problem p = read_problem(plan, 2);
  expect_stack(out, p.batch, p.heads, p.queries, p.values, plan.operand[2].dtype);
  Plan::require(!lse || (lse.dtype == out.dtype && lse.numel() == p.batch * p.heads * p.queries && lse.contiguous()),
                "attention: lse does not match");
  const int64_t parts = std::max<int64_t>(1, ceil_div<int64_t>(p.values, kWidth));
  visit_full(out.dtype, [&]<class C>(C) {
    launch(forward_kernel<C>, blocks_for(p, p.queries, p.heads, parts), {kThreads}, 0, p, Stack(out),
           device_data<C>(lse), parts);
  });
}

/**
 * attentionBackward (structured): out gradients of q, k, v (each may be absent), in g and y [B, H, L, V], lse [B, H, L]
 * dense, then q, k, v, mask? and params as for attention.
 */
void attention_backward(const Plan& plan) {
  plan.expect(10, 2);
  const Operand &g = plan.operand[3], &y = plan.operand[4], &lse = plan.operand[5], &q = plan.operand[6];
  const Problem p = read_problem(plan, 6);
  if (plan.operand[0]) expect_stack(plan.operand[0], p.batch, p.heads, p.queries, p.width, q.dtype);
  if (plan.operand[1]) expect_stack(plan.operand[1], p.batch, p.kv_heads, p.keys, p.width, q.dtype);
  if (plan.operand[2]) expect_stack(plan.operand[2], p.batch, p.kv_heads, p.keys, p.values, q.dtype);
  for (const Operand* o : {&g, &y}) expect_stack(*o, p.batch, p.heads, p.queries, p.values, q.dtype);
  const int64_t rows = p.batch * p.heads * p.queries;
  Plan::require(lse && lse.dtype == q.dtype && lse.numel() == rows && lse.contiguous(),
                "attention: lse does not match");
  Plan::require(rows < int64_t{1} << 31, "attention: too large for a GPU");
  const Temporary dots(static_cast<size_t>(std::max<int64_t>(1, rows)) * item_size(q.dtype));
  visit_full(q.dtype, [&]<class C>(C) {
    if (plan.operand[0] || plan.operand[1])
      launch(dots_kernel<C>, {static_cast<unsigned>(ceil_div<int64_t>(rows, 4))}, {kWarp, 4}, 0, p, Stack(g), Stack(y),
             dots.as<C>());
    for (const Wanted wanted : {kOfQueries, kOfKeys, kOfValues}) {
      const Operand& out = plan.operand[wanted];
      if (!out) continue;
      const Gradients d{Stack(g), Stack(out), device_data<const void>(lse), dots.as<const void>(), wanted};
      const int64_t parts = ceil_div<int64_t>(wanted == kOfValues ? p.values : p.width, kWidth);
      const bool queries = wanted == kOfQueries;
      launch(backward_kernel<C>, blocks_for(p, queries ? p.queries : p.keys, queries ? p.heads : p.kv_heads, parts),
             {kThreads}, 0, p, d, parts);
    }
  });
}

}  // namespace

void register_attention(KernelTable& table) {
  table.add("attention", attention);
  table.add("attentionBackward", attention_backward);
}

}  // namespace flambeau::cuda
