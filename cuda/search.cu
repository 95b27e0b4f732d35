// Binary search in sorted sequences: searchsorted, for bucketize and isin too; registered by backend.cc.
#include "cells.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

/** Where each value belongs in its row: PyTorch's own steps, so that what is not sorted gives its positions too. */
template <class C>
__global__ void searchsorted_kernel(int64_t* out, const void* sorted, const void* values, DType d, int64_t total,
                                    int64_t m, int64_t n, int64_t step, bool right) {
  for (int64_t i = first_cell(); i < total; i += next_cell()) {
    const C v = Memory<C>::load(values, i, d);
    const int64_t row = i / m * step;
    int64_t low = 0, high = n;
    while (low < high) {
      const int64_t middle = low + ((high - low) >> 1);
      const C found = Memory<C>::load(sorted, row + middle, d);
      if (right ? found > v : found >= v)
        high = middle;
      else
        low = middle + 1;
    }
    out[i] = low;
  }
}
void searchsorted(const Plan& plan) {
  plan.expect(3, 1);
  Plan::require(plan.structured, "expected a structured plan");
  const Operand &out = plan.operand[0], &sorted = plan.operand[1], &values = plan.operand[2];
  for (const Operand* o : {&out, &sorted, &values})
    Plan::require(o->data && o->ndim == 2 && o->contiguous(), "expected dense matrices");
  Plan::require(out.dtype == DType::i64 && sorted.dtype == values.dtype, "wrong dtypes");
  const int64_t rows = values.sizes[0], m = values.sizes[1], n = sorted.sizes[1];
  Plan::require(out.sizes[0] == rows && out.sizes[1] == m, "sizes differ");
  Plan::require(sorted.sizes[0] == rows || sorted.sizes[0] == 1, "rows differ");
  if (rows * m == 0) return;
  visit_class(sorted.dtype, [&]<class C>(C) {
    launch(searchsorted_kernel<C>, cell_blocks(rows * m), {kCellThreads}, 0, device_data<int64_t>(out),
           device_data<std::byte>(sorted), device_data<std::byte>(values), sorted.dtype, rows * m, m, n,
           sorted.sizes[0] == 1 ? 0 : n, plan.flag(0));
  });
}

}  // namespace

void register_search(KernelTable& table) { table.add("searchsorted", searchsorted); }

}  // namespace flambeau::cuda
