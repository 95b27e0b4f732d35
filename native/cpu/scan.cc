// Running reductions along one dim: cumsum, cumprod, cummax, cummin, logcumsumexp. Called through the kernel table.
//
// A scan is a chain of dependent operations, so speed comes from running chains side by side: along a dense dim four
// rows at a time, along an outer one a strip of 256 columns whose states stay in L1. Sums and products of floating
// point are kept in double, as PyTorch keeps them.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../backend.h"
#include "../parallel.h"
#include "walk.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kStrip = 256;

template <class T>
using ScanType = std::conditional_t<is_floating<T>, double, uint64_t>;
template <class A, class T>
FB_INLINE A widen(T x) {
  if constexpr (is_bool<T>) {
    return static_cast<A>(x.byte != 0 ? 1 : 0);
  } else {
    return static_cast<A>(x);
  }
}

/** An operation gives In, Out, State, start(), step(state, x, i) and value(state); with kIndexed also index(state). */
template <class T, bool Product>
struct Accumulated {
  using In = T;
  using Out = std::conditional_t<is_floating<T>, T, int64_t>;
  using State = ScanType<T>;
  static constexpr bool kIndexed = false;
  static State start() { return Product ? 1 : 0; }
  static FB_INLINE State step(State s, T x, int64_t) { return Product ? s * widen<State>(x) : s + widen<State>(x); }
  static FB_INLINE Out value(State s) { return static_cast<Out>(s); }
};
template <class T>
using CumSum = Accumulated<T, false>;
template <class T>
using CumProd = Accumulated<T, true>;

template <class T>
struct LogCumSumExp {
  using In = T;
  using Out = T;
  using State = double;
  static constexpr bool kIndexed = false;
  static State start() { return -std::numeric_limits<double>::infinity(); }
  static FB_INLINE State step(State s, T value, int64_t) {
    const double x = widen<double>(value);
    if (x != x || s != s) return x + s;
    const double low = std::min(s, x), high = std::max(s, x);
    return low == high && std::isinf(low) ? low : high + std::log1p(std::exp(low - high));
  }
  static FB_INLINE Out value(State s) { return static_cast<Out>(s); }
};

template <class T, int Sign>
struct Running {
  using In = std::conditional_t<is_bool<T>, uint8_t, T>;
  using Out = In;
  struct State {
    In value;
    int64_t index;
  };
  static constexpr bool kIndexed = true;
  static State start() { return {In(0), -1}; }
  /** The last of equals is remembered; a NaN stays, the latest of them. */
  static FB_INLINE State step(State s, In value, int64_t i) {
    In x = value;
    if constexpr (is_bool<T>) x = x != 0;
    const bool better = (s.index < 0) | (Sign > 0 ? x >= s.value : x <= s.value) | (x != x);
    return better ? State{x, i} : s;
  }
  static FB_INLINE Out value(State s) { return s.value; }
};
template <class T>
using CumMax = Running<T, 1>;
template <class T>
using CumMin = Running<T, -1>;

/** A scan's operands, and its steps in elements: along the scanned dim, and to the next line. */
struct Lines {
  const Operand &out, &index, &in;  // `index` is only read where there are indices
  int64_t n = 1, in_step = 1, out_step = 1, index_step = 1;
  int64_t in_next = 0, out_next = 0, index_next = 0;
  bool by_rows = false;
};

template <class Op>
struct Scan {
  using In = typename Op::In;
  using Out = typename Op::Out;
  using State = typename Op::State;
  // Types worth a loop of their own for contiguous columns.
  static constexpr bool kDense = !Op::kIndexed && sizeof(In) >= 4;

  template <int Rows>
  static void rows(const In* in, Out* out, int64_t* index, const Lines& l) {
    State state[Rows];
    FB_LANES for (int r = 0; r < Rows; r++) state[r] = Op::start();
    for (int64_t i = 0; i < l.n; i++) {
      FB_LANES for (int r = 0; r < Rows; r++) {
        state[r] = Op::step(state[r], in[r * l.in_next + i * l.in_step], i);
        out[r * l.out_next + i * l.out_step] = Op::value(state[r]);
        if constexpr (Op::kIndexed) index[r * l.index_next + i * l.index_step] = state[r].index;
      }
    }
  }
  static void columns(const In* in, Out* out, int64_t* index, int64_t count, const Lines& l) {
    State state[kStrip];
    for (int64_t c = 0; c < count; c++) state[c] = Op::start();
    for (int64_t i = 0; i < l.n; i++, in += l.in_step, out += l.out_step) {
      if (kDense && l.in_next == 1 && l.out_next == 1) {
        for (int64_t c = 0; c < count; c++) {
          state[c] = Op::step(state[c], in[c], i);
          out[c] = Op::value(state[c]);
        }
      } else {
        for (int64_t c = 0; c < count; c++) {
          state[c] = Op::step(state[c], in[c * l.in_next], i);
          out[c * l.out_next] = Op::value(state[c]);
          if constexpr (Op::kIndexed) index[c * l.index_next + i * l.index_step] = state[c].index;
        }
      }
    }
  }
  static void lines(const Lines& shared, const int64_t* at, int64_t count) {
    const Lines l = shared;  // a copy of its own, which stores of results cannot alias
    Out* out = l.out.template as<Out>() + at[0];
    int64_t* index = Op::kIndexed ? l.index.template as<int64_t>() + at[1] : nullptr;
    const In* in = l.in.template as<const In>() + at[2];
    for (int64_t c = 0; c < count;) {
      const int64_t width = !l.by_rows ? std::min(kStrip, count - c) : count - c >= 4 ? 4 : 1;
      if (!l.by_rows) {
        columns(in, out, index, width, l);
      } else if (width == 4) {
        rows<4>(in, out, index, l);
      } else {
        rows<1>(in, out, index, l);
      }
      c += width;
      in += width * l.in_next;
      out += width * l.out_next;
      if constexpr (Op::kIndexed) index += width * l.index_next;
    }
  }
};

