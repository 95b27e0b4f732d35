// The optional BLAS found by the build (-DFLAMBEAU_BLAS): always on one thread, called from inside our own regions.
#pragma once
#include <cstdint>

namespace flambeau {

/** "openblas", "accelerate", "mkl", or "none" when the build has found no BLAS. */
const char* blas_name();
/** Whether a product goes to the BLAS: there is one, and FLAMBEAU_GEMM=blas asks for it or, unset, it is the faster. */
bool blas_wanted(bool faster);
/** Whether the BLAS is the faster at any size: Apple's has the matrix unit that no other code may use. */
bool blas_always_faster();

/** Row-major C = alpha op(A) op(B) + beta C on the calling thread. False: not done, a size passes what a BLAS can say.
 */
bool blas_gemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
               int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);
bool blas_gemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, double alpha, const double* a,
               int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc);

}  // namespace flambeau
