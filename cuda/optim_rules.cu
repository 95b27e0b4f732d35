// Fused steps of the optimizers that are a rule for one element (native/optim_rules.h), over all tensors of a parameter
// group; registered by backend.cc. Tuples are (p, g, states…); the first three parameters of each are maximize,
// weightDecay (added to the gradient) and shrink (what the parameter is multiplied by beforehand).
#include "kernels.h"
#include "lists.cuh"
#include "vecmath.cuh"

#include "../native/optim_rules.h"

namespace flambeau::cuda {
namespace {

namespace vm = FB_ISA::vm;
namespace rules = FB_ISA::rules;

constexpr int kHead = 3;

/** One element: what all the rules have in common, and the rule. */
template <class C, class Rule>
struct RuleOp {
  static constexpr int kWidth = 2 + Rule::kStates, kReads = (1 << kWidth) - 1, kWrites = kReads & ~2;
  C sign, decay, shrink;
  Rule rule;
  explicit RuleOp(const double* p)
      : sign(p[0] != 0 ? C{-1} : C{1}), decay(static_cast<C>(p[1])), shrink(static_cast<C>(p[2])), rule(p + kHead) {}
  __device__ __forceinline__ void call(C (&v)[kWidth]) const {
    C none{};
    C w = v[0] * shrink;
    const C d = vm::madd(decay, w, sign * v[1]);
    if constexpr (kWidth == 3)
      rule(w, d, v[2], none, none);
    else if constexpr (kWidth == 4)
      rule(w, d, v[2], v[3], none);
    else
      rule(w, d, v[2], v[3], v[4]);
    v[0] = w;
  }
};

template <template <class> class Rule>
struct Of {
  template <class C>
  using Op = RuleOp<C, Rule<C>>;
};
template <template <class> class Rule>
void each(const ListPlan& plan) {
  expect_list(plan, 2 + Rule<float>::kStates, kHead + Rule<float>::kParams);
  expect_uniform(plan, plan.width);
  run_list<Of<Rule>::template Op>(plan);
}

template <class C>
using PlainRms = rules::RMSprop<C, false, false>;
template <class C>
using CenteredRms = rules::RMSprop<C, true, false>;
template <class C>
using MomentumRms = rules::RMSprop<C, false, true>;
template <class C>
using CenteredMomentumRms = rules::RMSprop<C, true, true>;

void rmsprop(const ListPlan& plan) {
  Plan::require(plan.params == kHead + 5, "wrong number of parameters");
  const bool centered = plan.param[kHead + 4] != 0, momentum = plan.param[kHead + 3] > 0;
  if (centered) return momentum ? each<CenteredMomentumRms>(plan) : each<CenteredRms>(plan);
  return momentum ? each<MomentumRms>(plan) : each<PlainRms>(plan);
}

}  // namespace

void register_optim_rules(KernelTable& table) {
  table.add_list("adadelta", each<rules::Adadelta>);
  table.add_list("adagrad", each<rules::Adagrad>);
  table.add_list("adamax", each<rules::Adamax>);
  table.add_list("nadam", each<rules::NAdam>);
  table.add_list("radam", each<rules::RAdam>);
  table.add_list("rmsprop", rmsprop);
  table.add_list("rprop", each<rules::Rprop>);
  table.add_list("asgd", each<rules::ASGD>);
}

}  // namespace flambeau::cuda
