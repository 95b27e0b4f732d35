// "matmul": batched matrix products over plans, what matmul, linear, addmm, bmm, dot and einsum call.
#include "gemm.h"
#include "kernels.h"
#include "types.cuh"

namespace flambeau::cuda {

void multiply(const Product& p) { multiply_tiles(p); }

namespace {

/** An operand as matrices [batch, rows, cols] or as one [rows, cols]. */
struct Stack {
  int64_t batch, rows, cols;
  Matrix matrix;
  explicit Stack(const Operand& x) {
    Plan::require(x.ndim == 2 || x.ndim == 3, "matmul: expected two or three dimensions");
    const int d = x.ndim - 2;
    batch = d == 0 ? 1 : x.sizes[0];
    rows = x.sizes[d];
    cols = x.sizes[d + 1];
    matrix = {device_data<const void>(x), d == 0 ? 0 : x.strides[0], x.strides[d], x.strides[d + 1]};
  }
};

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
  Plan::require(out.dtype != DType::b8, "matmul: bool is not supported");
  const Stack c(out), left(a), right(b);
  Product p;
  p.dtype = out.dtype;
  p.batch = c.batch;
  p.m = c.rows;
  p.n = c.cols;
  p.k = left.cols;
  Plan::require(
      left.batch == p.batch && right.batch == p.batch && left.rows == p.m && right.rows == p.k && right.cols == p.n,
      "matmul: sizes do not fit");
  p.a = left.matrix;
  p.b = right.matrix;
  p.c = c.matrix;
  p.alpha = plan.param[0];
  p.beta = plan.param[1];
  if (out.dtype != DType::f32 && out.dtype != DType::f64 && out.dtype != DType::f16 && out.dtype != DType::bf16) {
    for (int i = 0; i < 2; i++) {
      Plan::require(plan.param[i] >= -0x1p62 && plan.param[i] <= 0x1p62, "matmul: alpha or beta is no integer");
      plan.integer(i);
    }
  }
  if (plan.operands == 4 && plan.operand[3]) {
    const Operand& bias = plan.operand[3];
    Plan::require(bias.dtype == out.dtype && bias.ndim == 1 && bias.sizes[0] == p.n, "matmul: the bias does not fit");
    p.bias = device_data<const void>(bias);
    p.bias_col = bias.strides[0];
  }
  if (p.batch == 0 || p.m == 0 || p.n == 0) return;
  // blocks write different elements only if the output has a place for each
  for (int d = 0; d < out.ndim; d++)
    Plan::require(out.sizes[d] == 1 || out.strides[d] != 0, "matmul: the output overlaps itself");
  multiply(p);
}

}  // namespace

void register_matmul(KernelTable& table) { table.add("matmul", matmul); }

}  // namespace flambeau::cuda
