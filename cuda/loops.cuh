// The driver of element-wise kernels on GPUs: one kernel for each formula and class of dtypes. unary.cu, binary.cu,
// compare.cu, ternary.cu and copy.cu give it rows.
//
// A kernel computes in float (for float32, float16, bfloat16), double, or int64 (for whole numbers and bool: what is
// stored are its low bits, the same that narrower arithmetic gives). Which dtype is in memory is a value, alike for all
// threads, so that a formula is compiled three times and not twenty. Dense operands move in vectors of four.
#pragma once
#include <utility>

#include "device.h"
#include "types.cuh"

namespace flambeau::cuda {

inline constexpr int kLoopDims = 8;

/** Division of 31-bit numbers by a fixed one: a multiplication and a shift (Granlund and Montgomery). */
struct Divider {
  uint32_t divisor = 1, magic = 1, shift = 0;
  Divider() = default;
  explicit Divider(uint32_t d) : divisor(d) {
    while (shift < 32 && (uint64_t{1} << shift) < d) shift++;
    magic = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - d)) / d + 1);
  }
  __device__ uint32_t divide(uint32_t n) const { return (__umulhi(n, magic) + n) >> shift; }
};

/** An iteration space of less than 2³¹ elements over N operands, by value. The innermost dim comes first. */
template <int N>
struct Space {
  uint32_t numel;
  int ndim;
  Divider sizes[kLoopDims];
  uint32_t strides[N][kLoopDims];  // in elements
  void* data[N];
  DType dtype[N];
  bool dense;        // every operand is a vector of numel elements, or one element
  bool vectors;      // … and aligned for vectors of four
  bool single[N];    // one element for all
  bool host[N];      // … whose value is in `value`
  double value[N];   // of a floating operand
  int64_t whole[N];  // of another

  __device__ void offsets(uint32_t i, uint32_t (&out)[N]) const {
#pragma unroll
    for (int k = 0; k < N; k++) out[k] = 0;
    for (int d = 0; d < ndim; d++) {
      const uint32_t rest = d + 1 < ndim ? sizes[d].divide(i) : 0;
      const uint32_t at = i - rest * sizes[d].divisor;
      i = rest;
#pragma unroll
      for (int k = 0; k < N; k++) out[k] += at * strides[k][d];
    }
  }
};

/** Launches a map_kernel over the plan's space, in pieces that fit: see loops.cu. */
template <int N>
void launch_map(const Plan& plan, const void* kernel, unsigned per_thread, const void* op);

/** How a formula meets memory: dtypes are values here. */
template <class C>
struct Memory {
  static __device__ __forceinline__ C load(const void* p, auto i, DType d) {
    if constexpr (std::is_same_v<C, double>) {
      return static_cast<const double*>(p)[i];
    } else if constexpr (std::is_same_v<C, float>) {
      if (d == DType::f32) return static_cast<const float*>(p)[i];
      return d == DType::f16 ? float(static_cast<const Half*>(p)[i]) : float(static_cast<const BFloat16*>(p)[i]);
    } else {
      switch (d) {
        case DType::i64: return static_cast<C>(static_cast<const int64_t*>(p)[i]);
        case DType::i32: return static_cast<C>(static_cast<const int32_t*>(p)[i]);
        case DType::i16: return static_cast<C>(static_cast<const int16_t*>(p)[i]);
        case DType::i8: return static_cast<C>(static_cast<const int8_t*>(p)[i]);
        case DType::u8: return static_cast<C>(static_cast<const uint8_t*>(p)[i]);
        default: return static_cast<C>(static_cast<const uint8_t*>(p)[i] != 0);
      }
    }
  }
  static __device__ __forceinline__ void load4(C (&out)[4], const void* p, uint32_t i, DType d) {
    if constexpr (std::is_same_v<C, double>) {
      take(out, static_cast<const double*>(p) + i);
    } else if constexpr (std::is_same_v<C, float>) {
      if (d == DType::f32)
        take(out, static_cast<const float*>(p) + i);
      else if (d == DType::f16)
        take(out, static_cast<const Half*>(p) + i);
      else
        take(out, static_cast<const BFloat16*>(p) + i);
    } else {
      switch (d) {
        case DType::i64: return take(out, static_cast<const int64_t*>(p) + i);
        case DType::i32: return take(out, static_cast<const int32_t*>(p) + i);
        case DType::i16: return take(out, static_cast<const int16_t*>(p) + i);
        case DType::i8: return take(out, static_cast<const int8_t*>(p) + i);
        case DType::u8: return take(out, static_cast<const uint8_t*>(p) + i);
        default: return take(out, static_cast<const Bool*>(p) + i);
      }
    }
  }
  template <class T>
  static __device__ __forceinline__ void take(C (&out)[4], const T* p) {
    const Four<T> v = *reinterpret_cast<const Four<T>*>(p);
#pragma unroll
    for (int j = 0; j < 4; j++) out[j] = static_cast<C>(static_cast<Compute<T>>(v.at[j]));
  }
  static __device__ __forceinline__ C constant(double value, int64_t whole) {
    return std::is_floating_point_v<C> ? static_cast<C>(value) : static_cast<C>(whole);
  }
};

