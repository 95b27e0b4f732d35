// Reductions to values: sums, products, extrema, norms, variance, logsumexp. Called through the kernel table.
//
// A row is taken in blocks of up to 32 × `kLanes` elements: each lane sums 32 elements, then the lanes are merged
// pairwise and the blocks as a binary tree, so a sum's error grows with the logarithm of its length. Columns add four
// rows at a time to a strip of partial results. Both are plain loops that the compiler vectorises.
#include "reduce.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "../backend.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

struct None {};

/** What each operation below starts from; it adds zero(), step(acc, x, context) and merge(a, b). */
template <class I, class A, class C = None>
struct Types {
  using In = I;
  using Acc = A;
  using Context = C;
};

/** Sums of integers wrap around in 64 bits. */
template <class T>
using SumType = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
/** What the driver converts elements of type T to. */
using Single = std::conditional_t<kReducesInDouble, double, float>;
template <class T>
using Widened =
    std::conditional_t<std::is_same_v<T, double>, double, std::conditional_t<is_floating<T>, Single, int64_t>>;

template <class T>
struct Sum : Types<T, SumType<T>> {
  using A = SumType<T>;
  static constexpr A zero() { return 0; }
  static FB_INLINE A step(A a, T x, None) { return a + static_cast<A>(x); }
  static FB_INLINE A merge(A a, A b) { return a + b; }
};
template <class T>
struct Prod : Types<T, SumType<T>> {
  using A = SumType<T>;
  static constexpr A zero() { return 1; }
  static FB_INLINE A step(A a, T x, None) { return a * static_cast<A>(x); }
  static FB_INLINE A merge(A a, A b) { return a * b; }
};
template <class T>
struct NanSum : Sum<T> {
  using A = SumType<T>;
  static FB_INLINE A step(A a, T x, None) {
    const A v = static_cast<A>(x);
    return a + (v == v ? v : A(0));
  }
};
/** The greater (Sign > 0) or smaller; a NaN on either side wins. */
template <class A, int Sign>
FB_INLINE A extremum(A a, A b) {
  if constexpr (std::is_floating_point_v<A>) {
    return ((Sign > 0 ? b > a : b < a) | (b != b)) ? b : a;
  } else {
    return (Sign > 0 ? b > a : b < a) ? b : a;
  }
}
template <class T, int Sign, bool Abs = false>
struct Extremum : Types<T, T> {
  using A = T;
  static constexpr A zero() {
    using L = std::numeric_limits<A>;
    if constexpr (L::has_infinity) return Sign > 0 ? (Abs ? A(0) : -L::infinity()) : L::infinity();
    return Sign > 0 ? L::lowest() : L::max();
  }
  static FB_INLINE A step(A a, T x, None) {
    T v = x;
    if constexpr (Abs) v = v < 0 ? -v : v;
    return extremum<A, Sign>(a, v);
  }
  static FB_INLINE A merge(A a, A b) { return extremum<A, Sign>(a, b); }
};
/** Whether any element is nonzero (Zero = false) or zero. */
template <bool Zero>
struct Exists : Types<uint8_t, uint8_t> {
  static constexpr uint8_t zero() { return 0; }
  static FB_INLINE uint8_t step(uint8_t a, uint8_t x, None) {
    return static_cast<uint8_t>(a | static_cast<uint8_t>((x != 0) != Zero));
  }
  static FB_INLINE uint8_t merge(uint8_t a, uint8_t b) { return static_cast<uint8_t>(a | b); }
};
struct Count : Types<uint8_t, uint64_t> {
  static constexpr uint64_t zero() { return 0; }
  static FB_INLINE uint64_t step(uint64_t a, uint8_t x, None) { return a + (x != 0 ? 1 : 0); }
  static FB_INLINE uint64_t merge(uint64_t a, uint64_t b) { return a + b; }
};
template <class T>
struct SumAbs : Sum<T> {
  using A = SumType<T>;
  static FB_INLINE A step(A a, T x, None) { return a + std::abs(static_cast<A>(x)); }
};
template <class T>
struct SumSquares : Sum<T> {
  using A = SumType<T>;
  static FB_INLINE A step(A a, T x, None) {
    const A v = static_cast<A>(x);
    return a + v * v;
  }
};
template <class T>
struct SumPowers : Types<T, SumType<T>, double> {
  using A = SumType<T>;
  static constexpr A zero() { return 0; }
  static FB_INLINE A step(A a, T x, double p) { return a + std::pow(std::abs(static_cast<A>(x)), static_cast<A>(p)); }
  static FB_INLINE A merge(A a, A b) { return a + b; }
};
/** The sum in double, whatever the type: the mean that deviations are measured from. */
template <class T>
struct WideSum : Types<T, double> {
  static constexpr double zero() { return 0; }
  static FB_INLINE double step(double a, T x, None) { return a + static_cast<double>(x); }
  static FB_INLINE double merge(double a, double b) { return a + b; }
};
template <class T>
struct Deviations : Types<T, double, double> {
  static constexpr double zero() { return 0; }
  static FB_INLINE double step(double a, T x, double mean) {
    const double d = static_cast<double>(x) - mean;
    return a + d * d;
  }
  static FB_INLINE double merge(double a, double b) { return a + b; }
};

