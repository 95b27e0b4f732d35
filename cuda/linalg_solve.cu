// LU with partial pivoting, Cholesky and triangular solves: what torch.linalg's inv, solve, det, lu, cholesky and
// solveTriangular call. One block of threads per matrix, column after column. Registered by backend.cc.
#include "kernels.h"
#include "linalg.cuh"

namespace flambeau::cuda {
namespace {

using namespace linalg;

// ---- triangles ------------------------------------------------------------------------------------------------------

/** A triangular matrix of any strides, of which only the named half is read. */
template <class T>
struct Triangle {
  const T* a;
  int64_t row, col;
  bool upper, unit;
};

/** X = A^-1 X for X [n, k]. */
template <class T>
__device__ void solve_triangle(const Team& team, const Triangle<T>& t, int64_t n, T* x, int64_t k) {
  for (int64_t step = 0; step < n; step++) {
    const int64_t i = t.upper ? n - 1 - step : step;
    if (!t.unit) {
      const T d = t.a[i * (t.row + t.col)];
      for (int64_t c = team.thread; c < k; c += team.threads) x[i * k + c] /= d;
      __syncthreads();
    }
    const int64_t first = t.upper ? 0 : i + 1, rows = n - 1 - step;
    each_flat(team, rows, k, [&](int64_t r, int64_t c) {
      x[(first + r) * k + c] -= t.a[(first + r) * t.row + i * t.col] * x[i * k + c];
    });
    __syncthreads();
  }
}

template <class T>
struct TriangularArgs {
  T* x;
  Triangle<T> triangle;
  int64_t batch, count, n, k;
};
template <class T>
__global__ void __launch_bounds__(kThreads, 2) triangular_kernel(const TriangularArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  for (int64_t b = blockIdx.x; b < args.count; b += gridDim.x) {
    Triangle<T> t = args.triangle;
    t.a += b * args.batch;
    solve_triangle(team, t, args.n, args.x + b * args.n * args.k, args.k);
  }
}

/** X [B, n, k] becomes A^-1 X; A [B, n, n] has any strides. Parameters: upper, unit diagonal. */
void triangular(const Plan& plan) {
  plan.expect(2, 2);
  const Operand &x = plan.operand[0], &a = plan.operand[1];
  const Batch s(x);
  Plan::require(static_cast<bool>(a) && a.ndim == 3 && a.dtype == x.dtype && a.sizes[0] == s.count &&
                    a.sizes[1] == s.rows && a.sizes[2] == s.rows,
                "linalg: the triangle does not fit");
  if (s.rows == 0 || s.cols == 0) return;
  floating(x.dtype, [&]<class T>(T) {
    const TriangularArgs<T> args{device_data<T>(x),
                                 {device_data<T>(a), a.strides[1], a.strides[2], plan.flag(0), plan.flag(1)},
                                 a.strides[0],
                                 s.count,
                                 s.rows,
                                 s.cols};
    launch(triangular_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * s.cols)}, 0, args);
  });
}

// ---- LU -------------------------------------------------------------------------------------------------------------

template <class T>
struct LuArgs {
  T* a;
  int32_t *pivots, *info;
  T* x;
  int64_t count, m, n, width;
};

/** Gives the first zero pivot, or 0. */
template <class T>
__device__ int32_t factor_lu(const Team& team, T* a, int64_t m, int64_t n, int32_t* pivots) {
  int32_t info = 0;
  const int64_t k = m < n ? m : n;
  for (int64_t j = 0; j < k; j++) {
    double most = -1;
    long long best = j;
    for (int64_t i = j + team.thread; i < m; i += team.threads) {
      double v = fabs(static_cast<double>(a[i * n + j]));
      if (v != v) v = i == j ? 1.0 / 0.0 : -1;  // a NaN is kept where it is, and never chosen
      if (v > most) {
        most = v;
        best = i;
      }
    }
    team.where_largest(most, best);
    if (team.thread == 0) pivots[j] = static_cast<int32_t>(best + 1);
    if (best != j) {
      for (int64_t c = team.thread; c < n; c += team.threads) {
        const T kept = a[j * n + c];
        a[j * n + c] = a[best * n + c];
        a[best * n + c] = kept;
      }
    }
    __syncthreads();
    const T pivot = a[j * n + j];
    if (pivot == 0) {
      if (info == 0) info = static_cast<int32_t>(j + 1);
      continue;
    }
    for (int64_t i = j + 1 + team.thread; i < m; i += team.threads) a[i * n + j] /= pivot;
    __syncthreads();
    T *const row = a + j * n + j + 1, *const rest = row + n;
    each_element(team, m - j - 1, n - j - 1,
                 [&](int64_t i, int64_t c) { rest[i * n + c] -= rest[i * n - 1] * row[c]; });
    __syncthreads();
  }
  return info;
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) lu_kernel(const LuArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  const auto [a, pivots, info, x, count, m, n, width] = args;
  const int64_t k = m < n ? m : n;
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
    T* const matrix = a + b * m * n;
    int32_t* const p = pivots + b * k;
    const int32_t zero = factor_lu(team, matrix, m, n, p);
    if (team.thread == 0) info[b] = zero;
    if (width == 0) continue;
    T* const to = x + b * m * width;
    for (int64_t c = team.thread; c < width; c += team.threads) {
      for (int64_t i = 0; i < k; i++) {
        const int64_t other = p[i] - 1;
        const T kept = to[i * width + c];
        to[i * width + c] = to[other * width + c];
        to[other * width + c] = kept;
      }
    }
    __syncthreads();
    solve_triangle(team, Triangle<T>{matrix, n, 1, false, true}, k, to, width);
    solve_triangle(team, Triangle<T>{matrix, n, 1, true, false}, k, to, width);
  }
}

