// Each kernel file is compiled once for each instruction set that levels.h gives it, into a namespace of its own;
// cpu.cc picks the best copy of each at load. The build defines FB_ISA (isa_v2, isa_v3, isa_v4; isa_neon on arm64).
// Everything a kernel file or a kernel header defines must live in flambeau::FB_ISA, or the linker may keep an AVX-512
// copy of an inline function for everybody.
#pragma once

#ifndef FB_ISA
#define FB_ISA isa_v2
#endif

#define FB_INLINE inline __attribute__((always_inline))
#define FB_NOINLINE __attribute__((noinline))
/** Behind the parameters of a lambda: as FB_INLINE, for the body of a hot loop. */
#define FB_FLAT __attribute__((always_inline))
/** Before a function with a hot loop: everything that it calls becomes part of it. */
#define FB_FLATTEN __attribute__((flatten, noinline))
#define FB_RESTRICT __restrict__
/** Before a loop over lanes: once vectorised, its vectors stay in registers. The builds ask for no other unrolling. */
#if defined(__clang__) || defined(__CUDACC__)
#define FB_LANES
#else
#define FB_LANES _Pragma("GCC unroll 16")
#endif

namespace flambeau {
class KernelTable;
}
