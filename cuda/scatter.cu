// Writing to indexed places: scatter and its reductions, indexAdd, indexCopy, unfoldBackward; registered by backend.cc.
//
// Sums of floats are made by atomic additions: where three or more values meet at a place, the last bits may differ
// from run to run, as in PyTorch on CUDA; so do products. Which of several values scatter and indexCopy leave at one
// place is not defined, as there.
#include "atomics.cuh"
#include "kernels.h"

namespace flambeau::cuda {
namespace {

template <class T>
__global__ void put_kernel(const __grid_constant__ Indexed x) {
  const T* side = reinterpret_cast<const T*>(x.side);
  T* base = reinterpret_cast<T*>(x.base);
  for (int64_t i = first_cell(); i < x.cells.total; i += next_cell()) {
    int64_t from, to;
    if (x.find(i, from, to)) base[to] = side[from];
  }
}
template <class C>
__global__ void join_kernel(const __grid_constant__ Indexed x, DType d, Join how, C alpha) {
  for (int64_t i = first_cell(); i < x.cells.total; i += next_cell()) {
    int64_t from, to;
    if (x.find(i, from, to)) atomic_join<C>(x.base, to, d, how, alpha * Memory<C>::load(x.side, from, d));
  }
}

int dim_of(const Plan& plan) {
  const Operand &out = plan.operand[0], &index = plan.operand[1], &src = plan.operand[2];
  Plan::require(plan.structured, "expected a structured plan");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(out.ndim, 1), "the dim is out of range");
  Plan::require(out.dtype == src.dtype, "dtypes differ");
  Plan::require(out.ndim == src.ndim && index.ndim <= out.ndim, "operands differ in dims");
  return static_cast<int>(plan.integer(0));
}
/** The operands of scatter and its kin. */
Indexed scattered(const Plan& plan, int dim) {
  const Operand &out = plan.operand[0], &index = plan.operand[1], &src = plan.operand[2];
  Plan::require(out.ndim == index.ndim, "operands differ in dims");
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(index.sizes[d] <= src.sizes[d], "index exceeds the source");
    Plan::require(d == dim || index.sizes[d] <= out.sizes[d], "index exceeds the destination");
  }
  return along_dim(src, out, index, dim);
}
/** The operands of indexAdd and indexCopy. */
Indexed listed(const Plan& plan, int dim) {
  const Operand &out = plan.operand[0], &index = plan.operand[1], &src = plan.operand[2];
  Plan::require(index.ndim <= 1, "wrong operands");
  for (int d = 0; d < out.ndim; d++) Plan::require(d == dim || out.sizes[d] == src.sizes[d], "sizes differ");
  Plan::require(index.numel() == (out.ndim == 0 ? 1 : src.sizes[dim]),
                "the source's size is not the number of indices");
  return along_list(src, out, index, dim);
}

void scatter_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const int dim = dim_of(plan);
  Indexed x = scattered(plan, dim);
  put_indexed(x, plan.operand[0].dtype, dim);
}
void scatter_add_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const int dim = dim_of(plan);
  Indexed x = scattered(plan, dim);
  join_indexed(x, plan.operand[0].dtype, Join::add, 1, dim);
}
void scatter_reduce_kernel(const Plan& plan) {
  plan.expect(3, 2);
  const int dim = dim_of(plan);
  const double mode = plan.param[1];
  Plan::require(mode == 0 || mode == 1 || mode == 3 || mode == 4, "no such reduction");
  const Join how = mode == 0 ? Join::add : mode == 1 ? Join::multiply : mode == 3 ? Join::most : Join::least;
  Indexed x = scattered(plan, dim);
  join_indexed(x, plan.operand[0].dtype, how, 1, dim);
}
void index_add_kernel(const Plan& plan) {
  plan.expect(3, 2);
  const int dim = dim_of(plan);
  const double alpha = plan.param[1];
  Indexed x = listed(plan, dim);
  join_indexed(x, plan.operand[0].dtype, Join::add, alpha, dim);
}
void index_copy_kernel(const Plan& plan) {
  plan.expect(3, 1);
  const int dim = dim_of(plan);
  Indexed x = listed(plan, dim);
  put_indexed(x, plan.operand[0].dtype, dim);
}

