// Batch norm, forward and backward. Called by dispatch for nn.functional's batchNorm, instanceNorm and groupNorm.
//
// A channel is handled start to end by one thread while it stays in the second-level cache: its mean, its variance
// around that mean (no cancellation), then the result. There are two layouts: planes, where the spatial dims of a
// channel are dense, and columns, where channels lie side by side ([N, C], channels-last).
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

constexpr int64_t kColumns = 64;

/** A [N, C, *] tensor: `outer` blocks, `outer_step` apart, of C channels with `inner` dense elements each. */
struct Layout {
  int64_t outer = 1, channels = 1, inner = 1;
  int64_t outer_step = 0, channel_step = 0;
};

/** Whether `o` is planes, or columns (inner = 1, channel_step = 1), with all other dims merged. */
bool layout_of(const Operand& o, bool columns, Layout* layout) {
  Layout r;
  r.channels = o.sizes[1];
  r.channel_step = o.strides[1];
  int64_t inner = 1, step = 1;
  bool merged = true;
  for (int d = o.ndim - 1; d >= 2; d--) {
    if (o.sizes[d] == 1) continue;
    if (inner == 1) step = o.strides[d];
    merged = merged && o.strides[d] == inner * step;
    inner *= o.sizes[d];
  }
  if (columns) {
    if (r.channel_step != 1 && r.channels != 1) return false;
    if (inner == 1) {
      r.outer = o.sizes[0], r.outer_step = o.strides[0];
    } else {
      if (!merged || (o.sizes[0] != 1 && o.strides[0] != inner * step)) return false;
      r.outer = o.sizes[0] * inner, r.outer_step = step;
    }
  } else {
    if (!merged || (inner != 1 && step != 1)) return false;
    r.outer = o.sizes[0], r.outer_step = o.strides[0], r.inner = inner;
  }
  *layout = r;
  return true;
}

/** One layout kind for all operands; the planes when they fit and are not single elements. */
template <int N>
bool common_layout(const Operand* const (&operands)[N], Layout (&layouts)[N]) {
  for (const bool columns : {false, true}) {
    bool fits = true;
    for (int i = 0; i < N; i++) {
      if (*operands[i]) fits = fits && layout_of(*operands[i], columns, &layouts[i]);
    }
    if (fits && (columns || layouts[N - 1].inner > 1 || layouts[N - 1].channels == 1)) return columns;
  }
  Plan::require(false, "batchNorm: make the operands contiguous");
  return false;
}

void expect_channels(const Operand& o, int64_t channels, bool optional) {
  if (!o && optional) return;
  Plan::require(o && o.ndim == 1 && o.sizes[0] == channels, "batchNorm: expected one value per channel");
}

/** The operands and parameters of batchNorm. */
struct Forward {
  const Operand &save_mean, &save_invstd, &weight, &bias, &running_mean, &running_var;
  bool training;
  double momentum, eps;
  int64_t count;

  /** Finishes a channel's statistics; `sum_squares` is around the mean. */
  void finish(int64_t c, double mean, double sum_squares, double* invstd) const {
    const double var = sum_squares / static_cast<double>(count);
    *invstd = 1.0 / std::sqrt(var + eps);
    if (running_mean) store(running_mean, c, momentum * mean + (1 - momentum) * load(running_mean, c));
    if (running_var) {
      const double unbiased = sum_squares / static_cast<double>(count - 1);
      store(running_var, c, momentum * unbiased + (1 - momentum) * load(running_var, c));
    }
  }
  void running(int64_t c, double* mean, double* invstd) const {
    *mean = load(running_mean, c);
    *invstd = 1.0 / std::sqrt(load(running_var, c) + eps);
  }
  void save(int64_t c, double mean, double invstd) const {
    if (save_mean) store(save_mean, c, mean);
    if (save_invstd) store(save_invstd, c, invstd);
  }
  double scale(int64_t c) const { return weight ? load(weight, c) : 1.0; }
  double shift(int64_t c) const { return bias ? load(bias, c) : 0.0; }
};

/** Planes shorter than this are packed first, a channel at a time: loops over a few elements are mostly overhead. */
constexpr int64_t kShortPlane = 64;
inline bool short_planes(const Layout& l) { return l.inner < kShortPlane && l.outer > 1; }
inline Layout packed_layout(const Layout& l) {
  return {.outer = 1, .channels = 1, .inner = l.outer * l.inner, .outer_step = 0, .channel_step = 0};
}
template <class T>
void pack_planes(const T* from, const Layout& l, Compute<T>* to) {
  for (int64_t b = 0; b < l.outer; b++) {
    const T* p = from + b * l.outer_step;
    for (int64_t i = 0; i < l.inner; i++) to[b * l.inner + i] = static_cast<Compute<T>>(p[i]);
  }
}
template <class T>
void unpack_planes(const Compute<T>* from, const Layout& l, T* to) {
  for (int64_t b = 0; b < l.outer; b++) {
    T* q = to + b * l.outer_step;
    for (int64_t i = 0; i < l.inner; i++) q[i] = static_cast<T>(from[b * l.inner + i]);
  }
}

