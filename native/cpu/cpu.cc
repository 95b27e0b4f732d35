// Chooses the CPU's kernel table once, at load: the best instruction set that both the build and the processor have.
#include <cstdlib>
#include <cstring>

#include "../backend.h"

namespace flambeau {

#if defined(__x86_64__) || defined(_M_X64)

#if defined(FLAMBEAU_HAS_v2)
namespace isa_v2 {
void register_all(KernelTable& table);
}
#endif
#if defined(FLAMBEAU_HAS_v3)
namespace isa_v3 {
void register_all(KernelTable& table);
}
#endif
#if defined(FLAMBEAU_HAS_v4)
namespace isa_v4 {
void register_all(KernelTable& table);
}
#endif

namespace {

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

Backend make_backend() {
  Backend backend{"cpu", "none", {}};
  const int level = wanted_level();
  const auto choose = [&](int needed, const char* isa, void (*register_all)(KernelTable&)) {
    if (level < needed || !backend.table.kernels().empty()) return;
    backend.isa = isa;
    register_all(backend.table);
  };
#if defined(FLAMBEAU_HAS_v4)
  choose(4, "x86-64-v4", isa_v4::register_all);
#endif
#if defined(FLAMBEAU_HAS_v3)
  choose(3, "x86-64-v3", isa_v3::register_all);
#endif
#if defined(FLAMBEAU_HAS_v2)
  choose(0, "x86-64-v2", isa_v2::register_all);
#endif
  return backend;
}

}  // namespace

#else

namespace isa_neon {
void register_all(KernelTable& table);
}

namespace {
Backend make_backend() {
  Backend backend{"cpu", "arm64", {}};
  isa_neon::register_all(backend.table);
  return backend;
}
}  // namespace

#endif

const Backend& cpu_backend() {
  static const Backend backend = make_backend();
  return backend;
}

}  // namespace flambeau
