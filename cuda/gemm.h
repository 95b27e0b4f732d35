// Matrix products on a GPU for the kernels of this backend: what matmul.cu, conv.cu and rnn.cu call on the host.
#pragma once
#include "device.h"

namespace flambeau::cuda {

/** A matrix of any strides, in elements; `at` is device memory. */
struct Matrix {
  const void* at = nullptr;
  int64_t batch = 0, row = 0, col = 0;
};

/**
 * C = alpha·A·B + beta·C + bias for `batch` products of A [m, k], B [k, n], C [m, n], one dtype for all. Sums are kept
 * in float, double or int64; with beta 0 C is never read. The bias is bias[i·bias_row + j·bias_col], or null.
 */
struct Product {
  DType dtype = DType::f32;
  int64_t batch = 1, m = 0, n = 0, k = 0;
  Matrix a, b, c;
  double alpha = 1, beta = 0;
  const void* bias = nullptr;
  int64_t bias_row = 0, bias_col = 0;
};

/** By cuBLAS where it is there, else by the kernels below. */
void multiply(const Product& p);
/** By the tiles of gemm.cu, or for a vector by gemm_vector.cu. */
void multiply_tiles(const Product& p);
void multiply_vector(const Product& p);
/** Sums `splits` partial products [batch, m, n] of the computing type in order and writes C: see Partial. */
void add_partials(const Product& p, const void* partials, int splits);
/** In how many parts k is divided so that `blocks` of them fill the device. A part has `least` elements or more. */
int splits_for(int64_t blocks, int64_t k, int64_t least, int64_t results);

/** Bytes of an element of the type that sums are kept in. */
inline size_t sum_size(DType d) {
  return d == DType::f32 || d == DType::f16 || d == DType::bf16 ? sizeof(float) : sizeof(double);
}

/** Moves elements of up to six dims between any two layouts. */
void move_elements(DType d, int dims, const int64_t* sizes, std::byte* to, const int64_t* to_strides,
                   const std::byte* from, const int64_t* from_strides);

}  // namespace flambeau::cuda
