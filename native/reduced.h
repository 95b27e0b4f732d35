// The layout of a reduction's plan, checked for the CPU and for CUDA: dims [kept…, reduced…], parameter 0 says how many
// are kept, outputs come first. Included by the drivers of reductions in native/cpu and cuda.
#pragma once
#include "plan.h"

namespace flambeau {

/** The number of results. */
inline int64_t kept_numel(const Plan& plan) {
  int64_t n = 1;
  for (int d = 0; d < static_cast<int>(plan.integer(0)); d++) n *= plan.sizes[d];
  return n;
}

/** The number of elements behind each result. */
inline int64_t reduced_numel(const Plan& plan, int outputs) {
  Plan::require(!plan.structured && plan.params >= 1, "a reduction takes a map plan");
  Plan::require(plan.param[0] >= 0 && plan.param[0] <= plan.ndim, "the number of kept dims is out of range");
  int64_t n = 1;
  for (int d = static_cast<int>(plan.integer(0)); d < plan.ndim; d++) {
    for (int o = 0; o < outputs; o++) {
      Plan::require(plan.operand[o].strides[d] == 0 || plan.sizes[d] <= 1, "an output has a stride on a reduced dim");
    }
    n *= plan.sizes[d];
  }
  // An output with a stride on a dim without elements counts as empty, and may have no memory for what is kept.
  for (int o = 0; o < outputs && n == 0; o++) {
    Plan::require(plan.operand[o].room > 0 || kept_numel(plan) == 0, "an output has no room");
  }
  return n;
}

}  // namespace flambeau
