// Lists of tensors: the host's half of lists.cuh, and the operations around optimizer steps (scaling, adding, zeroing,
// norms), over all tensors in a few launches. Registered by backend.cc.
#include "lists.cuh"

#include <cmath>
#include <limits>

#include "block.cuh"
#include "kernels.h"

namespace flambeau::cuda {

void expect_list(const ListPlan& plan, int width, int params) {
  Plan::require(plan.width == width, "wrong width of the list");
  Plan::require(plan.params == params, "wrong number of parameters");
}
void expect_uniform(const ListPlan& plan, int members) {
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& first = plan.item(i, 0);
    for (int k = 0; k < members; k++) {
      const Flat& item = plan.item(i, k);
      Plan::require(item.numel >= 0 && (item.data || item.numel == 0), "a tensor of the list is absent");
      Plan::require(item.dtype == first.dtype && item.numel == first.numel, "the tensors of a tuple differ");
      Plan::require(item.dtype <= DType::bf16, "expected a floating point dtype");
    }
  }
}

void over_tables(const ListPlan& plan, ListClass of, const std::function<void(ListTable&)>& go) {
  ListTable table;
  table.width = plan.width;
  if (of == ListClass::Bytes) table.chunk *= 8;
  uint64_t blocks = 0;
  const auto flush = [&] {
    table.first[table.tuples] = static_cast<uint32_t>(blocks);
    if (table.tuples > 0) go(table);
    table.tuples = 0;
    blocks = 0;
  };
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& first = plan.item(i, 0);
    if (of != ListClass::Bytes && (first.dtype == DType::f64) != (of == ListClass::Doubles)) continue;
    const auto item = static_cast<int64_t>(item_size(first.dtype));
    const int64_t n = of == ListClass::Bytes ? first.numel * item : first.numel;
    const auto chunks = static_cast<uint64_t>(ceil_div(n, table.chunk));
    if (table.tuples == kListTensors || (table.tuples + 1) * table.width > kListPointers ||
        blocks + chunks >= 0x7fffffff)
      flush();
    Plan::require(chunks < 0x7fffffff, "too large a tensor for a GPU");
    const int k = table.tuples++;
    table.first[k] = static_cast<uint32_t>(blocks);
    table.numel[k] = n;
    table.dtype[k] = first.dtype;
    table.last_dtype[k] = plan.item(i, plan.width - 1).dtype;
    table.vectors[k] = true;
    for (int m = 0; m < plan.width; m++) {
      std::byte* data = plan.item(i, m).data;
      table.data[k * plan.width + m] = data;
      const auto unit = static_cast<uintptr_t>(of == ListClass::Bytes ? 16 : 4 * item);
      table.vectors[k] = table.vectors[k] && reinterpret_cast<uintptr_t>(data) % unit == 0;
    }
    blocks += chunks;
  }
  flush();
}

void launch_list(const ListPlan& plan, const void* of_floats, const void* float_rule, const void* of_doubles,
                 const void* double_rule) {
  for (const bool wide : {false, true}) {
    over_tables(plan, wide ? ListClass::Doubles : ListClass::Floats, [&](ListTable& table) {
      const unsigned blocks = table.first[table.tuples];
      if (blocks == 0) return;
      void* args[] = {&table, const_cast<void*>(wide ? double_rule : float_rule)};
      launch_raw(wide ? of_doubles : of_floats, {blocks}, {kListThreads}, 0, args);
    });
  }
}

