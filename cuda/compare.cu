// Element-wise kernels with a bool result; registered by backend.cc. The formulas are the rows of native/functors.h.
#include "rows.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

FB_COMPARE_ROWS(FB_ROW2)
FB_PREDICATE_ROWS(FB_ROW1)

/** |a - b| <= atol + |rtol·b|, equal infinities included; integers are compared in double. */
template <class T>
__device__ __forceinline__ bool is_close(T a, T b, const double* p) {
  using F = std::conditional_t<std::is_floating_point_v<T>, T, double>;
  const F x = static_cast<F>(a), y = static_cast<F>(b);
  const F distance = vm::abs(x - y), allowed = static_cast<F>(p[1]) + vm::abs(static_cast<F>(p[0]) * y);
  const bool both_nan = (x != x) & (y != y) & (p[2] != 0);
  return (a == b) | both_nan | (fn::is_finite(distance) & (distance <= allowed));
}
FB_ROW2(isclose, Any, 3, kCheap, is_close(a, b, p))

}  // namespace

void register_compare(KernelTable& table) {
#define ADD(name, ...) table.add(#name, predicate_kernel<name##Row, 3>);
  FB_COMPARE_ROWS(ADD)
  ADD(isclose)
#undef ADD
#define ADD(name, ...) table.add(#name, predicate_kernel<name##Row, 2>);
  FB_PREDICATE_ROWS(ADD)
#undef ADD
}

}  // namespace flambeau::cuda
