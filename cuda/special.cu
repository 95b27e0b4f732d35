// Element-wise kernels of torch.special: the rows of native/special.h; registered by backend.cc. They take their time
// in double for every dtype, so each is compiled once, for a class of its own.
#include "kernels.h"
#include "rows.cuh"
#include "../native/special.h"

namespace flambeau::cuda {
namespace {

/** What the rows compute in: double, in memory any floating dtype. */
struct Wide {
  double value;
};

}  // namespace

template <>
struct Memory<Wide> {
  static __device__ Wide load(const void* p, uint32_t i, DType d) {
    return {d == DType::f64 ? Memory<double>::load(p, i, d) : static_cast<double>(Memory<float>::load(p, i, d))};
  }
  static __device__ Wide constant(double value, int64_t) { return {value}; }
};
template <>
__device__ __forceinline__ void store<Wide>(void* p, uint32_t i, DType d, Wide v) {
  if (d == DType::f64)
    store<double>(p, i, d, v.value);
  else
    store<float>(p, i, d, static_cast<float>(v.value));
}

namespace {

FB_SPECIAL_UNARY_ROWS(FB_ROW1)
FB_SPECIAL_BINARY_ROWS(FB_ROW2)

/** Hermite's polynomials of float32 end at a lower order: see kHermiteLimit. */
template <class Row>
constexpr bool kShortInFloat =
    std::is_same_v<Row, hermitePolynomialHRow> || std::is_same_v<Row, hermitePolynomialHeRow>;

template <class Row, int inputs>
struct SpecialOp {
  static_assert(Row::kCost == kSlow && Row::kParams == 0);
  static constexpr int kPerThread = 1;
  double most;  // the greatest order
  __device__ Wide call(const Wide (&in)[inputs]) const {
    if constexpr (inputs == 1) {
      return {Row::template apply<double>(in[0].value, nullptr)};
    } else {
      if constexpr (kShortInFloat<Row>) {
        if (in[1].value >= most + 1) return {fn::kNaN<double>};
      }
      return {Row::template apply<double>(in[0].value, in[1].value, nullptr)};
    }
  }
};
template <class Row, int operands>
void special_kernel(const Plan& plan) {
  plan.expect(operands, 0);
  const DType d = common_dtype(plan, 0);
  Plan::require(in_domain(Row::kDomain, d), "does not have this dtype");
  const int64_t most = d == DType::f64 ? fn::kHermiteLimit<double> : fn::kHermiteLimit<float>;
  run_map<Wide, operands>(plan, SpecialOp<Row, operands - 1>{static_cast<double>(most)});
}

}  // namespace

void register_special(KernelTable& table) {
#define ADD1(name, ...) table.add(#name, special_kernel<name##Row, 2>);
#define ADD2(name, ...) table.add(#name, special_kernel<name##Row, 3>);
  FB_SPECIAL_UNARY_ROWS(ADD1)
  FB_SPECIAL_BINARY_ROWS(ADD2)
#undef ADD1
#undef ADD2
}

}  // namespace flambeau::cuda
