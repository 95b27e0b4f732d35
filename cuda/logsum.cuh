// log Σ exp(x) in one pass: logsumexp (reduce_stats.cu) and logcumsumexp (scan.cu).
#pragma once
#include "vecmath.cuh"

namespace flambeau::cuda {

/** The logarithm of `sum` · e^`most`. What is NaN is so in the sum. */
template <class C>
struct LogSum {
  C most, sum;
  static __device__ LogSum nothing() { return {-std::numeric_limits<C>::infinity(), 0}; }
  static __device__ LogSum of(C x) { return x == x ? LogSum{x, 1} : LogSum{-std::numeric_limits<C>::infinity(), x}; }
  __device__ C log() const { return FB_ISA::vm::log(sum) + most; }
  __device__ LogSum plus(LogSum b) const {
    if (most == b.most) return {most, sum + b.sum};  // also where both are infinite
    const C less = FB_ISA::vm::exp(-FB_ISA::vm::abs(most - b.most));
    return most > b.most ? LogSum{most, sum + b.sum * less} : LogSum{b.most, sum * less + b.sum};
  }
};

}  // namespace flambeau::cuda
