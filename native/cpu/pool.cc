// Average and adaptive pooling over one to three spatial dims, forward and backward. Called by dispatch for
// nn.functional's avgPool1d … adaptiveMaxPool3d.
//
// The forwards (max_pool.cc's too) make one row of outputs at a time: for every tap of the window, one loop over the
// row, whose stride of 1 or 2 the compiler sees, so that all of it vectorises whatever the window. Planes (one sample's
// channel) are shared out to the threads; the backwards scatter within a plane.
#include <algorithm>
#include <limits>

#include "pool.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace pooling;

/** What the sum over a window is divided by. */
struct Divisor {
  bool include_padding;
  int64_t fixed;
  int64_t of(const Window& w, int64_t o) const {
    const int64_t start = w.start(o), end = std::min(start + w.kernel, w.in + w.padding);
    return include_padding ? end - start : std::max<int64_t>(0, std::min(end, w.in) - std::max<int64_t>(0, start));
  }
  double scale(int64_t count) const {
    return 1.0 / static_cast<double>(fixed != 0 ? fixed : std::max<int64_t>(1, count));
  }
};

Divisor read_divisor(const Plan& plan, int spatial) { return {plan.flag(3 * spatial), plan.integer(3 * spatial + 1)}; }

/**
 * avgPool (structured): out [N, C, *os], in [N, C, *is]; params kernel[s], stride[s], padding[s], countIncludePad,
 * divisorOverride (0 = none). Any strides.
 */
void avg_pool(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.operands == 2 && in && in.ndim >= 3 && plan.params == 3 * (in.ndim - 2) + 2, "pool: wrong plan");
  expect_pool(out, in);
  if (out.numel() == 0) return;
  const Windows w(plan, out, in, false);
  const Divisor divisor = read_divisor(plan, w.spatial);
  const Planes po(out), pi(in);
  const Window &wz = w.dim[0], &wy = w.dim[1], &wx = w.dim[2];
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    over_rows(po, std::min<int64_t>(wz.kernel * wy.kernel * wx.kernel, 64), [&](int64_t plane, int64_t z, int64_t y) {
      const T* x = in.as<T>() + pi.offset(plane);
      T* to = out.as<T>() + po.offset(plane) + z * po.stride[0] + y * po.stride[1];
      int64_t z0, z1, y0, y1;
      wz.taps(z, &z0, &z1);
      wy.taps(y, &y0, &y1);
      const int64_t count = divisor.of(wz, z) * divisor.of(wy, y);
      for (int64_t base = 0; base < wx.out; base += kRow) {
        const int64_t width = std::min(kRow, wx.out - base);
        C sums[kRow] = {};
        for (int64_t kz = z0; kz < z1; kz++) {
          for (int64_t ky = y0; ky < y1; ky++) {
            const T* row = x + (wz.start(z) + kz) * pi.stride[0] + (wy.start(y) + ky) * pi.stride[1];
            for (int64_t kx = 0; kx < wx.useful_taps(); kx++) {
              int64_t first, last;
              wx.outputs(kx, &first, &last);
              first = std::max(first, base), last = std::min(last, base + width);
              if (first >= last) continue;
              const T* from = row + (wx.start(first) + kx) * pi.stride[2];
              const int64_t step = wx.stride * pi.stride[2], n = last - first;
              C* s = sums + (first - base);
              if (step == 2) {
                for (int64_t i = 0; i < n; i++) s[i] += static_cast<C>(from[2 * i]);
              } else {
                for (int64_t i = 0; i < n; i++) s[i] += static_cast<C>(from[i * step]);
              }
            }
          }
        }
        for (int64_t i = 0; i < width; i++) {
          to[(base + i) * po.stride[2]] =
              static_cast<T>(sums[i] * static_cast<C>(divisor.scale(count * divisor.of(wx, base + i))));
        }
      }
    });
  });
}

