// Reductions over the threads of a warp, a part of one, or a block, in an order that does not change from run to run.
// Every thread gets the result. Used by lines.cuh and by the kernels that sum over blocks.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>

#include "device.h"
#include "vecmath.cuh"

namespace flambeau::cuda {

namespace vm = FB_ISA::vm;

/** The `v` of the lane whose number differs in the bits of `mask`. */
template <class T>
__device__ __forceinline__ T shuffle_xor(const T& v, int mask) {
  static_assert(sizeof(T) % 4 == 0);
  uint32_t words[sizeof(T) / 4];
  memcpy(words, &v, sizeof v);
#pragma unroll
  for (unsigned i = 0; i < sizeof(T) / 4; i++) words[i] = __shfl_xor_sync(0xffffffffu, words[i], mask);
  T out;
  memcpy(&out, words, sizeof out);
  return out;
}

// How two values become one: `identity()` changes nothing, and the order of the two changes no bit.

template <class T>
struct Add {
  static __device__ __forceinline__ T identity() { return T{0}; }
  static __device__ __forceinline__ T join(T a, T b) { return a + b; }
};
/** Of numbers: a NaN is passed over where there is anything else. */
template <class T>
struct Most {
  static __device__ __forceinline__ T identity() { return -std::numeric_limits<T>::infinity(); }
  static __device__ __forceinline__ T join(T a, T b) { return b > a ? b : a; }
};
/** Two sums at once. */
template <class T>
struct Pair {
  T a, b;
};
template <class T>
struct AddPair {
  static __device__ __forceinline__ Pair<T> identity() { return {T{0}, T{0}}; }
  static __device__ __forceinline__ Pair<T> join(Pair<T> x, Pair<T> y) { return {x.a + y.a, x.b + y.b}; }
};

/** Number of values, their mean, and the sum of the squared distances from it. */
template <class C>
struct Moments {
  C count, mean, squares;

  __device__ __forceinline__ void add(const Moments& o) {
    const C total = count + o.count, apart = o.mean - mean;
    if (!(total > C{0})) return;
    const C share = o.count / total;
    mean += apart * share;
    squares += o.squares + apart * apart * count * share;
    count = total;
  }
  /** The first `n` of `v`, n ≤ 4. */
  __device__ __forceinline__ void add(const C (&v)[4], int n) {
    if (n == 0) return;
    const C one = C{1} / static_cast<C>(n);
    C sum = 0, around = 0;
#pragma unroll
    for (int j = 0; j < 4; j++) sum += j < n ? v[j] : C{0};
    const C center = sum * one;
#pragma unroll
    for (int j = 0; j < 4; j++) around += j < n ? (v[j] - center) * (v[j] - center) : C{0};
    add(Moments{static_cast<C>(n), center, around});
  }
};
template <class C>
struct AddMoments {
  static __device__ __forceinline__ Moments<C> identity() { return {C{0}, C{0}, C{0}}; }
  /** The order matters to the last bit: of equal counts the smaller mean comes first. */
  static __device__ __forceinline__ Moments<C> join(Moments<C> a, Moments<C> b) {
    const bool turn = a.count != b.count ? a.count < b.count
                      : a.mean != b.mean ? a.mean > b.mean
                                         : a.squares > b.squares;
    if (turn) {
      const Moments<C> c = a;
      a = b;
      b = c;
    }
    a.add(b);
    return a;
  }
};

/** The largest value, and the sum of exp(value - top): a softmax that reads its row but once before it writes. */
template <class C>
struct ExpSum {
  C top, sum;
  __device__ __forceinline__ void add(C v) {
    if (v > top) {
      sum = sum * vm::exp(top - v) + vm::exp(v - v);  // of infinity the sum is NaN
      top = v;
    } else if (v != -std::numeric_limits<C>::infinity()) {
      sum += vm::exp(v - top);
    }
  }
};
template <class C>
struct AddExpSums {
  static __device__ __forceinline__ ExpSum<C> identity() { return {-std::numeric_limits<C>::infinity(), C{0}}; }
  static __device__ __forceinline__ ExpSum<C> join(ExpSum<C> x, ExpSum<C> y) {
    const C top = y.top > x.top ? y.top : x.top;
    const C of_x = x.top == top ? C{1} : vm::exp(x.top - top), of_y = y.top == top ? C{1} : vm::exp(y.top - top);
    const C a = x.sum * of_x, b = y.sum * of_y;
    return {top, a + b};
  }
};

/** Over each `width` neighbouring lanes, a power of two. All 32 lanes take part. */
template <class Op, class T>
__device__ __forceinline__ T warp_reduce(T v, int width = kWarp) {
  for (int mask = width / 2; mask > 0; mask /= 2) v = Op::join(v, shuffle_xor(v, mask));
  return v;
}

/** Over the block, which has whole warps; `scratch` is shared memory for 32 values. */
template <class Op, class T>
__device__ __forceinline__ T block_reduce(T v, T* scratch) {
  const unsigned lane = threadIdx.x % kWarp, warps = blockDim.x / kWarp;
  v = warp_reduce<Op>(v);
  if (warps == 1) return v;
  __syncthreads();  // the last reduction's results may still be read
  if (lane == 0) scratch[threadIdx.x / kWarp] = v;
  __syncthreads();
  return warp_reduce<Op>(lane < warps ? scratch[lane] : Op::identity());
}

}  // namespace flambeau::cuda
