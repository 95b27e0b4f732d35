// Reductions to values: sums, products, extrema, norms, counts; registered by backend.cc. What an output is made of is
// said in native/cpu/reduce.cc.
#include "reduce.cuh"

#include <cmath>
#include <limits>

#include "kernels.h"
#include "vecmath.cuh"

namespace flambeau::cuda {
namespace {

namespace vm = FB_ISA::vm;

/** Sums of integers wrap around in 64 bits. */
template <class C>
using SumType = std::conditional_t<std::is_floating_point_v<C>, C, uint64_t>;

/** The sum, or the mean of `number` elements. */
template <class C>
struct SumOp {
  using In = C;
  using Acc = SumType<C>;
  static constexpr int kAhead = kReadAhead<C>;
  double number = 0;
  bool mean = false;
  __device__ Acc identity() const { return 0; }
  __device__ void step(Acc& a, C x, int64_t) const { a += static_cast<Acc>(x); }
  __device__ Acc combine(Acc a, Acc b) const { return a + b; }
  __device__ void finish(Acc a, const Results& out) const {
    if constexpr (std::is_floating_point_v<C>)
      out.put<C>(0, mean ? a / static_cast<C>(number) : a);
    else
      out.put<C>(0, static_cast<C>(a));
  }
};

template <class C>
struct SquaresOp {
  using In = C;
  using Acc = C;
  static constexpr int kAhead = kReadAhead<C>;
  __device__ Acc identity() const { return 0; }
  __device__ void step(Acc& a, C x, int64_t) const { a += x * x; }
  __device__ Acc combine(Acc a, Acc b) const { return a + b; }
  __device__ void finish(Acc a, const Results& out) const { out.put<C>(0, vm::sqrt(a)); }
};

/** A call, as it is long and has many places. */
template <class C>
__device__ __noinline__ C power_of(C x, C p) {
  return vm::pow(x, p);
}
/** The rarer ones, which share their kernels. */
enum class Rare { Product, NanSum, Absolute, Count, Power };
template <class C>
struct RareOp {
  using In = C;
  using Acc = SumType<C>;
  static constexpr int kAhead = std::is_integral_v<C> ? 1 : 2;
  Rare kind;
  double power = 0;
  __device__ Acc identity() const { return kind == Rare::Product ? 1 : 0; }
  __device__ void step(Acc& a, C x, int64_t) const {
    if constexpr (std::is_floating_point_v<C>) {
      switch (kind) {
        case Rare::Product: a *= x; break;
        case Rare::NanSum: a += x == x ? x : C{0}; break;
        case Rare::Absolute: a += vm::abs(x); break;
        case Rare::Count: a += x != 0 ? C{1} : C{0}; break;
        case Rare::Power: a += power_of(vm::abs(x), static_cast<C>(power)); break;
      }
    } else {
      a *= static_cast<Acc>(x);
    }
  }
  __device__ Acc combine(Acc a, Acc b) const { return kind == Rare::Product ? a * b : a + b; }
  __device__ void finish(Acc a, const Results& out) const {
    if constexpr (std::is_floating_point_v<C>) {
      if (kind == Rare::Power) a = power_of(a, static_cast<C>(1 / power));
    }
    out.put<C>(0, static_cast<C>(a));
  }
};

/** The greatest or the smallest, of absolute values for norms; a NaN wins. */
template <class C>
struct ExtremumOp {
  using In = C;
  using Acc = C;
  static constexpr int kAhead = kReadAhead<C>;
  bool greatest, absolute;
  C start;
  ExtremumOp(bool greatest, bool absolute) : greatest(greatest), absolute(absolute) {
    using L = std::numeric_limits<C>;
    if constexpr (L::has_infinity)
      start = !greatest ? L::infinity() : absolute ? C{0} : -L::infinity();
    else
      start = greatest ? L::lowest() : L::max();
  }
  __device__ Acc identity() const { return start; }
  __device__ void step(Acc& a, C x, int64_t) const {
    if constexpr (std::is_floating_point_v<C>) {
      if (absolute) x = vm::abs(x);
    }
    a = combine(a, x);
  }
  __device__ Acc combine(Acc a, Acc b) const { return (greatest ? b > a : b < a) || b != b ? b : a; }
  __device__ void finish(Acc a, const Results& out) const { out.put<C>(0, a); }
};

/** How many are not zero, and whether any or all are. */
enum class Truth { Count, Any, All };
struct CountOp {
  using In = uint64_t;
  using Acc = uint64_t;
  static constexpr int kAhead = 1;
  Truth kind;
  int64_t number;
  uint64_t mask;  // without the sign of floating point
  __device__ Acc identity() const { return 0; }
  __device__ void step(Acc& a, uint64_t x, int64_t) const { a += (x & mask) != 0 ? 1 : 0; }
  __device__ Acc combine(Acc a, Acc b) const { return a + b; }
  __device__ void finish(Acc a, const Results& out) const {
    const int64_t n = static_cast<int64_t>(a);
    if (kind == Truth::Count)
      out.put<int64_t>(0, n);
    else
      out.put<bool>(0, kind == Truth::Any ? n > 0 : n == number);
  }
};

/** The plan's dtypes are those of a sum: int64 for whole numbers, else the input's. */
void check_sum(const Plan& plan) {
  plan.expect(2, 1);
  visit(plan.operand[1].dtype, [&]<class T>(TypeTag<T>) {
    Plan::require(plan.operand[0].dtype == (is_floating<T> ? plan.operand[1].dtype : DType::i64),
                  "a sum of integers is int64, another the input's dtype");
  });
}
void sum_kernel(const Plan& plan) {
  check_sum(plan);
  visit_class(plan.operand[1].dtype, [&]<class C>(C) { run_reduce(plan, 1, SumOp<C>{}); });
}
void prod_kernel(const Plan& plan) {
  check_sum(plan);
  visit_class(plan.operand[1].dtype, [&]<class C>(C) { run_reduce(plan, 1, RareOp<C>{Rare::Product}); });
}
void nansum_kernel(const Plan& plan) {
  plan.expect(2, 1);
  visit_floating(plan, [&]<class C>(C) { run_reduce(plan, 1, RareOp<C>{Rare::NanSum}); });
}
void mean_kernel(const Plan& plan) {
  plan.expect(2, 1);
  const double number = static_cast<double>(reduced_numel(plan, 1));
  visit_floating(plan, [&]<class C>(C) { run_reduce(plan, 1, SumOp<C>{number, true}); });
}
template <bool greatest>
void extremum_kernel(const Plan& plan) {
  plan.expect(2, 1);
  Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
  visit_class(plan.operand[1].dtype, [&]<class C>(C) { run_reduce(plan, 1, ExtremumOp<C>(greatest, false)); });
}
template <Truth kind>
void count_kernel(const Plan& plan) {
  plan.expect(2, 1);
  Plan::require(plan.operand[0].dtype == (kind == Truth::Count ? DType::i64 : DType::b8),
                "a count is int64, all and any are bool");
  const uint64_t mask = visit(plan.operand[1].dtype, []<class T>(TypeTag<T>) {
    return is_floating<T> ? ~(uint64_t{1} << (8 * sizeof(T) - 1)) : ~uint64_t{0};
  });
  run_reduce(plan, 1, CountOp{kind, reduced_numel(plan, 1), mask});
}
void norm_kernel(const Plan& plan) {
  plan.expect(2, 2);
  const double p = plan.param[1];
  visit_floating(plan, [&]<class C>(C) {
    if (p == 2) return run_reduce(plan, 1, SquaresOp<C>{});
    if (std::isinf(p)) return run_reduce(plan, 1, ExtremumOp<C>(p > 0, true));
    run_reduce(plan, 1, RareOp<C>{p == 1 ? Rare::Absolute : p == 0 ? Rare::Count : Rare::Power, p});
  });
}

}  // namespace

void register_reduce(KernelTable& table) {
  table.add("sum", sum_kernel);
  table.add("prod", prod_kernel);
  table.add("nansum", nansum_kernel);
  table.add("mean", mean_kernel);
  table.add("amax", extremum_kernel<true>);
  table.add("amin", extremum_kernel<false>);
  table.add("countNonzero", count_kernel<Truth::Count>);
  table.add("any", count_kernel<Truth::Any>);
  table.add("all", count_kernel<Truth::All>);
  table.add("norm", norm_kernel);
}

}  // namespace flambeau::cuda
