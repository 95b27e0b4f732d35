// Resampling of [N, C, *] by a table of taps for each spatial dim, and its adjoint. Called by dispatch for
// nn.functional's interpolate, whose every mode (nearest to Lanczos) is such a table.
//
// A row of outputs is made in two steps: the rows of inputs that it mixes are added up (a loop along the row), then
// that sum is sampled along the row. So the work does not multiply over the dims.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>

#include "pool.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace pooling;

/** The taps of one dim: output o is the sum of weight(k, o) times the input at index(k, o), which is -1 for none. */
template <class C>
class Taps {
 public:
  Taps(const Operand& index, const Operand& weight, int64_t out, int64_t in)
      : count_(index && index.ndim == 2 ? index.sizes[0] : 0), out_(out), index_(count_ * out), weight_(count_ * out) {
    Plan::require(index && weight && index.ndim == 2 && weight.ndim == 2 && index.dtype == DType::i64 &&
                      weight.dtype == (sizeof(C) == 8 ? DType::f64 : DType::f32) && index.contiguous() &&
                      weight.contiguous() && count_ >= 1 && weight.sizes[0] == count_ && index.sizes[1] == out &&
                      weight.sizes[1] == out && in < kMaxExtent && out < kMaxExtent,
                  "resample: wrong table");
    for (int64_t i = 0; i < count_ * out; i++) {
      const int64_t at = index.as<int64_t>()[i];
      if (at < -1 || at >= in) {
        char text[96];
        std::snprintf(text, sizeof text, "index %" PRId64 " is out of bounds for a dimension of %" PRId64, at, in);
        throw std::out_of_range(text);
      }
      // a tap that is not there costs nothing where it is read: its weight is zero, and rows skip it
      index_[i] = static_cast<int32_t>(at);
      weight_[i] = weight.as<C>()[i];
    }
    for (int64_t i = 0; i < count_ * out && !gaps_; i++) gaps_ = index_[i] < 0;
  }
  int64_t count() const { return count_; }
  bool gaps() const { return gaps_; }
  int32_t index(int64_t k, int64_t o) const { return index_[k * out_ + o]; }
  C weight(int64_t k, int64_t o) const { return weight_[k * out_ + o]; }
  const int32_t* indices(int64_t k) const { return index_.get() + k * out_; }
  const C* weights(int64_t k) const { return weight_.get() + k * out_; }

 private:
  int64_t count_, out_;
  Scratch<int32_t> index_;
  Scratch<C> weight_;
  bool gaps_ = false;
};

template <class C>
struct Tables {
  Taps<C> z, y, x;
  Tables(const Plan& plan, const Planes& out, const Planes& in)
      : z(plan.operand[2], plan.operand[3], out.size[0], in.size[0]),
        y(plan.operand[4], plan.operand[5], out.size[1], in.size[1]),
        x(plan.operand[6], plan.operand[7], out.size[2], in.size[2]) {}
  int64_t cost(const Planes& out, const Planes& in) const {
    return z.count() * y.count() * in.size[2] + x.count() * out.size[2] + 1;
  }
};

/** Calls `f(iz, iy, weight)` for the rows of inputs that output row (z, y) mixes. */
template <class C, class F>
FB_INLINE void over_taps(const Tables<C>& t, int64_t z, int64_t y, F&& f) {
  for (int64_t kz = 0; kz < t.z.count(); kz++) {
    for (int64_t ky = 0; ky < t.y.count(); ky++) {
      const int64_t iz = t.z.index(kz, z), iy = t.y.index(ky, y);
      if (iz >= 0 && iy >= 0) f(iz, iy, t.z.weight(kz, z) * t.y.weight(ky, y));
    }
  }
}

void expect_tables(const Plan& plan) {
  Plan::require(plan.operands == 8 && plan.params == 0, "resample: wrong plan");
  expect_pool(plan.operand[0], plan.operand[1]);
}

/** out[x] = sum over k of weight(k, x) row[index(k, x)]. */
template <class C, class R, class T>
FB_INLINE void sample_row(const Taps<C>& taps, const R* row, int64_t n, C* sums, T* out, int64_t step) {
  if (taps.count() == 1 && !taps.gaps()) {
    const int32_t* at = taps.indices(0);
    const C* w = taps.weights(0);
    for (int64_t x = 0; x < n; x++) out[x * step] = static_cast<T>(static_cast<C>(row[at[x]]) * w[x]);
    return;
  }
  if (taps.count() == 2 && !taps.gaps()) {
    const int32_t *a = taps.indices(0), *b = taps.indices(1);
    const C *v = taps.weights(0), *w = taps.weights(1);
    for (int64_t x = 0; x < n; x++)
      out[x * step] = static_cast<T>(static_cast<C>(row[a[x]]) * v[x] + static_cast<C>(row[b[x]]) * w[x]);
    return;
  }
  std::fill_n(sums, n, C{0});
  for (int64_t k = 0; k < taps.count(); k++) {
    const int32_t* at = taps.indices(k);
    const C* w = taps.weights(k);
    for (int64_t x = 0; x < n; x++)
      if (at[x] >= 0) sums[x] += static_cast<C>(row[at[x]]) * w[x];
  }
  for (int64_t x = 0; x < n; x++) out[x * step] = static_cast<T>(sums[x]);
}

