// Direct convolution with vectors along the width, for few channels on either side (first layers, gradients to few
// channels, depthwise). Called by conv.cc; conv_row_weight.cc has the gradient of the weights.
//
// The register tile is MK result channels × RW rows × NV vectors of neighbouring pixels; per tap it loads RW × NV
// vectors of the source and broadcasts MK weights. The source is one image's rows in zero-padded scratch, one group at
// a time, and results go straight to their rows, so no layout is changed. A strided width is split into its residue
// classes in scratch, where neighbouring results read neighbouring values again. The gradient of the input is the same
// with the taps mirrored, its source spread out by the stride with zeros between.
#include "conv_row.h"

#include "../parallel.h"

namespace flambeau::FB_ISA {

RowGrid::RowGrid(const ConvShape& s, bool mirrored) {
  const int shift = 3 - s.dims;
  for (int d = 0; d < s.dims; d++) {
    const int r = d + shift;
    const int64_t reach = s.dilation[d] * (s.kernel[d] - 1);
    kernel[r] = s.kernel[d];
    dilation[r] = s.dilation[d];
    source[r] = mirrored ? s.out[d] : s.in[d];
    result[r] = mirrored ? s.in[d] : s.out[d];
    stride[r] = mirrored ? 1 : s.stride[d];
    spread[r] = mirrored ? s.stride[d] : 1;
    pad[r] = mirrored ? reach - s.pad[d] : s.pad[d];
  }
  span_b = dilation[1] * (kernel[1] - 1) + 1;
  span_a = dilation[0] * (kernel[0] - 1) + 1;
}

void RowGrid::set_lanes(int64_t lanes) {
  const int64_t reach = dilation[2] * (kernel[2] - 1) / stride[2];
  line = ((result[2] + lanes - 1) / lanes * lanes + reach + 16) / 16 * 16;
  pitch = line * stride[2];
}

template <class T>
void RowGrid::fill(Activations<const T> x, int64_t n, int64_t c0, int64_t channels, const RowStrip& s, T* out,
                   bool fresh) const {
  const int64_t lines_a = rows_a(s), lines_b = rows_b(s);
  const int64_t width = (source[2] - 1) * spread[2] + 1;
  if (fresh) std::memset(out, 0, static_cast<size_t>(channels * channel(s)) * sizeof(T));
  for (int64_t c = 0; c < channels; c++) {
    const T* image = x.at(n, c0 + c);
    for (int64_t a = 0; a < lines_a; a++)
      for (int64_t b = 0; b < lines_b; b++, out += pitch) {
        const int64_t from_a = source_row(0, s.a0 * stride[0] + a), from_b = source_row(1, s.b0 * stride[1] + b);
        if (from_a < 0 || from_b < 0) continue;
        const T* src = image + (from_a * source[1] + from_b) * source[2];
        if (spread[2] == 1 && stride[2] == 1) {
          const int64_t skip = std::max<int64_t>(0, -pad[2]), to = std::max<int64_t>(0, pad[2]);
          const int64_t count = std::min(source[2] - skip, line - to);
          if (count > 0) copy_line(src + skip, out + to, count);
        } else if (spread[2] == 1) {
          for (int64_t phase = 0; phase < stride[2]; phase++) {
            const int64_t first = phase - pad[2];  // source column of the first value of this class
            const int64_t i0 = first >= 0 ? 0 : (-first + stride[2] - 1) / stride[2];
            const int64_t room = source[2] - 1 - first;
            const int64_t i1 = room < 0 ? 0 : std::min(line, room / stride[2] + 1);
            T* dst = out + phase * line;
            const T* from = src + first;
            if (stride[2] == 2) {
              for (int64_t i = i0; i < i1; i++) dst[i] = from[2 * i];
            } else {
              for (int64_t i = i0; i < i1; i++) dst[i] = from[i * stride[2]];
            }
          }
        } else {  // zeros between; the width's stride is 1 here
          for (int64_t i = 0; i < source[2]; i++) {
            const int64_t to = i * spread[2] + pad[2];
            if (to >= 0 && to < std::min(line, width + pad[2])) out[to] = src[i];
          }
        }
      }
  }
}
template void RowGrid::fill<float>(Activations<const float>, int64_t, int64_t, int64_t, const RowStrip&, float*,
                                   bool) const;
template void RowGrid::fill<double>(Activations<const double>, int64_t, int64_t, int64_t, const RowStrip&, double*,
                                    bool) const;

namespace {

constexpr int kAccumulators = 2 * kTileRows;

/** The first `lanes` of each segment of a tile. Masked stores would take longer than a tile of few taps. */
template <class T>
__attribute__((noinline)) void store_tail(const T* tile, int64_t width, int64_t channels, int64_t segments, T* y,
                                          int64_t y_segment, int64_t y_channel, int64_t lanes) {
  constexpr int L = kLanes<T>;
  for (int64_t k = 0; k < channels; k++)
    for (int64_t r = 0; r < segments; r++, tile += width) {
      T* to = y + k * y_channel + r * y_segment;
      const T* from = tile;
      int64_t left = lanes;
      for (; left >= L; left -= L, from += L, to += L) store(to, load(from));
      FB_UNROLL for (int some = L / 2; some > 0; some /= 2) if (left & some) {
        std::memcpy(to, from, static_cast<size_t>(some) * sizeof(T));
        from += some;
        to += some;
      }
    }
}

/** Results [MK channels][RW segments][NV vectors], of which the first `lanes` lanes of a segment are stored. */
template <class T, int MK, int RW, int NV>
__attribute__((noinline)) void row_tile(const T* x, int64_t x_segment, int64_t taps, const int64_t* offset, const T* w,
                                        const T* bias, T* y, int64_t y_segment, int64_t y_channel, int64_t lanes) {
  constexpr int L = kLanes<T>;
  Vec<T> acc[MK][RW][NV];
  FB_UNROLL for (int k = 0; k < MK; k++) FB_UNROLL for (int r = 0; r < RW; r++) FB_UNROLL for (int v = 0; v < NV; v++)
      acc[k][r][v] = splat(bias[k]);
  for (int64_t t = 0; t < taps; t++, w += MK) {
    const T* p = x + offset[t];
    Vec<T> u[RW][NV];
    FB_UNROLL for (int r = 0; r < RW; r++) FB_UNROLL for (int v = 0; v < NV; v++) u[r][v] =
        load(p + r * x_segment + v * L);
    FB_UNROLL for (int k = 0; k < MK; k++) {
      const Vec<T> z = splat(w[k]);
      FB_UNROLL for (int r = 0; r < RW; r++) FB_UNROLL for (int v = 0; v < NV; v++) acc[k][r][v] =
          fma(acc[k][r][v], z, u[r][v]);
    }
  }
  if (lanes >= NV * L) {
    FB_UNROLL for (int k = 0; k < MK; k++) FB_UNROLL for (int r = 0; r < RW; r++) FB_UNROLL for (int v = 0; v < NV; v++)
        store(y + k * y_channel + r * y_segment + v * L, acc[k][r][v]);
    return;
  }
  alignas(64) T tile[MK * RW * NV * L];
  FB_UNROLL for (int k = 0; k < MK; k++) FB_UNROLL for (int r = 0; r < RW; r++) FB_UNROLL for (int v = 0; v < NV; v++)
      store(tile + ((k * RW + r) * NV + v) * L, acc[k][r][v]);
  store_tail<T>(tile, NV * L, MK, RW, y, y_segment, y_channel, lanes);
}

template <class T>
using RowTile = void (*)(const T*, int64_t, int64_t, const int64_t*, const T*, const T*, T*, int64_t, int64_t, int64_t);
template <class T>
struct Tiles {
  RowTile<T> many, two, one;  // `rows` segments, two, one
  int64_t rows;
};
template <class T, int MK, int NV>
constexpr Tiles<T> make_tiles() {
  constexpr int RW = std::max(1, std::min(8, kAccumulators / (MK * NV)));
  return {row_tile<T, MK, RW, NV>, row_tile<T, MK, std::min(RW, 2), NV>, row_tile<T, MK, 1, NV>, RW};
}
template <class T>
Tiles<T> tiles_for(int64_t channels, int vectors) {
  static constexpr Tiles<T> table[2][7] = {{{},
                                            make_tiles<T, 1, 1>(),
                                            make_tiles<T, 2, 1>(),
                                            make_tiles<T, 3, 1>(),
                                            make_tiles<T, 4, 1>(),
                                            {},
                                            make_tiles<T, 6, 1>()},
                                           {{},
                                            make_tiles<T, 1, 2>(),
                                            make_tiles<T, 2, 2>(),
                                            make_tiles<T, 3, 2>(),
                                            make_tiles<T, 4, 2>(),
                                            {},
                                            make_tiles<T, 6, 2>()}};
  return table[vectors - 1][channels];
}
/** Result channels of the next tile when `left` remain. */
int64_t next_channels(int64_t left) {
  if (left % 6 == 0) return 6;
  if (left % 4 == 0 || left > 4) return left == 5 ? 3 : 4;
  return left;
}

template <class T>
struct RowPass {
  RowGrid grid;
  int64_t images, groups, source, result;  // channels of one group
  Activations<const T> x;
  Activations<T> y;
  const T* w;
  int64_t w_group, w_result, w_source;
  bool mirrored;
  const T* bias;