/** e^x for x <= 0 (or +inf), within 1 ULP, in operations that vectorise. Copies for old processors have no use for it.
 */
[[maybe_unused]] FB_INLINE float exp_below(float x) {
  x = x < -104.0f ? -104.0f : x;
  x = x > 129.0f ? 129.0f : x;
  const float shifted = x * 1.44269504f + 12582912.0f;  // the integer part lands in the low bits
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // Two factors, so that neither 2^129 nor 2^-150 needs more than a float's exponent.
  const uint32_t k = std::bit_cast<uint32_t>(shifted) - 0x4b400000u;
  const uint32_t low = static_cast<uint32_t>(static_cast<int32_t>(k) >> 1);
  const float f1 = std::bit_cast<float>((low + 127u) << 23), f2 = std::bit_cast<float>((k - low + 127u) << 23);
  return p * f1 * f2;
}
FB_INLINE double exp_below(double x) { return std::exp(x); }
template <class T>
struct SumExp : Types<T, SumType<T>, SumType<T>> {
  using A = SumType<T>;
  static constexpr A zero() { return 0; }
  static FB_INLINE A step(A a, T x, A most) { return a + exp_below(static_cast<A>(x) - most); }
  static FB_INLINE A merge(A a, A b) { return a + b; }
};

template <class Op>
struct Run {
  using In = typename Op::In;
  using Acc = typename Op::Acc;
  using Context = typename Op::Context;
  static constexpr int64_t kLanes = 256 / static_cast<int64_t>(sizeof(Acc)), kBlock = 8 * kLanes;
  // 8 KB: without it one thread draws half of what memory gives (8 instead of 16 GB/s on Zen 3), and less from caches
  static constexpr int64_t kAhead = 8192 / static_cast<int64_t>(sizeof(In));