template <class T>
void forward_plane(const Forward& f, int64_t c, const T* x, const Layout& lx, T* y, const Layout& ly) {
  using C = Compute<T>;
  if (short_planes(lx)) {
    const Layout dense = packed_layout(lx);
    const Scratch<C> packed(dense.inner);
    pack_planes(x, lx, packed.get());
    forward_plane<C>(f, c, packed.get(), dense, packed.get(), dense);
    return unpack_planes(packed.get(), ly, y);
  }
  double mean, invstd;
  const int64_t n = lx.inner;
  if (f.training) {
    double sum = 0, squares = 0;
    for (int64_t b = 0; b < lx.outer; b++) {
      const T* p = x + b * lx.outer_step;
      sum += static_cast<double>(lane_sum<C>(n, [p](int64_t i) FB_FLAT { return static_cast<C>(p[i]); }));
    }
    mean = sum / static_cast<double>(f.count);
    const C m = static_cast<C>(mean);
    for (int64_t b = 0; b < lx.outer; b++) {
      const T* p = x + b * lx.outer_step;
      squares += static_cast<double>(lane_sum<C>(n, [p, m](int64_t i) FB_FLAT {
        const C d = static_cast<C>(p[i]) - m;
        return d * d;
      }));
    }
    f.finish(c, mean, squares, &invstd);
  } else {
    f.running(c, &mean, &invstd);
  }
  f.save(c, mean, invstd);
  const C m = static_cast<C>(mean), a = static_cast<C>(invstd * f.scale(c)), s = static_cast<C>(f.shift(c));
  for (int64_t b = 0; b < lx.outer; b++) {
    const T* p = x + b * lx.outer_step;
    T* q = y + b * ly.outer_step;
    for (int64_t i = 0; i < n; i++) q[i] = static_cast<T>((static_cast<C>(p[i]) - m) * a + s);
  }
}

/** Adds f(row, j) over all rows to sums[j]: 128 rows in the compute type, then in double. */
template <class C, class F>
FB_INLINE void column_sums(int64_t rows, int64_t width, double* sums, F&& f) {
  for (int64_t base = 0; base < rows; base += 128) {
    C part[kColumns] = {};
    for (int64_t r = base; r < std::min(rows, base + 128); r++) {
      for (int64_t j = 0; j < width; j++) part[j] += f(r, j);
    }
    for (int64_t j = 0; j < width; j++) sums[j] += static_cast<double>(part[j]);
  }
}

template <class T>
void forward_columns(const Forward& f, int64_t c, int64_t width, const T* x, const Layout& lx, T* y, const Layout& ly) {
  using C = Compute<T>;
  double mean[kColumns] = {}, squares[kColumns] = {}, invstd[kColumns];
  C m[kColumns], a[kColumns], s[kColumns];
  const int64_t step = lx.outer_step;
  if (f.training) {
    column_sums<C>(lx.outer, width, mean,
                   [=](int64_t r, int64_t j) FB_FLAT { return static_cast<C>(x[r * step + j]); });
    for (int64_t j = 0; j < width; j++) mean[j] /= static_cast<double>(f.count), m[j] = static_cast<C>(mean[j]);
    const C* center = m;
    column_sums<C>(lx.outer, width, squares, [=](int64_t r, int64_t j) FB_FLAT {
      const C d = static_cast<C>(x[r * step + j]) - center[j];
      return d * d;
    });
    for (int64_t j = 0; j < width; j++) f.finish(c + j, mean[j], squares[j], &invstd[j]);
  } else {
    for (int64_t j = 0; j < width; j++) f.running(c + j, &mean[j], &invstd[j]);
  }
  for (int64_t j = 0; j < width; j++) {
    f.save(c + j, mean[j], invstd[j]);
    m[j] = static_cast<C>(mean[j]);
    a[j] = static_cast<C>(invstd[j] * f.scale(c + j));
    s[j] = static_cast<C>(f.shift(c + j));
  }
  for (int64_t r = 0; r < lx.outer; r++) {
    const T* p = x + r * step;
    T* q = y + r * ly.outer_step;
    for (int64_t j = 0; j < width; j++) q[j] = static_cast<T>((static_cast<C>(p[j]) - m[j]) * a[j] + s[j]);
  }
}

