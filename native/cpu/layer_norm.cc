// Layer norm, forward and backward. Called by dispatch for nn.functional's layerNorm.
//
// A row is handled start to end while it stays in the first-level cache: its mean, its variance around that mean (no
// cancellation), then the result.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "floats.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

/** The values of a [cols] operand in the compute type; empty when it is absent. */
template <class C>
std::vector<C> values_of(const Operand& o, int64_t cols) {
  std::vector<C> values(static_cast<size_t>(o ? cols : 0));
  for (size_t i = 0; i < values.size(); i++) values[i] = static_cast<C>(load(o, static_cast<int64_t>(i)));
  return values;
}

void expect_rows(const Operand& o, int64_t rows, int64_t cols, DType dtype) {
  Plan::require(o && o.dtype == dtype && o.ndim == 2 && o.sizes[0] == rows && o.sizes[1] == cols &&
                    (o.strides[1] == 1 || cols <= 1),
                "layerNorm: expected [rows, cols] with dense rows");
}
void expect_vector(const Operand& o, int64_t n, bool optional) {
  Plan::require((optional && !o) || (o && o.ndim == 1 && o.sizes[0] == n), "layerNorm: a vector does not match");
}

/**
 * layerNorm (structured): out y [rows, cols], out mean [rows]?, out rstd [rows]?, in x [rows, cols], weight [cols]?,
 * bias [cols]?; param eps. The rows of x and y are dense; the vectors have any floating dtype.
 */
void layer_norm(const Plan& plan) {
  plan.expect(6, 1);
  const Operand &y = plan.operand[0], &mean = plan.operand[1], &rstd = plan.operand[2], &x = plan.operand[3];
  Plan::require(x && x.ndim == 2, "layerNorm: expected [rows, cols] with dense rows");
  const int64_t rows = x.sizes[0], n = x.sizes[1];
  expect_rows(x, rows, n, x.dtype);
  expect_rows(y, rows, n, x.dtype);
  for (const int i : {1, 2}) expect_vector(plan.operand[i], rows, true);
  for (const int i : {4, 5}) expect_vector(plan.operand[i], n, true);
  const double eps = plan.param[0];
  visit_wide_or_brain(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const std::vector<C> weights = values_of<C>(plan.operand[4], n), biases = values_of<C>(plan.operand[5], n);
    const C* w = weights.empty() ? nullptr : weights.data();
    const C* b = biases.empty() ? nullptr : biases.data();
    parallel_for(rows, kGrain / 4 / std::max<int64_t>(1, n), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; r++) {
        const T* p = x.as<T>() + r * x.strides[0];
        T* q = y.as<T>() + r * y.strides[0];
        const double count = static_cast<double>(n);
        const double center =
            static_cast<double>(lane_sum<C>(n, [p](int64_t i) FB_FLAT { return static_cast<C>(p[i]); })) / count;
        const C m = static_cast<C>(center);
        const double squares = static_cast<double>(lane_sum<C>(n, [p, m](int64_t i) FB_FLAT {
          const C d = static_cast<C>(p[i]) - m;
          return d * d;
        }));
        const double inverse = 1.0 / std::sqrt(squares / count + eps);
        if (mean) store(mean, r, center);
        if (rstd) store(rstd, r, inverse);
        const C a = static_cast<C>(inverse);
        if (w && b) {
          for (int64_t i = 0; i < n; i++) q[i] = static_cast<T>((static_cast<C>(p[i]) - m) * a * w[i] + b[i]);
        } else if (w) {
          for (int64_t i = 0; i < n; i++) q[i] = static_cast<T>((static_cast<C>(p[i]) - m) * a * w[i]);
        } else {
          for (int64_t i = 0; i < n; i++) q[i] = static_cast<T>((static_cast<C>(p[i]) - m) * a + (b ? b[i] : C{0}));
        }
      }
    });
  });
}

