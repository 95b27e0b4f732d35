// The host's half of the driver of reductions: reads the plan, chooses how many threads and blocks share a result. See
// reduce.cuh.
#include "reduce.cuh"

#include <algorithm>

namespace flambeau::cuda {
namespace {

constexpr int64_t kMostBlocks = 0x7fffffff, kMostChunks = 65535;

int power_above(int64_t n) {
  int p = 1;
  while (p < n) p *= 2;
  return p;
}

/** The dims that matter; kept ones so that the last is the densest. */
void read_dims(const Plan& plan, int outputs, ReduceSpace& s) {
  const Operand& in = plan.operand[outputs];
  const int nk = static_cast<int>(plan.integer(0));
  int order[kMaxDims], n = 0;
  s.kept = s.reduced = 1;
  for (int d = 0; d < nk; d++) {
    s.kept *= plan.sizes[d];
    if (plan.sizes[d] != 1) order[n++] = d;
  }
  std::stable_sort(order, order + n, [&](int a, int b) { return in.strides[a] > in.strides[b]; });
  s.kept_dims = n;
  for (int d = nk; d < plan.ndim; d++) {
    s.reduced *= plan.sizes[d];
    if (plan.sizes[d] != 1) order[n++] = d;
  }
  s.dims = n;
  s.wide_kept = s.kept >= int64_t{1} << 31;
  s.wide_reduced = s.reduced >= int64_t{1} << 31;
  for (int i = 0; i < n; i++) {
    s.at.set(i, plan.sizes[order[i]]);
    s.strides[i] = in.strides[order[i]];
    for (int o = 0; o < outputs; o++) s.out_strides[o][i] = plan.operand[o].strides[order[i]];
  }
}

/** Whether each stretch of four reduced elements is a vector in memory. */
bool aligned_vectors(const ReduceSpace& s) {
  const int inner = s.dims - 1;
  if (s.dims == s.kept_dims || s.strides[inner] != 1 || s.at.sizes[inner] % 4 != 0) return false;
  for (int d = 0; d < inner; d++)
    if (s.strides[d] % 4 != 0) return false;
  return reinterpret_cast<uintptr_t>(s.in) % static_cast<uintptr_t>(4 * s.item) == 0;
}

/** Pieces of the reduced range, so that `blocks` times as many fill the GPU; each is `least` elements or more. */
void cut(ReduceSpace& s, int64_t blocks, int64_t least, int acc) {
  // partial results are written and read: they are to be a small part of what is read
  least = std::max<int64_t>(least, 40 * acc / s.item);
  const int64_t wanted = ceil_div<int64_t>(int64_t{8} * limits().processors, blocks);
  const int64_t chunks = std::min({wanted, s.reduced / least, kMostChunks});
  s.chunk = chunks < 2 ? std::max<int64_t>(s.reduced, 1) : ceil_div<int64_t>(ceil_div(s.reduced, chunks), 4) * 4;
  s.chunks = std::max<int64_t>(1, ceil_div(s.reduced, s.chunk));
}

}  // namespace

void launch_reduce(const Plan& plan, int outputs, const Reduction& reduction, const void* op) {
  reduced_numel(plan, outputs);
  const Operand& in = plan.operand[outputs];
  ReduceSpace s{};
  s.in = device_data<std::byte>(in);
  s.dtype = in.dtype;
  s.item = static_cast<int>(item_size(in.dtype));
  for (int o = 0; o < outputs; o++) {
    s.out[o] = device_data<std::byte>(plan.operand[o]);
    s.out_dtype[o] = plan.operand[o].dtype;
    s.out_item[o] = static_cast<int>(item_size(s.out_dtype[o]));
  }
  read_dims(plan, outputs, s);
  if (s.kept == 0) return;
  const int inner = s.dims - 1;
  const bool any_reduced = s.dims > s.kept_dims && s.reduced > 0;
  const bool columns = any_reduced && s.kept_dims > 0 && s.strides[s.kept_dims - 1] < s.strides[inner] && s.reduced > 1;
  int64_t blocks;
  unsigned threads = kReduceThreads;
  if (columns) {
    int rows = std::min(8, power_above(std::max<int64_t>(1, s.reduced / 8)));
    s.lanes = static_cast<int>(std::min<int64_t>(kReduceThreads / rows, s.kept));
    rows = kReduceThreads / s.lanes;
    if (rows > s.reduced) threads = threads_for(s.lanes * s.reduced);
    blocks = ceil_div<int64_t>(s.kept, s.lanes);
    cut(s, blocks, int64_t{16} * rows, reduction.acc);
  } else {
    s.dense = any_reduced && s.dims == s.kept_dims + 1 && s.strides[inner] == 1;
    s.vectors = any_reduced && ((s.dense && s.reduced >= 64) || aligned_vectors(s));
    const int64_t work = ceil_div<int64_t>(s.reduced, s.vectors ? 16 : 4);
    const bool few = s.kept < int64_t{8} * limits().processors;
    s.lanes = work > kReduceThreads || (few && work > kWarp) ? std::min(kReduceThreads, power_above(work))
                                                             : std::min(kWarp, power_above(work));
    if (s.lanes > kWarp)
      threads = static_cast<unsigned>(s.lanes);
    else
      threads = threads_for(s.kept * s.lanes, kReduceThreads);
    blocks = ceil_div<int64_t>(s.kept, threads / static_cast<unsigned>(s.lanes));
    if (s.lanes == kReduceThreads)
      cut(s, blocks, int64_t{16} * kReduceThreads, reduction.acc);
    else
      cut(s, blocks, INT64_MAX, reduction.acc);
  }
  void* args[] = {&s, const_cast<void*>(op)};
  const auto go = [&](const void* kernel, int64_t x, int64_t y) {
    const Grid grid{static_cast<unsigned>(std::min(x, kMostBlocks)), static_cast<unsigned>(y)};
    launch_raw(kernel, grid, {threads}, 0, args);
  };
  const void* first = columns ? reduction.columns : reduction.rows;
  if (s.chunks == 1) return go(first, blocks, 1);
  const Temporary partial(static_cast<size_t>(s.chunks * s.kept * reduction.acc));
  s.partial = partial.as<void>();
  go(first, blocks, s.chunks);
  s.lanes = static_cast<int>(std::min<int64_t>(kWarp, s.kept));
  threads = threads_for(std::min<int64_t>(s.chunks, kReduceThreads) * s.lanes, kReduceThreads);
  go(reduction.chunks, ceil_div<int64_t>(s.kept, s.lanes), 1);
}

DType floating_dtype(const Plan& plan) {
  const DType d = plan.operand[plan.operands - 1].dtype;
  for (int o = 0; o + 1 < plan.operands; o++) Plan::require(plan.operand[o].dtype == d, "dtypes differ");
  visit(d, []<class T>(TypeTag<T>) { Plan::require(is_floating<T>, "expected floating point"); });
  return d;
}

}  // namespace flambeau::cuda
