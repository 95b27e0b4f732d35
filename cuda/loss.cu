// Negative log-likelihood over class indices, forward and backward; registered by backend.cc.
#include "kernels.h"
#include "loss.cuh"

namespace flambeau::cuda {
namespace {

__global__ void loss_join_kernel(const Pair<double>* parts, unsigned count, const __grid_constant__ Totals totals) {
  Pair<double> sums{0, 0};
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) sums = AddPair<double>::join(sums, parts[k]);
  finish_sums(sums, nullptr, totals);
}

/** Operands logp [N, C, *], target [N, *] and the losses, as positions. */
template <class C>
__global__ void nll_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
                           const __grid_constant__ Totals totals, Pair<double>* parts) {
  Pair<double> sums{0, 0};
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < l.lines;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    int64_t at[kLineOperands];
    l.offsets(i, at);
    const int64_t t = targets.at(at[1]);
    double value = 0;
    if (t >= 0) {
      const double w = targets.weight_of<double>(t);
      value = -w * static_cast<double>(
                       Memory<C>::load(place<C>(l.data[0], at[0] + t * l.step[0], l.dtype[0]), 0, l.dtype[0]));
      sums.b += w;
    }
    sums.a += value;
    if (totals.reduction == kNone)
      store<C>(place<C>(l.data[2], at[2], l.dtype[2]), 0, l.dtype[2], static_cast<C>(value));
  }
  finish_sums(sums, parts, totals);
}

/** Lines of operand 0, gradInput [N, C, *]; operands 1 and 2 are places of the target and of the gradient. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    nll_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
                        const __grid_constant__ Incoming incoming) {
  const Team team(l);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + team.slot;
  if (line >= l.lines) return;
  int64_t at[kLineOperands];
  l.offsets(line, at);
  const int64_t t = targets.at(at[1]);
  const C value = t >= 0 ? -targets.weight_of<C>(t) * incoming.at<C>(at[2], l.dtype[0]) : C{0};
  team.pieces(l, 0, l.n, [&](const Piece& p) {
    C v[4];
#pragma unroll
    for (int j = 0; j < 4; j++) v[j] = p.i + j * p.step == t ? value : C{0};
    store_piece(v, l, 0, at[0], p);
  });
}

// ---- the host's half

/** Positions of classes [N, C, *], a target [N, *] and what else has its shape. */
Lines positions(const Operand& classes, const Operand& target, const Operand& other) {
  Lines l;
  const Operand* const of[kLineOperands] = {&classes, &target, &other};
  for (int k = 0; k < kLineOperands; k++) {
    l.data[k] = device_data<void>(*of[k]);
    l.dtype[k] = of[k]->dtype;
  }
  l.n = classes.sizes[1];
  l.step[0] = classes.strides[1];
  for (int d = 0; d < classes.ndim; d++) {
    if (d == 1) continue;
    int64_t steps[kLineOperands] = {};
    for (int k = 0; k < kLineOperands; k++)
      if (*of[k]) steps[k] = of[k]->strides[k > 0 && d > 0 ? d - 1 : d];
    add_dim(l, classes.sizes[d], steps);
  }
  return l;
}
}  // namespace

void join_sums(unsigned blocks, const std::optional<Temporary>& parts, const Totals& totals) {
  if (blocks > 1) launch(loss_join_kernel, {1}, {kLossThreads}, 0, parts->as<Pair<double>>(), blocks, totals);
}

namespace {

/** nllLoss: see native/cpu/loss.cc. */
void nll_loss(const Plan& plan) {
  plan.expect(5, 2);
  const Operand &loss = plan.operand[0], &total_weight = plan.operand[1], &logp = plan.operand[2],
                &target = plan.operand[3];
  const int64_t reduction = plan.integer(0);
  expect_targets(logp, target);
  expect_loss(loss, target, reduction);
  Plan::require(loss.dtype == logp.dtype && total_weight && total_weight.ndim == 0, "loss: dtypes or shapes differ");
  const Operand none;
  const Lines l = positions(logp, target, reduction == kNone ? loss : none);
  const Targets targets = targets_of(target, plan.operand[4], l.n, plan.integer(1));
  const Totals totals{Vector(loss), Vector(total_weight), static_cast<int>(reduction)};
  const auto blocks = static_cast<unsigned>(
      std::clamp<int64_t>(ceil_div<int64_t>(l.lines, kLossThreads * 4), 1, int64_t{4} * limits().processors));
  std::optional<Temporary> parts;
  if (blocks > 1) parts.emplace(blocks * sizeof(Pair<double>));
  launch(logp.dtype == DType::f64 ? nll_kernel<double> : nll_kernel<float>, {blocks}, {kLossThreads}, 0, l, targets,
         totals, parts ? parts->as<Pair<double>>() : nullptr);
  join_sums(blocks, parts, totals);
}

/** nllLossBackward: see native/cpu/loss.cc. */
void nll_loss_backward(const Plan& plan) {
  plan.expect(5, 2);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &target = plan.operand[2];
  const int64_t reduction = plan.integer(0);
  expect_targets(out, target);
  expect_loss(g, target, reduction);
  Plan::require(g.dtype == out.dtype, "loss: dtypes or shapes differ");
  const Operand none;
  Lines l = positions(out, target, reduction == kNone ? g : none);
  if (l.lines == 0) return;
  // the places of these two are known now, and how they lie is no matter for the teams
  l.data[1] = l.data[2] = nullptr;
  choose_teams(l, 0, 0, 0);
  const Targets targets = targets_of(target, plan.operand[3], l.n, plan.integer(1));
  launch(out.dtype == DType::f64 ? nll_backward_kernel<double> : nll_backward_kernel<float>,
         {static_cast<unsigned>(l.blocks())}, {l.threads}, 0, l, targets, incoming_of(g, plan.operand[4], reduction));
}

}  // namespace

void register_loss(KernelTable& table) {
  table.add("nllLoss", nll_loss);
  table.add("nllLossBackward", nll_loss_backward);
}

}  // namespace flambeau::cuda
