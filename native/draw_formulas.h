// Samples of the gamma, Poisson and binomial distributions from a source of uniform and normal numbers, and how samples
// of gamma and Dirichlet distributions move with their parameters. All in double. Used by native/cpu/draws.cc
// (which has gamma samples of its own: PyTorch's bits on the CPU) and cuda/draws.cu. A source is a class with
// uniform(), in [0, 1), and normal().
#pragma once
#include <cmath>
#include <cstdint>

#include "functors.h"

namespace flambeau::FB_ISA::draws {

/** Marsaglia and Tsang (2000); below 1 a power of a uniform number makes up for one more. alpha >= 0 or NaN. */
template <class Source>
FB_WIDE double gamma_value(Source& g, double alpha) {
  if (!(alpha > 0) || std::isinf(alpha)) return alpha;
  double scale = 1;
  if (alpha < 1) {
    scale = std::pow(1 - g.uniform(), 1 / alpha);
    alpha += 1;
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x, y;
    do {
      x = g.normal();
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - g.uniform(), xx = x * x;
    if (u < 1 - 0.0331 * xx * xx || std::log(u) < 0.5 * xx + d * (1 - v + std::log(v))) return scale * d * v;
  }
}

/** Products of uniform numbers below 10, transformed rejection (Hörmann, 1993) from there on. rate >= 0. */
template <class Source>
FB_WIDE double poisson_value(Source& g, double rate) {
  if (rate == 0 || std::isinf(rate)) return rate;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double k = 0;
    for (double product = g.uniform(); product > limit; product *= g.uniform()) k++;
    return k;
  }
  const double log_rate = std::log(rate), b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse = 1.1239 + 1.1328 / (b - 3.4), tight = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = g.uniform() - 0.5, v = g.uniform(), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= tight) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse) - std::log(a / (us * us) + b) <= -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}

/** What Stirling's formula lacks of ln(k!). */
FB_WIDE double stirling_rest(double k) {
  const double n = k + 1, nn = n * n;
  if (k < 10) return std::lgamma(n) - ((k + 0.5) * std::log(n) - n + 0.91893853320467274178);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / nn) / nn) / n;
}
/** Sums of geometric numbers where few successes are expected, else Hörmann's transformed rejection; prob <= 1/2. */
template <class Source>
FB_WIDE double binomial_rare(Source& g, double count, double prob) {
  if (count * prob < 10) {
    const double log_miss = std::log1p(-prob);
    double at = 0, k = 0;
    for (;; k++) {
      at += std::ceil(std::log(g.uniform()) / log_miss);
      if (!(at <= count)) return k;
    }
  }
  const double deviation = std::sqrt(count * prob * (1 - prob)), b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * prob, center = count * prob + 0.5, tight = 0.92 - 4.2 / b;
  const double odds = prob / (1 - prob), alpha = (2.83 + 5.1 / b) * deviation, m = std::floor((count + 1) * prob);
  for (;;) {
    const double u = g.uniform() - 0.5, v = g.uniform(), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + center);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= tight) return k;
    const double bound = (m + 0.5) * std::log((m + 1) / (odds * (count - m + 1))) +
                         (count + 1) * std::log((count - m + 1) / (count - k + 1)) +
                         (k + 0.5) * std::log(odds * (count - k + 1) / (k + 1)) + stirling_rest(m) +
                         stirling_rest(count - m) - stirling_rest(k) - stirling_rest(count - k);
    if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}
/** count <= 2^53 or NaN. */
template <class Source>
FB_WIDE double binomial_value(Source& g, double count, double prob) {
  if (count != count || prob != prob) return fn::kNaN<double>;
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  const bool mirrored = prob > 0.5;
  const double k = binomial_rare(g, count, mirrored ? 1 - prob : prob);
  return mirrored ? count - k : k;
}

/**
 * How x moves with alpha where P(alpha, x) stays, by the series of the incomplete gamma function: with
 * r_n = x^n / (alpha … (alpha + n)), P is (Σ r_n) times the density times x.
 */
FB_WIDE double gamma_slope(double alpha, double x) {
  if (!(x > 0) || std::isinf(x) || !(alpha > 0)) return x == 0 ? 0 : fn::kNaN<double>;
  const double lx = std::log(x);
  if (alpha < 1000) {
    double psi = fn::digamma_wide(alpha) + 1 / alpha, term = 1 / alpha, sum = 0;
    for (int n = 0; n < 100000; n++) {
      const double part = term * (lx - psi);
      sum += part;
      const double next = alpha + n + 1;
      if (next > x && std::fabs(part) < 1e-17 * std::fabs(sum) && term < 1e-17) break;
      term *= x / next;
      psi += 1 / next;
    }
    return -x * sum;
  }
  // P is nearly the normal distribution at r + ln(u / r) / r, with r the root of the deviance
  const double root = std::sqrt(alpha);
  double d = x - alpha;
  if (std::fabs(d) < 1e-4 * root) d = d < 0 ? -1e-4 * root : 1e-4 * root;
  const double at = alpha + d, log_ratio = std::log1p(d / alpha), deviance = d - alpha * log_ratio;
  const double r = std::copysign(std::sqrt(2 * (deviance > 1e-300 ? deviance : 1e-300)), d), u = d / root;
  const double rest = std::log(u / r);
  const double x_r = d / at / r, x_u = 1 / root, alpha_r = -log_ratio / r, alpha_u = -1 / root - d / (2 * alpha * root);
  const double by_x = x_r + (x_u / u - x_r / r) / r - x_r * rest / (r * r);
  const double by_alpha = alpha_r + (alpha_u / u - alpha_r / r) / r - alpha_r * rest / (r * r);
  return -by_alpha / by_x;
}

/** How x moves with a where the incomplete beta function I_x(a, b) stays, by its series on the side that converges. */
FB_WIDE double beta_slope(double a, double b, double x) {
  if (!(x > 0 && x < 1 && a > 0 && b > 0)) return x == 0 || x == 1 ? 0 : fn::kNaN<double>;
  const double psi_total = fn::digamma_wide(a + b), psi_a = fn::digamma_wide(a), lx = std::log(x);
  const bool lower = x <= (a + 1) / (a + b + 2);
  const double p = lower ? a : b, z = lower ? x : 1 - x;
  double term = 1, moved = 0, sum = 0, sum_moved = 0;
  for (int n = 0; n < 1000000; n++) {
    sum += term;
    sum_moved += term * moved;
    const double up = a + b + n, down = p + 1 + n;
    moved += lower ? 1 / up - 1 / down : 1 / up;
    term *= up / down * z;
    if (term < 1e-17 * sum && up * z < down) break;
  }
  const double scale = x * (1 - x) / p;
  return lower ? -scale * (sum * (lx - 1 / a - psi_a + psi_total) + sum_moved)
               : scale * (sum * (lx + psi_total - psi_a) + sum_moved);
}

}  // namespace flambeau::FB_ISA::draws