/** Calls `planes(c)` for each channel, or `columns(c, width)` for groups of them, in threads. */
template <class P, class Q>
void over_channels(const Layout& l, bool columns, P&& planes, Q&& group) {
  const int64_t per_channel = std::max<int64_t>(1, l.outer * l.inner);
  if (!columns) {
    parallel_for(l.channels, kGrain / 4 / per_channel, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; c++) planes(c);
    });
    return;
  }
  const int64_t width = l.channels >= 256 ? 64 : 16, groups = (l.channels + width - 1) / width;
  parallel_for(groups, kGrain / 4 / per_channel / width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) group(i * width, std::min(width, l.channels - i * width));
  });
}

/**
 * batchNorm (structured): out y [N, C, *], out saveMean [C]?, out saveInvstd [C]?, in x, weight [C]?, bias [C]?,
 * runningMean [C]?, runningVar [C]? (updated when training, needed when not); params training, momentum, eps.
 * x and y have one floating dtype, both contiguous or both channels-last; the [C] operands any floating dtype.
 */
void batch_norm(const Plan& plan) {
  plan.expect(8, 3);
  const Operand &y = plan.operand[0], &x = plan.operand[3];
  Plan::require(same_shape(y, x) && x.ndim >= 2, "batchNorm: expected [N, C, ...] and a result like it");
  const int64_t channels = x.sizes[1];
  const bool training = plan.flag(0);
  for (const int i : {1, 2, 4, 5}) expect_channels(plan.operand[i], channels, true);
  for (const int i : {6, 7}) expect_channels(plan.operand[i], channels, training);
  if (x.numel() == 0) return;
  Layout layouts[2];
  const bool columns = common_layout<2>({&y, &x}, layouts);
  const Layout &ly = layouts[0], &lx = layouts[1];
  const Forward f{plan.operand[1], plan.operand[2], plan.operand[4], plan.operand[5], plan.operand[6],
                  plan.operand[7], training,        plan.param[1],   plan.param[2],   x.numel() / channels};
  visit_wide_or_brain(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.as<T>();
    T* to = y.as<T>();
    over_channels(
        lx, columns,
        [&](int64_t c) { forward_plane(f, c, from + c * lx.channel_step, lx, to + c * ly.channel_step, ly); },
        [&](int64_t c, int64_t width) { forward_columns(f, c, width, from + c, lx, to + c, ly); });
  });
}

/** The operands of batchNormBackward; the coefficients of grad_input = (g - g_mean - (x - mean) * k) * a. */
struct Backward {
  const Operand &grad_weight, &grad_bias, &weight, &mean, &invstd;
  bool training;
  double count;

  void finish(int64_t c, double sum, double dot, double* g_mean, double* k, double* a) const {
    const double inverse = load(invstd, c);
    if (grad_weight) store(grad_weight, c, dot * inverse);
    if (grad_bias) store(grad_bias, c, sum);
    *g_mean = training ? sum / count : 0.0;
    *k = training ? dot * inverse * inverse / count : 0.0;
    *a = inverse * (weight ? load(weight, c) : 1.0);
  }
};

template <class T>
void backward_plane(const Backward& f, int64_t c, const T* g, const Layout& lg, const T* x, const Layout& lx, T* out,
                    const Layout& lo) {
  using C = Compute<T>;
  if (short_planes(lx)) {
    const Layout dense = packed_layout(lx);
    const Scratch<C> packed(2 * dense.inner);
    C *const gs = packed.get(), *const xs = gs + dense.inner;
    pack_planes(g, lg, gs);
    pack_planes(x, lx, xs);
    backward_plane<C>(f, c, gs, dense, xs, dense, out ? gs : nullptr, dense);
    if (out) unpack_planes(gs, lo, out);
    return;
  }
  const C m = static_cast<C>(load(f.mean, c));
  const int64_t n = lx.inner;
  double sum = 0, dot = 0;
  for (int64_t b = 0; b < lx.outer; b++) {
    const T *p = x + b * lx.outer_step, *q = g + b * lg.outer_step;
    sum += static_cast<double>(lane_sum<C>(n, [q](int64_t i) FB_FLAT { return static_cast<C>(q[i]); }));
    dot += static_cast<double>(
        lane_sum<C>(n, [p, q, m](int64_t i) FB_FLAT { return (static_cast<C>(p[i]) - m) * static_cast<C>(q[i]); }));
  }
  double g_mean, factor, scale;
  f.finish(c, sum, dot, &g_mean, &factor, &scale);
  if (!out) return;
  const C gm = static_cast<C>(g_mean), k = static_cast<C>(factor), a = static_cast<C>(scale);
  for (int64_t b = 0; b < lx.outer; b++) {
    const T *p = x + b * lx.outer_step, *q = g + b * lg.outer_step;
    T* r = out + b * lo.outer_step;
    if (f.training) {
      for (int64_t i = 0; i < n; i++) {
        r[i] = static_cast<T>((static_cast<C>(q[i]) - gm - (static_cast<C>(p[i]) - m) * k) * a);
      }
    } else {
      for (int64_t i = 0; i < n; i++) r[i] = static_cast<T>(static_cast<C>(q[i]) * a);
    }
  }
}

