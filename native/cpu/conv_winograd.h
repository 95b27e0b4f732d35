// Winograd F(4×4, 3×3): the transforms, and tiles of a tensor gathered for them. Used by conv_winograd*.cc.
//
// Interpolation points 0, ±a, ±b and infinity with a² = 1/2, b² = 2. The textbook's 0, ±1, ±2 cost the same and have
// three times the error. With V = Bᵀ d B and U = G g Gᵀ, the 4×4 outputs of a tile are Aᵀ (U ∘ V) A; the gradient of
// the weights is Gᵀ ((A y Aᵀ) ∘ V) G.
#pragma once
#include <algorithm>
#include <cstdint>

#include "conv.h"
#include "conv_simd.h"

namespace flambeau::FB_ISA {

namespace winograd {

using V = Vec<float>;
inline constexpr int L = kLanes<float>;
inline constexpr int kPoints = 36;
inline constexpr int64_t kWide = 2 * L;  // result channels of a block
inline constexpr float kA = 0.707106781186547524f, kB = 1.41421356237309505f;

/** Bᵀ d: 6 → 6. */
FB_INLINE void input_transform(const V* d, V* o) {
  const V even_a = d[4] - 2.0f * d[2], odd_a = kA * (d[3] - 2.0f * d[1]);
  const V even_b = d[4] - 0.5f * d[2], odd_b = kB * (d[3] - 0.5f * d[1]);
  o[0] = d[0] + d[4] - 2.5f * d[2];
  o[1] = even_a + odd_a;
  o[2] = even_a - odd_a;
  o[3] = even_b + odd_b;
  o[4] = even_b - odd_b;
  o[5] = d[1] + d[5] - 2.5f * d[3];
}
/** Aᵀ m: 6 → 4. */
FB_INLINE void output_transform(const V* m, V* o) {
  const V sa = m[1] + m[2], da = m[1] - m[2], sb = m[3] + m[4], db = m[3] - m[4];
  o[0] = m[0] + sa + sb;
  o[1] = kA * da + kB * db;
  o[2] = 0.5f * sa + 2.0f * sb;
  o[3] = m[5] + 0.5f * kA * da + 2.0f * kB * db;
}
/** A y: 4 → 6. */
FB_INLINE void gradient_transform(const V* y, V* o) {
  const V even_a = y[0] + 0.5f * y[2], odd_a = kA * (y[1] + 0.5f * y[3]);
  const V even_b = y[0] + 2.0f * y[2], odd_b = kB * (y[1] + 2.0f * y[3]);
  o[0] = y[0];
  o[1] = even_a + odd_a;
  o[2] = even_a - odd_a;
  o[3] = even_b + odd_b;
  o[4] = even_b - odd_b;
  o[5] = y[3];
}
inline constexpr float kNa = -2.0f / 3.0f, kNb = 1.0f / 6.0f;
/** G g: 3 → 6. */
FB_INLINE void weight_transform(const V* g, V* o) {
  const V even_a = kNa * g[0] + 0.5f * kNa * g[2], odd_a = kNa * kA * g[1];
  const V even_b = kNb * g[0] + 2.0f * kNb * g[2], odd_b = kNb * kB * g[1];
  o[0] = g[0];
  o[1] = even_a + odd_a;
  o[2] = even_a - odd_a;
  o[3] = even_b + odd_b;
  o[4] = even_b - odd_b;
  o[5] = g[2];
}
/** Gᵀ q: 6 → 3. */
FB_INLINE void weight_gradient_transform(const V* q, V* o) {
  const V sa = q[1] + q[2], da = q[1] - q[2], sb = q[3] + q[4], db = q[3] - q[4];
  o[0] = q[0] + kNa * sa + kNb * sb;
  o[1] = kNa * kA * da + kNb * kB * db;
  o[2] = q[5] + 0.5f * kNa * sa + 2.0f * kNb * sb;
}

/** M f(M column) in both directions: from(row, column) reads, to(row, column, value) writes. */
template <int From, int To, void (*Transform)(const V*, V*), class Read, class Write>
FB_INLINE void both_ways(Read&& from, Write&& to) {
  V z[To][From], column[From], out[To];
  FB_UNROLL for (int j = 0; j < From; j++) {
    FB_UNROLL for (int i = 0; i < From; i++) column[i] = from(i, j);
    Transform(column, out);
    FB_UNROLL for (int i = 0; i < To; i++) z[i][j] = out[i];
  }
  FB_UNROLL for (int i = 0; i < To; i++) {
    Transform(z[i], out);
    FB_UNROLL for (int j = 0; j < To; j++) to(i, j, out[j]);
  }
}

/** Rounds a plane of floats up to an odd number of cache lines, so that the 36 planes fall into different sets. */
inline int64_t odd_lines(int64_t floats) {
  const int64_t lines = (floats + 15) / 16;
  return (lines | 1) * 16;
}
inline int64_t vector_pitch(int64_t channels) { return pixel_pitch<float>((channels + L - 1) / L * L); }

/** A run of tile rows [begin, end) of image n. */
struct Run {
  int64_t n, begin, end;
};

/** A source (height × width) cut into 4×4-step tiles that cover a result of out_h × out_w. */
struct Tiling {
  int64_t images, height, width, pad_h, pad_w, rows, columns;  // rows, columns: tiles of one image
  int64_t total_rows() const { return images * rows; }

  /** Calls f(run) for each image's share of tile rows [begin, end) counted over all images. */
  template <class F>
  void each_run(int64_t begin, int64_t end, F&& f) const {
    while (begin < end) {
      const int64_t n = begin / rows, row = begin % rows, stop = std::min(rows, row + end - begin);
      f(Run{n, row, stop});
      begin += stop - row;
    }
  }
};

/**
 * Channels [c, c + used) of a run's source pixels as [row][column][L], 4 pixels a tile plus `overlap`; zero outside.
 * Returns the pixels of a row.
 */
int64_t gather(const Tiling& t, const Run& run, Activations<const float> x, int64_t c, int64_t used, int64_t overlap,
               float* out);
/** V of a run: tile i, channel c of point p goes to out[p * plane + i * pitch + c]. */
void transform_input(const Tiling& t, const Run& run, Activations<const float> x, int64_t channels, float* out,
                     int64_t plane, int64_t pitch);

}  // namespace winograd

}  // namespace flambeau::FB_ISA
