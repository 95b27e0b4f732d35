// The element-wise operators, one row each: X(kernel name, dtypes, number of parameters, cost, expression). The CPU
// kernels (native/cpu) and the CUDA kernels (cuda/) expand the rows; so expressions are plain C++ in x (a, b), T and
// the parameters p[], with the formulas of functors.h, which includes this.
#pragma once

// Costs name a grain: cheap, costly (tens of operations), slow (a call into libm or a loop for each element).
// Dtypes: Floating = float32, float64, float16, bfloat16; Numbers = Floating and the integers; Any = Numbers and bool;
// Integers; Bits = Integers and bool. Halves are computed in float.

/** out, x */
#define FB_UNARY_ROWS(X)                                                                      \
  X(exp2, Floating, 0, kCostly, vm::exp2(x))                                                  \
  X(expm1, Floating, 0, kCostly, vm::expm1(x))                                                \
  X(log2, Floating, 0, kCostly, vm::log2(x))                                                  \
  X(log10, Floating, 0, kCostly, vm::log10(x))                                                \
  X(log1p, Floating, 0, kCostly, vm::log1p(x))                                                \
  X(sqrt, Floating, 0, kCheap, vm::sqrt(x))                                                   \
  X(rsqrt, Floating, 0, kCheap, T{1} / vm::sqrt(x))                                           \
  X(asin, Floating, 0, kCostly, vm::asin(x))                                                  \
  X(acos, Floating, 0, kCostly, vm::acos(x))                                                  \
  X(atan, Floating, 0, kCostly, vm::atan(x))                                                  \
  X(sinh, Floating, 0, kCostly, vm::sinh(x))                                                  \
  X(cosh, Floating, 0, kCostly, vm::cosh(x))                                                  \
  X(tanh, Floating, 0, kCostly, vm::tanh(x))                                                  \
  X(asinh, Floating, 0, kCostly, vm::asinh(x))                                                \
  X(acosh, Floating, 0, kCostly, vm::acosh(x))                                                \
  X(atanh, Floating, 0, kCostly, vm::atanh(x))                                                \
  X(erf, Floating, 0, kCostly, vm::erf(x))                                                    \
  X(erfc, Floating, 0, kCostly, vm::erfc(x))                                                  \
  X(erfinv, Floating, 0, kCostly, vm::erfinv(x))                                              \
  X(lgamma, Floating, 0, kCostly, fn::lgamma(x))                                              \
  X(digamma, Floating, 0, kSlow, static_cast<T>(fn::digamma_wide(x)))                         \
  X(i0, Floating, 0, kSlow, static_cast<T>(fn::i0_wide(x)))                                   \
  X(i1, Floating, 0, kSlow, static_cast<T>(fn::i1_wide(x)))                                   \
  X(i0e, Floating, 0, kSlow, static_cast<T>(fn::i0e_wide(x)))                                 \
  X(i1e, Floating, 0, kSlow, static_cast<T>(fn::i1e_wide(x)))                                 \
  X(erfcx, Floating, 0, kSlow, static_cast<T>(fn::erfcx_wide(x)))                             \
  X(ndtr, Floating, 0, kCostly, vm::erfc(x* static_cast<T>(-0.70710678118654752440)) / T{2})  \
  X(logNdtr, Floating, 0, kSlow, static_cast<T>(fn::log_ndtr_wide(x)))                        \
  X(ndtri, Floating, 0, kSlow, static_cast<T>(fn::ndtri_wide(x)))                             \
  X(entr, Floating, 0, kCostly, fn::entr(x))                                                  \
  X(ceil, Floating, 0, kCheap, std::ceil(x))                                                  \
  X(floor, Floating, 0, kCheap, std::floor(x))                                                \
  X(round, Floating, 0, kCheap, std::nearbyint(x))                                            \
  X(trunc, Floating, 0, kCheap, std::trunc(x))                                                \
  X(frac, Floating, 0, kCheap, x - std::trunc(x))                                             \
  X(reciprocal, Floating, 0, kCheap, T{1} / x)                                                \
  X(gelu, Floating, 0, kCostly, fn::gelu(x))                                                  \
  X(geluTanh, Floating, 0, kCostly, fn::gelu_tanh(x))                                         \
  X(logSigmoid, Floating, 0, kCostly, T{0} - fn::softplus(fn::neg(x)))                        \
  X(mish, Floating, 0, kCostly, fn::mish(x))                                                  \
  X(hardsigmoid, Floating, 0, kCheap, fn::minimum(fn::maximum(x + T{3}, T{0}), T{6}) / T{6})  \
  X(hardswish, Floating, 0, kCheap, x* fn::minimum(fn::maximum(x + T{3}, T{0}), T{6}) / T{6}) \
  X(relu, Numbers, 0, kCheap, x < T{0} ? T{0} : x)                                            \
  X(neg, Numbers, 0, kCheap, fn::neg(x))                                                      \
  X(abs, Numbers, 0, kCheap, fn::abs(x))                                                      \
  X(sign, Any, 0, kCheap, fn::sign(x))                                                        \
  X(square, Numbers, 0, kCheap, fn::mul(x, x))                                                \
  X(bitwiseNot, Bits, 0, kCheap, fn::bitwise_not(x))

