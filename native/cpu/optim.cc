// Fused steps of SGD and Adam, over all tensors of a parameter group in one call; optim_rules.cc has the other
// optimizers. Called by lib/optim. The arithmetic follows PyTorch's single-tensor CPU implementation operation by
// operation.
#include <cmath>

#include "lists.h"

namespace flambeau::FB_ISA {
namespace {

// ------------------------------------------------------------------------------------------------ SGD

struct Sgd {
  double lr, momentum, dampening, decay;
  bool nesterov, maximize, first;
};

template <bool kMomentum, class T>
void sgd_piece(const Sgd& o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT buffer, int64_t n) {
  using C = Value<T>;
  const C lr = static_cast<C>(o.lr), decay = static_cast<C>(o.decay), sign = o.maximize ? C{-1} : C{1};
  const C momentum = static_cast<C>(o.momentum), fresh = static_cast<C>(1 - o.dampening);
  // A first step starts the buffer with the gradient itself; old contents may be anything, NaN included.
  if (kMomentum && o.first) {
    for (int64_t i = 0; i < n; i++) {
      const C d = vm::madd(decay, static_cast<C>(p[i]), sign * static_cast<C>(g[i]));
      buffer[i] = static_cast<T>(d);
      p[i] = static_cast<T>(vm::madd(-lr, o.nesterov ? vm::madd(momentum, d, d) : d, static_cast<C>(p[i])));
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    C d = vm::madd(decay, static_cast<C>(p[i]), sign * static_cast<C>(g[i]));
    if constexpr (kMomentum) {
      const C b = vm::madd(fresh, d, momentum * static_cast<C>(buffer[i]));
      buffer[i] = static_cast<T>(b);
      d = o.nesterov ? vm::madd(momentum, b, d) : b;
    }
    p[i] = static_cast<T>(vm::madd(-lr, d, static_cast<C>(p[i])));
  }
}

/**
 * sgd (list): tuples (p, g) when momentum is 0, else (p, g, momentumBuffer); params lr, momentum, dampening,
 * weightDecay, nesterov, maximize, firstStep (the buffers are started with the gradients).
 */
void sgd(const ListPlan& plan) {
  const bool momentum = plan.width == 3;
  expect(plan, momentum ? 3 : 2, 7);
  Plan::require(momentum == (plan.param[1] != 0), "sgd: momentum needs a buffer");
  expect_uniform(plan, plan.width);
  const Sgd o{plan.param[0],      plan.param[1],      plan.param[2],     plan.param[3],
              plan.param[4] != 0, plan.param[5] != 0, plan.param[6] != 0};
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    if (momentum) {
      sgd_piece<true>(o, at(0), at(1), at(2), n);
    } else {
      sgd_piece<false, T>(o, at(0), at(1), nullptr, n);
    }
  });
}

// ------------------------------------------------------------------------------------------------ Adam

struct Adam {
  double lr, beta1, beta2, eps, decay;
  bool maximize, decoupled;
  double correction1, correction2;
};

template <bool kAmsgrad, class T>
void adam_piece(const Adam& o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT m, T* FB_RESTRICT v,
                T* FB_RESTRICT v_max, int64_t n) {
  using C = Value<T>;
  const C sign = o.maximize ? C{-1} : C{1}, eps = static_cast<C>(o.eps);
  const C shrink = static_cast<C>(o.decoupled ? 1 - o.lr * o.decay : 1.0),
          decay = static_cast<C>(o.decoupled ? 0.0 : o.decay);
  const C one_beta1 = static_cast<C>(1 - o.beta1), beta2 = static_cast<C>(o.beta2),
          one_beta2 = static_cast<C>(1 - o.beta2);
  const C step = static_cast<C>(o.lr / o.correction1), root = static_cast<C>(std::sqrt(o.correction2));
  for (int64_t i = 0; i < n; i++) {
    const C w = static_cast<C>(p[i]) * shrink;
    const C d = vm::madd(decay, w, sign * static_cast<C>(g[i]));
    const C mean = vm::madd(one_beta1, d - static_cast<C>(m[i]), static_cast<C>(m[i]));
    const C square = vm::madd(one_beta2 * d, d, beta2 * static_cast<C>(v[i]));
    m[i] = static_cast<T>(mean);
    v[i] = static_cast<T>(square);
    C used = square;
    if constexpr (kAmsgrad) {
      const C old = static_cast<C>(v_max[i]);
      used = old >= square || old != old ? old : square;
      v_max[i] = static_cast<T>(used);
    }
    p[i] = static_cast<T>(w - step * (mean / (std::sqrt(used) / root + eps)));
  }
}

/**
 * adam (list): tuples (p, g, expAvg, expAvgSq), with amsgrad also maxExpAvgSq; params lr, beta1, beta2, eps,
 * weightDecay, amsgrad, maximize, decoupled (AdamW), biasCorrection1, biasCorrection2 (1 - beta^t).
 */
void adam(const ListPlan& plan) {
  const bool amsgrad = plan.params > 5 && plan.param[5] != 0;
  expect(plan, amsgrad ? 5 : 4, 10);
  expect_uniform(plan, plan.width);
  const double* a = plan.param;
  const Adam o{a[0], a[1], a[2], a[3], a[4], a[6] != 0, a[7] != 0, a[8], a[9]};
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    if (amsgrad) {
      adam_piece<true>(o, at(0), at(1), at(2), at(3), at(4), n);
    } else {
      adam_piece<false, T>(o, at(0), at(1), at(2), at(3), nullptr, n);
    }
  });
}

}  // namespace

void register_optim(KernelTable& table) {
  table.add_list("sgd", sgd);
  table.add_list("adam", adam);
}

}  // namespace flambeau::FB_ISA
