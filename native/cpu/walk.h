// Shared by the kernels that work along one dimension (reduce, scan, sort, index, scatter): scratch memory, and the
// walk over all the other dimensions.
#pragma once
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <stdexcept>

#include "../plan.h"
#include "isa.h"

namespace flambeau::FB_ISA {

/** Uninitialised, cache-line aligned memory for `n` values of a trivial type. */
template <class T>
class LineBuffer {
 public:
  explicit LineBuffer(int64_t n)
      : data_(static_cast<T*>(::operator new(static_cast<size_t>(n < 1 ? 1 : n) * sizeof(T), std::align_val_t{64}))) {}
  ~LineBuffer() { ::operator delete(data_, std::align_val_t{64}); }
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;
  T* get() const { return data_; }
  T& operator[](int64_t i) const { return data_[i]; }

 private:
  T* data_;
};

/** Reports an index outside its dim; `dim` < 0 where the kernel does not know which it is. */
[[noreturn]] inline void throw_out_of_range(int64_t index, int64_t dim, int64_t size) {
  char text[160];
  if (dim < 0) {
    std::snprintf(text, sizeof text, "index %" PRId64 " is out of bounds for dimension with size %" PRId64, index,
                  size);
  } else {
    std::snprintf(text, sizeof text, "index %" PRId64 " is out of bounds for dimension %" PRId64 " with size %" PRId64,
                  index, dim, size);
  }
  throw std::out_of_range(text);
}

/** Indices of a stretch of a line, checked: what was checked is what is used, whatever another thread writes meanwhile.
 */
struct Places {
  static constexpr int64_t kMost = 256;
  int64_t at[kMost];

  /** Reads `n` ≤ kMost indices, `step` apart, each of a dim of `size`. One copy for all the kernels that call it. */
  template <class I>
  FB_NOINLINE void read(const I* FB_RESTRICT from, int64_t step, int64_t n, int64_t dim, int64_t size) {
    uint64_t outside = 0;  // the top bit of k or of size - 1 - k, for both are below 2^63
    if (step == 1) {
      for (int64_t i = 0; i < n; i++) {
        const int64_t k = at[i] = from[i];
        outside |= static_cast<uint64_t>(k) | (static_cast<uint64_t>(size - 1) - static_cast<uint64_t>(k));
      }
    } else {
      for (int64_t i = 0; i < n; i++) {
        const int64_t k = at[i] = from[i * step];
        outside |= static_cast<uint64_t>(k) | (static_cast<uint64_t>(size - 1) - static_cast<uint64_t>(k));
      }
    }
    if (outside >> 63 == 0) return;
    for (int64_t i = 0; i < n; i++) {
      if (static_cast<uint64_t>(at[i]) >= static_cast<uint64_t>(size)) throw_out_of_range(at[i], dim, size);
    }
  }
};

/**
 * The positions of a set of dims, seen by N operands at once, as runs along the last of these dims. Dims are given
 * outer to inner; those that all operands step through evenly are merged.
 */
template <int N>
struct LineWalk {
  int ndim = 0;
  int64_t total = 1;
  int64_t sizes[kMaxDims + 1];
  int64_t strides[N][kMaxDims + 1];

  void add(int64_t size, const int64_t (&step)[N]) {
    total *= size;
    if (size == 1) return;
    if (ndim > 0) {
      bool even = true;
      for (int i = 0; i < N; i++) even = even && strides[i][ndim - 1] == step[i] * size;
      if (even) {
        sizes[ndim - 1] *= size;
        for (int i = 0; i < N; i++) strides[i][ndim - 1] = step[i];
        return;
      }
    }
    sizes[ndim] = size;
    for (int i = 0; i < N; i++) strides[i][ndim] = step[i];
    ndim++;
  }
  /** Adds every dim of `operands` but `skip`; the one in which operand `key` has its smallest step comes last. */
  void add_all(const Operand* const (&operands)[N], const int64_t* of, int dims, int skip, int key) {
    int last = -1;
    for (int d = 0; d < dims; d++) {
      if (d == skip || of[d] == 1) continue;
      if (last < 0 || magnitude(operands[key]->strides[d]) <= magnitude(operands[key]->strides[last])) last = d;
    }
    for (int d = 0; d <= dims; d++) {
      const int at = d == dims ? last : d;
      if (at < 0 || (d < dims && (d == last || d == skip))) continue;
      int64_t step[N];
      for (int i = 0; i < N; i++) step[i] = operands[i]->strides[at];
      add(of[at], step);
    }
  }
  /** Adds every dim in order: the walk is row by row. */
  void add_in_order(const Operand* const (&operands)[N], const int64_t* of, int dims) {
    for (int d = 0; d < dims; d++) {
      int64_t step[N];
      for (int i = 0; i < N; i++) step[i] = operands[i]->strides[d];
      add(of[d], step);
    }
  }
  /** The step of operand `i` along the runs. */
  int64_t step(int i) const { return ndim == 0 ? 0 : strides[i][ndim - 1]; }
  int64_t run_length() const { return ndim == 0 ? 1 : sizes[ndim - 1]; }

  /** Calls `f(offset, count)` for the runs that make up positions [begin, end); offsets are per operand, in elements.
   */
  template <class F>
  void run(int64_t begin, int64_t end, F&& f) const {
    if (begin >= end) return;
    int64_t at[kMaxDims + 1], offset[N] = {};
    int64_t rest = begin;
    for (int d = ndim - 1; d >= 0; d--) {
      at[d] = rest % sizes[d];
      rest /= sizes[d];
      for (int i = 0; i < N; i++) offset[i] += at[d] * strides[i][d];
    }
    while (true) {
      const int64_t left = ndim == 0 ? 1 : sizes[ndim - 1] - at[ndim - 1];
      const int64_t count = left < end - begin ? left : end - begin;
      f(static_cast<const int64_t*>(offset), count);
      begin += count;
      if (begin >= end) return;
      // The run ended at the end of the last dim: carry into the outer ones.
      for (int i = 0; i < N; i++) offset[i] -= at[ndim - 1] * strides[i][ndim - 1];
      at[ndim - 1] = 0;
      for (int d = ndim - 2; d >= 0; d--) {
        for (int i = 0; i < N; i++) offset[i] += strides[i][d];
        if (++at[d] < sizes[d]) break;
        for (int i = 0; i < N; i++) offset[i] -= sizes[d] * strides[i][d];
        at[d] = 0;
      }
    }
  }

  static int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }
};

}  // namespace flambeau::FB_ISA
