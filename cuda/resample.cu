// Resampling of [N, C, *] by a table of taps for each spatial dim, and its adjoint: a thread for each result. Called by
// dispatch for nn.functional's interpolate, whose every mode (nearest to Lanczos) is such a table.
//
// Backward gathers, so that every run adds in the same order: a first kernel finds for each input which outputs have a
// tap there.

#include "faults.h"
#include "kernels.h"
#include "pool.cuh"

namespace flambeau::cuda {
namespace {

/** The taps of one dim: output o is the sum of weight[k·out + o] times the input at index[k·out + o], -1 for none. */
struct Taps {
  const int64_t* index;
  const void* weight;
  int count, out, in;
  int *first, *last;  // of each input, the outputs [first, last) among which those with a tap there are
};
struct Tables {
  Taps dim[3];
  Planes out, in;  // of forward
  DType dtype;
};

template <class C>
__global__ void resample_kernel(const __grid_constant__ Tables t, int64_t total, FaultFlag wrong) {
  using E = Elements<C, false>;
  const int64_t item = E::size(t.dtype), numel = t.out.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3];
    t.out.place(static_cast<uint32_t>(i - plane * numel), at);
    const std::byte* const from = t.in.at + t.in.plane(plane) * item;
    const auto tap = [&](int d, int k, int64_t& index, C& weight) {
      const Taps& x = t.dim[d];
      const int64_t where = static_cast<int64_t>(k) * x.out + at[d];
      index = x.index[where];
      weight = static_cast<const C*>(x.weight)[where];
      if (index < -1 || index >= x.in) wrong.tell(index, x.in);
      return index >= 0 && index < x.in;
    };
    C sum = 0;
    for (int kz = 0; kz < t.dim[0].count; kz++) {
      int64_t z, y, x;
      C wz, wy, wx;
      if (!tap(0, kz, z, wz)) continue;
      for (int ky = 0; ky < t.dim[1].count; ky++) {
        if (!tap(1, ky, y, wy)) continue;
        C line = 0;
        for (int kx = 0; kx < t.dim[2].count; kx++) {
          if (!tap(2, kx, x, wx)) continue;
          line += wx * E::load(from + (z * t.in.step[0] + y * t.in.step[1] + x * t.in.step[2]) * item, t.dtype);
        }
        sum += wz * wy * line;
      }
    }
    store<C>(t.out.at + (t.out.plane(plane) + t.out.offset(at)) * item, 0, t.dtype, sum);
  }
}

/** Finds `first` and `last`, and tells of indices that are outside, with which no output looks anywhere. */
__global__ void reach_kernel(const __grid_constant__ Taps t, FaultFlag wrong) {
  const int64_t total = static_cast<int64_t>(t.count) * t.out;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t index = t.index[i];
    if (index < -1 || index >= t.in) wrong.tell(index, t.in);
    if (index < 0 || index >= t.in) continue;
    const int o = static_cast<int>(i % t.out);
    atomicMin(&t.first[index], o);
    atomicMax(&t.last[index], o + 1);
  }
}

template <class C>
__global__ void back_kernel(const __grid_constant__ Tables t, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(t.dtype), numel = t.in.numel();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const uint32_t plane = static_cast<uint32_t>(i / numel);
    int at[3];
    t.in.place(static_cast<uint32_t>(i - plane * numel), at);
    const std::byte* const from = t.out.at + t.out.plane(plane) * item;
    // the weight with which output o looks at this input, over all of its taps
    const auto weight = [&](int d, int o) {
      const Taps& x = t.dim[d];
      C w = 0;
      for (int k = 0; k < x.count; k++) {
        const int64_t where = static_cast<int64_t>(k) * x.out + o;
        if (x.index[where] == at[d]) w += static_cast<const C*>(x.weight)[where];
      }
      return w;
    };
    const auto looks = [&](int d, int o) {
      const Taps& x = t.dim[d];
      for (int k = 0; k < x.count; k++)
        if (x.index[static_cast<int64_t>(k) * x.out + o] == at[d]) return true;
      return false;
    };
    C sum = 0;
    for (int z = t.dim[0].first[at[0]]; z < t.dim[0].last[at[0]]; z++) {
      if (!looks(0, z)) continue;
      const C wz = weight(0, z);
      for (int y = t.dim[1].first[at[1]]; y < t.dim[1].last[at[1]]; y++) {
        if (!looks(1, y)) continue;
        const C wy = weight(1, y);
        C line = 0;
        for (int x = t.dim[2].first[at[2]]; x < t.dim[2].last[at[2]]; x++)
          if (looks(2, x))
            line += weight(2, x) *
                    E::load(from + (z * t.out.step[0] + y * t.out.step[1] + x * t.out.step[2]) * item, t.dtype);
        sum += wz * wy * line;
      }
    }
    store<C>(t.in.at + (t.in.plane(plane) + t.in.offset(at)) * item, 0, t.dtype, sum);
  }
}

