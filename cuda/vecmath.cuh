// vm:: on GPUs: the names of native/vecmath.h over CUDA's own functions, for the formulas of native/functors.h.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>

#ifndef FB_ISA
#define FB_ISA isa_cuda
#endif

namespace flambeau::FB_ISA::vm {

inline constexpr float kInfF = std::numeric_limits<float>::infinity();
inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kPi = 3.14159265358979323846;
inline constexpr double kLn2 = 0.693147180559945309417;

// A function of floats and one of doubles.
#define FB_PAIR(name, float_name, double_name)                                        \
  __host__ __device__ __forceinline__ float name(float x) { return ::float_name(x); } \
  __host__ __device__ __forceinline__ double name(double x) { return ::double_name(x); }
FB_PAIR(abs, fabsf, fabs)
FB_PAIR(sqrt, sqrtf, sqrt)
FB_PAIR(exp, expf, exp)
FB_PAIR(exp_down, expf, exp)
FB_PAIR(exp2, exp2f, exp2)
FB_PAIR(expm1, expm1f, expm1)
FB_PAIR(log, logf, log)
FB_PAIR(log2, log2f, log2)
FB_PAIR(log10, log10f, log10)
FB_PAIR(log1p, log1pf, log1p)
FB_PAIR(log1p_unit, log1pf, log1p)
FB_PAIR(sin, sinf, sin)
FB_PAIR(cos, cosf, cos)
FB_PAIR(tan, tanf, tan)
FB_PAIR(asin, asinf, asin)
FB_PAIR(acos, acosf, acos)
FB_PAIR(atan, atanf, atan)
FB_PAIR(sinh, sinhf, sinh)
FB_PAIR(cosh, coshf, cosh)
FB_PAIR(tanh, tanhf, tanh)
FB_PAIR(asinh, asinhf, asinh)
FB_PAIR(acosh, acoshf, acosh)
FB_PAIR(atanh, atanhf, atanh)
FB_PAIR(erf, erff, erf)
FB_PAIR(erfc, erfcf, erfc)
#undef FB_PAIR
// where single precision loses digits
__host__ __device__ __forceinline__ float lgamma(float x) {
  return static_cast<float>(::lgamma(static_cast<double>(x)));
}
__host__ __device__ __forceinline__ float erfinv(float x) {
  return static_cast<float>(::erfinv(static_cast<double>(x)));
}
__host__ __device__ __forceinline__ double erfinv(double x) { return ::erfinv(x); }
__host__ __device__ __forceinline__ double hypot(double a, double b) { return ::hypot(a, b); }

__host__ __device__ __forceinline__ float pow(float x, float y) { return ::powf(x, y); }
__host__ __device__ __forceinline__ double pow(double x, double y) { return ::pow(x, y); }
__host__ __device__ __forceinline__ float atan2(float y, float x) { return ::atan2f(y, x); }
__host__ __device__ __forceinline__ double atan2(double y, double x) { return ::atan2(y, x); }
__host__ __device__ __forceinline__ float with_sign(float x, float s) { return ::copysignf(x, s); }
__host__ __device__ __forceinline__ double with_sign(double x, double s) { return ::copysign(x, s); }

/** a·b + c, fused. */
__host__ __device__ __forceinline__ float madd(float a, float b, float c) { return ::fmaf(a, b, c); }
__host__ __device__ __forceinline__ double madd(double a, double b, double c) { return ::fma(a, b, c); }
/** Horner's rule, highest coefficient first. */
__host__ __device__ __forceinline__ double horner(double, double c) { return c; }
template <class... Rest>
__host__ __device__ __forceinline__ double horner(double x, double c0, double c1, Rest... rest) {
  return horner(x, madd(c0, x, c1), rest...);
}

__host__ __device__ __forceinline__ uint32_t to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
__host__ __device__ __forceinline__ uint64_t to_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
template <class T>
__host__ __device__ __forceinline__ T sigmoid(T x) {
  return T{1} / (T{1} + exp(-x));
}
__host__ __device__ __forceinline__ float normal_cdf(float x) { return 0.5f * ::erfcf(x * -0.70710678118654752440f); }
__host__ __device__ __forceinline__ double normal_cdf(double x) { return 0.5 * ::erfc(x * -0.70710678118654752440); }
template <class T>
__host__ __device__ __forceinline__ T exp_or_zero(T x) {
  return exp(x);
}
__host__ __device__ __forceinline__ double exp_wide_clamped(double x) { return ::exp(x); }
__host__ __device__ __forceinline__ double log1p_wide(double x) { return ::log1p(x); }

}  // namespace flambeau::FB_ISA::vm
