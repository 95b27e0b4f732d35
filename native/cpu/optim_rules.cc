// Fused steps of the optimizers that are a rule for one element: Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop,
// Rprop and ASGD, over all tensors of a parameter group in one call. Called by lib/optim.
//
// The first three parameters of each are maximize, weightDecay (added to the gradient) and shrink (what the parameter
// is multiplied by beforehand: decoupled weight decay). The rules are those of ../optim_rules.h.
#include "lists.h"

// The rules take vm:: from what came before.
#include "../optim_rules.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int kHead = 3;

/** One piece: `rule(w, g, a, b, c)` changes the parameter w and the states, given the gradient g. */
template <int kStates, class T, class Rule>
FB_FLATTEN void rule_piece(const Rule rule, const double* o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT a,
                           T* FB_RESTRICT b, T* FB_RESTRICT c, int64_t n) {
  const T sign = o[0] != 0 ? T{-1} : T{1}, decay = static_cast<T>(o[1]), shrink = static_cast<T>(o[2]);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    T w = p[i] * shrink, x{}, y{}, z{};
    const T d = vm::madd(decay, w, sign * g[i]);
    if constexpr (kStates > 0) x = a[i];
    if constexpr (kStates > 1) y = b[i];
    if constexpr (kStates > 2) z = c[i];
    rule(w, d, x, y, z);
    p[i] = w;
    if constexpr (kStates > 0) a[i] = x;
    if constexpr (kStates > 1) b[i] = y;
    if constexpr (kStates > 2) c[i] = z;
  }
}

/** A whole list: tuples (p, g, states…); `Rule<C>` takes its own parameters, behind the first three. */
template <template <class> class Rule>
void each(const ListPlan& plan) {
  constexpr int kStates = Rule<float>::kStates;
  expect(plan, 2 + kStates, kHead + Rule<float>::kParams);
  expect_uniform(plan, plan.width);
  over_steps(plan, [&]<class T>(T* const* at, int64_t n) {
    const Rule<T> rule(plan.param + kHead);
    rule_piece<kStates, T>(rule, plan.param, at[0], at[1], at[2], at[3], at[4], n);
  });
}

template <bool kCentered, bool kMomentum>
struct OfRMSprop {
  template <class C>
  using Rule = rules::RMSprop<C, kCentered, kMomentum>;
};
/** rmsprop: which states there are follows from two of its parameters. */
void rmsprop(const ListPlan& plan) {
  Plan::require(plan.params == kHead + 5, "wrong number of parameters");
  const bool centered = plan.param[kHead + 4] != 0, momentum = plan.param[kHead + 3] > 0;
  if (centered) return momentum ? each<OfRMSprop<true, true>::Rule>(plan) : each<OfRMSprop<true, false>::Rule>(plan);
  return momentum ? each<OfRMSprop<false, true>::Rule>(plan) : each<OfRMSprop<false, false>::Rule>(plan);
}

}  // namespace

// Tuples begin with (p, g); behind the semicolon are the parameters after the first three.
void register_optim_rules(KernelTable& table) {
  table.add_list("adadelta", each<rules::Adadelta>);  // squareAvg, accDelta; lr, rho, eps
  table.add_list("adagrad", each<rules::Adagrad>);    // sum; lr of this step, eps
  table.add_list("adamax", each<rules::Adamax>);      // expAvg, expInf; lr / biasCorrection, beta1, beta2, eps
  // expAvg, expAvgSq; beta1, beta2, eps, biasCorrection2, factor of the gradient, factor of the mean
  table.add_list("nadam", each<rules::NAdam>);
  // expAvg, expAvgSq; lr, beta1, beta2, eps, biasCorrection1, biasCorrection2, rectification (0: none)
  table.add_list("radam", each<rules::RAdam>);
  // squareAvg, centered with gradAvg, with momentum then also momentumBuffer; lr, alpha, eps, momentum, centered
  table.add_list("rmsprop", rmsprop);
  table.add_list("rprop", each<rules::Rprop>);  // prev, stepSize; etaMinus, etaPlus, least step, largest step
  table.add_list("asgd", each<rules::ASGD>);    // ax; eta, 1 - lambd * eta, mu
}

}  // namespace flambeau::FB_ISA
