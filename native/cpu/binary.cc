// Element-wise kernels of two operands, and the one-pass backward formulas; registered by cpu.cc. The formulas are the
// rows of functors.h.
#include <bit>
#include <stdexcept>

#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_BINARY_ROWS(FB_ROW2)
FB_BINARY_PARAM_ROWS(FB_ROW2)
FB_DIVISION_ROWS(FB_ROW2)
FB_BACKWARD_ROWS(FB_ROW2)

/** The commonest rows have loops for a scalar on either side; the others see it repeated in a block. */
template <class Row>
constexpr auto kArithmetic = loops_of<Row, Span>([]<class T>(TypeTag<T>) {
  if constexpr (std::is_floating_point_v<T>) {
    return Span{span2<Row, T>, span2<Row, T, T, Scalars::left>, span2<Row, T, T, Scalars::right>};
  } else {
    return Span{span2<Row, T>};
  }
});

/** Integers refuse a zero divisor before anything of the block is written. */
template <class Row, class T>
void division_span(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  if constexpr (std::is_integral_v<T>) {
    const T* b = reinterpret_cast<const T*>(in[1]);
    int64_t zeros = 0;
#pragma omp simd reduction(+ : zeros)
    for (int64_t i = 0; i < n; i++) zeros += b[i] == 0 ? 1 : 0;
    if (zeros != 0) throw std::domain_error("ZeroDivisionError");
  }
  span2<Row, T>(out, in, n, param);
}

/** How a division is finished: from the rest of floats, and from whole numbers in double. */
template <class Row>
struct Division;
template <>
struct Division<fmodRow> {
  template <class T>
  static FB_INLINE T finish(T, T rest, T) {
    return rest;
  }
  static FB_INLINE double whole(double a, double b) { return a - std::trunc(a / b) * b; }
};
template <>
struct Division<remainderRow> {
  template <class T>
  static FB_INLINE T finish(T, T rest, T b) {
    return fn::floor_rest(rest, b);
  }
  static FB_INLINE double whole(double a, double b) { return a - std::floor(a / b) * b; }
};
template <>
struct Division<floorDivideRow> {
  template <class T>
  static FB_INLINE T finish(T a, T rest, T b) {
    return fn::floor_quotient(a, rest, b);
  }
  static FB_INLINE double whole(double a, double b) { return std::floor(a / b); }
};
template <>
struct Division<truncDivideRow> {
  static FB_INLINE double whole(double a, double b) { return std::trunc(a / b); }
};

/**
 * fmod of floats and doubles and what is made of it, without a call per element. Where all quotients of a block are
 * small enough, trunc(x / b) is the quotient or one too much (where x / b was rounded up to a whole number), so that
 * the rest is exact by a fused multiply-add, or for floats in double; where it has the wrong sign, one b is given back.
 */
template <class Row, class T>
void remainder_span(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  constexpr int64_t kBlock = 256;
  constexpr double kMost = sizeof(T) == 4 ? 0x1p29 : 0x1p52;
  const T *a = reinterpret_cast<const T*>(in[0]), *b = reinterpret_cast<const T*>(in[1]);
  T* y = reinterpret_cast<T*>(out);
  T rest[kBlock];
  for (int64_t first = 0; first < n; first += kBlock, a += kBlock, b += kBlock, y += kBlock) {
    const int64_t m = std::min(kBlock, n - first);
    int large = 0;
    for (int64_t i = 0; i < m; i++) {
      const double x = static_cast<double>(a[i]), by = static_cast<double>(b[i]), q = x / by;
      large |= vm::abs(q) < kMost ? 0 : 1;  // NaN is large, too
      const double r = vm::madd(-std::trunc(q), by, x);
      rest[i] = vm::with_sign(static_cast<T>(r * x < 0 ? r + vm::with_sign(by, x) : r), a[i]);
    }
    if (large != 0) {
      const std::byte* const block[] = {reinterpret_cast<const std::byte*>(a), reinterpret_cast<const std::byte*>(b)};
      span2<Row, T>(reinterpret_cast<std::byte*>(y), block, m, param);
    } else {
      for (int64_t i = 0; i < m; i++) y[i] = Division<Row>::finish(a[i], rest[i], b[i]);
    }
  }
}

