// Pooling: planes, windows and the loops over them, shared by pool.cc and max_pool.cc.
#pragma once
#include <algorithm>
#include <cstdint>

#include "../backend.h"
#include "../parallel.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace pooling {

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
inline void expect_pool(const Operand& out, const Operand& in) {
  Plan::require(out && in && in.ndim >= 3 && in.ndim <= 5 && out.ndim == in.ndim && out.dtype == in.dtype &&
                    out.sizes[0] == in.sizes[0] && out.sizes[1] == in.sizes[1],
                "pool: expected [N, C, ...] operands of one dtype");
}
inline void expect_indices(const Operand& indices, const Operand& like) {
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

}  // namespace pooling
}  // namespace flambeau::FB_ISA
