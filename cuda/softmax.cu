// Softmax and log-softmax over one dim, forward and backward; registered by backend.cc. How lines are shared among
// threads: lines.cuh.
#include "kernels.h"
#include "lines.cuh"

namespace flambeau::cuda {
namespace {

/** Operands y and x. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1) softmax_kernel(const __grid_constant__ Lines l, bool log) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept(l, shared, 0);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const int64_t n = line < l.lines ? l.n : 0;
  int64_t at[kLineOperands];
  l.offsets(n > 0 ? line : 0, at);
  C top, sum;
  exp_sum(l, t, kept, 1, at[1], n, shared, top, sum);
  const C rest = log ? vm::log(sum) : C{1} / sum;
  t.pieces(l, 0, n, [&](const Piece& p) {
    C v[4];
    if (!l.cached) load_piece(v, l, 1, at[1], p);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (!p.has(j)) continue;
      const C away = (l.cached ? kept[p.slot + j] : v[j]) - top;
      v[j] = log ? away - rest : vm::exp(away) * rest;
    }
    store_piece(v, l, 0, at[0], p);
  });
}

/** Operands gradIn, g and y, the forward's result. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1) softmax_backward_kernel(const __grid_constant__ Lines l, bool log) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept_g(l, shared, 0), kept_y(l, shared, 1);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const int64_t n = line < l.lines ? l.n : 0;
  int64_t at[kLineOperands];
  l.offsets(n > 0 ? line : 0, at);
  C sum = 0;
  t.pieces(l, 0, n, [&](const Piece& p) {
    C g[4], y[4];
    const bool kept = p.slot < l.slots;
    load_piece(g, l, 1, at[1], p);
    if (kept || !log) load_piece(y, l, 2, at[2], p);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (!p.has(j)) continue;
      if (kept) {
        kept_g[p.slot + j] = g[j];
        kept_y[p.slot + j] = y[j];
      }
      sum += log ? g[j] : g[j] * y[j];
    }
  });
  sum = t.reduce<Add<C>>(l, sum, shared);
  t.pieces(l, 0, n, [&](const Piece& p) {
    C g[4], y[4];
    const bool kept = p.slot < l.slots;
    if (!kept) {
      load_piece(g, l, 1, at[1], p);
      load_piece(y, l, 2, at[2], p);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (!p.has(j)) continue;
      const C a = kept ? kept_g[p.slot + j] : g[j], b = kept ? kept_y[p.slot + j] : y[j];
      g[j] = log ? a - vm::exp(b) * sum : (a - sum) * b;
    }
    store_piece(g, l, 0, at[0], p);
  });
}

/** All operands have one shape and dtype; param dim. `values` is what a kernel keeps of an element. */
void run(const Plan& plan, const void* of_floats, const void* of_doubles, int values, bool log) {
  plan.expect(values + 1, 1);
  const Operand& out = plan.operand[0];
  for (int k = 0; k <= values; k++) {
    const Operand& x = plan.operand[k];
    bool same = x && x.ndim == out.ndim && x.dtype == out.dtype;
    for (int d = 0; same && d < x.ndim; d++) same = x.sizes[d] == out.sizes[d];
    Plan::require(same, "softmax: shapes or dtypes differ");
  }
  const int64_t dim = plan.integer(0);
  Plan::require(dim >= 0 && dim < (out.ndim > 1 ? out.ndim : 1), "softmax: dim out of range");
  if (out.numel() == 0) return;
  Lines l = values == 1 ? lines_along({&out, &plan.operand[1]}, static_cast<int>(dim))
                        : lines_along({&out, &plan.operand[1], &plan.operand[2]}, static_cast<int>(dim));
  const size_t item = compute_size(out.dtype);
  choose_teams(l, values, item, 2 * item, true, values == 2);
  void* args[] = {&l, &log};
  launch_raw(item == 8 ? of_doubles : of_floats, {static_cast<unsigned>(l.blocks())}, {l.threads}, l.shared, args);
}

template <bool kLog>
void softmax(const Plan& plan) {
  run(plan, reinterpret_cast<const void*>(softmax_kernel<float>), reinterpret_cast<const void*>(softmax_kernel<double>),
      1, kLog);
}
template <bool kLog>
void softmax_backward(const Plan& plan) {
  run(plan, reinterpret_cast<const void*>(softmax_backward_kernel<float>),
      reinterpret_cast<const void*>(softmax_backward_kernel<double>), 2, kLog);
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add("softmax", softmax<false>);
  table.add("logSoftmax", softmax<true>);
  table.add("softmaxBackward", softmax_backward<false>);
  table.add("logSoftmaxBackward", softmax_backward<true>);
}

}  // namespace flambeau::cuda
