// Random fills that give PyTorch's values for the same seed: the words of native/random.cc turned into each
// distribution's numbers. Called by dispatch for rand, randn, randint, dropout and their kin; param 0 is a generator
// id.
//
// The stream itself is serial, so words are drawn in blocks that stay in the second-level cache, and the arithmetic on
// a block is what runs vectorised and on several threads.
#include "../random.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kBlock = 1 << 16;  // words to a block
constexpr uint64_t kMask53 = (uint64_t{1} << 53) - 1;

Generator& generator(const Plan& plan) {
  const int64_t id = plan.integer(0);
  Plan::require(id >= 0 && id <= std::numeric_limits<int>::max(), "no such random generator");
  return generator_at(static_cast<int>(id));
}

/** The output of a fill: operand 0, contiguous. */
const Operand& target(const Plan& plan, int operands, int params) {
  plan.expect(operands, params);
  Plan::require(plan.operand[0] && plan.operand[0].contiguous(), "random kernels write contiguous tensors");
  return plan.operand[0];
}

template <class T>
constexpr int digits_of() {
  return std::is_same_v<T, double> ? 53 : std::is_same_v<T, float> ? 24 : std::is_same_v<T, Half> ? 11 : 8;
}

FB_INLINE uint64_t word64(const uint32_t* words, int64_t i) {
  return static_cast<uint64_t>(words[2 * i]) << 32 | words[2 * i + 1];
}

/** Draws `per` words for each of `n` elements and calls `convert(words, begin, end)` on runs of elements, in threads.
 */
template <int kPer, class F>
void draw(Generator& g, int64_t n, int64_t grain, F&& convert) {
  const int64_t step = kBlock / kPer;
  const Scratch<uint32_t> words(std::min(n, step) * kPer);
  for (int64_t base = 0; base < n; base += step) {
    const int64_t count = std::min(step, n - base);
    g.fill(words.get(), static_cast<size_t>(count * kPer));
    parallel_for(count, grain,
                 [&](int64_t begin, int64_t end) { convert(words.get() + begin * kPer, base + begin, base + end); });
  }
}

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
  Plan::require(!(std < 0), "normal: expected std >= 0");
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

// ------------------------------------------------------------------------------------------------ integers

/** A bound of randint as int64; 2^63 itself saturates. */
int64_t bound(double v) {
  Plan::require(v >= -0x1p63 && v <= 0x1p63 && v == std::floor(v), "randint: the bounds must be whole numbers");
  return v >= 0x1p63 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(v);
}

/** A bound next to which rounding to T could leave the range moves inwards to T's next value. */
template <class T>
int64_t inward(int64_t value, int direction) {
  if constexpr (is_floating<T>) {
    using C = Compute<T>;
    const int64_t beside = value + direction;
    const double rounded_value = static_cast<double>(static_cast<C>(static_cast<T>(static_cast<C>(beside))));
    if (!(std::fabs(rounded_value) < 0x1p63)) return value;
    const int64_t rounded = static_cast<int64_t>(rounded_value);
    if (direction > 0 ? rounded < value : rounded >= value) {
      const uint64_t magnitude = static_cast<uint64_t>(beside < 0 ? -beside : beside);
      const int exponent = magnitude == 0 ? 0 : 63 - __builtin_clzll(magnitude);
      return rounded + direction * (int64_t{1} << std::max(0, exponent - digits_of<T>() + 1));
    }
  }
  return value;
}

template <class T>
void check_range(int64_t low, int64_t last, DType dtype) {
  double min, max;
  if constexpr (is_bool<T>) {
    min = 0, max = 1;
  } else if constexpr (is_half<T>) {
    max = std::is_same_v<T, Half> ? 65504.0 : 3.3895313892515355e38, min = -max;
  } else {
    min = static_cast<double>(std::numeric_limits<T>::lowest()),
    max = static_cast<double>(std::numeric_limits<T>::max());
  }
  if (static_cast<double>(low) < min || static_cast<double>(last) > max) {
    char text[96];
    std::snprintf(text, sizeof text, "randint: the range does not fit %s", dtype_name(dtype));
    throw std::out_of_range(text);
  }
}

template <class T>
FB_INLINE T from_integer(int64_t v) {
  if constexpr (is_bool<T>) {
    return Bool(v != 0);
  } else if constexpr (is_half<T>) {
    return static_cast<T>(static_cast<float>(v));
  } else {
    return static_cast<T>(v);
  }
}

