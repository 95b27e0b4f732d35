// Continuous distributions with PyTorch's values for the same seed: the words of native/random.cc turned into each
// one's numbers. Called by dispatch for rand, randn, exponential_ and their kin; param 0 is a generator id.
//
// The stream itself is serial, so words are drawn in blocks that stay in the second-level cache, and the arithmetic on
// a block is what runs vectorised and on several threads.
#include "drawing.h"

#include <cmath>

namespace flambeau::FB_ISA {
namespace {

using namespace drawing;

// ------------------------------------------------------------------------------------------------ uniform

/** x·width + low rounded once, as PyTorch has it, also where the level lacks FMA: the product is exact in double. */
FB_INLINE float scale_shift(float x, float width, float low) {
#if FB_HAS_FMA
  return vm::madd(x, width, low);
#else
  return static_cast<float>(static_cast<double>(x) * static_cast<double>(width) + static_cast<double>(low));
#endif
}
FB_INLINE double scale_shift(double x, double width, double low) { return vm::madd(x, width, low); }

template <class T>
void uniform_values(Generator& g, T* out, int64_t n, double from, double to) {
  using C = Compute<T>;
  const C low = static_cast<C>(from), width = static_cast<C>(to) - low;
  const T top = static_cast<T>(to), bottom = static_cast<T>(from);
  const C top_value = static_cast<C>(top), bottom_value = static_cast<C>(bottom);
  constexpr int per = std::is_same_v<T, double> ? 2 : 1;
  draw<per>(g, n, kGrain, [=](const uint32_t* w, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      C x;
      if constexpr (per == 2) {
        x = static_cast<double>(static_cast<int64_t>(word64(w, i - begin) & kMask53)) * 0x1p-53;
      } else {
        x = static_cast<float>(static_cast<int32_t>(w[i - begin] & 0xffffffu)) * 0x1p-24f;
      }
      const C value = static_cast<C>(static_cast<T>(scale_shift(x, width, low)));
      out[i] = static_cast<T>(value == top_value ? bottom_value : value);
    }
  });
}

/** uniform: out [floating, contiguous]; params generator, from, to. */
void uniform(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    uniform_values(g, out.as<T>(), out.numel(), plan.param[1], plan.param[2]);
  });
}

// ------------------------------------------------------------------------------------------------ normal

/** Natural logarithm and sine/cosine as PyTorch's float Box-Muller has them (Cephes' single precision polynomials). */
FB_INLINE float cephes_log(float x) {
  const uint32_t u = vm::to_bits(x < 1.17549435e-38f ? 1.17549435e-38f : x);
  const float half = vm::from_bits((u & 0x807fffffu) | 0x3f000000u);
  const bool low = half < 0.707106781186547524f;
  const float e = static_cast<float>(static_cast<int32_t>(u >> 23) - 126) - (low ? 1.f : 0.f);
  const float m = (half - 1.f) + (low ? half : 0.f), z = m * m;
  const float p =
      vm::horner(m, 7.0376836292E-2f, -1.1514610310E-1f, 1.1676998740E-1f, -1.2420140846E-1f, 1.4249322787E-1f,
                 -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f);
  const float y = vm::madd(-0.5f, z, vm::madd(p * m, z, e * -2.12194440e-4f));
  return vm::madd(e, 0.693359375f, m + y);
}

struct SinCos {
  float sin, cos;
};
/** For 0 <= x < 8192. */
FB_INLINE SinCos cephes_sincos(float x) {
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float k = static_cast<float>(octant);
  const float r =
      vm::madd(k, -3.77489497744594108e-8f, vm::madd(k, -2.4187564849853515625e-4f, vm::madd(k, -0.78515625f, x)));
  const float z = r * r;
  const float pc = vm::horner(z, 2.443315711809948E-005f, -1.388731625493765E-003f, 4.166664568298827E-002f);
  const float c = vm::madd(pc * z, z, z * -0.5f) + 1.f;
  const float ps = vm::horner(z, -1.9515295891E-4f, 8.3321608736E-3f, -1.6666654611E-1f);
  const float s = vm::madd(ps * z, r, r);
  const bool swapped = octant & 2;
  const uint32_t sin_sign = static_cast<uint32_t>(octant & 4) << 29;
  const uint32_t cos_sign = static_cast<uint32_t>(~(octant - 2) & 4) << 29;
  return {vm::from_bits(vm::to_bits(swapped ? c : s) ^ sin_sign),
          vm::from_bits(vm::to_bits(swapped ? s : c) ^ cos_sign)};
}

