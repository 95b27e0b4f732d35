// Each kernel file is compiled once per instruction set, into a namespace of its own; cpu.cc picks one table at load.
// The build defines FB_ISA (isa_v2, isa_v3, isa_v4; isa_neon on arm64). Everything a kernel file or a kernel header
// defines must live in flambeau::FB_ISA, or the linker may keep an AVX-512 copy of an inline function for everybody.
#pragma once

#ifndef FB_ISA
#define FB_ISA isa_v2
#endif

#define FB_INLINE inline __attribute__((always_inline))
#define FB_RESTRICT __restrict__

namespace flambeau {
class KernelTable;
}
