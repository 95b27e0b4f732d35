// The stand-in for cuBLAS against plain loops: transpositions, batches, leading dimensions, 16-bit types, streams.
#include <cuda_fp16.h>

#include <cmath>

#include "../cublas.h"
#include "check.h"

namespace {

template <class T>
std::vector<T> ramp(size_t n, int seed) {
  std::vector<T> v(n);
  for (size_t i = 0; i < n; i++) v[i] = static_cast<T>(static_cast<int>((i * 31 + seed) % 17) - 8);
  return v;
}

template <class T>
int gemm(cublasHandle_t h, int ta, int tb, int m, int n, int k, const T* alpha, const T* a, int lda, long long sa,
         const T* b, int ldb, long long sb, const T* beta, T* c, int ldc, long long sc, int batch) {
  if constexpr (sizeof(T) == 4)
    return cublasSgemmStridedBatched(h, ta, tb, m, n, k, alpha, a, lda, sa, b, ldb, sb, beta, c, ldc, sc, batch);
  else
    return cublasDgemmStridedBatched(h, ta, tb, m, n, k, alpha, a, lda, sa, b, ldb, sb, beta, c, ldc, sc, batch);
}

template <class T>
void test(cublasHandle_t h, bool ta, bool tb, T beta) {
  const int m = 5, n = 7, k = 6, batch = 2, lda = (ta ? k : m) + 1, ldb = (tb ? n : k) + 2, ldc = m + 3;
  const int sa = lda * (ta ? m : k), sb = ldb * (tb ? k : n), sc = ldc * n;
  const auto a = ramp<T>(sa * batch, 1), b = ramp<T>(sb * batch, 2);
  auto c = ramp<T>(sc * batch, 3);
  Device<T> da(a), db(b), dc(c);
  const T alpha = T(0.5);
  const int e =
      gemm<T>(h, ta, tb, m, n, k, &alpha, da.get(), lda, sa, db.get(), ldb, sb, &beta, dc.get(), ldc, sc, batch);
  expect(e == CUBLAS_STATUS_SUCCESS, "status");
  cudaDeviceSynchronize();
  for (int i = 0; i < batch; i++)
    for (int row = 0; row < m; row++)
      for (int column = 0; column < n; column++) {
        T sum = 0;
        for (int l = 0; l < k; l++)
          sum +=
              a[i * sa + (ta ? row * lda + l : l * lda + row)] * b[i * sb + (tb ? l * ldb + column : column * ldb + l)];
        T& out = c[i * sc + column * ldc + row];
        out = alpha * sum + (beta == 0 ? 0 : beta * out);
      }
  expect(dc.values() == c, std::string("gemm ") + (ta ? "T" : "N") + (tb ? "T" : "N"));
}

void test_halves(cublasHandle_t h) {
  const std::vector<__half> a(6, __float2half(2)), b(6, __float2half(3));
  Device<__half> da(a), db(b), dc(4);
  const float alpha = 1, beta = 0;
  const int e = cublasGemmEx(h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &alpha, da.get(), FLAMBEAU_R_16F, 2, db.get(),
                             FLAMBEAU_R_16F, 3, &beta, dc.get(), FLAMBEAU_R_16F, 2, 68, -1);
  expect(e == CUBLAS_STATUS_SUCCESS && __half2float(dc.values()[3]) == 18, "halves");
}

void test_bounds(cublasHandle_t h) {
  flambeau_emulator_configure("VERBOSE", "0");
  Device<float> a(4), c(3);
  const float one = 1;
  cublasSgemm_v2(h, 0, 0, 2, 2, 2, &one, a.get(), 2, a.get(), 2, &one, c.get(), 2);
  cudaDeviceSynchronize();
  expect(flambeau_emulator_reports() == 1 && std::string(flambeau_emulator_last_report()) ==
                                                 "cuBLAS: matrix C is not inside one allocation of the device",
         "bounds");
  flambeau_emulator_forget();
}

}  // namespace

int main() {
  cublasHandle_t h;
  expect(cublasCreate_v2(&h) == CUBLAS_STATUS_SUCCESS, "create");
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const int beta : {0, 2}) {
        test<float>(h, ta, tb, float(beta));
        test<double>(h, ta, tb, beta);
      }
  test_halves(h);
  test_bounds(h);
  expect(cublasDestroy_v2(h) == CUBLAS_STATUS_SUCCESS, "destroy");
  return finish("cublas");
}
