// Random words on GPUs: Philox4x32-10 as curand counts it, and the layout of PyTorch's kernels, so that a seed gives
// the numbers it gives there. Included by random.cu, sampling.cu and draws.cu.
#pragma once
#include "cells.cuh"
#include "random.h"

namespace flambeau::cuda {
namespace drawing {

/** Blocks of four words, one after another, of one of 2⁶⁴ sequences of a seed. */
struct Philox {
  uint32_t counter[4];
  uint32_t key[2];

  __device__ __forceinline__ Philox(uint64_t seed, uint64_t sequence, uint64_t offset) {
    const uint64_t block = offset / 4;
    counter[0] = static_cast<uint32_t>(block);
    counter[1] = static_cast<uint32_t>(block >> 32);
    counter[2] = static_cast<uint32_t>(sequence);
    counter[3] = static_cast<uint32_t>(sequence >> 32);
    key[0] = static_cast<uint32_t>(seed);
    key[1] = static_cast<uint32_t>(seed >> 32);
  }
  __device__ __forceinline__ void next(uint32_t (&out)[4]) {
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3], k = key[0], l = key[1];
#pragma unroll
    for (int round = 0; round < 10; round++) {
      const uint32_t low_a = 0xd2511f53u * a, high_a = __umulhi(0xd2511f53u, a);
      const uint32_t low_c = 0xcd9e8d57u * c, high_c = __umulhi(0xcd9e8d57u, c);
      a = high_c ^ b ^ k;
      b = low_c;
      c = high_a ^ d ^ l;
      d = low_a;
      k += 0x9e3779b9u;
      l += 0xbb67ae85u;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
    for (int i = 0; i < 4; i++)
      if (++counter[i] != 0) break;
  }
};

// ---- what a block of words is made into

struct Words {
  using Value = uint32_t;
  static constexpr int kCount = 4;
  static __device__ __forceinline__ void draw(Philox& p, Value (&out)[4]) { p.next(out); }
};
struct WideWords {
  using Value = uint64_t;
  static constexpr int kCount = 2;
  static __device__ __forceinline__ void draw(Philox& p, Value (&out)[2]) {
    uint32_t w[4];
    p.next(w);
    out[0] = static_cast<uint64_t>(w[0]) << 32 | w[1];
    out[1] = static_cast<uint64_t>(w[2]) << 32 | w[3];
  }
};

__device__ __forceinline__ float uniform(uint32_t w) { return static_cast<float>(w) * 0x1p-32f + 0x1p-33f; }
__device__ __forceinline__ double uniform(uint32_t low, uint32_t high) {
  const uint64_t bits = low ^ static_cast<uint64_t>(high) << 21;
  return static_cast<double>(bits) * 0x1p-53 + 0x1p-54;
}
/** In (0, 1]. */
template <class C>
struct Uniform {
  using Value = C;
  static constexpr int kCount = std::is_same_v<C, double> ? 2 : 4;
  static __device__ __forceinline__ void draw(Philox& p, C (&out)[kCount]) {
    uint32_t w[4];
    p.next(w);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      if constexpr (kCount == 2)
        out[i] = uniform(w[2 * i], w[2 * i + 1]);
      else
        out[i] = uniform(w[i]);
    }
  }
};
/** Box and Muller's, with curand's arithmetic, its quick sine too. */
template <class C>
struct Normal {
  using Value = C;
  static constexpr int kCount = std::is_same_v<C, double> ? 2 : 4;
  static __device__ __forceinline__ void draw(Philox& p, C (&out)[kCount]) {
    uint32_t w[4];
    p.next(w);
    if constexpr (kCount == 2) {
      const uint64_t bits = w[2] ^ static_cast<uint64_t>(w[3]) << 21;
      const double radius = sqrt(-2.0 * log(uniform(w[0], w[1]))), turn = static_cast<double>(bits) * 0x1p-52 + 0x1p-53;
      sincospi(turn, &out[0], &out[1]);
      out[0] *= radius;
      out[1] *= radius;
    } else {
      constexpr float kTurn = 0x1p-32f * 6.2831855f;
#pragma unroll
      for (int i = 0; i < 4; i += 2) {
        const float angle = static_cast<float>(w[i + 1]) * kTurn + kTurn / 2;
        const float radius = sqrtf(-2.0f * logf(uniform(w[i])));
        __sincosf(angle, &out[i], &out[i + 1]);
        out[i] *= radius;
        out[i + 1] *= radius;
      }
    }
  }
};

// ---- fills

inline constexpr unsigned kDrawThreads = 256;

/** As many blocks as the device runs at once; each thread draws blocks of words, whose numbers lie a grid apart. */
struct Layout {
  unsigned blocks;
  uint64_t words;  // that the generator moves on by
  Layout(int64_t n, int count) {
    const int64_t most = static_cast<int64_t>(limits().processors) * (limits().threads_per_processor / kDrawThreads);
    blocks = static_cast<unsigned>(std::min<int64_t>(most, ceil_div<int64_t>(n, kDrawThreads)));
    words = (static_cast<uint64_t>(n - 1) / (static_cast<uint64_t>(kDrawThreads) * blocks * count) + 1) * 4;
  }
};

template <class Source, class Op>
__global__ void __launch_bounds__(kDrawThreads) draw_kernel(int64_t n, Draws draws, const __grid_constant__ Op op) {
  const int64_t id = first_cell(), step = next_cell();
  Philox philox(draws.seed, static_cast<uint64_t>(id), draws.offset);
  for (int64_t i = id; i < n; i += step * Source::kCount) {
    typename Source::Value v[Source::kCount];
    Source::draw(philox, v);
#pragma unroll
    for (int j = 0; j < Source::kCount; j++)
      if (i + j * step < n) op(i + j * step, v[j]);
  }
}

inline int generator(const Plan& plan) {
  const int64_t id = plan.integer(0);
  Plan::require(id >= 0 && id <= std::numeric_limits<int>::max(), "no such random generator");
  return static_cast<int>(id);
}
/** The output of a fill: operand 0, contiguous. */
inline const Operand& target(const Plan& plan, int operands, int params) {
  plan.expect(operands, params);
  Plan::require(plan.operand[0] && plan.operand[0].contiguous(), "random kernels write contiguous tensors");
  return plan.operand[0];
}
/** op(i, value) for each of the output's elements. */
template <class Source, class Op>
void draw(const Plan& plan, const Op& op) {
  const int64_t n = plan.operand[0].numel();
  if (n == 0) return;
  const Layout layout(n, Source::kCount);
  launch(draw_kernel<Source, Op>, {layout.blocks}, {kDrawThreads}, 0, n, take_draws(generator(plan), layout.words), op);
}

/** Calls f(C{}) for a floating dtype. */
template <class F>
void visit_floating(DType d, F&& f) {
  if (d == DType::f64) return f(double{});
  Plan::require(d == DType::f32 || d == DType::f16 || d == DType::bf16, "does not have this dtype");
  f(float{});
}
/** A number as one of dtype `d` has it. */
template <class C>
__host__ __device__ __forceinline__ C rounded(DType d, C v) {
  if (d == DType::f16) return static_cast<C>(static_cast<float>(Half(static_cast<float>(v))));
  if (d == DType::bf16) return static_cast<C>(static_cast<float>(BFloat16(static_cast<float>(v))));
  return v;
}
/** Stores a floating number in any dtype. */
template <class C>
__device__ __forceinline__ void store_any(void* out, int64_t i, DType d, C v) {
  if (d == DType::f64)
    store<double>(out, i, d, static_cast<double>(v));
  else if (d == DType::f32 || d == DType::f16 || d == DType::bf16)
    store<float>(out, i, d, static_cast<float>(v));
  else
    store<int64_t>(out, i, d, static_cast<int64_t>(v));
}

}  // namespace drawing
}  // namespace flambeau::cuda
