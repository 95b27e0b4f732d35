// Direct convolution for any shape, forward and to the input (conv_pixel_weight.cc has the weights). Called by conv.cc.
//
// The register tile is kTileRows pixels × 2 vectors of output channels; per tap and input channel it broadcasts one
// value of each pixel and multiplies it with one row of a packed weight panel [tap][channel][2 vectors]. Pixels are
// found through a table of offsets, so one tile may span rows and images, and no shape needs a kernel of its own. The
// source is brought strip by strip into an L2-sized zero-padded pixel-major scratch; each panel then passes over the
// whole strip, and its results go through an L2-sized panel [pixel][2 vectors] to the layout of the output. The
// gradient of the input is the same with one grid per stride class: class a takes the taps k for which
// a + pad - k·dilation is divisible by the stride.
#include "conv_strip.h"

namespace flambeau::FB_ISA {

Grid forward_grid(const ConvShape& s) {
  Phase phase;
  for (int d = 0; d < 3; d++) {
    phase.extent[d] = s.out[d];
    phase.start[d] = 0;
    phase.step[d] = 1;
  }
  int64_t k[3], index = 0;
  for (k[0] = 0; k[0] < s.kernel[0]; k[0]++)
    for (k[1] = 0; k[1] < s.kernel[1]; k[1]++)
      for (k[2] = 0; k[2] < s.kernel[2]; k[2]++) {
        Tap t;
        for (int d = 0; d < 3; d++) t.d[d] = k[d] * s.dilation[d] - s.pad[d];
        t.index = index++;
        phase.taps.push_back(t);
      }
  return Grid(s.in, s.stride, {phase});
}

Grid backward_grid(const ConvShape& s) {
  std::vector<Phase> phases;
  int64_t a[3], k[3];
  for (a[0] = 0; a[0] < std::min(s.stride[0], s.in[0]); a[0]++)
    for (a[1] = 0; a[1] < std::min(s.stride[1], s.in[1]); a[1]++)
      for (a[2] = 0; a[2] < std::min(s.stride[2], s.in[2]); a[2]++) {
        Phase phase;
        for (int d = 0; d < 3; d++) {
          phase.extent[d] = (s.in[d] - a[d] + s.stride[d] - 1) / s.stride[d];
          phase.start[d] = a[d];
          phase.step[d] = s.stride[d];
        }
        int64_t index = 0;
        for (k[0] = 0; k[0] < s.kernel[0]; k[0]++)
          for (k[1] = 0; k[1] < s.kernel[1]; k[1]++)
            for (k[2] = 0; k[2] < s.kernel[2]; k[2]++, index++) {
              Tap t;
              bool divides = true;
              for (int d = 0; d < 3; d++) {
                const int64_t at = a[d] + s.pad[d] - k[d] * s.dilation[d];
                divides = divides && at % s.stride[d] == 0;
                t.d[d] = at / s.stride[d];
              }
              t.index = index;
              if (divides) phase.taps.push_back(t);
            }
        phases.push_back(std::move(phase));
      }
  const int64_t one[3] = {1, 1, 1};
  return Grid(s.out, one, std::move(phases));
}

namespace {

/** Pixels of a register tile that is NV vectors wide. */
constexpr int tile_pixels(int vectors) { return vectors == 2 ? kTileRows : kManyRegisters ? 20 : 12; }

/** acc += R pixels' channel at a + offset[r], times a row of the weight panel. */
template <class T, int R, int NV>
FB_INLINE void pixel_step(Vec<T> (&acc)[R][NV], const T* a, const int64_t* offset, const T* w) {
  Vec<T> b[NV];
  FB_UNROLL for (int v = 0; v < NV; v++) b[v] = load(w + v * kLanes<T>);
  FB_UNROLL for (int r = 0; r < R; r++) {
    const Vec<T> x = splat(a[offset[r]]);
    FB_UNROLL for (int v = 0; v < NV; v++) acc[r][v] = fma(acc[r][v], x, b[v]);
  }
  FB_NO_MIXING;
}

/** Pixels at in + offset[i], results to out + result[i] * (NV vectors). Taps are offsets into both operands. */
template <class T, int NV>
__attribute__((noinline)) void pixel_tile(const T* in, const int64_t* offset, int64_t taps, const int64_t* tap_in,
                                          const int64_t* tap_weight, int64_t channels, const T* weights, const T* bias,
                                          T* out, const int64_t* result) {
  constexpr int R = tile_pixels(NV), L = kLanes<T>, U = 2;
  Vec<T> acc[R][NV];
  FB_UNROLL for (int v = 0; v < NV; v++) {
    const Vec<T> start = load(bias + v * L);
    FB_UNROLL for (int r = 0; r < R; r++) acc[r][v] = start;
  }
  for (int64_t t = 0; t < taps; t++) {
    const T* a = in + tap_in[t];
    const T* w = weights + tap_weight[t];
    int64_t c = 0;
    for (; c + U <= channels; c += U, w += U * NV * L)
      FB_UNROLL for (int u = 0; u < U; u++) pixel_step<T, R, NV>(acc, a + c + u, offset, w + u * NV * L);
    for (; c < channels; c++, w += NV * L) pixel_step<T, R, NV>(acc, a + c, offset, w);
  }
  FB_UNROLL for (int r = 0; r < R; r++) {
    T* o = out + result[r] * (NV * L);
    FB_UNROLL for (int v = 0; v < NV; v++) store(o + v * L, acc[r][v]);
  }
}

/** The weights as the tiles read them: value (group, result channel, source channel, tap). */
template <class T>
struct Weights {
  const T* data;
  int64_t group, result, source, taps;
};

template <class T>
struct Pass {
  const ConvShape& shape;
  const Grid& grid;
  Activations<const T> source;
  int64_t source_channels, result_channels;  // of one group
  const int64_t* result_size;
  Activations<T> result;
  Weights<T> weights;
  const T* bias;

