// Element-wise kernels of torch.special: the rows of ../special.h. Registered by cpu.cc.
#include "../special.h"

#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_SPECIAL_UNARY_ROWS(FB_ROW1)
FB_SPECIAL_BINARY_ROWS(FB_ROW2)

}  // namespace

// Their limit is another for floats.
template <>
inline constexpr bool kInDouble<hermitePolynomialHRow> = false;
template <>
inline constexpr bool kInDouble<hermitePolynomialHeRow> = false;

namespace {

/** sin and cos as far as they need no call, which would keep the loop from vectors. */
struct ShortAngle {
  static constexpr double kLimit = vm::kTrigLimit;
  static FB_INLINE double sin(double x) { return vm::sin_limited(x); }
  static FB_INLINE double cos(double x) { return vm::cos_limited(x); }
};
/** A Bessel function: `near` holds up to 5, `most` up to ShortAngle::kLimit. */
#define BESSEL(name, place, function)                                              \
  template <>                                                                      \
  struct Bessel<name##Row> {                                                       \
    static FB_INLINE double place_of(double x) { return place; }                   \
    static FB_INLINE double near(double x) { return fn::function##_near(x); }      \
    static FB_INLINE double most(double x) { return fn::function<ShortAngle>(x); } \
  };
template <class Row>
struct Bessel;
BESSEL(besselJ0, vm::abs(x), bessel_j0)
BESSEL(besselJ1, vm::abs(x), bessel_j1)
BESSEL(besselY0, x, bessel_y0)
BESSEL(besselY1, x, bessel_y1)

/** Blocks within 5, or within the limit, take the shorter loops; levels without a limit have none. */
template <class Row>
void bessel_span(std::byte* out, const std::byte* const* in, int64_t n, const double* p) {
  constexpr int64_t kStep = 512;
  double* y = reinterpret_cast<double*>(out);
  const double* x = reinterpret_cast<const double*>(in[0]);
  for (int64_t i = 0; i < n; i += kStep, x += kStep, y += kStep) {
    const int64_t m = std::min(kStep, n - i);
    int32_t far = 0, beyond = 0;
#pragma omp simd reduction(+ : far, beyond)
    for (int64_t j = 0; j < m; j++) {
      const double place = Bessel<Row>::place_of(x[j]);
      far += place <= 5 ? 0 : 1;
      beyond += place <= ShortAngle::kLimit ? 0 : 1;
    }
    if (far == 0) {
#pragma omp simd
      for (int64_t j = 0; j < m; j++) y[j] = Bessel<Row>::near(x[j]);
    } else if (beyond == 0) {
#pragma omp simd
      for (int64_t j = 0; j < m; j++) y[j] = Bessel<Row>::most(x[j]);
    } else {
      for (int64_t j = 0; j < m; j++) y[j] = Row::template apply<double>(x[j], p);
    }
  }
}
template <class Row>
inline constexpr auto kSpecial1 = kLoops1<Row>;
template <class Row>
  requires(ShortAngle::kLimit > 0 && requires { Bessel<Row>::near(0.0); })
inline constexpr auto kSpecial1<Row> = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn {
  return std::is_same_v<T, float> ? span_in_double<bessel_span<Row>, 1> : bessel_span<Row>;
});

}  // namespace

void register_special(KernelTable& table) {
  // all are map plans over (out, x) or (out, a, b) of one floating dtype
#define ADD1(name, ...) table.add(#name, same_dtype_kernel<name##Row, kSpecial1<name##Row>, 2>);
#define ADD2(name, ...) table.add(#name, same_dtype_kernel<name##Row, kLoops2<name##Row>, 3>);
  FB_SPECIAL_UNARY_ROWS(ADD1)
  FB_SPECIAL_BINARY_ROWS(ADD2)
#undef ADD1
#undef ADD2
}

}  // namespace flambeau::FB_ISA
