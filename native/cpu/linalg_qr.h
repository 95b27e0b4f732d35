// Householder QR of one matrix, for the kernel of torch.linalg.qr and for the SVD of tall matrices.
#pragma once
#include "linalg.h"

namespace flambeau::FB_ISA::linalg {

/** A [m, n], row-major, becomes R with zeros below the diagonal; gives the reflectors whose product is Q. */
template <class T>
Reflectors<T> factor_qr(T* a, int64_t m, int64_t n) {
  const int64_t k = std::min(m, n);
  Reflectors<T> q(m, k, 0);
  std::vector<T> w(static_cast<size_t>(std::min<int64_t>(n, Reflectors<T>::kBlock)));
  for (int64_t first = 0; first < k; first += Reflectors<T>::kBlock) {
    const int64_t width = std::min(Reflectors<T>::kBlock, k - first);
    for (int64_t j = first; j < first + width; j++) {
      T* const top = a + j * n + j;
      const T tau = reflector(*top, top + n, m - j - 1, n);
      q.tau[static_cast<size_t>(j)] = tau;
      q.v[static_cast<size_t>(j * k + j)] = 1;
      for (int64_t i = j + 1; i < m; i++) {
        q.v[static_cast<size_t>(i * k + j)] = a[i * n + j];
        a[i * n + j] = 0;
      }
      const int64_t rest = first + width - j - 1;
      if (tau == 0 || rest == 0) continue;
      std::copy(top + 1, top + 1 + rest, w.begin());
      const T* const v = q.v.data() + j;
      for (int64_t i = j + 1; i < m; i++) axpy(v[i * k], a + i * n + j + 1, w.data(), rest);
      for (int64_t i = j; i < m; i++) axpy(-tau * v[i * k], w.data(), a + i * n + j + 1, rest);
    }
    const int64_t next = first + width;
    q.apply_block(first, width, true, a + first * n + next, n, n - next);
  }
  return q;
}

}  // namespace flambeau::FB_ISA::linalg
