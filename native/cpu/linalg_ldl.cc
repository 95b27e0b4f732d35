// LDLᵀ decompositions of symmetric matrices (Bunch and Kaufman's pivoting, 1 by 1 and 2 by 2 blocks) in LAPACK's
// compact form, and systems solved with them: torch.linalg.ldlFactor and ldlSolve. Through the kernel table.
#include <stdexcept>

#include "linalg.h"

namespace flambeau::FB_ISA {
namespace {

using namespace linalg;

/** The lower half of A [n, n], row-major, becomes L and D; pivots are LAPACK's; gives the first zero pivot from 1 on.
 */
template <class T>
int32_t factor_ldl(T* a, int32_t* pivots, int64_t n) {
  const T alpha = static_cast<T>((1 + std::sqrt(17.0)) / 8);
  int32_t info = 0;
  const auto at = [&](int64_t i, int64_t j) -> T& { return a[i * n + j]; };
  for (int64_t k = 0; k < n;) {
    int64_t step = 1, other = k, largest = k;
    const T own = std::abs(at(k, k));
    T column = 0;
    for (int64_t i = k + 1; i < n; i++) {
      if (std::abs(at(i, k)) > column) {
        column = std::abs(at(i, k));
        largest = i;
      }
    }
    if (std::max(own, column) == 0 || own != own) {
      if (info == 0) info = static_cast<int32_t>(k + 1);
      pivots[k] = static_cast<int32_t>(k + 1);
      k++;
      continue;
    }
    if (own < alpha * column) {
      T row = 0;
      for (int64_t j = k; j < largest; j++) row = std::max(row, std::abs(at(largest, j)));
      for (int64_t i = largest + 1; i < n; i++) row = std::max(row, std::abs(at(i, largest)));
      if (own < alpha * column * (column / row)) {
        other = largest;
        if (std::abs(at(largest, largest)) < alpha * row) step = 2;
      }
    }
    const int64_t last = k + step - 1;
    if (other != last) {
      for (int64_t i = other + 1; i < n; i++) std::swap(at(i, last), at(i, other));
      for (int64_t i = last + 1; i < other; i++) std::swap(at(i, last), at(other, i));
      std::swap(at(last, last), at(other, other));
      if (step == 2) std::swap(at(k + 1, k), at(other, k));
    }
    if (step == 1) {
      const T d = 1 / at(k, k);
      for (int64_t i = k + 1; i < n; i++) {
        const T f = d * at(i, k);
        for (int64_t j = k + 1; j <= i; j++) at(i, j) -= f * at(j, k);
      }
      for (int64_t i = k + 1; i < n; i++) at(i, k) *= d;
      pivots[k] = static_cast<int32_t>(other + 1);
    } else {
      const T between = at(k + 1, k), d11 = at(k + 1, k + 1) / between, d22 = at(k, k) / between;
      const T scale = 1 / (d11 * d22 - 1) / between;
      for (int64_t j = k + 2; j < n; j++) {
        const T w0 = scale * (d11 * at(j, k) - at(j, k + 1)), w1 = scale * (d22 * at(j, k + 1) - at(j, k));
        for (int64_t i = j; i < n; i++) at(i, j) -= at(i, k) * w0 + at(i, k + 1) * w1;
        at(j, k) = w0;
        at(j, k + 1) = w1;
      }
      pivots[k] = pivots[k + 1] = -static_cast<int32_t>(other + 1);
    }
    k += step;
  }
  return info;
}

/** A [B, n, n] becomes LD, of which the lower half is read and written; pivots int32 [B, n], info int32 [B]. */
void factor_kernel(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &a = plan.operand[0], &pivots = plan.operand[1], &info = plan.operand[2];
  const Batch s(a);
  Plan::require(s.rows == s.cols, "linalg: expected square matrices");
  expect_vectors(pivots, s.count, s.rows, DType::i32);
  expect_info(info, s.count);
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = s.rows;
    const double work = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / 3;
    each_matrix(s.count, work, [&](int64_t i) {
      info.as<int32_t>()[i] = factor_ldl(a.as<T>() + i * n * n, pivots.as<int32_t>() + i * n, n);
    });
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
void solve_ldl(const T* a, const int32_t* pivots, T* b, int64_t n, int64_t cols) {
  const auto row = [&](int64_t i) { return b + i * cols; };
  const auto exchange = [&](int64_t i, int64_t j) {
    if (i != j) std::swap_ranges(row(i), row(i) + cols, row(j));
  };
  for (int64_t k = 0; k < n;) {
    if (pivots[k] > 0) {
      exchange(k, pivots[k] - 1);
      for (int64_t i = k + 1; i < n; i++) axpy(-a[i * n + k], row(k), row(i), cols);
      const T d = a[k * n + k];
      for (int64_t c = 0; c < cols; c++) row(k)[c] /= d;
      k++;
    } else {
      exchange(k + 1, -pivots[k] - 1);
      for (int64_t i = k + 2; i < n; i++) {
        axpy(-a[i * n + k], row(k), row(i), cols);
        axpy(-a[i * n + k + 1], row(k + 1), row(i), cols);
      }
      const T between = a[(k + 1) * n + k], d0 = a[k * n + k] / between, d1 = a[(k + 1) * n + k + 1] / between;
      const T denominator = d0 * d1 - 1;
      for (int64_t c = 0; c < cols; c++) {
        const T x = row(k)[c] / between, y = row(k + 1)[c] / between;
        row(k)[c] = (d1 * x - y) / denominator;
        row(k + 1)[c] = (d0 * y - x) / denominator;
      }
      k += 2;
    }
  }
  for (int64_t k = n - 1; k >= 0;) {
    const int64_t width = pivots[k] > 0 ? 1 : 2;
    for (int64_t j = k; j > k - width; j--)
      for (int64_t i = k + 1; i < n; i++) axpy(-a[i * n + j], row(i), row(j), cols);
    exchange(k, std::abs(pivots[k]) - 1);
    k -= width;
  }
}

/** X [B, n, k], given as the right side; LD [B, n, n]; pivots int32 [B, n]. */
void solve_kernel(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &x = plan.operand[0], &a = plan.operand[1], &pivots = plan.operand[2];
  const Batch s(a), t(x);
  Plan::require(s.rows == s.cols && t.count == s.count && t.rows == s.rows && x.dtype == a.dtype,
                "linalg: the right side does not fit");
  expect_vectors(pivots, s.count, s.rows, DType::i32);
  for (int64_t i = 0; i < s.count; i++) {
    if (!valid(pivots.as<int32_t>() + i * s.rows, s.rows)) throw std::out_of_range("the pivots are none of ldlFactor");
  }
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = s.rows, cols = t.cols;
    const double work = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(cols);
    each_matrix(s.count, work, [&](int64_t i) {
      solve_ldl(a.as<T>() + i * n * n, pivots.as<int32_t>() + i * n, x.as<T>() + i * n * cols, n, cols);
    });
  });
}

}  // namespace

void register_linalg_ldl(KernelTable& table) {
  table.add("linalgLdlFactor", factor_kernel);
  table.add("linalgLdlSolve", solve_kernel);
}

}  // namespace flambeau::FB_ISA
