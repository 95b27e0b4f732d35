// A plan points to sizes and strides that its reader uses again for the next call: a copy that lasts has its own. Made
// by reader.cc, of plans that it will recognise, and by queue.cc, of calls that run later.
#pragma once
#include <algorithm>

#include "plan.h"

namespace flambeau {

/** How many sizes and strides a plan points to. */
inline int dims_of(const Plan& plan) {
  int count = plan.ndim;
  for (int i = 0; i < plan.operands; i++) {
    if (plan.operand[i]) count += plan.operand[i].ndim * (plan.structured ? 2 : 1);
  }
  return count;
}

/** Copies a plan; its sizes and strides go to `dims`, which has room for dims_of(from). */
inline void copy_plan(Plan& to, const Plan& from, int64_t* dims) {
  const auto keep = [&](const int64_t* values, int count) {
    const int64_t* const kept = dims;
    dims = std::copy_n(values, count, dims);
    return kept;
  };
  to = from;
  to.sizes = keep(from.sizes, from.ndim);
  for (int i = 0; i < from.operands; i++) {
    Operand& operand = to.operand[i];
    if (!operand) operand.ndim = 0;  // what is left out has no strides to copy
    operand.sizes = from.structured ? keep(operand.sizes, operand.ndim) : to.sizes;
    operand.strides = keep(operand.strides, operand.ndim);
  }
}

}  // namespace flambeau
