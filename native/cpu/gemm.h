// Matrix products on the CPU for float and double: what matmul, conv, rnn and attention call.
// Any strides; threads by itself, and stays on one thread inside a parallel region.
#pragma once
#include <cstdint>
#include <memory>

#include "isa.h"

namespace flambeau::FB_ISA {

/**
 * C = alpha * A B + beta * C + bias, with A [m, k], B [k, n], C [m, n]; strides count elements and may be anything for
 * A and B (0 included); no two elements of C may share a place, and C may not overlap A, B or the bias. With beta == 0
 * C is never read; with alpha == 0 A and B are read all the same (NaN times 0 is NaN). bias[i * bias_row + j *
 * bias_col].
 */
template <class T>
struct Gemm {
  int64_t m = 0, n = 0, k = 0;
  const T* a = nullptr;
  int64_t a_row = 0, a_col = 0;
  const T* b = nullptr;
  int64_t b_row = 0, b_col = 0;
  T* c = nullptr;
  int64_t c_row = 0, c_col = 0;
  T alpha = 1, beta = 0;
  const T* bias = nullptr;
  int64_t bias_row = 0, bias_col = 1;
};

void gemm(const Gemm<float>& g);
void gemm(const Gemm<double>& g);

/** `batch` products; `first` is number 0, and number i is found i times the batch strides further. The bias is shared.
 */
void gemm_batch(int64_t batch, const Gemm<float>& first, int64_t a_batch, int64_t b_batch, int64_t c_batch);
void gemm_batch(int64_t batch, const Gemm<double>& first, int64_t a_batch, int64_t b_batch, int64_t c_batch);

/** Rows and columns of C that one register tile of float computes. */
struct GemmTile {
  int64_t rows, cols;
};
GemmTile gemm_tile();
/** Packs `rows` (at most a tile's) rows of a, k steps, for multiply_panel; may write kPackSlack values too many. */
void pack_tile(const float* a, int64_t a_row, int64_t a_col, int64_t rows, int64_t k, float* to);
inline constexpr int64_t kPackSlack = 32;
/**
 * c [rows, cols] = a b, or c += a b with `add`, for at most a tile, on the thread of the caller. Step p of k finds b's
 * columns at b + p * gemm_tile().cols, and a's rows side by side at a + p * rows, or with a_row != 0 each at
 * a + p + row * a_row.
 */
void multiply_panel(int64_t rows, int64_t cols, int64_t k, const float* a, int64_t a_row, const float* b, float* c,
                    int64_t c_row, bool add);

/**
 * A matrix B [k, n] of any strides that many products share, as the steps of a recurrent layer do: it is packed once,
 * and a product with few rows reads it in order.
 */
template <class T>
class PackedMatrix {
 public:
  PackedMatrix(const T* b, int64_t b_row, int64_t b_col, int64_t k, int64_t n);
  ~PackedMatrix();
  PackedMatrix(const PackedMatrix&) = delete;
  PackedMatrix& operator=(const PackedMatrix&) = delete;
  /**
   * c [m, n] = a [m, k] B, or c += a B with `add`. Rows lie a_row and c_row elements apart, their elements side by
   * side. Threads by itself where the product is large, and stays on one inside a parallel region.
   */
  void multiply(int64_t m, const T* a, int64_t a_row, T* c, int64_t c_row, bool add) const;

 private:
  struct Memory;
  int64_t k_, n_, step_;
  std::unique_ptr<Memory> memory_;
};
extern template class PackedMatrix<float>;
extern template class PackedMatrix<double>;

}  // namespace flambeau::FB_ISA
