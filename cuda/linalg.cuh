// What the decompositions share: one block of threads per matrix, row-major in the device's memory; sums over a block,
// Householder reflectors, checks of operands. Included by the linalg files.
#pragma once
#include "device.h"
#include "types.cuh"

namespace flambeau::cuda::linalg {

inline constexpr unsigned kThreads = 256, kMaxWarps = kThreads / kWarp;

/** A dense batch of matrices [count, rows, cols]. */
struct Batch {
  int64_t count, rows, cols;
  explicit Batch(const Operand& x) {
    Plan::require(static_cast<bool>(x) && x.ndim == 3 && x.contiguous(), "linalg: expected a dense batch of matrices");
    count = x.sizes[0];
    rows = x.sizes[1];
    cols = x.sizes[2];
  }
};
/** Checks a dense batch of vectors [count, n]. */
inline void expect_vectors(const Operand& x, int64_t count, int64_t n, DType dtype) {
  Plan::require(static_cast<bool>(x) && x.dtype == dtype && x.ndim == 2 && x.contiguous() && x.sizes[0] == count &&
                    x.sizes[1] == n,
                "linalg: vectors do not fit");
}
/** Checks the int32 codes of a batch, [count]. */
inline void expect_info(const Operand& x, int64_t count) {
  Plan::require(static_cast<bool>(x) && x.dtype == DType::i32 && x.ndim == 1 && x.contiguous() && x.sizes[0] == count,
                "linalg: info does not fit");
}
/** Calls `f(T{})` for float or double; refuses other dtypes. */
template <class F>
void floating(DType dtype, F&& f) {
  if (dtype == DType::f32)
    f(float{});
  else if (dtype == DType::f64)
    f(double{});
  else
    Plan::require(false, "linalg: the kernel does not have this dtype");
}
/** Blocks for `count` matrices, each of which takes the next one when it is done; memory of their own is for so many.
 */
inline unsigned blocks_for(int64_t count, int64_t most = 1 << 16) {
  return static_cast<unsigned>(count < most ? count : most);
}
/** Threads for matrices of so many elements. */
inline unsigned threads_for_matrix(int64_t elements) { return threads_for(elements / 4, kThreads); }

#ifdef __CUDACC__

/** The threads of a block, and shared memory for what they tell each other. */
struct Team {
  double* scratch;  // kMaxWarps * kWarp
  unsigned thread, threads, lane, warp, warps;
  __device__ explicit Team(double* shared)
      : scratch(shared),
        thread(threadIdx.x),
        threads(blockDim.x),
        lane(threadIdx.x % kWarp),
        warp(threadIdx.x / kWarp),
        warps(blockDim.x / kWarp) {}

