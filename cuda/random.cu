// Continuous distributions with PyTorch's values on GPUs for the same seed: uniform, normal, exponential, cauchy,
// geometric, logNormal; registered by backend.cc. Param 0 is a generator. Where PyTorch takes the processor's quick
// logarithm, exponential or tangent of floats, so does this file, or the numbers would not be the same.
#include <limits>

#include "drawing.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

using namespace drawing;

__device__ __forceinline__ float quick_log(float x) { return __logf(x); }
__device__ __forceinline__ double quick_log(double x) { return log(x); }

/** x·width + low; what becomes `top`, where the words' 1 lies, is `low` instead. */
template <class C>
struct UniformOp {
  void* out;
  DType d;
  C low, top, width;
  __device__ __forceinline__ void operator()(int64_t i, C x) const {
    const C value = rounded(d, x * width + low);
    store<C>(out, i, d, value == top ? low : value);
  }
};
void uniform_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  visit_floating(out.dtype, [&]<class C>(C) {
    const C low = rounded(out.dtype, static_cast<C>(plan.param[1])),
            top = rounded(out.dtype, static_cast<C>(plan.param[2]));
    draw<Uniform<C>>(plan, UniformOp<C>{device_data<void>(out), out.dtype, low, top, rounded(out.dtype, top - low)});
  });
}

template <class C>
struct NormalOp {
  void* out;
  DType d;
  C mean, std;
  bool exponent;
  __device__ __forceinline__ void operator()(int64_t i, C x) const {
    C v = x * std + mean;
    if constexpr (std::is_same_v<C, double>)
      v = exponent ? exp(v) : v;
    else
      v = exponent ? __expf(v) : v;
    store<C>(out, i, d, v);
  }
};
template <bool exponent>
void normal_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  Plan::require(!(plan.param[2] < 0), "expected std >= 0");
  visit_floating(out.dtype, [&]<class C>(C) {
    draw<Normal<C>>(plan, NormalOp<C>{device_data<void>(out), out.dtype, static_cast<C>(plan.param[1]),
                                      static_cast<C>(plan.param[2]), exponent});
  });
}

/** Near 1, where the logarithm could be 0, it is half an epsilon. */
template <class C>
struct ExponentialOp {
  static constexpr C kHalf = std::numeric_limits<C>::epsilon() / 2;
  void* out;
  DType d;
  C lambda;
  __device__ __forceinline__ void operator()(int64_t i, C x) const {
    const C log_x = x >= C{1} - kHalf ? -kHalf : quick_log(x);
    store<C>(out, i, d, C{-1} / lambda * log_x);
  }
};
void exponential_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  Plan::require(plan.param[1] > 0, "exponential: expected lambda > 0");
  visit_floating(out.dtype, [&]<class C>(C) {
    draw<Uniform<C>>(plan, ExponentialOp<C>{device_data<void>(out), out.dtype, static_cast<C>(plan.param[1])});
  });
}

/** Floats stay away from the poles. */
template <class C>
struct CauchyOp {
  void* out;
  DType d;
  C median, sigma;
  __device__ __forceinline__ void operator()(int64_t i, C x) const {
    constexpr C kPi = static_cast<C>(3.14159265358979323846), kLeast = std::numeric_limits<C>::epsilon();
    if constexpr (std::is_same_v<C, double>) {
      store<C>(out, i, d, median + sigma * tan(kPi * (x - 0.5)));
    } else {
      x = x > 1 - kLeast ? 1 - kLeast : x < kLeast ? kLeast : x;
      store<C>(out, i, d, median + sigma * __tanf(kPi * (x - 0.5f)));
    }
  }
};
void cauchy_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  visit_floating(out.dtype, [&]<class C>(C) {
    draw<Uniform<C>>(plan, CauchyOp<C>{device_data<void>(out), out.dtype, static_cast<C>(plan.param[1]),
                                       static_cast<C>(plan.param[2])});
  });
}

template <class C>
struct GeometricOp {
  void* out;
  DType d;
  C p;
  __device__ __forceinline__ void operator()(int64_t i, C x) const {
    C miss;
    if constexpr (std::is_same_v<C, double>)
      miss = log1p(-p);
    else
      miss = __logf(1.0f + -p);
    store_any(out, i, d, ceil(quick_log(x) / miss));
  }
};
void geometric_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  const auto run = [&]<class C>(C) {
    draw<Uniform<C>>(plan, GeometricOp<C>{device_data<void>(out), out.dtype, static_cast<C>(plan.param[1])});
  };
  if (out.dtype == DType::f64)
    run(double{});
  else
    run(float{});
}

}  // namespace

void register_random(KernelTable& table) {
  table.add("uniform", uniform_kernel);
  table.add("normal", normal_kernel<false>);
  table.add("logNormal", normal_kernel<true>);
  table.add("exponential", exponential_kernel);
  table.add("cauchy", cauchy_kernel);
  table.add("geometric", geometric_kernel);
}

}  // namespace flambeau::cuda
