#include "ops.h"

#include <algorithm>
#include <stdexcept>

namespace flambeau::mpi {
namespace {

template <class T, class F>
void combine(const void* in, void* inout, int n, F f) {
  const T* a = static_cast<const T*>(in);
  T* b = static_cast<T*>(inout);
  for (int i = 0; i < n; i++) b[i] = T(f(static_cast<float>(a[i]), static_cast<float>(b[i])));
}
template <class T>
void sum(void* in, void* inout, int* n, MPI_Datatype*) {
  combine<T>(in, inout, *n, [](float a, float b) { return a + b; });
}
template <class T>
void product(void* in, void* inout, int* n, MPI_Datatype*) {
  combine<T>(in, inout, *n, [](float a, float b) { return a * b; });
}
// NaN wins, as in min() and max() of tensors
template <class T>
void least(void* in, void* inout, int* n, MPI_Datatype*) {
  combine<T>(in, inout, *n, [](float a, float b) { return a < b || a != a ? a : b; });
}
template <class T>
void most(void* in, void* inout, int* n, MPI_Datatype*) {
  combine<T>(in, inout, *n, [](float a, float b) { return a > b || a != a ? a : b; });
}

template <class T>
void make_row(MPI_Op (&row)[4]) {
  MPI_User_function* const functions[4] = {sum<T>, product<T>, least<T>, most<T>};
  for (int i = 0; i < 4; i++) MPI_Op_create(functions[i], 1, &row[i]);
}

}  // namespace

MPI_Datatype type_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return MPI_FLOAT;
    case DType::f64: return MPI_DOUBLE;
    case DType::f16:
    case DType::bf16: return MPI_UINT16_T;
    case DType::i64: return MPI_INT64_T;
    case DType::i32: return MPI_INT32_T;
    case DType::i16: return MPI_INT16_T;
    case DType::i8: return MPI_INT8_T;
    case DType::u8:
    case DType::b8: return MPI_UINT8_T;
  }
  __builtin_unreachable();
}

void ReductionTable::make() {
  make_row<Half>(halves_[0]);
  make_row<BFloat16>(halves_[1]);
}

void ReductionTable::free() {
  for (auto& row : halves_) {
    for (MPI_Op& op : row) MPI_Op_free(&op);
  }
}

MPI_Op ReductionTable::find(Reduction op, DType dtype) const {
  const bool half = dtype == DType::f16 || dtype == DType::bf16;
  const bool floating = half || dtype == DType::f32 || dtype == DType::f64;
  const auto of_half = [&](int i) { return halves_[dtype == DType::f16 ? 0 : 1][i]; };
  switch (op) {
    case Reduction::avg:
      if (!floating) throw std::invalid_argument("ReduceOp.AVG is for floating point dtypes");
      [[fallthrough]];
    case Reduction::sum: return half ? of_half(0) : dtype == DType::b8 ? MPI_LOR : MPI_SUM;
    case Reduction::product: return half ? of_half(1) : dtype == DType::b8 ? MPI_LAND : MPI_PROD;
    case Reduction::min: return half ? of_half(2) : dtype == DType::b8 ? MPI_LAND : MPI_MIN;
    case Reduction::max: return half ? of_half(3) : dtype == DType::b8 ? MPI_LOR : MPI_MAX;
    default: break;
  }
  if (floating) throw std::invalid_argument("bitwise reductions are for integer dtypes and bool");
  if (dtype == DType::b8) return op == Reduction::band ? MPI_LAND : op == Reduction::bor ? MPI_LOR : MPI_LXOR;
  return op == Reduction::band ? MPI_BAND : op == Reduction::bor ? MPI_BOR : MPI_BXOR;
}

void divide(void* data, size_t count, DType dtype, int n) {
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating<T>) {
      using C = Compute<T>;
      T* x = static_cast<T*>(data);
      const C by = static_cast<C>(n);
      for (size_t i = 0; i < count; i++) x[i] = T(static_cast<C>(x[i]) / by);
    }
  });
}

}  // namespace flambeau::mpi
