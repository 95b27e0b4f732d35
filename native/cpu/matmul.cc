// Batched matrix products over plans: what matmul, linear, addmm, bmm, dot and einsum call.
#include <algorithm>
#include <memory>
#include <type_traits>

#include "../backend.h"
#include "../parallel.h"
#include "gemm.h"
#include "isa.h"

namespace flambeau::FB_ISA {
namespace {

/** An operand as matrices [batch, rows, cols] or as one [rows, cols]; strides by number, row and column. */
struct Matrices {
  int64_t batch, rows, cols, step, row, col;
  explicit Matrices(const Operand& x) {
    Plan::require(x.ndim == 2 || x.ndim == 3, "matmul: expected two or three dimensions");
    const int d = x.ndim - 2;
    batch = d == 0 ? 1 : x.sizes[0];
    step = d == 0 ? 0 : x.strides[0];
    rows = x.sizes[d];
    cols = x.sizes[d + 1];
    row = x.strides[d];
    col = x.strides[d + 1];
  }
};

/** The checked operands of one call, its sizes, and whether there is a bias. */
struct Product {
  Matrices out, a, b;
  int64_t batch, m, n, k;
  bool bias;
};

/** float and double: straight to gemm. */
template <class T>
void matmul_floating(const Plan& plan, const Product& s) {
  Gemm<T> g;
  g.m = s.m;
  g.n = s.n;
  g.k = s.k;
  g.a = plan.operand[1].as<const T>();
  g.a_row = s.a.row;
  g.a_col = s.a.col;
  g.b = plan.operand[2].as<const T>();
  g.b_row = s.b.row;
  g.b_col = s.b.col;
  g.c = plan.operand[0].as<T>();
  g.c_row = s.out.row;
  g.c_col = s.out.col;
  g.alpha = static_cast<T>(plan.param[0]);
  g.beta = static_cast<T>(plan.param[1]);
  if (s.bias) {
    g.bias = plan.operand[3].as<const T>();
    g.bias_col = plan.operand[3].strides[0];
  }
  gemm_batch(s.batch, g, s.a.step, s.b.step, s.out.step);
}

/** A dense float copy of one matrix. */
template <class T>
void widen(const T* src, int64_t row, int64_t col, int64_t m, int64_t n, float* dst) {
  parallel_for(m, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t j = 0; j < n; j++) dst[i * n + j] = static_cast<float>(src[i * row + j * col]);
    }
  });
}

struct Float {
  float value;
};

/** The halves: each matrix is widened, multiplied and summed in float, and rounded once. */
template <class T>
void matmul_half(const Plan& plan, const Product& s) {
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  const auto alpha = static_cast<float>(plan.param[0]), beta = static_cast<float>(plan.param[1]);
  const int64_t a_size = s.m * s.k, b_size = s.k * s.n, c_size = s.m * s.n;
  const auto range = [&](int64_t first, int64_t last) {
    const auto memory = std::make_unique<Float[]>(static_cast<size_t>(a_size + b_size + c_size));
    float* const wide = &memory[0].value;
    for (int64_t z = first; z < last; z++) {
      if (z == first || s.a.step != 0) {
        widen(a.as<const T>() + z * s.a.step, s.a.row, s.a.col, s.m, s.k, wide);
      }
      if (z == first || s.b.step != 0) {
        widen(b.as<const T>() + z * s.b.step, s.b.row, s.b.col, s.k, s.n, wide + a_size);
      }
      float* const c = wide + a_size + b_size;
      Gemm<float> g{s.m, s.n, s.k, wide, s.k, 1, wide + a_size, s.n, 1, c, s.n, 1};
      g.alpha = alpha;
      gemm(g);
      T* const to = out.as<T>() + z * s.out.step;
      const T* const bias = s.bias ? plan.operand[3].as<const T>() : nullptr;
      for (int64_t i = 0; i < s.m; i++) {
        for (int64_t j = 0; j < s.n; j++) {
          T* const place = to + i * s.out.row + j * s.out.col;
          float x = c[i * s.n + j];
          if (beta != 0) x += beta * static_cast<float>(*place);
          if (bias) x += static_cast<float>(bias[j * plan.operand[3].strides[0]]);
          *place = T(x);
        }
      }
    }
  };
  if (c_size == 0) return;
  if (s.batch >= num_threads())
    parallel_for(s.batch, std::max<int64_t>(1, kGrain / c_size), range);
  else
    range(0, s.batch);
}

/** Integers wrap around, so the sums are kept unsigned in the type's own width (at least 32 bits, or C++ widens them).
 */
