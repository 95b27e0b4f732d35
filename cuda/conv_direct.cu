// Convolutions with few channels in a group (depthwise ones have one): a thread for each result, or a block for each
// element of a weight's gradient. Also sums over channels and the copies of odd layouts. Called by conv.cu.
#include <algorithm>

#include "conv.cuh"

namespace flambeau::cuda {
namespace {

/** w is [groups, to_channels, from_channels, taps], dense. */
template <class C>
__global__ void direct_kernel(const __grid_constant__ ConvShape s, const std::byte* w, int64_t pixels, int64_t total) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype);
  const int inner = static_cast<int>(s.from_channels) * static_cast<int>(s.kernel[0].divisor) *
                    static_cast<int>(s.kernel[1].divisor) * static_cast<int>(s.kernel[2].divisor);
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t channel = i / pixels, group = channel / s.to_channels;
    const Pixel p = pixel_at(s, static_cast<uint32_t>(i - channel * pixels));
    const std::byte* const from = s.from.at + group * s.from_channels * s.from.channel * item;
    C sum = 0;
    for (int k = 0; k < inner; k++) {
      const C v = gather<C, false>(s, from, p, tap_at(s, static_cast<uint32_t>(k)));
      sum = mad(v, E::load(w + (channel * inner + k) * item, s.dtype), sum);
    }
    if (s.bias) sum += E::load(s.bias + channel * s.bias_step * item, s.dtype);
    store<C>(s.to.at + (p.to + channel * s.to.channel) * item, 0, s.dtype, sum);
  }
}

/** The sum over a block, at thread 0. */
template <class C>
__device__ C block_sum(C sum) {
  __shared__ C sums[kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
#pragma unroll
  for (int o = kWarp / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
  if (lane == 0) sums[warp] = sum;
  __syncthreads();
  sum = lane < static_cast<int>(blockDim.x) / kWarp ? sums[lane] : C{0};
#pragma unroll
  for (int o = kWarp / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
  return sum;
}

template <class C>
__global__ void weight_kernel(const __grid_constant__ ConvShape s, std::byte* gw, int64_t inner, uint32_t pixels) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype), at = blockIdx.x, channel = at / inner, group = channel / s.to_channels;
  const std::byte* const from = s.from.at + group * s.from_channels * s.from.channel * item;
  const std::byte* const to = s.to.at + channel * s.to.channel * item;
  const Tap tap = tap_at(s, static_cast<uint32_t>(at - channel * inner));
  C sum = 0;
  for (uint32_t i = threadIdx.x; i < pixels; i += blockDim.x) {
    const Pixel p = pixel_at(s, i);
    sum = mad(gather<C, false>(s, from, p, tap), E::load(to + p.to * item, s.dtype), sum);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) store<C>(gw + at * item, 0, s.dtype, sum);
}

template <class C>
__global__ void channel_kernel(const __grid_constant__ ConvShape s, std::byte* sums, int64_t step, uint32_t pixels) {
  using E = Elements<C, false>;
  const int64_t item = E::size(s.dtype);
  const std::byte* const to = s.to.at + blockIdx.x * s.to.channel * item;
  C sum = 0;
  for (uint32_t i = threadIdx.x; i < pixels; i += blockDim.x) sum += E::load(to + pixel_at(s, i).to * item, s.dtype);
  sum = block_sum(sum);
  if (threadIdx.x == 0) store<C>(sums + blockIdx.x * step * item, 0, s.dtype, sum);
}

inline constexpr int kMoveDims = 6;
struct Move {
  int dims;
  int64_t sizes[kMoveDims], to[kMoveDims], from[kMoveDims];
};
template <class T>
__global__ void move_kernel(T* to, const T* from, int64_t total, const __grid_constant__ Move m) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    int64_t rest = i, t = 0, f = 0;
    for (int d = m.dims - 1; d >= 0; d--) {
      const int64_t next = rest / m.sizes[d], at = rest - next * m.sizes[d];
      rest = next;
      t += at * m.to[d];
      f += at * m.from[d];
    }
    to[t] = from[f];
  }
}

Grid grid_for(int64_t total, unsigned threads) {
  return {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 20))};
}
template <class F>
void visit_sums(DType d, F&& f) {
  if (d == DType::f64)
    f(double{});
  else
    f(float{});
}

}  // namespace

void convolve_direct(const ConvShape& s, const std::byte* w) {
  const int64_t pixels = s.images * s.pixels(), total = pixels * s.groups * s.to_channels;
  const unsigned threads = threads_for(total, 128);
  visit_sums(s.dtype, [&]<class C>(C) {
    launch(direct_kernel<C>, grid_for(total, threads), {threads}, 0, s, w, pixels, total);
  });
}
void weight_direct(const ConvShape& s, std::byte* gw) {
  const int64_t inner = s.from_channels * s.taps(), results = s.groups * s.to_channels * inner;
  const uint32_t pixels = static_cast<uint32_t>(s.images * s.pixels());
  visit_sums(s.dtype, [&]<class C>(C) {
    launch(weight_kernel<C>, {static_cast<unsigned>(results)}, {threads_for(pixels)}, 0, s, gw, inner, pixels);
  });
}
void sum_channels(const ConvShape& s, std::byte* sums, int64_t step) {
  const uint32_t pixels = static_cast<uint32_t>(s.images * s.pixels());
  visit_sums(s.dtype, [&]<class C>(C) {
    launch(channel_kernel<C>, {static_cast<unsigned>(s.groups * s.to_channels)}, {threads_for(pixels)}, 0, s, sums,
           step, pixels);
  });
}
void move_elements(DType d, int dims, const int64_t* sizes, std::byte* to, const int64_t* to_strides,
                   const std::byte* from, const int64_t* from_strides) {
  Move m{dims, {}, {}, {}};
  int64_t total = 1;
  for (int i = 0; i < dims; i++) {
    m.sizes[i] = sizes[i];
    m.to[i] = to_strides[i];
    m.from[i] = from_strides[i];
    total *= sizes[i];
  }
  if (total == 0) return;
  const unsigned threads = threads_for(total);
  const auto go = [&]<class T>(T) {
    launch(move_kernel<T>, grid_for(total, threads), {threads}, 0, reinterpret_cast<T*>(to),
           reinterpret_cast<const T*>(from), total, m);
  };
  switch (item_size(d)) {
    case 2: return go(uint16_t{});
    case 4: return go(uint32_t{});
    default: return go(uint64_t{});
  }
}

}  // namespace flambeau::cuda
