// Householder QR of one matrix, for the kernel of torch.linalg.qr and for the SVD of tall matrices.
#pragma once
#include "linalg.h"

namespace flambeau::FB_ISA::linalg {

/** A [m, n], row-major, becomes R with zeros below the diagonal; gives the reflectors whose product is Q. */
template <class T>
Reflectors<T> factor_qr(T* a, int64_t m, int64_t n) {
  const int64_t k = std::min(m, n);
  Reflectors<T> q(m, k, 0);
  std::vector<T> v(static_cast<size_t>(m)), w(static_cast<size_t>(std::min<int64_t>(n, Reflectors<T>::kBlock)));
  for (int64_t first = 0; first < k; first += Reflectors<T>::kBlock) {
    const int64_t width = std::min(Reflectors<T>::kBlock, k - first);
    for (int64_t j = first; j < first + width; j++) {
      const int64_t rest = first + width - j - 1, below = m - j;
      T* const top = a + j * n + j;
      for (int64_t i = 0; i < below; i++) v[i] = top[i * n];
      const T tau = reflector(v[0], v.data() + 1, below - 1, 1);
      *top = v[0];
      v[0] = 1;
      q.tau[static_cast<size_t>(j)] = tau;
      T* const column = q.v.data() + j * k + j;
      for (int64_t i = 0; i < below; i++) column[i * k] = v[i];
      for (int64_t i = 1; i < below; i++) top[i * n] = 0;
      if (tau == 0 || rest == 0) continue;
      T* const right = top + 1;
      std::fill(w.begin(), w.end(), T(0));
      int64_t i = 0;
      for (; i + 4 <= below; i += 4) {
        const T *FB_RESTRICT r = right + i * n, *FB_RESTRICT x = v.data() + i;
        T* FB_RESTRICT sum = w.data();
#pragma omp simd
        for (int64_t c = 0; c < rest; c++)
          sum[c] += x[0] * r[c] + x[1] * r[n + c] + x[2] * r[2 * n + c] + x[3] * r[3 * n + c];
      }
      for (; i < below; i++) axpy(v[i], right + i * n, w.data(), rest);
      for (i = 0; i < below; i++) axpy(-tau * v[i], w.data(), right + i * n, rest);
    }
    const int64_t next = first + width;
    q.apply_block(first, width, true, a + first * n + next, n, n - next);
  }
  return q;
}

}  // namespace flambeau::FB_ISA::linalg
