// The fused cross entropy of rows over class indices, forward and backward; registered by backend.cc.
#include "kernels.h"
#include "loss.cuh"

namespace flambeau::cuda {
namespace {

/** As what is stored of it. */
template <class C>
__device__ __forceinline__ C rounded(C v, DType d) {
  if constexpr (sizeof(C) == 4) {
    if (d == DType::f16) return float(Half(v));
    if (d == DType::bf16) return float(BFloat16(v));
  }
  return v;
}

/** Operands logp and x, rows [N, C]; target and losses have a step for each row. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    cross_entropy_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets, int64_t target_step,
                         const __grid_constant__ Totals totals, Pair<double>* parts, C smoothing) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team team(l);
  const Slots<C> kept(l, shared, 0);
  Pair<double> total{0, 0};
  const C share = smoothing / static_cast<C>(l.n);
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * l.per_block; first < l.lines;
       first += static_cast<int64_t>(gridDim.x) * l.per_block) {
    const int64_t line = first + team.slot, n = line < l.lines ? l.n : 0;
    int64_t at[kLineOperands];
    l.offsets(n > 0 ? line : 0, at);
    const int64_t t = n > 0 ? targets.at(line * target_step) : -1;
    C top, sum;
    exp_sum(l, team, kept, 1, at[1], n, shared, top, sum);
    const C rest = vm::log(sum);
    Pair<C> own{C{0}, C{0}};  // the target's log-probability, and the sum of all, weighed
    team.pieces(l, 0, n, [&](const Piece& p) {
      C v[4];
      if (!l.cached) load_piece(v, l, 1, at[1], p);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        v[j] = (l.cached ? kept[p.slot + j] : v[j]) - top - rest;
        const int64_t c = p.i + j * p.step;
        if (c == t) own.a = rounded(v[j], l.dtype[0]);
        if (smoothing > C{0}) own.b -= targets.weight_of<C>(c) * rounded(v[j], l.dtype[0]);
      }
      store_piece(v, l, 0, at[0], p);
    });
    own = team.reduce<AddPair<C>>(l, own, shared);
    if (team.lane != 0 || n == 0) continue;
    C value = 0;
    if (t >= 0) {
      const C weight = targets.weight_of<C>(t);
      value = -weight * own.a;
      if (smoothing > C{0}) value = (C{1} - smoothing) * value + share * own.b;
      total.b += static_cast<double>(weight);
    }
    total.a += static_cast<double>(value);
    if (totals.reduction == kNone) totals.loss.set(line, value);
  }
  finish_sums(total, parts, totals);
}

/** The sum of the class weights. */
template <class C>
__global__ void weight_sum_kernel(const __grid_constant__ Vector weight, int64_t n, C* out) {
  __shared__ C scratch[kWarp];
  C sum = 0;
  for (int64_t c = threadIdx.x; c < n; c += blockDim.x) sum += weight.load<C>(c);
  sum = block_reduce<Add<C>>(sum, scratch);
  if (threadIdx.x == 0) *out = sum;
}

/**
 * Operands gradInput and logp. Each class is charged share · w[c] for smoothing and the target (1 - smoothing) · w[t]:
 * with q the charges and s their sum, the gradient is g · (s · softmax - q).
 */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    cross_entropy_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
                                  int64_t target_step, const __grid_constant__ Incoming incoming, int64_t incoming_step,
                                  C smoothing, const C* weight_sum) {
  const Team team(l);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + team.slot;
  if (line >= l.lines) return;
  int64_t at[kLineOperands];
  l.offsets(line, at);
  const int64_t t = targets.at(line * target_step);
  const C v = t >= 0 ? incoming.at<C>(line * incoming_step, l.dtype[0]) : C{0};
  const C own = t >= 0 ? (C{1} - smoothing) * targets.weight_of<C>(t) : C{0};
  const C share = smoothing / static_cast<C>(l.n);
  const C scale = v * (own + (weight_sum ? share * *weight_sum : smoothing));
  team.pieces(l, 0, l.n, [&](const Piece& p) {
    C out[4];
    load_piece(out, l, 1, at[1], p);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (!p.has(j)) continue;
      const int64_t c = p.i + j * p.step;
      const C charge = smoothing > C{0} ? v * (share * targets.weight_of<C>(c)) : C{0};
      out[j] = t < 0 ? C{0} : vm::exp(out[j]) * scale - charge - (c == t ? v * own : C{0});
    }
    store_piece(out, l, 0, at[0], p);
  });
}

