// Reductions that need more than a sum: variance with and without the mean, logsumexp; registered by backend.cc. The
// plans are those of native/cpu/reduce.cc. All read their input once.
#include <limits>

#include "kernels.h"
#include "logsum.cuh"
#include "reduce.cuh"

namespace flambeau::cuda {
namespace {

/** Welford's moments: as good as two passes, also far from zero. */
template <class C>
struct MomentsOp {
  using In = C;
  struct Acc {
    C count, mean, squares;  // of deviations
  };
  double number, correction;
  bool with_mean;
  __device__ Acc identity() const { return {0, 0, 0}; }
  __device__ void step(Acc& a, C x, int64_t) const {
    a.count += 1;
    const C d = x - a.mean;
    a.mean += d / a.count;
    a.squares += d * (x - a.mean);
  }
  __device__ Acc combine(Acc a, Acc b) const {
    const C count = a.count + b.count;
    if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
    const C d = b.mean - a.mean, share = b.count / count;
    return {count, a.mean + d * share, a.squares + b.squares + d * d * (a.count * share)};
  }
  __device__ void finish(const Acc& a, const Results& out) const {
    constexpr C kNaN = std::numeric_limits<C>::quiet_NaN();
    const double freedom = number > correction ? number - correction : 0;
    out.put<C>(0, number == 0 ? kNaN : a.squares / static_cast<C>(freedom));
    if (with_mean) out.put<C>(1, number == 0 ? kNaN : a.mean);
  }
};

template <class C>
struct LogSumOp {
  using In = C;
  using Acc = LogSum<C>;
  __device__ Acc identity() const { return Acc::nothing(); }
  __device__ void step(Acc& a, C x, int64_t) const { a = a.plus(Acc::of(x)); }
  __device__ Acc combine(Acc a, Acc b) const { return a.plus(b); }
  __device__ void finish(const Acc& a, const Results& out) const { out.put<C>(0, a.log()); }
};

template <bool with_mean>
void variance_kernel(const Plan& plan) {
  constexpr int outputs = with_mean ? 2 : 1;
  plan.expect(outputs + 1, 2);
  const double number = static_cast<double>(reduced_numel(plan, outputs));
  visit_floating(plan, [&]<class C>(C) { run_reduce(plan, outputs, MomentsOp<C>{number, plan.param[1], with_mean}); });
}
void logsumexp_kernel(const Plan& plan) {
  plan.expect(2, 1);
  visit_floating(plan, [&]<class C>(C) { run_reduce(plan, 1, LogSumOp<C>{}); });
}

}  // namespace

void register_reduce_stats(KernelTable& table) {
  table.add("var", variance_kernel<false>);
  table.add("varMean", variance_kernel<true>);
  table.add("logsumexp", logsumexp_kernel);
}

}  // namespace flambeau::cuda
