// Running reductions along one dim: cumsum, cumprod, cummax, cummin, logcumsumexp. Called through the kernel table.
//
// A scan is a chain of dependent operations, so speed comes from running chains side by side: along a dense dim four rows
// at a time, along an outer one a strip of 256 columns whose states stay in L1. Sums and products of floating point are
// kept in double, as PyTorch keeps them.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../backend.h"
#include "../parallel.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kStrip = 256;

template <class T>
using ScanType = std::conditional_t<is_floating<T>, double, uint64_t>;
template <class A, class T>
FB_INLINE A widen(T x) {
  if constexpr (is_half<T>) {
    return static_cast<A>(static_cast<float>(x));
  } else if constexpr (is_bool<T>) {
    return static_cast<A>(x.byte != 0 ? 1 : 0);
  } else {
    return static_cast<A>(x);
  }
}
template <class Out, class A>
FB_INLINE Out narrow(A x) {
  if constexpr (is_half<Out>) {
    return Out(static_cast<float>(x));
  } else {
    return static_cast<Out>(x);
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
  static FB_INLINE State step(State s, T x, int64_t) {
    return Product ? s * widen<State>(x) : s + widen<State>(x);
  }
  static FB_INLINE Out value(State s) { return narrow<Out>(s); }
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
  static FB_INLINE Out value(State s) { return narrow<Out>(s); }
};

template <class T, int Sign>
struct Running {
  using In = std::conditional_t<is_bool<T>, uint8_t, T>;
  using Out = In;
  using A = std::conditional_t<is_half<T>, float, In>;
  struct State {
    A value;
    int64_t index;
  };
  static constexpr bool kIndexed = true;
  static State start() { return {A(0), -1}; }
  /** The last of equals is remembered; a NaN stays, the latest of them. */
  static FB_INLINE State step(State s, In value, int64_t i) {
    A x = static_cast<A>(value);
    if constexpr (is_bool<T>) x = x != 0;
    const bool better = (s.index < 0) | (Sign > 0 ? x >= s.value : x <= s.value) | (x != x);
    return better ? State{x, i} : s;
  }
  static FB_INLINE Out value(State s) { return Out(s.value); }
};
template <class T>
using CumMax = Running<T, 1>;
template <class T>
using CumMin = Running<T, -1>;

template <class Op>
struct Scan {
  using In = typename Op::In;
  using Out = typename Op::Out;
  using State = typename Op::State;

  struct Line {  // along the scanned dim
    int64_t n, in, out, index;
  };

  template <int Rows>
  static void rows(const In* in, int64_t in_next, Out* out, int64_t out_next, int64_t* index, int64_t index_next,
                   const Line& line) {
    State state[Rows];
    for (int r = 0; r < Rows; r++) state[r] = Op::start();
    for (int64_t i = 0; i < line.n; i++) {
      for (int r = 0; r < Rows; r++) {
        state[r] = Op::step(state[r], in[r * in_next + i * line.in], i);
        out[r * out_next + i * line.out] = Op::value(state[r]);
        if constexpr (Op::kIndexed) index[r * index_next + i * line.index] = state[r].index;
      }
    }
  }
  static void columns(const In* in, int64_t in_next, Out* out, int64_t out_next, int64_t* index, int64_t index_next,
                      int64_t count, const Line& line) {
    State state[kStrip];
    for (int64_t c = 0; c < count; c++) state[c] = Op::start();
    for (int64_t i = 0; i < line.n; i++, in += line.in, out += line.out) {
      if (in_next == 1 && out_next == 1 && !Op::kIndexed) {
        for (int64_t c = 0; c < count; c++) {
          state[c] = Op::step(state[c], in[c], i);
          out[c] = Op::value(state[c]);
        }
      } else {
        for (int64_t c = 0; c < count; c++) {
          state[c] = Op::step(state[c], in[c * in_next], i);
          out[c * out_next] = Op::value(state[c]);
          if constexpr (Op::kIndexed) index[c * index_next + i * line.index] = state[c].index;
        }
      }
    }
  }

  static void run(const Plan& plan) {
    constexpr int kOutputs = Op::kIndexed ? 2 : 1;
    const Operand &o = plan.operand[0], &x = plan.operand[kOutputs];
    const Operand& j = plan.operand[kOutputs - 1];  // the indices, if there are any
    const int dim = static_cast<int>(plan.integer(0));
    const Operand* operands[3] = {&o, &j, &x};
    Walk<3> walk;
    walk.add_all(operands, x.sizes, x.ndim, dim, 2);
    Line line{1, 1, 1, 1};
    if (x.ndim > 0) line = {x.sizes[dim], x.strides[dim], o.strides[dim], j.strides[dim]};
    if (line.n == 0 || walk.total == 0) return;
    const int64_t out_next = walk.step(0), index_next = walk.step(1), in_next = walk.step(2);
    const bool by_rows = walk.run_length() < 8 || walk.magnitude(line.in) <= walk.magnitude(in_next);
    parallel_for(walk.total, std::max<int64_t>(by_rows ? 1 : 16, kGrain / 2 / line.n), [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](const int64_t* at, int64_t count) {
        Out* out = o.as<Out>() + at[0];
        int64_t* index = Op::kIndexed ? j.as<int64_t>() + at[1] : nullptr;
        const In* in = x.as<const In>() + at[2];
        int64_t c = 0;
        const auto here = [&](auto&& f) {
          f(in + c * in_next, out + c * out_next, Op::kIndexed ? index + c * index_next : nullptr);
        };
        if (by_rows) {
          for (; c + 4 <= count; c += 4) {
            here([&](const In* i, Out* v, int64_t* w) { rows<4>(i, in_next, v, out_next, w, index_next, line); });
          }
          for (; c < count; c++) {
            here([&](const In* i, Out* v, int64_t* w) { rows<1>(i, in_next, v, out_next, w, index_next, line); });
          }
        } else {
          for (; c < count; c += kStrip) {
            const int64_t width = std::min(kStrip, count - c);
            here([&](const In* i, Out* v, int64_t* w) {
              columns(i, in_next, v, out_next, w, index_next, width, line);
            });
          }
        }
      });
    });
  }
};

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

