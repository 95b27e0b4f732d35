// Max, average and adaptive pooling over one to three spatial dims, forward and backward. Called by dispatch for
// nn.functional's maxPool1d … adaptiveMaxPool3d.
//
// The forwards make one row of outputs at a time: for every tap of the window, one loop over the row, whose stride of 1
// or 2 the compiler sees, so that all of it vectorises whatever the window. Running maxima and their positions stay in
// two small arrays. Planes (one sample's channel) are shared out to the threads; the backwards scatter within a plane.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "../backend.h"
#include "../parallel.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kRow = 128;  // outputs of a row that are made together
constexpr int64_t kMaxExtent = int64_t{1} << 31;

/** A [N, C, *] operand, its one to three spatial dims seen as three. */
struct Planes {
  int64_t size[3] = {1, 1, 1}, stride[3] = {0, 0, 0};
  int64_t batch, channels, batch_stride, channel_stride;
  explicit Planes(const Operand& o) {
    const int spatial = o.ndim - 2;
    batch = o.sizes[0], channels = o.sizes[1], batch_stride = o.strides[0], channel_stride = o.strides[1];
    for (int i = 0; i < spatial; i++)
      size[3 - spatial + i] = o.sizes[2 + i], stride[3 - spatial + i] = o.strides[2 + i];
  }
  int64_t count() const { return batch * channels; }
  int64_t numel() const { return size[0] * size[1] * size[2]; }
  int64_t offset(int64_t plane) const { return plane / channels * batch_stride + plane % channels * channel_stride; }
  bool dense() const {
    int64_t expected = 1;
    for (int d = 2; d >= 0; d--) {
      if (size[d] != 1 && stride[d] != expected) return false;
      expected *= size[d];
    }
    return true;
  }
};

/** The window of one dim: output o sees positions start(o) + k·dilation, k < kernel, that lie inside. */
struct Window {
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;
  int64_t in = 1, out = 1;

  int64_t start(int64_t o) const { return o * stride - padding; }
  /** The taps of output `o` that lie inside: [first, last). */
  void taps(int64_t o, int64_t* first, int64_t* last) const {
    const int64_t s = start(o);
    *first = s >= 0 ? 0 : (-s + dilation - 1) / dilation;
    *last = s >= in ? 0 : std::min(kernel, (in - 1 - s) / dilation + 1);
    *last = std::max(*first, *last);
  }
  /** Taps from here on lie inside for no output. */
  int64_t useful_taps() const { return std::min(kernel, (in + padding - 1) / dilation + 1); }
  /** The outputs for which tap `k` lies inside: [first, last). */
  void outputs(int64_t k, int64_t* first, int64_t* last) const {
    const int64_t shift = k * dilation - padding;  // position = o·stride + shift
    *first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    *last = in - 1 - shift < 0 ? 0 : std::min(out, (in - 1 - shift) / stride + 1);
  }
};

/** Reads kernel[s], stride[s], padding[s] (and dilation[s]) and checks them against the operands' sizes. */
struct Windows {
  Window dim[3];
  int spatial;
  Windows(const Plan& plan, const Operand& out, const Operand& in, bool dilated) {
    spatial = in.ndim - 2;
    const Planes po(out), pi(in);
    for (int i = 0; i < spatial; i++) {
      Window& w = dim[3 - spatial + i];
      w.kernel = plan.integer(i), w.stride = plan.integer(spatial + i), w.padding = plan.integer(2 * spatial + i);
      if (dilated) w.dilation = plan.integer(3 * spatial + i);
      w.in = pi.size[3 - spatial + i], w.out = po.size[3 - spatial + i];
      const auto extent = [](int64_t v, int64_t least) { return v >= least && v < kMaxExtent; };
      Plan::require(extent(w.kernel, 1) && extent(w.stride, 1) && extent(w.padding, 0) && extent(w.dilation, 1) &&
                        extent(w.in, 1) && extent(w.out, 0),
                    "pool: a size is out of range");
      Plan::require(w.padding <= ((w.kernel - 1) * w.dilation + 1) / 2, "pool: padding exceeds half of the window");
      Plan::require(w.out == 0 || w.start(w.out - 1) < w.in, "pool: the output is too large for the input");
    }
  }
};