  void run() {
    constexpr int L = kLanes<T>;
    const int64_t across = (grid.result[2] + L - 1) / L;
    const int vectors = across % 2 == 0 || across > 4 ? 2 : 1;
    grid.set_lanes(vectors * L);
    const int64_t taps = grid.kernel[0] * grid.kernel[1] * grid.kernel[2], all = source * taps;
    T* packed = conv_scratch().shared_weights.get<T>(groups * result * all + groups * result);
    T* start = packed + groups * result * all;
    for (int64_t g = 0; g < groups; g++) pack(g, taps, packed + g * result * all);
    for (int64_t k = 0; k < groups * result; k++) start[k] = bias ? bias[k] : T(0);
    const std::vector<RowStrip> strips = grid.strips(source, images * groups, sizeof(T));
    const int64_t count = static_cast<int64_t>(strips.size());
    // Small groups are taken several to a task.
    const int64_t total = images * groups * count, work = grid.result[0] * grid.result[1] * grid.line * result * all;
    parallel_for(total, std::max<int64_t>(1, 8 * kGrain * count / std::max<int64_t>(1, work)),
                 [&](int64_t begin, int64_t end) {
                   std::vector<int64_t> offset(static_cast<size_t>(all));
                   for (int64_t i = begin; i < end; i++) {
                     const RowStrip& s = strips[static_cast<size_t>(i % count)];
                     const int64_t g = i / count % groups, n = i / count / groups;
                     const bool fresh = i == begin || count > 1;
                     if (fresh) grid.offsets_by_row(source, s, offset.data());
                     one(n, g, s, vectors, fresh, offset, packed + g * result * all, start + g * result);
                   }
                 });
  }

