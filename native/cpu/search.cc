// Binary search in sorted sequences: searchsorted, bucketize, isin. Through the kernel table.
#include "../backend.h"
#include "../parallel.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

/** Where `v` belongs in `from[0…n)`: PyTorch's own steps, so that what is not sorted gives its positions too. */
template <bool Right, class T>
int64_t position(const T* from, int64_t n, Compute<T> v) {
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = low + ((high - low) >> 1);
    const Compute<T> found = static_cast<Compute<T>>(from[middle]);
    const bool beyond = Right ? found > v : found >= v;
    if (beyond) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void searchsorted(const Plan& plan) {
  plan.expect(3, 1);
  Plan::require(plan.structured, "expected a structured plan");
  const Operand &out = plan.operand[0], &sorted = plan.operand[1], &values = plan.operand[2];
  for (const Operand* o : {&out, &sorted, &values}) {
    Plan::require(o->data && o->ndim == 2 && o->contiguous(), "expected dense matrices");
  }
  Plan::require(out.dtype == DType::i64 && sorted.dtype == values.dtype, "wrong dtypes");
  const int64_t rows = values.sizes[0], m = values.sizes[1], n = sorted.sizes[1];
  Plan::require(out.sizes[0] == rows && out.sizes[1] == m, "sizes differ");
  Plan::require(sorted.sizes[0] == rows || sorted.sizes[0] == 1, "rows differ");
  const int64_t step = sorted.sizes[0] == 1 ? 0 : n;
  const bool right = plan.flag(0);
  visit(sorted.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(rows * m, kGrain / 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T* from = sorted.as<const T>() + i / m * step;
        const auto v = static_cast<Compute<T>>(values.as<const T>()[i]);
        out.as<int64_t>()[i] = right ? position<true>(from, n, v) : position<false>(from, n, v);
      }
    });
  });
}

}  // namespace

/** searchsorted: a structured plan of dense matrices, out (int64) [r, m], sorted [r or 1, n], values [r, m]; [right] */
void register_search(KernelTable& table) { table.add("searchsorted", searchsorted); }

}  // namespace flambeau::FB_ISA
