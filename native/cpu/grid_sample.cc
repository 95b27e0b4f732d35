// Sampling of images and volumes at the points of a grid, forward and backward. Called by dispatch for nn.functional's
// gridSample.
//
// Each point becomes a list of taps (an offset within a channel and a weight), made once and used for all channels;
// where all points have equally many, a row's points are sampled together.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../vecmath.h"
#include "pool.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace pooling;

enum Mode { kLinear, kNearest, kCubic };
enum Border { kZeros, kEdge, kReflection };

/** What reads one dim: its size, and how positions outside are taken. */
struct Axis {
  int64_t size;
  int mode, border;
  bool align;
  // PyTorch's vector code for images takes NaN for the first pixel, or gives NaN; that for volumes takes the last pixel
  bool vectors, spoils;
};

/** Up to four taps of one dim, and the derivatives of their weights by the coordinate in the grid. */
template <class C>
struct Taps {
  int count = 1;
  int64_t at[4] = {0, 0, 0, 0};  // -1 outside
  C weight[4] = {1, 0, 0, 0}, slope[4] = {0, 0, 0, 0};
};

/** Brings a position inside, as the border says; multiplies `slope` by the derivative. */
template <class C>
C inside(C x, const Axis& a, C* slope) {
  if (a.border == kZeros) return x;
  if (a.border == kReflection) {
    const C low = a.align ? C{0} : C{-0.5}, span = static_cast<C>(a.align ? a.size - 1 : a.size);
    if (span == 0) {
      *slope = 0;
      return 0;
    }
    x -= low;
    if (x < 0) x = -x, *slope = -*slope;
    const C extra = std::fmod(x, span), flips = std::floor(x / span);
    const bool odd = std::fmod(flips, C{2}) != 0;
    x = odd ? span - extra + low : extra + low;
    if (odd) *slope = -*slope;
  }
  const C last = static_cast<C>(a.size - 1);
  if (std::isnan(x)) {
    *slope = 0;
    return a.vectors ? C{0} : last;
  }
  if (x <= 0) {
    *slope = 0;
    return 0;
  }
  if (x >= last) {
    *slope = 0;
    return last;
  }
  return x;
}

/** A position as an index, -1 where it is outside; also NaN, infinities and what no index can hold. */
template <class C>
int64_t index_of(C x, int64_t size) {
  return x >= 0 && x <= static_cast<C>(size - 1) ? static_cast<int64_t>(x) : -1;
}

template <class C>
Taps<C> taps_of(C coordinate, const Axis& a) {
  Taps<C> t;
  const C n = static_cast<C>(a.size);
  C slope = a.align ? (n - 1) / 2 : n / 2;
  C x = a.align ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  // rounded as PyTorch's vector code: an identity's points lie on pixels, where the derivative has another value beside
  if (a.vectors) x = a.align ? (coordinate + 1) * slope : vm::madd(coordinate + 1, slope, C{-0.5});
  if (a.spoils && a.border == kZeros && a.mode != kNearest && !std::isfinite(x)) {
    t.weight[0] = std::numeric_limits<C>::quiet_NaN();
    return t;
  }
  if (a.mode == kCubic) {
    constexpr C A = C{-0.75};
    const auto near = [](C d) { return ((A + 2) * d - (A + 3)) * d * d + 1; };
    const auto far = [](C d) { return ((A * d - 5 * A) * d + 8 * A) * d - 4 * A; };
    const auto near_slope = [](C d) { return (3 * (A + 2) * d - 2 * (A + 3)) * d; };
    const auto far_slope = [](C d) { return (3 * A * d - 10 * A) * d + 8 * A; };
    const C first = std::floor(x), d = x - first;
    const C w[4] = {far(d + 1), near(d), near(1 - d), far(2 - d)};
    const C s[4] = {far_slope(d + 1), near_slope(d), -near_slope(1 - d), -far_slope(2 - d)};
    t.count = 4;
    for (int k = 0; k < 4; k++) {
      C ignored = 1;
      t.at[k] = index_of(inside(first - 1 + static_cast<C>(k), a, &ignored), a.size);
      t.weight[k] = w[k], t.slope[k] = s[k] * slope;
    }
    return t;
  }
  x = inside(x, a, &slope);
  if (a.mode == kNearest) {
    t.at[0] = index_of(std::nearbyint(x), a.size);
    return t;
  }
  const C first = std::floor(x);
  t.count = 2;
  t.at[0] = index_of(first, a.size), t.at[1] = index_of(first + 1, a.size);
  t.weight[1] = x - first;
  t.weight[0] = a.vectors ? 1 - t.weight[1] : first + 1 - x;
  t.slope[0] = -slope, t.slope[1] = slope;
  return t;
}

