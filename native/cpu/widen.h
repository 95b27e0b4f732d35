// float16 and bfloat16 for kernels that have loops of float and double only: their operands become float as a whole, in
// memory of their own, and the results are rounded once on the way back. Kernels register themselves behind
// widened<kernel, outputs>; it costs a pass over each operand, and saves a second and a third copy of their loops.
#pragma once
#include "floats.h"

namespace flambeau::FB_ISA {

/** Which of the halves are widened. */
enum class WidenedHalves : uint8_t { both, f16 };

/** Runs a structured plan, the first `outputs` operands of which are written (and may be read). */
void run_widened(const Plan& plan, int outputs, KernelFn run, WidenedHalves which);

template <KernelFn run, int outputs, WidenedHalves which = WidenedHalves::both>
void widened(const Plan& plan) {
  run_widened(plan, outputs, run, which);
}
/** visit_floating for a kernel behind widened<>. */
template <class F>
inline void visit_wide(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(TypeTag<float>{});
  Plan::require(dtype == DType::f64, "expected a floating point dtype");
  f(TypeTag<double>{});
}

// bfloat16 converts in so little time that kernels of one pass are a half faster with loops of its own. Copies that are
// to be small do without.
#if defined(FB_SMALL)
inline constexpr WidenedHalves kWidenedBesides = WidenedHalves::both;
#else
inline constexpr WidenedHalves kWidenedBesides = WidenedHalves::f16;
#endif
/** visit_floating for a kernel behind widened<…, kWidenedBesides>. */
template <class F>
inline void visit_wide_or_brain(DType dtype, F&& f) {
  if constexpr (kWidenedBesides == WidenedHalves::f16)
    if (dtype == DType::bf16) return f(TypeTag<BFloat16>{});
  visit_wide(dtype, f);
}

}  // namespace flambeau::FB_ISA