/** Outputs and inputs [N, C, *] with the same N and C, one floating dtype, one to three spatial dims. */
void expect_pool(const Operand& out, const Operand& in) {
  Plan::require(out && in && in.ndim >= 3 && in.ndim <= 5 && out.ndim == in.ndim && out.dtype == in.dtype &&
                    out.sizes[0] == in.sizes[0] && out.sizes[1] == in.sizes[1],
                "pool: expected [N, C, ...] operands of one dtype");
}
void expect_indices(const Operand& indices, const Operand& like) {
  Plan::require(indices && indices.dtype == DType::i64 && indices.ndim == like.ndim &&
                    std::equal(like.sizes, like.sizes + like.ndim, indices.sizes),
                "pool: indices must be int64 and have the output's shape");
}

/** Calls `row(plane, z, y)` for every row of outputs, in threads. */
template <class F>
void over_rows(const Planes& out, int64_t cost, F&& row) {
  const int64_t per_plane = std::max<int64_t>(1, out.numel() * cost);
  parallel_for(out.count(), kGrain / 2 / per_plane, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; plane++) {
      for (int64_t z = 0; z < out.size[0]; z++) {
        for (int64_t y = 0; y < out.size[1]; y++) row(plane, z, y);
      }
    }
  });
}

/** One tap's row against the running maxima. */
template <int64_t kStep, class T, class I, class C>
FB_INLINE void max_tap(const T* x, int64_t step, I at, I at_step, int64_t n, C* FB_RESTRICT best,
                       I* FB_RESTRICT where) {
  if (kStep) step = kStep, at_step = static_cast<I>(kStep);
  for (int64_t i = 0; i < n; i++) {
    const C v = static_cast<C>(x[i * step]), old = best[i];
    const bool better = (v > old) | (v != v);  // a NaN gives way to a later NaN only, as in PyTorch
    best[i] = better ? v : old;
    where[i] = better ? at + static_cast<I>(i) * at_step : where[i];
  }
}

template <class T, class I>
void max_row(const Windows& w, const T* x, const Planes& in, int64_t z, int64_t y, T* out, int64_t out_step,
             int64_t* index, int64_t index_step) {
  using C = Compute<T>;
  const Window &wz = w.dim[0], &wy = w.dim[1], &wx = w.dim[2];
  int64_t z0, z1, y0, y1;
  wz.taps(z, &z0, &z1);
  wy.taps(y, &y0, &y1);
  const bool unit = in.stride[2] == 1;
  for (int64_t base = 0; base < wx.out; base += kRow) {
    const int64_t width = std::min(kRow, wx.out - base);
    C best[kRow];
    I where[kRow];
    const int64_t iz0 = wz.start(z) + z0 * wz.dilation, iy0 = wy.start(y) + y0 * wy.dilation;
    const int64_t row0 = z0 < z1 && y0 < y1 ? (iz0 * in.size[1] + iy0) * in.size[2] : 0;
    for (int64_t i = 0; i < width; i++) {
      int64_t x0 = wx.start(base + i);
      if (x0 < 0) x0 += (-x0 + wx.dilation - 1) / wx.dilation * wx.dilation;
      best[i] = -std::numeric_limits<C>::infinity();
      where[i] = static_cast<I>(row0 + (x0 < wx.in ? x0 : 0));
    }
    for (int64_t kz = z0; kz < z1; kz++) {
      const int64_t iz = wz.start(z) + kz * wz.dilation;
      for (int64_t ky = y0; ky < y1; ky++) {
        const int64_t iy = wy.start(y) + ky * wy.dilation;
        const T* row = x + iz * in.stride[0] + iy * in.stride[1];
        for (int64_t kx = 0; kx < wx.useful_taps(); kx++) {
          int64_t first, last;
          wx.outputs(kx, &first, &last);
          first = std::max(first, base), last = std::min(last, base + width);
          if (first >= last) continue;
          const int64_t ix = wx.start(first) + kx * wx.dilation, n = last - first;
          const I at = static_cast<I>((iz * in.size[1] + iy) * in.size[2] + ix);
          const T* from = row + ix * in.stride[2];
          C* b = best + (first - base);
          I* p = where + (first - base);
          const I at_step = static_cast<I>(wx.stride);
          if (unit && wx.stride == 1) {
            max_tap<1>(from, 1, at, at_step, n, b, p);
          } else if (unit && wx.stride == 2) {
            max_tap<2>(from, 2, at, at_step, n, b, p);
          } else {
            max_tap<0>(from, wx.stride * in.stride[2], at, at_step, n, b, p);
          }
        }
      }
    }
    for (int64_t i = 0; i < width; i++) out[(base + i) * out_step] = static_cast<T>(best[i]);
    for (int64_t i = 0; i < width; i++) index[(base + i) * index_step] = where[i];
  }
}

