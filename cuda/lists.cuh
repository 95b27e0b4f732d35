// Kernels over lists of tensors: one launch for some dozens of tensors, whose addresses are an argument. The host's
// half is lists.cu; optim.cu and optim_rules.cu give it rules for one element.
#pragma once
#include <functional>

#include "../native/list_plan.h"
#include "loops.cuh"

namespace flambeau::cuda {

inline constexpr int kListTensors = 80, kListPointers = 240;
inline constexpr unsigned kListThreads = 256;
inline constexpr int64_t kListChunk = 8192;

/** Tuples of `width` tensors of one length, by value. They are cut into chunks, one for each block. */
struct ListTable {
  int tuples = 0, width = 1;
  int64_t chunk = kListChunk;
  int64_t numel[kListTensors];
  void* data[kListPointers];         // tuple by tuple
  uint32_t first[kListTensors + 1];  // block of each tuple, and the number of all
  DType dtype[kListTensors];
  DType last_dtype[kListTensors];  // of the last tensor of a tuple, which may have its own
  bool vectors[kListTensors];      // all of a tuple may be read in fours

  /** The tuple that this block is for. */
  __device__ __forceinline__ int find() const {
    int low = 0, high = tuples;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      if (first[middle] <= blockIdx.x)
        low = middle;
      else
        high = middle;
    }
    return low;
  }
};

/** What the tensors of a list are seen as. */
enum class ListClass { Floats, Doubles, Bytes };

/** Calls `go(table)` for each table that the tuples of a class fill; blocks are table.first[table.tuples]. */
void over_tables(const ListPlan& plan, ListClass of, const std::function<void(ListTable&)>& go);

void expect_list(const ListPlan& plan, int width, int params);
/** The first `members` of every tuple: tensors of one floating dtype and one length. */
void expect_uniform(const ListPlan& plan, int members);

/** Launches a list_kernel of either class, with its rule. */
void launch_list(const ListPlan& plan, const void* of_floats, const void* float_rule, const void* of_doubles,
                 const void* double_rule);

/**
 * `Op::call(C (&v)[kWidth])` changes one element of each tensor; bits of Op::kReads and Op::kWrites say which are read
 * and written.
 */
template <class C, class Op>
__global__ void list_kernel(const __grid_constant__ ListTable table, const __grid_constant__ Op op) {
  constexpr int kWidth = Op::kWidth;
  const int k = table.find();
  const int64_t begin = static_cast<int64_t>(blockIdx.x - table.first[k]) * table.chunk;
  const int64_t end = min(begin + table.chunk, table.numel[k]);
  const auto count = static_cast<uint32_t>(end - begin);
  const DType d = table.dtype[k];
  const bool vectors = table.vectors[k];
  const int shift = sizeof(C) == 8 ? 3 : d == DType::f32 ? 2 : 1;
  std::byte* at[kWidth];
#pragma unroll
  for (int m = 0; m < kWidth; m++) at[m] = static_cast<std::byte*>(table.data[k * kWidth + m]) + (begin << shift);
  const uint32_t step = vectors ? 1 : kListThreads;
  for (uint32_t i = threadIdx.x * (vectors ? 4 : 1); i < count; i += 4 * kListThreads) {
    const bool whole = vectors && i + 4 <= count;
    C v[kWidth][4];
#pragma unroll
    for (int m = 0; m < kWidth; m++) {
      if ((Op::kReads >> m & 1) == 0) continue;
      if (whole) {
        Memory<C>::load4(v[m], at[m], i, d);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) v[m][j] = i + j * step < count ? Memory<C>::load(at[m], i + j * step, d) : C{0};
      }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      C one[kWidth];
#pragma unroll
      for (int m = 0; m < kWidth; m++) one[m] = (Op::kReads >> m & 1) != 0 ? v[m][j] : C{0};
      op.call(one);
#pragma unroll
      for (int m = 0; m < kWidth; m++) v[m][j] = one[m];
    }
#pragma unroll
    for (int m = 0; m < kWidth; m++) {
      if ((Op::kWrites >> m & 1) == 0) continue;
      if (whole) {
        store4<C>(at[m], i, d, v[m]);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (i + j * step < count) store<C>(at[m], i + j * step, d, v[m][j]);
      }
    }
  }
}

/** Runs `Op<C>(params)` over a checked list. */
template <template <class> class Op>
void run_list(const ListPlan& plan) {
  const Op<float> floats(plan.param);
  const Op<double> doubles(plan.param);
  launch_list(plan, reinterpret_cast<const void*>(list_kernel<float, Op<float>>), &floats,
              reinterpret_cast<const void*>(list_kernel<double, Op<double>>), &doubles);
}

}  // namespace flambeau::cuda
