// Element-wise kernels of one operand; registered by backend.cc. The formulas are the rows of native/functors.h.
#include "rows.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

FB_UNARY_ROWS(FB_ROW1)
FB_UNARY_PARAM_ROWS(FB_ROW1)
#define FB_WHOLE_ROW(name, range, short_expression, expression) FB_ROW1(name, Floating, 0, kCostly, expression)
FB_GUARDED_ROWS(FB_WHOLE_ROW)

/** Of bool it is another formula than of whole numbers. */
struct NotOp {
  static constexpr int kPerThread = 4;
  bool logical;
  __device__ __forceinline__ int64_t call(const int64_t (&in)[1]) const { return logical ? in[0] == 0 : ~in[0]; }
};
void bitwise_not_kernel(const Plan& plan) {
  plan.expect(2, 0);
  const DType d = common_dtype(plan, 0);
  Plan::require(in_domain(Domain::Bits, d), "does not have this dtype");
  run_map<int64_t, 2>(plan, NotOp{d == DType::b8});
}

/** Bounds as C; an absent one is the type's own, so that NaN passes through both comparisons. */
template <class C>
struct ClampOp {
  static constexpr int kPerThread = 4;
  C low, high;
  __device__ __forceinline__ C call(const C (&in)[1]) const {
    if (low != low) return low;  // PyTorch: a NaN bound makes everything NaN
    if (high != high) return high;
    const C raised = in[0] < low ? low : in[0];
    return raised > high ? high : raised;
  }
};
/** A bound in the arithmetic of a dtype: what is beyond a narrow type's range is the end of it. */
template <class C>
C bound(DType d, double v) {
  if constexpr (std::is_floating_point_v<C>)
    return static_cast<C>(v);
  else
    return visit(d, [&]<class T>(TypeTag<T>) {
      if constexpr (std::is_integral_v<T>)
        return static_cast<C>(fn::as<T>(v));
      else
        return C{0};
    });
}
void clamp_kernel(const Plan& plan) {
  plan.expect(2, 4);
  const DType d = common_dtype(plan, 0);
  Plan::require(in_domain(Domain::Numbers, d), "does not have this dtype");
  visit_class(d, [&]<class C>(C) {
    using Limits = std::numeric_limits<C>;
    const C least = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    const C most = Limits::has_infinity ? Limits::infinity() : Limits::max();
    run_map<C, 2>(plan, ClampOp<C>{plan.flag(0) ? bound<C>(d, plan.param[1]) : least,
                                   plan.flag(2) ? bound<C>(d, plan.param[3]) : most});
  });
}

}  // namespace

void register_unary(KernelTable& table) {
#define ADD(name, ...) \
  table.add(#name, std::is_same_v<name##Row, bitwiseNotRow> ? bitwise_not_kernel : same_dtype_kernel<name##Row, 2>);
  FB_UNARY_ROWS(ADD)
  FB_UNARY_PARAM_ROWS(ADD)
  FB_GUARDED_ROWS(ADD)
#undef ADD
  table.add("clamp", clamp_kernel);
  table.add("hardtanh", clamp_kernel);
}

}  // namespace flambeau::cuda
