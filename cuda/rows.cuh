// From the rows of native/functors.h to kernels: which dtypes a row has, and a functor of its formula. Used by
// unary.cu, binary.cu, compare.cu, ternary.cu and special.cu.
#pragma once
#include "../native/functors.h"
#include "loops.cuh"

namespace flambeau::cuda {

namespace fn = FB_ISA::fn;
namespace vm = FB_ISA::vm;

/** The dtypes of a row. */
enum class Domain { Floating, Numbers, Any, Integers, Bits };

constexpr bool in_domain(Domain domain, DType d) {
  const bool floating = d == DType::f32 || d == DType::f64 || d == DType::f16 || d == DType::bf16;
  switch (domain) {
    case Domain::Floating: return floating;
    case Domain::Numbers: return d != DType::b8;
    case Domain::Any: return true;
    case Domain::Integers: return !floating && d != DType::b8;
    case Domain::Bits: return !floating;
  }
  return false;
}
/** Whether a class of dtypes is wanted at all: no kernel is compiled for one that is not. */
template <class C>
constexpr bool has_class(Domain domain) {
  return std::is_floating_point_v<C> ? domain != Domain::Integers && domain != Domain::Bits
                                     : domain != Domain::Floating;
}

/** What a formula costs: one that takes its time is computed for one element by each thread. */
enum Cost { kCheap, kCostly, kSlow };

/** A row as a type: FB_ROW1 of x, FB_ROW2 of a and b, FB_ROW3 of a, b and c. `p` are the plan's parameters. */
#define FB_ROW(name, domain, params, cost, signature, expression) \
  struct name##Row {                                              \
    static constexpr Domain kDomain = Domain::domain;             \
    static constexpr int kParams = params;                        \
    static constexpr Cost kCost = cost;                           \
    template <class T>                                            \
    static __device__ __forceinline__ auto apply signature {      \
      return expression;                                          \
    }                                                             \
  };
#define FB_ROW1(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T x, [[maybe_unused]] const double* p), expression)
#define FB_ROW2(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T a, const T b, [[maybe_unused]] const double* p), expression)
#define FB_ROW3(name, domain, params, cost, expression) \
  FB_ROW(name, domain, params, cost, (const T a, const T b, const T c, [[maybe_unused]] const double* p), expression)

/** The functor of a row, with the plan's parameters. */
template <class Row, class C, int inputs>
struct RowOp {
  static constexpr int kPerThread = Row::kCost == kSlow ? 1 : 4;
  double p[Row::kParams > 0 ? Row::kParams : 1] = {};
  explicit RowOp(const Plan& plan) {
    for (int i = 0; i < Row::kParams; i++) p[i] = plan.param[i];
  }
  __device__ __forceinline__ auto call(const C (&in)[inputs]) const {
    if constexpr (inputs == 1)
      return Row::template apply<C>(in[0], p);
    else if constexpr (inputs == 2)
      return Row::template apply<C>(in[0], in[1], p);
    else
      return Row::template apply<C>(in[0], in[1], in[2], p);
  }
};

/** All operands from `first` on have one dtype; returns it. */
inline DType common_dtype(const Plan& plan, int first) {
  const DType d = plan.operand[first].dtype;
  for (int k = first + 1; k < plan.operands; k++) Plan::require(plan.operand[k].dtype == d, "operands differ in dtype");
  return d;
}

template <class Row, int operands>
void run_row(const Plan& plan, DType d) {
  Plan::require(in_domain(Row::kDomain, d), "does not have this dtype");
  visit_class(d, [&]<class C>(C) {
    if constexpr (has_class<C>(Row::kDomain)) run_map<C, operands>(plan, RowOp<Row, C, operands - 1>(plan));
  });
}
/** A kernel whose operands all have one dtype. */
template <class Row, int operands>
void same_dtype_kernel(const Plan& plan) {
  plan.expect(operands, Row::kParams);
  run_row<Row, operands>(plan, common_dtype(plan, 0));
}
/** A kernel with a bool result. */
template <class Row, int operands>
void predicate_kernel(const Plan& plan) {
  plan.expect(operands, Row::kParams);
  Plan::require(plan.operand[0].dtype == DType::b8, "the result must be bool");
  run_row<Row, operands>(plan, common_dtype(plan, 1));
}

}  // namespace flambeau::cuda
