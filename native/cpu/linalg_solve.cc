// LU with partial pivoting, Cholesky and triangular solves: what torch.linalg's inv, solve, det, lu, cholesky and
// solveTriangular call. Recursive, so that most of the work is matrix products. Through the kernel table.
#include "linalg.h"

namespace flambeau::FB_ISA {
namespace {

using namespace linalg;

// ---- LU -------------------------------------------------------------------------------------------------------------

template <class T>
void swap_rows(T* a, int64_t lda, int64_t cols, const int32_t* pivots, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) {
    const int64_t p = pivots[i] - 1;
    if (p != i) std::swap_ranges(a + i * lda, a + i * lda + cols, a + p * lda);
  }
}

/** Columns of a panel one by one; pivots count from 1, from row 0 of the panel. Gives the first zero pivot, or 0. */
template <class T>
int32_t lu_small(T* a, int64_t lda, int64_t m, int64_t n, int32_t* pivots) {
  int32_t info = 0;
  for (int64_t j = 0; j < std::min(m, n); j++) {
    int64_t best = j;
    T largest = std::abs(a[j * lda + j]);
    for (int64_t i = j + 1; i < m; i++) {
      const T v = std::abs(a[i * lda + j]);
      if (v > largest) {
        largest = v;
        best = i;
      }
    }
    pivots[j] = static_cast<int32_t>(best + 1);
    if (best != j) std::swap_ranges(a + j * lda, a + j * lda + n, a + best * lda);
    const T pivot = a[j * lda + j];
    if (pivot == 0) {
      if (info == 0) info = static_cast<int32_t>(j + 1);
      continue;
    }
    for (int64_t i = j + 1; i < m; i++) {
      T* const row = a + i * lda;
      const T f = row[j] / pivot;
      row[j] = f;
      if (f != 0) axpy(-f, a + j * lda + j + 1, row + j + 1, n - j - 1);
    }
  }
  return info;
}

template <class T>
int32_t lu(T* a, int64_t lda, int64_t m, int64_t n, int32_t* pivots) {
  if (n <= 16 || m == 1) return lu_small(a, lda, m, n, pivots);
  const int64_t k = std::min(m, n);
  const int64_t h = k <= 16 ? k : std::max<int64_t>(8, k / 2 / 8 * 8);
  int32_t info = lu(a, lda, m, h, pivots);
  swap_rows(a + h, lda, n - h, pivots, 0, h);
  solve_triangle(Triangle<T>{a, lda, 1, false, true}, h, a + h, lda, n - h);
  if (h < k) {
    multiply_add<T>(m - h, n - h, h, -1, a + h * lda, lda, 1, a + h, lda, 1, a + h * lda + h, lda);
    const int32_t lower = lu(a + h * lda + h, lda, m - h, n - h, pivots + h);
    if (info == 0 && lower != 0) info = lower + static_cast<int32_t>(h);
    for (int64_t i = h; i < k; i++) pivots[i] += static_cast<int32_t>(h);
    swap_rows(a, lda, h, pivots, h, k);
  }
  return info;
}

/**
 * A [B, m, n] becomes its factors, L below the diagonal; pivots int32 [B, min(m, n)] as LAPACK's, info int32 [B]. X
 * [B, n, k], if there, becomes A^-1 X.
 */
void lu_kernel(const Plan& plan) {
  plan.expect(4, 0);
  const Operand &a = plan.operand[0], &pivots = plan.operand[1], &info = plan.operand[2], &x = plan.operand[3];
  const Batch s(a);
  const int64_t k = std::min(s.rows, s.cols);
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
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double n = static_cast<double>(k);
    each_matrix(s.count, n * static_cast<double>(s.rows) * static_cast<double>(s.cols + width), [&](int64_t i) {
      T* const matrix = a.as<T>() + i * s.rows * s.cols;
      // its own: what rows are swapped by must not change under it, however the operands overlap
      std::vector<int32_t> swaps(static_cast<size_t>(k));
      int32_t* const p = swaps.data();
      info.as<int32_t>()[i] = k == 0 ? 0 : lu(matrix, s.cols, s.rows, s.cols, p);
      std::copy(swaps.begin(), swaps.end(), pivots.as<int32_t>() + i * k);
      if (width == 0 || k == 0) return;
      T* const to = x.as<T>() + i * s.rows * width;
      swap_rows(to, width, width, p, 0, k);
      solve_triangle(Triangle<T>{matrix, s.cols, 1, false, true}, k, to, width, width);
      solve_triangle(Triangle<T>{matrix, s.cols, 1, true, false}, k, to, width, width);
    });
  });
}

// ---- Cholesky -------------------------------------------------------------------------------------------------------

constexpr int64_t kSmall = 32, kTile = 32;  // columns solved at once, and rows

