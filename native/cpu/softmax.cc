// Softmax and log-softmax over one dimension, forward and backward. Called by dispatch for nn.functional's
// softmax and logSoftmax.
//
// Rows with unit stride go three times through the cache (maximum, exponentials with their sum, scaling). Over another
// dim, blocks of neighbouring columns are taken together, so that every loop still runs along memory. Lines of any
// other layout are packed first.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kColumns = 64;  // neighbouring columns taken together when the dim is not the last

// ------------------------------------------------------------------------------------------------ softmax

/** A row with unit stride. A NaN need not reach the maximum: it reaches the sum, and so the whole row. */
template <bool kLog, class T>
FB_NOINLINE void softmax_row(const T* x, T* y, int64_t n) {
  using C = Compute<T>;
  C top = lane_max<C>(n, [x](int64_t i) FB_FLAT { return static_cast<C>(x[i]); });
  if constexpr (kLog) {
    const C sum = lane_sum<C>(n, [x, top](int64_t i) FB_FLAT { return vm::exp_down(static_cast<C>(x[i]) - top); });
    const C rest = std::log(sum);
    for (int64_t i = 0; i < n; i++) y[i] = static_cast<T>(static_cast<C>(x[i]) - top - rest);
  } else if constexpr (is_half<T>) {
    const C sum = lane_sum<C>(n, [x, top](int64_t i) FB_FLAT { return vm::exp_down(static_cast<C>(x[i]) - top); });
    const C scale = C{1} / sum;
    for (int64_t i = 0; i < n; i++) y[i] = static_cast<T>(vm::exp_down(static_cast<C>(x[i]) - top) * scale);
  } else {
    const C sum = lane_sum<C>(n, [x, y, top](int64_t i) FB_FLAT { return y[i] = vm::exp_down(x[i] - top); });
    const C scale = C{1} / sum;
    for (int64_t i = 0; i < n; i++) y[i] *= scale;
  }
}

/** `width` neighbouring columns of `n` elements each, `step` apart. */
template <bool kLog, class T>
void softmax_columns(const T* x, int64_t x_step, T* y, int64_t y_step, int64_t n, int64_t width) {
  using C = Compute<T>;
  C top[kColumns], sum[kColumns];
  for (int64_t j = 0; j < width; j++) top[j] = -std::numeric_limits<C>::infinity(), sum[j] = 0;
  for (int64_t i = 0; i < n; i++) {
    const T* row = x + i * x_step;
    for (int64_t j = 0; j < width; j++) {
      const C v = row[j];
      top[j] = top[j] > v ? top[j] : v;
    }
  }
  for (int64_t i = 0; i < n; i++) {
    const T* row = x + i * x_step;
    for (int64_t j = 0; j < width; j++) sum[j] += vm::exp_down(static_cast<C>(row[j]) - top[j]);
  }
  for (int64_t j = 0; j < width; j++) sum[j] = kLog ? vm::log(sum[j]) : C{1} / sum[j];
  for (int64_t i = 0; i < n; i++) {
    const T* from = x + i * x_step;
    T* to = y + i * y_step;
    for (int64_t j = 0; j < width; j++) {
      const C v = static_cast<C>(from[j]) - top[j];
      to[j] = static_cast<T>(kLog ? v - sum[j] : vm::exp_down(v) * sum[j]);
    }
  }
}

template <bool kLog, class T>
FB_NOINLINE void softmax_backward_row(const T* g, const T* y, T* out, int64_t n) {
  using C = Compute<T>;
  if constexpr (kLog) {
    const C sum = lane_sum<C>(n, [g](int64_t i) FB_FLAT { return static_cast<C>(g[i]); });
    for (int64_t i = 0; i < n; i++) {
      out[i] = static_cast<T>(static_cast<C>(g[i]) - vm::exp(static_cast<C>(y[i])) * sum);
    }
  } else {
    const C sum = lane_sum<C>(n, [g, y](int64_t i) FB_FLAT { return static_cast<C>(g[i]) * static_cast<C>(y[i]); });
    for (int64_t i = 0; i < n; i++) out[i] = static_cast<T>((static_cast<C>(g[i]) - sum) * static_cast<C>(y[i]));
  }
}

template <bool kLog, class T>
void softmax_backward_columns(const T* g, int64_t g_step, const T* y, int64_t y_step, T* out, int64_t out_step,
                              int64_t n, int64_t width) {
  using C = Compute<T>;
  C sum[kColumns];
  for (int64_t j = 0; j < width; j++) sum[j] = 0;
  for (int64_t i = 0; i < n; i++) {
    const T *gr = g + i * g_step, *yr = y + i * y_step;
    for (int64_t j = 0; j < width; j++)
      sum[j] += kLog ? static_cast<C>(gr[j]) : static_cast<C>(gr[j]) * static_cast<C>(yr[j]);
  }
  for (int64_t i = 0; i < n; i++) {
    const T *gr = g + i * g_step, *yr = y + i * y_step;
    T* to = out + i * out_step;
    for (int64_t j = 0; j < width; j++) {
      const C gv = gr[j], yv = yr[j];
      to[j] = static_cast<T>(kLog ? gv - vm::exp(yv) * sum[j] : (gv - sum[j]) * yv);
    }
  }
}