/** One row: its gradient, and its share of the sums for weight and bias. */
template <class T, class C>
void layer_backward_row(const T* g, const T* x, const C* w, C m, C inverse, T* out, C* dw, C* db, int64_t n) {
  if (out) {
    C sum, dot;
    if (w) {
      sum = lane_sum<C>(n, [=](int64_t i) FB_FLAT { return static_cast<C>(g[i]) * w[i]; });
      dot = lane_sum<C>(n, [=](int64_t i) FB_FLAT { return static_cast<C>(g[i]) * w[i] * (static_cast<C>(x[i]) - m); });
    } else {
      sum = lane_sum<C>(n, [=](int64_t i) FB_FLAT { return static_cast<C>(g[i]); });
      dot = lane_sum<C>(n, [=](int64_t i) FB_FLAT { return static_cast<C>(g[i]) * (static_cast<C>(x[i]) - m); });
    }
    const C gm = sum / static_cast<C>(n), k = dot * inverse * inverse / static_cast<C>(n);
    if (w) {
      for (int64_t i = 0; i < n; i++) {
        out[i] = static_cast<T>((static_cast<C>(g[i]) * w[i] - gm - (static_cast<C>(x[i]) - m) * k) * inverse);
      }
    } else {
      for (int64_t i = 0; i < n; i++) {
        out[i] = static_cast<T>((static_cast<C>(g[i]) - gm - (static_cast<C>(x[i]) - m) * k) * inverse);
      }
    }
  }
  if (dw) {
    for (int64_t i = 0; i < n; i++) dw[i] += static_cast<C>(g[i]) * ((static_cast<C>(x[i]) - m) * inverse);
  }
  if (db) {
    for (int64_t i = 0; i < n; i++) db[i] += static_cast<C>(g[i]);
  }
}

/**
 * layerNormBackward (structured): out gradInput [rows, cols]?, out gradWeight [cols]?, out gradBias [cols]?, in g, x
 * [rows, cols], weight [cols]?, mean [rows], rstd [rows]; no params.
 */
void layer_norm_backward(const Plan& plan) {
  plan.expect(8, 0);
  const Operand &out = plan.operand[0], &g = plan.operand[3], &x = plan.operand[4];
  Plan::require(x && x.ndim == 2, "layerNorm: expected [rows, cols] with dense rows");
  const int64_t rows = x.sizes[0], n = x.sizes[1];
  expect_rows(x, rows, n, x.dtype);
  expect_rows(g, rows, n, x.dtype);
  if (out) expect_rows(out, rows, n, x.dtype);
  for (const int i : {1, 2, 5}) expect_vector(plan.operand[i], n, true);
  for (const int i : {6, 7}) expect_vector(plan.operand[i], rows, false);
  visit_wide_or_brain(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const std::vector<C> weights = values_of<C>(plan.operand[5], n);
    const C* w = weights.empty() ? nullptr : weights.data();
    // How the rows are cut does not depend on the threads, so neither does the result.
    const bool want_dw = static_cast<bool>(plan.operand[1]), want_db = static_cast<bool>(plan.operand[2]);
    const int64_t step = std::max<int64_t>({1, rows / 16, kGrain / 4 / std::max<int64_t>(1, n)});
    const int64_t parts = (rows + step - 1) / step;
    std::vector<C> dw(static_cast<size_t>(want_dw ? parts * n : 0)), db(static_cast<size_t>(want_db ? parts * n : 0));
    parallel_tasks(parts, [&](int64_t part) {
      for (int64_t r = part * step; r < std::min(rows, (part + 1) * step); r++) {
        layer_backward_row<T, C>(g.as<T>() + r * g.strides[0], x.as<T>() + r * x.strides[0], w,
                                 static_cast<C>(load(plan.operand[6], r)), static_cast<C>(load(plan.operand[7], r)),
                                 out ? out.as<T>() + r * out.strides[0] : nullptr,
                                 want_dw ? dw.data() + part * n : nullptr, want_db ? db.data() + part * n : nullptr, n);
      }
    });
    for (int64_t i = 0; i < n; i++) {
      double sum_w = 0, sum_b = 0;
      for (int64_t part = 0; part < parts; part++) {
        if (want_dw) sum_w += static_cast<double>(dw[static_cast<size_t>(part * n + i)]);
        if (want_db) sum_b += static_cast<double>(db[static_cast<size_t>(part * n + i)]);
      }
      if (want_dw) store(plan.operand[1], i, sum_w);
      if (want_db) store(plan.operand[2], i, sum_b);
    }
  });
}

}  // namespace

void register_layer_norm(KernelTable& table) {
  table.add("layerNorm", widened<layer_norm, 3, kWidenedBesides>);
  table.add("layerNormBackward", widened<layer_norm_backward, 3, kWidenedBesides>);
}

}  // namespace flambeau::FB_ISA