  template <int64_t N>
  static FB_INLINE Acc fold(Acc* lanes) {
    if constexpr (N == 1) {
      return lanes[0];
    } else {
#pragma omp simd
      for (int64_t j = 0; j < N / 2; j++) lanes[j] = Op::merge(lanes[j], lanes[j + N / 2]);
      return fold<N / 2>(lanes);
    }
  }
  static Acc leaf(const In* FB_RESTRICT p, int64_t n, Context context) {
    if (n < 64) {
      Acc lanes[4] = {Op::zero(), Op::zero(), Op::zero(), Op::zero()};
      int64_t i = 0;
      for (; i + 4 <= n; i += 4) {
        for (int64_t j = 0; j < 4; j++) lanes[j] = Op::step(lanes[j], p[i + j], context);
      }
      for (int64_t j = 0; i + j < n; j++) lanes[j] = Op::step(lanes[j], p[i + j], context);
      return fold<4>(lanes);
    }
    alignas(64) Acc lanes[kLanes];
    FB_LANES for (int64_t j = 0; j < kLanes; j++) lanes[j] = Op::zero();
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      FB_LANES for (int64_t j = 0; j < kLanes; j += 64 / static_cast<int64_t>(sizeof(In)))
          __builtin_prefetch(p + i + kAhead + j);
      FB_LANES for (int64_t j = 0; j < kLanes; j++) lanes[j] = Op::step(lanes[j], p[i + j], context);
    }
    for (int64_t j = 0; i + j < n; j++) lanes[j] = Op::step(lanes[j], p[i + j], context);
    return fold<kLanes>(lanes);
  }
  static Acc row(const In* p, int64_t n, Context context) {
    if (n <= 4 * kBlock) return leaf(p, n, context);
    const int64_t half = n / 2 / kBlock * kBlock;
    return Op::merge(row(p, half, context), row(p + half, n - half, context));
  }
  static FB_INLINE Context context_of(const ReduceBlock& b, int64_t c) {
    if constexpr (std::is_same_v<Context, None>) {
      return {};
    } else {
      return static_cast<const Context*>(b.context)[c];
    }
  }
  static void rows(const ReduceBlock& b, void* out) {
    Acc* cells = static_cast<Acc*>(out);
    const In* p = static_cast<const In*>(b.p);
    for (int64_t c = 0; c < b.count; c++, p += b.pitch) cells[c] = row(p, b.n, context_of(b, c));
  }
  static void cols(const ReduceBlock& b, void* out) {
    Acc* FB_RESTRICT cells = static_cast<Acc*>(out);
    const In* FB_RESTRICT p = static_cast<const In*>(b.p);
    const int64_t count = b.count, pitch = b.pitch;
    for (int64_t c = 0; c < count; c++) cells[c] = Op::zero();
    int64_t i = 0;
    for (; i + 4 <= b.n; i += 4, p += 4 * pitch) {
      for (int64_t c = 0; c < count; c++) {
        const Context x = context_of(b, c);
        const Acc two = Op::step(Op::step(cells[c], p[c], x), p[c + pitch], x);
        cells[c] = Op::step(Op::step(two, p[c + 2 * pitch], x), p[c + 3 * pitch], x);
      }
    }
    for (; i < b.n; i++, p += pitch) {
      for (int64_t c = 0; c < count; c++) cells[c] = Op::step(cells[c], p[c], context_of(b, c));
    }
  }
  static void merge(void* cells, const void* later, int64_t count) {
    Acc* FB_RESTRICT a = static_cast<Acc*>(cells);
    const Acc* FB_RESTRICT b = static_cast<const Acc*>(later);
    for (int64_t c = 0; c < count; c++) a[c] = Op::merge(a[c], b[c]);
  }
  static void clear(void* cells, int64_t count) {
    for (int64_t c = 0; c < count; c++) static_cast<Acc*>(cells)[c] = Op::zero();
  }
  static constexpr Reads reads = std::is_same_v<In, float>     ? Reads::f32
                                 : std::is_same_v<In, double>  ? Reads::f64
                                 : std::is_same_v<In, int64_t> ? Reads::i64
                                                               : Reads::truth;
  static constexpr Reducer reducer = {
      reads, sizeof(Acc), std::is_same_v<Context, None> ? 0 : sizeof(Context), 32, false, rows, cols, merge, clear};
};

/** Rounding to a half is long: once, not in every loop over results. */
template <class T>
FB_NOINLINE void put_half(T* to, float value) {
  *to = T(value);
}
template <class T, class V>
FB_INLINE void put(T* to, V value) {
  if constexpr (is_half<T>)
    put_half(to, value);
  else
    *to = T(value);
}

/** Writes f(cell, sink, index) as T. */
template <class T, class Acc, auto F>
void write_cells(const ReduceSink& sink, const void* cells, int64_t count, int64_t index) {
  T* out = reinterpret_cast<T*>(sink.out[0]);
  for (int64_t c = 0; c < count; c++) {
    put(out + c * sink.step[0], F(static_cast<const Acc*>(cells)[c], sink, index + c));
  }
}
template <class T, class Op, auto F>
void reduce_to(const Plan& plan, ReduceSink sink = {}, const void* contexts = nullptr) {
  sink.write = write_cells<T, typename Op::Acc, F>;
  reduce(plan, 1, 1, Run<Op>::reducer, sink, contexts);
}

