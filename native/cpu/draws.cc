// Samples of the gamma, Poisson and binomial distributions, with PyTorch's numbers for the same seed, and how samples
// of gamma and Dirichlet distributions move with their parameters. Called by lib/random-distributions.ts.
//
// All operands are dense, of one floating dtype and one shape. Draws are serial: how many words one takes is random.
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "../backend.h"
#include "../draw_formulas.h"
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
  map_doubles(plan, 3, 64, [](auto& in) { return draws::gamma_slope(in(2), in(1)); });
}
/** dirichletGrad: out, samples, concentrations, their totals. Over 1 - x, as PyTorch's. */
void dirichlet_grad(const Plan& plan) {
  map_doubles(plan, 4, 64, [](auto& in) { return draws::beta_slope(in(2), in(3) - in(2), in(1)) / (1 - in(1)); });
}

// ---------------------------------------------------------------- whole numbers

double poisson_value(Generator& g, double rate) {
  if (!(rate >= 0)) refuse("invalid Poisson rate, expected rate to be non-negative", rate);
  return draws::poisson_value(g, rate);
}
double binomial_value(Generator& g, double count, double prob) {
  if (prob > 0 && prob < 1 && count > 0x1p53) refuse("expected a count of at most 2^53", count);
  return draws::binomial_value(g, count, prob);
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
