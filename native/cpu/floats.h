// For the kernels over floating dtypes (softmax, norms, losses, pooling, optimizers, random): the switch over those
// dtypes, sums and maxima in independent lanes, small per-channel tensors of any dtype, scratch memory, and walks over
// dims.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>

#include "../plan.h"
#include "isa.h"

namespace flambeau::FB_ISA::fp {

inline constexpr int kLanes = 32;  // partial sums, enough for two vectors of the widest level

template <class F>
inline void visit_floating(DType dtype, F&& f) {
  visit(dtype, [&](auto tag) {
    if constexpr (is_floating<typename decltype(tag)::type>) {
      f(tag);
    } else {
      Plan::require(false, "expected a floating point dtype");
    }
  });
}

inline bool same_shape(const Operand& a, const Operand& b) {
  return a && b && a.ndim == b.ndim && a.dtype == b.dtype && std::equal(a.sizes, a.sizes + a.ndim, b.sizes);
}

/** Joins 2 W lanes into one, as a tree. The width is known at each step, or the compiler would not keep registers. */
template <int W, class A, class F>
FB_INLINE void fold(A* lane, F&& join) {
#pragma omp simd
  for (int j = 0; j < W; j++) lane[j] = join(lane[j], lane[j + W]);
  if constexpr (W > 1) fold<W / 2>(lane, join);
}

/** Sum of f(i) over [0, n) in kLanes partial sums of blocks, which are then added up as a tree. */
template <class A, class F>
FB_INLINE A lane_sum(int64_t n, F&& f) {
  A total = 0;
  for (int64_t base = 0; base < n; base += 4096) {
    const int64_t end = std::min(n, base + 4096);
    A lane[kLanes];
    int64_t i = base;
    // the first ones are stored: GCC clears the lanes by a slow string instruction
    if (i + kLanes <= end) {
      FB_LANES for (int j = 0; j < kLanes; j++) lane[j] = A{0} + f(i + j);
      i += kLanes;
    } else {
      FB_LANES for (int j = 0; j < kLanes; j++) lane[j] = 0;
    }
    for (; i + kLanes <= end; i += kLanes) {
      FB_LANES for (int j = 0; j < kLanes; j++) lane[j] += f(i + j);
    }
    for (int j = 0; i < end; i++, j++) lane[j] += f(i);
    fold<kLanes / 2>(lane, [](A a, A b) { return a + b; });
    total += lane[0];
  }
  return total;
}
/** Maximum of f(i); NaN if any is NaN. */
template <class A, class F>
FB_INLINE A lane_max(int64_t n, F&& f) {
  A lane[kLanes];
  FB_LANES for (int j = 0; j < kLanes; j++) lane[j] = -std::numeric_limits<A>::infinity();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    FB_LANES for (int j = 0; j < kLanes; j++) {
      const A v = f(i + j);
      lane[j] = lane[j] > v ? lane[j] : v;  // a NaN that comes in stays only until the next element
    }
  }
  for (int j = 0; i < n; i++, j++) {
    const A v = f(i);
    lane[j] = lane[j] > v ? lane[j] : v;
  }
  fold<kLanes / 2>(lane, [](A a, A b) { return a > b ? a : b; });
  return lane[0];
}

/** The value `i` elements behind the first of a floating operand, whatever its dtype. */
inline double load_at(const Operand& o, int64_t i) {
  switch (o.dtype) {
    case DType::f32: return static_cast<double>(o.as<float>()[i]);
    case DType::f64: return o.as<double>()[i];
    case DType::f16: return static_cast<double>(static_cast<float>(o.as<Half>()[i]));
    case DType::bf16: return static_cast<double>(static_cast<float>(o.as<BFloat16>()[i]));
    default: Plan::require(false, "expected a floating point dtype");
  }
  return 0;
}
/** Element `i` of a one-dimensional floating operand. */
inline double load(const Operand& o, int64_t i) { return load_at(o, i * (o.ndim == 0 ? 0 : o.strides[0])); }
inline void store(const Operand& o, int64_t i, double value) {
  i *= o.ndim == 0 ? 0 : o.strides[0];
  switch (o.dtype) {
    case DType::f32: o.as<float>()[i] = static_cast<float>(value); return;
    case DType::f64: o.as<double>()[i] = value; return;
    case DType::f16: o.as<Half>()[i] = static_cast<float>(value); return;
    case DType::bf16: o.as<BFloat16>()[i] = static_cast<float>(value); return;
    default: Plan::require(false, "expected a floating point dtype");
  }
}

/** Uninitialised, cache-line aligned memory for `n` values of a trivial type. */
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t n)
      : data_(static_cast<T*>(
            ::operator new(static_cast<size_t>(std::max<int64_t>(n, 1)) * sizeof(T), std::align_val_t{64}))) {}
  ~Scratch() { ::operator delete(data_, std::align_val_t{64}); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* get() const { return data_; }
  T& operator[](int64_t i) const { return data_[i]; }

 private:
  T* data_;
};

/** The positions of some dims, outer to inner, seen by N operands at once, as runs along the last of these dims. */
template <int N>
struct Walk {
  int ndim = 0;
  int64_t total = 1;
  int64_t sizes[kMaxDims];
  int64_t strides[kMaxDims][N];

  /** Adds an inner dim, merged into the one before where all operands step evenly. */
  void add(int64_t size, const int64_t (&step)[N]) {
    total *= size;
    if (size == 1) return;
    bool even = ndim > 0;
    for (int k = 0; even && k < N; k++) even = strides[ndim - 1][k] == step[k] * size;
    if (even) {
      sizes[ndim - 1] *= size;
    } else {
      sizes[ndim++] = size;
    }
    for (int k = 0; k < N; k++) strides[ndim - 1][k] = step[k];
  }
  /** Adds all dims of operands of one shape but `skip`; the dim with the smallest step in operand 0 becomes the last.
   */
  void add_all(const Operand* const (&operands)[N], int skip) {
    const Operand& key = *operands[0];
    int last = -1;
    for (int d = 0; d < key.ndim; d++) {
      if (d != skip && key.sizes[d] != 1 && (last < 0 || key.strides[d] <= key.strides[last])) last = d;
    }
    const auto add_dim = [&](int d) {
      int64_t step[N];
      for (int k = 0; k < N; k++) step[k] = operands[k]->strides[d];
      add(key.sizes[d], step);
    };
    for (int d = 0; d < key.ndim; d++) {
      if (d != skip && d != last) add_dim(d);
    }
    if (last >= 0) add_dim(last);
  }
  int64_t step(int k) const { return ndim == 0 ? 0 : strides[ndim - 1][k]; }
  int64_t run_length() const { return ndim == 0 ? 1 : sizes[ndim - 1]; }

  /** Calls `f(offsets, count)` for the runs of positions [begin, end). */
  template <class F>
  void run(int64_t begin, int64_t end, F&& f) const {
    int64_t offset[N];
    while (begin < end) {
      int64_t rest = begin;
      for (int k = 0; k < N; k++) offset[k] = 0;
      for (int d = ndim - 1; d >= 0; d--) {
        const int64_t at = rest % sizes[d];
        rest /= sizes[d];
        for (int k = 0; k < N; k++) offset[k] += at * strides[d][k];
      }
      const int64_t count = ndim == 0 ? 1 : std::min(end - begin, sizes[ndim - 1] - begin % sizes[ndim - 1]);
      f(static_cast<const int64_t*>(offset), count);
      begin += count;
    }
  }
};

}  // namespace flambeau::FB_ISA::fp
