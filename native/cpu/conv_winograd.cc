// Winograd convolution F(4×4, 3×3), forward and to the input. Called by conv.cc; transforms in conv_winograd.h.
//
// A block of tiles is transformed into V [36][tile][channel], which fits L2; then, for each block of 2 vectors of
// result channels, 36 small matrix products with U [36][channel][2 vectors] give M [36][tile][2 vectors], and M is
// transformed back at once, so neither V nor M of the whole tensor ever exists. Where there are fewer tiles than
// result channels (deep layers, small images) it is U that is too large: then V of everything is made first, and each
// thread makes U of a block of result channels just before it is used, in chunks of source channels that fit L2.
#include "conv_winograd.h"

#include "../parallel.h"

namespace flambeau::FB_ISA {

bool& winograd_enabled() {
  static bool enabled = true;
  return enabled;
}

namespace winograd {

namespace {

/** `rows` lines of `width` pixels, a line `line` apart, to dst[row * pitch + pixel * L] with L channels a pixel. */
void pixels_to_lanes(const float* src, int64_t channel, int64_t step, int64_t used, int64_t rows, int64_t width,
                     int64_t line, float* dst, int64_t pitch) {
  if (step != 1) {
    for (int64_t r = 0; r < rows; r++, src += line * step, dst += pitch)
      for (int64_t i = 0; i < width; i++) {
        if (channel == 1) {
          store(dst + i * L, load_first(src + i * step, used));
          continue;
        }
        for (int64_t c = 0; c < L; c++) dst[i * L + c] = c < used ? src[i * step + c * channel] : 0.0f;
      }
    return;
  }
  // Whole lines are one long run of pixels: squares may then cross from one line to the next.
  const bool joined = width == line;
  const int64_t runs = joined ? 1 : rows, length = joined ? rows * width : width;
  for (int64_t r = 0; r < runs; r++, src += line) {
    float* d = dst + r * pitch;
    int64_t column = 0;
    for (int64_t p = 0; p < length; p += L) {
      V square[L];
      const int64_t left = std::min<int64_t>(L, length - p);
      if (used == L && left == L) {
        FB_UNROLL for (int c = 0; c < L; c++) square[c] = load(src + c * channel + p);
      } else {
        for (int c = 0; c < L; c++) square[c] = c < used ? load_first(src + c * channel + p, left) : V{};
      }
      transpose_square<float>(square);
      if (column + L <= width) {
        FB_UNROLL for (int i = 0; i < L; i++) if (i < left) store(d + (column + i) * L, square[i]);
        column += L;
      } else {
        for (int i = 0; i < left; i++) {
          if (column == width) {
            column = 0;
            d += pitch;
          }
          store(d + column++ * L, square[i]);
        }
      }
      if (column == width) {
        column = 0;
        d += pitch;
      }
    }
  }
}

}  // namespace

int64_t gather(const Tiling& t, const Run& run, Activations<const float> x, int64_t c, int64_t used, int64_t overlap,
               float* out) {
  const int64_t lines = 4 * (run.end - run.begin) + overlap, columns = 4 * t.columns + overlap;
  const int64_t top = 4 * run.begin - t.pad_h, left = -t.pad_w;
  const int64_t line0 = std::clamp<int64_t>(-top, 0, lines), line1 = std::clamp(t.height - top, line0, lines);
  const int64_t column0 = std::clamp<int64_t>(-left, 0, columns);
  const int64_t column1 = std::clamp(t.width - left, column0, columns);
  const auto zero = [&](int64_t line, int64_t from, int64_t to) {
    if (from >= to) return;
    std::memset(out + (line * columns + from) * L, 0, static_cast<size_t>((to - from) * L) * sizeof(float));
  };
  for (int64_t i = 0; i < lines; i++) {
    if (i < line0 || i >= line1) {
      zero(i, 0, columns);
    } else {
      zero(i, 0, column0);
      zero(i, column1, columns);
    }
  }
  if (line0 < line1 && column0 < column1)
    pixels_to_lanes(x.at(run.n, c) + ((top + line0) * t.width + left + column0) * x.step, x.channel, x.step, used,
                    line1 - line0, column1 - column0, t.width, out + (line0 * columns + column0) * L, columns * L);
  return columns;
}

void transform_input(const Tiling& t, const Run& run, Activations<const float> x, int64_t channels, float* out,
                     int64_t plane, int64_t pitch) {
  const int64_t lines = 4 * (run.end - run.begin) + 2;
  float* strip = conv_scratch().input.get<float>(lines * (4 * t.columns + 2) * L);
  for (int64_t c = 0; c < channels; c += L) {
    const int64_t columns = gather(t, run, x, c, std::min<int64_t>(L, channels - c), 2, strip);
    float* o = out + c;
    for (int64_t i = 0; i < run.end - run.begin; i++)
      for (int64_t j = 0; j < t.columns; j++, o += pitch) {
        const float* s = strip + (4 * i * columns + 4 * j) * L;
        both_ways<6, 6, input_transform>([&](int a, int b) { return load(s + (a * columns + b) * L); },
                                         [&](int a, int b, V v) { store(o + (6 * a + b) * plane, v); });
      }
  }
}

namespace {

/** out[R rows][NV vectors] (+)= a[R rows at pitch][channels] × u[channels][NV vectors]. */
template <int R, int NV>
__attribute__((noinline)) void product_tile(const float* a, int64_t pitch, const float* u, int64_t channels, float* out,
                                            bool add) {
  V acc[R][NV] = {};
  for (int64_t c = 0; c < channels; c++, u += NV * L) {
    V b[NV];
    FB_UNROLL for (int v = 0; v < NV; v++) b[v] = load(u + v * L);
    FB_UNROLL for (int r = 0; r < R; r++) {
      const V x = splat(a[r * pitch + c]);
      FB_UNROLL for (int v = 0; v < NV; v++) acc[r][v] = fma(acc[r][v], x, b[v]);
    }
  }
  FB_UNROLL for (int r = 0; r < R; r++) FB_UNROLL for (int v = 0; v < NV; v++) {
    float* o = out + (r * NV + v) * L;
    store(o, add ? load(o) + acc[r][v] : acc[r][v]);
  }
}
using ProductTile = void (*)(const float*, int64_t, const float*, int64_t, float*, bool);

constexpr int kThird = kTileRows / 3;

template <int NV>
void product(int64_t rows, const float* a, int64_t pitch, const float* u, int64_t channels, float* out, bool add) {
  int64_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows)
    product_tile<kTileRows, NV>(a + r * pitch, pitch, u, channels, out + r * NV * L, add);
  if (rows - r > 2 * kThird)
    product_tile<kTileRows, NV>(a + r * pitch, pitch, u, channels, out + r * NV * L, add);
  else if (rows - r > kThird)
    product_tile<2 * kThird, NV>(a + r * pitch, pitch, u, channels, out + r * NV * L, add);
  else if (rows > r)
    product_tile<kThird, NV>(a + r * pitch, pitch, u, channels, out + r * NV * L, add);
}

/** One direction: `source` channels to `result` channels; weight (result, source, tap), taps reversed if `flip`. */
struct Forward {
  Tiling t;
  int64_t out_h, out_w, source, result;
  Activations<const float> x;
  Activations<float> y;
  const float* w;
  int64_t w_result, w_source;
  bool flip;
  const float* bias;

