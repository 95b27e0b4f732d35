// Samples of the gamma, Poisson and binomial distributions, with PyTorch's numbers for the same seed, and how samples
// of gamma and Dirichlet distributions move with their parameters. Called by lib/random-distributions.ts.
//
// All operands are dense, of one floating dtype and one shape. Draws are serial: how many words one takes is random.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "../backend.h"
#include "../functors.h"
#include "../parallel.h"
#include "drawing.h"

namespace flambeau::FB_ISA {
namespace {

using namespace drawing;

/** The output of a plan whose operands must all be like it. */
const Operand& dense_output(const Plan& plan, int operands, int params) {
  const Operand& out = target(plan, operands, params);
  for (int i = 1; i < operands; i++) {
    const Operand& o = plan.operand[i];
    Plan::require(o && o.dtype == out.dtype && o.contiguous() && o.numel() == out.numel(), "draws: operands differ");
  }
  return out;
}

[[noreturn]] void refuse(const char* what, double value) {
  char text[128];
  std::snprintf(text, sizeof text, "%s, but found %g", what, value);
  throw std::out_of_range(text);
}

// ---------------------------------------------------------------- gamma

/** Marsaglia and Tsang (2000); below 1 a power of a uniform number makes up for one more. */
template <class T>
T gamma_value(Generator& g, T alpha) {
  if (!(alpha > 0)) {
    if (alpha == 0 || alpha != alpha) return alpha;
    refuse("expected a concentration that is not negative", static_cast<double>(alpha));
  }
  if (std::isinf(alpha)) return alpha;
  double scale = 1;
  if (alpha < 1) {
    scale = std::pow(1 - g.uniform(), static_cast<double>(T{1} / alpha));
    alpha += 1;
  }
  const double d = alpha - T(1.0f / 3.0f);  // in the precision of the concentration, as in PyTorch
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x, y;
    do {
      x = g.normal();
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - g.uniform(), xx = x * x;
    if (u < 1 - 0.0331f * xx * xx || std::log(u) < 0.5 * xx + d * (1 - v + std::log(v)))
      return static_cast<T>(scale * d * v);
  }
}

/** standardGamma: out, concentrations; param generator. */
void standard_gamma(const Plan& plan) {
  const Operand& out = dense_output(plan, 2, 1);
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const T* alpha = plan.operand[1].as<T>();
    for (int64_t i = 0, n = out.numel(); i < n; i++) {
      const C v = gamma_value<C>(g, static_cast<C>(alpha[i]));
      constexpr C least = std::numeric_limits<C>::min();
      out.as<T>()[i] = static_cast<T>(v < least ? least : v);  // NaN stays
    }
  });
}

/**
 * How x moves with alpha where P(alpha, x) stays, by the series of the incomplete gamma function: with
 * r_n = x^n / (alpha … (alpha + n)), P is (Σ r_n) times the density times x.
 */
double gamma_slope(double alpha, double x) {
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
  const double at = alpha + d, log_ratio = std::log1p(d / alpha);
  const double r = std::copysign(std::sqrt(2 * std::max(d - alpha * log_ratio, 1e-300)), d), u = d / root;
  const double rest = std::log(u / r);
  const auto slope = [&](double dr, double du) { return dr + (du / u - dr / r) / r - dr * rest / (r * r); };
  const double by_x = slope(d / at / r, 1 / root);
  const double by_alpha = slope(-log_ratio / r, -1 / root - d / (2 * alpha * root));
  return -by_alpha / by_x;
}

/** How x moves with a where the incomplete beta function I_x(a, b) stays, by its series on the side that converges. */
double beta_slope(double a, double b, double x) {
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

template <class F>
void map_doubles(const Plan& plan, int operands, int64_t grain, F&& f) {
  const Operand& out = dense_output(plan, operands, 0);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    parallel_for(out.numel(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const auto in = [&](int k) { return static_cast<double>(static_cast<C>(plan.operand[k].as<T>()[i])); };
        out.as<T>()[i] = static_cast<T>(static_cast<C>(f(in)));
      }
    });
  });
}

