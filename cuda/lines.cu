// The host's half of lines.cuh: tensors as lines, and which threads share one. Called by softmax.cu, layer_norm.cu,
// batch_norm.cu and loss.cu.
#include "lines.cuh"

#include <algorithm>

namespace flambeau::cuda {
namespace {

unsigned power_of_two(int64_t n, unsigned most) {
  unsigned p = 1;
  while (p < most && p < n) p *= 2;
  return p;
}

bool in_fours(const Lines& l) {
  if (l.n % 4 != 0 || (l.split && l.inner.divisor % 4 != 0)) return false;
  for (int k = 0; k < kLineOperands; k++) {
    if (!l.data[k]) continue;
    bool even = l.step[k] == 1 && l.outer_step[k] % 4 == 0;
    for (int d = 0; d < l.ndim; d++) even = even && l.strides[k][d] % 4 == 0;
    if (!even || reinterpret_cast<uintptr_t>(l.data[k]) % (4 * item_size(l.dtype[k])) != 0) return false;
  }
  return true;
}

/** Lines that begin beside each other in memory, while their elements are apart. */
bool beside(const Lines& l) {
  if (l.ndim == 0 || l.sizes[0] < 2 || l.n < 2) return false;
  bool dense = true;
  for (int k = 0; k < kLineOperands; k++) {
    if (!l.data[k]) continue;
    if (l.strides[k][0] != 1) return false;
    dense = dense && l.step[k] == 1;
  }
  return !dense;
}

}  // namespace

void require_floating(DType d) {
  Plan::require(d == DType::f32 || d == DType::f64 || d == DType::f16 || d == DType::bf16,
                "expected a floating point dtype");
}

Vector::Vector(const Operand& o) {
  if (!o) return;
  require_floating(o.dtype);
  data = device_data<void>(o);
  step = o.ndim == 0 ? 0 : o.strides[0];
  dtype = o.dtype;
  dense = step == 1 && reinterpret_cast<uintptr_t>(data) % (4 * item_size(dtype)) == 0;
}

void add_dim(Lines& l, int64_t size, const int64_t (&steps)[kLineOperands]) {
  l.lines *= size;
  l.narrow = l.lines < (int64_t{1} << 31);
  if (size == 1) return;
  // the innermost dim comes first: the ones before move out
  bool even = l.ndim > 0;
  for (int k = 0; even && k < kLineOperands; k++) even = !l.data[k] || l.strides[k][0] == steps[k] * size;
  if (even) {
    l.sizes[0] *= size;
  } else {
    Plan::require(l.ndim < kLineDims, "too many dimensions for a GPU");
    for (int d = l.ndim++; d > 0; d--) {
      l.sizes[d] = l.sizes[d - 1];
      l.dividers[d] = l.dividers[d - 1];
      for (int k = 0; k < kLineOperands; k++) l.strides[k][d] = l.strides[k][d - 1];
    }
    l.sizes[0] = size;
  }
  for (int k = 0; k < kLineOperands; k++) l.strides[k][0] = steps[k];
  if (l.sizes[0] > 0 && l.sizes[0] < (int64_t{1} << 31)) l.dividers[0] = Divider(static_cast<uint32_t>(l.sizes[0]));
}

Lines lines_along(std::initializer_list<const Operand*> operands, int dim) {
  Lines l;
  const Operand* key = nullptr;
  const Operand* of[kLineOperands] = {};
  int count = 0;
  for (const Operand* o : operands) {
    if (*o) {
      of[count] = o;
      l.data[count] = device_data<void>(*o);
      l.dtype[count] = o->dtype;
      require_floating(o->dtype);
      l.step[count] = o->ndim == 0 ? 1 : o->strides[dim];
      if (!key) key = o;
    }
    count++;
  }
  if (!key || key->ndim == 0) return l;
  l.n = key->sizes[dim];
  // the dim with the smallest step in the first operand becomes the innermost
  int last = -1;
  for (int d = 0; d < key->ndim; d++)
    if (d != dim && key->sizes[d] != 1 && (last < 0 || key->strides[d] <= key->strides[last])) last = d;
  for (int turn = 0; turn <= key->ndim; turn++) {
    const int d = turn == key->ndim ? last : turn;
    if (d < 0 || d == dim || (turn < key->ndim && d == last)) continue;
    int64_t steps[kLineOperands] = {};
    for (int k = 0; k < kLineOperands; k++) steps[k] = of[k] ? of[k]->strides[d] : 0;
    add_dim(l, key->sizes[d], steps);
  }
  return l;
}

void choose_teams(Lines& l, int values, size_t item, size_t joined, bool across, bool partly) {
  const bool columns = across && beside(l);
  l.vectors = !columns && in_fours(l);
  if (columns) {
    // a thread takes four elements at least
    l.kind = TeamKind::Column;
    l.team = power_of_two(ceil_div<int64_t>(l.n, 4), kLineThreads / kWarp);
    if (l.lines > int64_t{kWarp} * 8 * limits().processors) l.team = std::min(l.team, 8u);
    l.per_block = kWarp;
    l.threads = kWarp * l.team;
    l.scratch = static_cast<unsigned>(joined * l.threads);
  } else {
    // 32 slots of a thread leave room for some forty warps on a processor
    const int64_t units = l.vectors ? l.n / 4 : l.n, filled = l.n * std::max(values, 1);
    if (filled <= 32 * kWarp) {
      l.kind = TeamKind::Lanes;
      l.team = power_of_two(units, kWarp);
      l.threads = 128;
      l.scratch = 0;
    } else {
      l.kind = TeamKind::Block;
      l.team = l.threads = std::max(128u, power_of_two(ceil_div<int64_t>(filled, 32), kLineThreads));
      l.scratch = static_cast<unsigned>(joined * kWarp);
    }
  }
  l.scratch = ceil_div(l.scratch, 16u) * 16;
  const int64_t slots = 4 * ceil_div<int64_t>(std::max<int64_t>(l.n, 1), int64_t{4} * l.team);
  const auto bytes = [&](unsigned threads) {
    return l.scratch + static_cast<int64_t>(item) * values * slots * threads;
  };
  constexpr auto room = static_cast<int64_t>(kSharedBytes);
  while (l.kind == TeamKind::Lanes && l.threads > kWarp && bytes(l.threads) > room) l.threads /= 2;
  l.cached = values > 0 && slots < (1 << 20) && bytes(l.threads) <= room;
  int64_t kept = l.cached ? slots : 0;
  if (!l.cached && partly && values > 0)
    kept = std::max<int64_t>(0, (room - l.scratch) / (static_cast<int64_t>(item) * values * l.threads) / 4 * 4);
  l.slots = static_cast<unsigned>(kept);
  l.shared = static_cast<unsigned>(l.scratch + static_cast<int64_t>(item) * values * kept * l.threads);
  if (l.kind != TeamKind::Column) l.per_block = l.threads / l.team;
  Plan::require(l.blocks() < (int64_t{1} << 31), "too many rows for a GPU");
}

}  // namespace flambeau::cuda
