// Fused steps of the optimizers that are a rule for one element: Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop,
// Rprop and ASGD, over all tensors of a parameter group in one call. Called by lib/optim.
//
// The first three parameters of each are maximize, weightDecay (added to the gradient) and shrink (what the parameter
// is multiplied by beforehand: decoupled weight decay). The arithmetic is that of PyTorch's single-tensor
// implementation.
#include <cmath>

#include "lists.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int kHead = 3;

/** One piece: `rule(w, g, a, b, c)` changes the parameter w and the states, given the gradient g. */
template <int kStates, class T, class Rule>
void rule_piece(const Rule& rule, const double* o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT a,
                T* FB_RESTRICT b, T* FB_RESTRICT c, int64_t n) {
  using C = Value<T>;
  const C sign = o[0] != 0 ? C{-1} : C{1}, decay = static_cast<C>(o[1]), shrink = static_cast<C>(o[2]);
  for (int64_t i = 0; i < n; i++) {
    C w = static_cast<C>(p[i]) * shrink, x{}, y{}, z{};
    const C d = vm::madd(decay, w, sign * static_cast<C>(g[i]));
    if constexpr (kStates > 0) x = static_cast<C>(a[i]);
    if constexpr (kStates > 1) y = static_cast<C>(b[i]);
    if constexpr (kStates > 2) z = static_cast<C>(c[i]);
    rule(w, d, x, y, z);
    p[i] = static_cast<T>(w);
    if constexpr (kStates > 0) a[i] = static_cast<T>(x);
    if constexpr (kStates > 1) b[i] = static_cast<T>(y);
    if constexpr (kStates > 2) c[i] = static_cast<T>(z);
  }
}

/** A whole list: tuples (p, g, states…); `make(C{}, own)` gives the rule, with its own parameters converted to C. */
template <int kStates, class Make>
void each(const ListPlan& plan, int own, Make&& make) {
  expect(plan, 2 + kStates, kHead + own);
  expect_uniform(plan, plan.width);
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    const auto rule = make(Value<T>{}, plan.param + kHead);
    const auto state = [&](int k) -> T* { return k < kStates ? at(2 + k) : nullptr; };
    rule_piece<kStates, T>(rule, plan.param, at(0), at(1), state(0), state(1), state(2), n);
  });
}

/** adadelta: (p, g, squareAvg, accDelta); lr, rho, eps. */
void adadelta(const ListPlan& plan) {
  each<2>(plan, 3, []<class C>(C, const double* o) {
    const C lr = static_cast<C>(o[0]), rho = static_cast<C>(o[1]), fresh = static_cast<C>(1 - o[1]),
            eps = static_cast<C>(o[2]);
    return [=](C& w, C d, C& square, C& delta, C&) {
      square = vm::madd(fresh * d, d, rho * square);
      const C step = std::sqrt(delta + eps) / std::sqrt(square + eps) * d;
      delta = vm::madd(fresh * step, step, rho * delta);
      w = vm::madd(-lr, step, w);
    };
  });
}

/** adagrad: (p, g, sum); lr of this step, eps. */
void adagrad(const ListPlan& plan) {
  each<1>(plan, 2, []<class C>(C, const double* o) {
    const C lr = static_cast<C>(o[0]), eps = static_cast<C>(o[1]);
    return [=](C& w, C d, C& sum, C&, C&) {
      sum = vm::madd(d, d, sum);
      w -= lr * d / (std::sqrt(sum) + eps);
    };
  });
}

/** adamax: (p, g, expAvg, expInf); lr / biasCorrection, beta1, beta2, eps. */
void adamax(const ListPlan& plan) {
  each<2>(plan, 4, []<class C>(C, const double* o) {
    const C lr = static_cast<C>(o[0]), fresh = static_cast<C>(1 - o[1]), beta2 = static_cast<C>(o[2]),
            eps = static_cast<C>(o[3]);
    return [=](C& w, C d, C& mean, C& top, C&) {
      mean = vm::madd(fresh, d - mean, mean);
      const C old = beta2 * top, now = std::fabs(d) + eps;
      top = old >= now || old != old ? old : now;
      w -= lr * mean / top;
    };
  });
}

/** nadam: (p, g, expAvg, expAvgSq); beta1, beta2, eps, biasCorrection2, factor of the gradient, factor of the mean. */
void nadam(const ListPlan& plan) {
  each<2>(plan, 6, []<class C>(C, const double* o) {
    const C fresh1 = static_cast<C>(1 - o[0]), beta2 = static_cast<C>(o[1]), fresh2 = static_cast<C>(1 - o[1]),
            eps = static_cast<C>(o[2]), correction = static_cast<C>(o[3]), of_grad = static_cast<C>(o[4]),
            of_mean = static_cast<C>(o[5]);
    return [=](C& w, C d, C& mean, C& square, C&) {
      mean = vm::madd(fresh1, d - mean, mean);
      square = vm::madd(fresh2 * d, d, beta2 * square);
      const C root = std::sqrt(square / correction) + eps;
      w += of_grad * d / root;
      w += of_mean * mean / root;
    };
  });
}