/**
 * A [B, m, n] becomes its factors, L below the diagonal; pivots int32 [B, min(m, n)] as LAPACK's, info int32 [B]. X
 * [B, n, k], if there, becomes A^-1 X.
 */
void lu(const Plan& plan) {
  plan.expect(4, 0);
  const Operand &a = plan.operand[0], &pivots = plan.operand[1], &info = plan.operand[2], &x = plan.operand[3];
  const Batch s(a);
  const int64_t k = s.rows < s.cols ? s.rows : s.cols;
  expect_vectors(pivots, s.count, k, DType::i32);
  expect_info(info, s.count);
  int64_t width = 0;
  if (x) {
    const Batch r(x);
    Plan::require(s.rows == s.cols && r.count == s.count && r.rows == s.rows && x.dtype == a.dtype,
                  "linalg: the right-hand sides do not fit");
    width = r.cols;
  }
  Plan::require(s.rows < (int64_t{1} << 31), "linalg: too many rows");
  if (s.count == 0) return;
  // their own: what rows are swapped by must not change under it, however the operands overlap
  const size_t bytes = static_cast<size_t>(s.count * k) * sizeof(int32_t);
  const Temporary swaps(bytes);
  floating(a.dtype, [&]<class T>(T) {
    const LuArgs<T> args{device_data<T>(a),
                         swaps.as<int32_t>(),
                         device_data<int32_t>(info),
                         x ? device_data<T>(x) : nullptr,
                         s.count,
                         s.rows,
                         s.cols,
                         width};
    launch(lu_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * (s.cols + width))}, 0, args);
  });
  if (bytes > 0)
    check(cudaMemcpyAsync(device_data<int32_t>(pivots), swaps.as(), bytes, cudaMemcpyDeviceToDevice, current().stream),
          "linalgLu");
}

// ---- Cholesky -------------------------------------------------------------------------------------------------------

/** In place, from the lower half; the order of the first minor that is not positive, or 0. */
template <class T>
__device__ int32_t factor_cholesky(const Team& team, T* a, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    T* const top = a + j * n + j;
    const T d = *top;
    if (!(d > 0)) return static_cast<int32_t>(j + 1);
    const T root = sqrt(d);
    __syncthreads();  // all have read it
    for (int64_t i = team.thread; i < n - j; i += team.threads) top[i * n] = i == 0 ? root : top[i * n] / root;
    __syncthreads();
    const int64_t rest = n - j - 1;
    T* const below = top + n;
    each_element(team, rest, rest, [&](int64_t i, int64_t c) {
      if (c <= i) below[i * n + c + 1] -= below[i * n] * below[c * n];
    });
    __syncthreads();
  }
  return 0;
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) cholesky_kernel(T* a, int32_t* info, int64_t count, int64_t n) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
    T* const matrix = a + b * n * n;
    const int32_t minor = factor_cholesky(team, matrix, n);
    if (team.thread == 0) info[b] = minor;
    each_element(team, n, n, [&](int64_t i, int64_t j) {
      if (j > i) matrix[i * n + j] = 0;
    });
  }
}

/** A [B, n, n] becomes L, zeros above; info int32 [B]. */
void cholesky(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &a = plan.operand[0], &info = plan.operand[1];
  const Batch s(a);
  Plan::require(s.rows == s.cols, "linalg: expected square matrices");
  expect_info(info, s.count);
  floating(a.dtype, [&]<class T>(T) {
    launch(cholesky_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * s.rows)}, 0, device_data<T>(a),
           device_data<int32_t>(info), s.count, s.rows);
  });
}

}  // namespace

void register_linalg_solve(KernelTable& table) {
  table.add("linalgLu", lu);
  table.add("linalgCholesky", cholesky);
  table.add("linalgTriangular", triangular);
}

}  // namespace flambeau::cuda
