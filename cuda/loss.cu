// Negative log-likelihood and the fused cross entropy over class indices, forward and backward; registered by
// backend.cc. Losses are summed in double: threads, then blocks, then the blocks' sums in one more block, so that the
// result is the same from run to run.
#include "kernels.h"
#include "lines.cuh"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <stdexcept>

namespace flambeau::cuda {
namespace {

constexpr int kNone = 0, kMean = 1;
constexpr unsigned kThreads = 256;

/** Where kernels report a class that is not there. */
class TargetCheck {
 public:
  static constexpr int64_t kFine = INT64_MAX;
  TargetCheck() : wrong_(sizeof(int64_t)) { upload(wrong_.as<int64_t>(), &fine_, sizeof fine_); }
  int64_t* flag() const { return wrong_.as<int64_t>(); }
  void raise() const {
    int64_t target = 0;
    download(&target, flag(), sizeof target);
    if (target == kFine) return;
    char text[64];
    std::snprintf(text, sizeof text, "Target %" PRId64 " is out of bounds.", target);
    throw std::out_of_range(text);
  }

 private:
  int64_t fine_ = kFine;
  Temporary wrong_;
};

/** The classes that positions are to have. */
struct Targets {
  const int64_t* data;
  int64_t classes, ignore;
  int64_t* wrong;
  Vector weight;

  /** The class at a place; -1 for what is to be ignored, or is wrong, which is reported. */
  __device__ __forceinline__ int64_t at(int64_t place) const {
    const int64_t t = data[place];
    if (t == ignore) return -1;
    if (t >= 0 && t < classes) return t;
    const int64_t told = t == TargetCheck::kFine ? t - 1 : t;
    atomicCAS(reinterpret_cast<unsigned long long*>(wrong), static_cast<unsigned long long>(TargetCheck::kFine),
              static_cast<unsigned long long>(told));
    return -1;
  }
  template <class C>
  __device__ __forceinline__ C weight_of(int64_t t) const {
    return weight ? weight.load<C>(t) : C{1};
  }
};

/** Where the sums over all positions go. */
struct Totals {
  Vector loss, weight;
  int reduction;
  __device__ void set(Pair<double> sums) const {
    if (reduction != kNone) loss.set(0, reduction == kMean ? sums.a / sums.b : sums.a);
    weight.set(0, sums.b);
  }
};
/** The sums of a block are part of the total, or all of it. */
__device__ __forceinline__ void finish_sums(Pair<double> sums, Pair<double>* parts, const Totals& totals) {
  __shared__ Pair<double> scratch[kWarp];
  sums = block_reduce<AddPair<double>>(sums, scratch);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1)
    totals.set(sums);
  else
    parts[blockIdx.x] = sums;
}
__global__ void loss_join_kernel(const Pair<double>* parts, unsigned count, const __grid_constant__ Totals totals) {
  Pair<double> sums{0, 0};
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) sums = AddPair<double>::join(sums, parts[k]);
  finish_sums(sums, nullptr, totals);
}