  /** The sum of what all threads give, for all of them, in the same order each time. */
  __device__ double sum(double v) const {
    for (int step = kWarp / 2; step > 0; step /= 2) v += __shfl_xor_sync(~0u, v, step);
    if (lane == 0) scratch[warp] = v;
    __syncthreads();
    double total = 0;
    for (unsigned w = 0; w < warps; w++) total += scratch[w];
    __syncthreads();
    return total;
  }
  /** The largest, a NaN if there is one. */
  __device__ double largest(double v) const {
    const auto larger = [](double a, double b) { return b > a || b != b ? b : a; };
    for (int step = kWarp / 2; step > 0; step /= 2) v = larger(v, __shfl_xor_sync(~0u, v, step));
    if (lane == 0) scratch[warp] = v;
    __syncthreads();
    double total = scratch[0];
    for (unsigned w = 1; w < warps; w++) total = larger(total, scratch[w]);
    __syncthreads();
    return total;
  }
  /** The largest value and where it is: the first place if there are several. */
  __device__ void where_largest(double& v, long long& at) const {
    const auto take = [&](double other, long long place) {
      if (other > v || (other == v && place < at)) {
        v = other;
        at = place;
      }
    };
    for (int step = kWarp / 2; step > 0; step /= 2) {
      const double other = __shfl_xor_sync(~0u, v, step);
      const long long place = __shfl_xor_sync(~0u, at, step);
      take(other, place);
    }
    auto* const places = reinterpret_cast<long long*>(scratch + kMaxWarps);
    if (lane == 0) {
      scratch[warp] = v;
      places[warp] = at;
    }
    __syncthreads();
    for (unsigned w = 0; w < warps; w++) take(scratch[w], places[w]);
    __syncthreads();
  }
};

/** Calls `f(i, j)` for the elements of [rows, cols], the threads of a warp side by side in a row. */
template <class F>
__device__ void each_element(const Team& team, int64_t rows, int64_t cols, F&& f) {
  for (int64_t i = team.warp; i < rows; i += team.warps)
    for (int64_t j = team.lane; j < cols; j += kWarp) f(i, j);
}
/** The same for few columns. */
template <class F>
__device__ void each_flat(const Team& team, int64_t rows, int64_t cols, F&& f) {
  for (int64_t k = team.thread; k < rows * cols; k += team.threads) f(k / cols, k % cols);
}

/**
 * LAPACK's larfg on x [n], `step` apart: x becomes [beta, v] with H [alpha, rest] = [beta, 0], H = I - tau [1, v] [1,
 * v]ᵀ. Gives tau, 0 where the rest is zero.
 */
template <class T>
__device__ T reflector(const Team& team, T* x, int64_t n, int64_t step) {
  double most = 0;
  for (int64_t i = 1 + team.thread; i < n; i += team.threads) {
    const double v = fabs(static_cast<double>(x[i * step]));
    if (v > most || v != v) most = v;
  }
  most = team.largest(most);
  if (most == 0) return 0;
  double sum = 0;
  for (int64_t i = 1 + team.thread; i < n; i += team.threads) {
    const double v = static_cast<double>(x[i * step]) / most;
    sum += v * v;
  }
  sum = team.sum(sum);
  // what is nearly too small for a double has lost bits that tau would need
  const double start = static_cast<double>(x[0]);
  const double lift = fmax(fabs(start), most) < 0x1p-900 ? 0x1p600 : 1;
  const double first = start * lift, rest = most * lift * sqrt(sum);
  const double high = fmax(fabs(first), rest), low = fmin(fabs(first), rest);
  const double whole = high * sqrt(1 + (low / high) * (low / high));
  const double beta = first >= 0 ? -whole : whole, divisor = first - beta;
  __syncthreads();  // all have read x[0]
  for (int64_t i = 1 + team.thread; i < n; i += team.threads)
    x[i * step] = static_cast<T>(static_cast<double>(x[i * step]) * lift / divisor);
  if (team.thread == 0) x[0] = static_cast<T>(beta / lift);
  __syncthreads();
  return static_cast<T>((beta - first) / beta);
}

/** C = (I - tau v vᵀ) C for C [rows, cols]; v[0] is taken for 1. */
template <class T>
__device__ void reflect(const Team& team, const T* v, int64_t step, T tau, T* c, int64_t ld, int64_t rows,
                        int64_t cols) {
  if (tau == 0) return;
  T* const parts = reinterpret_cast<T*>(team.scratch);
  for (int64_t first = 0; first < cols; first += kWarp) {
    const int64_t col = first + team.lane;
    T sum = 0;
    if (col < cols) {
      for (int64_t i = team.warp; i < rows; i += team.warps) sum += (i == 0 ? T(1) : v[i * step]) * c[i * ld + col];
    }
    parts[team.thread] = sum;
    __syncthreads();
    sum = 0;
    for (unsigned w = 0; w < team.warps; w++) sum += parts[w * kWarp + team.lane];
    if (col < cols) {
      for (int64_t i = team.warp; i < rows; i += team.warps)
        c[i * ld + col] -= tau * (i == 0 ? T(1) : v[i * step]) * sum;
    }
    __syncthreads();
  }
}

/** A [m, n] becomes R above and the reflectors below the diagonal; their factors go to tau. */
template <class T>
__device__ void factor_qr(const Team& team, T* a, int64_t m, int64_t n, T* tau) {
  const int64_t k = m < n ? m : n;
  for (int64_t j = 0; j < k; j++) {
    T* const top = a + j * n + j;
    const T f = reflector(team, top, m - j, n);
    if (team.thread == 0) tau[j] = f;
    reflect(team, top, n, f, top + 1, n, m - j, n - j - 1);
  }
  __syncthreads();
}

/** A power of two that brings the largest magnitude near 1; 0 where something is not finite. */
template <class T>
__device__ T scale_of(const Team& team, const T* a, int64_t n) {
  double most = 0;
  for (int64_t i = team.thread; i < n; i += team.threads) {
    const double v = fabs(static_cast<double>(a[i]));
    if (v > most || v != v) most = v;
  }
  most = team.largest(most);
  if (!(most <= 1.7976931348623157e308)) return 0;
  if (most == 0) return 1;
  const int limit = sizeof(T) == 4 ? 126 : 1022;
  const int exponent = ilogb(most);
  return static_cast<T>(scalbn(1.0, exponent > limit ? -limit : exponent < -limit ? limit : -exponent));
}

#endif

}  // namespace flambeau::cuda::linalg