/**
 * Whole numbers below 2^50 are exact in double, and their quotients are rounded too little to reach the next whole
 * number; so blocks of such are divided there, four at a time.
 */
template <class Row, class T>
void whole_division_span(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  constexpr int64_t kBlock = 256;
  constexpr double kMagic = 0x1.8p52;
  const T *a = reinterpret_cast<const T*>(in[0]), *b = reinterpret_cast<const T*>(in[1]);
  T* y = reinterpret_cast<T*>(out);
  const auto wide = [](T v) {
    if constexpr (sizeof(T) == 8)
      return vm::from_bits(static_cast<uint64_t>(v) + vm::to_bits(kMagic)) - kMagic;
    else
      return static_cast<double>(v);
  };
  const auto narrow = [](double v) { return static_cast<T>(vm::to_bits(v + kMagic) - vm::to_bits(kMagic)); };
  for (int64_t first = 0; first < n; first += kBlock, a += kBlock, b += kBlock, y += kBlock) {
    const int64_t m = std::min(kBlock, n - first);
    uint64_t large = 0;  // what does not fit, and a zero divisor
    for (int64_t i = 0; i < m; i++) {
      constexpr uint64_t half = uint64_t{1} << 50;
      if constexpr (sizeof(T) == 8)
        large |= ((static_cast<uint64_t>(a[i]) + half) | (static_cast<uint64_t>(b[i]) + half)) >> 51;
      large |= b[i] == 0 ? 1 : 0;
    }
    if (large != 0) {
      const std::byte* const block[] = {reinterpret_cast<const std::byte*>(a), reinterpret_cast<const std::byte*>(b)};
      division_span<Row, T>(reinterpret_cast<std::byte*>(y), block, m, param);
    } else {
      for (int64_t i = 0; i < m; i++) y[i] = narrow(Division<Row>::whole(wide(a[i]), wide(b[i])));
    }
  }
}
template <class Row, class T>
void fast_division_span(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  if constexpr (kSmallCopy)
    division_span<Row, T>(out, in, n, param);
  else if constexpr (std::is_integral_v<T>)
    whole_division_span<Row, T>(out, in, n, param);
  else if constexpr (std::is_same_v<Row, truncDivideRow> || (sizeof(T) == 8 && !FB_HAS_FMA))
    span2<Row, T>(out, in, n, param);
  else
    remainder_span<Row, T>(out, in, n, param);
}
template <class Row>
inline constexpr auto kDivision =
    loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn { return fast_division_span<Row, T>; });

// ---- pow with one exponent for all

FB_ROW1(PowSquare, Numbers, 0, kCheap, fn::mul(x, x))
FB_ROW1(PowCube, Numbers, 0, kCheap, fn::mul(fn::mul(x, x), x))
FB_ROW1(PowRoot, Floating, 0, kCheap, vm::sqrt(x))
FB_ROW1(PowInverse, Floating, 0, kCheap, T{1} / x)
FB_ROW1(PowInverseSquare, Floating, 0, kCheap, T{1} / (x * x))
FB_ROW1(PowInverseRoot, Floating, 0, kCheap, T{1} / vm::sqrt(x))

/** The loop of x^e where PyTorch computes it without pow (sqrt(-inf) is NaN, unlike pow's inf); null for other e. */
SpanFn simple_power(double e, DType d) {
  const size_t at = loop_of(d);
  if (e == 2) return kLoops1<PowSquareRow>[at];
  if (e == 3) return kLoops1<PowCubeRow>[at];
  if (at >= kLoops<PowRootRow>) return nullptr;
  if (e == 0.5) return kLoops1<PowRootRow>[at];
  if (e == -1) return kLoops1<PowInverseRow>[at];
  if (e == -2) return kLoops1<PowInverseSquareRow>[at];
  if (e == -0.5) return kLoops1<PowInverseRootRow>[at];
  return nullptr;
}
void pow_kernel(const Plan& plan) {
  plan.expect(3, 0);
  Plan::require(!plan.structured, "expected a map plan");  // there an exponent may have no elements
  const DType d = common_dtype(plan, 0);
  const Operand& exponent = plan.operand[2];
  bool scalar = plan.numel() > 0;
  for (int i = 0; i < plan.ndim; i++) scalar = scalar && (exponent.strides[i] == 0 || plan.sizes[i] == 1);
  if (scalar) {
    const double e = visit(exponent.dtype, [&]<class T>(TypeTag<T>) {
      return static_cast<double>(static_cast<Compute<T>>(exponent.as<T>()[0]));
    });
    if (const SpanFn simple = simple_power(e, d)) return run_map(plan, 2, Span{simple}, kCheap);
  }
  run_map(plan, 3, Span{kLoops2<powRow>[loop_of(d)]}, kCostly);
}