/** out, x; floating: X(name, a common range, a shorter expression that holds there, the expression) */
#define FB_GUARDED_ROWS(X)                                                                   \
  X(exp, vm::abs(x) <= vm::kExpPlainLimit<T>, vm::exp_plain(x), vm::exp(x))                  \
  X(sigmoid, vm::abs(x) <= vm::kExpPlainLimit<T>, vm::sigmoid_plain(x), vm::sigmoid(x))      \
  X(silu, vm::abs(x) <= vm::kExpPlainLimit<T>, x * vm::sigmoid_plain(x), x * vm::sigmoid(x)) \
  X(log, (x >= vm::kLeastNormal<T>)&(x <= vm::kGreatest<T>), vm::log_plain(x), vm::log(x))   \
  X(sin, vm::abs(x) <= vm::kTrigLimitOf<T>, vm::sin_limited(x), vm::sin(x))                  \
  X(cos, vm::abs(x) <= vm::kTrigLimitOf<T>, vm::cos_limited(x), vm::cos(x))                  \
  X(tan, vm::abs(x) <= vm::kTrigLimitOf<T>, vm::tan_limited(x), vm::tan(x))

/** out, x; with parameters */
#define FB_UNARY_PARAM_ROWS(X)                                                                                      \
  X(threshold, Numbers, 2, kCheap, x <= fn::as<T>(p[0]) ? fn::as<T>(p[1]) : x)                                      \
  X(nanToNum, Floating, 3, kCheap,                                                                                  \
    fn::nan_to_num(x, static_cast<T>(p[0]), static_cast<T>(p[1]), static_cast<T>(p[2])))                            \
  X(hardshrink, Floating, 1, kCheap, fn::within(x, -static_cast<T>(p[0]), static_cast<T>(p[0])) ? T{0} : x)         \
  X(softshrink, Floating, 1, kCheap, fn::softshrink(x, static_cast<T>(p[0])))                                       \
  X(leakyRelu, Floating, 1, kCheap, x > T{0} ? x : x * static_cast<T>(p[0]))                                        \
  X(polygamma, Floating, 1, kSlow, static_cast<T>(fn::polygamma_wide(p[0], x)))                                     \
  X(softplus, Floating, 2, kCostly,                                                                                 \
    x* static_cast<T>(p[0]) > static_cast<T>(p[1]) ? x                                                              \
                                                   : fn::softplus(x * static_cast<T>(p[0])) / static_cast<T>(p[0])) \
  X(elu, Floating, 3, kCostly,                                                                                      \
    x < T{0} ? vm::expm1(x * static_cast<T>(p[2])) * static_cast<T>(p[0] * p[1]) : x * static_cast<T>(p[1]))

