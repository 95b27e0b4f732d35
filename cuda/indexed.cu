// The host's half of indexed.cuh.
#include "indexed.cuh"

namespace flambeau::cuda {
namespace {

void require_index(const Operand& index) {
  Plan::require(index.dtype == DType::i64 || index.dtype == DType::i32, "indices are int64 or int32");
}
Indexed with_one(const Operand& side, const Operand& base, const Operand& index, int dim,
                 const LineWalk<kMaxOperands>& walk) {
  require_index(index);
  Indexed x{.cells = Cells<kMaxOperands>(walk),
            .side = device_data<std::byte>(side),
            .base = device_data<std::byte>(base),
            .index = {device_data<std::byte>(index)}};
  x.size[0] = base.ndim == 0 ? 1 : base.sizes[dim];
  x.stride[0] = base.ndim == 0 ? 0 : base.strides[dim];
  x.n = 1;
  x.wide = index.dtype == DType::i64;
  return x;
}

}  // namespace

Indexed along_dim(const Operand& side, const Operand& base, const Operand& index, int dim) {
  LineWalk<kMaxOperands> walk;
  for (int d = 0; d < index.ndim; d++)
    walk.add(index.sizes[d], {side.strides[d], d == dim ? 0 : base.strides[d], index.strides[d]});
  return with_one(side, base, index, dim, walk);
}

Indexed along_list(const Operand& side, const Operand& base, const Operand& index, int dim) {
  LineWalk<kMaxOperands> walk;
  const int64_t step = index.ndim == 0 ? 0 : index.strides[0];
  for (int d = 0; d < side.ndim; d++)
    walk.add(side.sizes[d], {side.strides[d], d == dim ? 0 : base.strides[d], d == dim ? step : 0});
  return with_one(side, base, index, dim, walk);
}

Indexed by_indices(const Plan& plan, int base, int fixed) {
  const int n = plan.operands - 2;
  Plan::require(!plan.structured && n >= 0 && plan.params == fixed + 2 * n, "wrong operands or parameters");
  Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
  const Operand &from = plan.operand[base], &side = plan.operand[1 - base];
  // what the indices may reach must be in the storage
  int64_t reach = 0;
  const auto add = [&](int64_t count, int64_t step) {
    Plan::require(count >= 0 && step >= 0, "sizes and strides of an indexed tensor are not negative");
    int64_t last = 0;
    const bool over = __builtin_mul_overflow(std::max<int64_t>(count - 1, 0), step, &last);
    Plan::require(!over && !__builtin_add_overflow(reach, last, &reach), "an indexed tensor overflows");
  };
  for (int d = 0; d < plan.ndim; d++) add(plan.sizes[d], from.strides[d]);
  LineWalk<kMaxOperands> walk;
  for (int d = 0; d < plan.ndim; d++) {
    int64_t step[kMaxOperands] = {side.strides[d], from.strides[d]};
    for (int j = 0; j < n; j++) step[2 + j] = plan.operand[2 + j].strides[d];
    walk.add(plan.sizes[d], step);
  }
  Indexed x{.cells = Cells<kMaxOperands>(walk),
            .side = device_data<std::byte>(side),
            .base = device_data<std::byte>(from),
            .index = {}};
  x.n = n;
  x.wrap = true;
  for (int j = 0; j < n; j++) {
    const Operand& index = plan.operand[2 + j];
    require_index(index);
    const double count = plan.param[fixed + 2 * j], step = plan.param[fixed + 2 * j + 1];
    Plan::require(count >= 0 && count < 0x1p53 && step >= 0 && step < 0x1p53, "a size or stride is out of range");
    x.index[j] = device_data<std::byte>(index);
    x.size[j] = static_cast<int64_t>(count);
    x.stride[j] = static_cast<int64_t>(step);
    if (index.dtype == DType::i64) x.wide |= 1u << j;
    add(x.size[j], x.stride[j]);
  }
  Plan::require(plan.numel() == 0 || reach < from.room, "an indexed tensor exceeds its storage");
  return x;
}

int widen(Indexed& x, int item) {
  auto& c = x.cells;
  const int last = c.ndim - 1;
  if (c.total == 0 || last < 0 || c.strides[0][last] != 1 || c.strides[1][last] != 1) return item;
  for (int j = 0; j < x.n; j++)
    if (c.strides[2 + j][last] != 0) return item;
  int64_t bytes = 16;
  const auto fit = [&](int64_t elements) {
    while (elements * item % bytes != 0) bytes /= 2;
  };
  fit(c.sizes[last]);
  for (int d = 0; d < last; d++) {
    fit(c.strides[0][d]);
    fit(c.strides[1][d]);
  }
  for (int j = 0; j < x.n; j++) fit(x.stride[j]);
  for (const std::byte* p : {x.side, x.base})
    while (reinterpret_cast<uintptr_t>(p) % static_cast<uintptr_t>(bytes) != 0) bytes /= 2;
  const int64_t times = bytes / item;
  if (times <= 1) return item;
  c.total /= times;
  c.sizes[last] /= times;
  c.by[last] = Divider(static_cast<uint32_t>(c.sizes[last]));
  for (int d = 0; d < last; d++) {
    c.strides[0][d] /= times;
    c.strides[1][d] /= times;
    if (c.total < int64_t{1} << 31) c.by[d] = Divider(static_cast<uint32_t>(c.sizes[d]));
  }
  for (int j = 0; j < x.n; j++) x.stride[j] /= times;
  return static_cast<int>(bytes);
}

}  // namespace flambeau::cuda
