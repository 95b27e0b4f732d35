// Winograd convolution F(4×4, 3×3), the gradient of the weights. Called by conv.cc; transforms in conv_winograd.h.
//
// Tiles are taken in blocks: V [36][tile][source] of the input and D [36][tile][result] of the output's gradient, then
// the 36 products Q[p] += V[p]ᵀ D[p], each one a sum over tiles in registers that is added once a block, so that sums
// are blocked. At the end Q is transformed to the 3×3 taps. Where Q is small, each task has its own Q and its own range
// of tiles, all in L2; where it is large there is one Q, and threads share the transforms of a block, then its
// products. The gradient of the bias is summed on the way, while the gradient of the output is in L1.
#include <vector>

#include "../parallel.h"
#include "conv_winograd.h"

namespace flambeau::FB_ISA {
namespace winograd {
namespace {

constexpr int kThird = kTileRows / 3;

/** out[R source channels][NV vectors] (+)= sum over tiles of v[tile][R]ᵀ × d[tile][NV vectors]. */
template <int R, int NV>
__attribute__((noinline)) void sum_tile(int64_t tiles, const float* v, int64_t v_pitch, const float* d, int64_t d_pitch,
                                        float* out, bool add) {
  V acc[R][NV] = {};
  for (int64_t i = 0; i < tiles; i++, v += v_pitch, d += d_pitch) {
    V b[NV];
    FB_UNROLL for (int q = 0; q < NV; q++) b[q] = load(d + q * L);
    FB_UNROLL for (int r = 0; r < R; r++) {
      const V x = splat(v[r]);
      FB_UNROLL for (int q = 0; q < NV; q++) acc[r][q] = fma(acc[r][q], x, b[q]);
    }
  }
  FB_UNROLL for (int r = 0; r < R; r++) FB_UNROLL for (int q = 0; q < NV; q++) {
    float* o = out + (r * NV + q) * L;
    store(o, add ? load(o) + acc[r][q] : acc[r][q]);
  }
}
using SumTile = void (*)(int64_t, const float*, int64_t, const float*, int64_t, float*, bool);
constexpr SumTile kSumTiles[2][3] = {{sum_tile<kThird, 1>, sum_tile<2 * kThird, 1>, sum_tile<3 * kThird, 1>},
                                     {sum_tile<kThird, 2>, sum_tile<2 * kThird, 2>, sum_tile<3 * kThird, 2>}};

struct Backward {
  Tiling x_tiles, y_tiles;
  int64_t source, result;
  Activations<const float> x, gy;

  const int64_t v_pitch = vector_pitch(source), d_pitch = vector_pitch(result);
  const int64_t channels = (source + kThird - 1) / kThird * kThird;  // V holds zeros up to a vector past `source`
  const int64_t blocks = (result + kWide - 1) / kWide;
  const int64_t q_block = channels * kWide, q_plane = odd_lines(blocks * q_block);
  int64_t width(int64_t block) const { return result - block * kWide <= L ? L : kWide; }

  void run(float* gw, float* gb) {
    const int64_t rows = x_tiles.total_rows();
    const bool own = kPoints * q_plane <= kOwnFloats;
    const int64_t chunks = own ? std::min<int64_t>(8, rows) : 1;
    float* q = conv_scratch().shared_weights.get<float>(chunks * kPoints * q_plane);
    const int64_t sums = own ? chunks : kSharedPieces;
    std::vector<float> bias(static_cast<size_t>(sums * d_pitch));
    if (own) {
      parallel_tasks(chunks, [&](int64_t i) {
        one_chunk(rows * i / chunks, rows * (i + 1) / chunks, q + i * kPoints * q_plane, bias.data() + i * d_pitch);
      });
    } else {
      shared(rows, q, bias.data());
    }
    parallel_tasks(blocks, [&](int64_t b) { finish(b, q + b * q_block, chunks, gw); });
    if (gb)
      for (int64_t k = 0; k < result; k++) {
        gb[k] = 0;
        for (int64_t i = 0; i < sums; i++) gb[k] += bias[static_cast<size_t>(i * d_pitch + k)];
      }
  }

 private:
  static constexpr int64_t kOwnFloats = 350000, kSharedPieces = 16;

  /** Rows a block should hold, about `floats` of V and D together. */
  int64_t rows_a_block(int64_t rows, int64_t floats, int64_t least, int64_t most) const {
    const int64_t tiles = std::clamp(floats / (kPoints * (v_pitch + d_pitch)), least, most);
    const int64_t step = std::max<int64_t>(1, tiles / x_tiles.columns), count = (rows + step - 1) / step;
    return (rows + count - 1) / count;
  }

  void one_chunk(int64_t first, int64_t last, float* q, float* bias) const {
    const int64_t columns = x_tiles.columns, step = rows_a_block(last - first, 300000, 24, 128);
    const int64_t v_plane = odd_lines(step * columns * v_pitch), d_plane = odd_lines(step * columns * d_pitch);
    float* v = conv_scratch().tile_a.get<float>(kPoints * v_plane);
    float* d = conv_scratch().tile_b.get<float>(kPoints * d_plane);
    for (int64_t begin = first; begin < last; begin += step) {
      const int64_t end = std::min(last, begin + step);
      int64_t at = 0;
      x_tiles.each_run(begin, end, [&](const Run& r) {
        transform_input(x_tiles, r, x, source, v + at * v_pitch, v_plane, v_pitch);
        transform_gradient(r, d + at * d_pitch, d_plane, bias);
        at += (r.end - r.begin) * columns;
      });
      for (int64_t p = 0; p < kPoints; p++)
        for (int64_t b = 0; b < blocks; b++)
          multiply(b, at, v + p * v_plane, d + p * d_plane, q + p * q_plane + b * q_block, begin > first);
    }
  }