/** Results: in the dtypes of the class they were computed in, or bool. */
template <class R>
__device__ __forceinline__ void store(void* p, auto i, DType d, R v) {
  if constexpr (std::is_same_v<R, bool>) {
    static_cast<uint8_t*>(p)[i] = v ? 1 : 0;
  } else if constexpr (std::is_same_v<R, double>) {
    static_cast<double*>(p)[i] = v;
  } else if constexpr (std::is_same_v<R, float>) {
    if (d == DType::f32)
      static_cast<float*>(p)[i] = v;
    else if (d == DType::f16)
      static_cast<Half*>(p)[i] = Half(v);
    else
      static_cast<BFloat16*>(p)[i] = BFloat16(v);
  } else {
    switch (d) {
      case DType::i64: static_cast<int64_t*>(p)[i] = static_cast<int64_t>(v); return;
      case DType::i32: static_cast<int32_t*>(p)[i] = static_cast<int32_t>(v); return;
      case DType::i16: static_cast<int16_t*>(p)[i] = static_cast<int16_t>(v); return;
      case DType::i8: static_cast<int8_t*>(p)[i] = static_cast<int8_t>(v); return;
      case DType::u8: static_cast<uint8_t*>(p)[i] = static_cast<uint8_t>(v); return;
      default: static_cast<uint8_t*>(p)[i] = v != 0 ? 1 : 0; return;
    }
  }
}
template <class T, class R>
__device__ __forceinline__ void put4(void* p, uint32_t i, const R (&v)[4]) {
  Four<T> out;
#pragma unroll
  for (int j = 0; j < 4; j++) {
    if constexpr (is_bool<T>)
      out.at[j] = T(v[j] != R{0});
    else
      out.at[j] = static_cast<T>(v[j]);
  }
  *reinterpret_cast<Four<T>*>(static_cast<T*>(p) + i) = out;
}
template <class R>
__device__ __forceinline__ void store4(void* p, uint32_t i, DType d, const R (&v)[4]) {
  if constexpr (std::is_same_v<R, bool>) {
    put4<Bool>(p, i, v);
  } else if constexpr (std::is_same_v<R, double>) {
    put4<double>(p, i, v);
  } else if constexpr (std::is_same_v<R, float>) {
    if (d == DType::f32)
      put4<float>(p, i, v);
    else if (d == DType::f16)
      put4<Half>(p, i, v);
    else
      put4<BFloat16>(p, i, v);
  } else {
    switch (d) {
      case DType::i64: return put4<int64_t>(p, i, v);
      case DType::i32: return put4<int32_t>(p, i, v);
      case DType::i16: return put4<int16_t>(p, i, v);
      case DType::i8: return put4<int8_t>(p, i, v);
      case DType::u8: return put4<uint8_t>(p, i, v);
      default: return put4<Bool>(p, i, v);
    }
  }
}

/**
 * out = op(inputs…), N operands with the result. `Op::call(const C (&in)[N - 1])` gives the result; a thread computes
 * Op::kPerThread of them, 4 or 1.
 */
template <class C, int N, class Op>
__global__ void map_kernel(const __grid_constant__ Space<N> s, const __grid_constant__ Op op) {
  using R = decltype(op.call(std::declval<const C(&)[N - 1]>()));
  constexpr int kPerThread = Op::kPerThread;
  C in[kPerThread][N - 1];
  C fixed[N - 1];
#pragma unroll
  for (int k = 1; k < N; k++) {
    fixed[k - 1] = s.host[k]     ? Memory<C>::constant(s.value[k], s.whole[k])
                   : s.single[k] ? Memory<C>::load(s.data[k], 0, s.dtype[k])
                                 : C{};
  }
  const uint32_t first = blockIdx.x * blockDim.x * kPerThread;
  // threads of a block take four neighbours each, in vectors; else neighbours in a warp take neighbours in memory
  const bool vectors = kPerThread == 4 && s.vectors;
  const uint32_t step = vectors ? 1 : blockDim.x, i0 = first + threadIdx.x * (vectors ? kPerThread : 1);
  const bool whole = vectors && i0 + kPerThread <= s.numel;
  uint32_t to[kPerThread];
  if constexpr (kPerThread == 4) {
    if (whole) {
#pragma unroll
      for (int k = 1; k < N; k++) {
        C v[4] = {fixed[k - 1], fixed[k - 1], fixed[k - 1], fixed[k - 1]};
        if (!s.single[k]) Memory<C>::load4(v, s.data[k], i0, s.dtype[k]);
#pragma unroll
        for (int j = 0; j < 4; j++) in[j][k - 1] = v[j];
      }
    }
  }
  if (!whole) {
#pragma unroll
    for (int j = 0; j < kPerThread; j++) {
      const uint32_t i = i0 + j * step;
      uint32_t at[N] = {};
      if (i < s.numel) {
        if (s.dense) {
#pragma unroll
          for (int k = 0; k < N; k++) at[k] = i;
        } else {
          s.offsets(i, at);
        }
      }
      to[j] = at[0];
#pragma unroll
      for (int k = 1; k < N; k++)
        in[j][k - 1] = s.single[k] || i >= s.numel ? fixed[k - 1] : Memory<C>::load(s.data[k], at[k], s.dtype[k]);
    }
  }
  R out[kPerThread];
#pragma unroll
  for (int j = 0; j < kPerThread; j++) out[j] = op.call(in[j]);
  if constexpr (kPerThread == 4) {
    if (whole) return store4<R>(s.data[0], i0, s.dtype[0], out);
  }
#pragma unroll
  for (int j = 0; j < kPerThread; j++)
    if (i0 + j * step < s.numel) store<R>(s.data[0], to[j], s.dtype[0], out[j]);
}

/** All that the host does for one formula: the driver is compiled once. */
template <class C, int N, class Op>
void run_map(const Plan& plan, const Op& op) {
  launch_map<N>(plan, reinterpret_cast<const void*>(map_kernel<C, N, Op>), Op::kPerThread, &op);
}

}  // namespace flambeau::cuda
