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
FB_FLATTEN void sgd_piece(const Sgd o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT buffer, int64_t n) {
  const T lr = static_cast<T>(o.lr), decay = static_cast<T>(o.decay), sign = o.maximize ? T{-1} : T{1};
  const T momentum = static_cast<T>(o.momentum), fresh = static_cast<T>(1 - o.dampening);
  const bool nesterov = o.nesterov;
  // A first step starts the buffer with the gradient itself; old contents may be anything, NaN included.
  if (kMomentum && o.first) {
    for (int64_t i = 0; i < n; i++) {
      const T d = vm::madd(decay, p[i], sign * g[i]);
      buffer[i] = d;
      p[i] = vm::madd(-lr, nesterov ? vm::madd(momentum, d, d) : d, p[i]);
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    T d = vm::madd(decay, p[i], sign * g[i]);
    if constexpr (kMomentum) {
      const T b = vm::madd(fresh, d, momentum * buffer[i]);
      buffer[i] = b;
      d = nesterov ? vm::madd(momentum, b, d) : b;
    }
    p[i] = vm::madd(-lr, d, p[i]);
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
  over_steps(plan, [&]<class T>(T* const* at, int64_t n) {
    (momentum ? sgd_piece<true, T> : sgd_piece<false, T>)(o, at[0], at[1], at[2], n);
  });
}

// ------------------------------------------------------------------------------------------------ Adam

struct Adam {
  double lr, beta1, beta2, eps, decay;
  bool maximize, decoupled;
  double correction1, correction2;
};

template <bool kAmsgrad, class T>
FB_FLATTEN void adam_piece(const Adam o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT m, T* FB_RESTRICT v,
                           T* FB_RESTRICT v_max, int64_t n) {
  const T sign = o.maximize ? T{-1} : T{1}, eps = static_cast<T>(o.eps);
  const T shrink = static_cast<T>(o.decoupled ? 1 - o.lr * o.decay : 1.0),
          decay = static_cast<T>(o.decoupled ? 0.0 : o.decay);
  const T one_beta1 = static_cast<T>(1 - o.beta1), beta2 = static_cast<T>(o.beta2),
          one_beta2 = static_cast<T>(1 - o.beta2);
  const T step = static_cast<T>(o.lr / o.correction1), root = static_cast<T>(std::sqrt(o.correction2));
  for (int64_t i = 0; i < n; i++) {
    const T w = p[i] * shrink;
    const T d = vm::madd(decay, w, sign * g[i]);
    const T mean = vm::madd(one_beta1, d - m[i], m[i]);
    const T square = vm::madd(one_beta2 * d, d, beta2 * v[i]);
    m[i] = mean;
    v[i] = square;
    T used = square;
    if constexpr (kAmsgrad) {
      const T old = v_max[i];
      used = old >= square || old != old ? old : square;
      v_max[i] = used;
    }
    p[i] = w - step * (mean / (std::sqrt(used) / root + eps));
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
  over_steps(plan, [&]<class T>(T* const* at, int64_t n) {
    (amsgrad ? adam_piece<true, T> : adam_piece<false, T>)(o, at[0], at[1], at[2], at[3], at[4], n);
  });
}

}  // namespace

void register_optim(KernelTable& table) {
  table.add_list("sgd", sgd);
  table.add_list("adam", adam);
}

}  // namespace flambeau::FB_ISA
