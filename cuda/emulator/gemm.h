// The one place where the stand-in for cuBLAS multiplies: plain loops here, the CPU's own GEMM where one is linked.
#pragma once
#include <cstdint>
#include <functional>

namespace flambeau::emulator {

/** C = alpha·A·B + beta·C over strided views of floats or doubles; with beta 0, C is not read. */
template <class T>
struct Gemm {
  int64_t m, n, k;
  T alpha, beta;
  const T* a;
  int64_t a_row, a_column;  // steps to the next row and column of A (m × k)
  const T* b;
  int64_t b_row, b_column;  // of B (k × n)
  T* c;
  int64_t c_row, c_column;
};

/** What multiplies; a program may put its own there. */
std::function<void(const Gemm<float>&)>& gemm_of_floats();
std::function<void(const Gemm<double>&)>& gemm_of_doubles();

}  // namespace flambeau::emulator
