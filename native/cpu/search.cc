// Binary search in sorted sequences: searchsorted, bucketize, isin. Through the kernel table.
#include <algorithm>

#include "../backend.h"
#include "../parallel.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

/**
 * Where each of `v[0…K)` belongs in `from[0…n)`, n > 0: PyTorch's own steps, so that what is not sorted gives its
 * positions too. No step branches, and the K searches go side by side: a mispredicted branch or a load that is waited
 * for costs more than all the rest. After k steps at most n >> k places are left.
 */
template <bool Right, int K, class T>
FB_INLINE void positions(const T* from, int64_t n, const T* v, int64_t* out) {
  Compute<T> wanted[K];
  int64_t low[K] = {}, left[K];
  for (int k = 0; k < K; k++) {
    wanted[k] = static_cast<Compute<T>>(v[k]);
    left[k] = n;
  }
  for (int64_t most = n; most > 0; most >>= 1) {
    FB_LANES for (int k = 0; k < K; k++) {
      const int64_t half = left[k] >> 1;
      const Compute<T> found = static_cast<Compute<T>>(from[std::min(low[k] + half, n - 1)]);
      const bool beyond = (Right ? found > wanted[k] : found >= wanted[k]) | (left[k] == 0);
      const int64_t after = static_cast<int64_t>(beyond) - 1;  // all ones where it belongs behind the middle
      low[k] += (half + 1) & after;
      left[k] = half + ((left[k] - 2 * half - 1) & after);
    }
  }
  for (int k = 0; k < K; k++) out[k] = low[k];
}
template <bool Right, class T>
void search_line(const T* from, int64_t n, const T* v, int64_t* out, int64_t count) {
  constexpr int kTogether = 4;  // eight need more registers than there are
  int64_t i = 0;
  for (; i + kTogether <= count; i += kTogether) positions<Right, kTogether>(from, n, v + i, out + i);
  for (; i < count; i++) positions<Right, 1>(from, n, v + i, out + i);
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
      for (int64_t i = begin; i < end;) {
        const int64_t row = i / m, count = std::min((row + 1) * m, end) - i;
        const T *from = sorted.as<const T>() + row * step, *v = values.as<const T>() + i;
        int64_t* to = out.as<int64_t>() + i;
        if (n == 0)
          std::fill_n(to, count, 0);
        else if (right)
          search_line<true>(from, n, v, to, count);
        else
          search_line<false>(from, n, v, to, count);
        i += count;
      }
    });
  });
}

}  // namespace

/** searchsorted: a structured plan of dense matrices, out (int64) [r, m], sorted [r or 1, n], values [r, m]; [right] */
void register_search(KernelTable& table) { table.add("searchsorted", searchsorted); }

}  // namespace flambeau::FB_ISA
