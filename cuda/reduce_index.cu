// Reductions that say where: argmax, argmin, and max and min with indices; registered by backend.cc. The plans are
// those of native/cpu/reduce_index.cc: the first of equals wins, and NaN over everything.
#include <limits>

#include "kernels.h"
#include "reduce.cuh"

namespace flambeau::cuda {
namespace {

template <class C>
struct SearchOp {
  using In = C;
  struct Acc {
    C value;
    int64_t index;
  };
  static constexpr int kAhead = std::is_floating_point_v<C> ? 2 : 1;
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  bool greatest, with_value;
  C start;  // what nothing is beyond
  SearchOp(bool greatest, bool with_value) : greatest(greatest), with_value(with_value) {
    using L = std::numeric_limits<C>;
    const C least = L::has_infinity ? -L::infinity() : L::lowest(), most = L::has_infinity ? L::infinity() : L::max();
    start = greatest ? least : most;
  }
  __device__ bool beats(C b, C a) const {
    const bool beyond = greatest ? b > a : b < a;
    if constexpr (std::is_floating_point_v<C>) return beyond || (b != b && a == a);
    return beyond;
  }
  __device__ Acc identity() const { return {start, kNone}; }
  __device__ void step(Acc& a, C x, int64_t i) const {
    if (beats(x, a.value)) a = {x, i};
  }
  __device__ Acc combine(const Acc& a, const Acc& b) const {
    const bool later = beats(a.value, b.value) || (!beats(b.value, a.value) && a.index <= b.index);
    return later ? a : b;
  }
  __device__ void finish(const Acc& a, const Results& out) const {
    if (with_value) out.put<C>(0, a.value);
    out.put<int64_t>(with_value ? 1 : 0, a.index == kNone ? 0 : a.index);  // none: all are the least
  }
};

template <bool greatest, bool with_value>
void search_kernel(const Plan& plan) {
  constexpr int outputs = with_value ? 2 : 1;
  plan.expect(outputs + 1, 1);
  const DType d = plan.operand[outputs].dtype;
  Plan::require(plan.operand[outputs - 1].dtype == DType::i64, "indices are int64");
  Plan::require(!with_value || plan.operand[0].dtype == d, "dtypes differ");
  visit_class(d, [&]<class C>(C) { run_reduce(plan, outputs, SearchOp<C>(greatest, with_value)); });
}

}  // namespace

void register_reduce_index(KernelTable& table) {
  table.add("argmax", search_kernel<true, false>);
  table.add("argmin", search_kernel<false, false>);
  table.add("max", search_kernel<true, true>);
  table.add("min", search_kernel<false, true>);
}

}  // namespace flambeau::cuda
