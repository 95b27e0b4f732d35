// One fused multiply-add of vectors for the register tiles of gemm_kernels.h and the convolutions (conv_*.cc).
#pragma once
#include "isa.h"

/** Keeps loads of one step from moving into another, where they would cost registers that are not there. */
#define FB_NO_MIXING asm volatile("" ::: "memory")

namespace flambeau::FB_ISA {

/**
 * sum + x * y. On AVX2 the instruction is spelled out: with all 16 registers in use GCC otherwise picks forms that
 * overwrite a factor, runs short of registers and takes sums through memory, which costs 6 % of a large product and up
 * to a third of a tile whose sums wait for their own stores. Sums come and go by value: by reference they would stay in
 * memory.
 */
template <class V>
FB_INLINE V fma(V sum, V x, V y) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (sizeof(sum[0]) == 4)
    asm("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(x), "x"(y));
  else
    asm("vfmadd231pd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(y));
  return sum;
#else
  return sum + x * y;
#endif
}

}  // namespace flambeau::FB_ISA
