// The arithmetic of one row (one sequence at one step) of the recurrent cells, forward and backward: what rnn.cc's
// loops over time call.
//
// `gates` comes in as the input's products with all biases (but the GRU's second bias of the new gate) and goes out as
// the activated gates; `product` is the recurrent product, without bias. Gates lie in PyTorch's order.
#pragma once
#include <algorithm>
#include <cstdint>

#include "../vecmath.h"
#include "isa.h"

namespace flambeau::FB_ISA {
namespace {

/** gates = f(gates + product), a function for all cells */
template <class T, T (*f)(T)>
FB_NOINLINE void activate(T* FB_RESTRICT gates, const T* FB_RESTRICT product, int64_t n) {
  for (int64_t j = 0; j < n; j++) gates[j] = f(gates[j] + product[j]);
}
template <class T>
FB_INLINE T sigmoid_of(T x) {
  return vm::sigmoid(x);
}
template <class T>
FB_INLINE T tanh_of(T x) {
  return vm::tanh(x);
}
template <class T>
FB_INLINE T relu_of(T x) {
  return x < T{0} ? T{0} : x;  // NaN stays
}

/** What one row of a step of backward reads and writes; n is the hidden size. */
template <class T>
struct BackwardRow {
  const T* dy;     // [n] gradient of the row's output
  const T* gates;  // activated
  const T* extra;  // the LSTM's cells, the GRU's recurrent product of the new gate
  const T* h;      // [n] the state before this step (not the LSTM's)
  const T* c;      // [n] the LSTM's cells before this step
  T* dc;           // [n] gradient of the cells, carried from step to step
  T* carry;        // [n] what of the state's gradient does not go through the product (the GRU's)
  T* dproduct;     // gradient of the recurrent product
  T* dgates;       // [3n] gradient of the GRU's input products, which differs from that; null for the others
  T* y;            // [n] the output before its projection, wanted where there is one
};

template <class T, bool kRelu>
struct ElmanCell {
  static constexpr int kGates = 1;
  static constexpr bool kCells = false, kExtra = false, kCarries = false;
  static void forward(T* FB_RESTRICT gates, const T* FB_RESTRICT product, const T*, T*, T* FB_RESTRICT y, T*,
                      int64_t n) {
    activate<T, kRelu ? relu_of<T> : tanh_of<T>>(gates, product, n);
    std::copy_n(gates, n, y);
  }
  static void backward(const BackwardRow<T>& r, int64_t n) {
    const T *FB_RESTRICT dy = r.dy, *FB_RESTRICT y = r.gates;
    T* FB_RESTRICT to = r.dproduct;
    for (int64_t j = 0; j < n; j++) {
      if constexpr (kRelu)
        to[j] = y[j] <= T{0} ? T{0} : dy[j];
      else
        to[j] = dy[j] * (T{1} - y[j] * y[j]);
    }
  }
};

template <class T>
struct LstmCell {
  static constexpr int kGates = 4;  // input, forget, cell, output
  static constexpr bool kCells = true, kExtra = true, kCarries = false;
  static void forward(T* FB_RESTRICT gates, const T* FB_RESTRICT product, const T*, T* FB_RESTRICT c, T* FB_RESTRICT y,
                      T* extra, int64_t n) {
    activate<T, sigmoid_of<T>>(gates, product, 2 * n);
    activate<T, tanh_of<T>>(gates + 2 * n, product + 2 * n, n);
    activate<T, sigmoid_of<T>>(gates + 3 * n, product + 3 * n, n);
    const T *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
    for (int64_t j = 0; j < n; j++) {
      const T cell = f[j] * c[j] + i[j] * g[j];
      c[j] = cell;
      y[j] = o[j] * vm::tanh(cell);
    }
    if (extra) std::copy_n(c, n, extra);
  }
  static void backward(const BackwardRow<T>& r, int64_t n) {
    const T *FB_RESTRICT dy = r.dy, *FB_RESTRICT cell = r.extra, *FB_RESTRICT before = r.c;
    const T *FB_RESTRICT i = r.gates, *FB_RESTRICT f = i + n, *FB_RESTRICT g = i + 2 * n, *FB_RESTRICT o = i + 3 * n;
    T *FB_RESTRICT di = r.dproduct, *FB_RESTRICT df = di + n, *FB_RESTRICT dg = di + 2 * n,
                   *FB_RESTRICT d_o = di + 3 * n;
    T* FB_RESTRICT dc = r.dc;
    if (r.y) {
      for (int64_t j = 0; j < n; j++) r.y[j] = o[j] * vm::tanh(cell[j]);
    }
    for (int64_t j = 0; j < n; j++) {
      const T t = vm::tanh(cell[j]), out = o[j];
      const T d = dc[j] + dy[j] * out * (T{1} - t * t);
      d_o[j] = dy[j] * t * out * (T{1} - out);
      dc[j] = d;
    }
    for (int64_t j = 0; j < n; j++) {
      const T d = dc[j];
      di[j] = d * g[j] * i[j] * (T{1} - i[j]);
      df[j] = d * before[j] * f[j] * (T{1} - f[j]);
      dg[j] = d * i[j] * (T{1} - g[j] * g[j]);
      dc[j] = d * f[j];
    }
  }
};

template <class T>
struct GruCell {
  static constexpr int kGates = 3;  // reset, update, new
  static constexpr bool kCells = false, kExtra = true, kCarries = true;
  static void forward(T* FB_RESTRICT gates, const T* FB_RESTRICT product, const T* FB_RESTRICT bias, T*,
                      T* FB_RESTRICT y, T* FB_RESTRICT extra, int64_t n) {
    activate<T, sigmoid_of<T>>(gates, product, 2 * n);
    const T *r = gates, *z = gates + n, *inner = product + 2 * n;
    T* fresh = gates + 2 * n;
    for (int64_t j = 0; j < n; j++) fresh[j] = vm::tanh(fresh[j] + r[j] * (inner[j] + bias[j]));
    for (int64_t j = 0; j < n; j++) y[j] = (y[j] - fresh[j]) * z[j] + fresh[j];
    if (extra) {
      for (int64_t j = 0; j < n; j++) extra[j] = inner[j] + bias[j];
    }
  }
  static void backward(const BackwardRow<T>& row, int64_t n) {
    const T *FB_RESTRICT dy = row.dy, *FB_RESTRICT inner = row.extra, *FB_RESTRICT h = row.h;
    const T *FB_RESTRICT r = row.gates, *FB_RESTRICT z = r + n, *FB_RESTRICT fresh = r + 2 * n;
    T *FB_RESTRICT dr = row.dproduct, *FB_RESTRICT dz = dr + n, *FB_RESTRICT dinner = dr + 2 * n;
    T *FB_RESTRICT dgates = row.dgates, *FB_RESTRICT carry = row.carry;
    for (int64_t j = 0; j < n; j++) {
      const T d = dy[j];
      const T dfresh = d * (T{1} - z[j]) * (T{1} - fresh[j] * fresh[j]);
      const T update = d * (h[j] - fresh[j]) * z[j] * (T{1} - z[j]);
      const T reset = dfresh * inner[j] * r[j] * (T{1} - r[j]);
      dr[j] = reset;
      dz[j] = update;
      dinner[j] = dfresh * r[j];
      dgates[j] = reset;
      dgates[n + j] = update;
      dgates[2 * n + j] = dfresh;
      carry[j] = d * z[j];
    }
  }
};

}  // namespace
}  // namespace flambeau::FB_ISA
