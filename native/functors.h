// The element-wise formulas that the rows of functor_rows.h name, for the CPU kernels (native/cpu) and the CUDA kernels
// (cuda/). vm:: is vecmath.h here, and cuda/vecmath.cuh, with the same names, there.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "functor_rows.h"

#if defined(__CUDACC__)
#include "../cuda/vecmath.cuh"
#else
#include "cpu/isa.h"
#include "vecmath.h"
#endif

// Short functions, and those that take their time.
#if defined(__CUDACC__)
#define FB_FN __host__ __device__ __forceinline__
#define FB_WIDE __host__ __device__ inline
#define FB_LANES
#else
#define FB_FN FB_INLINE
#define FB_WIDE inline
#endif

namespace flambeau::FB_ISA::fn {

template <class T>
inline constexpr bool kFloat = std::is_floating_point_v<T>;
template <class T>
inline constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();

// ---------------------------------------------------------------- integers without undefined behaviour

/** Unsigned and at least 32 bits: sums and products wrap, and short types do not meet as signed int. */
template <class T>
using Wrap = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
FB_FN T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a | b;
  else if constexpr (kFloat<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<Wrap<T>>(a) + static_cast<Wrap<T>>(b));
}
template <class T>
FB_FN T sub(T a, T b) {
  if constexpr (kFloat<T>)
    return a - b;
  else
    return static_cast<T>(static_cast<Wrap<T>>(a) - static_cast<Wrap<T>>(b));
}
template <class T>
FB_FN T mul(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a & b;
  else if constexpr (kFloat<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b));
}
template <class T>
FB_FN T neg(T x) {
  if constexpr (kFloat<T>)
    return -x;
  else
    return sub(T{0}, x);
}
template <class T>
FB_FN T abs(T x) {
  if constexpr (kFloat<T>)
    return vm::abs(x);
  else if constexpr (std::is_unsigned_v<T>)
    return x;
  else
    return x < 0 ? neg(x) : x;
}
template <class T>
FB_FN T sign(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return x;
  else
    return static_cast<T>((T{0} < x) - (x < T{0}));
}
template <class T>
FB_FN T bitwise_not(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return !x;
  else
    return static_cast<T>(~x);
}
template <class T>
FB_FN bool is_nan(T x) {
  return x != x;
}
template <class T>
FB_FN bool is_inf(T x) {
  if constexpr (kFloat<T>)
    return vm::abs(x) == std::numeric_limits<T>::infinity();
  else
    return false;
}
template <class T>
FB_FN bool is_finite(T x) {
  if constexpr (kFloat<T>)
    return vm::abs(x) < std::numeric_limits<T>::infinity();
  else
    return true;
}
template <class T>
FB_FN bool sign_bit(T x) {
  if constexpr (kFloat<T>)
    return (vm::to_bits(x) >> (sizeof(T) * 8 - 1)) != 0;
  else if constexpr (std::is_unsigned_v<T>)
    return false;
  else
    return x < T{0};
}