template <class T>
void randint_values(Generator& g, T* out, int64_t n, int64_t low, uint64_t range) {
  if (range >= uint64_t{1} << 28) {
    draw<2>(g, n, 4096, [=](const uint32_t* w, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        out[i] = from_integer<T>(static_cast<int64_t>(word64(w, i - begin) % range + static_cast<uint64_t>(low)));
      }
    });
    return;
  }
  // word % range without a division: the quotient by a double reciprocal is off by one at most.
  const double inverse = 1.0 / static_cast<double>(range);
  const int64_t divisor = static_cast<int64_t>(range);
  draw<1>(g, n, kGrain, [=](const uint32_t* w, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t word = w[i - begin];
      int64_t rest = word - static_cast<int64_t>(static_cast<double>(word) * inverse) * divisor;
      rest = rest < 0 ? rest + divisor : rest;
      rest = rest >= divisor ? rest - divisor : rest;
      out[i] = from_integer<T>(rest + low);
    }
  });
}

/** randint: out [any dtype, contiguous]; params generator, low, high (exclusive). */
void randint(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  Generator& g = generator(plan);
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    int64_t low = bound(plan.param[1]), high = bound(plan.param[2]);
    const bool ordered = low < high;
    if (ordered) low = inward<T>(low, 1), high = inward<T>(high, -1);
    if (!ordered || low >= high) {
      char text[128];
      std::snprintf(text, sizeof text, "randint: expected low < high, but got low=%.0f >= high=%.0f", plan.param[1],
                    plan.param[2]);
      throw std::out_of_range(text);
    }
    check_range<T>(low, high - 1, out.dtype);
    randint_values(g, out.as<T>(), out.numel(), low, static_cast<uint64_t>(high) - static_cast<uint64_t>(low));
  });
}

/** random: out [any dtype, contiguous]; param generator. [0, max] for integers, [0, 2^mantissa] for floats. */
void random(const Plan& plan) {
  const Operand& out = target(plan, 1, 1);
  Generator& g = generator(plan);
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      draw<2>(g, out.numel(), 4096, [=](const uint32_t* w, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          const uint64_t word = word64(w, i - begin);
          y[i] =
              static_cast<T>(static_cast<int64_t>(std::is_same_v<T, double> ? word % (kMask53 + 2) : word << 1 >> 1));
        }
      });
    } else {
      draw<1>(g, out.numel(), kGrain, [=](const uint32_t* w, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          uint32_t word = w[i - begin];
          if constexpr (is_floating<T>) {
            word %= (1u << digits_of<T>()) + 1;
          } else if constexpr (is_bool<T>) {
            word &= 1;
          } else {
            word &= static_cast<uint32_t>(std::numeric_limits<T>::max());
          }
          y[i] = from_integer<T>(word);
        }
      });
    }
  });
}

// ------------------------------------------------------------------------------------------------ bernoulli

/** A 53-bit uniform lies below p exactly when its integer lies below this. */
uint64_t threshold(double p) {
  if (!(p >= 0 && p <= 1)) {
    char text[96];
    std::snprintf(text, sizeof text, "bernoulli: expected p to be in [0, 1], but got %g", p);
    throw std::out_of_range(text);
  }
  return static_cast<uint64_t>(std::ceil(p * 0x1p53));
}

/** bernoulli: out [any dtype, contiguous]; params generator, p. */
void bernoulli(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  const int64_t limit = static_cast<int64_t>(threshold(plan.param[1]));
  Generator& g = generator(plan);
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    const T one = from_integer<T>(1), zero = from_integer<T>(0);
    draw<2>(g, out.numel(), kGrain / 4, [=](const uint32_t* w, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        y[i] = static_cast<int64_t>(word64(w, i - begin) & kMask53) < limit ? one : zero;
      }
    });
  });
}

