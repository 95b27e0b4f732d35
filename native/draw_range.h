// The range of whole numbers that randint may draw for a dtype: for its kernels on any device. Used by
// native/cpu/sampling.cc and cuda/sampling.cu.
#pragma once
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "functors.h"
#include "plan.h"

namespace flambeau::FB_ISA {

/** low + [0, range). */
struct DrawRange {
  int64_t low;
  uint64_t range;
};

/** Bits of a floating dtype's mantissa. */
constexpr int digits_of(DType d) { return d == DType::f64 ? 53 : d == DType::f32 ? 24 : d == DType::f16 ? 11 : 8; }
template <class T>
constexpr int digits_of() {
  return digits_of(std::is_same_v<T, double>  ? DType::f64
                   : std::is_same_v<T, float> ? DType::f32
                   : std::is_same_v<T, Half>  ? DType::f16
                                              : DType::bf16);
}

/** A bound next to which rounding to a floating dtype could leave the range moves inwards to its next value. */
inline int64_t inward(DType d, int64_t value, int direction) {
  const int64_t beside = value + direction;
  const auto as = [&](double v) {
    const float f = static_cast<float>(v);
    return d == DType::f64 ? v : d == DType::f32 ? f : d == DType::f16 ? float(Half(f)) : float(BFloat16(f));
  };
  const double rounded_value = as(static_cast<double>(beside));
  if (!(std::fabs(rounded_value) < 0x1p63)) return value;
  const int64_t rounded = static_cast<int64_t>(rounded_value);
  if (direction > 0 ? rounded >= value : rounded < value) return value;
  const uint64_t magnitude = static_cast<uint64_t>(beside < 0 ? -beside : beside);
  int exponent = 0;
  while (magnitude >> exponent > 1) exponent++;
  const int shift = exponent - digits_of(d) + 1;
  return rounded + direction * (int64_t{1} << (shift > 0 ? shift : 0));
}

/** Throws std::out_of_range where there is nothing to draw, or where it does not fit the dtype. */
inline DrawRange draw_range(DType d, double from, double to) {
  const auto bound = [](double v) {
    Plan::require(v >= -0x1p63 && v <= 0x1p63 && v == std::floor(v), "randint: the bounds must be whole numbers");
    return v >= 0x1p63 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(v);
  };
  int64_t low = bound(from), high = bound(to);
  char text[128];
  double least = 0, most = 1;
  visit(d, [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating<T>) {
      most = std::is_same_v<T, Half>     ? 65504.0
             : std::is_same_v<T, double> ? std::numeric_limits<double>::max()
                                         : 3.3895313892515355e38;
      if constexpr (std::is_same_v<T, float>) most = std::numeric_limits<float>::max();
      least = -most;
      if (low < high) low = inward(d, low, 1), high = inward(d, high, -1);
    } else if constexpr (!is_bool<T>) {
      least = static_cast<double>(std::numeric_limits<T>::lowest());
      most = static_cast<double>(std::numeric_limits<T>::max());
    }
  });
  if (low >= high) {
    std::snprintf(text, sizeof text, "randint: expected low < high, but got low=%.0f >= high=%.0f", from, to);
    throw std::out_of_range(text);
  }
  if (static_cast<double>(low) < least || static_cast<double>(high - 1) > most) {
    std::snprintf(text, sizeof text, "randint: the range does not fit %s", dtype_name(d));
    throw std::out_of_range(text);
  }
  return {low, static_cast<uint64_t>(high) - static_cast<uint64_t>(low)};
}

}  // namespace flambeau::FB_ISA
