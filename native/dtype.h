// Element types: the codes shared with lib/dtype.ts, the C++ type of each, and the one switch over them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "half.h"

namespace flambeau {

/** The order is the order of `dtypes` in lib/dtype.ts; the loader compares both. */
enum class DType : uint8_t { f32, f64, f16, bf16, i64, i32, i16, i8, u8, b8 };
inline constexpr int kDTypes = 10;

/** A bool in memory: any nonzero byte is true, so that bytes from outside are never undefined behaviour. */
struct Bool {
  uint8_t byte;
  Bool() = default;
  FB_BOTH constexpr Bool(bool v) : byte(v ? 1 : 0) {}
  FB_BOTH constexpr operator bool() const { return byte != 0; }
};

/** Not a local of item_size, which would copy it to the stack at every call. */
inline constexpr uint8_t kItemSizes[kDTypes] = {4, 8, 2, 2, 8, 4, 2, 1, 1, 1};
inline constexpr size_t item_size(DType d) { return kItemSizes[static_cast<size_t>(d)]; }
inline constexpr const char* dtype_name(DType d) {
  constexpr const char* names[kDTypes] = {"float32", "float64", "float16", "bfloat16", "int64",
                                          "int32",   "int16",   "int8",    "uint8",    "bool"};
  return names[static_cast<size_t>(d)];
}

template <class T>
struct TypeTag {
  using type = T;
};

/** Calls `f(TypeTag<T>{})` with the C++ type of `d`. */
template <class F>
decltype(auto) visit(DType d, F&& f) {
  switch (d) {
    case DType::f32: return f(TypeTag<float>{});
    case DType::f64: return f(TypeTag<double>{});
    case DType::f16: return f(TypeTag<Half>{});
    case DType::bf16: return f(TypeTag<BFloat16>{});
    case DType::i64: return f(TypeTag<int64_t>{});
    case DType::i32: return f(TypeTag<int32_t>{});
    case DType::i16: return f(TypeTag<int16_t>{});
    case DType::i8: return f(TypeTag<int8_t>{});
    case DType::u8: return f(TypeTag<uint8_t>{});
    case DType::b8: return f(TypeTag<Bool>{});
  }
  __builtin_unreachable();
}

template <class T>
inline constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool is_floating = std::is_floating_point_v<T> || is_half<T>;
template <class T>
inline constexpr bool is_bool = std::is_same_v<T, Bool>;

/** The type arithmetic is done in: float for the halves, the type itself otherwise. */
template <class T>
using Compute = std::conditional_t<is_half<T>, float, std::conditional_t<is_bool<T>, bool, T>>;
/** The type sums are kept in: double is too slow to be worth it for float, int64 holds every integer sum. */
template <class T>
using Accumulate = std::conditional_t<is_half<T>, float, std::conditional_t<std::is_floating_point_v<T>, T, int64_t>>;

}  // namespace flambeau