/** bernoulliTensor: out [any dtype, contiguous], p [floating, any strides]; param generator. Map plan. */
void bernoulli_tensor(const Plan& plan) {
  const Operand& out = target(plan, 2, 1);
  const Operand& p = plan.operand[1];
  Plan::require(p && p.ndim == out.ndim, "bernoulli: the probabilities do not match");
  Walk<2> walk;
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(p.sizes[d] == out.sizes[d], "bernoulli: the probabilities do not match");
    walk.add(out.sizes[d], {out.strides[d], p.strides[d]});
  }
  Generator& g = generator(plan);
  const int64_t p_step = walk.step(1), n = out.numel();
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    visit_floating(p.dtype, [&](auto p_tag) {
      using P = typename decltype(p_tag)::type;
      T* y = out.as<T>();
      const P* values = p.as<P>();
      int64_t at = 0;
      walk.run(0, n, [&](const int64_t* offset, int64_t count) {
        const P* row = values + offset[1];
        for (int64_t i = 0; i < count; i++) {
          const Compute<P> chance = row[i * p_step];
          threshold(static_cast<double>(chance));
          if constexpr (std::is_same_v<P, double>) {
            y[at++] = from_integer<T>(g.uniform() < chance);
          } else {
            y[at++] = from_integer<T>(static_cast<float>(g.random() & 0xffffffu) * 0x1p-24f < chance);
          }
        }
      });
    });
  });
}

/**
 * dropout: out y, out mask, in x, all of one floating dtype, one shape and contiguous; params generator, p.
 * mask is bernoulli(1 - p) / (1 - p), y is x * mask: what F.dropout computes, from the same draws. Its derivative is
 * g * mask. p = 1 zeroes without drawing.
 */
void dropout(const Plan& plan) {
  const Operand& out = target(plan, 3, 2);
  const double p = plan.param[1];
  for (int i = 1; i < 3; i++) {
    const Operand& o = plan.operand[i];
    Plan::require(o && o.dtype == out.dtype && o.contiguous() && o.numel() == out.numel(), "dropout: operands differ");
  }
  const int64_t limit = static_cast<int64_t>(threshold(1.0 - p)), n = out.numel();
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    T* y = out.as<T>();
    T* mask = plan.operand[1].as<T>();
    const T* x = plan.operand[2].as<T>();
    const C kept = static_cast<C>(static_cast<T>(C{1} / static_cast<C>(1.0 - p)));
    if (p == 1.0) {
      for (int64_t i = 0; i < n; i++)
        mask[i] = static_cast<T>(C{0}), y[i] = static_cast<T>(static_cast<C>(x[i]) * C{0});
      return;
    }
    const T on = static_cast<T>(kept), off = static_cast<T>(C{0});
    draw<2>(g, n, kGrain / 4, [=](const uint32_t* w, int64_t begin, int64_t end) {
      // Two loops, each of which vectorises; the mask is still in the first-level cache for the second.
      for (int64_t at = begin; at < end; at += 1024) {
        const int64_t stop = std::min(end, at + 1024);
        for (int64_t i = at; i < stop; i++) {
          mask[i] = static_cast<int64_t>(word64(w, i - begin) & kMask53) < limit ? on : off;
        }
        for (int64_t i = at; i < stop; i++) y[i] = static_cast<T>(static_cast<C>(x[i]) * static_cast<C>(mask[i]));
      }
    });
  });
}

// ------------------------------------------------------------------------------------------------ others

FB_INLINE double exponential_value(uint64_t word, double lambda) {
  return -1.0 / lambda * vm::log1p(-(static_cast<double>(static_cast<int64_t>(word & kMask53)) * 0x1p-53));
}

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

/** randperm: out [n, any dtype but bool, contiguous]; param generator. */
void randperm(const Plan& plan) {
  const Operand& out = target(plan, 1, 1);
  Plan::require(out.ndim <= 1, "randperm: expected one dimension");
  Generator& g = generator(plan);
  const int64_t n = out.numel();
  const bool wide = n >= std::numeric_limits<uint32_t>::max() / 20;  // PyTorch draws 64 bits from there on
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    for (int64_t i = 0; i < n; i++) y[i] = from_integer<T>(i);
    const Scratch<uint32_t> words(wide ? 1 : std::min<int64_t>(n, 4096));
    for (int64_t base = 0; base < n - 1; base += 4096) {
      const int64_t count = std::min<int64_t>(4096, n - 1 - base);
      if (!wide) g.fill(words.get(), static_cast<size_t>(count));
      for (int64_t i = base; i < base + count; i++) {
        const int64_t rest = n - i;
        const int64_t at = wide ? static_cast<int64_t>(g.random64() % static_cast<uint64_t>(rest))
                                : static_cast<int64_t>(words[i - base] % static_cast<uint32_t>(rest));
        std::swap(y[i], y[i + at]);
      }
    }
  });
}

