#include "reader.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace flambeau {
namespace {

// Markers in the place of a handle.
constexpr double kScalar = -1, kAbsent = -2;
constexpr double kMaxIterations = 0x1p48;
/** Above this, an iteration space must be backed by elements that exist: stride 0 must not make an endless loop. */
constexpr double kFreeIterations = 0x1p32;

void store_scalar(std::byte* to, DType dtype, double value) {
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T& out = *reinterpret_cast<T*>(to);
    if constexpr (is_floating<T>) {
      if constexpr (is_half<T>)
        out = T(static_cast<float>(value));
      else
        out = static_cast<T>(value);
    } else if constexpr (is_bool<T>) {
      out = Bool(value != 0);
    } else {
      if (!(value >= -0x1p63 && value < 0x1p63)) throw std::domain_error("a scalar does not fit its dtype");
      out = static_cast<T>(static_cast<int64_t>(value));  // wraps, as PyTorch's integer casts do
    }
  });
}

}  // namespace

void Reader::read_params(double* params, int& count) {
  count = static_cast<int>(natural(kMaxParams, "too many parameters"));
  for (int i = 0; i < count; i++) params[i] = next();
}

/** In a map plan `sizes` is the iteration space, already read; otherwise it is filled here. */
void Reader::read_operand(Operand& operand, int64_t* sizes, int64_t* strides) {
  const double handle = next();
  operand.ndim = plan_.structured ? 0 : plan_.ndim;
  operand.sizes = sizes;
  operand.strides = strides;
  if (handle == kAbsent) {
    operand.data = nullptr;
    operand.dtype = DType::f32;
    operand.room = 0;
    return;
  }
  operand.dtype = static_cast<DType>(natural(kDTypes - 1, "unknown dtype"));
  if (handle == kScalar) {
    std::byte* scalar = scalars_[&operand - plan_.operand];
    store_scalar(scalar, operand.dtype, next());
    operand.data = scalar;
    operand.room = 1;
    std::fill_n(strides, operand.ndim, 0);
    return;
  }
  const StorageTable::View view = storages_.find(handle);
  if (!view.data) throw PlanError("an operand's storage is gone");
  const int64_t offset = natural(0x1p53, "bad offset");
  const int64_t item = static_cast<int64_t>(item_size(operand.dtype));
  if (offset % item != 0 || reinterpret_cast<uintptr_t>(view.data) % static_cast<uintptr_t>(item) != 0) {
    throw PlanError("a misaligned operand");
  }
  if (plan_.structured) {
    operand.ndim = static_cast<int>(natural(kMaxDims, "too many dimensions"));
    for (int d = 0; d < operand.ndim; d++) sizes[d] = natural(0x1p53, "bad size");
  }
  double last = 0, elements = 1, distinct = 1, product = 1;
  for (int d = 0; d < operand.ndim; d++) {
    strides[d] = natural(0x1p53, "bad stride");
    last += static_cast<double>(std::max<int64_t>(sizes[d] - 1, 0)) * static_cast<double>(strides[d]);
    elements *= static_cast<double>(sizes[d]);
    product *= static_cast<double>(std::max<int64_t>(sizes[d], 1));
    if (strides[d] != 0) distinct *= static_cast<double>(sizes[d]);
  }
  operand.data = view.data + std::min<int64_t>(offset, static_cast<int64_t>(view.bytes));
  operand.room = std::max<int64_t>(static_cast<int64_t>(view.bytes) - offset, 0) / item;
  if (!(product <= 0x1p60)) throw PlanError("too many elements");  // partial products must not overflow either
  // An operand without elements is not touched. One that only lacks them along dims of stride 0 is: a sum over nothing.
  if (distinct == 0) {
    std::fill_n(strides, operand.ndim, 0);
    return;
  }
  if (!((last + 1) * static_cast<double>(item) + static_cast<double>(offset) <= static_cast<double>(view.bytes))) {
    throw PlanError("an operand reaches outside its storage");
  }
  if (plan_.structured && elements > std::max(kFreeIterations, distinct)) throw PlanError("too many elements");
}

const Plan& Reader::read() {
  at_ = 0;
  plan_.kernel = static_cast<int>(natural(1e6, "bad kernel"));
  plan_.structured = natural(1, "bad mode") == 1;
  plan_.operands = static_cast<int>(natural(kMaxOperands, "too many operands"));
  read_params(plan_.param, plan_.params);
  if (plan_.structured) {
    plan_.ndim = 0;
    plan_.sizes = map_sizes_;
    for (int i = 0; i < plan_.operands; i++) read_operand(plan_.operand[i], sizes_[i], strides_[i]);
    return plan_;
  }
  plan_.ndim = static_cast<int>(natural(kMaxDims, "too many dimensions"));
  plan_.sizes = map_sizes_;
  double elements = 1;
  for (int d = 0; d < plan_.ndim; d++) {
    map_sizes_[d] = natural(0x1p53, "bad size");
    elements *= static_cast<double>(map_sizes_[d]);
  }
  if (!(elements <= kMaxIterations)) throw PlanError("too many elements");
  double backed = 0;
  for (int i = 0; i < plan_.operands; i++) {
    Operand& operand = plan_.operand[i];
    read_operand(operand, map_sizes_, strides_[i]);
    double distinct = 1;
    for (int d = 0; d < plan_.ndim; d++) {
      if (operand.data && strides_[i][d] != 0) distinct *= static_cast<double>(map_sizes_[d]);
    }
    backed = std::max(backed, distinct);
  }
  if (elements > std::max(kFreeIterations, backed)) throw PlanError("too many elements");
  return plan_;
}

const ListPlan& Reader::read_list() {
  at_ = 0;
  list_.kernel = static_cast<int>(natural(1e6, "bad kernel"));
  list_.width = static_cast<int>(natural(8, "bad width"));
  list_.groups = natural(0x1p24, "too many tensors");
  read_params(list_.param, list_.params);
  list_.items.clear();
  const int64_t count = list_.groups * list_.width;
  if (static_cast<size_t>(count) * 4 > count_) throw PlanError("the plan is cut off");
  list_.items.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; i++) {
    const double handle = next();
    const DType dtype = static_cast<DType>(natural(kDTypes - 1, "unknown dtype"));
    const int64_t offset = natural(0x1p53, "bad offset"), numel = natural(0x1p53, "bad size");
    const int64_t item = static_cast<int64_t>(item_size(dtype));
    const StorageTable::View view = storages_.find(handle);
    if (!view.data) throw PlanError("an operand's storage is gone");
    if (offset % item != 0 || reinterpret_cast<uintptr_t>(view.data) % static_cast<uintptr_t>(item) != 0) {
      throw PlanError("a misaligned operand");
    }
    const double end = static_cast<double>(numel) * static_cast<double>(item) + static_cast<double>(offset);
    if (!(end <= static_cast<double>(view.bytes))) throw PlanError("an operand reaches outside its storage");
    list_.items.push_back({view.data + offset, dtype, numel});
  }
  return list_;
}

}  // namespace flambeau
