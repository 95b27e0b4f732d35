// The double versions of vecmath.h's inverse, hyperbolic and error functions, within 1 to 2 ULP; vecmath.h includes it.
//
// Each ends in one sum of a main part, exact or with its rounding error kept, and a tail that is a fraction of it, so
// that the tail's own errors hardly count. That takes fused multiplications: levels without them call libm. All
// coefficients were fitted for this file (minimax, by Remez' exchange).
#pragma once
#include "vecmath.h"

namespace flambeau::FB_ISA::vm {

#if FB_HAS_FMA

inline constexpr double kHalfPi = 1.57079632679489661923;
/** What kPi and kHalfPi leave of π and π/2, by themselves. */
inline constexpr double kPiRest = 3.8981718325193755e-17;

/** Horner's rule for even and odd powers side by side: half as long a chain, which the longest would wait for. */
FB_INLINE double paired_step(double x, double, double odd, double even) { return madd(odd, x, even); }
FB_INLINE double paired_step(double x, double, double odd, double even, double last) {
  return madd(madd(odd, x, even), x, last);
}
template <class... Rest>
FB_INLINE double paired_step(double x, double z, double odd, double even, double c0, double c1, Rest... rest) {
  return paired_step(x, z, madd(odd, z, c0), madd(even, z, c1), rest...);
}
template <class... C>
FB_INLINE double paired(double x, C... c) {
  return paired_step(x, x * x, c...);
}

/** c + v + rest, where |c| >= |v| or c is 0: what rounding takes from the first sum comes back. */
FB_INLINE double sum_with_rest(double c, double v, double rest) {
  const double d = c + v;
  return d + (((c - d) + v) + rest);
}

// ---------------------------------------------------------------- asin, acos, atan

/** An angle whose sine is s or, where `halved`, twice which is wanted: asin(s) = s + tail. */
struct Arc {
  double s, tail;
  bool halved;
};
/** For |x| > 1/2 of √((1 - |x|) / 2), half of the angle's complement. */
FB_INLINE Arc arc_of(double x) {
  const double a = abs(x);
  const bool halved = a > 0.5;
  const double z = halved ? madd(a, -0.5, 0.5) : a * a, s = halved ? std::sqrt(z) : a;
  const double root_error = madd(-s, s, z) * 0.5 / (s > 1e-300 ? s : 1.0);
  const double p = horner(z, 0.031912187113470845, -0.016224133354533925, 0.01952819040788433, 0.0065280018758410675,
                          0.01216920571244654, 0.013885236330905664, 0.017359704679101626, 0.022371758055878783,
                          0.030381959136741975, 0.044642856828333854, 0.07500000000337008, 0.16666666666665408);
  return {s, madd(s * z, p, halved ? root_error : 0.0), halved};
}
FB_INLINE double asin(double x) {
  const auto [s, tail, halved] = arc_of(x);
  const double far = sum_with_rest(kHalfPi, -2.0 * s, kHalfPi * kPiRest - 2.0 * tail);
  return with_sign(halved ? far : s + tail, x);
}
FB_INLINE double acos(double x) {
  const auto [s, tail, halved] = arc_of(x);
  const bool negative = x < 0.0;
  const double c = halved ? (negative ? kPi : 0.0) : kHalfPi;
  const double m = halved ? (negative ? -2.0 : 2.0) : (negative ? 1.0 : -1.0);
  return sum_with_rest(c, m * s, madd(c, kPiRest, m * tail));
}

/**
 * The angle of a point: atan(least / most) from the nearer axis, 0 <= least <= most; `steep` where that axis is y's,
 * `behind` where x is negative. From π/8 on by what is missing to π/4, so that the series is short and its tail small.
 */
FB_INLINE double angle_of(double least, double most, bool steep, bool behind) {
  const bool middle = least > 0.41421356237309503 * most;
  const double above = middle ? least - most : least, below = middle ? least + most : most;
  const double above_low = middle ? least - (above + most) : 0.0, below_low = middle ? least - (below - most) : 0.0;
  const double q = above / below, low = (madd(-q, below, above) + madd(-q, below_low, above_low)) / below;
  const double z = q * q;
  const double p = paired(z, -0.01791760811774554, 0.038074605196775774, -0.05039727132009885, 0.05847990716707376,
                          -0.06663119355405757, 0.0769206172241118, -0.09090897855041646, 0.11111110787481239,
                          -0.14285714280296802, 0.19999999999954918, -0.33333333333333204);
  const double tail = madd(q * z, p, low);
  const double near = middle ? kPi / 4 : 0.0, turned = steep ? kHalfPi - near : near;  // multiples of π/4, all exact
  const bool minus = steep != behind;
  return sum_with_rest(behind ? kPi - turned : turned, minus ? -q : q,
                       madd(behind ? kPi - turned : turned, kPiRest, minus ? -tail : tail));
}
FB_INLINE double atan(double x) {
  const double a = abs(x), c = a > 1e300 ? 1e300 : a;
  const bool steep = c > 1.0;
  return with_sign(angle_of(steep ? 1.0 : c, steep ? c : 1.0, steep, false), x);
}
FB_INLINE double atan2(double y, double x) {
  const double a = abs(y), b = abs(x);
  const bool steep = a > b;
  const double most0 = steep ? a : b, least0 = steep ? b : a;
  // infinities as 1, the origin as 0 and 1; sums do not overflow, and what is lost to errors does not vanish
  const double scale = most0 > 0x1p1000 ? 0x1p-60 : most0 < 0x1p-900 ? 0x1p120 : 1.0;
  const bool infinite = most0 == kInf;
  const double most = (most0 == 0.0) | infinite ? 1.0 : most0 * scale;
  const double least = infinite ? (least0 == kInf ? 1.0 : 0.0) : least0 * scale;
  const double t = angle_of(least, most, steep, (to_bits(x) >> 63) != 0);
  return x != x || y != y ? x + y : with_sign(t, y);
}

// ---------------------------------------------------------------- tan

/** tan for |x| <= kTrigLimit: near odd multiples of π/2 the reciprocal, of a sum whose error is kept. */
FB_INLINE double tan_limited(double x) {
  const double shifted = madd(x, 2 / kPi, kRound), k = (shifted - kRound) * 0.5;
  const auto [r, lo] = pi_reduced(x, k);
  const double z = r * r;
  const double p = horner(z, 2.0855856431503833e-05, -4.4845771311032095e-05, 8.939523503221975e-05,
                          -2.632386406596906e-05, 0.0001364811106797534, 0.00022240157647680369, 0.0005950572558648138,
                          0.0014547597786574, 0.0035922887751356184, 0.008863219198483145, 0.02186948960653366,
                          0.053968253926772305, 0.13333333333414402, 0.3333333333333278);
  const double cube = r * z, cube_low = madd(r, z, -cube) + r * madd(r, r, -z);
  const double rest = madd(cube, p, cube_low * (1.0 / 3)), near = r + rest;
  const double tail = madd(lo, madd(near, near, 1.0), rest);
  const double t = r + tail, t_low = (r - t) + tail;
  const double q = -1.0 / t, inverse = madd(q, madd(q, t, 1.0) + q * t_low, q);
  const double y = to_bits(shifted) & 1 ? inverse : t;
  return x == 0.0 ? x : y;
}

// ---------------------------------------------------------------- erf, erfc

/** erf(x) - x for |x| <= 0.85. */
FB_INLINE double erf_rest(double x) {
  return x * horner(x * x, 1.066263301068842e-08, -1.5692382085280076e-07, 1.639839389623647e-06,
                    -1.4921859405669115e-05, 0.00012055187124987057, -0.0008548323404033166, 0.005223977569271388,
                    -0.026866170640031942, 0.11283791670931322, -0.37612638903183315, 0.12837916709551256);
}
/** e^x: y and what rounding took from it, both to be multiplied by a and then by b. */
struct Scaled {
  double y, low, a, b;
};
/** e^(x + x_low) · 2^shift, |x| <= 750. */
FB_INLINE Scaled exp_scaled(double x, double x_low, int64_t shift) {
  const double shifted = madd(x, 1.4426950408889634, kRound), n = shifted - kRound;
  const auto [hi, lo] = ln2_remainder(x, n);
  const double low = lo + x_low, r = hi + low;
  const double s = r + (low - (r - hi)) + r * r * expm1_tail(r), y = 1.0 + s;
  const int64_t i = static_cast<int64_t>(to_bits(shifted) - to_bits(kRound)), half = i >> 1;
  return {y, (1.0 - y) + s, from_bits(static_cast<uint64_t>(half + shift + 1023) << 52),
          from_bits(static_cast<uint64_t>(i - half + 1023) << 52)};
}
/** erfc(t) for t >= 1/2: e^(-t²), the square in two parts, times a polynomial of 1 / (t + 4) over t + 0.5625. */
FB_INLINE double erfc_tail(double t0) {
  const double t = t0 > 27.3 ? 27.3 : t0, d = t + 0.5625, r = 1.0 / ((t + 4.0) * d), u = madd(-8.0, d * r, 1.0);
  const double slope =
      paired(u, 3.729302047580872e-08, 1.743614366588114e-08, -3.8740150880128544e-07, 1.532616548674633e-07,
             2.816466608261969e-06, -5.442484600048528e-06, -1.2313199518211067e-05, 7.390719619661606e-05,
             -9.469333446277488e-05, -0.00038024825308510807, 0.0024660398089712283, -0.007845100327058058,
             0.017781011115932853, -0.031208991893150045, 0.04292217902322254, -0.0437093344298673,
             0.023782413583721775, 0.021359805983686933, -0.08600231146779162);
  const double p = madd(slope, u, 0.6250600254143426), p_low = madd(slope, u, 0.6250600254143426 - p);
  // p / d: the reciprocal at hand, then what is missing
  const double over = (t + 4.0) * r, q0 = p * over, d_low = 0.5625 - (d - t);
  const double missing = (madd(-q0, d, p) + madd(-q0, d_low, p_low)) * over;
  const double square = t * t;
  const auto [y, low, a, b] = exp_scaled(-square, -madd(t, t, -square), 0);
  return madd(y, q0, madd(y, missing, low * q0)) * a * b;
}
/** Beyond 1, what is missing to 1 is small enough for a plain exponential of a polynomial. */
FB_INLINE double erf(double x) {
  const double t = abs(x), z = x * x;
  const double p =
      horner(z, -7.779462971761597e-10, 1.3710988704190523e-08, -1.6206318752969208e-07, 1.6447132699786621e-06,
             -1.4924712439534814e-05, 0.0001205529358693695, -0.0008548325929766244, 0.005223977606130842,
             -0.026866170643113415, 0.112837916709442, -0.3761263890318352, 0.12837916709551256);
  const double q = paired(t, 1.740382881101261e-11, -6.41089998042614e-10, 1.0726590764844324e-08,
                          -1.0643602696934017e-07, 6.753922071088117e-07, -2.6107651903636742e-06,
                          3.375481328279664e-06, 2.8681235629444344e-05, -0.00023218443886326796, 0.000922633317813763,
                          -0.002102430934487209, 0.0005878808787087573, 0.018862383231835804, -0.10263593194585038,
                          -0.6366682538976238, -1.1283685494190512, -1.0817365829172351e-06);
  const double missing = t > 5.92 ? 0.0 : exp_plain(q);
  return t < 1.0 ? madd(x, p, x) : with_sign(1.0 - missing, x);
}
FB_INLINE double erfc(double x) {
  const double t = abs(x), rest = erf_rest(x), tail = erfc_tail(t);
  const double near = x < 0.25 ? 1.0 - (x + rest) : 0.5 - ((x - 0.5) + rest);
  const double far = x < 0.0 ? 2.0 - tail : tail;
  return t < 0.75 ? near : far;
}

/** erf(y) - a, with rest = 1 - a, by erf or erfc, whichever keeps its digits. */
FB_INLINE double erf_error(double y, double a, double rest) {
  return y < 0.75 ? (y - a) + erf_rest(y) : rest - erfc_tail(y);
}

// ---------------------------------------------------------------- hyperbolic functions

FB_INLINE double sinh(double x) {
  const double a = abs(x), z = x * x;
  const auto [y, low, f, g] = exp_scaled(a > 720.0 ? 720.0 : a, 0.0, -1);
  const double e = y * f * g, far = e + (low * f * g - 0.25 / e);
  const double p = horner(z, 7.758748816870638e-13, 1.6057259768331725e-10, 2.505212313672566e-08,
                          2.755731915707188e-06, 0.00019841269841431873, 0.008333333333333148, 0.16666666666666669);
  return a < 1.0 ? madd(x * z, p, x) : with_sign(far, x);
}
FB_INLINE double cosh(double x) {
  const double a = abs(x);
  const auto [y, low, f, g] = exp_scaled(a > 720.0 ? 720.0 : a, 0.0, -1);
  const double e = y * f * g;
  return e + (low * f * g + 0.25 / e);
}
/** log(2a) from here on, as far as digits go. */
inline constexpr double kHyperbolicFar = 0x1p28;
FB_INLINE double asinh(double x) {
  const double a = abs(x), s = a * a, t = a + s / (1.0 + std::sqrt(1.0 + s));
  const bool far = a > kHyperbolicFar;
  return with_sign(log1p(far ? a - 1.0 : t) + (far ? kLn2 : 0.0), x);
}
FB_INLINE double acosh(double x) {
  const double d = x - 1.0, t = d + std::sqrt(madd(d, d, 2.0 * d));
  const bool far = x > kHyperbolicFar;
  const double y = log1p(far ? d : t) + (far ? kLn2 : 0.0);
  return x < 1.0 ? std::numeric_limits<double>::quiet_NaN() : y;
}
FB_INLINE double atanh(double x) {
  const double a = abs(x), two = a + a, q = (a < 0.5 ? two * a : two) / (1.0 - a);
  const double y = with_sign(0.5 * log1p(a < 0.5 ? two + q : q), x);
  return a > 1.0 ? std::numeric_limits<double>::quiet_NaN() : y;
}

#else

FB_INLINE double asin(double x) { return std::asin(x); }
FB_INLINE double acos(double x) { return std::acos(x); }
FB_INLINE double atan(double x) { return std::atan(x); }
FB_INLINE double atan2(double y, double x) { return std::atan2(y, x); }
FB_INLINE double tan_limited(double x) { return std::tan(x); }
FB_INLINE double erf(double x) { return std::erf(x); }
FB_INLINE double erfc(double x) { return std::erfc(x); }
FB_INLINE double erf_error(double y, double a, double rest) { return a < 0.5 ? std::erf(y) - a : rest - std::erfc(y); }
FB_INLINE double sinh(double x) { return std::sinh(x); }
FB_INLINE double cosh(double x) { return std::cosh(x); }
FB_INLINE double asinh(double x) { return std::asinh(x); }
FB_INLINE double acosh(double x) { return std::acosh(x); }
FB_INLINE double atanh(double x) { return std::atanh(x); }

#endif

/**
 * A start of seven digits from w = -log(1 - x²), as in vecmath.h, then one step by the inverse's Taylor series: what is
 * missing to x.
 */
FB_INLINE double erfinv(double x) {
  const double a = abs(x), rest = 1.0 - a, v = rest * (1.0 + a), w = -log_plain(v > 1e-17 ? v : 1e-17);
  const double u = w - 2.5, t = std::sqrt(w) - 4.0;
  const double near = horner(u, 2.85294646e-08, 3.43720765e-07, -3.52876012e-06, -4.39674165e-06, 0.000218601645,
                             -0.00125370748, -0.00417770693, 0.246640726, 1.50140942);
  const double far = horner(t, 1.81982435e-05, -7.89053852e-05, 8.80052019e-05, -2.80440604e-05, 0.0002613917,
                            -0.000941074071, 0.00128975118, 1.00951038, 3.83978176);
  const double y = a * (w < 5.0 ? near : far), z = y * y;
  const double d = erf_error(y, a, rest) * (0.88622692545275801365 * exp_plain(z > 40.0 ? 40.0 : z));
  double r = y - d * madd(d, madd(d, madd(z, 4.0 / 3, 1.0 / 3), -y), 1.0);
  r = a == 1.0 ? kInf : r;
  r = a > 1.0 ? std::numeric_limits<double>::quiet_NaN() : r;
  return x == 0.0 ? x : with_sign(r, x);
}

FB_INLINE double normal_cdf(double x) { return 0.5 * erfc(x * -0.70710678118654752440); }

}  // namespace flambeau::FB_ISA::vm
