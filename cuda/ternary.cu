// Element-wise kernels of three operands: where, lerp, addcmul, addcdiv, clamp by tensors; registered by backend.cc.
#include "rows.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

/** From either end, whichever is nearer, so that weight 1 gives b exactly. */
template <class T>
__device__ __forceinline__ T lerp(T a, T b, T w) {
  return vm::abs(w) < T(0.5) ? a + w * (b - a) : b - (b - a) * (T{1} - w);
}
FB_ROW3(lerp, Floating, 0, kCheap, lerp(a, b, c))
FB_ROW3(addcmul, Numbers, 1, kCheap, fn::add(a, fn::mul(fn::mul(fn::as<T>(p[0]), b), c)))
FB_ROW3(addcdiv, Floating, 1, kCheap, a + fn::as<T>(p[0]) * b / c)
FB_ROW3(clampTensor, Numbers, 0, kCheap, fn::minimum(fn::maximum(a, b), c))

/** Moves values as bits, whatever they mean. */
struct WhereOp {
  static constexpr int kPerThread = 4;
  __device__ __forceinline__ int64_t call(const int64_t (&in)[3]) const { return in[0] != 0 ? in[1] : in[2]; }
};
/** The dtype of whole numbers that has the size of `d`. */
DType bits_like(DType d) {
  switch (item_size(d)) {
    case 1: return DType::u8;
    case 2: return DType::i16;
    case 4: return DType::i32;
    default: return DType::i64;
  }
}
void where_kernel(const Plan& plan) {
  plan.expect(4, 0);
  const DType d = plan.operand[0].dtype;
  Plan::require(plan.operand[1].dtype == DType::b8, "where: the condition must be bool");
  Plan::require(plan.operand[2].dtype == d && plan.operand[3].dtype == d, "where: operands differ in dtype");
  Plan bits = plan;
  for (int k : {0, 2, 3}) bits.operand[k].dtype = bits_like(d);
  run_map<int64_t, 4>(bits, WhereOp{});
}

}  // namespace

void register_ternary(KernelTable& table) {
  table.add("where", where_kernel);
  table.add("lerp", same_dtype_kernel<lerpRow, 4>);
  table.add("addcmul", same_dtype_kernel<addcmulRow, 4>);
  table.add("addcdiv", same_dtype_kernel<addcdivRow, 4>);
  table.add("clampTensor", same_dtype_kernel<clampTensorRow, 4>);
}

}  // namespace flambeau::cuda