/** The operands after the first two: indices and weights for depth, height and width. */
Tables read(const Plan& plan, const Operand& out, const Operand& in) {
  Plan::require(plan.operands == 8 && plan.params == 0, "resample: wrong plan");
  expect_pool(out, in);
  Tables t{};
  t.out = Planes(out);
  t.in = Planes(in);
  t.dtype = in.dtype;
  for (int d = 0; d < 3; d++) {
    const Operand &index = plan.operand[2 + 2 * d], &weight = plan.operand[3 + 2 * d];
    const int from = d - 3 + in.ndim;
    const int64_t o = from < 2 ? 1 : out.sizes[from], i = from < 2 ? 1 : in.sizes[from];
    Plan::require(index && weight && index.ndim == 2 && weight.ndim == 2 && index.dtype == DType::i64 &&
                      weight.dtype == (in.dtype == DType::f64 ? DType::f64 : DType::f32) && index.contiguous() &&
                      weight.contiguous() && index.sizes[0] >= 1 && index.sizes[0] < int64_t{1} << 31 &&
                      weight.sizes[0] == index.sizes[0] && index.sizes[1] == o && weight.sizes[1] == o,
                  "resample: wrong table");
    t.dim[d] = {device_data<const int64_t>(index),
                device_data<const void>(weight),
                static_cast<int>(index.sizes[0]),
                static_cast<int>(o),
                static_cast<int>(i),
                nullptr,
                nullptr};
  }
  return t;
}

/**
 * resample (structured): out [N, C, *os], in [N, C, *is], then for depth, height and width (1 and 1 where there is
 * none) the indices int64 [taps, os] and the weights [taps, os], in the dtype that is computed in; no params.
 */
void resample(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (out && out.numel() == 0) return;
  const Tables t = read(plan, out, in);
  const int64_t total = out.numel();
  const unsigned threads = threads_for(total, 128);
  const FaultFlag wrong = fault_flag(Wrong::tap);
  visit_floats(t.dtype,
               [&]<class C>(C) { launch(resample_kernel<C>, grid_of(total, threads), {threads}, 0, t, total, wrong); });
}

/** resampleBackward (structured): out gradInput [N, C, *is], in gradOut [N, C, *os], tables as resample. */
void resample_backward(const Plan& plan) {
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  if (out && out.numel() == 0) return;
  Tables t = read(plan, g, out);
  int64_t inputs = 0;
  for (const Taps& taps : t.dim) inputs += taps.in;
  const size_t bytes = static_cast<size_t>(inputs) * sizeof(int);
  const Temporary first(bytes), last(bytes);
  // no output looks: none is below the largest number that bytes of 0x7f make, none above zero
  check(cudaMemsetAsync(first.as<>(), 0x7f, bytes, current().stream), "resampleBackward");
  check(cudaMemsetAsync(last.as<>(), 0, bytes, current().stream), "resampleBackward");
  const FaultFlag wrong = fault_flag(Wrong::tap);
  int64_t at = 0;
  for (Taps& taps : t.dim) {
    taps.first = first.as<int>() + at;
    taps.last = last.as<int>() + at;
    at += taps.in;
    const int64_t looks = g.numel() > 0 ? static_cast<int64_t>(taps.count) * taps.out : 0;
    if (looks > 0)
      launch(reach_kernel, grid_of(looks, threads_for(looks, 128)), {threads_for(looks, 128)}, 0, taps, wrong);
  }
  const int64_t total = out.numel();
  const unsigned threads = threads_for(total, 128);
  visit_floats(t.dtype, [&]<class C>(C) { launch(back_kernel<C>, grid_of(total, threads), {threads}, 0, t, total); });
}

}  // namespace

void register_resample(KernelTable& table) {
  table.add("resample", resample);
  table.add("resampleBackward", resample_backward);
}

}  // namespace flambeau::cuda
