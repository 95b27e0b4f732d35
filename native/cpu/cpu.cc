// Fills the CPU's kernel table once, at load: of each kernel file the best copy that the processor runs (levels.h).
#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#endif

#include "../backend.h"
#include "levels.h"

namespace flambeau {

#if defined(__x86_64__) || defined(_M_X64)

#if defined(FLAMBEAU_HAS_v2)
#define FB_HAS_2 true
#else
#define FB_HAS_2 false
#endif
#if defined(FLAMBEAU_HAS_v3)
#define FB_HAS_3 true
#else
#define FB_HAS_3 false
#endif
#if defined(FLAMBEAU_HAS_v4)
#define FB_HAS_4 true
#else
#define FB_HAS_4 false
#endif

#define FB_DECLARE(file, top) void register_##file(KernelTable& table);
#define FB_NOTHING(file, top)
namespace isa_v2 {
FB_FILES(FB_DECLARE, FB_NOTHING, FB_NOTHING)
}
namespace isa_v3 {
FB_FILES(FB_DECLARE, FB_NOTHING, FB_NOTHING)
}
namespace isa_v4 {
FB_FILES(FB_DECLARE, FB_NOTHING, FB_NOTHING)
}

namespace {

constexpr bool built(int level) { return level == 2 ? FB_HAS_2 : level == 3 ? FB_HAS_3 : FB_HAS_4; }
constexpr int kLowest = built(2) ? 2 : built(3) ? 3 : 4;
/** Whether there is a copy at `level` of a file that goes up to `top`: see levels.h. */
constexpr bool compiled(int level, int top) { return built(level) && (level <= top || level == kLowest); }

/** The four words that the processor has for a leaf of CPUID; zeros for one that it lacks. */
struct Words {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};
// Not __builtin_cpu_supports: the runtime library that Zig links answers no to everything.
Words cpuid(uint32_t leaf) {
#if defined(_MSC_VER)
  int most[4];
  int words[4];
  __cpuid(most, 0);
  if (leaf > static_cast<uint32_t>(most[0])) return {};
  __cpuidex(words, static_cast<int>(leaf), 0);
  const auto word = [&](int i) { return static_cast<uint32_t>(words[i]); };
  return {word(0), word(1), word(2), word(3)};
#else
  Words out;
  return __get_cpuid_count(leaf, 0, &out.a, &out.b, &out.c, &out.d) ? out : Words{};
#endif
}
/** The registers that the system keeps for a thread: bits 1 and 2 of 256 bits, 5 to 7 those of AVX-512. */
uint64_t kept_registers() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  uint32_t low;
  uint32_t high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | static_cast<uint64_t>(high) << 32;
#endif
}

/** 1 is a processor that not even the lowest copies run on. */
int processor_level() {
  const auto has = [](uint32_t word, int bit) { return (word >> bit & 1) != 0; };
  const Words one = cpuid(1);
  const Words seven = cpuid(7);
  const uint64_t kept = has(one.c, 27) ? kept_registers() : 0;
  const bool v2 = has(one.c, 20) && has(one.c, 23);                                                   // SSE4.2, POPCNT
  const bool v3 = v2 && (kept & 0x6) == 0x6 && has(one.c, 12) && has(seven.b, 5) && has(seven.b, 8);  // FMA, AVX2, BMI2
  // AVX-512 F, DQ, CD, BW, VL
  const bool v4 = v3 && (kept & 0xe0) == 0xe0 && has(seven.b, 16) && has(seven.b, 17) && has(seven.b, 28) &&
                  has(seven.b, 30) && has(seven.b, 31);
  return v4 ? 4 : v3 ? 3 : v2 ? 2 : 1;
}

int wanted_level() {
  const int have = processor_level();
  const char* asked = std::getenv("FLAMBEAU_ISA");
  if (!asked) return have;
  const int level = std::strcmp(asked, "v2") == 0 ? 2 : std::strcmp(asked, "v3") == 0 ? 3 : 4;
  return level < have ? level : have;
}

/** The highest copy of each file that this processor runs; no copy at all where it is below the lowest level built. */
Backend make_backend() {
  Backend backend{"cpu", "none", {}};
  const int level = wanted_level();
  if (level >= 4 && built(4)) {
    backend.isa = "x86-64-v4";
  } else if (level >= 3 && built(3)) {
    backend.isa = "x86-64-v3";
  } else if (level >= 2 && built(2)) {
    backend.isa = "x86-64-v2";
  }
#define FB_AT(n, file, top)                                          \
  if constexpr (compiled(n, top)) {                                  \
    if (level >= n) return isa_v##n::register_##file(backend.table); \
  }
#define FB_REGISTER(file, top) \
  [&] {                        \
    FB_AT(4, file, top)        \
    FB_AT(3, file, top)        \
    FB_AT(2, file, top)        \
  }();
  FB_FILES(FB_REGISTER, FB_NOTHING, FB_NOTHING)
#undef FB_REGISTER
#undef FB_AT
  return backend;
}

}  // namespace

#else

namespace isa_neon {
#define FB_DECLARE(file, top) void register_##file(KernelTable& table);
#define FB_NOTHING(file, top)
FB_FILES(FB_DECLARE, FB_NOTHING, FB_NOTHING)
}  // namespace isa_neon

namespace {
Backend make_backend() {
  Backend backend{"cpu", "arm64", {}};
#define FB_REGISTER(file, top) isa_neon::register_##file(backend.table);
  FB_FILES(FB_REGISTER, FB_NOTHING, FB_NOTHING)
#undef FB_REGISTER
  return backend;
}
}  // namespace

#endif

const Backend& cpu_backend() {
  static const Backend backend = make_backend();
  return backend;
}

}  // namespace flambeau