/** Copies a strided row into `to`, or back. */
template <class T>
void gather_row(const T* from, int64_t step, T* to, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] = from[i * step];
}
template <class T>
void scatter_row(const T* from, T* to, int64_t step, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i * step] = from[i];
}

/**
 * Calls `rows(pointers)` for lines along `dim` that are dense, `columns(pointers, steps, width)` for groups of lines
 * that lie side by side, and packs the lines of any other layout. Operand 0 is written.
 */
template <int N, class T, class Rows, class Columns>
void along_dim(const Operand* const (&operands)[N], int dim, Rows&& rows, Columns&& columns) {
  const Operand& out = *operands[0];
  const int64_t n = out.ndim == 0 ? 1 : out.sizes[dim];
  Walk<N> walk;
  walk.add_all(operands, dim);
  if (n == 0 || walk.total == 0) return;
  int64_t steps[N];
  T* base[N];
  bool dense = true, beside = walk.run_length() > 1;
  for (int k = 0; k < N; k++) {
    steps[k] = out.ndim == 0 ? 1 : operands[k]->strides[dim];
    base[k] = operands[k]->template as<T>();
    dense = dense && (steps[k] == 1 || n == 1);
    beside = beside && walk.step(k) == 1;
  }
  const int64_t grain = std::max<int64_t>(1, kGrain / 4 / n);
  parallel_for(walk.total, !dense && beside ? std::max(grain, kColumns) : grain, [&](int64_t begin, int64_t end) {
    std::vector<T> packed(static_cast<size_t>(dense || beside ? 0 : N * n));
    walk.run(begin, end, [&](const int64_t* offset, int64_t count) {
      T* at[N];
      if (!dense && beside) {
        for (int64_t j = 0; j < count; j += kColumns) {
          for (int k = 0; k < N; k++) at[k] = base[k] + offset[k] + j;
          columns(at, steps, std::min(kColumns, count - j));
        }
        return;
      }
      for (int64_t j = 0; j < count; j++) {
        for (int k = 0; k < N; k++) at[k] = base[k] + offset[k] + j * walk.step(k);
        if (dense) {
          rows(at);
          continue;
        }
        T* line[N];
        for (int k = 0; k < N; k++) {
          line[k] = packed.data() + k * n;
          if (k > 0) gather_row(at[k], steps[k], line[k], n);
        }
        rows(line);
        scatter_row(line[0], at[0], steps[0], n);
      }
    });
  });
}

int checked_dim(const Plan& plan, int param, int ndim) {
  const int64_t dim = plan.integer(param);
  Plan::require(dim >= 0 && dim < std::max(1, ndim), "softmax: dim out of range");
  return static_cast<int>(dim);
}

/** softmax, logSoftmax (structured): out y, in x, one shape and floating dtype, any strides; param dim. */
template <bool kLog>
void softmax(const Plan& plan) {
  plan.expect(2, 1);
  const Operand &y = plan.operand[0], &x = plan.operand[1];
  Plan::require(same_shape(y, x), "softmax: shapes or dtypes differ");
  const int dim = checked_dim(plan, 0, y.ndim);
  const int64_t n = y.ndim == 0 ? 1 : y.sizes[dim];
  visit_wide(y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    along_dim<2, T>(
        {&y, &x}, dim, [n](T** p) { softmax_row<kLog, T>(p[1], p[0], n); },
        [n](T** p, const int64_t* step, int64_t width) {
          softmax_columns<kLog, T>(p[1], step[1], p[0], step[0], n, width);
        });
  });
}

/** softmaxBackward, logSoftmaxBackward (structured): out gradIn, in g, in y (the forward's result); param dim. */
template <bool kLog>
void softmax_backward(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &y = plan.operand[2];
  Plan::require(same_shape(out, g) && same_shape(out, y), "softmax: shapes or dtypes differ");
  const int dim = checked_dim(plan, 0, out.ndim);
  const int64_t n = out.ndim == 0 ? 1 : out.sizes[dim];
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    along_dim<3, T>(
        {&out, &g, &y}, dim, [n](T** p) { softmax_backward_row<kLog, T>(p[1], p[2], p[0], n); },
        [n](T** p, const int64_t* step, int64_t width) {
          softmax_backward_columns<kLog, T>(p[1], step[1], p[2], step[2], p[0], step[0], n, width);
        });
  });
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add("softmax", widened<softmax<false>, 1>);
  table.add("logSoftmax", widened<softmax<true>, 1>);
  table.add("softmaxBackward", widened<softmax_backward<false>, 1>);
  table.add("logSoftmaxBackward", widened<softmax_backward<true>, 1>);
}

}  // namespace flambeau::FB_ISA