  const int64_t pitch = vector_pitch(source);
  const int64_t blocks = (result + kWide - 1) / kWide;
  int64_t width(int64_t block) const { return result - block * kWide <= L ? L : kWide; }

  void run() {
    const int64_t tiles = t.total_rows() * t.columns;
    if (tiles <= result && blocks >= num_threads())
      run_by_result();
    else
      run_by_tiles();
  }

 private:
  /** Tile rows a block should hold: about `tiles` tiles, and an even share for every thread. */
  int64_t rows_a_block(int64_t tiles, int64_t threads) const {
    const int64_t rows = t.total_rows(), most = std::max<int64_t>(1, tiles / t.columns);
    int64_t count = (rows + most - 1) / most;
    if (count < 8 * threads) count = (count + threads - 1) / threads * threads;
    return (rows + count - 1) / count;
  }
  static int64_t padded(int64_t tiles) { return tiles + kTileRows; }

  void run_by_tiles() {
    const int64_t u_plane = odd_lines(source * kWide), u_block = kPoints * u_plane;
    float* u = conv_scratch().shared_weights.get<float>(blocks * u_block);
    parallel_tasks(blocks, [&](int64_t b) { transform_weights(b, 0, source, u + b * u_block, u_plane); });
    const int64_t want = std::clamp<int64_t>(110000 / (kPoints * source), source >= 128 ? 48 : 24, 96);
    const int64_t rows = rows_a_block(want, num_threads()), tiles = padded(rows * t.columns);
    const int64_t v_plane = odd_lines(tiles * pitch), m_plane = odd_lines(tiles * kWide);
    parallel_tasks((t.total_rows() + rows - 1) / rows, [&](int64_t i) {
      Scratch& scratch = conv_scratch();
      float* v = scratch.tile_a.get<float>(kPoints * v_plane);
      float* m = scratch.tile_b.get<float>(kPoints * m_plane);
      const int64_t begin = i * rows, end = std::min(t.total_rows(), begin + rows);
      const int64_t count = make_v(begin, end, v, v_plane);
      for (int64_t b = 0; b < blocks; b++) {
        multiply(b, count, v, v_plane, 0, source, u + b * u_block, u_plane, m, m_plane);
        write(b, begin, end, m, m_plane);
      }
    });
  }

