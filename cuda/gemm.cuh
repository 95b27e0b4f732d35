// The tile of a matrix product: operands go through shared memory, each thread sums a part in registers, and the next
// step is fetched while this one is computed. gemm.cu feeds it matrices, conv.cu patches of pictures.
#pragma once
#include "loops.cuh"

namespace flambeau::cuda {

template <class C>
__device__ __forceinline__ C mad(C a, C b, C sum) {
  if constexpr (std::is_integral_v<C>)  // wraps around, as the narrower integers do
    return static_cast<C>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b) + static_cast<uint64_t>(sum));
  else
    return a * b + sum;
}

/** kM × kN results by threads that have kSide × kSide each, kK products at a time. */
template <class C_, int kM_, int kN_, int kK_, int kSide_>
struct Tile {
  using C = C_;
  static constexpr int kM = kM_, kN = kN_, kK = kK_, kSide = kSide_;
  static constexpr int kRows = kM / kSide, kCols = kN / kSide, kThreads = kRows * kCols, kQuads = kSide / 4;
  static_assert(kSide % 4 == 0 && kM % kSide == 0 && kN % kSide == 0);
  struct Shared {
    alignas(16) C a[2][kK][kM + 4];
    alignas(16) C b[2][kK][kN + 4];
  };

  /** Row `i` and column `j` of this thread: quads that lie kRows and kCols quads apart. */
  static __device__ int row(int i) { return static_cast<int>(threadIdx.x) / kCols * 4 + i / 4 * kRows * 4 + i % 4; }
  static __device__ int col(int j) { return static_cast<int>(threadIdx.x) % kCols * 4 + j / 4 * kCols * 4 + j % 4; }

  static __device__ __forceinline__ void step(const Shared& s, int buffer, C (&sum)[kSide][kSide]) {
#pragma unroll
    for (int k = 0; k < kK; k++) {
      Four<C> a[kQuads], b[kQuads];
#pragma unroll
      for (int q = 0; q < kQuads; q++) {
        a[q] = *reinterpret_cast<const Four<C>*>(&s.a[buffer][k][row(q * 4)]);
        b[q] = *reinterpret_cast<const Four<C>*>(&s.b[buffer][k][col(q * 4)]);
      }
#pragma unroll
      for (int i = 0; i < kSide; i++)
#pragma unroll
        for (int j = 0; j < kSide; j++) sum[i][j] = mad(a[i / 4].at[i % 4], b[j / 4].at[j % 4], sum[i][j]);
    }
  }

  /**
   * Adds `count` products to each sum. A source fetches its part of the next step, of which `left` products are there,
   * and stashes it: `fetch(left, C (&)[kCount])`, `stash(C*, const C (&)[kCount])`.
   */
  template <class A, class B>
  static __device__ __forceinline__ void run(Shared& s, A& a, B& b, int64_t count, C (&sum)[kSide][kSide]) {
    if (count <= 0) return;
    C from_a[kM * kK / kThreads], from_b[kN * kK / kThreads];
    const auto fetch = [&] {
      const int left = static_cast<int>(min(count, static_cast<int64_t>(kK)));
      a.fetch(left, from_a);
      b.fetch(left, from_b);
      count -= kK;
    };
    fetch();
    __syncthreads();  // the last step of an earlier tile has been read
    a.stash(&s.a[0][0][0], from_a);
    b.stash(&s.b[0][0][0], from_b);
    __syncthreads();
    int buffer = 0;
    while (count > 0) {
      fetch();
      step(s, buffer, sum);
      buffer ^= 1;
      a.stash(&s.a[buffer][0][0], from_a);
      b.stash(&s.b[buffer][0][0], from_b);
      __syncthreads();
    }
    step(s, buffer, sum);
  }
};

/**
 * Which elements of a kWide × kK part a thread has: along k or along the rows, singly or four neighbours at once. Of
 * its groups the first is at (row, k), and each other one `rows` and `ks` further.
 */
template <int kWide, int kK, int kThreads>
struct Share {
  static constexpr int kCount = kWide * kK / kThreads;
  static_assert(kCount % 4 == 0 && kThreads % kK == 0 && kThreads % kWide == 0);
  bool along_k, quads;
  int row, k, rows, ks;
  __device__ __forceinline__ Share(bool along_k, bool quads) : along_k(along_k), quads(quads) {
    const int wide = quads ? 4 : 1, t = static_cast<int>(threadIdx.x) * wide;
    row = along_k ? t / kK : t % kWide;
    k = along_k ? t % kK : t / kWide;
    rows = along_k ? kThreads * wide / kK : 0;
    ks = along_k ? 0 : kThreads * wide / kWide;
  }
  template <class C>
  __device__ __forceinline__ void stash(C* to, const C (&from)[kCount]) const {
    constexpr int kLine = kWide + 4;
    to += k * kLine + row;
    const int hop = ks * kLine + rows;
    if (!quads) {
#pragma unroll
      for (int i = 0; i < kCount; i++) to[i * hop] = from[i];
    } else if (along_k) {
#pragma unroll
      for (int i = 0; i < kCount; i++) to[i / 4 * hop + i % 4 * kLine] = from[i];
    } else {
#pragma unroll
      for (int i = 0; i < kCount; i += 4)
        *reinterpret_cast<Four<C>*>(&to[i / 4 * hop]) = {from[i], from[i + 1], from[i + 2], from[i + 3]};
    }
  }
};

