// The call descriptor between lib/dispatch.ts and a kernel: which operands, where, and in what shape.
// TypeScript writes it as doubles; Reader (plan.cc) checks every number against the storages before a kernel sees it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "dtype.h"

// Exceptions cross from a device's library to the addon: both must know them as the same types.
#if defined(__GNUC__)
#define FB_PUBLIC __attribute__((visibility("default")))
#else
#define FB_PUBLIC
#endif

namespace flambeau {

inline constexpr int kMaxDims = 64;
inline constexpr int kMaxOperands = 16;
inline constexpr int kMaxParams = 48;

/** A plan that does not fit its operands: a bug in lib/ or a hostile caller, never a bad read. */
struct FB_PUBLIC PlanError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** One tensor (or one scalar, as a tensor with zero strides) as a kernel sees it. Strides count elements. */
struct Operand {
  std::byte* data = nullptr;  // null when an optional operand is absent
  DType dtype = DType::f32;
  uint8_t device = 0;  // 0: `data` is memory of the host, also in a plan of another device: one element, read at once
  int ndim = 0;
  const int64_t* sizes = nullptr;
  const int64_t* strides = nullptr;
  int64_t room = 0;  // elements from `data` to the end of its storage: what an index may reach

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  explicit operator bool() const { return data != nullptr; }
  int64_t numel() const {
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) n *= sizes[d];
    return n;
  }
  /** Row-major without gaps. */
  bool contiguous() const {
    for (int d = 0; d < ndim; d++)
      if (sizes[d] == 0) return true;
    int64_t expected = 1;
    for (int d = ndim - 1; d >= 0; d--) {
      if (sizes[d] != 1 && strides[d] != expected) return false;
      expected *= sizes[d];
    }
    return true;
  }
};

/**
 * A checked call. In a map plan all operands share `ndim` and `sizes`, the iteration space (an output with stride 0 is
 * reduced over that dim); in a structured plan each operand has its own. Outputs come first.
 */
struct Plan {
  int kernel = 0;
  int device = 0;  // 0 is the CPU, 1 + i the i-th GPU
  bool structured = false;
  int operands = 0;
  int params = 0;
  uint32_t absent = 0;  // operands that are left out, as bits
  Operand operand[kMaxOperands];
  double param[kMaxParams];
  // The iteration space of a map plan, dims merged by the caller as far as they can be.
  int ndim = 0;
  const int64_t* sizes = nullptr;

  int64_t numel() const {
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) n *= sizes[d];
    return n;
  }
  /** A whole-number parameter; anything else in its place is refused. */
  int64_t integer(int i) const {
    const double v = param[i];
    require(v >= -0x1p53 && v <= 0x1p53 && v == static_cast<double>(static_cast<int64_t>(v)), "not a whole number");
    return static_cast<int64_t>(v);
  }
  bool flag(int i) const { return param[i] != 0; }
  /** Kernels state what they rely on beyond the bounds that the reader has checked. */
  static void require(bool ok, const char* what) {
    if (!ok) throw PlanError(what);
  }
  void expect(int operand_count, int param_count) const {
    require(operands == operand_count, "wrong number of operands");
    require(params == param_count, "wrong number of parameters");
  }
};

using KernelFn = void (*)(const Plan&);

}  // namespace flambeau
