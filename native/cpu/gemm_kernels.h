// The inner kernels of gemm.cc: vectors, the register tile R x (V vectors), packing, and the dot tile for A B^T.
// The register tile keeps R * V accumulators in registers; each step of k loads V vectors of B and broadcasts R
// elements of A from memory, so that both FMA units stay busy: 14 x 32 floats on AVX-512 (28 of 32 registers), 6 x 16
// on AVX2, 6 x 8 on SSE, 8 x 12 on NEON; doubles half as wide. Tiles of fewer rows and vectors are kernels of their
// own, so that edges and small matrices waste little.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "fma.h"
#include "isa.h"

#if defined(__clang__)
#define FB_UNROLL _Pragma("unroll")
#else
#define FB_UNROLL _Pragma("GCC unroll 32")
#endif

namespace flambeau::FB_ISA {
namespace {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64, kTileRows = 14, kTileVectors = 2;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32, kTileRows = 6, kTileVectors = 2;
#elif defined(__aarch64__)
inline constexpr int kVectorBytes = 16, kTileRows = 8, kTileVectors = 3;
#elif defined(FB_SMALL)
inline constexpr int kVectorBytes = 16, kTileRows = 4, kTileVectors = 2;
#else
inline constexpr int kVectorBytes = 16, kTileRows = 6, kTileVectors = 2;
#endif

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
  typedef int32_t index __attribute__((vector_size(kVectorBytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
  typedef int64_t index __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));
template <class T>
inline constexpr int kTileCols = kTileVectors * kLanes<T>;

template <class T>
FB_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
FB_INLINE void store(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}

template <class T>
FB_INLINE Vec<T> broadcast(T x) {
  return x - Vec<T>{};
}
/** The first n (0 ≤ n ≤ lanes) elements, zeros behind them; nothing beyond is touched. */
template <class T>
FB_INLINE Vec<T> load_part(const T* p, int n) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return (Vec<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
  } else {
    return (Vec<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), p);
  }
#else
  T lanes[kLanes<T>] = {};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return load(lanes);
#endif
}
template <class T>
FB_INLINE void store_part(T* p, Vec<T> v, int n) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), (__m512)v);
  } else {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), (__m512d)v);
  }
#else
  T lanes[kLanes<T>];
  store(lanes, v);
  for (int i = 0; i < n; i++) p[i] = lanes[i];
#endif
}

/** x0 y0 x1 y1 … of the lower (kUpper: upper) halves of x and y. */
template <class T, bool kUpper, int... I>
FB_INLINE Vec<T> interleave(Vec<T> x, Vec<T> y, std::integer_sequence<int, I...>) {
  constexpr int half = kUpper ? kLanes<T> / 2 : 0;
#if defined(__clang__)
  return __builtin_shufflevector(x, y, (half + I / 2 + (I % 2) * kLanes<T>)...);
#else
  constexpr typename VectorOf<T>::index from = {(half + I / 2 + (I % 2) * kLanes<T>)...};
  return __builtin_shuffle(x, y, from);
#endif
}
template <class T, bool kUpper>
FB_INLINE Vec<T> interleave(Vec<T> x, Vec<T> y) {
  return interleave<T, kUpper>(x, y, std::make_integer_sequence<int, kLanes<T>>{});
}

/** Transposes a square of lanes x lanes: log2(lanes) perfect shuffles. */
template <class T>
FB_INLINE void transpose(Vec<T> (&x)[kLanes<T>]) {
  constexpr int n = kLanes<T>;
  FB_UNROLL
  for (int stage = 1; stage < n; stage *= 2) {
    Vec<T> y[n];
    FB_UNROLL
    for (int i = 0; i < n / 2; i++) {
      y[2 * i] = interleave<T, false>(x[i], x[i + n / 2]);
      y[2 * i + 1] = interleave<T, true>(x[i], x[i + n / 2]);
    }
    FB_UNROLL
    for (int i = 0; i < n; i++) x[i] = y[i];
  }
}