/** Box-Muller on 16 uniforms: the first eight give radii, the other eight angles. */
FB_INLINE void box_muller(float* v, float mean, float std) {
  for (int i = 0; i < 8; i++) {
    const float radius = std::sqrt(-2.f * cephes_log(1.f - v[i]));
    const auto [s, c] = cephes_sincos(6.283185307179586f * v[i + 8]);
    v[i] = vm::madd(radius * c, std, mean);
    v[i + 8] = vm::madd(radius * s, std, mean);
  }
}
FB_INLINE void box_muller(double* v, double mean, double std) {
  for (int i = 0; i < 8; i++) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - v[i])), theta = 2.0 * vm::kPi * v[i + 8];
    v[i] = vm::madd(radius * std::cos(theta), std, mean);
    v[i + 8] = vm::madd(radius * std::sin(theta), std, mean);
  }
}

/** Sixteen normal samples from the words of sixteen uniforms. */
template <class T>
FB_INLINE void normal16(const uint32_t* w, T* out, Compute<T> mean, Compute<T> std) {
  Compute<T> v[16];
  for (int i = 0; i < 16; i++) {
    if constexpr (std::is_same_v<T, double>) {
      v[i] = static_cast<double>(static_cast<int64_t>(word64(w, i) & kMask53)) * 0x1p-53;
    } else {
      v[i] = static_cast<float>(static_cast<int32_t>(w[i] & 0xffffffu)) * 0x1p-24f;
    }
  }
  box_muller(v, mean, std);
  for (int i = 0; i < 16; i++) out[i] = static_cast<T>(v[i]);
}

template <class T>
void normal_values(Generator& g, T* out, int64_t n, double mean_value, double std_value) {
  const auto mean = static_cast<Compute<T>>(mean_value), std = static_cast<Compute<T>>(std_value);
  constexpr int per = std::is_same_v<T, double> ? 2 : 1;
  const int64_t blocks = n / 16;
  draw<per * 16>(g, blocks, 512, [=](const uint32_t* w, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) normal16(w + (b - begin) * per * 16, out + b * 16, mean, std);
  });
  if (n % 16 == 0) return;
  // PyTorch redraws the last sixteen; for float and double it has drawn uniforms for the rest before.
  uint32_t words[32];
  if (!is_half<T>) g.fill(words, static_cast<size_t>(n % 16 * per));
  g.fill(words, 16 * per);
  normal16(words, out + n - 16, mean, std);
}

/** normal: out [floating, contiguous]; params generator, mean, std (>= 0). */
void normal(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  const double mean = plan.param[1], std = plan.param[2];
  Plan::require(!(std < 0), "expected std >= 0");
  Generator& g = generator(plan);
  const int64_t n = out.numel();
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    if (n >= 16) return normal_values(g, y, n, mean, std);
    for (int64_t i = 0; i < n; i++) {
      const double value = g.normal() * std + mean;
      if constexpr (is_half<T>) {
        y[i] = static_cast<T>(static_cast<float>(value));
      } else {
        y[i] = static_cast<T>(value);
      }
    }
  });
}

// ------------------------------------------------------------------------------------------------ exponential

/** exponential: out [floating, contiguous]; params generator, lambda (> 0). */
void exponential(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  const double lambda = plan.param[1];
  Plan::require(lambda > 0, "exponential: expected lambda > 0");
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    draw<2>(g, out.numel(), 4096, [=](const uint32_t* w, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const double v = exponential_value(word64(w, i - begin), lambda);
        y[i] = static_cast<T>(static_cast<Compute<T>>(v));
      }
    });
  });
}

}  // namespace

void register_random(KernelTable& table) {
  table.add("uniform", uniform);
  table.add("normal", normal);
  table.add("exponential", exponential);
}

}  // namespace flambeau::FB_ISA
