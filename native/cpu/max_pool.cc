// Max pooling over one to three spatial dims, forward and backward. Called by dispatch for nn.functional's maxPool1d …
// maxPool3d, and the backward for adaptiveMaxPool1d … adaptiveMaxPool3d too.
//
// Running maxima of a row of outputs and their positions stay in two small arrays: see pool.cc. Windows of 2×2 with
// stride 2 have loops of their own.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "pool.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace pooling;

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
  visit_wide(in.dtype, [&](auto tag) {
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
  visit_wide(out.dtype, [&](auto tag) {
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

}  // namespace

void register_max_pool(KernelTable& table) {
  table.add("maxPool", widened<max_pool, 1>);
  table.add("maxPoolBackward", widened<max_pool_backward, 1>);
}

}  // namespace flambeau::FB_ISA
