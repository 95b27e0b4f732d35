// QR decompositions by Householder reflectors, with LAPACK's signs, and products with reflectors: torch.linalg.qr,
// torch.geqrf, orgqr and ormqr. One block of threads per matrix. Registered by backend.cc.
#include <algorithm>

#include "kernels.h"
#include "linalg.cuh"

namespace flambeau::cuda {
namespace {

using namespace linalg;

/** C [m, c] becomes H₀ H₁ … C, or Hᵀ C, for the `count` reflectors of A [m, n]. */
template <class T>
__device__ void apply(const Team& team, const T* a, int64_t n, const T* tau, int64_t count, bool transposed, T* c,
                      int64_t m, int64_t cols) {
  for (int64_t step = 0; step < count; step++) {
    const int64_t j = transposed ? step : count - 1 - step;
    reflect(team, a + j * n + j, n, tau[j], c + j * cols, cols, m - j, cols);
  }
}

template <class T>
struct QrArgs {
  T *a, *tau, *q;
  int64_t count, m, n, cols;
  bool compact;  // the reflectors are wanted, not R and Q
};
template <class T>
__global__ void __launch_bounds__(kThreads, 2) qr_kernel(const QrArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  const auto [a, tau, q, count, m, n, cols, compact] = args;
  const int64_t k = m < n ? m : n;
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
    T *const matrix = a + b * m * n, *const factors = tau + b * k;
    factor_qr(team, matrix, m, n, factors);
    if (compact) continue;
    if (cols > 0) {
      T* const to = q + b * m * cols;
      each_element(team, m, cols, [&](int64_t i, int64_t j) { to[i * cols + j] = i == j ? T(1) : T(0); });
      __syncthreads();
      apply(team, matrix, n, factors, k, false, to, m, cols);
    }
    each_element(team, m, n, [&](int64_t i, int64_t j) {
      if (j < i) matrix[i * n + j] = 0;
    });
  }
}

/** A [B, m, n] becomes R; Q [B, m, c], if there, its first c columns. */
void qr(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &a = plan.operand[0], &q = plan.operand[1];
  const Batch s(a);
  int64_t cols = 0;
  if (q) {
    const Batch t(q);
    cols = t.cols;
    Plan::require(t.count == s.count && t.rows == s.rows && cols <= s.rows && q.dtype == a.dtype,
                  "linalg: Q does not fit");
  }
  if (s.count == 0 || s.rows == 0 || (s.cols == 0 && cols == 0)) return;
  floating(a.dtype, [&]<class T>(T) {
    const Temporary tau(static_cast<size_t>(s.count * std::min(s.rows, s.cols)) * sizeof(T));
    const QrArgs<T> args{
        device_data<T>(a), tau.as<T>(), q ? device_data<T>(q) : nullptr, s.count, s.rows, s.cols, cols, false};
    launch(qr_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * (s.cols + cols))}, 0, args);
  });
}

/** A [B, m, n] becomes R above and the reflectors below the diagonal; tau [B, min(m, n)] their factors. */
void geqrf(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &a = plan.operand[0], &tau = plan.operand[1];
  const Batch s(a);
  expect_vectors(tau, s.count, std::min(s.rows, s.cols), a.dtype);
  if (s.count == 0 || s.rows == 0 || s.cols == 0) return;
  floating(a.dtype, [&]<class T>(T) {
    const QrArgs<T> args{device_data<T>(a), device_data<T>(tau), nullptr, s.count, s.rows, s.cols, 0, true};
    launch(qr_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * s.cols)}, 0, args);
  });
}

template <class T>
struct ReflectArgs {
  T* c;
  const T *a, *tau;
  int64_t count, m, n, cols, k;
  bool transposed;
};
template <class T>
__global__ void __launch_bounds__(kThreads, 2) reflect_kernel(const ReflectArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  const auto [c, a, tau, count, m, n, cols, k, transposed] = args;
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x)
    apply(team, a + b * m * n, n, tau + b * k, k, transposed, c + b * m * cols, m, cols);
}

/** C [B, m, c] becomes H₀ H₁ … C, or Hᵀ C if the parameter is 1, for the reflectors of A [B, m, n] and tau [B, k]. */
void reflected(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &c = plan.operand[0], &a = plan.operand[1], &tau = plan.operand[2];
  const Batch s(a), t(c);
  Plan::require(static_cast<bool>(tau) && tau.ndim == 2, "linalg: expected a batch of factors");
  const int64_t k = tau.sizes[1];
  expect_vectors(tau, s.count, k, a.dtype);
  Plan::require(t.count == s.count && t.rows == s.rows && c.dtype == a.dtype && k <= std::min(s.rows, s.cols),
                "linalg: the reflectors do not fit");
  if (s.count == 0 || k == 0 || t.cols == 0) return;
  floating(a.dtype, [&]<class T>(T) {
    const ReflectArgs<T> args{
        device_data<T>(c), device_data<T>(a), device_data<T>(tau), s.count, s.rows, s.cols, t.cols, k,
        plan.param[0] != 0};
    launch(reflect_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * t.cols)}, 0, args);
  });
}

}  // namespace

void register_linalg_qr(KernelTable& table) {
  table.add("linalgQr", qr);
  table.add("linalgGeqrf", geqrf);
  table.add("linalgReflect", reflected);
}

}  // namespace flambeau::cuda