/** avgPoolBackward (structured): out gradInput [N, C, *is] (zeroed here), in gradOut [N, C, *os]; params as avgPool. */
void avg_pool_backward(const Plan& plan) {
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  Plan::require(plan.operands == 2 && out && out.ndim >= 3 && plan.params == 3 * (out.ndim - 2) + 2,
                "pool: wrong plan");
  expect_pool(out, g);
  if (out.numel() == 0) return;
  const Windows w(plan, g, out, false);
  const Divisor divisor = read_divisor(plan, w.spatial);
  const Planes pg(g), pi(out);
  const Window &wz = w.dim[0], &wy = w.dim[1], &wx = w.dim[2];
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    scatter_planes<T>(
        out, pg.numel() * std::min<int64_t>(wz.kernel * wy.kernel * wx.kernel, 64), [&](int64_t plane, C* sums) {
          for (int64_t z = 0; z < pg.size[0]; z++) {
            int64_t z0, z1;
            wz.taps(z, &z0, &z1);
            for (int64_t y = 0; y < pg.size[1]; y++) {
              int64_t y0, y1;
              wy.taps(y, &y0, &y1);
              const T* from = g.as<T>() + pg.offset(plane) + z * pg.stride[0] + y * pg.stride[1];
              const int64_t count = divisor.of(wz, z) * divisor.of(wy, y);
              for (int64_t x = 0; x < pg.size[2]; x++) {
                int64_t x0, x1;
                wx.taps(x, &x0, &x1);
                const C share =
                    static_cast<C>(from[x * pg.stride[2]]) * static_cast<C>(divisor.scale(count * divisor.of(wx, x)));
                for (int64_t iz = wz.start(z) + z0; iz < wz.start(z) + z1; iz++) {
                  for (int64_t iy = wy.start(y) + y0; iy < wy.start(y) + y1; iy++) {
                    C* row = sums + (iz * pi.size[1] + iy) * pi.size[2] + wx.start(x);
                    for (int64_t k = x0; k < x1; k++) row[k] += share;
                  }
                }
              }
            }
          }
        });
  });
}

// ------------------------------------------------------------------------------------------------ adaptive

/** The input positions [begin, end) of output `o`, of `out` over `in`. */
struct Span {
  int64_t begin, end;
  Span(int64_t o, int64_t out, int64_t in) : begin(o * in / out), end(((o + 1) * in + out - 1) / out) {}
};

/** Calls `f(z, y, x, spans)` for every output of a plane. */
template <class F>
void over_spans(const Planes& out, const Planes& in, F&& f) {
  for (int64_t z = 0; z < out.size[0]; z++) {
    for (int64_t y = 0; y < out.size[1]; y++) {
      for (int64_t x = 0; x < out.size[2]; x++) {
        const Span s[3] = {{z, out.size[0], in.size[0]}, {y, out.size[1], in.size[1]}, {x, out.size[2], in.size[2]}};
        f(z * out.stride[0] + y * out.stride[1] + x * out.stride[2], (z * out.size[1] + y) * out.size[2] + x, s);
      }
    }
  }
}

void expect_adaptive(const Operand& out, const Operand& in) {
  expect_pool(out, in);
  for (int d = 2; d < in.ndim; d++) {
    Plan::require(in.sizes[d] > 0 && in.sizes[d] < kMaxExtent && out.sizes[d] < kMaxExtent,
                  "pool: a size is out of range");
  }
}

/** adaptiveAvgPool (structured): out [N, C, *os], in [N, C, *is]; no params. */
void adaptive_avg_pool(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (out && out.numel() == 0) return;
  expect_adaptive(out, in);
  const Planes po(out), pi(in);
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    parallel_for(po.count(), kGrain / 2 / (pi.numel() + po.numel()), [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; plane++) {
        const T* x = in.as<T>() + pi.offset(plane);
        T* to = out.as<T>() + po.offset(plane);
        over_spans(po, pi, [&](int64_t at, int64_t, const Span* s) {
          const int64_t width = s[2].end - s[2].begin, step = pi.stride[2];
          C sum = 0;
          for (int64_t iz = s[0].begin; iz < s[0].end; iz++) {
            for (int64_t iy = s[1].begin; iy < s[1].end; iy++) {
              const T* row = x + iz * pi.stride[0] + iy * pi.stride[1] + s[2].begin * step;
              if (width >= kLanes && step == 1) {
                sum += lane_sum<C>(width, [row](int64_t i) { return static_cast<C>(row[i]); });
              } else {
                for (int64_t i = 0; i < width; i++) sum += static_cast<C>(row[i * step]);
              }
            }
          }
          to[at] = static_cast<T>(sum / static_cast<C>((s[0].end - s[0].begin) * (s[1].end - s[1].begin) * width));
        });
      }
    });
  });
}

