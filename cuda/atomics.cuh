// Joining a value with one in memory, where other threads do the same. Used by scatter.cu; index.cu calls what that
// file makes of it.
#pragma once
#include "indexed.cuh"

namespace flambeau::cuda {

/** Integers wrap around; a sum of bools is "or", a product "and". */
enum class Join { add, multiply, most, least };

/** base[…] = side, in no fixed order. */
void put_indexed(Indexed& x, DType d, int dim);
/** base[…] joined with alpha · side, atomically. */
void join_indexed(Indexed& x, DType d, Join how, double alpha, int dim);

template <class C>
__device__ __forceinline__ C joined(Join how, C a, C b) {
  if (how == Join::add) return a + b;
  if (how == Join::multiply) return a * b;
  // NaN wins
  if (how == Join::most) return b > a || b != b ? b : a;
  return b < a || b != b ? b : a;
}

/** Replaces a word by f(word) once nobody else has changed it meanwhile. */
template <class W, class F>
__device__ __forceinline__ void exchange(W* p, const F& f) {
  W seen = *const_cast<const volatile W*>(p);
  while (true) {
    const W next = f(seen);
    if (next == seen) return;
    const W found = atomicCAS(p, seen, next);
    if (found == seen) return;
    seen = found;
  }
}
/** Element `i` of dtype `d`, of the size of W, becomes join(element). */
template <class C, class W, class F>
__device__ __forceinline__ void exchange_as(void* data, int64_t i, DType d, const F& join) {
  exchange(static_cast<W*>(data) + i, [&](W seen) {
    W next = 0;
    store<C>(&next, 0, d, join(Memory<C>::load(&seen, 0, d)));
    return next;
  });
}
/** The hardware exchanges 2, 4 and 8 bytes: a byte goes with its word, which no block of memory ends within. */
template <class C, class F>
__device__ __forceinline__ void exchange_byte(void* data, int64_t i, DType d, const F& join) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(data) + static_cast<uintptr_t>(i);
  const unsigned shift = static_cast<unsigned>(address & 3) * 8;
  exchange(reinterpret_cast<unsigned*>(address & ~uintptr_t{3}), [&](unsigned seen) {
    const uint8_t old = static_cast<uint8_t>(seen >> shift);
    uint8_t next = 0;
    store<C>(&next, 0, d, join(Memory<C>::load(&old, 0, d)));
    return (seen & ~(0xffu << shift)) | static_cast<unsigned>(next) << shift;
  });
}

/** Joins `v` with element `i`. */
template <class C>
__device__ __forceinline__ void atomic_join(void* data, int64_t i, DType d, Join how, C v) {
  using Word = unsigned long long;
  const auto join = [=](C a) { return joined(how, a, v); };
  if constexpr (std::is_same_v<C, double>) {
    if (how == Join::add)
      atomicAdd(static_cast<double*>(data) + i, v);
    else
      exchange_as<C, Word>(data, i, d, join);
  } else if constexpr (std::is_same_v<C, float>) {
    if (d != DType::f32)
      exchange_as<C, unsigned short>(data, i, d, join);
    else if (how == Join::add)
      atomicAdd(static_cast<float*>(data) + i, v);
    else
      exchange_as<C, unsigned>(data, i, d, join);
  } else {
    switch (d) {
      case DType::i64:
        if (how == Join::add)
          atomicAdd(static_cast<Word*>(data) + i, static_cast<Word>(v));
        else
          exchange_as<C, Word>(data, i, d, join);
        return;
      case DType::i32:
        if (how == Join::add)
          atomicAdd(static_cast<unsigned*>(data) + i, static_cast<unsigned>(v));
        else
          exchange_as<C, unsigned>(data, i, d, join);
        return;
      case DType::i16: return exchange_as<C, unsigned short>(data, i, d, join);
      default: return exchange_byte<C>(data, i, d, join);
    }
  }
}

}  // namespace flambeau::cuda
