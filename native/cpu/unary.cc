// Element-wise kernels of one operand; registered by cpu.cc. The formulas are the rows of functors.h.
#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_UNARY_ROWS(FB_ROW1)
FB_UNARY_PARAM_ROWS(FB_ROW1)

/** True if every |x| is small enough for the reduction; blocks of huge arguments are rare, so this is all they cost. */
template <class T>
bool all_within(const T* x, int64_t n, T limit) {
  int64_t beyond = 0;
#pragma omp simd reduction(+ : beyond)
  for (int64_t i = 0; i < n; i++) beyond += vm::abs(x[i]) > limit ? 1 : 0;
  return beyond == 0;
}

#define TRIG_ROW(name)                                                          \
  struct name##Row {                                                            \
    static constexpr Domain kDomain = Domain::Floating;                         \
    static constexpr int kParams = 0;                                           \
    static constexpr int64_t kGrainOf = kCostly;                                \
    template <class T>                                                          \
    static FB_INLINE T limited(T x) {                                           \
      return vm::name##_limited(x);                                             \
    }                                                                           \
    template <class T>                                                          \
    static FB_INLINE T full(T x) {                                              \
      return vm::name(x);                                                       \
    }                                                                           \
  };
FB_TRIG_ROWS(TRIG_ROW)

/** sin, cos, tan: blocks without huge arguments vectorise, the others choose element by element. */
template <class Row, class T>
void trig_span(std::byte* out, const std::byte* const* in, int64_t n, const double*) {
  constexpr int64_t kStep = 512;
  T* y = reinterpret_cast<T*>(out);
  const T* x = reinterpret_cast<const T*>(in[0]);
  for (int64_t i = 0; i < n; i += kStep, x += kStep, y += kStep) {
    const int64_t m = std::min(kStep, n - i);
    if (all_within(x, m, vm::kTrigLimitOf<T>)) {
#pragma omp simd
      for (int64_t j = 0; j < m; j++) y[j] = Row::limited(x[j]);
    } else {
      for (int64_t j = 0; j < m; j++) y[j] = Row::full(x[j]);
    }
  }
}
template <class Row>
inline constexpr auto kTrig = spans_of<Row>([]<class T>(TypeTag<T>) { return Span{trig_span<Row, T>}; });

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
constexpr auto kClamp = spans_of<ClampRow>([]<class T>(TypeTag<T>) { return Span{clamp_span<T>}; });

}  // namespace

// All are map plans over (out, x) of one dtype, out may be x itself.
void register_unary(KernelTable& table) {
  // Dtypes as the rows of functors.h say; no parameters, but for
  //   threshold [threshold, value]   leakyRelu [slope]   elu [alpha, scale, inputScale]
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, kSpans1<name##Row>, 2>);
  FB_UNARY_ROWS(ADD)
  FB_UNARY_PARAM_ROWS(ADD)
#undef ADD
#define ADD(name) table.add(#name, same_dtype_kernel<name##Row, kTrig<name##Row>, 2>);
  FB_TRIG_ROWS(ADD)
#undef ADD
  // Numbers; [hasMin, min, hasMax, max].
  table.add("clamp", same_dtype_kernel<ClampRow, kClamp, 2>);
  table.add("hardtanh", same_dtype_kernel<ClampRow, kClamp, 2>);
}

}  // namespace flambeau::FB_ISA
