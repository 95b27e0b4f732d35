// Scaled dot product attention, forward and backward. Called by dispatch for nn.functional's scaledDotProductAttention.
//
// The matrix of scores is never made: a tile of queries goes over the keys tile by tile with a running maximum and sum
// (https://arxiv.org/abs/1805.02867, https://arxiv.org/abs/2205.14135), and backward computes each tile of it again
// from the saved logarithms of the sums. Tiles that a causal mask hides are skipped. Rows that may look at nothing give
// zeros.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"
#include "gemm.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kQueries = 64;  // rows of a tile
constexpr int64_t kKeys = 128;    // columns of a tile: 64 x 128 floats are the first-level cache
/** Multiplications that a task should at least hold. */
constexpr int64_t kTaskWork = 1 << 17;

/** An operand [batch, heads, rows, cols] of any strides. */
template <class T>
struct Stack {
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 0, col = 0;
  Stack() = default;
  explicit Stack(const Operand& o) {
    if (!o) return;
    data = o.as<T>();
    batch = o.strides[0], head = o.strides[1], row = o.strides[2], col = o.strides[3];
  }
  explicit operator bool() const { return data != nullptr; }
  T* at(int64_t b, int64_t h, int64_t i) const { return data + b * batch + h * head + i * row; }
};

/** What both directions share. */
template <class T>
struct Problem {
  int64_t batch = 0, heads = 0, kv_heads = 0, queries = 0, keys = 0, width = 0, values = 0;
  bool causal = false;
  T scale = 1;
  Stack<T> q, k, v, mask;
  Stack<Bool> allowed;

  int64_t group() const { return heads / kv_heads; }
  /** Keys that queries before `end` may look at. */
  int64_t visible(int64_t end) const { return causal ? std::min(keys, end) : keys; }
};

void expect_stack(const Operand& o, int64_t batch, int64_t heads, int64_t rows, int64_t cols, DType dtype) {
  Plan::require(o && o.dtype == dtype && o.ndim == 4 && o.sizes[0] == batch && o.sizes[1] == heads &&
                    o.sizes[2] == rows && o.sizes[3] == cols,
                "attention: an operand does not match");
}

/** q, k, v and the mask, from operand `first` on; params causal, scale. */
template <class T>
Problem<T> read_problem(const Plan& plan, int first) {
  const Operand &q = plan.operand[first], &k = plan.operand[first + 1], &v = plan.operand[first + 2],
                &mask = plan.operand[first + 3];
  Plan::require(q && k && v && q.ndim == 4 && k.ndim == 4 && v.ndim == 4, "attention: expected four dims");
  Problem<T> p;
  p.batch = q.sizes[0], p.heads = q.sizes[1], p.queries = q.sizes[2], p.width = q.sizes[3];
  p.kv_heads = k.sizes[1], p.keys = k.sizes[2], p.values = v.sizes[3];
  Plan::require(p.kv_heads > 0 && p.heads % p.kv_heads == 0, "attention: heads do not divide");
  expect_stack(k, p.batch, p.kv_heads, p.keys, p.width, q.dtype);
  expect_stack(v, p.batch, p.kv_heads, p.keys, p.values, q.dtype);
  p.q = Stack<T>(q), p.k = Stack<T>(k), p.v = Stack<T>(v);
  if (mask) {
    const bool boolean = mask.dtype == DType::b8;
    expect_stack(mask, p.batch, p.heads, p.queries, p.keys, boolean ? mask.dtype : q.dtype);
    if (boolean)
      p.allowed = Stack<Bool>(mask);
    else
      p.mask = Stack<T>(mask);
  }
  p.causal = plan.flag(0);
  p.scale = static_cast<T>(plan.param[1]);
  return p;
}

/** Queries [i, i + m) of head h of batch b, and keys [j, j + n). */
struct Tile {
  int64_t b, h, i, m, j, n;
};