/** Lane i of the result is the sum of the lanes of x[i]. */
template <class T>
FB_INLINE Vec<T> sum_each(Vec<T> (&x)[kLanes<T>]) {
  FB_UNROLL
  for (int n = kLanes<T> / 2; n > 0; n /= 2) {
    FB_UNROLL
    for (int i = 0; i < n; i++) x[i] = interleave<T, false>(x[i], x[i + n]) + interleave<T, true>(x[i], x[i + n]);
  }
  return x[0];
}

/** Where a tile of results goes, and what becomes of it on the way. */
template <class T>
struct Out {
  T* c;
  int64_t c_row, c_col;
  T alpha, beta;
  const T* bias;  // null where there is none, or where an earlier block of k has added it
  int64_t bias_row, bias_col;
  /** Element (i, j) is the new origin. */
  Out at(int64_t i, int64_t j) const {
    Out o = *this;
    o.c += i * c_row + j * c_col;
    if (bias) o.bias += i * bias_row + j * bias_col;
    return o;
  }
};

/** Brings rows x cols of `tile` (row stride `width`, readable up to a whole vector) into C. */
template <class T>
__attribute__((noinline)) void finish(const T* tile, int rows, int cols, int width, const Out<T>& o) {
  constexpr int w = kLanes<T>;
  if (o.c_col == 1 && (!o.bias || o.bias_col == 1 || o.bias_col == 0)) {
    for (int i = 0; i < rows; i++) {
      T* c = o.c + i * o.c_row;
      const T* bias = o.bias ? o.bias + i * o.bias_row : nullptr;
      for (int j = 0; j < cols; j += w) {
        const int n = cols - j < w ? cols - j : w;
        Vec<T> x = o.alpha * load(tile + i * width + j);
        if (o.beta != 0) x += o.beta * (n == w ? load(c + j) : load_part(c + j, n));
        if (bias && o.bias_col == 1)
          x += n == w ? load(bias + j) : load_part(bias + j, n);
        else if (bias)
          x += *bias;
        if (n == w)
          store(c + j, x);
        else
          store_part(c + j, x, n);
      }
    }
    return;
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < cols; j++) {
      T x = o.alpha * tile[i * width + j];
      T* c = o.c + i * o.c_row + j * o.c_col;
      if (o.beta != 0) x += o.beta * *c;
      if (o.bias) x += o.bias[i * o.bias_row + j * o.bias_col];
      *c = x;
    }
  }
}

/** How a tile reads A: R elements a step; rows with unit stride where they lie; any strides, which serves all. */
enum class ReadA { packed, rows, strided };
#if defined(FB_SMALL)
inline constexpr bool kOneReader = true;
#else
inline constexpr bool kOneReader = false;
#endif

/** One register tile of R x `cols` (at most V vectors) over k steps. */
template <class T>
using MicroFn = void (*)(int64_t k, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, int cols,
                         const Out<T>& out);