/** Division of integers; by zero it gives 0 here, and the CPU kernels refuse it before they start. */
template <class T>
FB_FN T divide_trunc(T a, T b) {
  if constexpr (kFloat<T>)
    return std::trunc(a / b);
  else if constexpr (std::is_signed_v<T>)
    return b == 0 ? T{0} : b == -1 ? neg(a) : static_cast<T>(a / b);
  else
    return b == 0 ? T{0} : static_cast<T>(a / b);
}
template <class T>
FB_FN T fmod(T a, T b) {
  if constexpr (kFloat<T>)
    return std::fmod(a, b);
  else if constexpr (std::is_signed_v<T>)
    return b == 0 || b == -1 ? T{0} : static_cast<T>(a % b);
  else
    return b == 0 ? T{0} : static_cast<T>(a % b);
}
/** The rest of a division that rounds down, from that of one that truncates. */
template <class T>
FB_FN T floor_rest(T m, T b) {
  if constexpr (std::is_unsigned_v<T>)
    return m;
  else
    return m != 0 && (b < 0) != (m < 0) ? static_cast<T>(m + b) : m;
}
template <class T>
FB_FN T remainder(T a, T b) {
  return floor_rest(fmod(a, b), b);
}
/** Python's // for floats, from m = fmod(a, b): it agrees with remainder, signed zeros and infinities included. */
template <class T>
FB_FN T floor_quotient(T a, T m, T b) {
  T q = (a - m) / b;
  q = m != 0 && (b < 0) != (m < 0) ? q - T{1} : q;
  const T f = std::floor(q), whole = q - f > T(0.5) ? f + T{1} : f;
  return q == 0 ? vm::with_sign(T{0}, a / b) : whole;
}
template <class T>
FB_FN T floor_divide(T a, T b) {
  if constexpr (kFloat<T>) {
    return b == 0 ? a / b : floor_quotient(a, std::fmod(a, b), b);
  } else {
    const T q = divide_trunc(a, b);
    if constexpr (std::is_unsigned_v<T>)
      return q;
    else
      return fmod(a, b) != 0 && (a < 0) != (b < 0) ? static_cast<T>(q - 1) : q;
  }
}
template <class T>
FB_FN T power(T a, T b) {
  if constexpr (kFloat<T>) {
    return vm::pow(a, b);
  } else {
    if constexpr (std::is_signed_v<T>) {
      if (b < 0) return a == 1 ? T{1} : a == -1 ? static_cast<T>(b & 1 ? -1 : 1) : T{0};
    }
    T result = 1;
    for (; b != 0; b = static_cast<T>(b >> 1), a = mul(a, a))
      if (b & 1) result = mul(result, a);
    return result;
  }
}
template <class T>
FB_FN T gcd(T a, T b) {
  std::make_unsigned_t<T> x = static_cast<std::make_unsigned_t<T>>(abs(a));
  std::make_unsigned_t<T> y = static_cast<std::make_unsigned_t<T>>(abs(b));
  while (y != 0) {
    const auto r = static_cast<std::make_unsigned_t<T>>(x % y);
    x = y;
    y = r;
  }
  return static_cast<T>(x);
}
template <class T>
FB_FN T lcm(T a, T b) {
  const T g = gcd(a, b);
  return g == 0 ? T{0} : abs(mul(divide_trunc(a, g), b));
}
/** Shifts by less than 0 or by the width and more push every bit out. */
template <class T>
FB_FN T shift_left(T a, T b) {
  const bool out = b < 0 || b >= static_cast<T>(sizeof(T) * 8);
  return out ? T{0} : static_cast<T>(static_cast<Wrap<T>>(a) << (b & static_cast<T>(sizeof(T) * 8 - 1)));
}
template <class T>
FB_FN T shift_right(T a, T b) {
  constexpr T bits = static_cast<T>(sizeof(T) * 8), most = std::is_signed_v<T> ? bits - 1 : bits;
  const bool out = b < 0 || b >= most;
  if (std::is_unsigned_v<T> && out) return T{0};
  return static_cast<T>(a >> (out ? static_cast<T>(bits - 1) : b));
}

/** A parameter as a T: saturated for integers, NaN as 0. */
template <class T>
FB_FN T as(double v) {
  if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    // 2^63 is exact as a double, the largest int64 is not.
    constexpr double low = static_cast<double>(Limits::min());
    constexpr double top = static_cast<double>(Limits::max() / 2 + 1) * 2;
    if (v != v) return T{0};
    return v <= low ? Limits::min() : v >= top ? Limits::max() : static_cast<T>(v);
  } else {
    return static_cast<T>(v);
  }
}

// ---------------------------------------------------------------- pairs