/** C = alpha A B + beta C in plain strides. */
template <class T>
void multiply(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row,
              int64_t b_col, T* c, int64_t c_row, int64_t c_col, T alpha, bool add) {
  Gemm<T> g;
  g.m = m, g.n = n, g.k = k;
  g.a = a, g.a_row = a_row, g.a_col = a_col;
  g.b = b, g.b_row = b_row, g.b_col = b_col;
  g.c = c, g.c_row = c_row, g.c_col = c_col;
  g.alpha = alpha, g.beta = add ? T{1} : T{0};
  gemm(g);
}

/**
 * The scores of a tile, that of query i and key j at s[i * row + j * col]: minus infinity where the mask hides the key.
 * What is causal is left to the caller.
 */
template <class T>
void score_tile(const Problem<T>& p, const Tile& t, T* s, int64_t row, int64_t col) {
  constexpr T kNever = -std::numeric_limits<T>::infinity();
  multiply<T>(t.m, t.n, p.width, p.q.at(t.b, t.h, t.i), p.q.row, p.q.col, p.k.at(t.b, t.h / p.group(), t.j), p.k.col,
              p.k.row, s, row, col, p.scale, false);
  if (p.mask) {
    const T* add = p.mask.at(t.b, t.h, t.i) + t.j * p.mask.col;
    for (int64_t i = 0; i < t.m; i++) {
      for (int64_t j = 0; j < t.n; j++) s[i * row + j * col] += add[i * p.mask.row + j * p.mask.col];
    }
  } else if (p.allowed) {
    const Bool* look = p.allowed.at(t.b, t.h, t.i) + t.j * p.allowed.col;
    for (int64_t i = 0; i < t.m; i++) {
      for (int64_t j = 0; j < t.n; j++) {
        if (!look[i * p.allowed.row + j * p.allowed.col]) s[i * row + j * col] = kNever;
      }
    }
  }
}

/** e^x for x <= 0, and zero where that is no normal number: computing with those takes a hundred times as long. */
template <class T>
FB_INLINE T weight_of(T x) {
  constexpr T kLeast = sizeof(T) == 4 ? T(-87) : T(-708);
  const T y = vm::exp(x < kLeast ? kLeast : x);
  return x < kLeast ? T{0} : y;
}

/** What a thread needs for a tile. */
template <class T>
struct Space {
  Scratch<T> s{kQueries * kKeys}, d{kQueries * kKeys}, top{kQueries}, from{kQueries}, fix{kQueries}, sum{kQueries}, acc;
  explicit Space(int64_t values) : acc(kQueries * values) {}
};

/**
 * Scores to weights, relative to the largest so far of each query; `sum` grows by them, and `fix` is what earlier sums
 * and results are to be multiplied with. Keys are rows here, so that all loops run over queries.
 */
template <class T>
void weigh(const Problem<T>& p, const Tile& t, const Space<T>& space) {
  constexpr T kNever = -std::numeric_limits<T>::infinity();
  T *FB_RESTRICT s = space.s.get(), *FB_RESTRICT top = space.top.get(), *FB_RESTRICT from = space.from.get();
  T *FB_RESTRICT fix = space.fix.get(), *FB_RESTRICT sum = space.sum.get();
  // the first query that looks at key j
  const auto first = [&](int64_t j) { return p.causal ? std::clamp<int64_t>(t.j + j - t.i, 0, t.m) : 0; };
  for (int64_t i = 0; i < t.m; i++) fix[i] = top[i];
  for (int64_t j = 0; j < t.n; j++) {
    const T* row = s + j * kQueries;
    for (int64_t i = first(j); i < t.m; i++) top[i] = top[i] > row[i] ? top[i] : row[i];
  }
  for (int64_t i = 0; i < t.m; i++) {
    from[i] = top[i] == kNever ? T{0} : top[i];  // nothing seen yet: zeros, or NaN
    fix[i] = weight_of(fix[i] - from[i]);
    sum[i] *= fix[i];
  }
  for (int64_t j = 0; j < t.n; j++) {
    T* row = s + j * kQueries;
    const int64_t begin = first(j);
    std::fill(row, row + begin, T{0});
#pragma omp simd
    for (int64_t i = begin; i < t.m; i++) {
      row[i] = weight_of(row[i] - from[i]);
      sum[i] += row[i];
    }
  }
}