  void shared(int64_t rows, float* q, float* bias) const {
    const int64_t columns = x_tiles.columns, step = rows_a_block(rows, 1500000, 64, 512);
    const int64_t v_plane = odd_lines(step * columns * v_pitch), d_plane = odd_lines(step * columns * d_pitch);
    float* v = conv_scratch().shared_a.get<float>(kPoints * v_plane);
    float* d = conv_scratch().shared_b.get<float>(kPoints * d_plane);
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t end = std::min(rows, begin + step), pieces = std::min(end - begin, kSharedPieces);
      const int64_t piece = (end - begin + pieces - 1) / pieces;
      parallel_tasks(2 * pieces, [&](int64_t i) {
        const int64_t from = begin + i / 2 * piece, to = std::min(end, from + piece);
        int64_t at = (from - begin) * columns;
        if (from >= to) return;
        x_tiles.each_run(from, to, [&](const Run& r) {
          if (i % 2 == 0)
            transform_input(x_tiles, r, x, source, v + at * v_pitch, v_plane, v_pitch);
          else
            transform_gradient(r, d + at * d_pitch, d_plane, bias + i / 2 * d_pitch);
          at += (r.end - r.begin) * columns;
        });
      });
      parallel_tasks(kPoints * blocks, [&](int64_t i) {
        const int64_t p = i / blocks, b = i % blocks;
        multiply(b, (end - begin) * columns, v + p * v_plane, d + p * d_plane, q + p * q_plane + b * q_block,
                 begin > 0);
      });
    }
  }

  void transform_gradient(const Run& run, float* out, int64_t plane, float* bias) const {
    float* strip = conv_scratch().input.get<float>(16 * (run.end - run.begin) * y_tiles.columns * L);
    for (int64_t c = 0; c < result; c += L) {
      const int64_t columns = gather(y_tiles, run, gy, c, std::min<int64_t>(L, result - c), 0, strip);
      V sum[4] = {};
      for (int64_t i = 0; i < 4 * (run.end - run.begin) * columns; i += 4)
        FB_UNROLL for (int j = 0; j < 4; j++) sum[j] += load(strip + (i + j) * L);
      store(bias + c, load(bias + c) + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
      float* o = out + c;
      for (int64_t i = 0; i < run.end - run.begin; i++)
        for (int64_t j = 0; j < y_tiles.columns; j++, o += d_pitch) {
          const float* s = strip + (4 * i * columns + 4 * j) * L;
          both_ways<4, 6, gradient_transform>([&](int a, int b) { return load(s + (a * columns + b) * L); },
                                              [&](int a, int b, V value) { store(o + (6 * a + b) * plane, value); });
        }
    }
  }

  void multiply(int64_t b, int64_t tiles, const float* v, const float* d, float* q, bool add) const {
    const int64_t wide = width(b);
    const int64_t best = channels % (3 * kThird) == 0 || channels % (2 * kThird) != 0 ? 3 * kThird : 2 * kThird;
    for (int64_t c = 0; c < channels; c += best) {
      const int64_t r = std::min(best, channels - c);
      kSumTiles[wide / L - 1][r / kThird - 1](tiles, v + c, v_pitch, d + b * kWide, d_pitch, q + c * wide, add);
    }
  }

  void finish(int64_t b, const float* q, int64_t chunks, float* gw) const {
    constexpr int64_t kTogether = 16;
    const int64_t wide = width(b);
    alignas(64) float taps[kTogether * 9 * L + L];
    for (int64_t k = 0; k < wide; k += L) {
      const int64_t first = b * kWide + k, used = std::min<int64_t>(L, result - first);
      for (int64_t c = 0; c < source; c += kTogether) {
        const int64_t count = std::min(kTogether, source - c);
        for (int64_t i = 0; i < count; i++) {
          const float* from = q + (c + i) * wide + k;
          both_ways<6, 3, weight_gradient_transform>(
              [&](int a, int e) {
                V all = load(from + (6 * a + e) * q_plane);
                for (int64_t n = 1; n < chunks; n++) all += load(from + (6 * a + e + n * kPoints) * q_plane);
                return all;
              },
              [&](int a, int e, V value) { store(taps + (i * 9 + 3 * a + e) * L, value); });
        }
        move_2d<float>(used, 9 * count, taps, 1, L, gw + (first * source + c) * 9, source * 9, 1);
      }
    }
  }
};

}  // namespace
}  // namespace winograd

void WinogradConv::backward_weight(const ConvShape& s, Activations<const float> x, Activations<const float> gy,
                                   float* gw, float* gb) {
  const int64_t rows = (s.out[0] + 3) / 4, columns = (s.out[1] + 3) / 4;
  const winograd::Tiling x_tiles{s.n, s.in[0], s.in[1], s.pad[0], s.pad[1], rows, columns};
  const winograd::Tiling y_tiles{s.n, s.out[0], s.out[1], 0, 0, rows, columns};
  winograd::Backward{x_tiles, y_tiles, s.c, s.o, x, gy}.run(gw, gb);
}

}  // namespace flambeau::FB_ISA