template <class T, int R, int V, ReadA kA>
void micro(int64_t k, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, int cols,
           const Out<T>& out) {
  constexpr int w = kLanes<T>;
  Vec<T> acc[R][V];
  FB_UNROLL
  for (int i = 0; i < R; i++) {
    FB_UNROLL
    for (int v = 0; v < V; v++) acc[i][v] = Vec<T>{};
  }
  // Rows in place: every fifth has a pointer, the others are at 1, 2, 3 and 4 strides from it, which are two registers
  // and the scales of an address.
  constexpr int kBases = (R + 4) / 5;
  const std::byte* base[kBases];
  const int64_t stride = a_row * static_cast<int64_t>(sizeof(T)), stride3 = 3 * stride;
  for (int i = 0; i < kBases; i++) base[i] = reinterpret_cast<const std::byte*>(a) + 5 * i * stride;
  const auto element = [&](int i, int q) __attribute__((always_inline)) {
    if constexpr (kA == ReadA::packed) return a[q * R + i];
    if constexpr (kA == ReadA::strided) return a[i * a_row + q * a_col];
    const std::byte* at = base[i / 5] + (i % 5 == 3 ? stride3 : i % 5 * stride);
    return reinterpret_cast<const T*>(at)[q];
  };
  const auto step = [&](int q) __attribute__((always_inline)) {
    Vec<T> bv[V];
    FB_UNROLL
    for (int v = 0; v < V; v++) bv[v] = load(b + q * b_row + v * w);
    FB_UNROLL
    for (int i = 0; i < R; i++) {
      const Vec<T> x = broadcast<T>(element(i, q));
      FB_UNROLL
      for (int v = 0; v < V; v++) acc[i][v] = fma(acc[i][v], x, bv[v]);
    }
  };
  const auto advance = [&](int steps) __attribute__((always_inline)) {
    if constexpr (kA == ReadA::rows) {
      FB_UNROLL
      for (int i = 0; i < kBases; i++) base[i] += steps * static_cast<int>(sizeof(T));
    } else {
      a += kA == ReadA::packed ? steps * R : steps * a_col;
    }
    b += steps * b_row;
  };
  // Four steps at a time, for loop arithmetic would take slots from the FMA units (A of any strides has too many
  // addresses for that). The rows of C lie far apart, often in pages of their own: ask for one each time, they are
  // needed after the last step.
  const T* ahead = out.c;
  const T* const last = out.c + (R - 1) * out.c_row;
  int64_t p = 0;
  for (; kA != ReadA::strided && p + 4 <= k; p += 4) {
    step(0);
    FB_NO_MIXING;
    step(1);
    FB_NO_MIXING;
    step(2);
    FB_NO_MIXING;
    step(3);
    FB_NO_MIXING;
    advance(4);
    __builtin_prefetch(ahead, 1);
    if (V > 1) __builtin_prefetch(ahead + (V - 1) * w, 1);
    __builtin_prefetch(ahead + V * w - 1, 1);  // the rows may begin anywhere in a line
    if (ahead != last) ahead += out.c_row;
  }
  for (; p < k; p++) {
    step(0);
    advance(1);
  }
  if (cols == V * w && out.c_col == 1 && !out.bias && (out.beta == 0 || out.beta == 1)) {
    T* c = out.c;
    if (out.alpha != 1) {
      const Vec<T> alpha = broadcast<T>(out.alpha);
      FB_UNROLL
      for (int i = 0; i < R; i++) {
        FB_UNROLL
        for (int v = 0; v < V; v++) acc[i][v] *= alpha;
      }
    }
    if (out.beta == 0) {
      FB_UNROLL
      for (int i = 0; i < R; i++, c += out.c_row) {
        FB_UNROLL
        for (int v = 0; v < V; v++) store(c + v * w, acc[i][v]);
      }
    } else {
      FB_UNROLL
      for (int i = 0; i < R; i++, c += out.c_row) {
        FB_UNROLL
        for (int v = 0; v < V; v++) store(c + v * w, load(c + v * w) + acc[i][v]);
      }
    }
    return;
  }
  alignas(64) T tile[R * V * w];
  FB_UNROLL
  for (int i = 0; i < R; i++) {
    FB_UNROLL
    for (int v = 0; v < V; v++) store(tile + (i * V + v) * w, acc[i][v]);
  }
  finish(tile, R, cols, V * w, out);
}

/** Whether a tile is two calls of the kernel for half its rows: the high tiles of AVX-512 that are rarely met. */
template <class T, int R, ReadA kA>
inline constexpr bool kInHalves = kTileRows > 8 && R > 7 &&
                                  (kA == ReadA::strided || (kA == ReadA::rows && sizeof(T) == 8 && R < kTileRows));
template <class T, int R, int V, ReadA kA>
void micro_in_halves(int64_t k, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, int cols,
                     const Out<T>& out) {
  constexpr int half = R / 2;
  micro<T, half, V, kA>(k, a, a_row, a_col, b, b_row, cols, out);
  micro<T, R - half, V, kA>(k, a + half * a_row, a_row, a_col, b, b_row, cols, out.at(half, 0));
}
template <class T, int R, int V, ReadA kA>
constexpr MicroFn<T> micro_of() {
  if constexpr (kInHalves<T, R, kA>)
    return micro_in_halves<T, R, V, kA>;
  else
    return micro<T, R, V, kA>;
}

