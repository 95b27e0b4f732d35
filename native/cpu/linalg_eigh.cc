// Eigenvalues and -vectors of symmetric matrices: Householder tridiagonalisation, then implicit QL. Called by
// torch.linalg's eigh and eigvalsh through the kernel table.
#include "linalg.h"

namespace flambeau::FB_ISA {
namespace {

using namespace linalg;

/**
 * A [n, n], symmetric, both halves filled, is reduced to the diagonal d and the e next to it (e[i] between i and i +
 * 1). The update by one reflector and the product with the next are one pass over the rows.
 */
template <class T>
Reflectors<T> tridiagonalize(T* a, int64_t n, double* d, double* e) {
  const int64_t k = std::max<int64_t>(n - 2, 0);
  Reflectors<T> q(n, k, 1);
  std::vector<T> v(static_cast<size_t>(n)), w(static_cast<size_t>(n)), u(static_cast<size_t>(n)),
      p(static_cast<size_t>(n));
  bool pending = false;
  for (int64_t j = 0; j < k; j++) {
    T* const row = a + j * n;
    // row j of the matrix as the last reflector leaves it
    if (pending) {
      for (int64_t c = j; c < n; c++) row[c] -= v[j] * w[c] + w[j] * v[c];
    }
    d[j] = static_cast<double>(row[j]);
    std::copy(row + j + 1, row + n, u.begin() + j + 1);
    const T tau = reflector(u[j + 1], u.data() + j + 2, n - j - 2, 1);
    e[j] = static_cast<double>(u[j + 1]);
    u[j + 1] = 1;
    q.tau[static_cast<size_t>(j)] = tau;
    for (int64_t i = j + 1; i < n; i++) q.v[static_cast<size_t>(i * k + j)] = u[i];
    const int64_t rest = n - j - 1;
    parallel_for(rest, std::max<int64_t>(1, kGrain / rest), [&](int64_t begin, int64_t end) {
      int64_t i = j + 1 + begin;
      // two rows at a time share what is read of the vectors
      for (; pending && i + 1 < j + 1 + end; i += 2) {
        T *FB_RESTRICT r = a + i * n, *FB_RESTRICT t = r + n;
        const T vi = v[i], wi = w[i], vk = v[i + 1], wk = w[i + 1];
        const T *FB_RESTRICT vv = v.data(), *FB_RESTRICT ww = w.data(), *FB_RESTRICT uu = u.data();
        T sum = 0, other = 0;
#pragma omp simd reduction(+ : sum, other)
        for (int64_t c = j + 1; c < n; c++) {
          const T x = r[c] - (vi * ww[c] + wi * vv[c]), y = t[c] - (vk * ww[c] + wk * vv[c]);
          r[c] = x;
          t[c] = y;
          sum += x * uu[c];
          other += y * uu[c];
        }
        p[i] = tau * sum;
        p[i + 1] = tau * other;
      }
      for (; i < j + 1 + end; i++) {
        T* const r = a + i * n;
        if (pending) {
          axpy(-v[i], w.data() + j + 1, r + j + 1, rest);
          axpy(-w[i], v.data() + j + 1, r + j + 1, rest);
        }
        p[i] = tau * dot(r + j + 1, u.data() + j + 1, rest);
      }
    });
    const T half = tau / 2 * dot(p.data() + j + 1, u.data() + j + 1, rest);
    for (int64_t i = j + 1; i < n; i++) {
      v[i] = u[i];
      w[i] = p[i] - half * u[i];
    }
    pending = true;
  }
  for (int64_t j = k; j < n; j++) {
    T* const row = a + j * n;
    if (pending) {
      for (int64_t c = j; c < n; c++) row[c] -= v[j] * w[c] + w[j] * v[c];
    }
    d[j] = static_cast<double>(row[j]);
    if (j + 1 < n) e[j] = static_cast<double>(row[j + 1]);
  }
  return q;
}

/** Implicit QL on a tridiagonal matrix; `rotate(i, c, s)` for each rotation. Whether it converged. */
template <class F>
bool implicit_ql(int64_t n, double* d, double* e, double eps, F&& rotate) {
  for (int64_t l = 0; l < n; l++) {
    for (int tries = 0;; tries++) {
      int64_t m = l;
      while (m < n - 1 && !(std::fabs(e[m]) <= eps * (std::fabs(d[m]) + std::fabs(d[m + 1])))) m++;
      if (m == l) break;
      if (tries == 60) return false;
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      double r = std::hypot(g, 1.0);
      g = d[m] - d[l] + e[l] / (g + std::copysign(r, g));
      double s = 1, c = 1, p = 0;
      int64_t i = m - 1;
      for (; i >= l; i--) {
        const double f = s * e[i], b = c * e[i];
        r = std::sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(i, c, -s);
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

/** Eigenvalues in ascending order to w; eigenvectors as columns of A where wanted. 0, or 1 not converged, 2 not finite.
 */
template <class T>
int32_t eigh(T* a, int64_t n, T* w, bool vectors) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i];
  const auto [scale, finite] = scale_of(a, n * n);
  if (!finite) return 2;
  for (int64_t i = 0; i < n * n; i++) a[i] *= scale;
  std::vector<double> d(static_cast<size_t>(n)), e(static_cast<size_t>(n));
  const auto q = tridiagonalize(a, n, d.data(), e.data());
  // the scalars are doubles throughout, but what is below the matrix's own precision need not be chased
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon()) / 4;
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i++) order[i] = i;
  const auto sort = [&] { std::sort(order.begin(), order.end(), [&](int64_t x, int64_t y) { return d[x] < d[y]; }); };
  const double back = 1 / static_cast<double>(scale);
  if (!vectors) {
    if (!implicit_ql(n, d.data(), e.data(), eps, [](int64_t, double, double) {})) return 1;
    sort();
  } else {
    q.form(a, n);
    Rotated<T> rows(n, n);
    rows.take_transposed(a, n);
    if (!implicit_ql(n, d.data(), e.data(), eps, [&](int64_t i, double c, double s) { rows.rotate(i, c, s); }))
      return 1;
    rows.flush();
    sort();
    rows.give_transposed(order.data(), a, n);
  }
  for (int64_t i = 0; i < n; i++) w[i] = static_cast<T>(d[order[i]] * back);
  return 0;
}

/** A [B, n, n], of which the lower half is read, w [B, n], info int32 [B]. Parameter: whether A becomes the vectors. */
void eigh_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &a = plan.operand[0], &w = plan.operand[1], &info = plan.operand[2];
  const Batch s(a);
  const int64_t n = s.rows;
  Plan::require(n == s.cols, "linalg: expected square matrices");
  expect_vectors(w, s.count, n, a.dtype);
  expect_info(info, s.count);
  const bool vectors = plan.flag(0);
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_matrix(s.count, 4.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n),
                [&](int64_t i) {
                  info.as<int32_t>()[i] = n == 0 ? 0 : eigh(a.as<T>() + i * n * n, n, w.as<T>() + i * n, vectors);
                });
  });
}

}  // namespace

void register_linalg_eigh(KernelTable& table) { table.add("linalgEigh", eigh_kernel); }

}  // namespace flambeau::FB_ISA