/** The scan of one 2×2 window in order, for windows with a NaN. */
template <class T>
void max_2x2_scan(const T* a, const T* b, int32_t at, int32_t line, T* out, int64_t* index) {
  const T value[4] = {a[0], a[1], b[0], b[1]};
  const int32_t place[4] = {0, 1, line, line + 1};
  int best = 0;
  for (int k = 1; k < 4; k++) {
    using C = Compute<T>;
    const C v = static_cast<C>(value[k]), old = static_cast<C>(value[best]);
    if (v > old || v != v) best = k;
  }
  *out = value[best];
  *index = at + place[best];
}

/**
 * kWidth windows of 2×2 with stride 2 on dense rows: the maximum first, then the first of the four that equals it. A
 * loop of fixed length without branches, so that rows shorter than a vector loop's first turn are vectors too.
 */
template <int kWidth, class T>
FB_INLINE void max_2x2_block(const T* FB_RESTRICT a, const T* FB_RESTRICT b, int32_t at, int32_t line,
                             T* FB_RESTRICT out, int64_t* FB_RESTRICT index) {
  using C = Compute<T>;
  using I = std::conditional_t<sizeof(C) == 8, int64_t, int32_t>;  // as wide as what is compared
  I unordered = 0;
#pragma omp simd reduction(| : unordered)
  for (int i = 0; i < kWidth; i++) {
    const C v0 = static_cast<C>(a[2 * i]), v1 = static_cast<C>(a[2 * i + 1]);
    const C v2 = static_cast<C>(b[2 * i]), v3 = static_cast<C>(b[2 * i + 1]);
    const C top = v0 > v1 ? v0 : v1, low = v2 > v3 ? v2 : v3, best = top > low ? top : low;
    const C sum = (v0 + v1) + (v2 + v3);  // NaN where one is, and for opposite infinities
    unordered |= sum != sum ? 1 : 0;
    I place = v2 == best ? line : line + 1;
    place = v1 == best ? 1 : place;
    place = v0 == best ? 0 : place;
    out[i] = static_cast<T>(best);
    index[i] = place + at + 2 * i;
  }
  if (unordered == 0) return;
  for (int i = 0; i < kWidth; i++) max_2x2_scan(a + 2 * i, b + 2 * i, at + 2 * i, line, out + i, index + i);
}

/** A row of n outputs in blocks, the last of which overlaps the one before. */
template <class T>
void max_row_2x2(const T* a, const T* b, int32_t at, int32_t line, int64_t n, T* out, int64_t* index) {
  const auto blocks = [&]<int kWidth>() {
    for (int64_t base = 0; base < n; base += kWidth) {
      const int64_t i = std::min(base, n - kWidth);
      max_2x2_block<kWidth>(a + 2 * i, b + 2 * i, at + 2 * static_cast<int32_t>(i), line, out + i, index + i);
    }
  };
  if (n >= 16)
    blocks.template operator()<16>();
  else if (n >= 8)
    blocks.template operator()<8>();
  else if (n >= 4)
    blocks.template operator()<4>();
  else
    for (int64_t i = 0; i < n; i++)
      max_2x2_scan(a + 2 * i, b + 2 * i, at + 2 * static_cast<int32_t>(i), line, out + i, index + i);
}

/**
 * maxPool (structured): out values [N, C, *os], out indices int64 [N, C, *os] (flat within the input plane), in
 * [N, C, *is]; params kernel[s], stride[s], padding[s], dilation[s] for s = 1 to 3 spatial dims. Any strides. Windows
 * may hang over the end (ceil mode is a larger output).
 */