template <class T, ReadA kA, int... I>
constexpr std::array<MicroFn<T>, sizeof...(I)> micro_table(std::integer_sequence<int, I...>) {
  return {micro_of<T, I / kTileVectors + 1, I % kTileVectors + 1, kA>()...};
}
/** The kernel for `rows` x `vectors`. It is called with the strides of A, packed or not. */
template <class T, ReadA kA>
FB_INLINE MicroFn<T> micro_for(int rows, int vectors) {
  static constexpr auto table =
      micro_table<T, kOneReader ? ReadA::strided : kA>(std::make_integer_sequence<int, kTileRows * kTileVectors>{});
  return table[static_cast<size_t>((rows - 1) * kTileVectors + vectors - 1)];
}

/**
 * dst[p * dst_row + i] = src[i * src_row + p] for i < rows ≤ G * lanes and p < k, by squares. Writes whole vectors in
 * the order of p, zeros in the lanes from `rows` on: where dst_row is less, the next step overwrites them, and behind
 * the last step dst needs a vector of slack.
 */
template <class T, int G>
void pack_transposed(const T* src, int64_t src_row, int rows, int64_t k, T* dst, int64_t dst_row) {
  constexpr int w = kLanes<T>;
  int64_t p = 0;
  for (; p + w <= k; p += w) {
    Vec<T> x[G][w];
    FB_UNROLL
    for (int g = 0; g < G; g++) {
      FB_UNROLL
      for (int i = 0; i < w; i++) x[g][i] = g * w + i < rows ? load(src + (g * w + i) * src_row + p) : Vec<T>{};
      transpose<T>(x[g]);
    }
    FB_UNROLL
    for (int i = 0; i < w; i++) {
      FB_UNROLL
      for (int g = 0; g < G; g++) store(dst + (p + i) * dst_row + g * w, x[g][i]);
    }
  }
  for (; p < k; p++) {
    T lanes[G * w] = {};
    for (int i = 0; i < rows; i++) lanes[i] = src[i * src_row + p];
    for (int g = 0; g < G; g++) store(dst + p * dst_row + g * w, load(lanes + g * w));
  }
}

/** `rows` (≤ tile) rows of A over k steps, `rows` elements a step. Needs kTileRows elements and a vector of slack. */
template <class T, int G = 1>
void pack_a(const T* a, int64_t a_row, int64_t a_col, int rows, int64_t k, T* dst) {
  constexpr int w = kLanes<T>;
  if constexpr ((G - 1) * w < kTileRows) {
    if (rows > G * w) return pack_a<T, G + 1>(a, a_row, a_col, rows, k, dst);
  }
  if (a_col == 1) {
    pack_transposed<T, G>(a, a_row, rows, k, dst, rows);
  } else if (a_row == 1) {
    // Whole vectors wherever A goes on behind the rows: what is too much, the next step's rows overwrite.
    for (int64_t p = 0; p < k; p++) {
      const int64_t behind = (k - 1 - p) * a_col + rows;
      for (int i = 0; i < rows; i += w) {
        const bool all = i + w <= rows || i + w <= behind;
        store(dst + p * rows + i, all ? load(a + p * a_col + i) : load_part(a + p * a_col + i, rows - i));
      }
    }
  } else {
    for (int64_t p = 0; p < k; p++) {
      for (int i = 0; i < rows; i++) dst[p * rows + i] = a[i * a_row + p * a_col];
    }
  }
}

