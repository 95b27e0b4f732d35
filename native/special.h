// Formulas of torch.special that have no loops of their own in functors.h: Bessel, Airy and incomplete gamma functions,
// and orthogonal polynomials. In double for every dtype; expanded by cpu/special.cc and cuda/special.cu.
//
// Few of them need tables of fitted coefficients: recurrences, the trapezoidal rule (which converges geometrically for
// integrands that decay doubly exponentially), and asymptotic series give all digits.
#pragma once
#include <initializer_list>

#include "functors.h"

namespace flambeau::FB_ISA::fn {

inline constexpr double kEuler = 0.57721566490153286061;

// ---------------------------------------------------------------- Bessel functions

/** J0, J1, Y0 and Y1 at a positive x. */
struct Bessel {
  double j0, j1, y0, y1;
};
/** Miller's downward recurrence, normalised by J0 + 2 ΣJ2k = 1, and Neumann's series over the same J for Y: inlined, so
 * that who wants J alone does not pay for Y. */
FB_FN Bessel bessel_near(double x) {
  const int start = 2 * (static_cast<int>(x * 0.6) + 20);
  double above = 0, here = 1e-300, norm = 0, even = 0, odd = 0, j1 = 0;
  // `here` is J_n up to a factor; Y0 and Y1 are sums over the even and the odd ones
  for (int n = start; n > 0; n--) {
    const double below = 2 * n / x * here - above;
    if (n % 2 == 0) {
      norm += 2 * here;
      even += (n / 2 % 2 == 0 ? here : -here) / (n / 2);
    } else if (n > 1) {
      const int k = n / 2;
      odd += (k % 2 == 0 ? here : -here) * (2 * k + 1) / (static_cast<double>(k) * (k + 1));
    }
    if (n == 1) j1 = here;
    above = here;
    here = below;
    if (std::fabs(here) > 1e200) {
      above *= 1e-200, here *= 1e-200, norm *= 1e-200, even *= 1e-200, odd *= 1e-200;
    }
  }
  norm += here;
  const double j0 = here / norm, log = std::log(x / 2) + kEuler;
  j1 /= norm;
  const double y0 = 2 / vm::kPi * (log * j0 - 2 * even / norm);
  const double y1 = 2 / vm::kPi * (-j0 / x + (log - 1) * j1 - odd / norm);
  return {j0, j1, y0, y1};
}
/** Hankel's asymptotic series of order 0 or 1: sin and cos of x - (order / 2 + 1 / 4) π come from those of x. */
FB_WIDE void hankel(double x, int order, double& j, double& y) {
  const double mu = 4.0 * order;
  double p = 0, q = 0, term = 1;
  for (int k = 0; k < 60; k++) {
    (k % 2 == 0 ? p : q) += k / 2 % 2 == 0 ? term : -term;
    const double next = term * (mu - (2.0 * k + 1) * (2.0 * k + 1)) / ((k + 1) * 8.0 * x);
    if (std::fabs(next) < 1e-18 || std::fabs(next) > std::fabs(term)) break;
    term = next;
  }
  const double s = std::sin(x), c = std::cos(x), scale = std::sqrt(1 / (vm::kPi * x));
  const double cosine = order == 0 ? c + s : s - c, sine = order == 0 ? s - c : -s - c;
  j = scale * (p * cosine - q * sine);
  y = scale * (p * sine + q * cosine);
}
FB_FN Bessel bessel(double x) {
  if (x < 25) return bessel_near(x);
  Bessel b{};
  hankel(x, 0, b.j0, b.y0);
  hankel(x, 1, b.j1, b.y1);
  return b;
}
FB_WIDE double bessel_j0(double x) {
  const double a = std::fabs(x);
  return a < 1e-8 ? 1 : a < vm::kInf ? bessel(a).j0 : kNaN<double>;
}
FB_WIDE double bessel_j1(double x) {
  const double a = std::fabs(x);
  return a < 1e-8 ? x / 2 : a < vm::kInf ? std::copysign(1.0, x) * bessel(a).j1 : kNaN<double>;
}
FB_WIDE double bessel_y0(double x) {
  if (x == 0) return -vm::kInf;
  if (!(x > 0 && x < vm::kInf)) return kNaN<double>;
  return x < 1e-8 ? 2 / vm::kPi * (std::log(x / 2) + kEuler) : bessel(x).y0;
}
FB_WIDE double bessel_y1(double x) {
  if (x == 0) return -vm::kInf;
  if (!(x > 0 && x < vm::kInf)) return kNaN<double>;
  return x < 1e-8 ? -2 / vm::kPi / x : bessel(x).y1;
}
FB_WIDE double spherical_bessel_j0(double x) {
  const double a = std::fabs(x);
  if (a == vm::kInf) return 0;
  return a < 1e-4 ? 1 - x * x / 6 : std::sin(x) / x;
}
/** PyTorch's formulas give NaN at infinity. */
FB_WIDE double modified_bessel_i0(double x) { return std::fabs(x) < vm::kInf ? i0_wide(x) : kNaN<double>; }
FB_WIDE double modified_bessel_i1(double x) { return std::fabs(x) < vm::kInf ? i1_wide(x) : kNaN<double>; }

/** ∫ exp(-x (cosh t - 1)) cosh(order t) dt from zero on: the K of this order, times e^x. */
FB_WIDE double scaled_k_integral(double x, double order) {
  const double step = std::fmin(0.2, 0.6 / std::sqrt(x));
  double sum = 0.5;
  for (int i = 1; i < 200; i++) {
    const double half = std::sinh(i * step / 2), term = std::exp(-2 * x * half * half) * std::cosh(order * i * step);
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum * step;
}
/** Power series of K0 and K1 up to 2. */
FB_WIDE double k0_series(double x) {
  const double q = x * x / 4;
  double term = 1, harmonic = 0, sum = 0;
  for (int k = 1; k < 30; k++) {
    term *= q / (static_cast<double>(k) * k);
    harmonic += 1.0 / k;
    sum += term * harmonic;
  }
  return sum - (std::log(x / 2) + kEuler) * i0_wide(x);
}
FB_WIDE double k1_series(double x) {
  const double q = x * x / 4;
  double term = 1, psi = 1 - 2 * kEuler, sum = psi;  // ψ(k + 1) + ψ(k + 2)
  for (int k = 1; k < 30; k++) {
    term *= q / (static_cast<double>(k) * (k + 1));
    psi += 1.0 / k + 1.0 / (k + 1);
    sum += term * psi;
  }
  return 1 / x + std::log(x / 2) * i1_wide(x) - x / 4 * sum;
}
/** K of order 0 or 1, times e^x if `scaled`. */
FB_WIDE double bessel_k(double x, int order, bool scaled) {
  if (x == 0) return vm::kInf;
  if (!(x > 0)) return kNaN<double>;
  if (x <= 2) return (order == 0 ? k0_series(x) : k1_series(x)) * (scaled ? std::exp(x) : 1);
  if (x == vm::kInf) return 0;
  return scaled_k_integral(x, order) * (scaled ? 1 : std::exp(-x));
}

/** Airy's function: K of order 1/3 above 1.5, Taylor steps through y'' = x y down to -9, an asymptotic series below. */
FB_WIDE double airy_ai(double x) {
  if (x != x || std::fabs(x) == vm::kInf) return kNaN<double>;
  const double a = std::fabs(x), zeta = 2.0 / 3 * a * std::sqrt(a);
  // as in PyTorch, which gives up here
  if (x > 103.892) return 0;
  if (x > 1.5) return std::exp(-zeta) / vm::kPi * std::sqrt(x / 3) * scaled_k_integral(zeta, 1.0 / 3);
  if (x < -9) {
    double p = 0, q = 0, term = 1;
    for (int k = 0; k < 60; k++) {
      (k % 2 == 0 ? p : q) += k / 2 % 2 == 0 ? term : -term;
      const double next = term * (6.0 * k + 1) * (6.0 * k + 5) / (72.0 * (k + 1) * zeta);
      if (next < 1e-18 || next > term) break;
      term = next;
    }
    const double s = std::sin(zeta), c = std::cos(zeta);
    return (p * (c + s) + q * (s - c)) / std::sqrt(2 * vm::kPi * std::sqrt(a));
  }
  double y = 0.35502805388781723926, slope = -0.25881940379280679841, at = 0;
  const int steps = 1 + static_cast<int>(a * 2);
  const double h = x / steps;
  for (int s = 0; s < steps; s++, at += h) {
    double before = 0, c0 = y, c1 = slope, power = 1, value = 0, rise = 0;
    for (int n = 0; n < 28; n++) {
      value += c0 * power;
      rise += (n + 1) * c1 * power;
      power *= h;
      const double c2 = (at * c0 + before) / ((n + 1.0) * (n + 2));
      before = c0;
      c0 = c1;
      c1 = c2;
    }
    y = value;
    slope = rise;
  }
  return y;
}

// ---------------------------------------------------------------- incomplete gamma functions

/** ln Γ(a) less Stirling's (a - 1/2) ln a - a + ln √2π. */
FB_WIDE double stirling_error(double a) {
  if (a < 16) return std::lgamma(a) - ((a - 0.5) * std::log(a) - a + 0.91893853320467274178);
  const double z = 1 / (a * a);
  return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188))))) / a;
}
/** r - ln(1 + r), without cancellation near zero. */
FB_WIDE double log1p_rest(double r) {
  if (std::fabs(r) > 0.2) return r - std::log1p(r);
  const double v = r / (2 + r), w = v * v;
  double power = v * w, sum = 0;
  for (int k = 3; k < 40 && std::fabs(power) > 1e-20 * std::fabs(v); k += 2, power *= w) sum += 2 * power / k;
  return v * r - sum;
}
/** x^a e^-x / Γ(a + 1) = exp(-a (r - ln(1 + r)) - the error of Stirling's formula) / √(2πa), where x = a (1 + r). */
FB_WIDE double gamma_factor(double a, double x) {
  if (a < 1) return std::exp(a * std::log(x) - x - std::lgamma(a + 1));
  return std::exp(-a * log1p_rest((x - a) / a) - stirling_error(a)) / std::sqrt(2 * vm::kPi * a);
}
/** P(a, x), or Q(a, x) = 1 - P if `upper`. */
FB_WIDE double incomplete_gamma(double a, double x, bool upper) {
  if (!(a >= 0 && x >= 0)) return kNaN<double>;
  if (a == 0) return x > 0 ? (upper ? 0 : 1) : kNaN<double>;
  if (x == 0) return upper ? 1 : 0;
  if (a == vm::kInf) return x == vm::kInf ? kNaN<double> : upper ? 1 : 0;
  if (x == vm::kInf) return upper ? 0 : 1;
  if (a > 1e5 && std::fabs(x - a) < 0.3 * a) {
    // Temme's uniform expansion, two terms
    const double mu = (x - a) / a, half = log1p_rest(mu), eta = std::copysign(std::sqrt(2 * half), mu);
    const double c0 = std::fabs(eta) > 1e-3 ? 1 / mu - 1 / eta : -1.0 / 3 + eta / 12 - eta * eta * 2 / 135;
    const double c1 = -1.0 / 540 - eta / 288;
    const double rest = std::exp(-a * half) / std::sqrt(2 * vm::kPi * a) * (c0 + c1 / a);
    const double root = eta * std::sqrt(a / 2);
    return upper ? std::erfc(root) / 2 + rest : std::erfc(-root) / 2 - rest;
  }
  if (x < a + 1 || (x < 1.1 && a < 1)) {
    // the power series: P / factor = Σ x^n / ((a + 1) … (a + n))
    double term = 1, sum = 1;
    for (int n = 1; n < 20000 && term > sum * 1e-17; n++) sum += term *= x / (a + n);
    const double p = gamma_factor(a, x) * sum;
    if (!upper) return p;
    if (p < 0.9 || a >= 1) return 1 - p;
    // where little is left, without the leading one: 1 - x^a / Γ(a + 1) + …
    double rest = 0, step = 1;
    for (int n = 1; n < 200; n++) {
      step *= -x / n;
      rest += step * a / (a + n);
      if (std::fabs(step) < 1e-18) break;
    }
    const double gamma = a < 1e-4 ? a * (a * 0.82246703342411321824 - kEuler) : std::lgamma(a + 1);
    const double log = a * std::log(x) - gamma;
    return -std::expm1(log) - std::exp(log) * rest;
  }
  // Lentz' evaluation of the continued fraction of Q
  double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (int n = 1; n < 20000; n++) {
    const double an = -n * (n - a);
    b += 2;
    d = an * d + b;
    c = b + an / c;
    if (std::fabs(d) < 1e-300) d = 1e-300;
    if (std::fabs(c) < 1e-300) c = 1e-300;
    d = 1 / d;
    const double change = d * c;
    h *= change;
    if (std::fabs(change - 1) < 1e-16) break;
  }
  const double q = gamma_factor(a, x) * a * h;
  return upper ? q : 1 - q;
}