/** The taps of a point, those outside left out. */
template <class C>
struct Point {
  int count = 0;
  int64_t offset[16];
  C weight[16], slope[3][16];  // slopes by z, y and x
  int64_t flat[16];            // offset in a dense channel
};

constexpr int64_t kBlock = 64;

/** Points of a row that are sampled together: kTaps taps each, those that are missing with weight zero. */
template <class C, int kTaps>
struct Block {
  int32_t offset[kTaps][kBlock];
  C weight[kTaps][kBlock];
  int64_t ragged[kBlock];  // points that lack taps: zero times infinity would show
  int64_t raggeds = 0;
  void set(int64_t i, const Point<C>& p) {
    for (int k = 0; k < kTaps; k++) {
      const bool there = k < p.count;
      offset[k][i] = there ? static_cast<int32_t>(p.offset[k]) : 0;
      weight[k][i] = there ? p.weight[k] : C{0};
    }
    if (p.count < kTaps) ragged[raggeds++] = i;
  }
};

template <class C, class T>
FB_INLINE C sample_one(const Point<C>& p, const T* channel) {
  C sum = 0;
  for (int k = 0; k < p.count; k++) sum += static_cast<C>(channel[p.offset[k]]) * p.weight[k];
  return sum;
}

struct Sampler {
  int spatial;
  Axis axis[3];
  const Operand* grid;
  /** Output position (z, y, x) of sample `n` as taps in channels of these strides. */
  template <class T, bool kSlopes, class C>
  FB_INLINE void point(const Planes& in, int64_t n, int64_t z, int64_t y, int64_t x, Point<C>* p) const {
    const Operand& g = *grid;
    const int64_t* s = g.strides;
    const T* at = g.as<T>() + n * s[0];
    at += spatial == 3 ? z * s[1] + y * s[2] + x * s[3] : y * s[1] + x * s[2];
    Taps<C> t[3];
    for (int d = 0; d < spatial; d++)  // the grid has x first
      t[2 - d] = taps_of(static_cast<C>(at[d * s[g.ndim - 1]]), axis[2 - d]);
    p->count = 0;
    for (int i = 0; i < t[0].count; i++) {
      for (int j = 0; j < t[1].count; j++) {
        for (int k = 0; k < t[2].count; k++) {
          const int64_t iz = t[0].at[i], iy = t[1].at[j], ix = t[2].at[k];
          if (iz < 0 || iy < 0 || ix < 0) continue;
          const int m = p->count++;
          p->offset[m] = iz * in.stride[0] + iy * in.stride[1] + ix * in.stride[2];
          p->flat[m] = (iz * in.size[1] + iy) * in.size[2] + ix;
          p->weight[m] = t[0].weight[i] * t[1].weight[j] * t[2].weight[k];
          if (!kSlopes) continue;
          p->slope[0][m] = t[0].slope[i] * t[1].weight[j] * t[2].weight[k];
          p->slope[1][m] = t[0].weight[i] * t[1].slope[j] * t[2].weight[k];
          p->slope[2][m] = t[0].weight[i] * t[1].weight[j] * t[2].slope[k];
        }
      }
    }
  }
};

