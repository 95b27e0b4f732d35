// LDLᵀ decompositions of symmetric matrices (Bunch and Kaufman's pivoting, 1 by 1 and 2 by 2 blocks) in LAPACK's
// compact form, and systems solved with them: torch.linalg.ldlFactor and ldlSolve. Registered by backend.cc.
#include <stdexcept>
#include <vector>

#include "kernels.h"
#include "linalg.cuh"

namespace flambeau::cuda {
namespace {

using namespace linalg;

template <class T>
__device__ void exchange(T& a, T& b) {
  const T kept = a;
  a = b;
  b = kept;
}
__device__ double magnitude(double v) { return fabs(v); }

/** The lower half of A [n, n] becomes L and D; pivots are LAPACK's; gives the first zero pivot from 1 on. */
template <class T>
__device__ int32_t factor_ldl(const Team& team, T* a, int32_t* pivots, int64_t n) {
  const T alpha = static_cast<T>(0.6403882032022076);  // (1 + √17) / 8
  int32_t info = 0;
  const auto at = [&](int64_t i, int64_t j) -> T& { return a[i * n + j]; };
  for (int64_t k = 0; k < n;) {
    double most = 0;
    long long largest = n;
    for (int64_t i = k + 1 + team.thread; i < n; i += team.threads) {
      const double v = magnitude(at(i, k));
      if (v > most) {
        most = v;
        largest = i;
      }
    }
    team.where_largest(most, largest);
    const T own = fabs(at(k, k)), column = static_cast<T>(most);
    if ((own < column ? column : own) == 0 || own != own) {
      if (info == 0) info = static_cast<int32_t>(k + 1);
      if (team.thread == 0) pivots[k] = static_cast<int32_t>(k + 1);
      k++;
      continue;
    }
    int64_t step = 1, other = k;
    if (own < alpha * column) {
      double most_of_row = 0;
      for (int64_t j = k + team.thread; j < n; j += team.threads) {
        if (j == largest) continue;
        const double v = magnitude(j < largest ? at(largest, j) : at(j, largest));
        if (v > most_of_row) most_of_row = v;
      }
      const T row = static_cast<T>(team.largest(most_of_row));
      if (own < alpha * column * (column / row)) {
        other = largest;
        if (fabs(at(largest, largest)) < alpha * row) step = 2;
      }
    }
    const int64_t last = k + step - 1;
    __syncthreads();  // all have read what now moves
    if (other != last) {
      for (int64_t i = last + 1 + team.thread; i < n; i += team.threads) {
        if (i > other)
          exchange(at(i, last), at(i, other));
        else if (i < other)
          exchange(at(i, last), at(other, i));
      }
      if (team.thread == 0) {
        exchange(at(last, last), at(other, other));
        if (step == 2) exchange(at(k + 1, k), at(other, k));
      }
      __syncthreads();
    }
    const int64_t first = k + step, rest = n - first;
    if (step == 1) {
      const T d = 1 / at(k, k);
      each_element(team, rest, rest, [&](int64_t i, int64_t j) {
        if (j <= i) at(first + i, first + j) -= d * at(first + i, k) * at(first + j, k);
      });
      __syncthreads();
      for (int64_t i = first + team.thread; i < n; i += team.threads) at(i, k) *= d;
    } else {
      const T between = at(k + 1, k), d11 = at(k + 1, k + 1) / between, d22 = at(k, k) / between;
      const T scale = 1 / (d11 * d22 - 1) / between;
      const auto w0 = [&](int64_t j) { return scale * (d11 * at(j, k) - at(j, k + 1)); };
      const auto w1 = [&](int64_t j) { return scale * (d22 * at(j, k + 1) - at(j, k)); };
      each_element(team, rest, rest, [&](int64_t i, int64_t j) {
        if (j <= i) at(first + i, first + j) -= at(first + i, k) * w0(first + j) + at(first + i, k + 1) * w1(first + j);
      });
      __syncthreads();
      for (int64_t j = first + team.thread; j < n; j += team.threads) {
        const T x = w0(j), y = w1(j);
        at(j, k) = x;
        at(j, k + 1) = y;
      }
    }
    if (team.thread == 0) {
      pivots[k] = static_cast<int32_t>(step == 1 ? other + 1 : -(other + 1));
      if (step == 2) pivots[k + 1] = pivots[k];
    }
    __syncthreads();
    k += step;
  }
  return info;
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2)
    factor_kernel(T* a, int32_t* pivots, int32_t* info, int64_t count, int64_t n) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
    const int32_t zero = factor_ldl(team, a + b * n * n, pivots + b * n, n);
    if (team.thread == 0) info[b] = zero;
  }
}

