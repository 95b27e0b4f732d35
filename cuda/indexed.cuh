// Reading and writing a tensor where other tensors say: the operands of such a plan by value, made on the host, and the
// look-up that each thread does. Used by index.cu and scatter.cu.
#pragma once
#include "cells.cuh"
#include "faults.h"

namespace flambeau::cuda {

inline constexpr int kMaxIndices = kMaxOperands - 2;

struct Indexed {
  Cells<kMaxOperands> cells;  // of the side that is walked, of the base, and of each index
  std::byte *side, *base;
  const void* index[kMaxIndices];
  int64_t size[kMaxIndices] = {}, stride[kMaxIndices] = {};  // of the base's dims that the indices are for
  int n = 0;                                                 // how many indices
  uint32_t wide = 0;                                         // those that are int64, as bits
  bool wrap = false;                                         // negative ones count from the end
  FaultFlag flag{};

  /** Where the elements of position `i` are; false if an index is outside. */
  __device__ __forceinline__ bool find(int64_t i, int64_t& to, int64_t& from) const {
    int64_t at[3];
    cells.offsets(i, 0, at);
    to = at[0];
    from = at[1];
#pragma unroll 1
    for (int j = 0; j < n; j++) {
      int64_t where[1] = {at[2]};
      if (j > 0) cells.offsets(i, 2 + j, where);
      const int64_t k = wide >> j & 1 ? static_cast<const int64_t*>(index[j])[where[0]]
                                      : static_cast<const int32_t*>(index[j])[where[0]];
      const int64_t place = wrap && k < 0 ? k + size[j] : k;
      if (static_cast<uint64_t>(place) >= static_cast<uint64_t>(size[j])) {
        flag.tell(k, size[j]);
        return false;
      }
      from += place * stride[j];
    }
    return true;
  }
};

/** gather, scatter and their kin: an index that goes with each position of `sizes`, for dim `dim` of the base. */
Indexed along_dim(const Operand& side, const Operand& base, const Operand& index, int dim);
/** indexSelect, indexAdd, indexCopy: a list of indices, one for each slice of the walked side at `dim`. */
Indexed along_list(const Operand& side, const Operand& base, const Operand& index, int dim);
/** indexGet, indexPut: a map plan with any number of indices; `base` is the operand that is indexed, `fixed` how many
 * parameters come before the (size, stride) pairs. */
Indexed by_indices(const Plan& plan, int base, int fixed);

/** Makes elements as wide as whole runs allow, at most 16 bytes; returns their width, which was `item`. */
int widen(Indexed& x, int item);

/** Launches kernel(x, args…) over all positions; `dim` is for the message about an index outside. */
template <class... Params, class... Args>
void run_indexed(void (*kernel)(Indexed, Params...), Indexed& x, int dim, const Args&... args) {
  if (x.cells.total == 0) return;
  if (x.n > 0) x.flag = fault_flag(Wrong::index, dim);
  launch(kernel, cell_blocks(x.cells.total), {kCellThreads}, 0, x, args...);
}

}  // namespace flambeau::cuda