/** Queries [i0, i0 + m) over all keys. */
template <class T>
void forward_tile(const Problem<T>& p, int64_t b, int64_t h, int64_t i0, int64_t m, const Stack<T>& out, T* lse,
                  const Space<T>& space) {
  constexpr T kNever = -std::numeric_limits<T>::infinity();
  T *s = space.s.get(), *acc = space.acc.get(), *top = space.top.get(), *sum = space.sum.get();
  for (int64_t i = 0; i < m; i++) top[i] = kNever, sum[i] = 0;
  const int64_t visible = p.visible(i0 + m);
  for (int64_t j = 0; j < visible; j += kKeys) {
    const Tile t{b, h, i0, m, j, std::min(kKeys, visible - j)};
    score_tile(p, t, s, 1, kQueries);
    weigh(p, t, space);
    if (j > 0) {
      for (int64_t i = 0; i < m; i++) {
        for (int64_t c = 0; c < p.values; c++) acc[i * p.values + c] *= space.fix[i];
      }
    }
    multiply<T>(m, p.values, t.n, s, 1, kQueries, p.v.at(b, h / p.group(), j), p.v.row, p.v.col, acc, p.values, 1, T{1},
                j > 0);
  }
  for (int64_t i = 0; i < m; i++) {
    T* row = out.at(b, h, i0 + i);
    const T by = sum[i] == 0 ? T{0} : T{1} / sum[i];
    for (int64_t c = 0; c < p.values; c++) row[c * out.col] = by == 0 ? T{0} : acc[i * p.values + c] * by;
    if (lse) lse[i] = sum[i] == 0 ? std::numeric_limits<T>::infinity() : top[i] + std::log(sum[i]);
  }
}

/** Tasks of about this many multiplications each. */
template <class F>
void over_tasks(int64_t tasks, double work, F&& f) {
  parallel_for(tasks, static_cast<int64_t>(static_cast<double>(kTaskWork) / std::max(work, 1.0)) + 1, f);
}

template <class F>
void visit_full(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(TypeTag<float>{});
  Plan::require(dtype == DType::f64, "attention: expected float32 or float64");
  f(TypeTag<double>{});
}

/**
 * attention (structured): out y [B, H, L, V], out lse [B, H, L] dense?, in q [B, H, L, E], k [B, G, S, E], v [B, G, S,
 * V] (H a multiple of G), mask [B, H, L, S]? of bool or added; one dtype, any strides; params causal, scale.
 */
void attention(const Plan& plan) {
  plan.expect(6, 2);
  const Operand &out = plan.operand[0], &lse = plan.operand[1];
  visit_full(plan.operand[2].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Problem<T> p = read_problem<T>(plan, 2);
    expect_stack(out, p.batch, p.heads, p.queries, p.values, plan.operand[2].dtype);
    Plan::require(!lse || (lse.dtype == out.dtype && lse.numel() == p.batch * p.heads * p.queries && lse.contiguous()),
                  "attention: lse does not match");
    const Stack<T> y(out);
    const int64_t tiles = (p.queries + kQueries - 1) / kQueries;
    const double work = static_cast<double>(std::min(kQueries, p.queries)) * static_cast<double>(p.keys) *
                        static_cast<double>(p.width + p.values);
    over_tasks(p.batch * p.heads * tiles, work, [&](int64_t begin, int64_t end) {
      const Space<T> space(p.values);
      for (int64_t task = begin; task < end; task++) {
        const int64_t stack = task / tiles, i = task % tiles * kQueries;
        forward_tile(p, stack / p.heads, stack % p.heads, i, std::min(kQueries, p.queries - i), y,
                     lse ? lse.as<T>() + stack * p.queries + i : nullptr, space);
      }
    });
  });
}

/** The gradients, and what they are computed from. */
template <class T>
struct Gradients {
  Stack<T> q, k, v, g, y;
  const T* lse = nullptr;
  T* dots = nullptr;  // per query, the product of y and its gradient
};

/** Part of the work: keys [j, j_end) with the queries [i, i_end) of heads [h, h_end), which share a head of keys. */
struct Part {
  int64_t b, h, h_end, i, i_end, j, j_end;
  bool to_q, to_kv;
};

