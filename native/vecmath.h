// Elementary functions without branches or tables, so that a plain loop over them vectorises at every ISA level.
// functors.h names them vm::…; the CPU kernels, softmax, norms, attention and the RNN cells call them too.
//
// The hot float functions (exp, log, tanh, sigmoid, sin, cos, erf) work in float, within 1-2 ULP over the whole range.
// The other float functions are worked out in double to about 1e-10 and rounded once, which costs half the lanes and
// leaves at most 0.51 ULP. Doubles: exp, log, log1p, expm1, tanh, sigmoid, sin, cos here, most others in
// vecmath_double.h, pow through libm.
// All coefficients were fitted for this file (weighted minimax); the reductions follow Cody and Waite.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "cpu/isa.h"

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__aarch64__)
#define FB_HAS_FMA 1
#else
#define FB_HAS_FMA 0
#endif

namespace flambeau::FB_ISA::vm {

inline constexpr float kInfF = std::numeric_limits<float>::infinity();
inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kPi = 3.14159265358979323846;
inline constexpr double kLn2 = 0.693147180559945309417;

FB_INLINE uint32_t to_bits(float x) { return std::bit_cast<uint32_t>(x); }
FB_INLINE uint64_t to_bits(double x) { return std::bit_cast<uint64_t>(x); }
template <class U>
FB_INLINE auto from_bits(U u) {
  return std::bit_cast<std::conditional_t<sizeof(U) == 4, float, double>>(u);
}

/** a·b + c, fused where the level has it; the reductions below also hold without. */
FB_INLINE float madd(float a, float b, float c) {
#if FB_HAS_FMA
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
FB_INLINE double madd(double a, double b, double c) {
#if FB_HAS_FMA
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/** Horner's rule, highest coefficient first. */
template <class T>
FB_INLINE T horner(T, T c) {
  return c;
}
template <class T, class... Rest>
FB_INLINE T horner(T x, T c0, T c1, Rest... rest) {
  return horner(x, madd(c0, x, c1), rest...);
}

FB_INLINE float abs(float x) { return from_bits(to_bits(x) & 0x7fffffffu); }
FB_INLINE double abs(double x) { return from_bits(to_bits(x) & 0x7fffffffffffffffull); }
FB_INLINE float with_sign(float x, float s) {
  return from_bits((to_bits(x) & 0x7fffffffu) | (to_bits(s) & 0x80000000u));
}
FB_INLINE double with_sign(double x, double s) {
  return from_bits((to_bits(x) & 0x7fffffffffffffffull) | (to_bits(s) & 0x8000000000000000ull));
}
template <class T>
FB_INLINE T sqrt(T x) {
  return std::sqrt(x);
}

// ---------------------------------------------------------------- exp, float

/** Adding this leaves the nearest integer in the low bits of the sum, without a conversion that NaN would upset. */
inline constexpr float kRoundF = 12582912.f;          // 1.5 * 2^23
inline constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52

/** e^(x - n·ln 2) for n = x / ln 2, rounded. The low part of the remainder joins late, which saves a rounding. */
FB_INLINE float exp_reduced(float x, float n) {
  const float hi = madd(n, -0.693359375f, x), lo = n * 2.12194440e-4f, r = hi + lo;
  const float p = horner(r, 0.00139518257f, 0.00836919528f, 0.0416661836f, 0.166665167f, 0.5f);
  return (hi + madd(p, r * r, lo)) + 1.f;
}
/** exp for -87 <= x <= 88: no overflow, no subnormals. */
FB_INLINE float exp_plain(float x) {
  const float shifted = madd(x, 1.44269504f, kRoundF), n = shifted - kRoundF;
  return from_bits(to_bits(exp_reduced(x, n)) + (to_bits(shifted) << 23));
}
/** Scaled in two halves, so that subnormal results and overflow come out right. */
FB_INLINE float exp(float x0) {
  const float x = abs(x0) > 104.f ? with_sign(104.f, x0) : x0;
  const float shifted = madd(x, 1.44269504f, kRoundF), n = shifted - kRoundF;
  const int32_t i = static_cast<int32_t>(to_bits(shifted) - to_bits(kRoundF)), half = i >> 1;
  const float a = from_bits(static_cast<uint32_t>(half + 127) << 23);
  const float b = from_bits(static_cast<uint32_t>(i - half + 127) << 23);
  return exp_reduced(x, n) * a * b;  // NaN passes: the clamp and the sum keep it
}
/** exp for x <= 0, as softmax needs it: what would be subnormal is 0. */
FB_INLINE float exp_down(float x) {
  const float shifted = madd(x, 1.44269504f, kRoundF), n = shifted - kRoundF;
  const float y = exp_reduced(x, n) * from_bits((to_bits(shifted) - to_bits(kRoundF) + 127u) << 23);
  return x < -87.3365f ? 0.f : y;
}

// ---------------------------------------------------------------- exp and log, double

/** What is left of x after n·ln 2, in two parts; n = x / ln 2, rounded. */
struct Reduced {
  double hi, lo;
};
FB_INLINE Reduced ln2_remainder(double x, double n) {
  constexpr double hi = 0x1.62e42fee00000p-1, lo = 0x1.a39ef35793c76p-33;  // hi has 33 bits: n·hi is exact
  return {madd(n, -hi, x), n * -lo};
}
/** (e^r - 1 - r) / r^2 to 1e-17 of e^r. */
FB_INLINE double expm1_tail(double r) {
  const double p = horner(r, 2.5074452153465474e-08, 2.761433818579841e-07, 2.7557331515767577e-06,
                          2.4801535434051008e-05, 0.00019841269815148226, 0.0013888888906356453, 0.0083333333333417067,
                          0.041666666666650788, 0.16666666666666663);
  return madd(p, r, 0.5);
}
FB_INLINE double exp(double x0) {
  const double x = abs(x0) > 746.0 ? with_sign(746.0, x0) : x0;
  const double shifted = madd(x, 1.4426950408889634, kRound), n = shifted - kRound;
  const auto [hi, lo] = ln2_remainder(x, n);
  const double r = hi + lo;
  const double y = 1.0 + (r + (lo - (r - hi)) + r * r * expm1_tail(r));
  const int64_t i = static_cast<int64_t>(to_bits(shifted) - to_bits(kRound)), half = i >> 1;
  const double a = from_bits(static_cast<uint64_t>(half + 1023) << 52);
  const double b = from_bits(static_cast<uint64_t>(i - half + 1023) << 52);
  return y * a * b;
}
FB_INLINE double exp_down(double x) { return exp(x); }
/** exp for -708 <= x <= 709: no overflow, no subnormals. */
FB_INLINE double exp_plain(double x) {
  const double shifted = madd(x, 1.4426950408889634, kRound), n = shifted - kRound;
  const auto [hi, lo] = ln2_remainder(x, n);
  const double r = hi + lo, y = 1.0 + (r + (lo - (r - hi)) + r * r * expm1_tail(r));
  return from_bits(to_bits(y) + (to_bits(shifted) << 52));
}
template <class T>
inline constexpr T kExpPlainLimit = sizeof(T) == 4 ? T(87) : T(708);

/** exp in double for float results: 1e-12, |x| <= 700. */
FB_INLINE double exp_wide(double x) {
  const double shifted = madd(x, 1.4426950408889634, kRound), n = shifted - kRound;
  const double r = madd(n, -1.9082149292705877e-10, madd(n, -0.69314718036912382, x));
  const double p = horner(r, 2.4888439929561516e-05, 0.00019909855130848648, 0.0013888794553178977,
                          0.008333280341807461, 0.041666667066392861, 0.16666666789806883, 0.49999999999500527);
  return (madd(p, r * r, r) + 1.0) * from_bits((to_bits(shifted) << 52) + 0x3ff0000000000000ull);
}
/** The same for any argument: saturates to 0 and inf as floats see it. */
FB_INLINE double exp_wide_clamped(double x0) {
  double x = x0 < -700.0 ? -700.0 : x0;
  x = x > 700.0 ? 700.0 : x;
  return exp_wide(x);
}

/** x = 2^e · m with m in [sqrt(1/2), sqrt(2)); x positive and normal. */
struct Split {
  double e, m;
};
FB_INLINE Split split(double x) {
  const uint64_t u = to_bits(x) - to_bits(0.70710678118654752);
  // The exponent is small enough for the rounding trick run backwards, which vectorises below AVX-512 too.
  const double e = from_bits(((u >> 52) + (u >> 63 ? 0xfffffffffffff000ull : 0)) + to_bits(kRound)) - kRound;
  return {e, from_bits((u & 0xfffffffffffffull) + to_bits(0.70710678118654752))};
}
/** log for float results: 1e-11, x positive and normal. */
FB_INLINE double log_wide(double x) {
  const auto [e, m] = split(x);
  const double f = m - 1.0, s = f / (2.0 + f), z = s * s;
  const double p = horner(z, 0.23581857637808451, 0.28537327577611926, 0.40000334881275207, 0.66666665646365109);
  return madd(e, kLn2, madd(s * z, p, 2.0 * s));
}
/** With the values at 0, below 0, at inf and NaN; subnormal doubles cannot come from floats. */
FB_INLINE double log_wide_full(double x) {
  double y = log_wide(x);
  y = x == 0.0 ? -kInf : y;
  y = x < 0.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  y = x == kInf ? kInf : y;
  return x != x ? x : y;
}

/** What the series of log(1 + f) adds to s·(f²/2) with s = f / (2 + f), z = s²: over s·z. */
FB_INLINE double log_series(double z) {
  return horner(z, 0.14797481757231062, 0.15313906103199354, 0.18183569613509165, 0.22222198478751612,
                0.28571428743232563, 0.39999999999411245, 0.66666666666667351);
}
/** log(1 + f) - (f - f^2/2) and so on as in fdlibm: e·ln2 + log(1 + f) + c with f in [sqrt(1/2)-1, sqrt(2)-1). */
FB_INLINE double log_sum(double e, double f, double c) {
  const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  const double r = z * log_series(z);
  return e * 6.93147180369123816490e-01 - ((half - (s * (half + r) + (e * 1.90821492927058770002e-10 + c))) - f);
}
FB_INLINE double log(double x0) {
  const bool tiny = x0 < 2.2250738585072014e-308;
  const auto [e, m] = split(tiny ? x0 * 0x1p54 : x0);
  double y = log_sum(tiny ? e - 54.0 : e, m - 1.0, 0.0);
  y = x0 == 0.0 ? -kInf : y;
  y = x0 < 0.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  y = x0 == kInf ? kInf : y;
  return x0 != x0 ? x0 : y;
}
/** From here to kGreatest, log_plain will do: neither subnormal nor infinite, zero or negative. */
template <class T>
inline constexpr T kLeastNormal = std::numeric_limits<T>::min();
template <class T>
inline constexpr T kGreatest = std::numeric_limits<T>::max();
FB_INLINE double log_plain(double x) {
  const auto [e, m] = split(x);
  return log_sum(e, m - 1.0, 0.0);
}
FB_INLINE double log1p(double x) {
  const double u = 1.0 + x;
  const auto [e, m] = split(u);
  const bool near = e == 0.0;
  const double c = (abs(x) > 1.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;  // what rounding took from u
  double y = log_sum(e, near ? x : m - 1.0, near ? 0.0 : c);
  y = x == -1.0 ? -kInf : y;
  y = x < -1.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  y = x == kInf ? kInf : y;
  y = x == 0.0 ? x : y;
  return x != x ? x : y;
}

// ---------------------------------------------------------------- log, float

/** log of a positive normal x, times 2^-shift. */
FB_INLINE float log_plain(float x, int32_t shift = 0) {
  const uint32_t u = to_bits(x) - to_bits(0.707106781f);
  const float f = from_bits((u & 0x7fffffu) + to_bits(0.707106781f)) - 1.f;
  const float e = static_cast<float>((static_cast<int32_t>(u) >> 23) - shift);
  const float p = horner(f, 0.0691175312f, -0.117865257f, 0.118727304f, -0.123848349f, 0.142187566f, -0.166692302f,
                         0.200022221f, -0.249999866f, 0.333333105f);
  const float z = f * f;
  float y = madd(p * f, z, e * -2.12194440e-4f);
  y = madd(z, -0.5f, y);
  return madd(e, 0.693359375f, f + y);
}
FB_INLINE float log(float x0) {
  const bool tiny = x0 < 1.17549435e-38f;
  float y = log_plain(tiny ? x0 * 8388608.f : x0, tiny ? 23 : 0);
  y = x0 == 0.f ? -kInfF : y;
  y = x0 < 0.f ? std::numeric_limits<float>::quiet_NaN() : y;
  y = x0 == kInfF ? kInfF : y;
  return x0 != x0 ? x0 : y;
}

// ---------------------------------------------------------------- sigmoid, tanh, expm1

FB_INLINE float sigmoid(float x) {
  const float e = exp(-abs(x));  // the small exponential keeps the tails relative
  return (x < 0.f ? e : 1.f) / (1.f + e);
}
FB_INLINE double sigmoid(double x) {
  const double e = exp(-abs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/** sigmoid for |x| <= kExpPlainLimit. */
template <class T>
FB_INLINE T sigmoid_plain(T x) {
  const T e = exp_plain(-abs(x));
  return (x < T{0} ? e : T{1}) / (T{1} + e);
}

FB_INLINE float tanh(float x) {
  const float s = x * x, p = horner(s, 0.00214746175f, -0.00818258617f, 0.0217029322f, -0.0539471991f, 0.133332103f,
                                    -0.333333313f);
  const float a = abs(x), c = a > 10.f ? 10.f : a;
  const float big = with_sign(1.f - 2.f / (exp_plain(2.f * c) + 1.f), x);
  const float y = a < 0.625f ? with_sign(madd(p * s, x, x), x) : big;
  return x != x ? x : y;
}

FB_INLINE double expm1(double x0) {
  double x = x0 < -40.0 ? -40.0 : x0;
  x = x > 710.0 ? 710.0 : x;
  const double shifted = madd(x, 1.4426950408889634, kRound), n = shifted - kRound;
  const auto [hi, lo] = ln2_remainder(x, n);
  const double r = hi + lo, q = lo - (r - hi) + r * r * expm1_tail(r);
  const int64_t i = static_cast<int64_t>(to_bits(shifted) - to_bits(kRound)), half = i >> 1;
  const double a = from_bits(static_cast<uint64_t>(half + 1023) << 52);
  const double b = from_bits(static_cast<uint64_t>(i - half + 1023) << 52);
  const double inverse = i > 60 ? 0.0 : from_bits(static_cast<uint64_t>(1023 - i) << 52);
  // 2^n (e^r - 1 + 1 - 2^-n); the sum with r keeps its rounding error.
  const double t = 1.0 - inverse, s = t + r, err = t == 0.0 ? 0.0 : r - (s - t);
  const double y = (s + (q + err)) * a * b;
  return x0 == 0.0 ? x0 : y;
}
FB_INLINE double tanh(double x) {
  const double a = abs(x), e = expm1(2.0 * (a > 22.0 ? 22.0 : a));
  const double y = with_sign(e / (e + 2.0), x);
  return x != x ? x : y;
}

// ---------------------------------------------------------------- sin, cos, tan

/** Beyond this the reduction by pi runs out of digits, and the kernels take libm element by element. */
#if FB_HAS_FMA
inline constexpr float kTrigLimitF = 1073741824.f;
inline constexpr double kTrigLimit = 1e5;
#else
inline constexpr float kTrigLimitF = 1000000.f;
inline constexpr double kTrigLimit = 0.0;
#endif

/** x - k·pi for integers or half-integers k. */
FB_INLINE double pi_remainder(double x, double k) {
#if FB_HAS_FMA
  return madd(k, -1.2246467991473532e-16, madd(k, -3.1415926535897931, x));
#else
  constexpr double a = 0x1.921fb544p+1, b = 0x1.0b4611a6p-33, c = 0x1.3198a2e037073p-68;  // 33, 33 and 53 bits
  return ((x - k * a) - k * b) - k * c;
#endif
}
/** sin for |x| <= kTrigLimitF: reduced in double, so that results near multiples of pi keep their digits. */
FB_INLINE float sin_limited(float x) {
  const double shifted = x * (1 / kPi) + kRound, k = shifted - kRound;
  const float r = static_cast<float>(from_bits(to_bits(pi_remainder(x, k)) ^ to_bits(shifted) << 63)), s = r * r;
  const float p = horner(s, -2.39076137e-08f, 2.75265324e-06f, -0.000198408932f, 0.00833333097f, -0.166666672f);
  const float y = madd(p * s, r, r);
  return x == 0.f ? x : y;
}
FB_INLINE float cos_limited(float x) {
  const double shifted = (x * (1 / kPi) + 0.5) + kRound, k = shifted - kRound - 0.5;
  const float r = static_cast<float>(from_bits(to_bits(pi_remainder(x, k)) ^ to_bits(shifted) << 63)), s = r * r;
  const float p = horner(s, -2.39076137e-08f, 2.75265324e-06f, -0.000198408932f, 0.00833333097f, -0.166666672f);
  return madd(p * s, r, r);
}
FB_INLINE double sin_poly_wide(double r) {
  const double s = r * r;
  const double p = horner(s, 1.5418270776727136e-10, -2.50308452446446e-08, 2.7556971029511447e-06,
                          -0.00019841266955100738, 0.0083333333223299701, -0.16666666666527039);
  return madd(p * s, r, r);
}
FB_INLINE float tan_limited(float x) {
  const double r = pi_remainder(x, (x * (1 / kPi) + kRound) - kRound);  // |r| <= pi/2; tan has period pi
  const double c = with_sign(kPi / 2, r), co = sin_poly_wide((c - r) + with_sign(6.123233995736766e-17, r));
  const float y = static_cast<float>(sin_poly_wide(r) / with_sign(co, 1.0));
  return x == 0.f ? x : y;
}
/** x - k·pi in two parts, for integers k and their halves. */
FB_INLINE Reduced pi_reduced(double x, double k) {
  // t is exact; what rounding takes from the next two steps comes back with lo.
  const double t = madd(k, -3.1415926535897931, x), a = k * -1.2246467991473532e-16, r = t + a, b = r - t;
  const double product_error = madd(k, -1.2246467991473532e-16, -a), sum_error = (t - (r - b)) + (a - b);
  return {r, sum_error + (product_error + k * 2.9947698097183397e-33)};
}
FB_INLINE double sin_reduced(double x, double shifted, double k) {
  const auto [r, lo] = pi_reduced(x, k);
  const double s = r * r;
  const double p = horner(s, -7.9835383930598074e-18, 2.8102270256326728e-15, -7.6471283825229431e-13,
                          1.6059043224324787e-10, -2.505210837890168e-08, 2.755731922394371e-06,
                          -0.00019841269841269687, 0.0083333333333333332, -0.16666666666666666);
  return from_bits(to_bits(r + madd(p * s, r, lo)) ^ to_bits(shifted) << 63);
}
FB_INLINE double sin_limited(double x) {
  const double shifted = madd(x, 1 / kPi, kRound);
  const double y = sin_reduced(x, shifted, shifted - kRound);
  return x == 0.0 ? x : y;
}
FB_INLINE double cos_limited(double x) {
  const double shifted = madd(x, 1 / kPi, 0.5) + kRound;
  return sin_reduced(x, shifted, shifted - kRound - 0.5);
}
FB_INLINE double tan_limited(double x);  // in vecmath_double.h, which has what this needs

template <class T>
inline constexpr T kTrigLimitOf = static_cast<T>(sizeof(T) == 4 ? static_cast<double>(kTrigLimitF) : kTrigLimit);
template <class T>
FB_INLINE T sin(T x) {
  return abs(x) <= kTrigLimitOf<T> ? sin_limited(x) : std::sin(x);
}
template <class T>
FB_INLINE T cos(T x) {
  return abs(x) <= kTrigLimitOf<T> ? cos_limited(x) : std::cos(x);
}
template <class T>
FB_INLINE T tan(T x) {
  return abs(x) <= kTrigLimitOf<T> ? tan_limited(x) : std::tan(x);
}

// ---------------------------------------------------------------- erf

/** erf for |x| < 0.93 as x + x·p(x^2); beyond, erfc is exp of a polynomial. The callers compute both and choose. */
FB_INLINE float erf_small(float x) {
  const float s = x * x;
  return madd(horner(s, 8.34493985e-05f, -0.000813736289f, 0.00520062679f, -0.0268592667f, 0.112836942f, -0.376126349f,
                     0.128379166f),
              x, x);
}
/** erfc(t) for 0.92 <= t, 0 beyond 4 (1.5e-8). */
FB_INLINE float erfc_tail(float t) {
  const float c = t > 4.f ? 4.f : t;
  const float y = exp_plain(horner(c, -2.11734005e-05f, 0.00043534959f, -0.00417526672f, 0.0251302458f, -0.108296432f,
                                   -0.633332431f, -1.12952197f, 0.000176103538f));
  return t > 4.f ? 0.f : y;
}
FB_INLINE float erf(float x) {
  const float t = abs(x), y = t < 0.925f ? erf_small(x) : with_sign(1.f - erfc_tail(t), x);
  return x != x ? x : y;
}
/** exp for x <= 88, 0 where that is subnormal; in double exp itself, of which nothing is saved. */
FB_INLINE float exp_or_zero(float x) {
  const float y = exp_plain(x < -87.f ? -87.f : x);
  return x < -87.f ? 0.f : y;
}
FB_INLINE double exp_or_zero(double x) { return exp(x); }
/** 2^q for -126 <= q <= 127. */
FB_INLINE float exp2_plain(float q) {
  const float shifted = q + kRoundF, r = q - (shifted - kRoundF);
  const float p = horner(r, 0.00015478018f, 0.00134004315f, 0.00961799454f, 0.0555032715f, 0.240226522f, 0.693147182f);
  return from_bits(to_bits(madd(p, r, 1.f)) + (to_bits(shifted) << 23));
}
/**
 * The normal distribution's integral: below zero 2^q for a polynomial q of -x, 0 beyond 5.66 (7.6e-9). Even and odd
 * powers go side by side, for one chain of ten would keep the processor waiting.
 */
FB_INLINE float normal_cdf(float x) {
  const float t = abs(x), c = t > 5.66f ? 5.66f : t, s = c * c;
  const float odd = horner(s, 6.66703045e-07f, 6.38077254e-05f, -9.39946694e-05f, -0.0525202528f, -1.15110731f);
  const float even =
      horner(s, -2.15504290e-08f, -8.85018653e-06f, -0.000235141051f, 0.00706316624f, -0.459194958f, -1.f);
  const float tail = exp2_plain(madd(odd, c, even)), e = t > 5.66f ? 0.f : tail;
  return x < 0.f ? e : 1.f - e;
}

/** erfc through erfcx(t)·(1 + t), a polynomial in (t - 3) / (t + 3), and exp(-t^2). */
FB_INLINE float erfc(float x) {
  const double t0 = abs(static_cast<double>(x)), t = t0 > 10.6 ? 10.6 : t0, u = (t - 3.0) / (t + 3.0);
  const double p =
      horner(u, -1.9862868272947079e-06, -9.0299698356914558e-06, 5.5235766027564044e-07, 5.7152257805509638e-05,
             -2.1212051668080167e-05, -0.00036784443471767222, 0.00064589175650294579, 0.0016186946349675598,
             -0.009750688899317083, 0.021957750471731999, -0.023803913698918256, -0.010235388261894664,
             0.09902075370316625, -0.23092733309261121, 0.71600460472545524);
  const double tail = p / (1.0 + t) * exp_wide(-t * t);
  const float y = static_cast<float>(x < 0.f ? 2.0 - tail : tail);
  return x != x ? x : y;
}

/** 2^x: the nearest whole number goes to the exponent, in two halves as in exp, the rest to a polynomial. */
FB_INLINE float exp2(float x0) {
  const float x = abs(x0) > 152.f ? with_sign(152.f, x0) : x0;
  const float shifted = x + kRoundF, r = x - (shifted - kRoundF);
  const int32_t i = static_cast<int32_t>(to_bits(shifted) - to_bits(kRoundF)), half = i >> 1;
  const float a = from_bits(static_cast<uint32_t>(half + 127) << 23);
  const float b = from_bits(static_cast<uint32_t>(i - half + 127) << 23);
  const float p = horner(r, 1.52973238e-5f, 0.000154614447f, 0.00133335024f, 0.00961805668f, 0.0555041088f,
                         0.240226509f, 0.693147181f);
  return madd(p, r, 1.f) * a * b;
}
FB_INLINE double exp2(double x0) {
  const double x = abs(x0) > 1100.0 ? with_sign(1100.0, x0) : x0;
  const double shifted = x + kRound, q = x - (shifted - kRound);
  const double hi = q * kLn2, lo = madd(q, kLn2, -hi) + q * 2.3190468138462996e-17, r = hi + lo;
  const double y = 1.0 + (r + (lo - (r - hi)) + r * r * expm1_tail(r));
  const int64_t i = static_cast<int64_t>(to_bits(shifted) - to_bits(kRound)), half = i >> 1;
  const double a = from_bits(static_cast<uint64_t>(half + 1023) << 52);
  const double b = from_bits(static_cast<uint64_t>(i - half + 1023) << 52);
  return y * a * b;
}

// ---------------------------------------------------------------- the rest: double inside, rounded once

FB_INLINE float expm1(float x) {
  const double d = x, small = d + d * d * (0.5 + d * (1.0 / 6 + d * (1.0 / 24)));
  const float y = static_cast<float>(abs(d) < 1e-3 ? small : exp_wide_clamped(d) - 1.0);
  return x == 0.f ? x : y;
}
/** log(x)·(hi + lo) with log(2)·(hi + lo) = two + two_lo: the logarithm's two parts meet the factor's one by one. */
FB_INLINE double log_of_base(double x0, double hi, double lo, double two, double two_lo) {
  const bool tiny = x0 < 2.2250738585072014e-308;
  const auto [e0, m] = split(tiny ? x0 * 0x1p54 : x0);
  const double e = tiny ? e0 - 54.0 : e0, f = m - 1.0, half = 0.5 * f * f;
  const double s = f / (2.0 + f), z = s * s, tail = s * (half + z * log_series(z));
  // f - half, its leading bits alone, so that the product with hi is exact
  const double high = from_bits(to_bits(f - half) & 0xffffffff00000000ull), low = ((f - high) - half) + tail;
  const double main = e * two, product = high * hi, sum = main + product;
  double y = sum + (((main - sum) + product) + ((low + high) * lo + low * hi + e * two_lo));
  y = x0 == 0.0 ? -kInf : y;
  y = x0 < 0.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  y = x0 == kInf ? kInf : y;
  return x0 != x0 ? x0 : y;
}
FB_INLINE float log2(float x) { return static_cast<float>(log_wide_full(x) * 1.4426950408889634); }
FB_INLINE double log2(double x) { return log_of_base(x, 1.4426946640014648, 3.768874985636099e-07, 1.0, 0.0); }
FB_INLINE float log10(float x) { return static_cast<float>(log_wide_full(x) * 0.43429448190325182765); }
FB_INLINE double log10(double x) {
  return log_of_base(x, 0.4342944622039795, 1.9699272335463627e-08, 0.30102992057800293, 7.508597826552624e-08);
}
FB_INLINE double log1p_wide(double d) {
  const double small = d * (1.0 - d * (0.5 - d * (1.0 / 3 - d * 0.25)));
  return abs(d) < 1e-3 ? small : log_wide_full(1.0 + d);
}
FB_INLINE float log1p(float x) {
  const float y = static_cast<float>(log1p_wide(x));
  return x == 0.f ? x : y;
}

/**
 * √(a² + b²): scaled by a power of two, so that squares neither overflow nor vanish; then what rounding took from the
 * squares and the root comes back (https://arxiv.org/abs/1904.09481).
 */
FB_INLINE double hypot(double a0, double b0) {
#if FB_HAS_FMA
  const double a1 = abs(a0), b1 = abs(b0), most = a1 > b1 ? a1 : b1;
  const uint64_t power = to_bits(most) & 0x7ff0000000000000ull;
  const double down =
      from_bits(0x7fd0000000000000ull - (power > 0x7fc0000000000000ull ? 0x7fc0000000000000ull : power));
  const double up = from_bits((power > 0x7fc0000000000000ull ? 0x7fc0000000000000ull : power) + 0x0020000000000000ull);
  const double a = a1 * down, b = b1 * down, aa = a * a, bb = b * b, h = std::sqrt(aa + bb), hh = h * h;
  const double big = a > b ? aa : bb, small = a > b ? b : a, root = a > b ? a : b;
  const double error = madd(-small, small, hh - big) + madd(h, h, -hh) - madd(root, root, -big);
  const double y = (h == 0.0 ? 0.0 : h - error / (2.0 * h)) * (up * 0.5);
  const bool infinite = (a1 == kInf) | (b1 == kInf);
  return infinite ? kInf : a0 + b0 != a0 + b0 ? a0 + b0 : y;
#else
  return std::hypot(a0, b0);
#endif
}

/** log(1 + x) for 0 <= x <= 1, by atanh of x / (2 + x): what is added where exponentials are. */
FB_INLINE float log1p_unit(float x) {
  const float s = x / (2.f + x), z = s * s, two = s + s;
  return madd(two * z, horner(z, 1.f / 13, 1.f / 11, 1.f / 9, 1.f / 7, 0.2f, 1.f / 3), two);
}
FB_INLINE double log1p_unit(double x) { return log1p(x); }

/** atan on [0, inf], 6e-11. */
FB_INLINE double atan_positive(double a) {
  const bool inverted = a > 1.0;
  const double r = inverted ? 1.0 / a : a, s = r * r;
  const double y =
      r * horner(s, -0.00068433190317745269, 0.0048483541205883362, -0.016105426660083438, 0.03420101500841205,
                 -0.054271749132506972, 0.072453117298894545, -0.089800939943719502, 0.11093208732078221,
                 -0.14283976463087319, 0.1999991175637903, -0.33333331563151425, 0.99999999994086097);
  return inverted ? kPi / 2 - y : y;
}
FB_INLINE float atan(float x) {
  const float y = static_cast<float>(with_sign(atan_positive(abs(static_cast<double>(x))), static_cast<double>(x)));
  return x != x ? x : y;
}
/** asin on [0, 1/2], 1e-11. */
FB_INLINE double asin_small(double x) {
  const double z = x * x;
  return madd(x * z,
              horner(z, 0.02941243819063101, 0.005349502412462542, 0.019338381783775505, 0.022126986251822977,
                     0.03039811109560215, 0.04464233839920582, 0.07500000632020051, 0.16666666665384025),
              x);
}
FB_INLINE float asin(float x) {
  const double d = abs(static_cast<double>(x));
  const bool large = d > 0.5;
  const double t = asin_small(large ? std::sqrt((1.0 - d) * 0.5) : d);
  return static_cast<float>(with_sign(large ? kPi / 2 - 2.0 * t : t, static_cast<double>(x)));
}
FB_INLINE float acos(float x) {
  const double d = abs(static_cast<double>(x));
  const bool large = d > 0.5;
  const double t = asin_small(large ? std::sqrt((1.0 - d) * 0.5) : d), u = large ? 2.0 * t : kPi / 2 - t;
  const double y = x < 0.f ? kPi - u : u;
  return static_cast<float>(d > 1.0 ? std::numeric_limits<double>::quiet_NaN() : y);
}
FB_INLINE float atan2(float y, float x) {
  const double a = abs(static_cast<double>(y)), b = abs(static_cast<double>(x));
  double q = a == b ? 1.0 : a / b;  // also for 0/0 and inf/inf, where x's sign decides
  q = ((a == 0.0) & (b == 0.0)) ? 0.0 : q;
  const double t = atan_positive(q), r = to_bits(x) >> 31 ? kPi - t : t;
  const float z = static_cast<float>(with_sign(r, static_cast<double>(y)));
  return ((x != x) | (y != y)) ? x + y : z;
}

FB_INLINE float sinh(float x) {
  const double d = x, s = d * d, e = exp_wide_clamped(d);
  const double small = d + d * s * (1.0 / 6 + s * (1.0 / 120 + s * (1.0 / 5040)));
  const float y = static_cast<float>(abs(d) < 0.1 ? small : 0.5 * (e - 1.0 / e));
  return x == 0.f ? x : y;
}
FB_INLINE float cosh(float x) {
  const double e = exp_wide_clamped(x);
  return static_cast<float>(0.5 * (e + 1.0 / e));
}
FB_INLINE float asinh(float x) {
  const double a = abs(static_cast<double>(x)), s = a * a;
  const double small = a * (1.0 - s * (1.0 / 6 - s * (3.0 / 40)));
  const double y = a < 1e-2 ? small : log_wide_full(a + std::sqrt(s + 1.0));
  return static_cast<float>(with_sign(y, static_cast<double>(x)));
}
FB_INLINE float acosh(float x) {
  const double d = x;
  const double y = log_wide_full(d + std::sqrt((d - 1.0) * (d + 1.0)));
  return static_cast<float>(d < 1.0 ? std::numeric_limits<double>::quiet_NaN() : y);
}
FB_INLINE float atanh(float x) {
  const double a = abs(static_cast<double>(x)), s = a * a;
  const double small = a * (1.0 + s * (1.0 / 3 + s * (1.0 / 5)));
  const double y = a < 1e-2 ? small : 0.5 * log_wide_full((1.0 + a) / (1.0 - a));
  return static_cast<float>(a > 1.0 ? std::numeric_limits<double>::quiet_NaN() : with_sign(y, static_cast<double>(x)));
}

/** x^y by exp(y·log|x|) in double; signs and the special values of IEEE pow afterwards. */
FB_INLINE float pow(float x, float y) {
  const double a = abs(static_cast<double>(x)), d = y;
  double r = exp_wide_clamped(d * log_wide_full(a));
  const float ay = abs(y);
  const bool integer = std::nearbyint(ay) == ay;
  const float low = ay >= 16777216.f ? 0.f : ay * 0.5f;
  const bool odd = integer & (std::nearbyint(low) != low);
  r = ((a == 1.0) & (y == y)) ? 1.0 : r;  // 0 · inf above
  r = ((x < 0.f) & !integer & (a != kInf)) ? std::numeric_limits<double>::quiet_NaN() : r;
  r = (odd & ((to_bits(x) >> 31) != 0)) ? -r : r;
  r = ((x == 1.f) | (y == 0.f)) ? 1.0 : r;
  return static_cast<float>(r);
}
FB_INLINE double pow(double x, double y) { return std::pow(x, y); }

/** By w = -log(1 - x²): x times a polynomial in w, or in its root where w > 5. */
FB_INLINE float erfinv(float x) {
  const double d = x, a = abs(d), v = (1.0 - a) * (1.0 + a), w = -log_wide(v > 1e-12 ? v : 1e-12);
  const double u = w - 2.5, t = std::sqrt(w) - 3.0;
  const double near =
      horner(u, 3.360688805883011e-10, -8.773785643866917e-09, 1.8029203400411775e-08, 4.6590124989183065e-07,
             -3.4345728078335256e-06, -4.961930120714656e-06, 0.00021828256730125267, -0.0012527446777443902,
             -0.004177339371967771, 0.24664028765898247, 1.501409353457179);
  const double far = horner(t, -2.6410748046607963e-05, 0.00015891735126594142, -0.0002830047801978819,
                            -0.00011798461826173501, 0.0014786664660403903, -0.0035678777376768056, 0.0056867425438758,
                            -0.007642674486399548, 0.00944539279790746, 1.001675235404629, 2.832976800139175);
  double y = d * (w < 5.0 ? near : far);
  y = a == 1.0 ? with_sign(kInf, d) : y;
  y = a > 1.0 ? std::numeric_limits<double>::quiet_NaN() : y;
  return static_cast<float>(x == 0.f ? d : y);
}

/**
 * log |Γ(x)|: Stirling's series from 8 on, below that by Γ(z + 8) = Γ(z) z (z + 1) … (z + 7), and by reflection below
 * 1/2, all products under one logarithm; near the zeros at 1 and 2 the Taylor series, or nothing would be left.
 */
FB_INLINE float lgamma(float x0) {
  const double x = abs(x0) < 1e37f ? x0 : 1.5, e1 = x - 1.0, e2 = x - 2.0;
  const bool reflect = x < 0.5;
  const double z = reflect ? 1.0 - x : x;
  const bool shift = z < 8.0;
  const double product = z * (z + 1.0) * ((z + 2.0) * (z + 3.0)) * ((z + 4.0) * (z + 5.0) * ((z + 6.0) * (z + 7.0)));
  const double p = shift ? product : 1.0, t = shift ? z + 8.0 : z, i = 1.0 / t, s = i * i;
  const double stirling =
      (t - 0.5) * log_plain(t) - t + 0.91893853320467274 +
      i * horner(s, 1.0 / 156, -691.0 / 360360, 1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12);
  const double r = x - ((x + kRound) - kRound), sine = reflect ? abs(sin_limited(kPi * r)) : 1.0;
  const double factor = log_plain(reflect ? p * kPi / (sine == 0.0 ? 1.0 : sine) : p);
  double y = reflect ? factor - stirling : stirling - factor;
  y = abs(e1) < 1e-3
          ? e1 * horner(e1, 0.27058080842778454, -0.40068563438653143, 0.8224670334241132, -0.57721566490153286)
          : y;
  y = abs(e2) < 1e-3
          ? e2 * horner(e2, 0.020580808427784546, -0.067352301053198103, 0.3224670334241132, 0.42278433509846714)
          : y;
  y = sine == 0.0 ? kInf : y + 0.0;  // lgamma(1) is 0, not -0
  const double large =
      static_cast<double>(x0) * (log_plain(abs(x0) < 1e37f ? 1.0 : abs(static_cast<double>(x0))) - 1.0);
  const float rest = x0 > 0.f ? static_cast<float>(large) : kInfF;  // all that large are whole numbers
  return x0 != x0 ? x0 : abs(x0) < 1e37f ? static_cast<float>(y) : abs(x0) == kInfF ? kInfF : rest;
}

}  // namespace flambeau::FB_ISA::vm

#include "vecmath_double.h"
