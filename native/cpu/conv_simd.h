// Vector type, unrolling, reusable scratch memory and layout moves for the convolution kernels (conv*.cc); the vector
// type also for linalg.h.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "fma.h"
#include "isa.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__clang__)
#define FB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FB_UNROLL _Pragma("GCC unroll 64")
#endif

namespace flambeau::FB_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr bool kManyRegisters = true;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
inline constexpr bool kManyRegisters = false;
#else
inline constexpr int kVectorBytes = 16;
#if defined(__aarch64__)
inline constexpr bool kManyRegisters = true;
#else
inline constexpr bool kManyRegisters = false;
#endif
#endif

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;
/** Lanes of a vector of T. */
template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
FB_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
FB_INLINE void store(T* p, Vec<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}
/** All lanes x; x - 0 is x for every x, so that this compiles to one broadcast. */
template <class T>
FB_INLINE Vec<T> splat(T x) {
  return x - Vec<T>{};
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/** Sign bits set in the first n lanes of T. */
template <class T>
FB_INLINE __m256i first_lanes(int64_t n) {
  static constexpr int32_t table[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  const int64_t set = (n < 0 ? 0 : n) * static_cast<int64_t>(sizeof(T) / 4);
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(table + 8 - set));
}
#endif

/** The first n lanes; the others are zero and their memory is not touched. n may be any number. */
template <class T>
FB_INLINE Vec<T> load_first(const T* p, int64_t n) {
  if (n >= kLanes<T>) return load(p);
#if defined(__AVX512F__)
  const unsigned mask = n <= 0 ? 0 : (1u << n) - 1;
  if constexpr (sizeof(T) == 4)
    return (Vec<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p);
  else
    return (Vec<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p);
#elif defined(__AVX2__)
  const __m256i mask = first_lanes<T>(n);
  if constexpr (sizeof(T) == 4)
    return (Vec<T>)_mm256_maskload_ps(p, mask);
  else
    return (Vec<T>)_mm256_maskload_pd(p, mask);
#else
  Vec<T> v{};
  for (int64_t i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}
template <class T>
FB_INLINE void store_first(T* p, Vec<T> v, int64_t n) {
  if (n >= kLanes<T>) return store(p, v);
#if defined(__AVX512F__)
  const unsigned mask = n <= 0 ? 0 : (1u << n) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), (__m512)v);
  else
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), (__m512d)v);
#elif defined(__AVX2__)
  const __m256i mask = first_lanes<T>(n);
  if constexpr (sizeof(T) == 4)
    _mm256_maskstore_ps(p, mask, (__m256)v);
  else
    _mm256_maskstore_pd(p, mask, (__m256d)v);
#else
  for (int64_t i = 0; i < n; i++) p[i] = v[i];
#endif
}

/** Lanes a0 b0 a1 b1 …, from the lower (From = 0) or upper (From = lanes / 2) halves of a and b. */
template <class T, int From, int... I>
FB_INLINE Vec<T> zip(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, (From + I / 2 + I % 2 * kLanes<T>)...);
#else
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  typedef Index Mask __attribute__((vector_size(kVectorBytes)));
  return __builtin_shuffle(a, b, Mask{(From + I / 2 + I % 2 * kLanes<T>)...});
#endif
}
/** Transposes a square of vectors in registers: interleaving row i with row i + L/2, log2(L) times. */
template <class T>
FB_INLINE void transpose_square(Vec<T>* r) {
  constexpr int L = kLanes<T>;
  using Lanes = std::make_integer_sequence<int, L>;
  Vec<T> t[L];
  FB_UNROLL for (int stage = 1; stage < L; stage *= 2) {
    FB_UNROLL for (int i = 0; i < L / 2; i++) {
      t[2 * i] = zip<T, 0>(r[i], r[i + L / 2], Lanes{});
      t[2 * i + 1] = zip<T, L / 2>(r[i], r[i + L / 2], Lanes{});
    }
    FB_UNROLL for (int i = 0; i < L; i++) r[i] = t[i];
  }
}

/** Rows of a register tile: 12 by two vectors fill 32 registers, 6 by two fill 16. */
inline constexpr int kTileRows = kManyRegisters ? 12 : 6;

/** Values a scratch pixel takes: pitches of a multiple of 256 bytes would fall into few cache sets. */
template <class T>
int64_t pixel_pitch(int64_t channels) {
  constexpr int64_t line = 64 / sizeof(T);
  return channels >= 4 * line && channels % (4 * line) == 0 ? channels + line : channels;
}

/**
 * Memory that a thread keeps between calls, because fresh pages cost more than the arithmetic on them. What one slot
 * keeps is capped; a larger request is freed by the next call that asks the same slot for less.
 */
class ScratchSlot {
 public:
  ScratchSlot() = default;
  ScratchSlot(const ScratchSlot&) = delete;
  ScratchSlot& operator=(const ScratchSlot&) = delete;
  ~ScratchSlot() { ::operator delete(memory_, kAligned); }

  /** Uninitialised room for `count` values, valid until the next call; a vector may be read or written past the end. */
  template <class T>
  T* get(int64_t count) {
    if (count < 0 || count > (int64_t{1} << 45)) throw std::bad_alloc();
    const size_t bytes = (static_cast<size_t>(count) * sizeof(T) + 4 * kVectorBytes + 63) / 64 * 64;
    if (bytes > size_ || (size_ > kKeep && bytes <= kKeep)) {
      ::operator delete(memory_, kAligned);
      memory_ = nullptr;
      size_ = 0;
      memory_ = ::operator new(bytes, kAligned);
      size_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  static constexpr size_t kKeep = size_t{64} << 20;
  static constexpr std::align_val_t kAligned{64};
  void* memory_ = nullptr;
  size_t size_ = 0;
};

/** The slots of one thread. `shared_*` are filled by the caller of a kernel and read by all threads. */
struct Scratch {
  ScratchSlot input, output, tile_a, tile_b, pack;
  ScratchSlot shared_weights, shared_a, shared_b;
  ScratchSlot stage[4];
};
Scratch& conv_scratch();

/**
 * dst[i * di + j * dj] = src[i * si + j * sj] for i < ni, j < nj. Fast where both sides are dense along the same index,
 * or one along i and the other along j.
 */
template <class T>
void move_2d(int64_t ni, int64_t nj, const T* src, int64_t si, int64_t sj, T* dst, int64_t di, int64_t dj);

}  // namespace flambeau::FB_ISA
