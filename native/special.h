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

/** x² = w + 12.5 to twice the digits, for a polynomial of w; `low` needs no more than the roughest slope. */
struct BesselPlace {
  double w, low;
};
FB_FN BesselPlace bessel_place(double x) {
  const double w = vm::madd(x, x, -12.5);
  return {w, vm::madd(x, x, -(w + 12.5))};
}
/** J0(x), J1(x) / x, and what Y0 and Y1 / x have beside logarithm and pole, for |x| <= 5. */
FB_FN double j0_near(BesselPlace p) {
  const double slope = vm::horner(p.w, 1.441e-05, -0.0005842, 0.009056, -0.01671);
  return vm::madd(
      p.low, slope,
      vm::horner(p.w, 2.0407414139426947e-25, -1.1517483719787532e-22, 5.432375053814493e-20, -2.1096887232883457e-17,
                 6.590944218051182e-15, -1.6113328173983083e-12, 2.973665878568927e-10, -3.94369897407764e-08,
                 3.497649092304766e-06, -0.00018441255216660035, 0.004540262422614667, -0.017320433111855327,
                 -0.3847445098140454));
}
FB_FN double j1_near(BesselPlace p) {
  const double slope = vm::horner(p.w, 1.609e-06, -8.673e-05, 0.002211, -0.0181);
  return vm::madd(p.low, slope,
                  vm::horner(p.w, 7.95475839931381e-27, -4.897735237930514e-24, 2.530429114464851e-21,
                             -1.0864750299376745e-18, 3.7974451614284573e-16, -1.054551074858204e-13,
                             2.255865940377918e-11, -3.5683990542829157e-09, 3.94369897409059e-07,
                             -2.798119273843812e-05, 0.0011064753129995867, -0.01816104969045867, 0.03464086622371068));
}
FB_FN double y0_near(BesselPlace p) {
  const double slope = vm::horner(p.w, -1.258e-05, 0.0003845, -0.001991, -0.04288);
  return vm::madd(p.low, slope,
                  vm::horner(p.w, -3.2572906918599523e-25, 1.774789997827888e-22, -8.040643992286136e-20,
                             2.980449561318131e-17, -8.811337711705795e-15, 2.0141364785107045e-12,
                             -3.413764260736656e-10, 4.038509197217315e-08, -3.024317209492947e-06,
                             0.00011754444833172846, -0.0010082016904620261, -0.04225547409191715, 0.3139481861537802));
}
FB_FN double y1_near(BesselPlace p) {
  const double slope = vm::horner(p.w, -1.543e-06, 6.794e-05, -0.001109, -0.0007871);
  return vm::madd(
      p.low, slope,
      vm::horner(p.w, -1.2882622725139071e-26, 7.684926413346852e-24, -3.8240419648011045e-21, 1.5726093382242018e-18,
                 -5.226071093348911e-16, 1.3661204410088655e-13, -2.7117487313198354e-11, 3.893702371907088e-09,
                 -3.762093680299205e-07, 2.162234571080456e-05, -0.0005557136134440843, -0.0007270275249541978,
                 0.1550354069538403));
}
FB_FN double bessel_j0_near(double x) { return j0_near(bessel_place(x)); }
FB_FN double bessel_j1_near(double x) { return x * j1_near(bessel_place(x)); }
FB_FN double bessel_y0_near(double x) {
  const BesselPlace p = bessel_place(x);
  return 2 / vm::kPi * vm::log(x * 0.5) * j0_near(p) + y0_near(p);
}
FB_FN double bessel_y1_near(double x) {
  const BesselPlace p = bessel_place(x);
  const double y = 2 / vm::kPi * (vm::log(x * 0.5) * x * j1_near(p) - 1 / x) + x * y1_near(p);
  return x == 0 ? -vm::kInf : y;
}
/** J or Y for x >= 5 by modulus and phase; sin and cos of x - (order / 2 + 1 / 4) π come from s and c, those of x. */
template <int order, bool second>
FB_FN double bessel_far(double x, double s, double c) {
  const double i = 5 / x, z = i * i;
  double p, q;
  if constexpr (order == 0) {
    p = vm::horner(z, 2.632895466040521e-07, -2.3058218618234816e-06, 9.307227333985332e-06, -2.3028456705207463e-05,
                   3.925238773797681e-05, -4.926598401411828e-05, 4.7822611815902334e-05, -3.7696546120699816e-05,
                   2.5738016267939253e-05, -1.6797364798924916e-05, 1.20740389110224e-05, -1.1228005286136549e-05,
                   1.554691000426892e-05, -3.6639976396691105e-05, 0.00017944335671724653, -0.0028124999999753937, 1.0);
    q = i * vm::horner(z, 3.4737851606820536e-07, -2.8696012928809503e-06, 1.0876653020295962e-05,
                       -2.515873147212108e-05, 3.993654143719478e-05, -4.65861945751373e-05, 4.2130229416806514e-05,
                       -3.1313321707890657e-05, 2.0781607596923735e-05, -1.3963830912384445e-05, 1.1178629372864321e-05,
                       -1.2474026822659665e-05, 2.2114483716370905e-05, -7.267454940410067e-05, 0.0005859374998842913,
                       -0.0249999999999998);
  } else {
    p = vm::horner(z, -2.79415599432627e-07, 2.447630718316859e-06, -9.882629982843108e-06, 2.446198923740108e-05,
                   -4.1718956723615664e-05, 5.240363486803038e-05, -5.0930345694644767e-05, 4.022554375561736e-05,
                   -2.7557519699997172e-05, 1.8091304895096516e-05, -1.313523726429805e-05, 1.2411716113991796e-05,
                   -1.7620030813914555e-05, 4.33018044552046e-05, -0.00023071288781181468, 0.004687499999973947, 1.0);
    q = i * vm::horner(z, -3.687249977726286e-07, 3.046727012266401e-06, -1.1551905424287693e-05,
                       2.6732820524770817e-05, -4.24624953705851e-05, 4.958009571920789e-05, -4.4905503333576795e-05,
                       3.346071066035796e-05, -2.2305567938208284e-05, 1.5104578050253536e-05, -1.2247569970927763e-05,
                       1.3942087915958723e-05, -2.551675299432618e-05, 8.882445109615251e-05, -0.0008203124998774822,
                       0.07499999999999979);
  }
  const double scale = vm::sqrt(1 / (vm::kPi * x));
  const double cosine = order == 0 ? c + s : s - c, sine = order == 0 ? s - c : -s - c;
  return scale * (second ? p * sine + q * cosine : p * cosine - q * sine);
}
/** sin and cos for any argument; cpu/special.cc has shorter ones for all but huge arguments. */
struct AnyAngle {
  static FB_FN double sin(double x) { return vm::sin(x); }
  static FB_FN double cos(double x) { return vm::cos(x); }
};
template <class Angle = AnyAngle>
FB_FN double bessel_j0(double x) {
  const double a = vm::abs(x), b = a < 5 ? 5 : a, far = bessel_far<0, false>(b, Angle::sin(b), Angle::cos(b));
  return a <= 5 ? bessel_j0_near(x) : far;
}
template <class Angle = AnyAngle>
FB_FN double bessel_j1(double x) {
  const double a = vm::abs(x), b = a < 5 ? 5 : a, far = bessel_far<1, false>(b, Angle::sin(b), Angle::cos(b));
  return a <= 5 ? bessel_j1_near(x) : x < 0 ? -far : far;
}
template <class Angle = AnyAngle>
FB_FN double bessel_y0(double x) {
  const double b = x < 5 ? 5 : x, far = bessel_far<0, true>(b, Angle::sin(b), Angle::cos(b));
  return x <= 5 ? bessel_y0_near(x) : far;
}
template <class Angle = AnyAngle>
FB_FN double bessel_y1(double x) {
  const double b = x < 5 ? 5 : x, far = bessel_far<1, true>(b, Angle::sin(b), Angle::cos(b));
  return x <= 5 ? bessel_y1_near(x) : far;
}
FB_WIDE double spherical_bessel_j0(double x) {
  const double a = std::fabs(x);
  if (a == vm::kInf) return 0;
  return a < 1e-4 ? 1 - x * x / 6 : std::sin(x) / x;
}
/** PyTorch's formulas give NaN at infinity. */
FB_FN double modified_bessel_i0(double x) { return vm::abs(x) < vm::kInf ? i0_wide(x) : kNaN<double>; }
FB_FN double modified_bessel_i1(double x) { return vm::abs(x) < vm::kInf ? i1_wide(x) : kNaN<double>; }

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
/** K0(x) and K1(x) for x <= 2, from the logarithm and z = x². */
FB_FN double k0_near(double x) {
  const double z = x * x;
  return vm::horner(z, 6.872365284774014e-17, 2.0062054963907283e-14, 4.843340030508064e-12, 8.819879030865995e-10,
                    1.1570351012633454e-07, 1.02140141351948e-05, 0.0005451899602573279, 0.014418505235913402,
                    0.1056960837746168, -0.5772156649015329) -
         vm::log(x * 0.5) * i0_near(z);
}
FB_FN double k1_near(double x) {
  const double z = x * x;
  return (1 / x + x * vm::horner(z, -1.206734183145482e-15, -3.11620390655151e-13, -6.540386305966692e-11,
                                 -1.0112904928870104e-08, -1.0892182600727526e-06, -7.493042905505646e-05,
                                 -0.0028371119837652527, -0.04204902094365391, 0.038607832450766426)) +
         vm::log(x * 0.5) * x * i1_near(z);
}
/** e^x K(x) for x >= 2. */
FB_FN double k0_far(double x) {
  return vm::horner(4 / x - 1, 1.2068193619680922e-10, -1.761417265358312e-10, -3.747460074109407e-10,
                    4.401160647399122e-10, 9.623808794800483e-10, -1.238512908034447e-09, -1.522979817615562e-10,
                    -6.62205460228955e-10, 3.974866353264665e-09, -8.026794240511108e-09, 1.6958492515944213e-08,
                    -4.1056017173138705e-08, 1.0298489811720741e-07, -2.6897618899413515e-07, 7.427735776442006e-07,
                    -2.191167350189439e-06, 7.002246462846253e-06, -2.473520543148598e-05, 9.956054736799941e-05,
                    -0.00047976905673276427, 0.0030328918102766255, -0.031071461824889898, 1.2185953385133905) /
         vm::sqrt(x);
}
FB_FN double k1_far(double x) {
  return vm::horner(4 / x - 1, -1.3605375682388084e-10, 1.9217475161287234e-10, 4.307014648491265e-10,
                    -4.744601927695833e-10, -1.1093280048860263e-09, 1.3548243925477626e-09, 2.0970612188846968e-10,
                    8.052084651756275e-10, -4.576028290292705e-09, 9.207213282611962e-09, -1.968700114118568e-08,
                    4.815762832419822e-08, -1.2207671700610228e-07, 3.23055710512344e-07, -9.066991593821423e-07,
                    2.7300302906960625e-06, -8.96120858724613e-06, 3.2843866483491705e-05, -0.00013959021948589743,
                    0.0007357241548727111, -0.005566729880076508, 0.10334973775386563, 1.363151890371342) /
         vm::sqrt(x);
}
/** K of order 0 or 1, times e^x if `scaled`. */
template <int order, bool scaled>
FB_FN double bessel_k(double x) {
  const double b = x < 2 ? 2 : x, e = vm::exp(scaled ? (x > 2 ? 2 : x) : -b);
  const double near = order == 0 ? k0_near(x) : k1_near(x), far = order == 0 ? k0_far(b) : k1_far(b);
  const double y = x <= 2 ? (scaled ? near * e : near) : (scaled ? far : far * e);
  return x == 0 ? vm::kInf : y;
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
  X(besselJ0, Floating, 0, kSlow, static_cast<T>(fn::bessel_j0<>(x)))                     \
  X(besselJ1, Floating, 0, kSlow, static_cast<T>(fn::bessel_j1<>(x)))                     \
  X(besselY0, Floating, 0, kSlow, static_cast<T>(fn::bessel_y0<>(x)))                     \
  X(besselY1, Floating, 0, kSlow, static_cast<T>(fn::bessel_y1<>(x)))                     \
  X(modifiedBesselI0, Floating, 0, kSlow, static_cast<T>(fn::modified_bessel_i0(x)))      \
  X(modifiedBesselI1, Floating, 0, kSlow, static_cast<T>(fn::modified_bessel_i1(x)))      \
  X(modifiedBesselK0, Floating, 0, kSlow, static_cast<T>(fn::bessel_k<0, false>(x)))      \
  X(modifiedBesselK1, Floating, 0, kSlow, static_cast<T>(fn::bessel_k<1, false>(x)))      \
  X(scaledModifiedBesselK0, Floating, 0, kSlow, static_cast<T>(fn::bessel_k<0, true>(x))) \
  X(scaledModifiedBesselK1, Floating, 0, kSlow, static_cast<T>(fn::bessel_k<1, true>(x))) \
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