// ---- the host's half

bool same_shape(const Operand& a, const Operand& b) {
  return a && b && a.ndim == b.ndim && a.dtype == b.dtype && std::equal(a.sizes, a.sizes + a.ndim, b.sizes);
}
void expect_dense(const Operand& a, const Operand& b) {
  Plan::require(same_shape(a, b) && a.ndim == 2, "crossEntropy: dtypes or shapes differ");
  Plan::require(a.sizes[1] <= 1 || (a.strides[1] == 1 && b.strides[1] == 1), "crossEntropy: expected dense rows");
}

/** crossEntropy: see native/cpu/loss.cc. */
void cross_entropy(const Plan& plan) {
  plan.expect(6, 3);
  const Operand &loss = plan.operand[0], &total_weight = plan.operand[1], &logp = plan.operand[2], &x = plan.operand[3],
                &target = plan.operand[4];
  const int64_t reduction = plan.integer(0);
  expect_targets(x, target);
  expect_loss(loss, target, reduction);
  expect_dense(logp, x);
  Plan::require(loss.dtype == x.dtype && total_weight && total_weight.ndim == 0,
                "crossEntropy: dtypes or shapes differ");
  Lines l = rows_of({&logp, &x});
  const size_t item = compute_size(x.dtype);
  choose_teams(l, 1, item, 2 * item, false);
  const Targets targets = targets_of(target, plan.operand[5], l.n, plan.integer(1));
  const Totals totals{Vector(loss), Vector(total_weight), static_cast<int>(reduction)};
  const auto blocks = static_cast<unsigned>(
      std::clamp<int64_t>(l.blocks(), 1, int64_t{std::max(1024u / l.threads, 2u)} * 4 * limits().processors));
  std::optional<Temporary> parts;
  if (blocks > 1) parts.emplace(blocks * sizeof(Pair<double>));
  const auto go = [&]<class C>(C) {
    launch(cross_entropy_kernel<C>, {blocks}, {l.threads}, l.shared, l, targets, target.strides[0], totals,
           parts ? parts->as<Pair<double>>() : nullptr, plan.param[2]);
  };
  if (item == 8)
    go(double{});
  else
    go(float{});
  join_sums(blocks, parts, totals);
}

/** crossEntropyBackward: see native/cpu/loss.cc. */
void cross_entropy_backward(const Plan& plan) {
  plan.expect(6, 3);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &logp = plan.operand[2], &target = plan.operand[3],
                &weight = plan.operand[4];
  const int64_t reduction = plan.integer(0);
  expect_targets(out, target);
  expect_loss(g, target, reduction);
  expect_dense(out, logp);
  Plan::require(g.dtype == out.dtype, "crossEntropy: dtypes or shapes differ");
  Lines l = rows_of({&out, &logp});
  if (l.lines == 0) return;
  choose_teams(l, 0, 0, 0, false);
  const Targets targets = targets_of(target, weight, l.n, plan.integer(1));
  const Incoming incoming = incoming_of(g, plan.operand[5], reduction);
  const auto go = [&]<class C>(C) {
    std::optional<Temporary> sum;
    if (weight && plan.param[2] > 0) {
      sum.emplace(sizeof(C));
      launch(weight_sum_kernel<C>, {1}, {kLossThreads}, 0, targets.weight, l.n, sum->as<C>());
    }
    launch(cross_entropy_backward_kernel<C>, {static_cast<unsigned>(l.blocks())}, {l.threads}, 0, l, targets,
           target.strides[0], incoming, reduction == kNone ? g.strides[0] : 0, plan.param[2],
           sum ? sum->as<C>() : nullptr);
  };
  if (out.dtype == DType::f64)
    go(double{});
  else
    go(float{});
}

}  // namespace

void register_cross_entropy(KernelTable& table) {
  table.add("crossEntropy", cross_entropy);
  table.add("crossEntropyBackward", cross_entropy_backward);
}

}  // namespace flambeau::cuda