// ---------------------------------------------------------------- orthogonal polynomials

/** The order of a polynomial: truncated; those that are none are negative. */
FB_WIDE int64_t order_of(double n) { return n > -1 && n < 9e18 ? static_cast<int64_t>(n) : n >= 9e18 ? INT64_MAX : -1; }

/** Chebyshev's polynomials of the four kinds, 'T', 'U', 'V', 'W': one recurrence, different in its second term. */
FB_WIDE double chebyshev(char kind, double x, double order) {
  const int64_t n = order_of(order);
  if (n < 0) return 0;
  if (n == 0) return 1;
  const double m = static_cast<double>(n), sign = n % 2 == 0 ? 1 : -1;
  if (std::fabs(x) == 1) {
    switch (kind) {
      case 'T': return x > 0 ? 1 : sign;
      case 'U': return (x > 0 ? 1 : sign) * (m + 1);
      case 'V': return x > 0 ? 1 : sign * (2 * m + 1);
      default: return x > 0 ? 2 * m + 1 : sign;
    }
  }
  if (std::fabs(x) < 1 && n > (kind == 'T' ? 6 : 8)) {
    const double t = std::acos(x);
    switch (kind) {
      case 'T': return std::cos(m * t);
      case 'U': return std::sin((m + 1) * t) / std::sin(t);
      case 'V': return std::cos((m + 0.5) * t) / std::cos(t / 2);
      default: return std::sin((m + 0.5) * t) / std::sin(t / 2);
    }
  }
  double p = 1, q = kind == 'T' ? x : 2 * x + (kind == 'V' ? -1 : kind == 'W' ? 1 : 0);
  // beyond ±1 it grows geometrically: the loop ends when it overflows
  for (int64_t k = 2; k <= n && std::fabs(q) < vm::kInf; k++) {
    const double r = 2 * x * q - p;
    p = q;
    q = r;
    if (k > 10'000'000) return kNaN<double>;
  }
  if (std::fabs(q) == vm::kInf) return x > 0 ? vm::kInf : sign * vm::kInf;
  return q;
}
/** Orders from which on the polynomials are not computed: PyTorch's own limits, so that no order is an endless loop. */
template <class T>
inline constexpr int64_t kHermiteLimit = std::is_same_v<T, float> ? 128 : 512;
inline constexpr int64_t kOrderLimit = 10'000'000;