/**
 * resample (structured): out [N, C, *os], in [N, C, *is], then for depth, height and width (1 and 1 where there is
 * none) the indices int64 [taps, os] and the weights [taps, os], in the dtype that is computed in; no params.
 */
void resample(const Plan& plan) {
  expect_tables(plan);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (out.numel() == 0) return;
  const Planes po(out), pi(in);
  visit_wide(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const Tables<C> t(plan, po, pi);
    const int64_t width = pi.size[2], step = pi.stride[2], rows = po.size[0] * po.size[1];
    // nearest: one row, as it is
    const bool plain = t.z.count() == 1 && t.y.count() == 1 && step == 1;
    parallel_for(po.count() * rows, kGrain / 2 / t.cost(po, pi), [&](int64_t begin, int64_t end) {
      const Scratch<C> mixed(width), sums(po.size[2]);
      for (int64_t i = begin; i < end; i++) {
        const int64_t plane = i / rows, z = i % rows / po.size[1], y = i % po.size[1];
        const T* x = in.as<T>() + pi.offset(plane);
        T* to = out.as<T>() + po.offset(plane) + z * po.stride[0] + y * po.stride[1];
        const int64_t iz0 = t.z.index(0, z), iy0 = t.y.index(0, y);
        if (plain && iz0 >= 0 && iy0 >= 0 && t.z.weight(0, z) * t.y.weight(0, y) == C{1}) {
          sample_row(t.x, x + iz0 * pi.stride[0] + iy0 * pi.stride[1], po.size[2], sums.get(), to, po.stride[2]);
          continue;
        }
        std::fill_n(mixed.get(), width, C{0});
        over_taps(t, z, y, [&](int64_t iz, int64_t iy, C w) {
          const T* row = x + iz * pi.stride[0] + iy * pi.stride[1];
          C* FB_RESTRICT m = mixed.get();
          if (step == 1) {
            for (int64_t k = 0; k < width; k++) m[k] += static_cast<C>(row[k]) * w;
          } else {
            for (int64_t k = 0; k < width; k++) m[k] += static_cast<C>(row[k * step]) * w;
          }
        });
        sample_row(t.x, static_cast<const C*>(mixed.get()), po.size[2], sums.get(), to, po.stride[2]);
      }
    });
  });
}

/** resampleBackward (structured): out gradInput [N, C, *is] (zeroed here), in gradOut [N, C, *os], tables as resample.
 */
void resample_backward(const Plan& plan) {
  expect_tables(plan);
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  if (out.numel() == 0) return;
  const Planes pg(g), pi(out);
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const Tables<C> t(plan, pg, pi);
    const int64_t width = pi.size[2], step = pg.stride[2];
    scatter_planes<T>(out, pg.size[0] * pg.size[1] * t.cost(pg, pi), [&](int64_t plane, C* sums) {
      const Scratch<C> mixed(width);
      for (int64_t z = 0; z < pg.size[0]; z++) {
        for (int64_t y = 0; y < pg.size[1]; y++) {
          const T* from = g.as<T>() + pg.offset(plane) + z * pg.stride[0] + y * pg.stride[1];
          C* m = mixed.get();
          std::fill_n(m, width, C{0});
          for (int64_t k = 0; k < t.x.count(); k++) {
            const int32_t* at = t.x.indices(k);
            const C* w = t.x.weights(k);
            for (int64_t x = 0; x < pg.size[2]; x++)
              if (at[x] >= 0) m[at[x]] += static_cast<C>(from[x * step]) * w[x];
          }
          over_taps(t, z, y, [&](int64_t iz, int64_t iy, C w) {
            C* FB_RESTRICT row = sums + (iz * pi.size[1] + iy) * width;
            for (int64_t i = 0; i < width; i++) row[i] += m[i] * w;
          });
        }
      }
    });
  });
}

}  // namespace

void register_resample(KernelTable& table) {
  table.add("resample", widened<resample, 1>);
  table.add("resampleBackward", widened<resample_backward, 1>);
}

}  // namespace flambeau::FB_ISA