/** standardGammaGrad: out, samples, concentrations. */
void standard_gamma_grad(const Plan& plan) {
  map_doubles(plan, 3, 64, [](auto& in) { return gamma_slope(in(2), in(1)); });
}
/** dirichletGrad: out, samples, concentrations, their totals. Over 1 - x, as PyTorch's. */
void dirichlet_grad(const Plan& plan) {
  map_doubles(plan, 4, 64, [](auto& in) { return beta_slope(in(2), in(3) - in(2), in(1)) / (1 - in(1)); });
}

// ---------------------------------------------------------------- whole numbers

/** Products of uniform numbers below 10, transformed rejection (Hörmann, 1993) from there on. */
double poisson_value(Generator& g, double rate) {
  if (!(rate >= 0)) refuse("invalid Poisson rate, expected rate to be non-negative", rate);
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
double stirling_rest(double k) {
  if (k < 10) {
    const double n = k + 1;
    return std::lgamma(n) - ((k + 0.5) * std::log(n) - n + 0.91893853320467274178);
  }
  const double n = k + 1, nn = n * n;
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / nn) / nn) / n;
}
/** Sums of geometric numbers where few successes are expected, else Hörmann's transformed rejection; prob <= 1/2. */
double binomial_rare(Generator& g, double count, double prob) {
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
double binomial_value(Generator& g, double count, double prob) {
  if (count != count || prob != prob) return fn::kNaN<double>;
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  if (count > 0x1p53) refuse("expected a count of at most 2^53", count);
  return prob <= 0.5 ? binomial_rare(g, count, prob) : count - binomial_rare(g, count, 1 - prob);
}

/** poisson: out, rates; param generator. */
void poisson(const Plan& plan) {
  const Operand& out = dense_output(plan, 2, 1);
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const T* rate = plan.operand[1].as<T>();
    for (int64_t i = 0, n = out.numel(); i < n; i++)
      out.as<T>()[i] = static_cast<T>(static_cast<C>(poisson_value(g, static_cast<double>(static_cast<C>(rate[i])))));
  });
}
/** binomial: out, counts, probabilities; param generator. */
void binomial(const Plan& plan) {
  const Operand& out = dense_output(plan, 3, 1);
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    for (int64_t i = 0, n = out.numel(); i < n; i++) {
      const auto in = [&](int k) { return static_cast<double>(static_cast<C>(plan.operand[k].as<T>()[i])); };
      out.as<T>()[i] = static_cast<T>(static_cast<C>(binomial_value(g, in(1), in(2))));
    }
  });
}

// ---------------------------------------------------------------- of one draw each

/** Fills `out` with what `make` makes of the generator, element by element. */
template <class Make>
void serial(const Plan& plan, int params, Make&& make) {
  const Operand& out = target(plan, 1, params);
  Generator& g = generator(plan);
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    const int64_t n = out.numel();
    for (int64_t i = 0; i < n; i++) {
      const double v = make(g);
      if constexpr (std::is_integral_v<T>) {
        y[i] = fn::as<T>(v);
      } else {
        y[i] = static_cast<T>(static_cast<Compute<T>>(v));
      }
    }
  });
}
/** cauchy: out [floating, contiguous]; params generator, median, sigma (> 0). */
void cauchy(const Plan& plan) {
  serial(plan, 3, [median = plan.param[1], sigma = plan.param[2]](Generator& g) {
    return median + sigma * std::tan(vm::kPi * (g.uniform() - 0.5));
  });
}
/** geometric: out [numbers, contiguous]; params generator, p (between 0 and 1). */
void geometric(const Plan& plan) {
  serial(plan, 2,
         [scale = std::log1p(-plan.param[1])](Generator& g) { return std::ceil(std::log(g.uniform()) / scale); });
}
/** logNormal: out [floating, contiguous]; params generator, mean, std (> 0) of the logarithm. */
void log_normal(const Plan& plan) {
  serial(plan, 3,
         [mean = plan.param[1], std = plan.param[2]](Generator& g) { return std::exp(g.normal() * std + mean); });
}

}  // namespace

void register_draws(KernelTable& table) {
  table.add("standardGamma", standard_gamma);
  table.add("standardGammaGrad", standard_gamma_grad);
  table.add("dirichletGrad", dirichlet_grad);
  table.add("poisson", poisson);
  table.add("binomial", binomial);
  table.add("cauchy", cauchy);
  table.add("geometric", geometric);
  table.add("logNormal", log_normal);
}

}  // namespace flambeau::FB_ISA