/** Hermite's polynomials: H of the physicists (scale 2), He of the probabilists (scale 1). */
template <class T>
FB_WIDE double hermite(double x, double order, double scale) {
  const int64_t n = order_of(order);
  if (n < 0) return 0;
  if (n == 0) return 1;
  if (n == 1) return scale * x;
  if (n > kHermiteLimit<T>) return kNaN<double>;
  double p = 1, q = scale * x;
  for (int64_t k = 1; k < n; k++) {
    const double r = scale * (x * q - static_cast<double>(k) * p);
    p = q;
    q = r;
  }
  return q;
}
FB_WIDE double laguerre(double x, double order) {
  const int64_t n = order_of(order);
  if (n < 0) return 0;
  if (x == 0 || n == 0) return 1;
  if (n > kOrderLimit) return kNaN<double>;
  double p = 1, q = 1 - x;
  for (int64_t k = 1; k < n && q == q; k++) {
    const double j = static_cast<double>(k), r = ((2 * j + 1 - x) * q - j * p) / (j + 1);
    p = q;
    q = r;
  }
  return q;
}
FB_WIDE double legendre(double x, double order) {
  const int64_t n = order_of(order);
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1;
  if (n == 0) return 1;
  if (n > kOrderLimit) return kNaN<double>;
  double p = 1, q = x;
  for (int64_t k = 1; k < n && q == q; k++) {
    const double j = static_cast<double>(k), r = ((2 * j + 1) * x * q - j * p) / (j + 1);
    p = q;
    q = r;
  }
  return q;
}

