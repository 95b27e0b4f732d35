/* Stand-in for the part of cuBLAS that a tensor library calls, with cuBLAS's names, numbers and column-major layout.
   The headers of cuBLAS are not needed, here or by callers: it is opened by name at run time, as the real one is. */
#ifndef FLAMBEAU_EMULATOR_CUBLAS_H
#define FLAMBEAU_EMULATOR_CUBLAS_H
#ifdef __cplusplus
extern "C" {
#endif

typedef struct cublasContext* cublasHandle_t;
struct CUstream_st;
enum {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
};
enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
/* cudaDataType: float, double, half, bfloat16. */
enum { FLAMBEAU_R_32F = 0, FLAMBEAU_R_64F = 1, FLAMBEAU_R_16F = 2, FLAMBEAU_R_16BF = 14 };

int cublasCreate_v2(cublasHandle_t* handle);
int cublasDestroy_v2(cublasHandle_t handle);
int cublasSetStream_v2(cublasHandle_t handle, struct CUstream_st* stream);
int cublasSetMathMode(cublasHandle_t handle, int mode);
int cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, unsigned long long bytes);
int cublasGetVersion_v2(cublasHandle_t handle, int* version);
int cublasSgemm_v2(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const float* alpha, const float* a,
                   int lda, const float* b, int ldb, const float* beta, float* c, int ldc);
int cublasDgemm_v2(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const double* alpha, const double* a,
                   int lda, const double* b, int ldb, const double* beta, double* c, int ldc);
int cublasSgemmStridedBatched(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const float* alpha,
                              const float* a, int lda, long long stride_a, const float* b, int ldb, long long stride_b,
                              const float* beta, float* c, int ldc, long long stride_c, int batch);
int cublasDgemmStridedBatched(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const double* alpha,
                              const double* a, int lda, long long stride_a, const double* b, int ldb,
                              long long stride_b, const double* beta, double* c, int ldc, long long stride_c,
                              int batch);
/* alpha and beta are floats, or doubles where C is of doubles; the accumulation is in that type. */
int cublasGemmEx(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                 int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c, int type_c,
                 int ldc, int compute, int algorithm);
int cublasGemmStridedBatchedEx(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const void* alpha,
                               const void* a, int type_a, int lda, long long stride_a, const void* b, int type_b,
                               int ldb, long long stride_b, const void* beta, void* c, int type_c, int ldc,
                               long long stride_c, int batch, int compute, int algorithm);

#ifdef __cplusplus
}
#endif
#endif
