// Numbers as a GPU has them: 16-bit floats, rounding in four directions, min and max with NaN. For the handlers.
#pragma once
#include <bit>
#include <cfloat>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "levels.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {

enum class Rounding : uint8_t { nearest, zero, down, up };

/** `exact` rounded to float so that a further rounding to fewer bits is as if from `exact`: inexact makes the last
 * bit 1. */
inline float round_to_odd(double exact) {
  const auto f = static_cast<float>(exact);
  const double back = f;
  if (back == exact || exact != exact || std::isinf(f)) return f;
  auto bits = std::bit_cast<uint32_t>(f);
  if ((bits & 1) != 0) return f;
  const bool away = std::fabs(exact) > std::fabs(back);
  bits += away ? 1u : ~0u;
  return std::bit_cast<float>(bits);
}

struct Half {
  uint16_t bits = 0;
  static Half nearest(double v) {
    // NaN is 0x7FFF on a GPU, whatever its sign was.
    return v != v ? Half{0x7FFF} : of(round_to_odd(v));
  }
  // Both ways without a branch: conversions of a whole warp become a loop over vectors.
  static Half of(float v) {
    const auto b = std::bit_cast<uint32_t>(v);
    const uint32_t sign = b >> 16 & 0x8000, size = b & 0x7FFF'FFFF;
    const uint32_t shifted = size - (112u << 23);  // the exponent as halves have it
    const uint32_t normal = (shifted + 0xFFF + (shifted >> 13 & 1)) >> 13;
    // Below 2^-14 halves are multiples of 2^-24: the last bit of floats from a half to one.
    const uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(size) + 0.5f) - std::bit_cast<uint32_t>(0.5f);
    uint32_t r = size < 0x3880'0000 ? small : normal;
    r = size >= 0x477F'F000 ? 0x7C00 : r;
    r = size > 0x7F80'0000 ? 0x7FFF : r | sign;
    return {static_cast<uint16_t>(r)};
  }
  operator float() const {
    const uint32_t b = bits;
    const uint32_t finite = std::bit_cast<uint32_t>(std::bit_cast<float>((b & 0x7FFF) << 13) * 0x1p112f);
    return std::bit_cast<float>(finite | ((b & 0x7C00) == 0x7C00 ? 0x7F80'0000 : 0) | (b & 0x8000) << 16);
  }
};

struct BFloat {
  uint16_t bits = 0;
  static BFloat nearest(double v) {
    if (v != v) return {0x7FFF};
    const float f = round_to_odd(v);
    const auto b = std::bit_cast<uint32_t>(f);
    if (std::isinf(f)) {
      // Beyond float's range: infinite here, too. Just below, 0x7F7F'8000 and more round up by themselves.
      return {static_cast<uint16_t>(b >> 16)};
    }
    return {static_cast<uint16_t>((b + 0x7FFF + (b >> 16 & 1)) >> 16)};
  }
  operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

template <class E>
struct Pair {
  E x, y;
};

template <class T>
inline constexpr bool is_small_float = std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;
template <class T>
struct ElementOf {
  using type = T;
  static constexpr bool pair = false;
};
template <class E>
struct ElementOf<Pair<E>> {
  using type = E;
  static constexpr bool pair = true;
};

/** Applies f to each element of scalars or pairs. */
template <class T, class F, class... A>
T elementwise(F f, T a, A... rest) {
  if constexpr (ElementOf<T>::pair) {
    return {f(a.x, rest.x...), f(a.y, rest.y...)};
  } else {
    return f(a, rest...);
  }
}

/** The canonical NaN: what a GPU's arithmetic makes of any NaN. */
template <class T>
T canonical(T v) {
  if constexpr (std::is_same_v<T, float>) return v != v ? std::bit_cast<float>(0x7FFF'FFFFu) : v;
  return v;
}

/** A double (or a value that fits one) in T, to nearest. */
template <class T>
T nearest(double v) {
  if constexpr (is_small_float<T>) {
    return T::nearest(v);
  } else {
    return canonical(static_cast<T>(v));
  }
}

/** An operation on small floats with one rounding. A float is wide enough for that on the way to a half. */
template <class E, class F>
E rounded(E x, E y, F f) {
  if constexpr (std::is_same_v<E, Half>) {
    return Half::of(f(float{x}, float{y}));
  } else {
    return E::nearest(f(double{x}, double{y}));
  }
}

template <class T>
T sum(T a, T b) {
  return elementwise(
      [](auto x, auto y) {
        using E = decltype(x);
        if constexpr (is_small_float<E>) {
          return rounded<E>(x, y, [](auto u, auto v) { return u + v; });
        } else {
          return canonical(x + y);
        }
      },
      a, b);
}
template <class T>
T difference(T a, T b) {
  return elementwise(
      [](auto x, auto y) {
        using E = decltype(x);
        if constexpr (is_small_float<E>) {
          return rounded<E>(x, y, [](auto u, auto v) { return u - v; });
        } else {
          return canonical(x - y);
        }
      },
      a, b);
}
template <class T>
T product(T a, T b) {
  return elementwise(
      [](auto x, auto y) {
        using E = decltype(x);
        if constexpr (is_small_float<E>) {
          return rounded<E>(x, y, [](auto u, auto v) { return u * v; });
        } else {
          return canonical(x * y);
        }
      },
      a, b);
}

/** a·b + c with one rounding. */
template <class T>
T fused(T a, T b, T c) {
  return elementwise(
      [](auto x, auto y, auto z) {
        using E = decltype(x);
        if constexpr (is_small_float<E>) {
          // The product is exact in a double; the sum is made odd where it is not, so that the last rounding is the
          // only one.
          const double p = double{x} * double{y}, w = z;
          double s = p + w;
          const double part = s - p;
          const double lost = (p - (s - part)) + (w - part);
          auto bits = std::bit_cast<uint64_t>(s);
          if (lost != 0 && std::isfinite(s) && (bits & 1) == 0) {
            bits += (lost > 0) == (s > 0) ? uint64_t{1} : ~uint64_t{0};
            s = std::bit_cast<double>(bits);
          }
          return E::nearest(s);
        } else {
          return canonical(std::fma(x, y, z));
        }
      },
      a, b, c);
}

/** min: a NaN loses, unless `propagate`; -0 is below +0. */
template <class T>
T smaller(T a, T b, bool propagate) {
  return elementwise(
      [propagate](auto x, auto y) {
        using E = decltype(x);
        using C = std::conditional_t<std::is_same_v<E, double>, double, float>;
        const C u = x, v = y;
        if (u != u || v != v) return propagate || (u != u && v != v) ? nearest<E>(std::nan("")) : u != u ? y : x;
        return u < v || (u == v && std::signbit(u)) ? x : y;
      },
      a, b);
}
template <class T>
T larger(T a, T b, bool propagate) {
  return elementwise(
      [propagate](auto x, auto y) {
        using E = decltype(x);
        using C = std::conditional_t<std::is_same_v<E, double>, double, float>;
        const C u = x, v = y;
        if (u != u || v != v) return propagate || (u != u && v != v) ? nearest<E>(std::nan("")) : u != u ? y : x;
        return u > v || (u == v && !std::signbit(u)) ? x : y;
      },
      a, b);
}

template <class T>
T flush(T v) {
  if constexpr (std::is_same_v<T, float>) return std::fabs(v) < FLT_MIN ? std::copysign(0.0f, v) : v;
  return v;
}
/** Into [0, 1]; NaN becomes 0. */
template <class T>
T saturate(T a) {
  return elementwise(
      [](auto x) {
        using E = decltype(x);
        const double v = x;
        return v > 0 ? (v < 1 ? x : nearest<E>(1)) : nearest<E>(0);
      },
      a);
}
template <class T>
T relu(T a) {
  return elementwise(
      [](auto x) {
        using E = decltype(x);
        const double v = x;
        return v != v ? nearest<E>(v) : v > 0 ? x : nearest<E>(0);
      },
      a);
}

/** A step to the next value of a float of any width, up or down. */
template <class T>
T step(T v, bool up) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::nextafter(v, up ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity());
  } else {
    const bool negative = (v.bits & 0x8000) != 0;
    if ((v.bits & 0x7FFF) == 0) return {static_cast<uint16_t>(up ? 0x0001 : 0x8001)};
    return {static_cast<uint16_t>(v.bits + (up != negative ? 1 : -1))};
  }
}

/** `v` in T, rounded as asked; S is wide enough to be compared with T. */
template <class T, class S>
T narrow(S v, Rounding mode) {
  T r;
  if constexpr (is_small_float<T>) {
    r = T::nearest(static_cast<double>(v));
  } else {
    r = canonical(static_cast<T>(v));
  }
  if (mode == Rounding::nearest || v != v) return r;
  const auto wide = [](T t) {
    if constexpr (is_small_float<T>) {
      return static_cast<S>(static_cast<float>(t));
    } else {
      return static_cast<S>(t);
    }
  };
  const S got = wide(r);
  const bool toward_down = mode == Rounding::down || (mode == Rounding::zero && v > 0);
  const bool toward_up = mode == Rounding::up || (mode == Rounding::zero && v < 0);
  if (toward_down && got > v) return step(r, false);
  if (toward_up && got < v) return step(r, true);
  return r;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
