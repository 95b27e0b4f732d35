// Singular value decompositions: Householder bidiagonalisation (of R where the matrix is tall), then implicit QR.
// Called by torch.linalg's svd and svdvals through the kernel table.
#include "linalg_bidiagonal.h"
#include "linalg_qr.h"

namespace flambeau::FB_ISA {
namespace {

using namespace linalg;

/** The reflectors on the left and on the right of a matrix that has become bidiagonal. */
template <class T>
struct Bidiagonal {
  Reflectors<T> left, right;
  std::vector<double> d, e;
};

/** A [m, n], m >= n >= 1. The update by a pair of reflectors is one pass over the rows. */
template <class T>
Bidiagonal<T> bidiagonalize(T* a, int64_t m, int64_t n) {
  const int64_t k = std::max<int64_t>(n - 2, 0);
  Bidiagonal<T> out{Reflectors<T>(m, n, 0), Reflectors<T>(n, k, 1), std::vector<double>(static_cast<size_t>(n)),
                    std::vector<double>(static_cast<size_t>(n))};
  std::vector<T> v(static_cast<size_t>(m)), w(static_cast<size_t>(n)), u(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j; i < m; i++) v[i] = a[i * n + j];
    const T tau = reflector(v[j], v.data() + j + 1, m - j - 1, 1);
    out.d[j] = static_cast<double>(v[j]);
    v[j] = 1;
    out.left.tau[j] = tau;
    for (int64_t i = j; i < m; i++) out.left.v[i * n + j] = v[i];
    const int64_t first = j + 1, rest = n - first;
    if (rest == 0) break;
    // w = tau vᵀ A
    parallel_for(rest, std::max<int64_t>(16, kGrain / (m - j)), [&](int64_t begin, int64_t end) {
      T* const to = w.data() + first;
      std::fill(to + begin, to + end, T(0));
      for (int64_t i = j; i < m; i++) axpy(tau * v[i], a + i * n + first + begin, to + begin, end - begin);
    });
    T* const row = a + j * n;
    for (int64_t c = first; c < n; c++) row[c] -= w[c];
    T other = 0;
    std::copy(row + first, row + n, u.begin() + first);
    if (j < k) {
      other = reflector(u[first], u.data() + first + 1, rest - 1, 1);
      out.e[j] = static_cast<double>(u[first]);
      u[first] = 1;
      out.right.tau[j] = other;
      for (int64_t c = first; c < n; c++) out.right.v[c * k + j] = u[c];
    } else {
      out.e[j] = static_cast<double>(u[first]);
    }
    parallel_for(m - first, std::max<int64_t>(1, kGrain / rest), [&](int64_t begin, int64_t end) {
      for (int64_t i = first + begin; i < first + end; i++) {
        T* const r = a + i * n;
        const T vi = v[i];
        if (other == 0) {
          axpy(-vi, w.data() + first, r + first, rest);
          continue;
        }
        T sum = 0;
        const T *FB_RESTRICT ww = w.data(), *FB_RESTRICT uu = u.data();
#pragma omp simd reduction(+ : sum)
        for (int64_t c = first; c < n; c++) {
          const T x = r[c] - vi * ww[c];
          r[c] = x;
          sum += x * uu[c];
        }
        axpy(-other * sum, u.data() + first, r + first, rest);
      }
    });
  }
  return out;
}

/** Where the vectors of one matrix go: left as columns [m, left_cols], right as rows [right_rows, n], or null. */
template <class T>
struct Vectors {
  T* left;
  int64_t left_cols;
  T* right;
  int64_t right_rows;
};

/** A [m, n], m >= n >= 1, is used up. The vectors on the right have n rows. 0, or 1: not converged. */
template <class T>
int32_t svd_tall(T* a, int64_t m, int64_t n, T* s, T scale, const Vectors<T>& to) {
  if (m > n + n / 2 && n > 8 && to.left_cols <= n) {
    const auto q = factor_qr(a, m, n);
    if (to.left == nullptr) return svd_tall(a, n, n, s, scale, to);
    std::vector<T> inner(static_cast<size_t>(n * n)), basis(static_cast<size_t>(m * n));
    const int32_t info = svd_tall(a, n, n, s, scale, Vectors<T>{inner.data(), n, to.right, n});
    if (info != 0) return info;
    q.form(basis.data(), n);
    multiply_add<T>(m, n, n, 1, basis.data(), n, 1, inner.data(), n, 1, to.left, n, 0);
    return 0;
  }
  auto b = bidiagonalize(a, m, n);
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  const auto nothing = [](int64_t, double, double) {};
  std::vector<int64_t> order(static_cast<size_t>(n));
  const auto sort = [&] {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    std::sort(order.begin(), order.end(), [&](int64_t x, int64_t y) { return std::fabs(b.d[x]) > std::fabs(b.d[y]); });
    const double back = 1 / static_cast<double>(scale);
    for (int64_t i = 0; i < n; i++) s[i] = static_cast<T>(std::fabs(b.d[order[i]]) * back);
  };
  if (to.left == nullptr) {
    if (!bidiagonal_qr(static_cast<int>(n), b.d.data(), b.e.data(), eps, nothing, nothing)) return 1;
    sort();
    return 0;
  }
  b.left.form(to.left, to.left_cols);
  b.right.form(to.right, n);
  Rotated<T> left(n, m), right(n, n);
  left.take_transposed(to.left, to.left_cols);
  right.take_transposed(to.right, n);
  const bool converged = bidiagonal_qr(
      static_cast<int>(n), b.d.data(), b.e.data(), eps, [&](int64_t i, double c, double sn) { right.rotate(i, c, sn); },
      [&](int64_t i, double c, double sn) { left.rotate(i, c, sn); });
  if (!converged) return 1;
  left.flush();
  right.flush();
  sort();
  left.give_transposed(order.data(), to.left, to.left_cols);
  for (int64_t j = 0; j < n; j++) {
    const T sign = std::signbit(b.d[order[j]]) ? T(-1) : T(1);
    for (int64_t i = 0; i < n; i++) to.right[j * n + i] = sign * right.at(order[j], i);
  }
  return 0;
}

template <class T>
void transpose(const T* from, int64_t rows, int64_t cols, T* to) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) to[j * rows + i] = from[i * cols + j];
}