 private:
  /** [block of channels][kernel row][source channel][kernel column][channel of the block] */
  void pack(int64_t g, int64_t taps, T* out) const {
    const int64_t columns = grid.kernel[2];
    for (int64_t k = 0, m; k < result; k += m) {
      m = next_channels(result - k);
      for (int64_t row = 0; row < taps; row += columns)
        for (int64_t c = 0; c < source; c++)
          for (int64_t t = row; t < row + columns; t++)
            for (int64_t j = 0; j < m; j++)
              *out++ = w[g * w_group + (k + j) * w_result + c * w_source + (mirrored ? taps - 1 - t : t)];
    }
  }

  /** Two rows a tile skip more taps in the padding than many: the cheaper, counted in multiplications. */
  int64_t rows_a_tile(const RowStrip& s, const Tiles<T>& tile) const {
    const auto cost = [&](int64_t rows) {
      int64_t sum = 0, from, to;
      for (int64_t b = s.b0; b < s.b1; b += rows) {
        grid.live_rows(std::min(b, s.b1 - rows), rows, &from, &to);
        sum += (to - from) * rows;
      }
      return sum;
    };
    const int64_t lines = s.b1 - s.b0;
    if (lines < 2 || tile.rows <= 2) return tile.rows;
    if (lines < tile.rows) return tile.rows;
    return 10 * cost(tile.rows) <= 11 * cost(2) ? tile.rows : 2;
  }