  static constexpr int64_t kWide = 2 * kLanes<T>;
  int64_t blocks() const { return (result_channels + kWide - 1) / kWide; }
  /** The last block is one vector wide where that is enough. */
  int64_t width(int64_t block) const { return result_channels - block * kWide <= kLanes<T> ? kLanes<T> : kWide; }

  void run() {
    const int64_t nb = blocks(), panel = weights.taps * source_channels * kWide;
    T* packed = conv_scratch().shared_weights.get<T>(shape.groups * nb * panel);
    const auto pack_one = [&](int64_t i) { pack(i / nb, i % nb, packed + i * panel); };
    if (shape.groups * nb * panel < kGrain) {
      for (int64_t i = 0; i < shape.groups * nb; i++) pack_one(i);
    } else {
      parallel_tasks(shape.groups * nb, pack_one);
    }
    const std::vector<Strip> strips = grid.strips(shape.n, source_channels, sizeof(T));
    const int64_t count = static_cast<int64_t>(strips.size());
    const int64_t parts = std::min(nb, std::max<int64_t>(1, 2 * num_threads() / (count * shape.groups)));
    parallel_tasks(shape.groups * count * parts, [&](int64_t i) {
      const int64_t g = i / (count * parts), strip = i / parts % count, part = i % parts;
      work(strips[static_cast<size_t>(strip)], g, nb * part / parts, nb * (part + 1) / parts, packed + g * nb * panel);
    });
  }

 private:
  void pack(int64_t g, int64_t block, T* out) const {
    constexpr int64_t kValues = 256, L = kLanes<T>;
    const int64_t v = width(block), taps = weights.taps;
    if (taps > kValues) return pack_plain(g, block, out);
    alignas(64) T lanes[kValues * L];
    const int64_t together = weights.source == taps ? kValues / taps : 1;
    for (int64_t q = 0; q < v; q += L) {
      const int64_t used = std::min(L, result_channels - block * kWide - q);
      if (used < L) std::memset(lanes, 0, sizeof lanes);
      const T* w = weights.data + g * weights.group + (block * kWide + q) * weights.result;
      for (int64_t c = 0; c < source_channels; c += together) {
        const int64_t count = std::min(together, source_channels - c);
        move_2d<T>(used, count * taps, w + c * weights.source, weights.result, 1, lanes, 1, L);
        for (int64_t i = 0; i < count; i++)
          for (int64_t t = 0; t < taps; t++)
            store(out + (t * source_channels + c + i) * v + q, load(lanes + (i * taps + t) * L));
      }
    }
  }
  void pack_plain(int64_t g, int64_t block, T* out) const {
    const int64_t v = width(block), used = std::min(v, result_channels - block * kWide), taps = weights.taps;
    if (used < v) std::memset(out, 0, static_cast<size_t>(taps * source_channels * v) * sizeof(T));
    for (int64_t k = 0; k < used; k++) {
      const T* w = weights.data + g * weights.group + (block * kWide + k) * weights.result;
      for (int64_t c = 0; c < source_channels; c++)
        for (int64_t t = 0; t < taps; t++) out[(t * source_channels + c) * v + k] = w[c * weights.source + t];
    }
  }