/** radam: (p, g, expAvg, expAvgSq); lr, beta1, beta2, eps, biasCorrection1, biasCorrection2, rectification (0: none).
 */
void radam(const ListPlan& plan) {
  each<2>(plan, 7, []<class C>(C, const double* o) {
    const C lr = static_cast<C>(o[0]), fresh1 = static_cast<C>(1 - o[1]), beta2 = static_cast<C>(o[2]),
            fresh2 = static_cast<C>(1 - o[2]), eps = static_cast<C>(o[3]), correction1 = static_cast<C>(o[4]),
            root2 = static_cast<C>(std::sqrt(o[5])), rectification = static_cast<C>(o[6]);
    const bool rectified = o[6] != 0;
    return [=](C& w, C d, C& mean, C& square, C&) {
      mean = vm::madd(fresh1, d - mean, mean);
      square = vm::madd(fresh2 * d, d, beta2 * square);
      const C step = mean / correction1 * lr;
      w -= rectified ? step * (root2 / (std::sqrt(square) + eps)) * rectification : step;
    };
  });
}

/**
 * rmsprop: (p, g, squareAvg), centered with gradAvg, with momentum then also momentumBuffer; lr, alpha, eps, momentum,
 * centered.
 */
void rmsprop(const ListPlan& plan) {
  const auto run = [&]<bool kCentered, bool kMomentum>() {
    each<1 + kCentered + kMomentum>(plan, 5, []<class C>(C, const double* o) {
      const C lr = static_cast<C>(o[0]), alpha = static_cast<C>(o[1]), fresh = static_cast<C>(1 - o[1]),
              eps = static_cast<C>(o[2]), momentum = static_cast<C>(o[3]);
      return [=](C& w, C d, C& square, C& second, C& third) {
        square = vm::madd(fresh * d, d, alpha * square);
        C centre = square;
        if constexpr (kCentered) {
          second = vm::madd(fresh, d - second, second);
          centre = vm::madd(-second, second, square);
        }
        const C root = std::sqrt(centre) + eps;
        if constexpr (kMomentum) {
          C& buffer = kCentered ? third : second;
          buffer = momentum * buffer + d / root;
          w = vm::madd(-lr, buffer, w);
        } else {
          w -= lr * d / root;
        }
      };
    });
  };
  Plan::require(plan.params == kHead + 5, "wrong number of parameters");
  const bool centered = plan.param[kHead + 4] != 0, momentum = plan.param[kHead + 3] > 0;
  if (centered && momentum) {
    run.template operator()<true, true>();
  } else if (centered) {
    run.template operator()<true, false>();
  } else if (momentum) {
    run.template operator()<false, true>();
  } else {
    run.template operator()<false, false>();
  }
}

/** rprop: (p, g, prev, stepSize); etaMinus, etaPlus, least step, largest step. */
void rprop(const ListPlan& plan) {
  each<2>(plan, 4, []<class C>(C, const double* o) {
    const C minus = static_cast<C>(o[0]), plus = static_cast<C>(o[1]), least = static_cast<C>(o[2]),
            most = static_cast<C>(o[3]);
    return [=](C& w, C d, C& previous, C& size, C&) {
      const C product = d * previous;
      size *= product > 0 ? plus : product < 0 ? minus : C{1};
      size = size < least ? least : size;
      size = size > most ? most : size;
      // where the sign has turned, this step is left out
      const C kept = product < 0 ? C{0} : d;
      w -= kept > 0 ? size : kept < 0 ? -size : C{0};
      previous = kept;
    };
  });
}

/** asgd: (p, g, ax); eta, 1 - lambd * eta, mu. */
void asgd(const ListPlan& plan) {
  each<1>(plan, 3, []<class C>(C, const double* o) {
    const C eta = static_cast<C>(o[0]), decay = static_cast<C>(o[1]), mu = static_cast<C>(o[2]);
    const bool averaging = o[2] != 1;
    return [=](C& w, C d, C& average, C&, C&) {
      w = vm::madd(-eta, d, w * decay);
      average = averaging ? vm::madd(w - average, mu, average) : w;
    };
  });
}

}  // namespace

void register_optim_rules(KernelTable& table) {
  table.add_list("adadelta", adadelta);
  table.add_list("adagrad", adagrad);
  table.add_list("adamax", adamax);
  table.add_list("nadam", nadam);
  table.add_list("radam", radam);
  table.add_list("rmsprop", rmsprop);
  table.add_list("rprop", rprop);
  table.add_list("asgd", asgd);
}

}  // namespace flambeau::FB_ISA
