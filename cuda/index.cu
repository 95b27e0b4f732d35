// Reading and writing by index, whatever the values mean: gather, indexSelect, indexGet, indexPut, flip; registered by
// backend.cc. Values move by size, rows of whole vectors as vectors.
//
// Where indices name a place twice, which of the values indexPut leaves there is not defined, as in PyTorch on CUDA;
// sums (accumulate) of floats are made by atomic additions, in no fixed order.
#include "atomics.cuh"
#include "indexed.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

/** side = base[…]. */
template <class T>
__global__ void pick_kernel(const __grid_constant__ Indexed x) {
  T* side = reinterpret_cast<T*>(x.side);
  const T* base = reinterpret_cast<const T*>(x.base);
  for (int64_t i = first_cell(); i < x.cells.total; i += next_cell()) {
    int64_t to, from;
    if (x.find(i, to, from)) side[to] = base[from];
  }
}
void pick(Indexed& x, DType d, int dim) {
  switch (widen(x, static_cast<int>(item_size(d)))) {
    case 1: return run_indexed(pick_kernel<uint8_t>, x, dim);
    case 2: return run_indexed(pick_kernel<uint16_t>, x, dim);
    case 4: return run_indexed(pick_kernel<uint32_t>, x, dim);
    case 8: return run_indexed(pick_kernel<uint64_t>, x, dim);
    default: return run_indexed(pick_kernel<uint4>, x, dim);
  }
}

void require_dim(const Plan& plan, int ndim) {
  Plan::require(plan.structured, "expected a structured plan");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(ndim, 1), "the dim is out of range");
}
void require_same(const Operand& a, const Operand& b, int except = -1) {
  Plan::require(a.ndim == b.ndim, "operands differ in dims");
  for (int d = 0; d < a.ndim; d++) Plan::require(d == except || a.sizes[d] == b.sizes[d], "sizes differ");
}

void gather_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &index = plan.operand[2];
  require_dim(plan, in.ndim);
  const int dim = static_cast<int>(plan.integer(0));
  Plan::require(out.dtype == in.dtype, "dtypes differ");
  Plan::require(in.ndim == index.ndim, "operands differ in dims");
  require_same(out, index);
  for (int d = 0; d < in.ndim; d++) Plan::require(d == dim || index.sizes[d] <= in.sizes[d], "index exceeds the input");
  Indexed x = along_dim(out, in, index, dim);
  pick(x, out.dtype, dim);
}

void index_select_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &index = plan.operand[2];
  require_dim(plan, in.ndim);
  const int dim = static_cast<int>(plan.integer(0));
  Plan::require(out.dtype == in.dtype && index.ndim <= 1, "wrong dtype or index");
  require_same(out, in, dim);
  Plan::require((out.ndim == 0 ? 1 : out.sizes[dim]) == index.numel(),
                "the result's size is not the number of indices");
  Indexed x = along_list(out, in, index, dim);
  pick(x, out.dtype, dim);
}

void index_get_kernel(const Plan& plan) {
  Indexed x = by_indices(plan, 1, 0);
  pick(x, plan.operand[0].dtype, -1);
}

void index_put_kernel(const Plan& plan) {
  Indexed x = by_indices(plan, 0, 1);
  const DType d = plan.operand[0].dtype;
  if (plan.flag(0))
    join_indexed(x, d, Join::add, 1, -1);
  else
    put_indexed(x, d, -1);
}

/** A copy with some dims walked backwards. */
void flip_kernel(const Plan& plan) {
  plan.expect(2, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.dtype == in.dtype, "wrong operands");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < 0x1p53, "the set of dims is out of range");
  require_same(out, in);
  if (out.numel() == 0) return;
  const uint64_t dims = static_cast<uint64_t>(plan.param[0]);
  LineWalk<kMaxOperands> walk;
  int64_t start = 0;
  for (int d = 0; d < in.ndim; d++) {
    const bool flipped = d < 53 && (dims >> d & 1) != 0;
    if (flipped) start += (in.sizes[d] - 1) * in.strides[d];
    walk.add(in.sizes[d], {out.strides[d], flipped ? -in.strides[d] : in.strides[d]});
  }
  Indexed x{.cells = Cells<kMaxOperands>(walk),
            .side = device_data<std::byte>(out),
            .base = device_data<std::byte>(in) + start * static_cast<int64_t>(item_size(in.dtype)),
            .index = {}};
  pick(x, out.dtype, -1);
}

}  // namespace

void register_index(KernelTable& table) {
  table.add("gather", gather_kernel);
  table.add("indexSelect", index_select_kernel);
  table.add("indexGet", index_get_kernel);
  table.add("indexPut", index_put_kernel);
  table.add("flip", flip_kernel);
}

}  // namespace flambeau::cuda
