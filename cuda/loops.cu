// The host's half of the driver of element-wise kernels: see loops.cuh.
#include "loops.cuh"

namespace flambeau::cuda {
namespace {

/** Launches for pieces of the plan that fit a Space: a huge one is halved, dims beyond those that fit are walked. */
template <int N>
class Walk {
 public:
  Walk(const Plan& plan, const void* kernel, unsigned per_thread, const void* op)
      : plan(plan), kernel(kernel), per_thread(per_thread), op(op) {
    for (int d = 0; d < plan.ndim; d++) sizes[d] = plan.sizes[d];
  }

  void go() {
    int64_t numel = 1;
    int largest = 0, dims = 0, outer = -1;
    double reach = 0;
    for (int d = 0; d < plan.ndim; d++) {
      numel = sizes[d] == 0 ? 0 : numel > (int64_t{1} << 40) ? numel : numel * sizes[d];
      if (sizes[d] > sizes[largest]) largest = d;
      if (sizes[d] > 1) {
        if (outer < 0) outer = d;
        dims++;
      }
    }
    if (numel == 0) return;
    for (int k = 0; k < N; k++) {
      double last = 0;
      for (int d = 0; d < plan.ndim; d++)
        last += static_cast<double>(sizes[d] - 1) * static_cast<double>(plan.operand[k].strides[d]);
      reach = last > reach ? last : reach;
    }
    if (dims > kLoopDims) {
      cut(outer, 1);
    } else if (numel >= (int64_t{1} << 31) || reach >= 0x1p31) {
      cut(largest, (sizes[largest] + 1) / 2);
    } else {
      emit(static_cast<uint32_t>(numel));
    }
  }

  /** The space in pieces of `step` along a dim. */
  void cut(int d, int64_t step) {
    const int64_t size = sizes[d];
    for (int64_t i = 0; i < size; i += step) {
      sizes[d] = step < size - i ? step : size - i;
      for (int k = 0; k < N; k++) offset[k] += i * plan.operand[k].strides[d];
      go();
      for (int k = 0; k < N; k++) offset[k] -= i * plan.operand[k].strides[d];
    }
    sizes[d] = size;
  }

  void emit(uint32_t numel) {
    Space<N> s;
    s.numel = numel;
    s.ndim = 0;
    for (int d = plan.ndim - 1; d >= 0; d--) {
      if (sizes[d] == 1) continue;
      s.sizes[s.ndim] = Divider(static_cast<uint32_t>(sizes[d]));
      for (int k = 0; k < N; k++) s.strides[k][s.ndim] = static_cast<uint32_t>(plan.operand[k].strides[d]);
      s.ndim++;
    }
    s.dense = s.vectors = true;
    for (int k = 0; k < N; k++) {
      const Operand& x = plan.operand[k];
      const int64_t item = static_cast<int64_t>(item_size(x.dtype));
      s.data[k] = x.data + offset[k] * item;
      s.dtype[k] = x.dtype;
      s.single[k] = true;
      for (int d = 0; d < s.ndim; d++) s.single[k] = s.single[k] && s.strides[k][d] == 0;
      s.host[k] = x.device == 0;
      s.value[k] = 0;
      s.whole[k] = 0;
      if (s.host[k]) read_host(x, s.value[k], s.whole[k]);
      if (s.single[k] && numel > 1) continue;
      s.dense = s.dense && (numel == 1 || (s.ndim == 1 && s.strides[k][0] == 1));
      s.vectors = s.vectors && reinterpret_cast<uintptr_t>(s.data[k]) % static_cast<uintptr_t>(4 * item) == 0;
    }
    if (s.host[0]) throw PlanError("expected a result on the GPU");
    s.vectors = s.vectors && s.dense;
    const unsigned threads = threads_for(ceil_div<int64_t>(numel, per_thread), 128);
    void* args[] = {&s, const_cast<void*>(op)};
    launch_raw(kernel, {ceil_div(numel, threads * per_thread)}, {threads}, 0, args);
  }

 private:
  const Plan& plan;
  const void* kernel;
  unsigned per_thread;
  const void* op;
  int64_t sizes[kMaxDims];
  int64_t offset[N] = {};
};

}  // namespace

template <int N>
void launch_map(const Plan& plan, const void* kernel, unsigned per_thread, const void* op) {
  Plan::require(!plan.structured, "expected a map plan");
  Walk<N>(plan, kernel, per_thread, op).go();
}
template void launch_map<1>(const Plan&, const void*, unsigned, const void*);
template void launch_map<2>(const Plan&, const void*, unsigned, const void*);
template void launch_map<3>(const Plan&, const void*, unsigned, const void*);
template void launch_map<4>(const Plan&, const void*, unsigned, const void*);
template void launch_map<5>(const Plan&, const void*, unsigned, const void*);

}  // namespace flambeau::cuda