namespace {

/** scaleList (list): every tensor *= s; param s. */
template <class C>
struct Scale {
  static constexpr int kWidth = 1, kReads = 1, kWrites = 1;
  C s;
  explicit Scale(const double* p) : s(static_cast<C>(p[0])) {}
  __device__ __forceinline__ void call(C (&v)[1]) const { v[0] *= s; }
};
void scale_list(const ListPlan& plan) {
  expect_list(plan, 1, 1);
  expect_uniform(plan, 1);
  run_list<Scale>(plan);
}

/** addList (list): tuples (a, b), a += alpha * b; param alpha. */
template <class C>
struct AddScaled {
  static constexpr int kWidth = 2, kReads = 3, kWrites = 1;
  C alpha;
  explicit AddScaled(const double* p) : alpha(static_cast<C>(p[0])) {}
  __device__ __forceinline__ void call(C (&v)[2]) const { v[0] = vm::madd(alpha, v[1], v[0]); }
};
void add_list(const ListPlan& plan) {
  expect_list(plan, 2, 1);
  expect_uniform(plan, 2);
  run_list<AddScaled>(plan);
}

struct alignas(16) Sixteen {
  uint64_t low, high;
};
__global__ void zero_kernel(const __grid_constant__ ListTable table) {
  const int k = table.find();
  const int64_t begin = static_cast<int64_t>(blockIdx.x - table.first[k]) * table.chunk;
  const auto count = static_cast<uint32_t>(min(table.chunk, table.numel[k] - begin));
  auto* at = static_cast<uint8_t*>(table.data[k]) + begin;
  const uint32_t vectors = table.vectors[k] ? count / 16 : 0;
  for (uint32_t i = threadIdx.x; i < vectors; i += blockDim.x) reinterpret_cast<Sixteen*>(at)[i] = {0, 0};
  for (uint32_t i = vectors * 16 + threadIdx.x; i < count; i += blockDim.x) at[i] = 0;
}
/** zeroList (list): every tensor (any dtype) = 0; no params. */
void zero_list(const ListPlan& plan) {
  expect_list(plan, 1, 0);
  for (int64_t i = 0; i < plan.groups; i++) {
    Plan::require(plan.item(i, 0).numel >= 0 && (plan.item(i, 0).data || plan.item(i, 0).numel == 0),
                  "a tensor of the list is absent");
  }
  over_tables(plan, ListClass::Bytes,
              [](ListTable& table) { launch(zero_kernel, {table.first[table.tuples]}, {kListThreads}, 0, table); });
}

// ---- norms

enum class Norm { Most, None, One, Two, Any };

/** Of magnitudes; a NaN stays. */
struct MostOrNaN {
  static __device__ __forceinline__ double identity() { return 0; }
  static __device__ __forceinline__ double join(double a, double b) { return a != a ? a : b > a || b != b ? b : a; }
};

/** The share of a chunk in its tensor's norm, before the root. */
template <class C>
__global__ void norm_kernel(const __grid_constant__ ListTable table, Norm norm, double p, double* parts) {
  __shared__ double scratch[kWarp];
  const int k = table.find();
  const int64_t begin = static_cast<int64_t>(blockIdx.x - table.first[k]) * table.chunk;
  const auto count = static_cast<uint32_t>(min(table.chunk, table.numel[k] - begin));
  const DType d = table.dtype[k];
  const int shift = sizeof(C) == 8 ? 3 : d == DType::f32 ? 2 : 1;
  const std::byte* at = static_cast<const std::byte*>(table.data[k * 2]) + (begin << shift);
  const bool vectors = table.vectors[k];
  double sum = 0;
  for (uint32_t i = threadIdx.x * 4; i < count; i += 4 * kListThreads) {
    C v[4];
    if (vectors && i + 4 <= count) {
      Memory<C>::load4(v, at, i, d);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) v[j] = i + j < count ? Memory<C>::load(at, i + j, d) : C{0};
    }
    if (norm == Norm::Two) {
      // squares of floats in double neither overflow nor vanish; where they would not in float, that is faster
      const C squares = (v[0] * v[0] + v[1] * v[1]) + (v[2] * v[2] + v[3] * v[3]);
      if (squares > C(1e-20) && squares < C(1e30)) {
        sum += static_cast<double>(squares);
        continue;
      }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const double x = static_cast<double>(vm::abs(v[j]));
      if (norm == Norm::Most)
        sum = MostOrNaN::join(sum, x);
      else
        sum += norm == Norm::One    ? x
               : norm == Norm::Two  ? x * x
               : norm == Norm::None ? (x != 0)
               : x > 0              ? vm::pow(x, p)
                                    : x;
    }
  }
  sum = norm == Norm::Most ? block_reduce<MostOrNaN>(sum, scratch) : block_reduce<Add<double>>(sum, scratch);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

/** A block for each tensor. */
__global__ void norm_join_kernel(const __grid_constant__ ListTable table, Norm norm, double p, const double* parts) {
  __shared__ double scratch[kWarp];
  const int k = static_cast<int>(blockIdx.x);
  double sum = 0;
  for (uint32_t i = table.first[k] + threadIdx.x; i < table.first[k + 1]; i += blockDim.x)
    sum = norm == Norm::Most ? MostOrNaN::join(sum, parts[i]) : sum + parts[i];
  sum = norm == Norm::Most ? block_reduce<MostOrNaN>(sum, scratch) : block_reduce<Add<double>>(sum, scratch);
  if (threadIdx.x != 0) return;
  if (norm == Norm::Two) sum = sqrt(sum);
  if (norm == Norm::Any) sum = vm::pow(sum, 1 / p);
  void* out = table.data[k * 2 + 1];
  if (table.last_dtype[k] == DType::f64)
    store<double>(out, 0, DType::f64, sum);
  else
    store<float>(out, 0, table.last_dtype[k], static_cast<float>(sum));
}

/** normList (list): tuples (x, out [1] of any floating dtype), out = the p-norm of x; param p (any, inf and 0 too). */
void norm_list(const ListPlan& plan) {
  expect_list(plan, 2, 1);
  expect_uniform(plan, 1);
  const double p = plan.param[0];
  Plan::require(p >= 0, "normList: expected p >= 0");
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& out = plan.item(i, 1);
    Plan::require(out.numel == 1 && out.data && out.dtype <= DType::bf16, "normList: expected one floating element");
  }
  const Norm norm = p == std::numeric_limits<double>::infinity() ? Norm::Most
                    : p == 0                                     ? Norm::None
                    : p == 1                                     ? Norm::One
                    : p == 2                                     ? Norm::Two
                                                                 : Norm::Any;
  for (const bool wide : {false, true}) {
    over_tables(plan, wide ? ListClass::Doubles : ListClass::Floats, [&](ListTable& table) {
      // what is read in fours is x; the result is one element
      for (int k = 0; k < table.tuples; k++)
        table.vectors[k] = reinterpret_cast<uintptr_t>(table.data[k * 2]) % (4 * item_size(table.dtype[k])) == 0;
      const unsigned blocks = table.first[table.tuples];
      const Temporary parts((blocks + 1) * sizeof(double));
      launch(wide ? norm_kernel<double> : norm_kernel<float>, {blocks}, {kListThreads}, 0, table, norm, p,
             parts.as<double>());
      launch(norm_join_kernel, {static_cast<unsigned>(table.tuples)}, {kListThreads}, 0, table, norm, p,
             parts.as<double>());
    });
  }
}

}  // namespace

void register_lists(KernelTable& table) {
  table.add_list("scaleList", scale_list);
  table.add_list("zeroList", zero_list);
  table.add_list("addList", add_list);
  table.add_list("normList", norm_list);
}

}  // namespace flambeau::cuda