/** Checks [N, C, *os], [N, C, *is] and the grid [N, *os, dims], and reads mode, border and align. */
Sampler read_sampler(const Plan& plan, const Operand& out, const Operand& in, const Operand& grid) {
  expect_pool(out, in);
  Plan::require(in.ndim >= 4 && grid && grid.ndim == in.ndim && grid.dtype == in.dtype && plan.params == 3 &&
                    grid.sizes[0] == in.sizes[0] && grid.sizes[grid.ndim - 1] == in.ndim - 2 &&
                    std::equal(out.sizes + 2, out.sizes + out.ndim, grid.sizes + 1),
                "gridSample: the grid does not fit");
  const int64_t mode = plan.integer(0), border = plan.integer(1);
  Plan::require(mode >= 0 && mode <= 2 && border >= 0 && border <= 2 && (mode != kCubic || in.ndim == 4),
                "gridSample: unknown mode");
  Sampler s{in.ndim - 2, {}, &grid};
  for (int d = 2; d < in.ndim; d++) {
    Plan::require(in.sizes[d] > 0 && in.sizes[d] < kMaxExtent, "gridSample: a size is out of range");
    s.axis[3 - in.ndim + d] = {in.sizes[d],  static_cast<int>(mode), static_cast<int>(border),
                               plan.flag(2), in.ndim == 4,           in.ndim == 4 && plan.operands == 3};
  }
  return s;
}

/** The points from `base` on of a row, all channels of them: several gathers and multiplications for each. */
template <class T, int kTaps>
void sample_block(const Sampler& s, const Planes& po, const Planes& pi, int64_t n, int64_t z, int64_t y, int64_t base,
                  const T* image, T* row) {
  using C = Compute<T>;
  Block<C, kTaps> b;
  Point<C> p;
  const int64_t width = std::min(kBlock, po.size[2] - base);
  for (int64_t i = 0; i < width; i++) {
    s.point<T, false>(pi, n, z, y, base + i, &p);
    b.set(i, p);
  }
  T* to = row + base * po.stride[2];
  for (int64_t c = 0; c < po.channels; c++) {
    const T* channel = image + c * pi.channel_stride;
    C sums[kBlock];
    for (int64_t i = 0; i < width; i++) {
      C sum = 0;
      for (int k = 0; k < kTaps; k++) sum += static_cast<C>(channel[b.offset[k][i]]) * b.weight[k][i];
      sums[i] = sum;
    }
    T* line = to + c * po.channel_stride;
    for (int64_t i = 0; i < width; i++) line[i * po.stride[2]] = static_cast<T>(sums[i]);
  }
  for (int64_t r = 0; r < b.raggeds; r++) {
    const int64_t i = b.ragged[r];
    s.point<T, false>(pi, n, z, y, base + i, &p);
    for (int64_t c = 0; c < po.channels; c++)
      to[c * po.channel_stride + i * po.stride[2]] = static_cast<T>(sample_one(p, image + c * pi.channel_stride));
  }
}

/**
 * gridSample (structured): out [N, C, *os], in [N, C, *is], grid [N, *os, dims] of coordinates from -1 to 1, x first;
 * params mode (bilinear, nearest, bicubic), padding (zeros, border, reflection), align.
 */
void grid_sample(const Plan& plan) {
  Plan::require(plan.operands == 3, "gridSample: wrong plan");
  const Operand &out = plan.operand[0], &in = plan.operand[1], &grid = plan.operand[2];
  if (out && out.numel() == 0) return;
  const Sampler s = read_sampler(plan, out, in, grid);
  const Planes po(out), pi(in);
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    int64_t reach = 0;
    for (int d = 0; d < 3; d++) reach += (pi.size[d] - 1) * pi.stride[d];
    const bool blocks = s.axis[2].mode != kCubic && reach < kMaxExtent && po.channels > 1;
    const int64_t rows = po.size[0] * po.size[1], cost = po.size[2] * (16 + 4 * po.channels);
    parallel_for(po.batch * rows, kGrain / 2 / cost, [&](int64_t begin, int64_t end) {
      Point<C> p;
      for (int64_t i = begin; i < end; i++) {
        const int64_t n = i / rows, z = i % rows / po.size[1], y = i % po.size[1];
        const T* image = in.as<T>() + n * pi.batch_stride;
        T* to = out.as<T>() + n * po.batch_stride + z * po.stride[0] + y * po.stride[1];
        if (blocks) {
          const auto row = [&]<int kTaps>() {
            for (int64_t base = 0; base < po.size[2]; base += kBlock)
              sample_block<T, kTaps>(s, po, pi, n, z, y, base, image, to);
          };
          if (s.axis[2].mode == kNearest)
            row.template operator()<1>();
          else if (s.spatial == 2)
            row.template operator()<4>();
          else
            row.template operator()<8>();
          continue;
        }
        for (int64_t x = 0; x < po.size[2]; x++, to += po.stride[2]) {
          s.point<T, false>(pi, n, z, y, x, &p);
          for (int64_t c = 0; c < po.channels; c++)
            to[c * po.channel_stride] = static_cast<T>(sample_one(p, image + c * pi.channel_stride));
        }
      }
    });
  });
}