/** As what is stored of it. */
template <class C>
__device__ __forceinline__ C rounded(C v, DType d) {
  if constexpr (sizeof(C) == 4) {
    if (d == DType::f16) return float(Half(v));
    if (d == DType::bf16) return float(BFloat16(v));
  }
  return v;
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

/** What the loss of a position is multiplied by. */
struct Incoming {
  Vector fixed, total_weight;  // [], and [] for a mean
  const void* each;            // without reduction
  template <class C>
  __device__ __forceinline__ C at(int64_t place_, DType d) const {
    if (each) return Memory<C>::load(place<C>(const_cast<void*>(each), place_, d), 0, d);
    const C g = fixed.load<C>(0);
    return total_weight ? g / total_weight.load<C>(0) : g;
  }
};

/** Lines of operand 0, gradInput [N, C, *]; operands 1 and 2 are places of the target and of the gradient. */
template <class C>
__global__ void nll_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
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

/** Operands logp and x, rows [N, C]; target and losses have a step for each row. */
template <class C>
__global__ void cross_entropy_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
                                     int64_t target_step, const __grid_constant__ Totals totals, Pair<double>* parts,
                                     C smoothing) {
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
__global__ void cross_entropy_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Targets targets,
                                              int64_t target_step, const __grid_constant__ Incoming incoming,
                                              int64_t incoming_step, C smoothing, const C* weight_sum) {
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

void expect_targets(const Operand& classes, const Operand& target) {
  bool ok = classes && target && classes.ndim >= 2 && target.dtype == DType::i64 && target.ndim == classes.ndim - 1;
  for (int d = 0; ok && d < target.ndim; d++) ok = target.sizes[d] == classes.sizes[d == 0 ? 0 : d + 1];
  Plan::require(ok, "loss: expected classes [N, C, ...] and int64 targets [N, ...]");
  require_floating(classes.dtype);
}
void expect_loss(const Operand& loss, const Operand& target, int64_t reduction) {
  bool ok = static_cast<bool>(loss);
  if (reduction == kNone)
    ok = ok && loss.ndim == target.ndim && std::equal(loss.sizes, loss.sizes + loss.ndim, target.sizes);
  else
    ok = ok && loss.ndim == 0;
  Plan::require(ok && reduction >= 0 && reduction <= 2, "loss: the result does not fit the reduction");
}
Targets targets_of(const Operand& target, const Operand& weight, int64_t classes, int64_t ignore,
                   const TargetCheck& check) {
  Plan::require(!weight || (weight.ndim == 1 && weight.sizes[0] == classes), "loss: expected one weight per class");
  return {device_data<int64_t>(target), classes, ignore, check.flag(), Vector(weight)};
}
Incoming incoming_of(const Operand& g, const Operand& total_weight, int64_t reduction) {
  if (reduction == kNone) return {Vector(), Vector(), device_data<void>(g)};
  if (reduction != kMean) return {Vector(g), Vector(), nullptr};
  Plan::require(total_weight && total_weight.ndim == 0, "loss: a mean needs the total weight");
  return {Vector(g), Vector(total_weight), nullptr};
}
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
/** Sums up what the blocks have left, if they are more than one. */
void join_sums(unsigned blocks, const std::optional<Temporary>& parts, const Totals& totals) {
  if (blocks > 1) launch(loss_join_kernel, {1}, {kThreads}, 0, parts->as<Pair<double>>(), blocks, totals);
}

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
  const TargetCheck check;
  const Targets targets = targets_of(target, plan.operand[4], l.n, plan.integer(1), check);
  const Totals totals{Vector(loss), Vector(total_weight), static_cast<int>(reduction)};
  const auto blocks = static_cast<unsigned>(
      std::clamp<int64_t>(ceil_div<int64_t>(l.lines, kThreads * 4), 1, int64_t{4} * limits().processors));
  std::optional<Temporary> parts;
  if (blocks > 1) parts.emplace(blocks * sizeof(Pair<double>));
  launch(logp.dtype == DType::f64 ? nll_kernel<double> : nll_kernel<float>, {blocks}, {kThreads}, 0, l, targets, totals,
         parts ? parts->as<Pair<double>>() : nullptr);
  join_sums(blocks, parts, totals);
  check.raise();
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
  const TargetCheck check;
  const Targets targets = targets_of(target, plan.operand[3], l.n, plan.integer(1), check);
  launch(out.dtype == DType::f64 ? nll_backward_kernel<double> : nll_backward_kernel<float>,
         {static_cast<unsigned>(l.blocks())}, {l.threads}, 0, l, targets, incoming_of(g, plan.operand[4], reduction));
  check.raise();
}

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
  const TargetCheck check;
  const Targets targets = targets_of(target, plan.operand[5], l.n, plan.integer(1), check);
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
  check.raise();
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
  const TargetCheck check;
  const Targets targets = targets_of(target, weight, l.n, plan.integer(1), check);
  const Incoming incoming = incoming_of(g, plan.operand[5], reduction);
  const auto go = [&]<class C>(C) {
    std::optional<Temporary> sum;
    if (weight && plan.param[2] > 0) {
      sum.emplace(sizeof(C));
      launch(weight_sum_kernel<C>, {1}, {kThreads}, 0, targets.weight, l.n, sum->as<C>());
    }
    launch(cross_entropy_backward_kernel<C>, {static_cast<unsigned>(l.blocks())}, {l.threads}, 0, l, targets,
           target.strides[0], incoming, reduction == kNone ? g.strides[0] : 0, plan.param[2],
           sum ? sum->as<C>() : nullptr);
  };
  if (out.dtype == DType::f64)
    go(double{});
  else
    go(float{});
  check.raise();
}

}  // namespace

void register_loss(KernelTable& table) {
  table.add("nllLoss", nll_loss);
  table.add("nllLossBackward", nll_loss_backward);
  table.add("crossEntropy", cross_entropy);
  table.add("crossEntropyBackward", cross_entropy_backward);
}

}  // namespace flambeau::cuda
