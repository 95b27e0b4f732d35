// Element-wise kernels with a bool result; registered by cpu.cc. The formulas are the rows of functors.h.
#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_COMPARE_ROWS(FB_ROW2)
FB_PREDICATE_ROWS(FB_ROW1)

/** |a - b| <= atol + |rtol·b|, equal infinities included; integers are compared in double. */
template <class T>
FB_INLINE bool is_close(T a, T b, const double* p) {
  using F = std::conditional_t<std::is_floating_point_v<T>, T, double>;
  const F x = static_cast<F>(a), y = static_cast<F>(b);
  const F distance = vm::abs(x - y), allowed = static_cast<F>(p[1]) + vm::abs(static_cast<F>(p[0]) * y);
  const bool both_nan = (x != x) & (y != y) & (p[2] != 0);
  return (a == b) | both_nan | (fn::is_finite(distance) & (distance <= allowed));
}
FB_ROW2(isclose, Any, 3, kCheap, is_close(a, b, p))

}  // namespace

// All are map plans over (out: bool, a, b) or (out: bool, x); the inputs share one dtype, any of the ten.
void register_compare(KernelTable& table) {
#define ADD(name, ...) table.add(#name, predicate_kernel<name##Row, kPredicates2<name##Row>, 3>);
  FB_COMPARE_ROWS(ADD)
  ADD(isclose)  // [rtol, atol, equalNan]
#undef ADD
#define ADD(name, ...) table.add(#name, predicate_kernel<name##Row, kPredicates1<name##Row>, 2>);
  FB_PREDICATE_ROWS(ADD)
#undef ADD
}

}  // namespace flambeau::FB_ISA