/** A wide matrix is decomposed as its transpose, whose vectors change sides. */
template <class T>
int32_t svd(T* a, int64_t m, int64_t n, T* s, const Vectors<T>& to) {
  const auto [scale, finite] = scale_of(a, m * n);
  if (!finite) return 2;
  for (int64_t i = 0; i < m * n; i++) a[i] *= scale;
  if (m >= n) return svd_tall(a, m, n, s, scale, to);
  std::vector<T> flipped(static_cast<size_t>(m * n));
  transpose(a, m, n, flipped.data());
  if (to.left == nullptr) return svd_tall(flipped.data(), n, m, s, scale, to);
  std::vector<T> left(static_cast<size_t>(n * to.right_rows)), right(static_cast<size_t>(m * m));
  const int32_t info =
      svd_tall(flipped.data(), n, m, s, scale, Vectors<T>{left.data(), to.right_rows, right.data(), m});
  if (info != 0) return info;
  transpose(right.data(), m, m, to.left);
  transpose(left.data(), n, to.right_rows, to.right);
  return 0;
}

/**
 * A [B, m, n] is used up; S [B, k], info int32 [B]; U [B, m, k or m] and Vh [B, k or n, n] are both there or neither
 * is.
 */
void svd_kernel(const Plan& plan) {
  plan.expect(5, 0);
  const Operand &a = plan.operand[0], &s = plan.operand[1], &info = plan.operand[2], &u = plan.operand[3],
                &vh = plan.operand[4];
  const Batch size(a);
  const int64_t m = size.rows, n = size.cols, k = std::min(m, n);
  expect_vectors(s, size.count, k, a.dtype);
  expect_info(info, size.count);
  Plan::require(static_cast<bool>(u) == static_cast<bool>(vh), "linalg: U and Vh come together");
  Plan::require(k < (int64_t{1} << 30), "linalg: too large");
  int64_t left_cols = 0, right_rows = 0;
  if (u) {
    const Batch left(u), right(vh);
    left_cols = left.cols;
    right_rows = right.rows;
    const bool full = left_cols == m && right_rows == n, thin = left_cols == k && right_rows == k;
    Plan::require(left.count == size.count && left.rows == m && right.count == size.count && right.cols == n &&
                      (full || thin) && u.dtype == a.dtype && vh.dtype == a.dtype,
                  "linalg: U and Vh do not fit");
  }
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double work = 8.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    each_matrix(size.count, work, [&](int64_t i) {
      const Vectors<T> to{u ? u.as<T>() + i * m * left_cols : nullptr, left_cols,
                          vh ? vh.as<T>() + i * right_rows * n : nullptr, right_rows};
      info.as<int32_t>()[i] = k == 0 ? 0 : svd(a.as<T>() + i * m * n, m, n, s.as<T>() + i * k, to);
    });
  });
}

}  // namespace

void register_linalg_svd(KernelTable& table) { table.add("linalgSvd", svd_kernel); }

}  // namespace flambeau::FB_ISA
