// Moving bytes: what the copying kernels (copy.cc, index.cc, and the driver of loops.h) call instead of memmove, and
// stores that go past the caches, for results that are too large for these (streaming_bytes in parallel.h).
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "isa.h"

namespace flambeau::FB_ISA {

/**
 * Four vectors a step. The C library moves by a string instruction from 2 KB on, which on some processors takes twenty
 * times as long where the target lies a few bytes behind the source modulo 4096. The ranges may overlap.
 */
inline void move_bytes(void* to, const void* from, size_t n) {
  typedef unsigned char Vector __attribute__((vector_size(32), aligned(1)));
  constexpr size_t kStep = 4 * sizeof(Vector);
  unsigned char* y = static_cast<unsigned char*>(to);
  const unsigned char* x = static_cast<const unsigned char*>(from);
  if (n < kStep || (y < x + n && x < y + n)) {
    std::memmove(to, from, n);
    return;
  }
  // Four names and not an array: GCC would keep an array on the stack, and store everything twice.
  const auto step = [&](size_t i) FB_FLAT {
    const Vector a = *reinterpret_cast<const Vector*>(x + i);
    const Vector b = *reinterpret_cast<const Vector*>(x + i + sizeof(Vector));
    const Vector c = *reinterpret_cast<const Vector*>(x + i + 2 * sizeof(Vector));
    const Vector d = *reinterpret_cast<const Vector*>(x + i + 3 * sizeof(Vector));
    *reinterpret_cast<Vector*>(y + i) = a;
    *reinterpret_cast<Vector*>(y + i + sizeof(Vector)) = b;
    *reinterpret_cast<Vector*>(y + i + 2 * sizeof(Vector)) = c;
    *reinterpret_cast<Vector*>(y + i + 3 * sizeof(Vector)) = d;
  };
  for (size_t i = 0; i + kStep <= n; i += kStep) step(i);
  step(n - kStep);
}

inline constexpr size_t kLine = 64;

/** Stores a cache line past the caches; `to` is aligned to it. stream_end() belongs behind the last one. */
FB_INLINE void stream_line(unsigned char* to, const unsigned char* from) {
#if defined(__AVX__)
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), a);
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to + 32), b);
#elif defined(__SSE2__)
  __m128i v[4];
  for (int k = 0; k < 4; k++) v[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * k));
  for (int k = 0; k < 4; k++) _mm_stream_si128(reinterpret_cast<__m128i*>(to + 16 * k), v[k]);
#else
  std::memcpy(to, from, kLine);
#endif
}
/** Makes streamed lines visible to other threads: once, before a kernel's chunk ends. */
inline void stream_end() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/** How many of the `n` bytes at `to` come before its first whole line. */
inline size_t before_line(const void* to, size_t n) {
  const size_t head = (kLine - reinterpret_cast<uintptr_t>(to) % kLine) % kLine;
  return head < n ? head : n;
}
/** As move_bytes, past the caches; the ranges do not overlap. */
inline void stream_bytes(void* to, const void* from, size_t n) {
  unsigned char* y = static_cast<unsigned char*>(to);
  const unsigned char* x = static_cast<const unsigned char*>(from);
  size_t i = before_line(to, n);
  std::memcpy(y, x, i);
  for (; i + 2 * kLine <= n; i += 2 * kLine) {
    stream_line(y + i, x + i);
    stream_line(y + i + kLine, x + i + kLine);
  }
  std::memcpy(y + i, x + i, n - i);
}
/** The value of `size` bytes (a power of two up to 8) at `from`, repeated over `n` bytes past the caches. */
inline void stream_value(void* to, const void* from, size_t size, size_t n) {
  alignas(kLine) unsigned char line[kLine];
  for (size_t i = 0; i < kLine; i += size) std::memcpy(line + i, from, size);
  unsigned char* y = static_cast<unsigned char*>(to);
  size_t i = before_line(to, n);
  std::memcpy(y, line, i);  // whole values: elements are aligned to their size
  for (; i + kLine <= n; i += kLine) stream_line(y + i, line);
  std::memcpy(y + i, line, n - i);
}

}  // namespace flambeau::FB_ISA
