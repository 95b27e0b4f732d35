// Element-wise kernels of two operands, and the one-pass backward formulas; registered by backend.cc. The formulas are
// the rows of native/functors.h.
#include "rows.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

FB_BINARY_ROWS(FB_ROW2)
FB_BINARY_PARAM_ROWS(FB_ROW2)
FB_DIVISION_ROWS(FB_ROW2)
FB_BACKWARD_ROWS(FB_ROW2)

// ---- pow with one exponent for all

FB_ROW1(PowSquare, Numbers, 0, kCheap, fn::mul(x, x))
FB_ROW1(PowCube, Numbers, 0, kCheap, fn::mul(fn::mul(x, x), x))
FB_ROW1(PowRoot, Floating, 0, kCheap, vm::sqrt(x))
FB_ROW1(PowInverse, Floating, 0, kCheap, T{1} / x)
FB_ROW1(PowInverseSquare, Floating, 0, kCheap, T{1} / (x * x))
FB_ROW1(PowInverseRoot, Floating, 0, kCheap, T{1} / vm::sqrt(x))

/** The powers that PyTorch computes without pow, where the exponent is known on the host. */
bool simple_power(const Plan& plan, DType d) {
  const Operand& exponent = plan.operand[2];
  if (exponent.device != 0 || plan.operand[1].device == 0) return false;
  double e = 0;
  int64_t whole = 0;
  read_host(exponent, e, whole);
  if (!in_domain(Domain::Floating, d)) e = static_cast<double>(whole);
  Plan one = plan;
  one.operands = 2;
  const bool floating = in_domain(Domain::Floating, d);
  if (e == 2) return run_row<PowSquareRow, 2>(one, d), true;
  if (e == 3) return run_row<PowCubeRow, 2>(one, d), true;
  if (!floating) return false;
  if (e == 0.5) return run_row<PowRootRow, 2>(one, d), true;
  if (e == -1) return run_row<PowInverseRow, 2>(one, d), true;
  if (e == -2) return run_row<PowInverseSquareRow, 2>(one, d), true;
  if (e == -0.5) return run_row<PowInverseRootRow, 2>(one, d), true;
  return false;
}
void pow_kernel(const Plan& plan) {
  plan.expect(3, 0);
  const DType d = common_dtype(plan, 0);
  Plan::require(in_domain(Domain::Numbers, d), "does not have this dtype");
  if (!simple_power(plan, d)) run_row<powRow, 3>(plan, d);
}

// ---- nextafter: the halves step on their own bits

struct NextOp {
  static constexpr int kPerThread = 1;
  DType dtype;
  /** The next value of a half: as bits, which of the two halves it is does not matter. */
  template <class T>
  __device__ static float step(float x, float y) {
    if (x != x || y != y) return x + y;
    if (x == y) return y;
    T r(x);
    if (x == 0)
      r.bits = static_cast<uint16_t>(y > 0 ? 1 : 0x8001);
    else
      r.bits = static_cast<uint16_t>((x < y) == (x > 0) ? r.bits + 1 : r.bits - 1);
    return r;
  }
  __device__ float call(const float (&in)[2]) const {
    return dtype == DType::f32   ? ::nextafterf(in[0], in[1])
           : dtype == DType::f16 ? step<Half>(in[0], in[1])
                                 : step<BFloat16>(in[0], in[1]);
  }
  __device__ double call(const double (&in)[2]) const { return ::nextafter(in[0], in[1]); }
};
void nextafter_kernel(const Plan& plan) {
  plan.expect(3, 0);
  const DType d = common_dtype(plan, 0);
  Plan::require(in_domain(Domain::Floating, d), "does not have this dtype");
  if (d == DType::f64)
    run_map<double, 3>(plan, NextOp{d});
  else
    run_map<float, 3>(plan, NextOp{d});
}

}  // namespace

void register_binary(KernelTable& table) {
#define ADD(name, ...) table.add(#name, same_dtype_kernel<name##Row, 3>);
#define ADD_ALL_BUT_POW(name, ...) \
  table.add(#name, std::is_same_v<name##Row, powRow> ? pow_kernel : same_dtype_kernel<name##Row, 3>);
  FB_BINARY_ROWS(ADD_ALL_BUT_POW)
  FB_BINARY_PARAM_ROWS(ADD)
  FB_DIVISION_ROWS(ADD)
  FB_BACKWARD_ROWS(ADD)
#undef ADD
#undef ADD_ALL_BUT_POW
  table.add("nextafter", nextafter_kernel);
}

}  // namespace flambeau::cuda
