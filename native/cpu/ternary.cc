// Element-wise kernels of three operands: where, lerp, addcmul, addcdiv, clamp by tensors; registered by cpu.cc.
#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

#define FB_ROW3(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T a, const T b, const T c, [[maybe_unused]] const double* p), expression)

/** From either end, whichever is nearer, so that weight 1 gives b exactly. */
template <class T>
FB_INLINE T lerp(T a, T b, T w) {
  return vm::abs(w) < T(0.5) ? a + w * (b - a) : b - (b - a) * (T{1} - w);
}
FB_ROW3(lerp, Floating, 0, kCheap, lerp(a, b, c))
FB_ROW3(addcmul, Numbers, 1, kCheap, fn::add(a, fn::mul(fn::mul(fn::as<T>(p[0]), b), c)))
FB_ROW3(addcdiv, Floating, 1, kCheap, a + fn::as<T>(p[0]) * b / c)
FB_ROW3(clampTensor, Numbers, 0, kCheap, fn::minimum(fn::maximum(a, b), c))

template <class Row, class T>
void span3(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  T* y = reinterpret_cast<T*>(out);
  const T* a = reinterpret_cast<const T*>(in[0]);
  const T* b = reinterpret_cast<const T*>(in[1]);
  const T* c = reinterpret_cast<const T*>(in[2]);
  const Params<Row::kParams> p(param);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = Row::template apply<T>(a[i], b[i], c[i], p.value);
}
template <class Row>
inline constexpr auto kLoops3 = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn { return span3<Row, T>; });

/** Moves values of a size, whatever they mean. */
template <class Raw>
void where_span(std::byte* out, const std::byte* const* in, int64_t n, const double*) {
  Raw* y = reinterpret_cast<Raw*>(out);
  const uint8_t* c = reinterpret_cast<const uint8_t*>(in[0]);
  const Raw* a = reinterpret_cast<const Raw*>(in[1]);
  const Raw* b = reinterpret_cast<const Raw*>(in[2]);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const Raw x = a[i], z = b[i];
    y[i] = c[i] != 0 ? x : z;
  }
}
void where_kernel(const Plan& plan) {
  plan.expect(4, 0);
  const DType d = plan.operand[0].dtype;
  Plan::require(plan.operand[1].dtype == DType::b8, "where: the condition must be bool");
  Plan::require(plan.operand[2].dtype == d && plan.operand[3].dtype == d, "where: operands differ in dtype");
  constexpr SpanFn by_size[] = {where_span<uint8_t>, where_span<uint16_t>, where_span<uint32_t>, where_span<uint64_t>};
  const size_t size = item_size(d);
  run_map(plan, 4, Span{by_size[size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3]}, kCheap, Halves::raw);
}

}  // namespace

// All are map plans; all operands share one dtype but for the condition of where.
void register_ternary(KernelTable& table) {
  table.add("where", where_kernel);  // (out, condition: bool, a, b), any dtype: condition ? a : b
  table.add("lerp", same_dtype_kernel<lerpRow, kLoops3<lerpRow>, 4>);  // (out, a, b, weight), floating
  // (out, x, t1, t2) [value], numbers: x + value·t1·t2; floating: x + value·t1/t2
  table.add("addcmul", same_dtype_kernel<addcmulRow, kLoops3<addcmulRow>, 4>);
  table.add("addcdiv", same_dtype_kernel<addcdivRow, kLoops3<addcdivRow>, 4>);
  // (out, x, low, high), numbers; NaN in any of the three gives NaN
  table.add("clampTensor", same_dtype_kernel<clampTensorRow, kLoops3<clampTensorRow>, 4>);
}

}  // namespace flambeau::FB_ISA
