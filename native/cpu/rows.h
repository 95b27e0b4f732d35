// From the rows of functors.h to spans: which dtypes a row has, and its table of compiled loops. Used by unary.cc,
// binary.cc, compare.cc and ternary.cc.
#pragma once
#include <array>

#include "../functors.h"
#include "loops.h"

namespace flambeau::FB_ISA {

/** Whether this copy is to be small: loops that are only faster than others are left out. */
#if defined(FB_SMALL)
inline constexpr bool kSmallCopy = true;
#else
inline constexpr bool kSmallCopy = false;
#endif

/** The dtypes of a row. */
enum class Domain { Floating, Numbers, Any, Integers, Bits };

template <class T>
constexpr bool in_domain(Domain d) {
  switch (d) {
    case Domain::Floating: return is_floating<T>;
    case Domain::Numbers: return !is_bool<T>;
    case Domain::Any: return true;
    case Domain::Integers: return !is_floating<T> && !is_bool<T>;
    case Domain::Bits: return !is_floating<T>;
  }
  return false;
}

/** A row as a type: FB_ROW1 of x, FB_ROW2 of a and b. `p` are the plan's parameters. */
#define FB_ROW(name, domain, params, cost, signature, expression) \
  struct name##Row {                                              \
    static constexpr Domain kDomain = Domain::domain;             \
    static constexpr int kParams = params;                        \
    [[maybe_unused]] static constexpr int64_t kGrainOf = cost;    \
    template <class T>                                            \
    static FB_INLINE auto apply signature {                       \
      return expression;                                          \
    }                                                             \
  };
#define FB_ROW1(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T x, [[maybe_unused]] const double* p), expression)
#define FB_ROW2(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T a, const T b, [[maybe_unused]] const double* p), expression)

/** The parameters where the compiler sees that no store changes them. */
template <int N>
struct Params {
  double value[N > 0 ? N : 1];
  explicit Params(const double* p) {
    for (int i = 0; i < N; i++) value[i] = p[i];
  }
};

/** y[i] = v; a Bool as its byte, for GCC does not vectorise stores of a class. */
template <class Out, class V>
FB_INLINE void put(Out* y, int64_t i, V v) {
  if constexpr (is_bool<Out>)
    reinterpret_cast<uint8_t*>(y)[i] = v ? 1 : 0;
  else
    y[i] = Out(v);
}

/** out[i] = Row(x[i]), from T to Out. */
template <class Row, class T, class Out = T>
void span1(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  Out* y = reinterpret_cast<Out*>(out);
  const T* x = reinterpret_cast<const T*>(in[0]);
  const Params<Row::kParams> p(param);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) put(y, i, Row::template apply<Compute<T>>(load(x, i), p.value));
}

enum class Scalars { none, left, right };
/** out[i] = Row(a[i], b[i]); `which` is a single element. */
template <class Row, class T, class Out = T, Scalars which = Scalars::none>
void span2(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  Out* y = reinterpret_cast<Out*>(out);
  const T* a = reinterpret_cast<const T*>(in[0]);
  const T* b = reinterpret_cast<const T*>(in[1]);
  const Params<Row::kParams> p(param);
  if constexpr (which == Scalars::left) {
    const auto v = load(a, 0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) put(y, i, Row::template apply<Compute<T>>(v, load(b, i), p.value));
  } else if constexpr (which == Scalars::right) {
    const auto v = load(b, 0);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) put(y, i, Row::template apply<Compute<T>>(load(a, i), v, p.value));
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) put(y, i, Row::template apply<Compute<T>>(load(a, i), load(b, i), p.value));
  }
}

/** Where a dtype's loop lies in a row's table: the halves take a float's, and rows of floating numbers have no others.
 */
constexpr size_t loop_of(DType d) {
  const size_t at = static_cast<size_t>(d);
  return d == DType::f16 || d == DType::bf16 ? 0 : at < 2 ? at : at - 2;
}
template <class Row>
inline constexpr size_t kLoops = Row::kDomain == Domain::Floating ? 2 : kDTypes - 2;