template <class A>
A same(A a, const ReduceSink&, int64_t) {
  return a;
}
template <class A>
A over_count(A a, const ReduceSink& sink, int64_t) {
  return static_cast<A>(a / static_cast<A>(sink.number));
}
template <class A>
A root(A a, const ReduceSink&, int64_t) {
  return std::sqrt(a);
}
template <class A>
A root_of(A a, const ReduceSink& sink, int64_t) {
  return std::pow(a, static_cast<A>(1 / sink.number));
}
template <class A>
A to_floating(uint64_t n, const ReduceSink&, int64_t) {
  return static_cast<A>(n);
}
inline bool exists(uint8_t a, const ReduceSink&, int64_t) { return a != 0; }
inline bool lacks(uint8_t a, const ReduceSink&, int64_t) { return a == 0; }
inline int64_t signed_same(uint64_t a, const ReduceSink&, int64_t) { return static_cast<int64_t>(a); }

/** Calls `f` with the tag of the input's type if it is floating and the output's type is the same. */
template <class F>
void visit_floating(const Plan& plan, F&& f) {
  const DType d = plan.operand[plan.operands - 1].dtype;
  for (int o = 0; o + 1 < plan.operands; o++) Plan::require(plan.operand[o].dtype == d, "dtypes differ");
  switch (d) {
    case DType::f32: return f(TypeTag<float>{});
    case DType::f64: return f(TypeTag<double>{});
    case DType::f16: return f(TypeTag<Half>{});
    case DType::bf16: return f(TypeTag<BFloat16>{});
    default: throw PlanError("expected floating point");
  }
}

template <template <class> class Op>
void sum_like(const Plan& plan) {
  plan.expect(2, 1);
  visit(plan.operand[1].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating<T>) {
      Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
      reduce_to<T, Op<Widened<T>>, same<SumType<Widened<T>>>>(plan);
    } else {
      Plan::require(plan.operand[0].dtype == DType::i64, "a sum of integers is int64");
      reduce_to<int64_t, Op<int64_t>, signed_same>(plan);
    }
  });
}
void nan_sum(const Plan& plan) {
  plan.expect(2, 1);
  visit_floating(plan, [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_to<T, NanSum<Widened<T>>, same<Widened<T>>>(plan);
  });
}
void mean(const Plan& plan) {
  plan.expect(2, 1);
  ReduceSink sink;
  sink.number = static_cast<double>(reduced_numel(plan, 1));
  visit_floating(plan, [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_to<T, Sum<Widened<T>>, over_count<Widened<T>>>(plan, sink);
  });
}
template <int Sign>
void extremum_of(const Plan& plan) {
  plan.expect(2, 1);
  Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
  visit(plan.operand[1].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = Widened<T>;
    reduce_to<std::conditional_t<is_bool<T>, uint8_t, T>, Extremum<A, Sign>, same<A>>(plan);
  });
}
template <bool All>
void all_any(const Plan& plan) {
  plan.expect(2, 1);
  Plan::require(plan.operand[0].dtype == DType::b8, "all and any give bool");
  reduce_to<Bool, Exists<All>, All ? lacks : exists>(plan);
}
void count_nonzero(const Plan& plan) {
  plan.expect(2, 1);
  Plan::require(plan.operand[0].dtype == DType::i64, "a count is int64");
  reduce_to<int64_t, Count, signed_same>(plan);
}
void norm(const Plan& plan) {
  plan.expect(2, 2);
  const double p = plan.param[1];
  visit_floating(plan, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = Widened<T>;
    if (p == 2) return reduce_to<T, SumSquares<A>, root<A>>(plan);
    if (p == 1) return reduce_to<T, SumAbs<A>, same<A>>(plan);
    if (p == 0) return reduce_to<T, Count, to_floating<A>>(plan);
    if (std::isinf(p)) {
      if (p > 0) return reduce_to<T, Extremum<A, 1, true>, same<A>>(plan);
      return reduce_to<T, Extremum<A, -1, true>, same<A>>(plan);
    }
    ReduceSink sink;
    sink.number = p;
    reduced_numel(plan, 1);
    const int64_t kept = kept_numel(plan);
    LineBuffer<double> powers(kept);
    for (int64_t k = 0; k < kept; k++) powers[k] = p;
    reduce_to<T, SumPowers<A>, root_of<A>>(plan, sink, powers.get());
  });
}

