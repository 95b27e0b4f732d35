// QR decompositions by Householder reflectors, with LAPACK's signs: torch.linalg.qr. Through the kernel table.
#include "linalg_qr.h"

namespace flambeau::FB_ISA {
namespace {

using namespace linalg;

/** A [B, m, n] becomes R; Q [B, m, c], if there, its first c columns. */
void qr_kernel(const Plan& plan) {
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
  if (s.rows == 0 || (s.cols == 0 && cols == 0)) return;
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double work = static_cast<double>(s.rows) * static_cast<double>(s.cols) * static_cast<double>(s.cols + cols);
    each_matrix(s.count, work, [&](int64_t i) {
      const auto reflectors = factor_qr(a.as<T>() + i * s.rows * s.cols, s.rows, s.cols);
      if (cols > 0) reflectors.form(q.as<T>() + i * s.rows * cols, cols);
    });
  });
}

/** A [B, m, n] becomes R with the reflectors below its diagonal, as LAPACK has them; tau [B, min(m, n)]. */
void geqrf_kernel(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &a = plan.operand[0], &tau = plan.operand[1];
  const Batch s(a);
  const int64_t k = std::min(s.rows, s.cols);
  expect_vectors(tau, s.count, k, a.dtype);
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double work = static_cast<double>(s.rows) * static_cast<double>(s.cols) * static_cast<double>(k);
    each_matrix(s.count, work, [&](int64_t b) {
      T* const matrix = a.as<T>() + b * s.rows * s.cols;
      const auto reflectors = factor_qr(matrix, s.rows, s.cols);
      std::copy(reflectors.tau.begin(), reflectors.tau.end(), tau.as<T>() + b * k);
      for (int64_t i = 1; i < s.rows; i++)
        for (int64_t j = 0; j < std::min(i, k); j++)
          matrix[i * s.cols + j] = reflectors.v[static_cast<size_t>(i * k + j)];
    });
  });
}

/** C [B, m, c] becomes H₀ H₁ … C, or Hᵀ C if the parameter is 1, for the reflectors of A [B, m, n] and tau [B, k]. */
void reflect_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &c = plan.operand[0], &a = plan.operand[1], &tau = plan.operand[2];
  const Batch s(a), t(c);
  Plan::require(static_cast<bool>(tau) && tau.ndim == 2, "linalg: expected a batch of factors");
  const int64_t k = tau.sizes[1];
  expect_vectors(tau, s.count, k, a.dtype);
  Plan::require(t.count == s.count && t.rows == s.rows && c.dtype == a.dtype && k <= std::min(s.rows, s.cols),
                "linalg: the reflectors do not fit");
  const bool transposed = plan.param[0] != 0;
  floating(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int64_t kBlock = Reflectors<T>::kBlock;
    const double work = static_cast<double>(s.rows) * static_cast<double>(t.cols) * static_cast<double>(k);
    each_matrix(s.count, work, [&](int64_t b) {
      Reflectors<T> q(s.rows, k, 0);
      const T* const matrix = a.as<T>() + b * s.rows * s.cols;
      for (int64_t i = 0; i < s.rows; i++)
        for (int64_t j = 0; j <= std::min(i, k - 1); j++)
          q.v[static_cast<size_t>(i * k + j)] = i == j ? T(1) : matrix[i * s.cols + j];
      std::copy(tau.as<T>() + b * k, tau.as<T>() + (b + 1) * k, q.tau.begin());
      T* const out = c.as<T>() + b * s.rows * t.cols;
      const int64_t blocks = (k + kBlock - 1) / kBlock;
      for (int64_t step = 0; step < blocks; step++) {
        const int64_t first = (transposed ? step : blocks - 1 - step) * kBlock;
        q.apply_block(first, std::min(kBlock, k - first), transposed, out + first * t.cols, t.cols, t.cols);
      }
    });
  });
}

}  // namespace

void register_linalg_qr(KernelTable& table) {
  table.add("linalgQr", qr_kernel);
  table.add("linalgGeqrf", geqrf_kernel);
  table.add("linalgReflect", reflect_kernel);
}

}  // namespace flambeau::FB_ISA