void scan(const Plan& plan, int outputs, void (*lines)(const Lines&, const int64_t* at, int64_t count)) {
  Lines l{plan.operand[0], plan.operand[outputs - 1], plan.operand[outputs]};
  const int dim = static_cast<int>(plan.integer(0));
  const Operand* operands[3] = {&l.out, &l.index, &l.in};
  LineWalk<3> walk;
  walk.add_all(operands, l.in.sizes, l.in.ndim, dim, 2);
  if (l.in.ndim > 0) {
    l.n = l.in.sizes[dim];
    l.in_step = l.in.strides[dim];
    l.out_step = l.out.strides[dim];
    l.index_step = l.index.strides[dim];
  }
  if (l.n == 0 || walk.total == 0) return;
  l.out_next = walk.step(0);
  l.index_next = walk.step(1);
  l.in_next = walk.step(2);
  l.by_rows = walk.run_length() < 8 || walk.magnitude(l.in_step) <= walk.magnitude(l.in_next);
  parallel_for(walk.total, std::max<int64_t>(l.by_rows ? 1 : 16, kGrain / 2 / l.n), [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](const int64_t* at, int64_t count) { lines(l, at, count); });
  });
}

void check(const Plan& plan, int outputs) {
  plan.expect(outputs + 1, 1);
  const Operand& in = plan.operand[outputs];
  Plan::require(plan.structured, "a scan takes a structured plan");
  for (int o = 0; o < outputs; o++) {
    Plan::require(plan.operand[o].ndim == in.ndim, "a scan's operands differ in dims");
    for (int d = 0; d < in.ndim; d++) Plan::require(plan.operand[o].sizes[d] == in.sizes[d], "a scan's sizes differ");
  }
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(in.ndim, 1), "the dim is out of range");
}

/** visit without the halves: see register_scan. */
template <class F>
void visit_scanned(DType d, F&& f) {
  visit(d, [&](auto tag) {
    if constexpr (is_half<typename decltype(tag)::type>)
      Plan::require(false, "halves are widened before");
    else
      f(tag);
  });
}

template <template <class> class Op>
void accumulate(const Plan& plan) {
  check(plan, 1);
  const DType d = plan.operand[1].dtype;
  visit_scanned(d, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Plan::require(plan.operand[0].dtype == (is_floating<T> ? d : DType::i64), "the result is int64 for integers");
    scan(plan, 1, Scan<Op<T>>::lines);
  });
}
template <template <class> class Op>
void running(const Plan& plan) {
  check(plan, 2);
  Plan::require(plan.operand[0].dtype == plan.operand[2].dtype, "dtypes differ");
  Plan::require(plan.operand[1].dtype == DType::i64, "indices are int64");
  visit_scanned(plan.operand[2].dtype, [&](auto tag) { scan(plan, 2, Scan<Op<typename decltype(tag)::type>>::lines); });
}
void log_cumulative(const Plan& plan) {
  check(plan, 1);
  Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
  visit_wide(plan.operand[1].dtype,
             [&](auto tag) { scan(plan, 1, Scan<LogCumSumExp<typename decltype(tag)::type>>::lines); });
}

}  // namespace

/**
 * Structured plans, all operands of the same sizes; params [dim]. In place is fine.
 * cumsum, cumprod: out (the input's dtype; int64 for integers and bool), in
 * logcumsumexp: out, in (floating)
 * cummax, cummin: values, indices (int64), in
 */
void register_scan(KernelTable& table) {
  table.add("cumsum", widened<accumulate<CumSum>, 1>);
  table.add("cumprod", widened<accumulate<CumProd>, 1>);
  table.add("logcumsumexp", widened<log_cumulative, 1>);
  table.add("cummax", widened<running<CumMax>, 2>);
  table.add("cummin", widened<running<CumMin>, 2>);
}

}  // namespace flambeau::FB_ISA