  void run_by_result() {
    constexpr int64_t kChunk = 256;
    const int64_t rows = rows_a_block(64, 1), v_blocks = (t.total_rows() + rows - 1) / rows;
    const int64_t tiles = padded(rows * t.columns);
    const int64_t v_plane = odd_lines(tiles * pitch), m_plane = odd_lines(tiles * kWide);
    float* v = conv_scratch().shared_a.get<float>(v_blocks * kPoints * v_plane);
    // V is made in small pieces, so that every thread has some.
    const int64_t piece = std::max<int64_t>(1, (rows + 3) / 4), pieces = (rows + piece - 1) / piece;
    parallel_tasks(v_blocks * pieces, [&](int64_t i) {
      const int64_t block = i / pieces, stop = std::min(t.total_rows(), (block + 1) * rows);
      const int64_t begin = block * rows + i % pieces * piece, end = std::min(stop, begin + piece);
      float* to = v + block * kPoints * v_plane + (begin - block * rows) * t.columns * pitch;
      if (begin < end) make_v(begin, end, to, v_plane, end == stop);
    });
    const int64_t u_plane = odd_lines(std::min(source, kChunk) * kWide), m_block = kPoints * m_plane;
    parallel_tasks(blocks, [&](int64_t b) {
      Scratch& scratch = conv_scratch();
      float* u = scratch.tile_a.get<float>(kPoints * u_plane);
      float* m = scratch.tile_b.get<float>(v_blocks * m_block);
      for (int64_t c = 0; c < source; c += kChunk) {
        const int64_t c1 = std::min(source, c + kChunk);
        transform_weights(b, c, c1, u, u_plane);
        for (int64_t i = 0; i < v_blocks; i++) {
          const int64_t begin = i * rows, end = std::min(t.total_rows(), begin + rows);
          multiply(b, (end - begin) * t.columns, v + i * kPoints * v_plane, v_plane, c, c1, u, u_plane, m + i * m_block,
                   m_plane);
          if (c1 == source) write(b, begin, end, m + i * m_block, m_plane);
        }
      }
    });
  }

  /** V of tile rows [begin, end); with `last`, rows up to a whole register tile are zeroed. Returns the tiles. */
  int64_t make_v(int64_t begin, int64_t end, float* v, int64_t plane, bool last = true) const {
    int64_t tiles = 0;
    t.each_run(begin, end, [&](const Run& run) {
      transform_input(t, run, x, source, v + tiles * pitch, plane, pitch);
      tiles += (run.end - run.begin) * t.columns;
    });
    if (last)
      for (int p = 0; p < kPoints; p++)
        std::memset(v + p * plane + tiles * pitch, 0, static_cast<size_t>(kTileRows * pitch) * sizeof(float));
    return tiles;
  }

  /** U of result block b and source channels [c0, c1): point p, channel c at u[p * plane + (c - c0) * width]. */
  void transform_weights(int64_t b, int64_t c0, int64_t c1, float* u, int64_t plane) const {
    constexpr int64_t kTogether = 16;
    const int64_t wide = width(b);
    alignas(64) float taps[kTogether * 9 * L + L];
    for (int64_t q = 0; q < wide; q += L) {
      const int64_t first = b * kWide + q, used = std::min<int64_t>(L, result - first);
      if (used < L) std::memset(taps, 0, sizeof taps);
      for (int64_t c = c0; c < c1; c += kTogether) {
        const int64_t count = std::min(kTogether, c1 - c);
        const float* from = w + first * w_result + c * w_source;
        // Dense over channels and taps going forward; to the input, the taps of one channel at a time.
        const int64_t moves = w_source == 9 ? 1 : count, taps_each = 9 * count / moves;
        for (int64_t i = 0; i < moves; i++)
          move_2d<float>(used, taps_each, from + i * w_source, w_result, 1, taps + i * 9 * L, 1, L);
        for (int64_t i = 0; i < count; i++) {
          const float* g = taps + i * 9 * L;
          float* o = u + (c + i - c0) * wide + q;
          both_ways<3, 6, weight_transform>(
              [&](int a, int d) { return load(g + (flip ? 8 - (3 * a + d) : 3 * a + d) * L); },
              [&](int a, int d, V value) { store(o + (6 * a + d) * plane, value); });
        }
      }
    }
  }

