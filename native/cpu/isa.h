// Each kernel file is compiled once for each instruction set that levels.h gives it, into a namespace of its own;
// cpu.cc picks the best copy of each at load. The build defines FB_ISA (isa_v2, isa_v3, isa_v4; isa_neon on arm64).
// Everything a kernel file or a kernel header defines must live in flambeau::FB_ISA, or the linker may keep an AVX-512
// copy of an inline function for everybody.
#pragma once

#ifndef FB_ISA
#define FB_ISA isa_v2
#endif

// FB_SMALL, of copies for old processors (levels.mjs --small): the compiler decides what becomes part of what, by size.
#if defined(FB_SMALL)
#define FB_INLINE inline
#else
#define FB_INLINE inline __attribute__((always_inline))
#endif
#define FB_NOINLINE __attribute__((noinline))
/** Behind the parameters of a lambda: as FB_INLINE, for the body of a hot loop. */
#if defined(FB_SMALL)
#define FB_FLAT
#else
#define FB_FLAT __attribute__((always_inline))
#endif
/** Before a function with a hot loop: everything that it calls becomes part of it. */
#if defined(FB_SMALL)
#define FB_FLATTEN __attribute__((noinline))
#else
#define FB_FLATTEN __attribute__((flatten, noinline))
#endif
#define FB_RESTRICT __restrict__
/** Before a loop over lanes: once vectorised, its vectors stay in registers. The builds ask for no other unrolling. */
#if defined(__clang__) || defined(__CUDACC__) || defined(FB_SMALL)
#define FB_LANES
#else
#define FB_LANES _Pragma("GCC unroll 16")
#endif

namespace flambeau {
class KernelTable;
}