  /** Taps of a kernel row whose channels follow each other in both operands become one tap with all their channels. */
  int64_t merge_taps(std::vector<int64_t>& in, std::vector<int64_t>& weight, int64_t v) const {
    const int64_t c = source_channels;
    const auto follows = [&](size_t i) { return in[i] - in[i - 1] == c && weight[i] - weight[i - 1] == c * v; };
    size_t run = 1;
    while (run < in.size() && follows(run)) run++;
    if (run == 1 || in.size() % run != 0) return c;
    for (size_t i = 1; i < in.size(); i++)
      if (follows(i) != (i % run != 0)) return c;
    for (size_t i = 0; i * run < in.size(); i++) {
      in[i] = in[i * run];
      weight[i] = weight[i * run];
    }
    in.resize(in.size() / run);
    weight.resize(in.size());
    return c * static_cast<int64_t>(run);
  }

  void work(const Strip& strip, int64_t g, int64_t block0, int64_t block1, const T* packed) const {
    Scratch& scratch = conv_scratch();
    const int64_t pitch = pixel_pitch<T>(source_channels), rows = strip.i1 - strip.i0;
    const int64_t row_step = grid.phases()[0].step[0], plane = result_size[1] * result_size[2];
    const int64_t result_row0 = strip.i0 * row_step;
    const int64_t result_rows = std::min(result_size[0], strip.i1 * row_step) - result_row0;
    T* in = scratch.input.get<T>(grid.scratch_pixels(strip) * pitch);
    grid.fill(strip, source, g * source_channels, source_channels, pitch, in);
    T* out = scratch.output.get<T>((strip.n1 - strip.n0) * result_rows * plane * kWide);

    const size_t most = static_cast<size_t>((strip.n1 - strip.n0) * result_rows * plane) +
                        grid.phases().size() * static_cast<size_t>(tile_pixels(1));
    std::vector<int64_t> offset(most), place(most), tap_in, tap_weight;
    std::vector<size_t> begins;
    std::vector<int64_t> ends;
    size_t count = 0;
    for (const Phase& p : grid.phases()) {
      begins.push_back(count);
      for (int64_t n = 0; n < strip.n1 - strip.n0; n++)
        for (int64_t i = strip.i0; i < std::min(strip.i1, p.extent[0]); i++)
          for (int64_t j = 0; j < p.extent[1]; j++)
            for (int64_t k = 0; k < p.extent[2]; k++) {
              offset[count] = grid.pixel(n, rows, i - strip.i0, j, k) * pitch;
              const int64_t r0 = p.start[0] + i * p.step[0] - result_row0, r1 = p.start[1] + j * p.step[1];
              const int64_t r2 = p.start[2] + k * p.step[2];
              place[count++] = ((n * result_rows + r0) * result_size[1] + r1) * result_size[2] + r2;
            }
      // The last tile repeats the last pixel.
      ends.push_back(static_cast<int64_t>(count));
      for (int64_t i = 0; i < tile_pixels(1) && count > begins.back(); i++, count++) {
        offset[count] = offset[count - 1];
        place[count] = place[count - 1];
      }
    }

    for (int64_t b = block0; b < block1; b++) {
      const int64_t v = width(b), used = std::min(v, result_channels - b * kWide);
      const T* panel = packed + b * weights.taps * source_channels * kWide;
      T start[kWide] = {};
      if (bias) std::memcpy(start, bias + g * result_channels + b * kWide, static_cast<size_t>(used) * sizeof(T));
      for (size_t f = 0; f < ends.size(); f++) {
        tap_in.clear();
        tap_weight.clear();
        for (const Tap& t : grid.phases()[f].taps) {
          tap_in.push_back(grid.tap_pixel(t) * pitch);
          tap_weight.push_back(t.index * source_channels * v);
        }
        const int64_t channels = merge_taps(tap_in, tap_weight, v);
        const auto tile = v == kWide ? pixel_tile<T, 2> : pixel_tile<T, 1>;
        const int64_t pixels = tile_pixels(v == kWide ? 2 : 1);
        for (int64_t at = static_cast<int64_t>(begins[f]); at < ends[f]; at += pixels)
          tile(in, &offset[static_cast<size_t>(at)], static_cast<int64_t>(tap_in.size()), tap_in.data(),
               tap_weight.data(), channels, panel, start, out, &place[static_cast<size_t>(at)]);
      }
      for (int64_t n = strip.n0; n < strip.n1; n++)
        move_2d<T>(used, result_rows * plane, out + (n - strip.n0) * result_rows * plane * v, 1, v,
                   result.at(n, g * result_channels + b * kWide) + result_row0 * plane * result.step, result.channel,
                   result.step);
    }
  }
};

}  // namespace

template <class T>
bool PixelConv<T>::fits(const ConvShape& s) {
  if (s.n == 0 || s.cg() == 0 || s.og() == 0 || s.taps() == 0) return false;
  if (s.out_pixels() == 0 || s.in_pixels() == 0) return false;
  // Padding or dilation far beyond the image would make a scratch of mostly zeros; so would a huge stride many classes.
  double inner = 1, classes = 1;
  for (int d = 0; d < 3; d++) {
    const double reach = static_cast<double>(s.dilation[d]) * static_cast<double>(s.kernel[d] - 1) + 1;
    const double walk = static_cast<double>(s.out[d] - 1) * static_cast<double>(s.stride[d]);
    const double forward = d == 0 ? reach : walk + reach;
    inner *= std::max(forward, static_cast<double>(s.in[d]) + 2 * reach + static_cast<double>(s.pad[d]));
    classes *= static_cast<double>(std::min(s.stride[d], s.in[d]));
  }
  const double real = static_cast<double>(s.in_pixels()) + static_cast<double>(s.out_pixels());
  return inner <= 64 * real + 65536 && classes <= 4096;
}

template <class T>
void PixelConv<T>::forward(const ConvShape& s, Activations<const T> x, const T* w, const T* bias, Activations<T> y) {
  const Grid grid = forward_grid(s);
  const int64_t taps = s.taps();
  const Weights<T> weights{w, s.og() * s.cg() * taps, s.cg() * taps, taps, taps};
  Pass<T>{s, grid, x, s.cg(), s.og(), s.out, y, weights, bias}.run();
}

template <class T>
void PixelConv<T>::backward_input(const ConvShape& s, Activations<const T> gy, const T* w, const T* bias,
                                  Activations<T> gx) {
  const Grid grid = backward_grid(s);
  const int64_t taps = s.taps();
  const Weights<T> weights{w, s.og() * s.cg() * taps, taps, s.cg() * taps, taps};
  Pass<T>{s, grid, gy, s.og(), s.cg(), s.in, gx, weights, bias}.run();
}

template bool PixelConv<float>::fits(const ConvShape&);
template bool PixelConv<double>::fits(const ConvShape&);
template void PixelConv<float>::forward(const ConvShape&, Activations<const float>, const float*, const float*,
                                        Activations<float>);
template void PixelConv<double>::forward(const ConvShape&, Activations<const double>, const double*, const double*,
                                         Activations<double>);
template void PixelConv<float>::backward_input(const ConvShape&, Activations<const float>, const float*, const float*,
                                               Activations<float>);
template void PixelConv<double>::backward_input(const ConvShape&, Activations<const double>, const double*,
                                                const double*, Activations<double>);

}  // namespace flambeau::FB_ISA
