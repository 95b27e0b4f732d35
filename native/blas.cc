// The bridge to cblas; its few functions are declared by hand, so that no header need be installed.
#include "blas.h"

#include <climits>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#ifdef FLAMBEAU_BLAS
extern "C" {
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a, int lda,
                 const float* b, int ldb, float beta, float* c, int ldc);
void cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double* a,
                 int lda, const double* b, int ldb, double beta, double* c, int ldc);
__attribute__((weak)) void openblas_set_num_threads(int threads);
__attribute__((weak)) void MKL_Set_Num_Threads(int threads);
}
#endif

namespace flambeau {

#ifdef FLAMBEAU_BLAS

namespace {

enum class Choice { own, blas, faster };

Choice ask() {
  const char* wanted = std::getenv("FLAMBEAU_GEMM");
  if (wanted != nullptr && std::string_view(wanted) == "own") return Choice::own;
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
  if (MKL_Set_Num_Threads != nullptr) MKL_Set_Num_Threads(1);
  return wanted != nullptr && std::string_view(wanted) == "blas" ? Choice::blas : Choice::faster;
}

bool fits(std::initializer_list<int64_t> sizes) {
  for (int64_t size : sizes) {
    if (size > INT_MAX) return false;
  }
  return true;
}

constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;

}  // namespace

const char* blas_name() { return FLAMBEAU_BLAS; }

bool blas_wanted(bool faster) {
  static const Choice choice = ask();
  return choice == Choice::blas || (choice == Choice::faster && faster);
}

bool blas_always_faster() { return std::string_view(FLAMBEAU_BLAS) == "accelerate"; }

bool blas_gemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
               int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  if (!fits({m, n, k, lda, ldb, ldc})) return false;
  cblas_sgemm(kRowMajor, a_transposed ? kTransposed : kPlain, b_transposed ? kTransposed : kPlain, static_cast<int>(m),
              static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta,
              c, static_cast<int>(ldc));
  return true;
}
bool blas_gemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, double alpha, const double* a,
               int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc) {
  if (!fits({m, n, k, lda, ldb, ldc})) return false;
  cblas_dgemm(kRowMajor, a_transposed ? kTransposed : kPlain, b_transposed ? kTransposed : kPlain, static_cast<int>(m),
              static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta,
              c, static_cast<int>(ldc));
  return true;
}

#else

const char* blas_name() { return "none"; }
bool blas_wanted(bool) { return false; }
bool blas_always_faster() { return false; }
bool blas_gemm(bool, bool, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*, int64_t, float,
               float*, int64_t) {
  return false;
}
bool blas_gemm(bool, bool, int64_t, int64_t, int64_t, double, const double*, int64_t, const double*, int64_t, double,
               double*, int64_t) {
  return false;
}

#endif

}  // namespace flambeau