template <class T>
FB_FN T maximum(T a, T b) {
  if constexpr (kFloat<T>)
    return a != a ? a : b != b ? b : a < b ? b : a;
  else
    return a < b ? b : a;
}
template <class T>
FB_FN T minimum(T a, T b) {
  if constexpr (kFloat<T>)
    return a != a ? a : b != b ? b : b < a ? b : a;
  else
    return b < a ? b : a;
}
template <class T>
FB_FN T fmax(T a, T b) {
  if constexpr (kFloat<T>)
    return b != b ? a : a != a ? b : a < b ? b : a;
  else
    return maximum(a, b);
}
template <class T>
FB_FN T fmin(T a, T b) {
  if constexpr (kFloat<T>)
    return b != b ? a : a != a ? b : b < a ? b : a;
  else
    return minimum(a, b);
}
template <class T>
FB_FN T hypot(T a, T b) {
  if constexpr (sizeof(T) == 4) {
    const double x = a, y = b;  // squares of floats neither overflow nor vanish in double
    const float r = static_cast<float>(std::sqrt(x * x + y * y));
    return is_inf(a) || is_inf(b) ? vm::kInfF : r;
  } else {
    return vm::hypot(a, b);
  }
}
template <class T>
FB_FN bool within(T x, T low, T high) {
  return (x >= low) & (x <= high);
}
template <class T>
FB_FN T clip(T x, T limit) {
  return minimum(maximum(x, -limit), limit);
}
/** 0 stands for what is above it; NaN passes. */
template <class T>
FB_FN T at_most_zero(T x) {
  return x > T{0} ? T{0} : x;
}
template <class T>
FB_FN T nan_to_num(T x, T nan, T positive, T negative) {
  constexpr T inf = std::numeric_limits<T>::infinity();
  return x != x ? nan : x == inf ? positive : x == -inf ? negative : x;
}
template <class T>
FB_FN T softshrink(T x, T lambda) {
  const T inside = x != x ? x : T{0};
  return x > lambda ? x - lambda : x < -lambda ? x + lambda : inside;
}
/** Of distances d. */
template <class T>
FB_FN T smooth_l1(T d, T beta) {
  return d < beta ? T(0.5) * d * d / beta : d - T(0.5) * beta;
}
template <class T>
FB_FN T huber(T d, T delta) {
  return d < delta ? T(0.5) * d * d : delta * (d - T(0.5) * delta);
}
template <class T>
FB_FN T heaviside(T a, T b) {
  return a == T{0} ? b : static_cast<T>(a > T{0});
}
template <class T>
FB_FN T xlogy(T a, T b) {
  const T y = a * vm::log(b), z = a == 0 ? T{0} : y;
  return b != b ? b : z;
}
template <class T>
FB_FN T xlog1py(T a, T b) {
  const T y = a * vm::log1p(b), z = a == 0 ? T{0} : y;
  return b != b ? b : z;
}
template <class T>
FB_FN T entr(T x) {
  return x < T{0} ? -std::numeric_limits<T>::infinity() : T{0} - xlogy(x, x);
}
template <class T>
FB_FN T logaddexp(T a, T b) {
  const T apart = a == b ? T{0} : vm::abs(a - b);  // infinities are not apart from themselves
  return maximum(a, b) + vm::log1p_unit(vm::exp_down(-apart));
}
/** ln(1 + e^x) */
template <class T>
FB_FN T softplus(T x) {
  return (x < T{0} ? T{0} : x) + vm::log1p_unit(vm::exp_down(-vm::abs(x)));
}
/** tanh(softplus(x)), by the exponential that cannot overflow. */
template <class T>
FB_FN T tanh_softplus(T x) {
  const T e = vm::exp_down(-vm::abs(x));
  const T above = x < T{0} ? e * (e + T{2}) : T{1} + T{2} * e;
  return above / (above + (x < T{0} ? T{2} : T{2} * e * e));
}
template <class T>
FB_FN T mish(T x) {
  return x * tanh_softplus(x);
}
template <class T>
FB_FN T mish_derivative(T x) {
  const T t = tanh_softplus(x);
  return t + x * vm::sigmoid(x) * (T{1} - t * t);
}
template <class T>
FB_FN T logaddexp2(T a, T b) {
  const double d = a == b ? 0.0 : vm::abs(static_cast<double>(a) - static_cast<double>(b));  // as in logaddexp
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(maximum(a, b) + vm::log1p_wide(vm::exp_wide_clamped(d * -vm::kLn2)) * 1.4426950408889634);
  else
    return maximum(a, b) + vm::log1p_unit(vm::exp2(-d)) * 1.4426950408889634;
}

