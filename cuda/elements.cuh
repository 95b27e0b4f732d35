// For kernels with loops of their own (reduce.cuh, scan.cu): places in tensors of any layout and size, elements of any
// dtype many at a time, values of other lanes.
#pragma once
#include "loops.cuh"

namespace flambeau::cuda {

/** Sizes of dims, the innermost last, and the way from a number to a place. */
struct Dims {
  Divider dividers[kMaxDims];
  int64_t sizes[kMaxDims];

  void set(int d, int64_t size) {
    sizes[d] = size;
    dividers[d] = size > 0 && size < int64_t{1} << 31 ? Divider(static_cast<uint32_t>(size)) : Divider();
  }
  /** Where the i-th element of the dims [first, last) is; `wide` where there are 2³¹ or more. */
  __device__ int64_t walk(int64_t i, int first, int last, bool wide, const int64_t* strides) const {
    if (first == last) return 0;
    int64_t at = 0;
    if (wide) {
      for (int d = last - 1; d > first; d--) {
        const int64_t rest = i / sizes[d];
        at += (i - rest * sizes[d]) * strides[d];
        i = rest;
      }
      return at + i * strides[first];
    }
    uint32_t j = static_cast<uint32_t>(i);
    for (int d = last - 1; d > first; d--) {
      const uint32_t rest = dividers[d].divide(j);
      at += static_cast<int64_t>(j - rest * dividers[d].divisor) * strides[d];
      j = rest;
    }
    return at + j * strides[first];
  }
};

/** Calls f(TypeTag<T>{}) for the type in memory of elements that are loaded as C. */
template <class C, class F>
__device__ __forceinline__ void visit_memory(DType d, F&& f) {
  if constexpr (std::is_same_v<C, double>) {
    f(TypeTag<double>{});
  } else if constexpr (std::is_same_v<C, float>) {
    switch (d) {
      case DType::f32: return f(TypeTag<float>{});
      case DType::f16: return f(TypeTag<Half>{});
      default: return f(TypeTag<BFloat16>{});
    }
  } else if constexpr (std::is_same_v<C, bool>) {
    // only zeros matter: halves and signed numbers of a size are alike
    switch (d) {
      case DType::f32: return f(TypeTag<float>{});
      case DType::f64: return f(TypeTag<double>{});
      case DType::f16:
      case DType::bf16: return f(TypeTag<Half>{});
      case DType::i64: return f(TypeTag<int64_t>{});
      case DType::i32: return f(TypeTag<int32_t>{});
      case DType::i16: return f(TypeTag<int16_t>{});
      default: return f(TypeTag<uint8_t>{});
    }
  } else {
    switch (d) {
      case DType::i64: return f(TypeTag<int64_t>{});
      case DType::i32: return f(TypeTag<int32_t>{});
      case DType::i16: return f(TypeTag<int16_t>{});
      case DType::i8: return f(TypeTag<int8_t>{});
      case DType::u8: return f(TypeTag<uint8_t>{});
      default: return f(TypeTag<Bool>{});
    }
  }
}
template <class C, class T>
__device__ __forceinline__ C loaded(T x) {
  if constexpr (std::is_same_v<C, bool>) {
    if constexpr (is_half<T>)
      return (x.bits & 0x7fff) != 0;
    else
      return x != T{0};
  } else {
    return static_cast<C>(static_cast<Compute<T>>(x));
  }
}

/** N elements, or vectors of four, from places `at` (none where it is negative): all are under way before one is used.
 */
template <class C, int N>
__device__ __forceinline__ void load_elements(C (&v)[N], const std::byte* p, const int64_t (&at)[N], DType d) {
  visit_memory<C>(d, [&]<class T>(TypeTag<T>) {
    T raw[N];
#pragma unroll
    for (int u = 0; u < N; u++)
      if (at[u] >= 0) raw[u] = reinterpret_cast<const T*>(p)[at[u]];
#pragma unroll
    for (int u = 0; u < N; u++)
      if (at[u] >= 0) v[u] = loaded<C>(raw[u]);
  });
}
template <class C, int N>
__device__ __forceinline__ void load_vectors(C (&v)[N][4], const std::byte* p, const int64_t (&at)[N], DType d) {
  visit_memory<C>(d, [&]<class T>(TypeTag<T>) {
    Four<T> raw[N];
#pragma unroll
    for (int u = 0; u < N; u++)
      if (at[u] >= 0) raw[u] = *reinterpret_cast<const Four<T>*>(reinterpret_cast<const T*>(p) + at[u]);
#pragma unroll
    for (int u = 0; u < N; u++) {
      if (at[u] < 0) continue;
#pragma unroll
      for (int j = 0; j < 4; j++) v[u][j] = loaded<C>(raw[u].at[j]);
    }
  });
}

/** Another lane's value of any type. */
template <class A>
__device__ __forceinline__ A exchange(const A& a, int mask) {
  static_assert(sizeof(A) % 4 == 0);
  uint32_t words[sizeof(A) / 4];
  memcpy(words, &a, sizeof a);
#pragma unroll
  for (uint32_t& w : words) w = __shfl_xor_sync(~0u, w, mask);
  A other;
  memcpy(&other, words, sizeof a);
  return other;
}

}  // namespace flambeau::cuda
