// What losses over class indices share (loss.cu, cross_entropy.cu): targets and their check, sums over positions, the
// incoming gradient. Losses are summed in double: threads, then blocks, then the blocks' sums in one more block, so
// that the result is the same from run to run.
#pragma once
#include <algorithm>
#include <optional>

#include "faults.h"
#include "lines.cuh"

namespace flambeau::cuda {

// How losses are reduced, beside sums.
inline constexpr int kNone = 0, kMean = 1;
inline constexpr unsigned kLossThreads = 256;

/** The classes that positions are to have. */
struct Targets {
  const int64_t* data;
  int64_t classes, ignore;
  FaultFlag wrong;
  Vector weight;

  /** The class at a place; -1 for what is to be ignored, or is wrong, which is reported. */
  __device__ __forceinline__ int64_t at(int64_t place) const {
    const int64_t t = data[place];
    if (t == ignore) return -1;
    if (t >= 0 && t < classes) return t;
    wrong.tell(t, classes);
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

/** The sums of as many blocks, of which there may be one: then there is nothing to do. */
void join_sums(unsigned blocks, const std::optional<Temporary>& parts, const Totals& totals);

inline void expect_targets(const Operand& classes, const Operand& target) {
  bool ok = classes && target && classes.ndim >= 2 && target.dtype == DType::i64 && target.ndim == classes.ndim - 1;
  for (int d = 0; ok && d < target.ndim; d++) ok = target.sizes[d] == classes.sizes[d == 0 ? 0 : d + 1];
  Plan::require(ok, "loss: expected classes [N, C, ...] and int64 targets [N, ...]");
  require_floating(classes.dtype);
}
inline void expect_loss(const Operand& loss, const Operand& target, int64_t reduction) {
  bool ok = static_cast<bool>(loss);
  if (reduction == kNone)
    ok = ok && loss.ndim == target.ndim && std::equal(loss.sizes, loss.sizes + loss.ndim, target.sizes);
  else
    ok = ok && loss.ndim == 0;
  Plan::require(ok && reduction >= 0 && reduction <= 2, "loss: the result does not fit the reduction");
}
inline Targets targets_of(const Operand& target, const Operand& weight, int64_t classes, int64_t ignore) {
  Plan::require(!weight || (weight.ndim == 1 && weight.sizes[0] == classes), "loss: expected one weight per class");
  return {device_data<int64_t>(target), classes, ignore, fault_flag(Wrong::target), Vector(weight)};
}
inline Incoming incoming_of(const Operand& g, const Operand& total_weight, int64_t reduction) {
  if (reduction == kNone) return {Vector(), Vector(), device_data<void>(g)};
  if (reduction != kMean) return {Vector(g), Vector(), nullptr};
  Plan::require(total_weight && total_weight.ndim == 0, "loss: a mean needs the total weight");
  return {Vector(g), Vector(total_weight), nullptr};
}
}  // namespace flambeau::cuda