void max_pool(const Plan& plan) {
  const Operand &out = plan.operand[0], &indices = plan.operand[1], &in = plan.operand[2];
  Plan::require(plan.operands == 3 && in && in.ndim >= 3 && plan.params == 4 * (in.ndim - 2), "pool: wrong plan");
  expect_pool(out, in);
  expect_indices(indices, out);
  if (out.numel() == 0) return;
  const Windows w(plan, out, in, true);
  const Planes po(out), pidx(indices), pi(in);
  const bool small = pi.numel() < kMaxExtent;
  const auto is_2x2 = [](const Window& v) {
    return v.kernel == 2 && v.stride == 2 && v.padding == 0 && v.dilation == 1 && v.out * 2 <= v.in;
  };
  const bool fast = small && is_2x2(w.dim[1]) && is_2x2(w.dim[2]) && w.dim[0].kernel == 1 && w.dim[0].stride == 1 &&
                    w.dim[0].padding == 0 && pi.stride[2] == 1 && (po.stride[2] == 1 || po.size[2] == 1) &&
                    (pidx.stride[2] == 1 || pidx.size[2] == 1);
  visit_floating(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t cost = std::min<int64_t>(w.dim[0].kernel * w.dim[1].kernel * w.dim[2].kernel, 64);
    over_rows(po, cost, [&](int64_t plane, int64_t z, int64_t y) {
      const T* x = in.as<T>() + pi.offset(plane);
      T* to = out.as<T>() + po.offset(plane) + z * po.stride[0] + y * po.stride[1];
      int64_t* index = indices.as<int64_t>() + pidx.offset(plane) + z * pidx.stride[0] + y * pidx.stride[1];
      if (fast) {
        const T* top = x + z * pi.stride[0] + 2 * y * pi.stride[1];
        max_row_2x2(top, top + pi.stride[1], static_cast<int32_t>((z * pi.size[1] + 2 * y) * pi.size[2]),
                    static_cast<int32_t>(pi.size[2]), po.size[2], to, index);
      } else if (small) {
        max_row<T, int32_t>(w, x, pi, z, y, to, po.stride[2], index, pidx.stride[2]);
      } else {
        max_row<T, int64_t>(w, x, pi, z, y, to, po.stride[2], index, pidx.stride[2]);
      }
    });
  });
}

/** Calls `scatter(plane, sums)` for each plane of `out` with a dense, zeroed plane of sums, which becomes the result.
 */
template <class T, class F>
void scatter_planes(const Operand& out, int64_t cost, F&& scatter) {
  using C = Compute<T>;
  const Planes p(out);
  const int64_t n = p.numel();
  const bool direct = p.dense() && !is_half<T>;
  parallel_for(p.count(), kGrain / 2 / std::max<int64_t>(1, n + cost), [&](int64_t begin, int64_t end) {
    const Scratch<C> scratch(direct ? 0 : n);
    for (int64_t plane = begin; plane < end; plane++) {
      T* to = out.as<T>() + p.offset(plane);
      C* sums = scratch.get();
      if constexpr (!is_half<T>) sums = direct ? to : sums;
      std::fill_n(sums, n, C{0});
      scatter(plane, sums);
      if (direct) continue;
      const C* from = sums;
      for (int64_t z = 0; z < p.size[0]; z++) {
        for (int64_t y = 0; y < p.size[1]; y++) {
          T* row = to + z * p.stride[0] + y * p.stride[1];
          for (int64_t x = 0; x < p.size[2]; x++) row[x * p.stride[2]] = static_cast<T>(*from++);
        }
      }
    }
  });
}

/** maxPoolBackward (structured): out gradInput [N, C, *is] (zeroed here), in gradOut [N, C, *os], indices; no params.
 */
void max_pool_backward(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &indices = plan.operand[2];
  expect_pool(out, g);
  expect_indices(indices, g);
  if (out.numel() == 0) return;
  const Planes pg(g), pidx(indices);
  const int64_t n = Planes(out).numel();
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    scatter_planes<T>(out, pg.numel(), [&](int64_t plane, C* sums) {
      for (int64_t z = 0; z < pg.size[0]; z++) {
        for (int64_t y = 0; y < pg.size[1]; y++) {
          const T* from = g.as<T>() + pg.offset(plane) + z * pg.stride[0] + y * pg.stride[1];
          const int64_t* index = indices.as<int64_t>() + pidx.offset(plane) + z * pidx.stride[0] + y * pidx.stride[1];
          for (int64_t x = 0; x < pg.size[2]; x++) {
            const int64_t at = index[x * pidx.stride[2]];
            if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(n)) {
              char text[96];
              std::snprintf(text, sizeof text, "index %" PRId64 " is out of bounds for a plane of %" PRId64, at, n);
              throw std::out_of_range(text);
            }
            sums[at] += static_cast<C>(from[x * pg.stride[2]]);
          }
        }
      }
    });
  });
}

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
  visit_floating(in.dtype, [&](auto tag) {
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
  visit_floating(out.dtype, [&](auto tag) {
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
  visit_floating(in.dtype, [&](auto tag) {
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
  visit_floating(out.dtype, [&](auto tag) {
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
  visit_floating(in.dtype, [&](auto tag) {
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
  table.add("maxPool", max_pool);
  table.add("maxPoolBackward", max_pool_backward);
  table.add("avgPool", avg_pool);
  table.add("avgPoolBackward", avg_pool_backward);
  table.add("adaptiveAvgPool", adaptive_avg_pool);
  table.add("adaptiveAvgPoolBackward", adaptive_avg_pool_backward);
  table.add("adaptiveMaxPool", adaptive_max_pool);
}

}  // namespace flambeau::FB_ISA