/** A [B, n, n] becomes LD, of which the lower half is read and written; pivots int32 [B, n], info int32 [B]. */
void factor(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &a = plan.operand[0], &pivots = plan.operand[1], &info = plan.operand[2];
  const Batch s(a);
  Plan::require(s.rows == s.cols, "linalg: expected square matrices");
  expect_vectors(pivots, s.count, s.rows, DType::i32);
  expect_info(info, s.count);
  floating(a.dtype, [&]<class T>(T) {
    launch(factor_kernel<T>, {blocks_for(s.count)}, {threads_for_matrix(s.rows * s.rows)}, 0, device_data<T>(a),
           device_data<int32_t>(pivots), device_data<int32_t>(info), s.count, s.rows);
  });
}

/** Whether pivots [n] are those of a decomposition: in range, and negative ones in pairs. */
bool valid(const int32_t* pivots, int64_t n) {
  for (int64_t k = 0; k < n; k++) {
    const int64_t p = pivots[k];
    if (p == 0 || p > n || -p > n) return false;
    if (p < 0 && (k + 1 == n || pivots[k + 1] != pivots[k])) return false;
    if (p < 0) k++;
  }
  return true;
}

template <class T>
struct SolveArgs {
  const T* a;
  const int32_t* pivots;
  T* x;
  int64_t count, n, cols;
};
template <class T>
__global__ void __launch_bounds__(kThreads, 2) solve_kernel(const SolveArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  const Team team(scratch);
  const int64_t n = args.n, cols = args.cols;
  for (int64_t batch = blockIdx.x; batch < args.count; batch += gridDim.x) {
    const T* const a = args.a + batch * n * n;
    const int32_t* const pivots = args.pivots + batch * n;
    T* const x = args.x + batch * n * cols;
    // a column of the right side is one thread's from the start to the end
    for (int64_t c = team.thread; c < cols; c += team.threads) {
      const auto row = [&](int64_t i) -> T& { return x[i * cols + c]; };
      for (int64_t k = 0; k < n;) {
        if (pivots[k] > 0) {
          exchange(row(k), row(pivots[k] - 1));
          for (int64_t i = k + 1; i < n; i++) row(i) -= a[i * n + k] * row(k);
          row(k) /= a[k * n + k];
          k++;
        } else {
          exchange(row(k + 1), row(-pivots[k] - 1));
          for (int64_t i = k + 2; i < n; i++) row(i) -= a[i * n + k] * row(k) + a[i * n + k + 1] * row(k + 1);
          const T between = a[(k + 1) * n + k], d0 = a[k * n + k] / between, d1 = a[(k + 1) * n + k + 1] / between;
          const T denominator = d0 * d1 - 1, p = row(k) / between, q = row(k + 1) / between;
          row(k) = (d1 * p - q) / denominator;
          row(k + 1) = (d0 * q - p) / denominator;
          k += 2;
        }
      }
      for (int64_t k = n - 1; k >= 0;) {
        const int64_t width = pivots[k] > 0 ? 1 : 2;
        for (int64_t j = k; j > k - width; j--)
          for (int64_t i = k + 1; i < n; i++) row(j) -= a[i * n + j] * row(i);
        exchange(row(k), row((pivots[k] > 0 ? pivots[k] : -pivots[k]) - 1));
        k -= width;
      }
    }
  }
}

/** X [B, n, k], given as the right side; LD [B, n, n]; pivots int32 [B, n]. */
void solve(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &x = plan.operand[0], &a = plan.operand[1], &pivots = plan.operand[2];
  const Batch s(a), t(x);
  Plan::require(s.rows == s.cols && t.count == s.count && t.rows == s.rows && x.dtype == a.dtype,
                "linalg: the right side does not fit");
  expect_vectors(pivots, s.count, s.rows, DType::i32);
  if (s.count == 0 || s.rows == 0) return;
  // checked on the host, and used as a copy that nothing else writes to
  std::vector<int32_t> checked(static_cast<size_t>(s.count * s.rows));
  const size_t bytes = checked.size() * sizeof(int32_t);
  download(checked.data(), device_data<int32_t>(pivots), bytes);
  for (int64_t i = 0; i < s.count; i++) {
    if (!valid(checked.data() + i * s.rows, s.rows)) throw std::out_of_range("the pivots are none of ldlFactor");
  }
  if (t.cols == 0) return;
  const Temporary copy(bytes);
  upload(copy.as(), checked.data(), bytes);
  floating(a.dtype, [&]<class T>(T) {
    const SolveArgs<T> args{device_data<T>(a), copy.as<int32_t>(), device_data<T>(x), s.count, s.rows, t.cols};
    launch(solve_kernel<T>, {blocks_for(s.count)}, {threads_for(t.cols, kThreads)}, 0, args);
  });
}

}  // namespace

void register_linalg_ldl(KernelTable& table) {
  table.add("linalgLdlFactor", factor);
  table.add("linalgLdlSolve", solve);
}

}  // namespace flambeau::cuda
