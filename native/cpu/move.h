// Moving bytes: what the copying kernels (copy.cc, index.cc, and the driver of loops.h) call instead of memmove.
#pragma once
#include <cstddef>
#include <cstring>

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
  const auto step = [&](size_t i) {
    Vector v[4];
    for (size_t k = 0; k < 4; k++) v[k] = *reinterpret_cast<const Vector*>(x + i + k * sizeof(Vector));
    for (size_t k = 0; k < 4; k++) *reinterpret_cast<Vector*>(y + i + k * sizeof(Vector)) = v[k];
  };
  for (size_t i = 0; i + kStep <= n; i += kStep) step(i);
  step(n - kStep);
}

}  // namespace flambeau::FB_ISA