template <class T>
void matmul_integer(const Plan& plan, const Product& s) {
  using U = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  constexpr int64_t strip = 256;
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  for (int i = 0; i < 2; i++) {
    Plan::require(plan.param[i] >= -0x1p62 && plan.param[i] <= 0x1p62, "matmul: alpha or beta is no integer");
  }
  const U alpha = static_cast<U>(plan.integer(0)), beta = static_cast<U>(plan.integer(1));
  const T* const bias = s.bias ? plan.operand[3].as<const T>() : nullptr;
  const int64_t row_work = std::max<int64_t>(1, s.n * s.k);
  parallel_for(s.batch * s.m, std::max<int64_t>(1, kGrain / row_work), [&](int64_t begin, int64_t end) {
    for (int64_t j0 = 0; j0 < s.n; j0 += strip) {
      const int64_t width = std::min(strip, s.n - j0);
      for (int64_t row = begin; row < end; row++) {
        const int64_t z = row / s.m, i = row % s.m;
        const T* const pa = a.as<const T>() + z * s.a.step + i * s.a.row;
        const T* const pb = b.as<const T>() + z * s.b.step + j0 * s.b.col;
        U sums[strip] = {};
        if (s.b.col == 1) {
          for (int64_t p = 0; p < s.k; p++) {
            const U x = static_cast<U>(pa[p * s.a.col]);
            const T* const from = pb + p * s.b.row;
            for (int64_t j = 0; j < width; j++) sums[j] += x * static_cast<U>(from[j]);
          }
        } else {
          for (int64_t j = 0; j < width; j++) {
            U sum = 0;
            const T* const from = pb + j * s.b.col;
            for (int64_t p = 0; p < s.k; p++) {
              sum += static_cast<U>(pa[p * s.a.col]) * static_cast<U>(from[p * s.b.row]);
            }
            sums[j] = sum;
          }
        }
        T* const to = out.as<T>() + z * s.out.step + i * s.out.row + j0 * s.out.col;
        for (int64_t j = 0; j < width; j++) {
          T* const place = to + j * s.out.col;
          U x = alpha * sums[j];
          if (beta != 0) x += beta * static_cast<U>(*place);
          if (bias) x += static_cast<U>(bias[(j0 + j) * plan.operand[3].strides[0]]);
          *place = static_cast<T>(x);
        }
      }
    }
  });
}

/**
 * out [B, m, n] = alpha * a [B, m, k] b [B, k, n] + beta * out + bias [n]; 3 operands, or 4 of which the last may be
 * absent; matrices [m, n] are a batch of one. Any strides, batch strides of a and b may be 0. Parameters: alpha, beta.
 * All operands have one dtype, not bool.
 */
void matmul(const Plan& plan) {
  Plan::require(plan.structured && (plan.operands == 3 || plan.operands == 4), "matmul: expected out, a, b and bias");
  Plan::require(plan.params == 2, "matmul: expected alpha and beta");
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  Plan::require(out && a && b, "matmul: an operand is missing");
  Plan::require(a.dtype == out.dtype && b.dtype == out.dtype, "matmul: dtypes differ");
  Product s{Matrices(out), Matrices(a), Matrices(b), 0, 0, 0, 0, plan.operands == 4 && plan.operand[3]};
  s.batch = s.out.batch;
  s.m = s.out.rows;
  s.n = s.out.cols;
  s.k = s.a.cols;
  Plan::require(s.a.batch == s.batch && s.b.batch == s.batch && s.a.rows == s.m && s.b.rows == s.k && s.b.cols == s.n,
                "matmul: sizes do not fit");
  if (s.bias) {
    const Operand& bias = plan.operand[3];
    Plan::require(bias.dtype == out.dtype && bias.ndim == 1 && bias.sizes[0] == s.n, "matmul: the bias does not fit");
  }
  if (s.batch == 0 || s.m == 0 || s.n == 0) return;
  // Threads write different elements only if the output has a place for each.
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(out.sizes[d] == 1 || out.strides[d] != 0, "matmul: the output overlaps itself");
  }
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_bool<T>)
      Plan::require(false, "matmul: bool is not supported");
    else if constexpr (is_half<T>)
      matmul_half<T>(plan, s);
    else if constexpr (is_floating<T>)
      matmul_floating<T>(plan, s);
    else
      matmul_integer<T>(plan, s);
  });
}

}  // namespace

void register_matmul(KernelTable& table) { table.add("matmul", matmul); }

}  // namespace flambeau::FB_ISA