template <template <class> class Op>
void accumulate(const Plan& plan) {
  check(plan, 1);
  const DType d = plan.operand[1].dtype;
  visit(d, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Plan::require(plan.operand[0].dtype == (is_floating<T> ? d : DType::i64), "the result is int64 for integers");
    Scan<Op<T>>::run(plan);
  });
}
template <template <class> class Op>
void running(const Plan& plan) {
  check(plan, 2);
  Plan::require(plan.operand[0].dtype == plan.operand[2].dtype, "dtypes differ");
  Plan::require(plan.operand[1].dtype == DType::i64, "indices are int64");
  visit(plan.operand[2].dtype, [&](auto tag) { Scan<Op<typename decltype(tag)::type>>::run(plan); });
}
void log_cumulative(const Plan& plan) {
  check(plan, 1);
  Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
  visit(plan.operand[1].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating<T>) {
      Scan<LogCumSumExp<T>>::run(plan);
    } else {
      Plan::require(false, "expected floating point");
    }
  });
}

}  // namespace

/**
 * Structured plans, all operands of the same sizes; params [dim]. In place is fine.
 * cumsum, cumprod: out (the input's dtype; int64 for integers and bool), in
 * logcumsumexp: out, in (floating)
 * cummax, cummin: values, indices (int64), in
 */
void register_scan(KernelTable& table) {
  table.add("cumsum", accumulate<CumSum>);
  table.add("cumprod", accumulate<CumProd>);
  table.add("logcumsumexp", log_cumulative);
  table.add("cummax", running<CumMax>);
  table.add("cummin", running<CumMin>);
}

}  // namespace flambeau::FB_ISA