/** A row's loops; `make(TypeTag<T>{})` gives those of T. */
template <class Row, class Loop = SpanFn, class Make>
constexpr std::array<Loop, kLoops<Row>> loops_of(Make make) {
  std::array<Loop, kLoops<Row>> table{};
  const auto set = [&]<class T>(DType d, TypeTag<T> tag) {
    if constexpr (in_domain<T>(Row::kDomain)) table[loop_of(d)] = make(tag);
  };
  set(DType::f32, TypeTag<float>{});
  set(DType::f64, TypeTag<double>{});
  set(DType::i64, TypeTag<int64_t>{});
  set(DType::i32, TypeTag<int32_t>{});
  set(DType::i16, TypeTag<int16_t>{});
  set(DType::i8, TypeTag<int8_t>{});
  set(DType::u8, TypeTag<uint8_t>{});
  set(DType::b8, TypeTag<Bool>{});
  return table;
}

/** A loop over doubles for floats, block by block. */
FB_NOINLINE inline void run_in_double(SpanFn run, int inputs, std::byte* out, const std::byte* const* in, int64_t n,
                                      const double* param) {
  constexpr int64_t kStep = 256;
  double block[2][kStep];
  const std::byte* const from[2] = {reinterpret_cast<std::byte*>(block[0]), reinterpret_cast<std::byte*>(block[1])};
  float* y = reinterpret_cast<float*>(out);
  for (int64_t i = 0; i < n; i += kStep) {
    const int64_t m = std::min(kStep, n - i);
    for (int k = 0; k < inputs; k++) {
      const float* x = reinterpret_cast<const float*>(in[k]) + i;
      for (int64_t j = 0; j < m; j++) block[k][j] = x[j];
    }
    run(reinterpret_cast<std::byte*>(block[0]), from, m, param);
    for (int64_t j = 0; j < m; j++) y[i + j] = static_cast<float>(block[0][j]);
  }
}
template <SpanFn run, int inputs>
void span_in_double(std::byte* out, const std::byte* const* in, int64_t n, const double* param) {
  run_in_double(run, inputs, out, in, n, param);
}
/**
 * Slow formulas of floating numbers work in double for every dtype: their loops are compiled once. Small copies have
 * the costly ones in double alone, too, but for those with parameters, which a float would round.
 */
template <class Row>
inline constexpr bool kInDouble =
    Row::kDomain == Domain::Floating &&
    (Row::kGrainOf == kSlow || (kSmallCopy && Row::kGrainOf == kCostly && Row::kParams == 0));

template <class Row>
inline constexpr auto kLoops1 = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn {
  if constexpr (kInDouble<Row> && std::is_same_v<T, float>)
    return span_in_double<span1<Row, double>, 1>;
  else
    return span1<Row, T>;
});
template <class Row>
inline constexpr auto kLoops2 = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn {
  if constexpr (kInDouble<Row> && std::is_same_v<T, float>)
    return span_in_double<span2<Row, double>, 2>;
  else
    return span2<Row, T>;
});
/** To bool. */
template <class Row>
inline constexpr auto kPredicates1 = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn { return span1<Row, T, Bool>; });
template <class Row>
inline constexpr auto kPredicates2 = loops_of<Row>([]<class T>(TypeTag<T>) -> SpanFn { return span2<Row, T, Bool>; });

/** All operands from `first` on have one dtype. */
inline DType common_dtype(const Plan& plan, int first) {
  const DType d = plan.operand[first].dtype;
  for (int k = first + 1; k < plan.operands; k++) Plan::require(plan.operand[k].dtype == d, "operands differ in dtype");
  return d;
}

/** What run_same has to know of a kernel: there are some 300, and each is one call of it. */
struct Signature {
  uint8_t operands, params;
  uint8_t first;  // the operand from which on dtypes agree: 1 where the result is bool
  uint8_t loops;
  int32_t grain;
};
template <class Loop>
FB_NOINLINE inline void run_same(const Plan& plan, Signature s, const Loop* table) {
  plan.expect(s.operands, s.params);
  if (s.first == 1) Plan::require(plan.operand[0].dtype == DType::b8, "the result must be bool");
  const size_t at = loop_of(common_dtype(plan, s.first));
  run_map(plan, s.operands, at < s.loops ? Span{table[at]} : Span{}, s.grain);
}
/** A kernel whose operands all have one dtype. */
template <class Row, const auto& table, int operands>
void same_dtype_kernel(const Plan& plan) {
  run_same(plan, {operands, Row::kParams, 0, kLoops<Row>, Row::kGrainOf}, table.data());
}
/** A kernel with a bool result. */
template <class Row, const auto& table, int operands>
void predicate_kernel(const Plan& plan) {
  run_same(plan, {operands, Row::kParams, 1, kLoops<Row>, Row::kGrainOf}, table.data());
}

}  // namespace flambeau::FB_ISA