// ---------------------------------------------------------------- rows

/** out, x */
#define FB_SPECIAL_UNARY_ROWS(X)                                                          \
  X(besselJ0, Floating, 0, kSlow, static_cast<T>(fn::bessel_j0(x)))                       \
  X(besselJ1, Floating, 0, kSlow, static_cast<T>(fn::bessel_j1(x)))                       \
  X(besselY0, Floating, 0, kSlow, static_cast<T>(fn::bessel_y0(x)))                       \
  X(besselY1, Floating, 0, kSlow, static_cast<T>(fn::bessel_y1(x)))                       \
  X(modifiedBesselI0, Floating, 0, kSlow, static_cast<T>(fn::modified_bessel_i0(x)))      \
  X(modifiedBesselI1, Floating, 0, kSlow, static_cast<T>(fn::modified_bessel_i1(x)))      \
  X(modifiedBesselK0, Floating, 0, kSlow, static_cast<T>(fn::bessel_k(x, 0, false)))      \
  X(modifiedBesselK1, Floating, 0, kSlow, static_cast<T>(fn::bessel_k(x, 1, false)))      \
  X(scaledModifiedBesselK0, Floating, 0, kSlow, static_cast<T>(fn::bessel_k(x, 0, true))) \
  X(scaledModifiedBesselK1, Floating, 0, kSlow, static_cast<T>(fn::bessel_k(x, 1, true))) \
  X(sphericalBesselJ0, Floating, 0, kSlow, static_cast<T>(fn::spherical_bessel_j0(x)))    \
  X(airyAi, Floating, 0, kSlow, static_cast<T>(fn::airy_ai(x)))