/**
 * gridSampleBackward (structured): out gradInput (dense, zeroed here) and gradGrid (dense), either absent where it is
 * not wanted, in gradOut [N, C, *os], in, grid; params as gridSample.
 */
void grid_sample_backward(const Plan& plan) {
  Plan::require(plan.operands == 5, "gridSample: wrong plan");
  const Operand &gi = plan.operand[0], &gg = plan.operand[1], &g = plan.operand[2], &in = plan.operand[3],
                &grid = plan.operand[4];
  const Sampler s = read_sampler(plan, g, in, grid);
  Plan::require(!gi || (same_shape(gi, in) && gi.contiguous()), "gridSample: wrong gradient of the input");
  Plan::require(!gg || (same_shape(gg, grid) && gg.contiguous()), "gridSample: wrong gradient of the grid");
  const Planes pg(g), pi(in);
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const int64_t plane = pi.numel(), sample = plane * pi.channels;
    parallel_for(pi.batch, 1, [&](int64_t begin, int64_t end) {
      Point<C> p;
      const Scratch<C> scratch(gi && is_half<T> ? sample : 0);
      for (int64_t n = begin; n < end; n++) {
        const T* image = in.as<T>() + n * pi.batch_stride;
        const T* from = g.as<T>() + n * pg.batch_stride;
        C* sums = scratch.get();
        if constexpr (!is_half<T>) sums = gi ? gi.as<T>() + n * sample : nullptr;
        if (gi) std::fill_n(sums, sample, C{0});
        T* slopes = gg ? gg.as<T>() + n * pg.numel() * s.spatial : nullptr;
        for (int64_t i = 0; i < pg.numel(); i++) {
          const int64_t x = i % pg.size[2], y = i / pg.size[2] % pg.size[1], z = i / pg.size[2] / pg.size[1];
          s.point<T, true>(pi, n, z, y, x, &p);
          const T* at = from + z * pg.stride[0] + y * pg.stride[1] + x * pg.stride[2];
          C slope[3] = {0, 0, 0};
          for (int64_t c = 0; c < pi.channels; c++) {
            const C v = static_cast<C>(at[c * pg.channel_stride]);
            if (gi) {
              C* channel = sums + c * plane;
              for (int k = 0; k < p.count; k++) channel[p.flat[k]] += v * p.weight[k];
            }
            if (gg) {
              const T* channel = image + c * pi.channel_stride;
              for (int k = 0; k < p.count; k++) {
                const C w = v * static_cast<C>(channel[p.offset[k]]);
                for (int d = 3 - s.spatial; d < 3; d++) slope[d] += w * p.slope[d][k];
              }
            }
          }
          if (gg)
            for (int d = 0; d < s.spatial; d++) slopes[i * s.spatial + d] = static_cast<T>(slope[2 - d]);
        }
        if constexpr (is_half<T>) {
          if (gi)
            for (int64_t k = 0; k < sample; k++) gi.as<T>()[n * sample + k] = static_cast<T>(sums[k]);
        }
      }
    });
  });
}

}  // namespace

void register_grid_sample(KernelTable& table) {
  table.add("gridSample", widened<grid_sample, 1>);
  table.add("gridSampleBackward", widened<grid_sample_backward, 2>);
}

}  // namespace flambeau::FB_ISA
