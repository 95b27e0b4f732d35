// Element types on the device: float16 and bfloat16 with the processor's conversions, vectors of four, values of the
// host. Included first by every .cu file, in the place of native/dtype.h.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

#include "../native/dtype.h"
#include "../native/plan.h"

namespace flambeau::cuda {

/** Four elements that move together. */
template <class T>
struct alignas(sizeof(T) * 4 > 16 ? 16 : sizeof(T) * 4) Four {
  T at[4];
};

/** The one element of an operand in the host's memory: as a floating number and as a whole one. */
inline void read_host(const Operand& x, double& value, int64_t& whole) {
  visit(x.dtype, [&]<class T>(TypeTag<T>) {
    const auto v = static_cast<Compute<T>>(*x.as<T>());
    if constexpr (is_floating<T>)
      value = static_cast<double>(v);
    else
      whole = static_cast<int64_t>(v);
  });
}

/** Calls `f(C{})` with the type that a kernel computes in: float, double or int64. */
template <class F>
void visit_class(DType d, F&& f) {
  switch (d) {
    case DType::f32:
    case DType::f16:
    case DType::bf16: return f(float{});
    case DType::f64: return f(double{});
    default: return f(int64_t{});
  }
}

}  // namespace flambeau::cuda