/** out, a, b: of gamma functions the parameter and the bound, of polynomials the place and the order */
#define FB_SPECIAL_BINARY_ROWS(X)                                                       \
  X(igamma, Floating, 0, kSlow, static_cast<T>(fn::incomplete_gamma(a, b, false)))      \
  X(igammac, Floating, 0, kSlow, static_cast<T>(fn::incomplete_gamma(a, b, true)))      \
  X(chebyshevPolynomialT, Floating, 0, kSlow, static_cast<T>(fn::chebyshev('T', a, b))) \
  X(chebyshevPolynomialU, Floating, 0, kSlow, static_cast<T>(fn::chebyshev('U', a, b))) \
  X(chebyshevPolynomialV, Floating, 0, kSlow, static_cast<T>(fn::chebyshev('V', a, b))) \
  X(chebyshevPolynomialW, Floating, 0, kSlow, static_cast<T>(fn::chebyshev('W', a, b))) \
  X(shiftedChebyshevPolynomialT, Floating, 0, kSlow,                                    \
    static_cast<T>(fn::chebyshev('T', 2 * static_cast<double>(a) - 1, b)))              \
  X(shiftedChebyshevPolynomialU, Floating, 0, kSlow,                                    \
    static_cast<T>(fn::chebyshev('U', 2 * static_cast<double>(a) - 1, b)))              \
  X(shiftedChebyshevPolynomialV, Floating, 0, kSlow,                                    \
    static_cast<T>(fn::chebyshev('V', 2 * static_cast<double>(a) - 1, b)))              \
  X(shiftedChebyshevPolynomialW, Floating, 0, kSlow,                                    \
    static_cast<T>(fn::chebyshev('W', 2 * static_cast<double>(a) - 1, b)))              \
  X(hermitePolynomialH, Floating, 0, kSlow, static_cast<T>(fn::hermite<T>(a, b, 2)))    \
  X(hermitePolynomialHe, Floating, 0, kSlow, static_cast<T>(fn::hermite<T>(a, b, 1)))   \
  X(laguerrePolynomialL, Floating, 0, kSlow, static_cast<T>(fn::laguerre(a, b)))        \
  X(legendrePolynomialP, Floating, 0, kSlow, static_cast<T>(fn::legendre(a, b)))

}  // namespace flambeau::FB_ISA::fn