/** One row with replacement: inverse of the cumulative distribution. */
template <class P>
void sample_with_replacement(Generator& g, const P* row, int64_t step, int64_t k, int64_t* out, int64_t n,
                             double* sums) {
  // PyTorch keeps the running sums in float or double, as the probabilities are.
  using C = Compute<P>;
  C sum = 0;
  for (int64_t i = 0; i < k; i++) {
    const C v = row[i * step];
    if (!(v >= 0) || std::isinf(v))
      throw std::out_of_range("multinomial: probabilities must be finite and not negative");
    sum += v;
    sums[i] = sum;
  }
  if (!(sum > 0)) throw std::out_of_range("multinomial: a row of probabilities sums to 0");
  for (int64_t i = 0; i < k; i++) sums[i] = static_cast<C>(sums[i]) / sum;
  sums[k - 1] = 1;
  for (int64_t s = 0; s < n; s++) {
    const double u = g.uniform();
    int64_t left = 0, right = k;
    while (right - left > 0) {
      const int64_t middle = left + (right - left) / 2;
      if (sums[middle] < u) {
        left = middle + 1;
      } else {
        right = middle;
      }
    }
    out[s] = std::min(left, k - 1);
  }
}

/**
 * multinomial (structured): out [rows, n] int64 contiguous, probabilities [rows, k] floating; params generator,
 * replacement. Without replacement (and for n = 1) PyTorch divides by exponential noise and takes the n largest.
 */
void multinomial(const Plan& plan) {
  const Operand& out = target(plan, 2, 2);
  const Operand& p = plan.operand[1];
  Plan::require(p && out.dtype == DType::i64 && out.ndim == 2 && p.ndim == 2 && out.sizes[0] == p.sizes[0],
                "multinomial: operands do not match");
  const int64_t rows = out.sizes[0], n = out.sizes[1], k = p.sizes[1];
  const bool replacement = plan.flag(1);
  Plan::require(n > 0 && k > 0 && (replacement || n <= k), "multinomial: cannot draw that many");
  Generator& g = generator(plan);
  visit_floating(p.dtype, [&](auto tag) {
    using P = typename decltype(tag)::type;
    const int64_t step = p.strides[1];
    const Scratch<double> values(k);
    if (replacement && n > 1) {
      for (int64_t r = 0; r < rows; r++) {
        sample_with_replacement(g, p.as<P>() + r * p.strides[0], step, k, out.as<int64_t>() + r * n, n, values.get());
      }
      return;
    }
    for (int64_t r = 0; r < rows; r++) {
      const P* row = p.as<P>() + r * p.strides[0];
      Compute<P> sum = 0;
      for (int64_t i = 0; i < k; i++) {
        const Compute<P> v = row[i * step];
        if (!(v >= 0) || std::isinf(v))
          throw std::out_of_range("multinomial: probabilities must be finite and not negative");
        sum += v;
      }
      if (!(sum > 0)) throw std::out_of_range("multinomial: a row of probabilities sums to 0");
    }
    const Scratch<int64_t> order(k);
    for (int64_t r = 0; r < rows; r++) {
      const P* row = p.as<P>() + r * p.strides[0];
      for (int64_t i = 0; i < k; i++) {
        using C = Compute<P>;
        const C noise = static_cast<C>(static_cast<P>(static_cast<C>(exponential_value(g.random64(), 1.0))));
        const double q = static_cast<double>(static_cast<C>(static_cast<P>(static_cast<C>(row[i * step]) / noise)));
        values[i] = std::isnan(q) ? -1 : q;  // 0/0: an impossible value that met zero noise
        order[i] = i;
      }
      const double* v = values.get();
      std::partial_sort(order.get(), order.get() + n, order.get() + k,
                        [v](int64_t a, int64_t b) { return v[a] != v[b] ? v[a] > v[b] : a < b; });
      std::copy(order.get(), order.get() + n, out.as<int64_t>() + r * n);
    }
  });
}

}  // namespace

void register_random(KernelTable& table) {
  table.add("uniform", uniform);
  table.add("normal", normal);
  table.add("randint", randint);
  table.add("random", random);
  table.add("bernoulli", bernoulli);
  table.add("bernoulliTensor", bernoulli_tensor);
  table.add("dropout", dropout);
  table.add("exponential", exponential);
  table.add("randperm", randperm);
  table.add("multinomial", multinomial);
}

}  // namespace flambeau::FB_ISA