template <class T>
void zero_rows(const Stack<T>& x, int64_t b, int64_t h, int64_t i, int64_t m, int64_t cols) {
  for (int64_t r = i; r < i + m; r++) {
    T* row = x.at(b, h, r);
    for (int64_t c = 0; c < cols; c++) row[c * x.col] = 0;
  }
}

/** One tile of scores, and what it adds to the gradients; `first` if nothing was added to those of the keys yet. */
template <class T>
void backward_tile(const Problem<T>& p, const Gradients<T>& d, const Tile& t, bool to_q, bool to_kv, bool first,
                   const Space<T>& space) {
  T *s = space.s.get(), *ds = space.d.get();
  const int64_t kv = t.h / p.group(), at = (t.b * p.heads + t.h) * p.queries + t.i;
  score_tile(p, t, s, kKeys, 1);
  for (int64_t i = 0; i < t.m; i++) {
    T* row = s + i * kKeys;
    const T from = d.lse[at + i];
    const int64_t looks = p.causal ? std::clamp<int64_t>(t.i + i + 1 - t.j, 0, t.n) : t.n;
#pragma omp simd
    for (int64_t j = 0; j < looks; j++) row[j] = weight_of(row[j] - from);
    std::fill(row + looks, row + t.n, T{0});
  }
  const T* g = d.g.at(t.b, t.h, t.i);
  if (to_kv && d.v) {
    multiply<T>(t.n, p.values, t.m, s, 1, kKeys, g, d.g.row, d.g.col, d.v.at(t.b, kv, t.j), d.v.row, d.v.col, T{1},
                !first);
  }
  if (!(to_q && d.q) && !(to_kv && d.k)) return;
  multiply<T>(t.m, t.n, p.values, g, d.g.row, d.g.col, p.v.at(t.b, kv, t.j), p.v.col, p.v.row, ds, kKeys, 1, T{1},
              false);
  for (int64_t i = 0; i < t.m; i++) {
    T* to = ds + i * kKeys;
    const T *row = s + i * kKeys, dot = d.dots[at + i];
    for (int64_t j = 0; j < t.n; j++) to[j] = row[j] * (to[j] - dot);
  }
  if (to_kv && d.k) {
    multiply<T>(t.n, p.width, t.m, ds, 1, kKeys, p.q.at(t.b, t.h, t.i), p.q.row, p.q.col, d.k.at(t.b, kv, t.j), d.k.row,
                d.k.col, p.scale, !first);
  }
  if (to_q && d.q) {
    multiply<T>(t.m, p.width, t.n, ds, kKeys, 1, p.k.at(t.b, kv, t.j), p.k.row, p.k.col, d.q.at(t.b, t.h, t.i), d.q.row,
                d.q.col, p.scale, t.j > 0);
  }
}

template <class T>
void backward_part(const Problem<T>& p, const Gradients<T>& d, const Part& part, const Space<T>& space) {
  for (int64_t j = part.j; j < part.j_end; j += kKeys) {
    const int64_t n = std::min(kKeys, part.j_end - j), kv = part.h / p.group();
    bool first = true;
    for (int64_t h = part.h; h < part.h_end; h++) {
      for (int64_t i = part.i; i < part.i_end; i += kQueries) {
        const int64_t m = std::min(kQueries, part.i_end - i);
        if (p.causal && j >= i + m) continue;
        backward_tile(p, d, {part.b, h, i, m, j, n}, part.to_q, part.to_kv, first, space);
        first = false;
      }
    }
    if (first && part.to_kv && d.k) zero_rows(d.k, part.b, kv, j, n, p.width);
    if (first && part.to_kv && d.v) zero_rows(d.v, part.b, kv, j, n, p.values);
  }
}