// ---- nextafter: the halves step on their own bits

template <class T>
T next_after(T a, T b) {
  if constexpr (is_half<T>) {
    const float x = a, y = b;
    if (x != x || y != y) return T(x + y);
    if (x == y) return b;
    T r = a;
    if (x == 0)
      r.bits = static_cast<uint16_t>(y > 0 ? 1 : 0x8001);
    else
      r.bits = static_cast<uint16_t>((x < y) == (x > 0) ? a.bits + 1 : a.bits - 1);
    return r;
  } else {
    return std::nextafter(a, b);
  }
}
template <class T>
void nextafter_span(std::byte* out, const std::byte* const* in, int64_t n, const double*) {
  T* y = reinterpret_cast<T*>(out);
  const T* a = reinterpret_cast<const T*>(in[0]);
  const T* b = reinterpret_cast<const T*>(in[1]);
  for (int64_t i = 0; i < n; i++) y[i] = next_after(a[i], b[i]);
}
void nextafter_kernel(const Plan& plan) {
  plan.expect(3, 0);
  Span span;
  switch (common_dtype(plan, 0)) {
    case DType::f32: span.run = nextafter_span<float>; break;
    case DType::f64: span.run = nextafter_span<double>; break;
    case DType::f16: span.run = nextafter_span<Half>; break;
    case DType::bf16: span.run = nextafter_span<BFloat16>; break;
    default: break;
  }
  run_map(plan, 3, span, kSlow, Halves::raw);
}

}  // namespace

// All are map plans over (out, a, b) of one dtype; out may be a or b itself.
void register_binary(KernelTable& table) {
  // Dtypes as the rows of functors.h say. addScaled [alpha]: a + alpha·b. The backward rows are (out, g, y or x):
  // y for sigmoid, tanh and relu, x for the others; thresholdBackward [threshold], leakyReluBackward [slope].
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, kLoops2<name##Row>, 3>);
#define ADD_ARITHMETIC(name) table.add(#name, same_dtype_kernel<name##Row, kArithmetic<name##Row>, 3>);
  ADD_ARITHMETIC(add)
  ADD_ARITHMETIC(sub)
  ADD_ARITHMETIC(mul)
  ADD_ARITHMETIC(div)
  ADD(maximum)
  ADD(minimum)
  ADD(fmax)
  ADD(fmin)
  ADD(atan2)
  ADD(hypot)
  ADD(copysign)
  ADD(logaddexp)
  ADD(logaddexp2)
  ADD(xlogy)
  ADD(xlog1py)
  ADD(zeta)
  ADD(heaviside)
  ADD(gcd)
  ADD(lcm)
  ADD(bitwiseAnd)
  ADD(bitwiseOr)
  ADD(bitwiseXor)
  ADD(leftShift)
  ADD(rightShift)
  FB_BINARY_PARAM_ROWS(ADD)
  FB_BACKWARD_ROWS(ADD)
#undef ADD
#undef ADD_ARITHMETIC
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, kDivision<name##Row>, 3>);
  FB_DIVISION_ROWS(ADD)
#undef ADD
  table.add("pow", pow_kernel);              // numbers; one exponent for all: 2, 3, 0.5, -1, -2, -0.5 without pow
  table.add("nextafter", nextafter_kernel);  // floating
}

}  // namespace flambeau::FB_ISA
