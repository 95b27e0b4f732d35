// Fused steps of SGD and Adam, over all tensors of a parameter group; registered by backend.cc. The arithmetic is that
// of native/cpu/optim.cc, operation by operation.
#include <cmath>

#include "kernels.h"
#include "lists.cuh"
#include "vecmath.cuh"

namespace flambeau::cuda {
namespace {

namespace vm = FB_ISA::vm;

/** (p, g) or, with momentum, (p, g, buffer). A first step does not look at the buffer, which may hold anything. */
template <class C, bool kMomentum, bool kFirst>
struct Sgd {
  static constexpr int kWidth = kMomentum ? 3 : 2, kReads = kMomentum && !kFirst ? 7 : 3, kWrites = kMomentum ? 5 : 1;
  C lr, momentum, fresh, decay, sign;
  bool nesterov;
  explicit Sgd(const double* p)
      : lr(static_cast<C>(p[0])),
        momentum(static_cast<C>(p[1])),
        fresh(static_cast<C>(1 - p[2])),
        decay(static_cast<C>(p[3])),
        sign(p[5] != 0 ? C{-1} : C{1}),
        nesterov(p[4] != 0) {}
  __device__ __forceinline__ void call(C (&v)[kWidth]) const {
    C d = vm::madd(decay, v[0], sign * v[1]);
    if constexpr (kMomentum) {
      const C b = kFirst ? d : vm::madd(fresh, d, momentum * v[2]);
      v[2] = b;
      d = nesterov ? vm::madd(momentum, b, d) : b;
    }
    v[0] = vm::madd(-lr, d, v[0]);
  }
};
template <class C>
using PlainSgd = Sgd<C, false, false>;
template <class C>
using MomentumSgd = Sgd<C, true, false>;
template <class C>
using FirstSgd = Sgd<C, true, true>;

/**
 * sgd (list): tuples (p, g) when momentum is 0, else (p, g, momentumBuffer); params lr, momentum, dampening,
 * weightDecay, nesterov, maximize, firstStep (the buffers are started with the gradients).
 */
void sgd(const ListPlan& plan) {
  const bool momentum = plan.width == 3;
  expect_list(plan, momentum ? 3 : 2, 7);
  Plan::require(momentum == (plan.param[1] != 0), "sgd: momentum needs a buffer");
  expect_uniform(plan, plan.width);
  if (!momentum)
    run_list<PlainSgd>(plan);
  else if (plan.param[6] != 0)
    run_list<FirstSgd>(plan);
  else
    run_list<MomentumSgd>(plan);
}

template <class C, bool kAmsgrad>
struct Adam {
  static constexpr int kWidth = kAmsgrad ? 5 : 4, kReads = (1 << kWidth) - 1, kWrites = kReads & ~2;
  C sign, eps, shrink, decay, one_beta1, beta2, one_beta2, step, root;
  explicit Adam(const double* p)
      : sign(p[6] != 0 ? C{-1} : C{1}),
        eps(static_cast<C>(p[3])),
        shrink(static_cast<C>(p[7] != 0 ? 1 - p[0] * p[4] : 1.0)),
        decay(static_cast<C>(p[7] != 0 ? 0.0 : p[4])),
        one_beta1(static_cast<C>(1 - p[1])),
        beta2(static_cast<C>(p[2])),
        one_beta2(static_cast<C>(1 - p[2])),
        step(static_cast<C>(p[0] / p[8])),
        root(static_cast<C>(std::sqrt(p[9]))) {}
  __device__ __forceinline__ void call(C (&v)[kWidth]) const {
    const C w = v[0] * shrink;
    const C d = vm::madd(decay, w, sign * v[1]);
    const C mean = vm::madd(one_beta1, d - v[2], v[2]);
    const C square = vm::madd(one_beta2 * d, d, beta2 * v[3]);
    v[2] = mean;
    v[3] = square;
    C used = square;
    if constexpr (kAmsgrad) {
      const C old = v[4];
      used = old >= square || old != old ? old : square;
      v[4] = used;
    }
    v[0] = w - step * (mean / (vm::sqrt(used) / root + eps));
  }
};
template <class C>
using PlainAdam = Adam<C, false>;
template <class C>
using Amsgrad = Adam<C, true>;

/**
 * adam (list): tuples (p, g, expAvg, expAvgSq), with amsgrad also maxExpAvgSq; params lr, beta1, beta2, eps,
 * weightDecay, amsgrad, maximize, decoupled (AdamW), biasCorrection1, biasCorrection2 (1 - beta^t).
 */
void adam(const ListPlan& plan) {
  const bool amsgrad = plan.params > 5 && plan.param[5] != 0;
  expect_list(plan, amsgrad ? 5 : 4, 10);
  expect_uniform(plan, plan.width);
  return amsgrad ? run_list<Amsgrad>(plan) : run_list<PlainAdam>(plan);
}

}  // namespace

void register_optim(KernelTable& table) {
  table.add_list("sgd", sgd);
  table.add_list("adam", adam);
}

}  // namespace flambeau::cuda