/** adaptiveAvgPoolBackward (structured): out gradInput [N, C, *is] (zeroed here), in gradOut [N, C, *os]; no params. */
void adaptive_avg_pool_backward(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  if (out && out.numel() == 0) return;
  expect_adaptive(g, out);
  const Planes pg(g), pi(out);
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    scatter_planes<T>(out, pg.numel(), [&](int64_t plane, C* sums) {
      const T* from = g.as<T>() + pg.offset(plane);
      over_spans(pg, pi, [&](int64_t at, int64_t, const Span* s) {
        const int64_t count = (s[0].end - s[0].begin) * (s[1].end - s[1].begin) * (s[2].end - s[2].begin);
        const C share = static_cast<C>(from[at]) / static_cast<C>(count);
        for (int64_t iz = s[0].begin; iz < s[0].end; iz++) {
          for (int64_t iy = s[1].begin; iy < s[1].end; iy++) {
            C* row = sums + (iz * pi.size[1] + iy) * pi.size[2];
            for (int64_t ix = s[2].begin; ix < s[2].end; ix++) row[ix] += share;
          }
        }
      });
    });
  });
}

/**
 * adaptiveMaxPool (structured): out values [N, C, *os], out indices int64 [N, C, *os] (dense per plane), in [N, C,
 * *is]; no params. Its backward is maxPoolBackward.
 */
void adaptive_max_pool(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &indices = plan.operand[1], &in = plan.operand[2];
  if (out && out.numel() == 0) return;
  expect_adaptive(out, in);
  expect_indices(indices, out);
  const Planes po(out), pidx(indices), pi(in);
  Plan::require(pidx.dense(), "pool: the indices must be contiguous");
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    parallel_for(po.count(), kGrain / 8 / (pi.numel() + po.numel()), [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; plane++) {
        const T* x = in.as<T>() + pi.offset(plane);
        T* to = out.as<T>() + po.offset(plane);
        int64_t* index = indices.as<int64_t>() + pidx.offset(plane);
        over_spans(po, pi, [&](int64_t at, int64_t flat, const Span* s) {
          C best = -std::numeric_limits<C>::infinity();
          int64_t where = (s[0].begin * pi.size[1] + s[1].begin) * pi.size[2] + s[2].begin;
          for (int64_t iz = s[0].begin; iz < s[0].end; iz++) {
            for (int64_t iy = s[1].begin; iy < s[1].end; iy++) {
              for (int64_t ix = s[2].begin; ix < s[2].end; ix++) {
                const C v = static_cast<C>(x[iz * pi.stride[0] + iy * pi.stride[1] + ix * pi.stride[2]]);
                if (v > best || v != v) best = v, where = (iz * pi.size[1] + iy) * pi.size[2] + ix;
              }
            }
          }
          to[at] = static_cast<T>(best);
          index[flat] = where;
        });
      }
    });
  });
}

}  // namespace

void register_pool(KernelTable& table) {
  table.add("avgPool", widened<avg_pool, 1>);
  table.add("avgPoolBackward", widened<avg_pool_backward, 1>);
  table.add("adaptiveAvgPool", widened<adaptive_avg_pool, 1>);
  table.add("adaptiveAvgPoolBackward", widened<adaptive_avg_pool_backward, 1>);
  table.add("adaptiveMaxPool", widened<adaptive_max_pool, 1>);
}

}  // namespace flambeau::FB_ISA