  void multiply(int64_t b, int64_t tiles, const float* v, int64_t v_plane, int64_t c0, int64_t c1, const float* u,
                int64_t u_plane, float* m, int64_t m_plane) const {
    const auto run = width(b) == kWide ? product<2> : product<1>;
    for (int64_t p = 0; p < kPoints; p++)
      run(tiles, v + p * v_plane + c0, pitch, u + p * u_plane, c1 - c0, m + p * m_plane, c0 > 0);
  }

  /** Transforms M of tile rows [begin, end) back and writes result block b. */
  void write(int64_t b, int64_t begin, int64_t end, const float* m, int64_t plane) const {
    const int64_t wide = width(b);
    t.each_run(begin, end, [&](const Run& run) {
      const int64_t tiles = (run.end - run.begin) * t.columns;
      const int64_t top = 4 * run.begin, lines = std::min(out_h, 4 * run.end) - top;
      float* strip = conv_scratch().output.get<float>(lines * out_w * L);
      for (int64_t q = 0; q < wide; q += L) {
        const int64_t first = b * kWide + q, used = std::min<int64_t>(L, result - first);
        const V start = bias ? load_first(bias + first, used) : V{};
        for (int64_t i = 0; i < tiles; i++) {
          const float* from = m + i * wide + q;
          const int64_t line = i / t.columns * 4, column = i % t.columns * 4;
          const int64_t high = std::min<int64_t>(4, lines - line), across = std::min<int64_t>(4, out_w - column);
          float* to = strip + (line * out_w + column) * L;
          const auto read = [&](int a, int d) { return load(from + (6 * a + d) * plane); };
          if (high == 4 && across == 4) {
            both_ways<6, 4, output_transform>(
                read, [&](int a, int d, V value) { store(to + (a * out_w + d) * L, value + start); });
          } else {
            both_ways<6, 4, output_transform>(read, [&](int a, int d, V value) {
              if (a < high && d < across) store(to + (a * out_w + d) * L, value + start);
            });
          }
        }
        move_2d<float>(used, lines * out_w, strip, 1, L, y.at(run.n, first) + top * out_w * y.step, y.channel, y.step);
      }
      m += tiles * wide;
    });
  }
};

}  // namespace
}  // namespace winograd

bool WinogradConv::fits(const ConvShape& s) {
  if (s.dims != 2 || s.groups != 1 || s.c < 16 || s.o < 16) return false;
  for (int d = 0; d < 2; d++)
    if (s.kernel[d] != 3 || s.stride[d] != 1 || s.dilation[d] != 1 || s.pad[d] > 4 || s.out[d] < 3 || s.in[d] < 3)
      return false;
  return s.n * s.out_pixels() >= 64;
}

void WinogradConv::forward(const ConvShape& s, Activations<const float> x, const float* w, const float* bias,
                           Activations<float> y) {
  const winograd::Tiling t{s.n, s.in[0], s.in[1], s.pad[0], s.pad[1], (s.out[0] + 3) / 4, (s.out[1] + 3) / 4};
  winograd::Forward{t, s.out[0], s.out[1], s.c, s.o, x, y, w, s.c * 9, 9, false, bias}.run();
}

void WinogradConv::backward_input(const ConvShape& s, Activations<const float> gy, const float* w, const float* bias,
                                  Activations<float> gx) {
  const winograd::Tiling t{s.n, s.out[0], s.out[1], 2 - s.pad[0], 2 - s.pad[1], (s.in[0] + 3) / 4, (s.in[1] + 3) / 4};
  winograd::Forward{t, s.in[0], s.in[1], s.o, s.c, gy, gx, w, 9, s.c * 9, true, bias}.run();
}

}  // namespace flambeau::FB_ISA
