// float16 and bfloat16 for kernels that have loops of float and double only: their operands become float as a whole, in
// memory of their own, and the results are rounded once on the way back. Kernels register themselves behind
// widened<kernel, outputs>; it costs a pass over each operand, and saves a second and a third copy of their loops.
#pragma once
#include "floats.h"

namespace flambeau::FB_ISA {

/** Runs a structured plan, the first `outputs` operands of which are written (and may be read). */
void run_widened(const Plan& plan, int outputs, KernelFn run);

template <KernelFn run, int outputs>
void widened(const Plan& plan) {
  run_widened(plan, outputs, run);
}
/** visit_floating for a kernel behind widened<>. */
template <class F>
inline void visit_wide(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(TypeTag<float>{});
  Plan::require(dtype == DType::f64, "expected a floating point dtype");
  f(TypeTag<double>{});
}

// Kernels whose halves are worth loops of their own, but for copies that are to be small.
#if defined(FB_SMALL)
template <KernelFn run, int outputs>
inline constexpr KernelFn kWidenedIfSmall = widened<run, outputs>;
template <class F>
inline void visit_wide_if_small(DType dtype, F&& f) {
  visit_wide(dtype, f);
}
#else
template <KernelFn run, int outputs>
inline constexpr KernelFn kWidenedIfSmall = run;
template <class F>
inline void visit_wide_if_small(DType dtype, F&& f) {
  fp::visit_floating(dtype, f);
}
#endif

}  // namespace flambeau::FB_ISA