/** out (bool), x */
#define FB_PREDICATE_ROWS(X)                             \
  X(logicalNot, Any, 0, kCheap, x == T{0})               \
  X(isnan, Any, 0, kCheap, fn::is_nan(x))                \
  X(isinf, Any, 0, kCheap, fn::is_inf(x))                \
  X(isfinite, Any, 0, kCheap, fn::is_finite(x))          \
  X(isposinf, Any, 0, kCheap, fn::is_inf(x) && x > T{0}) \
  X(isneginf, Any, 0, kCheap, fn::is_inf(x) && x < T{0}) \
  X(signbit, Any, 0, kCheap, fn::sign_bit(x))

/** out, a, b */
#define FB_BINARY_ROWS(X)                                          \
  X(add, Any, 0, kCheap, fn::add(a, b))                            \
  X(sub, Numbers, 0, kCheap, fn::sub(a, b))                        \
  X(mul, Any, 0, kCheap, fn::mul(a, b))                            \
  X(div, Floating, 0, kCheap, a / b)                               \
  X(pow, Numbers, 0, kCostly, fn::power(a, b))                     \
  X(maximum, Any, 0, kCheap, fn::maximum(a, b))                    \
  X(minimum, Any, 0, kCheap, fn::minimum(a, b))                    \
  X(fmax, Any, 0, kCheap, fn::fmax(a, b))                          \
  X(fmin, Any, 0, kCheap, fn::fmin(a, b))                          \
  X(atan2, Floating, 0, kCostly, vm::atan2(a, b))                  \
  X(hypot, Floating, 0, kCheap, fn::hypot(a, b))                   \
  X(copysign, Floating, 0, kCheap, vm::with_sign(a, b))            \
  X(logaddexp, Floating, 0, kCostly, fn::logaddexp(a, b))          \
  X(logaddexp2, Floating, 0, kCostly, fn::logaddexp2(a, b))        \
  X(xlogy, Floating, 0, kCostly, fn::xlogy(a, b))                  \
  X(xlog1py, Floating, 0, kCostly, fn::xlog1py(a, b))              \
  X(zeta, Floating, 0, kSlow, static_cast<T>(fn::zeta_wide(a, b))) \
  X(heaviside, Any, 0, kCheap, fn::heaviside(a, b))                \
  X(gcd, Integers, 0, kSlow, fn::gcd(a, b))                        \
  X(lcm, Integers, 0, kSlow, fn::lcm(a, b))                        \
  X(bitwiseAnd, Bits, 0, kCheap, static_cast<T>(a & b))            \
  X(bitwiseOr, Bits, 0, kCheap, static_cast<T>(a | b))             \
  X(bitwiseXor, Bits, 0, kCheap, static_cast<T>(a ^ b))            \
  X(leftShift, Integers, 0, kCheap, fn::shift_left(a, b))          \
  X(rightShift, Integers, 0, kCheap, fn::shift_right(a, b))

/**
 * out, a, b; with parameters. smoothL1 [beta], huber [delta]; clippedDifference [divisor, limit]: the slope of both.
 */
#define FB_BINARY_PARAM_ROWS(X)                                                                             \
  X(addScaled, Numbers, 1, kCheap, fn::add(a, fn::mul(fn::as<T>(p[0]), b)))                                 \
  X(squaredDifference, Floating, 0, kCheap, (a - b) * (a - b))                                              \
  X(absoluteDifference, Numbers, 0, kCheap, fn::abs(fn::sub(a, b)))                                         \
  X(clippedDifference, Floating, 2, kCheap, fn::clip((a - b) / static_cast<T>(p[0]), static_cast<T>(p[1]))) \
  X(smoothL1, Floating, 1, kCheap, fn::smooth_l1(vm::abs(a - b), static_cast<T>(p[0])))                     \
  X(huber, Floating, 1, kCheap, fn::huber(vm::abs(a - b), static_cast<T>(p[0])))