  void one(int64_t n, int64_t g, const RowStrip& s, int vectors, bool fresh, const std::vector<int64_t>& offset,
           const T* weights, const T* start) const {
    const int64_t step = vectors * kLanes<T>, taps = static_cast<int64_t>(offset.size());
    T* in = conv_scratch().input.get<T>(source * grid.channel(s));
    grid.fill(x, n, g * source, source, s, in, fresh);
    const int64_t width = grid.result[2], row = grid.stride[1] * grid.pitch, lines = s.b1 - s.b0;
    const int64_t row_taps = source * grid.kernel[2];
    for (int64_t k = 0; k < result;) {
      const int64_t m = next_channels(result - k);
      const Tiles<T> tile = tiles_for<T>(m, vectors);
      const T* panel = weights + k * taps;
      const int64_t rows = rows_a_tile(s, tile);
      for (int64_t a = s.a0; a < s.a1; a++) {
        const T* src = in + (a - s.a0) * grid.stride[0] * grid.rows_b(s) * grid.pitch;
        T* dst = y.at(n, g * result + k) + (a * grid.result[1] + s.b0) * width;
        if (lines >= rows) {
          const auto whole = rows == tile.rows ? tile.many : tile.two;
          for (int64_t i = 0; i < lines; i += rows) {
            const int64_t b = std::min(i, lines - rows);  // the last tile steps back to be whole
            int64_t from, to;
            grid.live_rows(s.b0 + b, rows, &from, &to);
            from *= row_taps;
            to *= row_taps;
            for (int64_t j = 0; j < width; j += step)
              whole(src + b * row + j, row, to - from, offset.data() + from, panel + from * m, start + k,
                    dst + b * width + j, width, y.channel, width - j);
          }
        } else {
          for (int64_t b = 0; b < lines; b++) {
            int64_t j = 0;
            for (; j + tile.rows * step <= width; j += tile.rows * step)
              tile.many(src + b * row + j, step, taps, offset.data(), panel, start + k, dst + b * width + j, step,
                        y.channel, step);
            for (; j < width; j += step)
              tile.one(src + b * row + j, 0, taps, offset.data(), panel, start + k, dst + b * width + j, 0, y.channel,
                       width - j);
          }
        }
      }
      k += m;
    }
  }
};

/** Padding, dilation or stride far beyond the image are left to other engines. */
bool moderate(const ConvShape& s) {
  for (int d = 0; d < s.dims; d++)
    if (s.stride[d] > 4 || s.pad[d] > 64 || s.dilation[d] * (s.kernel[d] - 1) > 128) return false;
  return s.n > 0 && s.cg() > 0 && s.og() > 0 && s.taps() > 0 && s.in_pixels() > 0 && s.out_pixels() > 0;
}
/** Lanes that hold results, of those that are computed. */
template <class T>
double used_lanes(int64_t width) {
  return static_cast<double>(width) / static_cast<double>((width + kLanes<T> - 1) / kLanes<T> * kLanes<T>);
}

}  // namespace

template <class T>
bool RowConv<T>::fits_forward(const ConvShape& s, const Activations<const T>& x, const Activations<T>& y) {
  if (!moderate(s) || x.step != 1 || y.step != 1) return false;
  const double used = used_lanes<T>(s.out[s.dims - 1]);
  if (s.cg() <= 4) return used >= 0.5 || s.og() <= 2;
  return s.og() <= 8 && used >= 0.5;
}
template <class T>
bool RowConv<T>::fits_backward_input(const ConvShape& s, const Activations<const T>& gy, const Activations<T>& gx) {
  if (!moderate(s) || gy.step != 1 || gx.step != 1) return false;
  int64_t spread = 1;
  for (int d = 0; d < s.dims; d++) spread *= s.stride[d];
  const double used = used_lanes<T>(s.in[s.dims - 1]);
  if (s.cg() <= 2 && s.og() <= 2) return true;
  return s.cg() * spread <= 8 && used >= 0.5;
}
template <class T>
bool RowConv<T>::fits_backward_weight(const ConvShape& s, const Activations<const T>& x,
                                      const Activations<const T>& gy) {
  if (!moderate(s) || x.step != 1 || gy.step != 1) return false;
  const double used = used_lanes<T>(s.out[s.dims - 1]);
  if (s.cg() <= 2 && s.og() <= 2) return true;
  return s.cg() <= 4 && used >= 0.7;
}

template <class T>
void RowConv<T>::forward(const ConvShape& s, Activations<const T> x, const T* w, const T* bias, Activations<T> y) {
  const int64_t taps = s.taps();
  RowPass<T>{RowGrid(s, false),      s.n,           s.groups, s.cg(), s.og(), x, y, w,
             s.og() * s.cg() * taps, s.cg() * taps, taps,     false,  bias}
      .run();
}
template <class T>
void RowConv<T>::backward_input(const ConvShape& s, Activations<const T> gy, const T* w, const T* bias,
                                Activations<T> gx) {
  const int64_t taps = s.taps();
  RowPass<T>{RowGrid(s, true),       s.n,  s.groups,      s.og(), s.cg(), gy, gx, w,
             s.og() * s.cg() * taps, taps, s.cg() * taps, true,   bias}
      .run();
}

template struct RowConv<float>;
template struct RowConv<double>;

}  // namespace flambeau::FB_ISA