template <class T>
void backward_columns(const Backward& f, int64_t c, int64_t width, const T* g, const Layout& lg, const T* x,
                      const Layout& lx, T* out, const Layout& lo) {
  using C = Compute<T>;
  double sum[kColumns] = {}, dot[kColumns] = {};
  C m[kColumns], gm[kColumns], k[kColumns], a[kColumns];
  for (int64_t j = 0; j < width; j++) m[j] = static_cast<C>(load(f.mean, c + j));
  const C* center = m;
  column_sums<C>(lx.outer, width, sum,
                 [&](int64_t r, int64_t j) FB_FLAT { return static_cast<C>(g[r * lg.outer_step + j]); });
  column_sums<C>(lx.outer, width, dot, [&](int64_t r, int64_t j) FB_FLAT {
    return (static_cast<C>(x[r * lx.outer_step + j]) - center[j]) * static_cast<C>(g[r * lg.outer_step + j]);
  });
  for (int64_t j = 0; j < width; j++) {
    double g_mean, factor, scale;
    f.finish(c + j, sum[j], dot[j], &g_mean, &factor, &scale);
    gm[j] = static_cast<C>(g_mean), k[j] = static_cast<C>(factor), a[j] = static_cast<C>(scale);
  }
  if (!out) return;
  for (int64_t r = 0; r < lx.outer; r++) {
    const T *p = x + r * lx.outer_step, *q = g + r * lg.outer_step;
    T* to = out + r * lo.outer_step;
    for (int64_t j = 0; j < width; j++) {
      const C v = static_cast<C>(q[j]) - gm[j];
      to[j] = static_cast<T>((f.training ? v - (static_cast<C>(p[j]) - m[j]) * k[j] : v) * a[j]);
    }
  }
}

/**
 * batchNormBackward (structured): out gradInput [N, C, *]?, out gradWeight [C]?, out gradBias [C]?, in g, x, weight
 * [C]?, mean [C], invstd [C] (what the forward saved, in evaluation too); param training. Layouts as for batchNorm.
 */
void batch_norm_backward(const Plan& plan) {
  plan.expect(8, 1);
  const Operand &out = plan.operand[0], &g = plan.operand[3], &x = plan.operand[4];
  Plan::require(same_shape(g, x) && (!out || same_shape(out, x)) && x.ndim >= 2, "batchNorm: shapes or dtypes differ");
  const int64_t channels = x.sizes[1];
  for (const int i : {1, 2, 5}) expect_channels(plan.operand[i], channels, true);
  for (const int i : {6, 7}) expect_channels(plan.operand[i], channels, false);
  if (x.numel() == 0) {
    for (const int i : {1, 2}) {
      if (plan.operand[i])
        for (int64_t c = 0; c < channels; c++) store(plan.operand[i], c, 0);
    }
    return;
  }
  Layout layouts[3];
  const bool columns = common_layout<3>({&out, &g, &x}, layouts);
  const Layout &lo = layouts[0], &lg = layouts[1], &lx = layouts[2];
  const Backward f{plan.operand[1],
                   plan.operand[2],
                   plan.operand[5],
                   plan.operand[6],
                   plan.operand[7],
                   plan.flag(0),
                   static_cast<double>(x.numel() / channels)};
  visit_wide_or_brain(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *pg = g.as<T>(), *px = x.as<T>();
    T* to = out.as<T>();
    over_channels(
        lx, columns,
        [&](int64_t c) {
          backward_plane(f, c, pg + c * lg.channel_step, lg, px + c * lx.channel_step, lx,
                         to ? to + c * lo.channel_step : nullptr, lo);
        },
        [&](int64_t c, int64_t width) {
          backward_columns(f, c, width, pg + c, lg, px + c, lx, to ? to + c : nullptr, lo);
        });
  });
}

}  // namespace

void register_batch_norm(KernelTable& table) {
  table.add("batchNorm", widened<batch_norm, 8, kWidenedBesides>);
  table.add("batchNormBackward", widened<batch_norm_backward, 3, kWidenedBesides>);
}

}  // namespace flambeau::FB_ISA
