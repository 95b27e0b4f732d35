// Reductions that say where: argmax, argmin, and max and min with indices; registered by backend.cc. The plans are
// those of native/cpu/reduce_index.cc: the first of equals wins, and NaN over everything.
#include "kernels.h"
#include "reduce.cuh"

namespace flambeau::cuda {
namespace {

template <class C>
struct SearchOp {
  using In = C;
  struct Acc {
    C value;
    int64_t index;  // negative: nothing seen
  };
  bool greatest, with_value;
  __device__ Acc identity() const { return {C{0}, -1}; }
  __device__ void step(Acc& a, C x, int64_t i) const { a = combine(a, Acc{x, i}); }
  __device__ Acc combine(const Acc& a, const Acc& b) const {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    const bool better =
        (greatest ? b.value > a.value : b.value < a.value) || (b.value != b.value && a.value == a.value);
    const bool same = b.value == a.value || (b.value != b.value && a.value != a.value);
    return better || (same && b.index < a.index) ? b : a;
  }
  __device__ void finish(const Acc& a, const Results& out) const {
    if (with_value) out.put<C>(0, a.value);
    out.put<int64_t>(with_value ? 1 : 0, a.index);
  }
};

template <bool greatest, bool with_value>
void search_kernel(const Plan& plan) {
  constexpr int outputs = with_value ? 2 : 1;
  plan.expect(outputs + 1, 1);
  const DType d = plan.operand[outputs].dtype;
  Plan::require(plan.operand[outputs - 1].dtype == DType::i64, "indices are int64");
  Plan::require(!with_value || plan.operand[0].dtype == d, "dtypes differ");
  visit_class(d, [&]<class C>(C) { run_reduce(plan, outputs, SearchOp<C>{greatest, with_value}); });
}

}  // namespace

void register_reduce_index(KernelTable& table) {
  table.add("argmax", search_kernel<true, false>);
  table.add("argmin", search_kernel<false, false>);
  table.add("max", search_kernel<true, true>);
  table.add("min", search_kernel<false, true>);
}

}  // namespace flambeau::cuda