/** X = X L^-ᵀ for X [m, n], L [n, n] lower. */
template <class T>
void solve_right(const T* l, int64_t ldl, int64_t n, T* x, int64_t ldx, int64_t m) {
  if (n > kSmall) {
    const int64_t h = (n / 2 + 15) / 16 * 16;
    solve_right(l, ldl, h, x, ldx, m);
    multiply_add<T>(m, n - h, h, -1, x, ldx, 1, l + h * ldl, 1, ldl, x + h, ldx);
    solve_right(l + h * ldl + h, ldl, n - h, x + h, ldx, m);
    return;
  }
  // rows side by side, so that the loops run along them
  parallel_for((m + kTile - 1) / kTile, std::max<int64_t>(1, kGrain / (kTile * kSmall * kSmall)),
               [&](int64_t b, int64_t e) {
                 T rows[kSmall * kTile];
                 for (int64_t r0 = b * kTile; r0 < std::min(m, e * kTile); r0 += kTile) {
                   const int64_t count = std::min(kTile, m - r0);
                   std::fill(rows, rows + n * kTile, T(0));
                   for (int64_t r = 0; r < count; r++)
                     for (int64_t j = 0; j < n; j++) rows[j * kTile + r] = x[(r0 + r) * ldx + j];
                   for (int64_t j = 0; j < n; j++) {
                     for (int64_t i = 0; i < j; i++) axpy(-l[j * ldl + i], rows + i * kTile, rows + j * kTile, kTile);
                     for (int64_t r = 0; r < kTile; r++) rows[j * kTile + r] /= l[j * ldl + j];
                   }
                   for (int64_t r = 0; r < count; r++)
                     for (int64_t j = 0; j < n; j++) x[(r0 + r) * ldx + j] = rows[j * kTile + r];
                 }
               });
}

/** The lower half of C -= A Aᵀ for A [n, k]. */
template <class T>
void subtract_square(const T* a, int64_t lda, int64_t n, int64_t k, T* c, int64_t ldc) {
  if (n <= 64) {
    multiply_add<T>(n, n, k, -1, a, lda, 1, a, 1, lda, c, ldc);
    return;
  }
  const int64_t h = (n / 2 + 15) / 16 * 16;
  subtract_square(a, lda, h, k, c, ldc);
  multiply_add<T>(n - h, h, k, -1, a + h * lda, lda, 1, a, 1, lda, c + h * ldc, ldc);
  subtract_square(a + h * lda, lda, n - h, k, c + h * ldc + h, ldc);
}

/** In place, from the lower half; the order of the first minor that is not positive, or 0. */
template <class T>
int32_t cholesky(T* a, int64_t lda, int64_t n) {
  if (n > 32) {
    const int64_t h = (n / 2 + 15) / 16 * 16;
    const int32_t upper = cholesky(a, lda, h);
    if (upper != 0) return upper;
    solve_right(a, lda, h, a + h * lda, lda, n - h);
    subtract_square(a + h * lda, lda, n - h, h, a + h * lda + h, lda);
    const int32_t lower = cholesky(a + h * lda + h, lda, n - h);
    return lower == 0 ? 0 : lower + static_cast<int32_t>(h);
  }
  for (int64_t j = 0; j < n; j++) {
    T* const row = a + j * lda;
    const T d = row[j] - dot(row, row, j);
    if (!(d > 0)) return static_cast<int32_t>(j + 1);
    row[j] = std::sqrt(d);
    for (int64_t i = j + 1; i < n; i++) {
      T* const other = a + i * lda;
      other[j] = (other[j] - dot(other, row, j)) / row[j];
    }
  }
  return 0;
}

/** A [B, n, n] becomes L, zeros above; info int32 [B]. */
void cholesky_kernel(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &a = plan.operand[0], &info = plan.operand[1];
  const Batch s(a);
  Plan::require(s.rows == s.cols, "linalg: expected square matrices");
  expect_info(info, s.count);
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = s.rows;
    each_matrix(s.count, static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n), [&](int64_t b) {
      T* const matrix = a.as<T>() + b * n * n;
      info.as<int32_t>()[b] = cholesky(matrix, n, n);
      for (int64_t i = 0; i < n; i++) std::fill(matrix + i * n + i + 1, matrix + (i + 1) * n, T(0));
    });
  });
}

// ---- triangular -----------------------------------------------------------------------------------------------------

/** X [B, n, k] becomes A^-1 X; A [B, n, n] has any strides. Parameters: upper, unit diagonal. */
void triangular_kernel(const Plan& plan) {
  plan.expect(2, 2);
  const Operand &x = plan.operand[0], &a = plan.operand[1];
  const Batch s(x);
  Plan::require(static_cast<bool>(a) && a.ndim == 3 && a.dtype == x.dtype && a.sizes[0] == s.count &&
                    a.sizes[1] == s.rows && a.sizes[2] == s.rows,
                "linalg: the triangle does not fit");
  const bool upper = plan.flag(0), unit = plan.flag(1);
  if (s.rows == 0 || s.cols == 0) return;
  floating(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double n = static_cast<double>(s.rows);
    each_matrix(s.count, n * n * static_cast<double>(s.cols), [&](int64_t i) {
      const Triangle<T> t{a.as<const T>() + i * a.strides[0], a.strides[1], a.strides[2], upper, unit};
      solve_triangle(t, s.rows, x.as<T>() + i * s.rows * s.cols, s.cols, s.cols);
    });
  });
}

}  // namespace

void register_linalg_solve(KernelTable& table) {
  table.add("linalgLu", lu_kernel);
  table.add("linalgCholesky", cholesky_kernel);
  table.add("linalgTriangular", triangular_kernel);
}

}  // namespace flambeau::FB_ISA
