// Element-wise kernels of one operand; registered by cpu.cc. The formulas are the rows of functors.h.
#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_UNARY_ROWS(FB_ROW1)
FB_UNARY_PARAM_ROWS(FB_ROW1)

#define GUARDED_ROW(name, range, short_expression, expression) \
  struct name##Row {                                           \
    static constexpr Domain kDomain = Domain::Floating;        \
    static constexpr int kParams = 0;                          \
    static constexpr int64_t kGrainOf = kCostly;               \
    template <class T>                                         \
    static FB_INLINE bool in_range(T x) {                      \
      return range;                                            \
    }                                                          \
    template <class T>                                         \
    static FB_INLINE T in_range_value(T x) {                   \
      return short_expression;                                 \
    }                                                          \
    template <class T>                                         \
    static FB_INLINE T value(T x) {                            \
      return expression;                                       \
    }                                                          \
  };
FB_GUARDED_ROWS(GUARDED_ROW)

/** Blocks that lie in the common range take the shorter loop; the range is tested while the block comes into L1. */
template <class Row, class T>
void guarded_span(std::byte* out, const std::byte* const* in, int64_t n, const double*) {
  constexpr int64_t kStep = 512;
  T* y = reinterpret_cast<T*>(out);
  const T* x = reinterpret_cast<const T*>(in[0]);
  if constexpr (kSmallCopy) {
    for (int64_t i = 0; i < n; i++) y[i] = Row::value(x[i]);
    return;
  }
  for (int64_t i = 0; i < n; i += kStep, x += kStep, y += kStep) {
    const int64_t m = std::min(kStep, n - i);
    int32_t outside = 0;
#pragma omp simd reduction(+ : outside)
    for (int64_t j = 0; j < m; j++) outside += Row::in_range(x[j]) ? 0 : 1;
    if (outside == 0) {
#pragma omp simd
      for (int64_t j = 0; j < m; j++) y[j] = Row::in_range_value(x[j]);
    } else {
#pragma omp simd
      for (int64_t j = 0; j < m; j++) y[j] = Row::value(x[j]);
    }
  }
}
template <class Row>
inline constexpr auto kGuarded = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn {
  if constexpr (kInDouble<Row> && std::is_same_v<T, float>)
    return span_in_double<guarded_span<Row, double>, 1>;
  else
    return guarded_span<Row, T>;
});

/** Bounds as T; an absent one is the type's own, so that NaN passes through both comparisons. */
template <class T>
void clamp_span(std::byte* out, const std::byte* const* in, int64_t n, const double* p) {
  using Limits = std::numeric_limits<T>;
  const T least = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  const T most = Limits::has_infinity ? Limits::infinity() : Limits::max();
  const T lo = p[0] != 0 ? fn::as<T>(p[1]) : least, hi = p[2] != 0 ? fn::as<T>(p[3]) : most;
  T* y = reinterpret_cast<T*>(out);
  const T* x = reinterpret_cast<const T*>(in[0]);
  if (lo != lo || hi != hi) {  // PyTorch: a NaN bound makes everything NaN
    for (int64_t i = 0; i < n; i++) y[i] = lo != lo ? lo : hi;
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const T raised = x[i] < lo ? lo : x[i];
    y[i] = raised > hi ? hi : raised;
  }
}
struct ClampRow {
  static constexpr Domain kDomain = Domain::Numbers;
  static constexpr int kParams = 4;
  static constexpr int64_t kGrainOf = kCheap;
};
constexpr auto kClamp = loops_of<ClampRow>([]<class T>(TypeTag<T>) -> SpanFn { return clamp_span<T>; });

}  // namespace

// All are map plans over (out, x) of one dtype, out may be x itself.
void register_unary(KernelTable& table) {
  // Dtypes as the rows of functors.h say; no parameters, but for
  //   threshold [threshold, value]   leakyRelu [slope]   elu [alpha, scale, inputScale]   polygamma [order]
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, kLoops1<name##Row>, 2>);
  FB_UNARY_ROWS(ADD)
  FB_UNARY_PARAM_ROWS(ADD)
#undef ADD
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, kGuarded<name##Row>, 2>);
  FB_GUARDED_ROWS(ADD)
#undef ADD
  // Numbers; [hasMin, min, hasMax, max].
  table.add("clamp", same_dtype_kernel<ClampRow, kClamp, 2>);
  table.add("hardtanh", same_dtype_kernel<ClampRow, kClamp, 2>);
}

}  // namespace flambeau::FB_ISA