// ---------------------------------------------------------------- special functions

/** x · P(X <= x). */
template <class T>
FB_FN T gelu(T x) {
  return x * vm::normal_cdf(x);
}
template <class T>
FB_FN T gelu_derivative(T x) {
  return vm::normal_cdf(x) + x * (T(0.3989422804014327) * vm::exp_or_zero(x * x * T(-0.5)));
}
template <class T>
FB_FN T gelu_tanh(T x) {
  // 1 + tanh(u) = 2 sigmoid(2u)
  return x * vm::sigmoid(T(1.5957691216057308) * (x + T(0.044715) * x * x * x));
}
template <class T>
FB_FN T gelu_tanh_derivative(T x) {
  const T s = vm::sigmoid(T(1.5957691216057308) * (x + T(0.044715) * x * x * x));
  return s + x * s * (T{1} - s) * T(1.5957691216057308) * (T{1} + T(0.134145) * x * x);
}
template <class T>
FB_FN T silu_derivative(T x) {
  const T s = vm::sigmoid(x);
  return s * (T{1} + x * (T{1} - s));
}

template <class T>
FB_FN T lgamma(T x) {
  if constexpr (sizeof(T) == 4)
    return vm::lgamma(x);
  else
    return std::lgamma(x);
}

/** Recurrence up to 10, then the asymptotic series; reflection below zero. */
FB_WIDE double digamma_wide(double x) {
  if (x == 0) return std::copysign(vm::kInf, -x);
  double result = 0;
  if (x < 0) {
    const double q = std::trunc(x), r = x - q;
    if (r == 0 || x == -vm::kInf) return kNaN<double>;
    result = -vm::kPi / std::tan(vm::kPi * r);
    x = 1 - x;
  }
  for (; x < 10; x += 1) result -= 1 / x;
  const double z = 1 / (x * x);
  const double series =
      z *
      (1.0 / 12 -
       z * (1.0 / 120 -
            z * (1.0 / 252 -
                 z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12)))))));  // vanishes for large x
  return result + std::log(x) - 0.5 / x - series;
}
/** Derivative of digamma: reflection below zero, recurrence up to 10, then the asymptotic series. */
FB_WIDE double trigamma_wide(double x) {
  if (x == 0) return vm::kInf;
  double sign = 1, result = 0;
  if (x < 0.5) {
    const double s = std::sin(vm::kPi * x);
    result = -(vm::kPi * vm::kPi) / (s * s);
    sign = -1;
    x = 1 - x;
  }
  for (; x < 10; x += 1) result += 1 / (x * x);
  const double z = 1 / (x * x);
  const double series = z * (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66)))));
  return sign * (result + (1 + 0.5 / x + series) / x);
}
/** I0(x) and I1(x) / x for |x| <= 8, from z = x². */
FB_FN double i0_near(double z) {
  return vm::horner(z, 8.167846124398838e-37, 4.758578398794392e-34, 4.997779221690921e-31, 3.834050441422281e-28,
                    2.598373795550369e-25, 1.4963077854903954e-22, 7.242267574839173e-20, 2.896903163302533e-17,
                    9.38596703245397e-15, 2.4028075489648563e-12, 4.709502797120225e-10, 6.781684027774462e-08,
                    6.781684027777912e-06, 0.0004340277777777775, 0.015625, 0.25, 1.0);
}
FB_FN double i1_near(double z) {
  return vm::horner(z, 2.631332178316062e-35, 1.4203159018529461e-32, 1.4007025081329223e-29, 9.967122034841953e-27,
                    6.2361938797038404e-24, 3.2918726488341245e-21, 1.4484536563044035e-18, 5.214425664068183e-16,
                    1.5017547255890846e-13, 3.3639305685246e-11, 5.651403356543775e-09, 6.781684027774698e-07,
                    5.425347222222312e-05, 0.0026041666666666652, 0.0625, 0.5);
}
/** e^-x I0(x) and e^-x I1(x) for x >= 8. */
FB_FN double i0_far(double x) {
  return vm::horner(16 / x - 1, 8.96536143185928e-11, 3.945413563217693e-11, -6.424778228558847e-10,
                    -2.965368350748058e-10, 2.150212760127729e-09, 1.1405648816211243e-09, -4.516933431668998e-09,
                    -3.1780933750394408e-09, 6.5148404191653715e-09, 7.368505974645319e-09, -5.015873268077718e-09,
                    -1.3341429596296332e-08, -6.856245369348657e-09, 7.538871441984574e-09, 2.1567563669172275e-08,
                    3.932809727745717e-08, 8.872020227960806e-08, 2.973596815999063e-07, 1.4838476726410763e-06,
                    1.114303379731137e-05, 0.00013621607438970234, 0.0033605519836677946, 0.4021765094450081) /
         vm::sqrt(x);
}
FB_FN double i1_far(double x) {
  return vm::horner(16 / x - 1, -9.33891096599057e-11, -3.686785695550313e-11, 6.701783942205943e-10,
                    2.798454886487759e-10, -2.2488972528464893e-09, -1.0954110175926416e-09, 4.750316586951652e-09,
                    3.1307976256052402e-09, -6.937373996786658e-09, -7.477226344392776e-09, 5.570630579684867e-09,
                    1.3973956837650667e-08, 6.847178432551096e-09, -8.413702383250388e-09, -2.3393835074091472e-08,
                    -4.3131171132060135e-08, -1.0001081385474699e-07, -3.483854200237371e-07, -1.8349102434055481e-06,
                    -1.503854720616616e-05, -0.0002192357638315817, -0.009749577193235678, 0.38939845902587233) /
         vm::sqrt(x);
}
/** In two halves, as e^x overflows before I does. NaN at infinity, as PyTorch's formula gives. */
FB_FN double i0_wide(double x) {
  const double a = vm::abs(x), half = vm::exp(a * 0.5), far = i0_far(a < 8 ? 8 : a) * half * half;
  return a <= 8 ? i0_near(a * a) : far;
}
FB_FN double i1_wide(double x) {
  const double a = vm::abs(x), half = vm::exp(a * 0.5), far = i1_far(a < 8 ? 8 : a) * half * half;
  const double beyond = a == vm::kInf ? a : far;
  return a <= 8 ? x * i1_near(a * a) : vm::with_sign(beyond, x);
}
/** The same, times e^-|x|. */
FB_FN double i0e_wide(double x) {
  const double a = vm::abs(x), near = i0_near(a * a) * vm::exp(-a), far = i0_far(a < 8 ? 8 : a);
  return a <= 8 ? near : far;
}
FB_FN double i1e_wide(double x) {
  const double a = vm::abs(x), near = x * i1_near(a * a) * vm::exp(-a), far = i1_far(a < 8 ? 8 : a);
  return a <= 8 ? near : vm::with_sign(far, x);
}
/** Σ (q + k)^-s for s > 1 and q not far below zero: a few terms, then the Euler-Maclaurin series. */
FB_WIDE double hurwitz_zeta_near(double s, double q) {
  double sum = 0;
  // from 12 on the series below has 16 digits
  for (; q < 12; q += 1) {
    const double term = std::pow(q, -s);
    sum += term;
    if (q > 0 && term < sum * 1e-18) return sum;
  }
  if (q == vm::kInf) return 0;
  constexpr double kBernoulli[] = {1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                                   -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};
  const double power = std::pow(q, -s);
  sum += q * power / (s - 1) + power / 2;
  double term = power / q * s / 2;  // s (s + 1) … / (2k)! q^(-s - 2k + 1)
  for (int k = 0; k < 10; k++) {
    sum += kBernoulli[k] * term;
    const double j = 2.0 * k + 2;
    term *= (s + j - 1) * (s + j) / ((j + 1) * (j + 2) * q * q);
  }
  return sum;
}
/** The same for any q: Hurwitz' zeta function. */
FB_WIDE double hurwitz_zeta(double s, double q) {
  if (q != q) return q;
  if (q <= 0) {
    if (q == std::floor(q)) return vm::kInf;
    if (s != std::floor(s)) return kNaN<double>;
  }
  if (q >= -64) return hurwitz_zeta_near(s, q);
  // the terms far below zero, mirrored to above it, where the series gives all of them at once
  const double near = q + std::floor(-q) - 32;
  const double far = hurwitz_zeta_near(s, 1 - near) - hurwitz_zeta_near(s, 1 - q);
  return (std::fmod(s, 2) == 0 ? far : -far) + hurwitz_zeta_near(s, near);
}
/** e^(x²) erfc(x): the product while erfc has its digits, then Laplace's continued fraction. */
FB_WIDE double erfcx_positive(double x) {
  if (x < 3) return std::exp(x * x) * std::erfc(x);
  if (x > 1e8) return 1 / (x * std::sqrt(vm::kPi));
  double tail = x;
  for (int k = 60; k > 0; k--) tail = x + k / (2 * tail);
  return 1 / (tail * std::sqrt(vm::kPi));
}
FB_WIDE double erfcx_wide(double x) {
  return !(x < 0) ? erfcx_positive(x) : x < -26.7 ? vm::kInf : 2 * std::exp(x * x) - erfcx_positive(-x);
}
/** The logarithm of the normal distribution function. */
FB_WIDE double log_ndtr_wide(double x) {
  const double t = x * std::sqrt(0.5);
  return x < -1 ? std::log(erfcx_wide(-t) / 2) - t * t : std::log1p(-std::erfc(t) / 2);
}
template <int N>
FB_WIDE double polynomial(const double (&c)[N], double x) {
  double y = c[N - 1];
  FB_LANES for (int i = N - 2; i >= 0; i--) y = y * x + c[i];
  return y;
}
/** Where the normal distribution function is p: Wichura's rational functions (algorithm AS 241), 16 digits. */
FB_WIDE double ndtri_wide(double p) {
  if (!(p > 0 && p < 1)) return p == 0 ? -vm::kInf : p == 1 ? vm::kInf : kNaN<double>;
  constexpr double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                          1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                          3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double b[] = {1,
                          4.2313330701600911252e1,
                          6.8718700749205790830e2,
                          5.3941960214247511077e3,
                          2.1213794301586595867e4,
                          3.9307895800092710610e4,
                          2.8729085735721942674e4,
                          5.2264952788528545610e3};
  constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                          3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[] = {1,
                          2.05319162663775882187e0,
                          1.67638483018380384940e0,
                          6.89767334985100004550e-1,
                          1.48103976427480074590e-1,
                          1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9};
  constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                          2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                          2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double f[] = {1,
                          5.99832206555887937690e-1,
                          1.36929880922735805310e-1,
                          1.48753612908506148525e-2,
                          7.86869131145613259100e-4,
                          1.84631831751005468180e-5,
                          1.42151175831644588870e-7,
                          2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double y =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -y : y;
}
/** The domain of PyTorch's zeta function. */
FB_WIDE double zeta_wide(double x, double q) {
  if (x == 1) return vm::kInf;
  if (x < 1 || q == vm::kInf) return kNaN<double>;
  return x != x ? x : hurwitz_zeta(x, q);
}
/** The derivative of digamma, `n` times: (-1)^(n+1) n! ζ(n + 1, x). */
FB_WIDE double polygamma_wide(double n, double x) {
  if (n == 0) return digamma_wide(x);
  if (n == 1) return trigamma_wide(x);
  const double sign = std::fmod(n, 2) == 0 ? -1 : 1;
  return sign * std::tgamma(n + 1) * hurwitz_zeta(n + 1, x);
}

}  // namespace flambeau::FB_ISA::fn