/** out, a, b; a zero among the integers b is an error */
#define FB_DIVISION_ROWS(X)                                  \
  X(floorDivide, Numbers, 0, kSlow, fn::floor_divide(a, b))  \
  X(truncDivide, Numbers, 0, kCheap, fn::divide_trunc(a, b)) \
  X(remainder, Numbers, 0, kSlow, fn::remainder(a, b))       \
  X(fmod, Numbers, 0, kSlow, fn::fmod(a, b))

/** out, g (the gradient of the result), then y (the result) or x (the argument) */
#define FB_BACKWARD_ROWS(X)                                                                                            \
  X(sigmoidBackward, Floating, 0, kCheap, a*((T{1} - b) * b))                                                          \
  X(tanhBackward, Floating, 0, kCheap, a*(T{1} - b * b))                                                               \
  X(reluBackward, Floating, 0, kCheap, b <= T{0} ? T{0} : a)                                                           \
  X(geluBackward, Floating, 0, kCostly, a* fn::gelu_derivative(b))                                                     \
  X(geluTanhBackward, Floating, 0, kCostly, a* fn::gelu_tanh_derivative(b))                                            \
  X(siluBackward, Floating, 0, kCostly, a* fn::silu_derivative(b))                                                     \
  X(thresholdBackward, Floating, 1, kCheap, b <= static_cast<T>(p[0]) ? T{0} : a)                                      \
  X(leakyReluBackward, Floating, 1, kCheap, b > T{0} ? a : a * static_cast<T>(p[0]))                                   \
  X(hardsigmoidBackward, Floating, 0, kCheap, (b > T{-3}) & (b < T{3}) ? a / T{6} : T{0})                              \
  X(hardswishBackward, Floating, 0, kCheap, b >= T{3} ? a : b <= T{-3} ? T{0} : a * (b / T{3} + T(0.5)))               \
  X(hardtanhBackward, Floating, 2, kCheap, (b > static_cast<T>(p[0])) & (b < static_cast<T>(p[1])) ? a : T{0})         \
  X(clampBackward, Floating, 2, kCheap, fn::within(b, static_cast<T>(p[0]), static_cast<T>(p[1])) ? a : T{0})          \
  X(shrinkBackward, Floating, 1, kCheap, (b > static_cast<T>(p[0])) | (b < -static_cast<T>(p[0])) ? a : T{0})          \
  X(eluBackward, Floating, 3, kCostly,                                                                                 \
    a* static_cast<T>(p[1]) *                                                                                          \
        (b > T{0} ? T{1} : static_cast<T>(p[0] * p[2]) * vm::exp_or_zero(fn::at_most_zero(b * static_cast<T>(p[2]))))) \
  X(softplusBackward, Floating, 2, kCostly,                                                                            \
    b* static_cast<T>(p[0]) > static_cast<T>(p[1]) ? a : a * vm::sigmoid(b * static_cast<T>(p[0])))                    \
  X(mishBackward, Floating, 0, kCostly, a* fn::mish_derivative(b))

/** out (bool), a, b */
#define FB_COMPARE_ROWS(X)                                 \
  X(eq, Any, 0, kCheap, a == b)                            \
  X(ne, Any, 0, kCheap, a != b)                            \
  X(lt, Any, 0, kCheap, a < b)                             \
  X(le, Any, 0, kCheap, a <= b)                            \
  X(gt, Any, 0, kCheap, a > b)                             \
  X(ge, Any, 0, kCheap, a >= b)                            \
  X(logicalAnd, Any, 0, kCheap, (a != T{0}) & (b != T{0})) \
  X(logicalOr, Any, 0, kCheap, (a != T{0}) | (b != T{0}))  \
  X(logicalXor, Any, 0, kCheap, (a != T{0}) != (b != T{0}))