template <class A>
void keep_maximum(const ReduceSink& sink, const void* cells, int64_t count, int64_t index) {
  for (int64_t c = 0; c < count; c++) {
    const A most = static_cast<const A*>(cells)[c];
    static_cast<A*>(sink.context)[index + c] = std::isinf(most) ? A(0) : most;  // inf - inf would be NaN
  }
}
template <class A>
A log_plus_maximum(A a, const ReduceSink& sink, int64_t index) {
  return std::log(a) + static_cast<const A*>(sink.context)[index];
}
void logsumexp(const Plan& plan) {
  plan.expect(2, 1);
  reduced_numel(plan, 1);
  visit_floating(plan, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = Widened<T>;
    LineBuffer<A> most(kept_numel(plan));
    ReduceSink sink;
    sink.context = most.get();
    sink.write = keep_maximum<A>;
    reduce(plan, 1, 1, Run<Extremum<A, 1>>::reducer, sink);
    reduce_to<T, SumExp<A>, log_plus_maximum<A>>(plan, sink, most.get());
  });
}

void keep_mean(const ReduceSink& sink, const void* cells, int64_t count, int64_t index) {
  for (int64_t c = 0; c < count; c++) {
    static_cast<double*>(sink.context)[index + c] = static_cast<const double*>(cells)[c] / sink.number;
  }
}
template <class T, bool WithMean>
void write_variance(const ReduceSink& sink, const void* cells, int64_t count, int64_t index) {
  for (int64_t c = 0; c < count; c++) {
    const double freedom = sink.number > sink.extra ? sink.number - sink.extra : 0;
    const double variance =
        sink.number == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<const double*>(cells)[c] / freedom;
    put(reinterpret_cast<T*>(sink.out[0]) + c * sink.step[0], static_cast<Compute<T>>(variance));
    if constexpr (WithMean) {
      const double mean = static_cast<const double*>(sink.context)[index + c];
      put(reinterpret_cast<T*>(sink.out[1]) + c * sink.step[1], static_cast<Compute<T>>(mean));
    }
  }
}
template <bool WithMean>
void variance(const Plan& plan) {
  constexpr int kOutputs = WithMean ? 2 : 1;
  plan.expect(kOutputs + 1, 2);
  ReduceSink sink;
  sink.number = static_cast<double>(reduced_numel(plan, kOutputs));
  sink.extra = plan.param[1];
  LineBuffer<double> means(kept_numel(plan));
  sink.context = means.get();
  visit_floating(plan, [&](auto tag) {
    using T = typename decltype(tag)::type;
    sink.write = keep_mean;
    reduce(plan, kOutputs, kOutputs, Run<WideSum<Widened<T>>>::reducer, sink);
    sink.write = write_variance<T, WithMean>;
    reduce(plan, kOutputs, kOutputs, Run<Deviations<Widened<T>>>::reducer, sink, means.get());
  });
}

}  // namespace

/**
 * All are map plans with dims [kept…, reduced…], the outputs with stride 0 on the reduced ones; params [kept dims, …].
 * sum, prod: out (the input's dtype, int64 for integers and bool), in; [nk]
 * mean, nansum, logsumexp: out, in (floating, same dtype); [nk]
 * amax, amin: out, in (any dtype, same); [nk]. An empty reduction gives the identity: callers refuse it.
 * all, any: out (bool), in; [nk]        countNonzero: out (int64), in; [nk]
 * norm: out, in (floating); [nk, p]     var: out, in; [nk, correction]     varMean: var, mean, in; [nk, correction]
 */
void register_reduce(KernelTable& table) {
  table.add("sum", sum_like<Sum>);
  table.add("prod", sum_like<Prod>);
  table.add("nansum", nan_sum);
  table.add("mean", mean);
  table.add("amax", extremum_of<1>);
  table.add("amin", extremum_of<-1>);
  table.add("all", all_any<true>);
  table.add("any", all_any<false>);
  table.add("countNonzero", count_nonzero);
  table.add("norm", norm);
  table.add("logsumexp", logsumexp);
  table.add("var", variance<false>);
  table.add("varMean", variance<true>);
  register_reduce_index(table);
}

}  // namespace flambeau::FB_ISA