/** Windows of a line: each place gathers what lies over it, from the first window to the last. */
struct Windows {
  int64_t length, count, size, step;
  int64_t out_step, count_step, size_step;
};
template <class C>
__global__ void unfold_backward_kernel(const __grid_constant__ Cells<2> cells, const __grid_constant__ Windows w,
                                       void* out, const void* grad, DType d) {
  const int64_t total = cells.total * w.length;
  for (int64_t i = first_cell(); i < total; i += next_cell()) {
    const int64_t line = i / w.length, p = i - line * w.length;
    int64_t at[2];
    cells.offsets(line, 0, at);
    const int64_t to = at[0] + p * w.out_step;
    const int64_t last = min(p / w.step, w.count - 1);
    C sum = Memory<C>::load(out, to, d);
    for (int64_t k = p < w.size ? 0 : (p - w.size) / w.step + 1; k <= last; k++)
      sum += Memory<C>::load(grad, at[1] + k * w.count_step + (p - k * w.step) * w.size_step, d);
    store<C>(out, to, d, sum);
  }
}
void unfold_backward(const Plan& plan) {
  plan.expect(2, 3);
  const Operand &out = plan.operand[0], &grad = plan.operand[1];
  Plan::require(plan.structured && out.dtype == grad.dtype && out.ndim >= 1, "wrong operands");
  Plan::require(grad.ndim == out.ndim + 1, "operands differ in dims");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < out.ndim, "the dim is out of range");
  Plan::require(plan.param[1] >= 0 && plan.param[1] < 0x1p53 && plan.param[2] >= 1 && plan.param[2] < 0x1p53,
                "the size or step is out of range");
  const int dim = static_cast<int>(plan.integer(0));
  const int64_t size = plan.integer(1), step = plan.integer(2), n = grad.sizes[dim];
  for (int d = 0; d < out.ndim; d++) Plan::require(d == dim || out.sizes[d] == grad.sizes[d], "sizes differ");
  Plan::require(grad.sizes[out.ndim] == size, "sizes differ");
  if (grad.numel() == 0) return;
  Plan::require(size <= out.sizes[dim] && n - 1 <= (out.sizes[dim] - size) / step, "the windows exceed the tensor");
  LineWalk<2> walk;
  for (int d = 0; d < out.ndim; d++)
    if (d != dim) walk.add(out.sizes[d], {out.strides[d], grad.strides[d]});
  const Cells<2> cells(walk);
  const Windows w{out.sizes[dim], n, size, step, out.strides[dim], grad.strides[dim], grad.strides[out.ndim]};
  visit_class(out.dtype, [&]<class C>(C) {
    launch(unfold_backward_kernel<C>, cell_blocks(cells.total * w.length), {kCellThreads}, 0, cells, w,
           device_data<std::byte>(out), device_data<std::byte>(grad), out.dtype);
  });
}

}  // namespace

void put_indexed(Indexed& x, DType d, int dim) {
  switch (widen(x, static_cast<int>(item_size(d)))) {
    case 1: return run_indexed(put_kernel<uint8_t>, x, dim);
    case 2: return run_indexed(put_kernel<uint16_t>, x, dim);
    case 4: return run_indexed(put_kernel<uint32_t>, x, dim);
    case 8: return run_indexed(put_kernel<uint64_t>, x, dim);
    default: return run_indexed(put_kernel<uint4>, x, dim);
  }
}
void join_indexed(Indexed& x, DType d, Join how, double alpha, int dim) {
  visit_class(d, [&]<class C>(C) {
    if constexpr (std::is_integral_v<C>) Plan::require(alpha >= -0x1p53 && alpha <= 0x1p53, "alpha is out of range");
    run_indexed(join_kernel<C>, x, dim, d, how, static_cast<C>(alpha));
  });
}

void register_scatter(KernelTable& table) {
  table.add("scatter", scatter_kernel);
  table.add("scatterAdd", scatter_add_kernel);
  table.add("scatterReduce", scatter_reduce_kernel);
  table.add("indexAdd", index_add_kernel);
  table.add("indexCopy", index_copy_kernel);
  table.add("unfoldBackward", unfold_backward);
}

}  // namespace flambeau::cuda
