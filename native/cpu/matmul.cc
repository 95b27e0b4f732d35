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

/** The checked sizes of one call, and whether there is a bias. */
struct Shape {
  int64_t batch, m, n, k;
  bool bias;
};

/** float and double: straight to gemm. */
template <class T>
void matmul_floating(const Plan& plan, const Shape& s) {
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  Gemm<T> g;
  g.m = s.m;
  g.n = s.n;
  g.k = s.k;
  g.a = a.as<const T>();
  g.a_row = a.strides[1];
  g.a_col = a.strides[2];
  g.b = b.as<const T>();
  g.b_row = b.strides[1];
  g.b_col = b.strides[2];
  g.c = out.as<T>();
  g.c_row = out.strides[1];
  g.c_col = out.strides[2];
  g.alpha = static_cast<T>(plan.param[0]);
  g.beta = static_cast<T>(plan.param[1]);
  if (s.bias) {
    g.bias = plan.operand[3].as<const T>();
    g.bias_col = plan.operand[3].strides[0];
  }
  gemm_batch(s.batch, g, a.strides[0], b.strides[0], out.strides[0]);
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
void matmul_half(const Plan& plan, const Shape& s) {
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  const auto alpha = static_cast<float>(plan.param[0]), beta = static_cast<float>(plan.param[1]);
  const int64_t a_size = s.m * s.k, b_size = s.k * s.n, c_size = s.m * s.n;
  const auto range = [&](int64_t first, int64_t last) {
    const auto memory = std::make_unique<Float[]>(static_cast<size_t>(a_size + b_size + c_size));
    float* const wide = &memory[0].value;
    for (int64_t z = first; z < last; z++) {
      if (z == first || a.strides[0] != 0) {
        widen(a.as<const T>() + z * a.strides[0], a.strides[1], a.strides[2], s.m, s.k, wide);
      }
      if (z == first || b.strides[0] != 0) {
        widen(b.as<const T>() + z * b.strides[0], b.strides[1], b.strides[2], s.k, s.n, wide + a_size);
      }
      float* const c = wide + a_size + b_size;
      Gemm<float> g{s.m, s.n, s.k, wide, s.k, 1, wide + a_size, s.n, 1, c, s.n, 1};
      g.alpha = alpha;
      gemm(g);
      T* const to = out.as<T>() + z * out.strides[0];
      const T* const bias = s.bias ? plan.operand[3].as<const T>() : nullptr;
      for (int64_t i = 0; i < s.m; i++) {
        for (int64_t j = 0; j < s.n; j++) {
          T* const place = to + i * out.strides[1] + j * out.strides[2];
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
void matmul_integer(const Plan& plan, const Shape& s) {
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
        const T* const pa = a.as<const T>() + z * a.strides[0] + i * a.strides[1];
        const T* const pb = b.as<const T>() + z * b.strides[0] + j0 * b.strides[2];
        U sums[strip] = {};
        if (b.strides[2] == 1) {
          for (int64_t p = 0; p < s.k; p++) {
            const U x = static_cast<U>(pa[p * a.strides[2]]);
            const T* const from = pb + p * b.strides[1];
            for (int64_t j = 0; j < width; j++) sums[j] += x * static_cast<U>(from[j]);
          }
        } else {
          for (int64_t j = 0; j < width; j++) {
            U sum = 0;
            const T* const from = pb + j * b.strides[2];
            for (int64_t p = 0; p < s.k; p++) {
              sum += static_cast<U>(pa[p * a.strides[2]]) * static_cast<U>(from[p * b.strides[1]]);
            }
            sums[j] = sum;
          }
        }
        T* const to = out.as<T>() + z * out.strides[0] + i * out.strides[1] + j0 * out.strides[2];
        for (int64_t j = 0; j < width; j++) {
          T* const place = to + j * out.strides[2];
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
 * absent. Any strides, batch strides of a and b may be 0. Parameters: alpha, beta. All operands have one dtype, not
 * bool.
 */
void matmul(const Plan& plan) {
  Plan::require(plan.structured && (plan.operands == 3 || plan.operands == 4), "matmul: expected out, a, b and bias");
  Plan::require(plan.params == 2, "matmul: expected alpha and beta");
  const Operand &out = plan.operand[0], &a = plan.operand[1], &b = plan.operand[2];
  Plan::require(out && a && b, "matmul: an operand is missing");
  Plan::require(out.ndim == 3 && a.ndim == 3 && b.ndim == 3, "matmul: expected three dimensions");
  Plan::require(a.dtype == out.dtype && b.dtype == out.dtype, "matmul: dtypes differ");
  Shape s{out.sizes[0], out.sizes[1], out.sizes[2], a.sizes[2], plan.operands == 4 && plan.operand[3]};
  Plan::require(
      a.sizes[0] == s.batch && b.sizes[0] == s.batch && a.sizes[1] == s.m && b.sizes[1] == s.k && b.sizes[2] == s.n,
      "matmul: sizes do not fit");
  if (s.bias) {
    const Operand& bias = plan.operand[3];
    Plan::require(bias.dtype == out.dtype && bias.ndim == 1 && bias.sizes[0] == s.n, "matmul: the bias does not fit");
  }
  if (s.batch == 0 || s.m == 0 || s.n == 0) return;
  // Threads write different elements only if the output has a place for each.
  for (int d = 0; d < 3; d++) {
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
