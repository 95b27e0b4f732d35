// Fills the CPU's kernel table once, at load: of each kernel file the best copy that the processor runs (levels.h).
#include <cstdlib>
#include <cstring>

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

int processor_level() {
#if defined(__GNUC__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? 4 : v3 ? 3 : 2;
#else
  return 2;
#endif
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
  } else if (built(2)) {
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
