// See cublas.h: operands are checked against their allocations when the work runs, in the order of its stream.
#include "cublas.h"

#include "elements.h"
#include "gemm.h"
#include "runtime.h"

struct cublasContext {
  flambeau::emulator::Stream* stream = nullptr;
};

namespace flambeau::emulator {
using namespace FLAMBEAU_LEVEL;
namespace {

template <class T>
void plain(const Gemm<T>& g) {
  for (int64_t i = 0; i < g.m; i++) {
    for (int64_t j = 0; j < g.n; j++) {
      T sum = 0;
      for (int64_t l = 0; l < g.k; l++) sum += g.a[i * g.a_row + l * g.a_column] * g.b[l * g.b_row + j * g.b_column];
      T& c = g.c[i * g.c_row + j * g.c_column];
      c = g.alpha * sum + (g.beta == 0 ? T{0} : g.beta * c);
    }
  }
}

bool known(int type) {
  return type == FLAMBEAU_R_32F || type == FLAMBEAU_R_64F || type == FLAMBEAU_R_16F || type == FLAMBEAU_R_16BF;
}

/** One matrix of a call, as cuBLAS names it: column-major, `rows` × `columns` before the transposition. */
struct Matrix {
  const void* at;
  int type;
  int64_t rows, columns, leading, stride;
  int64_t span() const { return rows == 0 || columns == 0 ? 0 : leading * (columns - 1) + rows; }
  /** The host's view of matrix `i` of the batch; null if it is not all inside one allocation of the device. */
  std::byte* bytes(int64_t i, int device) const {
    const uint64_t address = reinterpret_cast<uint64_t>(at) + static_cast<uint64_t>(i * stride) * element_size(type);
    DeviceMemory& memory = DeviceMemory::get();
    if (memory.find(address).device != device) return nullptr;
    return memory.translate(address, static_cast<size_t>(span()) * element_size(type));
  }
};

struct Call {
  bool transpose_a, transpose_b;
  int64_t m, n, k, batch;
  double alpha, beta;
  Matrix a, b, c;
  int device = 0;
};

/** Values are widened to T, multiplied, and rounded once. */
template <class T>
void multiply(const Call& call, const std::function<void(const Gemm<T>&)>& gemm) {
  for (int64_t i = 0; i < call.batch; i++) {
    const std::byte *a = call.a.bytes(i, call.device), *b = call.b.bytes(i, call.device);
    std::byte* c = call.c.bytes(i, call.device);
    const bool reads = call.k > 0 && call.alpha != 0;
    if (c == nullptr || (reads && (a == nullptr || b == nullptr))) {
      Runtime::get().fault(700, std::string("cuBLAS: matrix ") +
                                    (c == nullptr   ? "C"
                                     : a == nullptr ? "A"
                                                    : "B") +
                                    " is not inside one allocation of the device");
      return;
    }
    const auto widened = [](const Matrix& m, const std::byte* p, bool read) {
      std::vector<T> v(static_cast<size_t>(m.span()));
      for (size_t j = 0; read && j < v.size(); j++) v[j] = static_cast<T>(element(p, static_cast<int64_t>(j), m.type));
      return v;
    };
    const std::vector<T> wide_a = widened(call.a, a, reads), wide_b = widened(call.b, b, reads);
    std::vector<T> wide_c = widened(call.c, c, call.beta != 0);
    gemm({call.m, call.n, reads ? call.k : 0, static_cast<T>(call.alpha), static_cast<T>(call.beta), wide_a.data(),
          call.transpose_a ? call.a.leading : 1, call.transpose_a ? 1 : call.a.leading, wide_b.data(),
          call.transpose_b ? call.b.leading : 1, call.transpose_b ? 1 : call.b.leading, wide_c.data(), 1,
          call.c.leading});
    for (int64_t column = 0; column < call.n; column++) {
      for (int64_t row = 0; row < call.m; row++) {
        const int64_t at = column * call.c.leading + row;
        put(c, at, call.c.type, wide_c[static_cast<size_t>(at)]);
      }
    }
    DeviceMemory::get().set_written(c, static_cast<size_t>(call.c.span()) * element_size(call.c.type));
    const auto moved = [&](const Matrix& m) {
      return static_cast<uint64_t>(m.rows * m.columns) * element_size(m.type);
    };
    counters().bytes_read += moved(call.a) + moved(call.b) + (call.beta != 0 ? moved(call.c) : 0);
    counters().bytes_written += moved(call.c);
  }
}

int enqueue(cublasHandle_t handle, Call call) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  const auto fits = [](const Matrix& m) { return m.leading >= std::max<int64_t>(1, m.rows); };
  if (call.m < 0 || call.n < 0 || call.k < 0 || call.batch < 0 || !fits(call.a) || !fits(call.b) || !fits(call.c)) {
    report("cuBLAS: a size is negative, or a leading dimension is less than the rows");
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!known(call.a.type) || !known(call.b.type) || !known(call.c.type)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (call.m == 0 || call.n == 0 || call.batch == 0) return CUBLAS_STATUS_SUCCESS;
  Runtime& r = Runtime::get();
  const std::lock_guard<std::recursive_mutex> hold(r.lock);
  Stream* stream = handle->stream != nullptr ? handle->stream : r.default_stream(Runtime::device());
  call.device = stream->device;
  r.enqueue(stream, "cuBLAS", [call] {
    if (Runtime::get().sticky() != 0) return true;
    counters().launches++;
    if (call.c.type == FLAMBEAU_R_64F) {
      multiply<double>(call, gemm_of_doubles());
    } else {
      multiply<float>(call, gemm_of_floats());
    }
    return true;
  });
  return r.sticky() == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace

std::function<void(const Gemm<float>&)>& gemm_of_floats() {
  static std::function<void(const Gemm<float>&)> f = plain<float>;
  return f;
}
std::function<void(const Gemm<double>&)>& gemm_of_doubles() {
  static std::function<void(const Gemm<double>&)> f = plain<double>;
  return f;
}

}  // namespace flambeau::emulator

using namespace flambeau::emulator;  // NOLINT: the functions below are C

extern "C" {

int cublasCreate_v2(cublasHandle_t* handle) {
  *handle = std::make_unique<cublasContext>().release();
  return CUBLAS_STATUS_SUCCESS;
}
int cublasDestroy_v2(cublasHandle_t handle) {
  const std::unique_ptr<cublasContext> owner(handle);
  return CUBLAS_STATUS_SUCCESS;
}
int cublasSetStream_v2(cublasHandle_t handle, CUstream_st* stream) {
  const std::lock_guard<std::recursive_mutex> hold(Runtime::get().lock);
  handle->stream = Runtime::get().stream(stream);
  return handle->stream == nullptr ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}
int cublasSetMathMode(cublasHandle_t, int) { return CUBLAS_STATUS_SUCCESS; }
int cublasSetWorkspace_v2(cublasHandle_t, void*, unsigned long long) { return CUBLAS_STATUS_SUCCESS; }
int cublasGetVersion_v2(cublasHandle_t, int* version) {
  *version = 130000;
  return CUBLAS_STATUS_SUCCESS;
}
int cublasGemmStridedBatchedEx(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const void* alpha,
                               const void* a, int type_a, int lda, long long stride_a, const void* b, int type_b,
                               int ldb, long long stride_b, const void* beta, void* c, int type_c, int ldc,
                               long long stride_c, int batch, int, int) {
  const bool ta = op_a != CUBLAS_OP_N, tb = op_b != CUBLAS_OP_N;
  const auto scalar = [&](const void* p) {
    return type_c == FLAMBEAU_R_64F ? *static_cast<const double*>(p) : double{*static_cast<const float*>(p)};
  };
  return enqueue(handle, {ta,
                          tb,
                          m,
                          n,
                          k,
                          batch,
                          scalar(alpha),
                          scalar(beta),
                          {a, type_a, ta ? k : m, ta ? m : k, lda, stride_a},
                          {b, type_b, tb ? n : k, tb ? k : n, ldb, stride_b},
                          {c, type_c, m, n, ldc, stride_c}});
}
int cublasGemmEx(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                 int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c, int type_c,
                 int ldc, int compute, int algorithm) {
  return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, 0, b, type_b, ldb, 0, beta, c,
                                    type_c, ldc, 0, 1, compute, algorithm);
}
int cublasSgemmStridedBatched(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const float* alpha,
                              const float* a, int lda, long long stride_a, const float* b, int ldb, long long stride_b,
                              const float* beta, float* c, int ldc, long long stride_c, int batch) {
  constexpr int t = FLAMBEAU_R_32F;
  return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, t, lda, stride_a, b, t, ldb, stride_b, beta,
                                    c, t, ldc, stride_c, batch, 0, 0);
}
int cublasDgemmStridedBatched(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const double* alpha,
                              const double* a, int lda, long long stride_a, const double* b, int ldb,
                              long long stride_b, const double* beta, double* c, int ldc, long long stride_c,
                              int batch) {
  constexpr int t = FLAMBEAU_R_64F;
  return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, t, lda, stride_a, b, t, ldb, stride_b, beta,
                                    c, t, ldc, stride_c, batch, 0, 0);
}
int cublasSgemm_v2(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const float* alpha, const float* a,
                   int lda, const float* b, int ldb, const float* beta, float* c, int ldc) {
  return cublasSgemmStridedBatched(handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}
int cublasDgemm_v2(cublasHandle_t handle, int op_a, int op_b, int m, int n, int k, const double* alpha, const double* a,
                   int lda, const double* b, int ldb, const double* beta, double* c, int ldc) {
  return cublasDgemmStridedBatched(handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

}  // extern "C"