/** One pass where there are heads enough for the threads; else the keys' gradients, then the queries', tile by tile. */
template <class T>
void backward(const Problem<T>& p, const Gradients<T>& d) {
  const int64_t groups = p.batch * p.kv_heads, group = p.group();
  const int64_t key_tiles = (p.keys + kKeys - 1) / kKeys, query_tiles = (p.queries + kQueries - 1) / kQueries;
  const double work =
      2.5 * static_cast<double>(p.queries) * static_cast<double>(p.keys) * static_cast<double>(p.width + p.values);
  over_tasks(p.batch * p.heads, static_cast<double>(p.queries * p.values), [&](int64_t begin, int64_t end) {
    for (int64_t stack = begin; stack < end; stack++) {
      for (int64_t i = 0; i < p.queries; i++) {
        const T *g = d.g.at(stack / p.heads, stack % p.heads, i), *y = d.y.at(stack / p.heads, stack % p.heads, i);
        const int64_t gs = d.g.col, ys = d.y.col;
        d.dots[stack * p.queries + i] = lane_sum<T>(p.values, [=](int64_t c) FB_FLAT { return g[c * gs] * y[c * ys]; });
      }
    }
  });
  if (groups >= 2 * num_threads() || key_tiles + query_tiles <= 2) {
    over_tasks(groups, work * static_cast<double>(group), [&](int64_t begin, int64_t end) {
      const Space<T> space(0);
      for (int64_t t = begin; t < end; t++) {
        const int64_t h = t % p.kv_heads * group;
        backward_part(p, d, {t / p.kv_heads, h, h + group, 0, p.queries, 0, p.keys, true, true}, space);
      }
    });
    return;
  }
  if (d.k || d.v) {
    over_tasks(groups * key_tiles, work * static_cast<double>(group) / static_cast<double>(key_tiles),
               [&](int64_t begin, int64_t end) {
                 const Space<T> space(0);
                 for (int64_t t = begin; t < end; t++) {
                   const int64_t stack = t / key_tiles, j = t % key_tiles * kKeys, h = stack % p.kv_heads * group;
                   backward_part(
                       p, d,
                       {stack / p.kv_heads, h, h + group, 0, p.queries, j, std::min(p.keys, j + kKeys), false, true},
                       space);
                 }
               });
  }
  if (d.q) {
    over_tasks(
        p.batch * p.heads * query_tiles, work / static_cast<double>(query_tiles), [&](int64_t begin, int64_t end) {
          const Space<T> space(0);
          for (int64_t t = begin; t < end; t++) {
            const int64_t stack = t / query_tiles, i = t % query_tiles * kQueries, h = stack % p.heads;
            backward_part(
                p, d, {stack / p.heads, h, h + 1, i, std::min(p.queries, i + kQueries), 0, p.keys, true, false}, space);
          }
        });
  }
}

/**
 * attentionBackward (structured): out gradients of q, k, v (each may be absent), in g and y [B, H, L, V], lse [B, H, L]
 * dense, then q, k, v, mask? and params as for attention.
 */
void attention_backward(const Plan& plan) {
  plan.expect(10, 2);
  const Operand &g = plan.operand[3], &y = plan.operand[4], &lse = plan.operand[5], &q = plan.operand[6];
  visit_full(q.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Problem<T> p = read_problem<T>(plan, 6);
    if (plan.operand[0]) expect_stack(plan.operand[0], p.batch, p.heads, p.queries, p.width, q.dtype);
    if (plan.operand[1]) expect_stack(plan.operand[1], p.batch, p.kv_heads, p.keys, p.width, q.dtype);
    if (plan.operand[2]) expect_stack(plan.operand[2], p.batch, p.kv_heads, p.keys, p.values, q.dtype);
    for (const Operand* o : {&g, &y}) expect_stack(*o, p.batch, p.heads, p.queries, p.values, q.dtype);
    const int64_t rows = p.batch * p.heads * p.queries;
    Plan::require(lse && lse.dtype == q.dtype && lse.numel() == rows && lse.contiguous(),
                  "attention: lse does not match");
    const Scratch<T> dots(rows);
    Gradients<T> d;
    d.q = Stack<T>(plan.operand[0]), d.k = Stack<T>(plan.operand[1]), d.v = Stack<T>(plan.operand[2]);
    d.g = Stack<T>(g), d.y = Stack<T>(y);
    d.lse = lse.as<T>();
    d.dots = dots.get();
    backward(p, d);
  });
}

}  // namespace

void register_attention(KernelTable& table) {
  table.add("attention", attention);
  table.add("attentionBackward", attention_backward);
}

}  // namespace flambeau::FB_ISA