/** Loads of one dtype or, where `plain`, of the computing type itself. */
template <class C, bool plain>
struct Elements {
  static __device__ __forceinline__ C load(const std::byte* p, DType d) {
    if constexpr (plain)
      return *reinterpret_cast<const C*>(p);
    else
      return Memory<C>::load(p, 0, d);
  }
  static __device__ __forceinline__ void load4(C (&out)[4], const std::byte* p, DType d) {
    if constexpr (plain)
      Memory<C>::take(out, reinterpret_cast<const C*>(p));
    else
      Memory<C>::load4(out, p, 0, d);
  }
  /** Bytes of an element. */
  static __device__ __forceinline__ int64_t size(DType d) {
    if constexpr (plain) return sizeof(C);
    return item_bytes(d);
  }
  static __device__ __forceinline__ int64_t item_bytes(DType d) {
    switch (d) {
      case DType::f64:
      case DType::i64: return 8;
      case DType::f32:
      case DType::i32: return 4;
      case DType::f16:
      case DType::bf16:
      case DType::i16: return 2;
      default: return 1;
    }
  }
};

/** Rows of a matrix of any strides as a source: element (r, k) at r·row + k·col. */
template <class C, bool plain, int kWide, int kK, int kThreads>
struct StridedSource {
  using E = Elements<C, plain>;
  using Shares = Share<kWide, kK, kThreads>;
  static constexpr int kCount = Shares::kCount;
  Shares share;
  const std::byte* at;       // of this thread's first element in the next step
  int64_t hop, inner, next;  // bytes to its next group, between the neighbours of a group, to the next step
  int rows;                  // that there are from this thread's on
  DType dtype;

  /** From `at`, strides in bytes, `rows_left` rows. */
  __device__ __forceinline__ StridedSource(bool along_k, bool quads, const std::byte* at, int64_t row, int64_t col,
                                           int64_t rows_left, DType dtype)
      : share(along_k, quads),
        at(at + share.row * row + share.k * col),
        hop(along_k ? share.rows * row : share.ks * col),
        inner(along_k ? col : row),
        next(kK * col),
        rows(static_cast<int>(min(rows_left, static_cast<int64_t>(kWide))) - share.row),
        dtype(dtype) {}

  __device__ __forceinline__ void fetch(int left, C (&out)[kCount]) {
    left -= share.k;
    if (share.quads) {
#pragma unroll
      for (int i = 0; i < kCount; i += 4) {
        const int g = i / 4, r = rows - g * share.rows, k = left - g * share.ks;
        const int room = r <= 0 || k <= 0 ? 0 : share.along_k ? k : r;
        const std::byte* const p = at + g * hop;
        C v[4] = {};
        if (room >= 4) {
          E::load4(v, p, dtype);
        } else {
#pragma unroll
          for (int j = 0; j < 3; j++)
            if (j < room) v[j] = E::load(p + j * inner, dtype);
        }
#pragma unroll
        for (int j = 0; j < 4; j++) out[i + j] = v[j];
      }
    } else {
#pragma unroll
      for (int i = 0; i < kCount; i++)
        out[i] = i * share.rows < rows && i * share.ks < left ? E::load(at + i * hop, dtype) : C{0};
    }
    at += next;
  }
  __device__ __forceinline__ void stash(C* to, const C (&from)[kCount]) const { share.stash(to, from); }
};

/** Where results go: C with alpha, beta and bias, or sums to a workspace that add_partials() reads. */
template <class C>
struct Target {
  std::byte* c;
  const std::byte* bias;
  int64_t row, col, batch;     // of c, in elements
  int64_t bias_row, bias_col;  // in elements
  C alpha, beta;
  DType dtype;
  bool quads;  // four neighbours of a row can be stored at once

  __device__ __forceinline__ C finish(C sum, int64_t at, int64_t i, int64_t j, int64_t item) const {
    C v;
    if constexpr (std::is_integral_v<C>)
      v = mad(alpha, sum, C{0});
    else
      v = alpha * sum;
    if (beta != C{0}) v = mad(beta, Memory<C>::load(c + at * item, 0, dtype), v);
    if (bias) v = mad(C{1}, Memory<C>::load(bias + (i * bias_row + j * bias_col) * item, 0, dtype), v);
    return v;
  }
  __device__ __forceinline__ void put(C sum, int64_t z, int64_t i, int64_t j) const {
    const int64_t item = Elements<C, false>::item_bytes(dtype), at = z * batch + i * row + j * col;
    store<C>(c + at * item, 0, dtype, finish(sum, at, i, j, item));
  }
  __device__ __forceinline__ void put4(const C (&sums)[4], int64_t z, int64_t i, int64_t j) const {
    const int64_t item = Elements<C, false>::item_bytes(dtype), at = z * batch + i * row + j;
    C out[4];
#pragma unroll
    for (int q = 0; q < 4; q++) out[q] = finish(sums[q], at + q, i, j + q, item);
    store4<C>(c + at * item, 0, dtype, out);
  }
};

}  // namespace flambeau::cuda