/** `cols` (≤ tile) columns of B over k steps, padded with zeros to whole vectors: `width` elements a step. */
template <class T>
void pack_b(const T* b, int64_t b_row, int64_t b_col, int cols, int64_t k, T* dst, int width) {
  constexpr int w = kLanes<T>;
  if (b_col == 1) {
    if (cols == kTileCols<T>) {
      for (int64_t p = 0; p < k; p++) {
        FB_UNROLL
        for (int v = 0; v < kTileVectors; v++) store(dst + p * width + v * w, load(b + p * b_row + v * w));
      }
      return;
    }
    for (int64_t p = 0; p < k; p++) {
      for (int j = 0; j < width; j += w) {
        const int n = cols - j < w ? cols - j : w;
        store(dst + p * width + j, n == w ? load(b + p * b_row + j) : load_part(b + p * b_row + j, n));
      }
    }
  } else if (b_row == 1) {
    for (int j = 0; j < cols; j += w) {
      pack_transposed<T, 1>(b + j * b_col, b_col, cols - j < w ? cols - j : w, k, dst + j, width);
    }
  } else {
    for (int64_t p = 0; p < k; p++) {
      for (int j = 0; j < width; j++) dst[p * width + j] = j < cols ? b[p * b_row + j * b_col] : T(0);
    }
  }
}

/**
 * A tile of A B^T where both are read along k: R rows of A against lanes / R rows of B, one accumulator a pair. Rows
 * past the end repeat the last one, and what they give is dropped.
 */
template <class T, int R>
void dot_tile(const T* a, int64_t a_row, int rows, const T* b, int64_t b_col, int cols, int64_t k, const Out<T>& out) {
  constexpr int w = kLanes<T>, n = w / R;
  const T* pa[R];
  const T* pb[n];
  for (int i = 0; i < R; i++) pa[i] = a + (i < rows ? i : rows - 1) * a_row;
  for (int j = 0; j < n; j++) pb[j] = b + (j < cols ? j : cols - 1) * b_col;
  Vec<T> acc[w];
  FB_UNROLL
  for (int i = 0; i < w; i++) acc[i] = Vec<T>{};
  int64_t p = 0;
  for (; p + w <= k; p += w) {
    Vec<T> x[R];
    FB_UNROLL
    for (int i = 0; i < R; i++) x[i] = load(pa[i] + p);
    FB_UNROLL
    for (int j = 0; j < n; j++) {
      const Vec<T> y = load(pb[j] + p);
      FB_UNROLL
      for (int i = 0; i < R; i++) acc[i * n + j] += x[i] * y;
    }
  }
  if (p < k) {
    const int rest = static_cast<int>(k - p);
    Vec<T> x[R];
    FB_UNROLL
    for (int i = 0; i < R; i++) x[i] = load_part(pa[i] + p, rest);
    FB_UNROLL
    for (int j = 0; j < n; j++) {
      const Vec<T> y = load_part(pb[j] + p, rest);
      FB_UNROLL
      for (int i = 0; i < R; i++) acc[i * n + j] += x[i] * y;
    }
  }
  alignas(64) T tile[w];
  store(tile, sum_each<T>(acc));
  if (R == 1 && rows == 1) {
    finish(tile, 1, cols, n, out);
    return;
  }
  for (int i = 0; i < R && i < rows; i++) {
    for (int j = 0; j < n && j < cols; j++) {
      T v = out.alpha * tile[i * n + j];
      T* c = out.c + i * out.c_row + j * out.c_col;
      if (out.beta != 0) v += out.beta * *c;
      if (out.bias) v += out.bias[i * out.bias_row + j * out.bias_col];
      *c = v;
    }
  }
}

/** Memory that a thread keeps for its next product. */
template <class T>
class Scratch {
 public:
  T* get(int64_t elements) {
    const size_t lines = static_cast<size_t>(elements) * sizeof(T) / sizeof(Line) + 1;
    if (lines > size_) {
      size_ = 0;
      memory_.reset();
      memory_ = std::make_unique<Line[]>(lines);
      size_ = lines;
    }
    return reinterpret_cast<T*>(memory_.get());
  }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::unique_ptr<Line[]> memory_;
  size_t size_ = 0;
};

}  // namespace
}  // namespace flambeau::FB_ISA
