// The gradient of convolution weights, any shape: outer products over pixels. Called by conv.cc; see conv_pixel.cc.
//
// The register tile is kTileRows input channels (broadcast) × 2 vectors of output channels, summed over pixels. Input
// and output gradient are brought strip by strip into pixel-major scratch; of a strip, kPixels at a time stay in L1
// while all taps and channels pass over them. Each block of pixels is summed in registers from zero and then added, so
// rounding errors stay small. Tasks own whole accumulators (ranges of images × ranges of output channels), which are
// added in a fixed order at the end.
#include "conv_strip.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kPixels = 128;
constexpr int kStep = kTileRows / 3;

/** acc[R][NV vectors] += sum over pixels of x[offset[p] + r] * g[p * pitch + lane]. */
template <class T, int R, int NV>
__attribute__((noinline)) void weight_tile(int64_t pixels, const T* x, const int64_t* offset, const T* g, int64_t pitch,
                                           T* out) {
  constexpr int L = kLanes<T>;
  Vec<T> acc[R][NV] = {};
  for (int64_t p = 0; p < pixels; p++, g += pitch) {
    const T* a = x + offset[p];
    Vec<T> b[NV];
    FB_UNROLL for (int v = 0; v < NV; v++) b[v] = load(g + v * L);
    FB_UNROLL for (int r = 0; r < R; r++) {
      const Vec<T> s = splat(a[r]);
      FB_UNROLL for (int v = 0; v < NV; v++) acc[r][v] = fma(acc[r][v], s, b[v]);
    }
    FB_NO_MIXING;
  }
  FB_UNROLL for (int r = 0; r < R; r++) FB_UNROLL for (int v = 0; v < NV; v++) {
    T* o = out + (r * NV + v) * L;
    store(o, load(o) + acc[r][v]);
  }
}

template <class T>
using WeightTile = void (*)(int64_t, const T*, const int64_t*, const T*, int64_t, T*);

template <class T>
WeightTile<T> weight_tile_for(int rows, int vectors) {
  static constexpr WeightTile<T> tiles[2][3] = {
      {weight_tile<T, kStep, 1>, weight_tile<T, 2 * kStep, 1>, weight_tile<T, 3 * kStep, 1>},
      {weight_tile<T, kStep, 2>, weight_tile<T, 2 * kStep, 2>, weight_tile<T, 3 * kStep, 2>}};
  return tiles[vectors - 1][rows / kStep - 1];
}

template <class T>
struct WeightPass {
  const ConvShape& s;
  const Grid& grid;
  Activations<const T> x, gy;

  static constexpr int64_t kWide = 2 * kLanes<T>;
  const int64_t cg = s.cg(), og = s.og(), taps = s.taps(), blocks = (og + kWide - 1) / kWide;
  const int64_t channels = (cg + kStep - 1) / kStep * kStep;  // with zeros up to a whole tile
  const int64_t pitch = pixel_pitch<T>(channels);
  const int64_t panel = taps * channels * kWide;  // accumulators of one block of output channels
  const std::vector<Strip> strips = grid.strips(s.n, pitch + og, sizeof(T));

  int64_t width(int64_t block) const { return og - block * kWide <= kLanes<T> ? kLanes<T> : kWide; }

  void run(T* gw, T* gb) {
    constexpr int64_t kAccumulatorBytes = int64_t{8} << 20;
    const int64_t count = static_cast<int64_t>(strips.size());
    const int64_t whole = s.groups * blocks * panel;
    const int64_t chunks =
        std::max<int64_t>(1, std::min({int64_t{8}, count, kAccumulatorBytes / (whole * int64_t{sizeof(T)})}));
    const int64_t parts = std::min(blocks, std::max<int64_t>(1, 8 / (chunks * s.groups)));
    T* acc = conv_scratch().shared_a.get<T>(chunks * whole);
    const int64_t bias_whole = s.groups * blocks * kWide;
    std::vector<T> bias(static_cast<size_t>(chunks * bias_whole));
    parallel_tasks(s.groups * chunks * parts, [&](int64_t i) {
      const int64_t g = i / (chunks * parts), chunk = i / parts % chunks, part = i % parts;
      const int64_t b0 = blocks * part / parts, b1 = blocks * (part + 1) / parts;
      T* mine = acc + chunk * whole + (g * blocks + b0) * panel;
      std::memset(mine, 0, static_cast<size_t>((b1 - b0) * panel) * sizeof(T));
      for (int64_t j = count * chunk / chunks; j < count * (chunk + 1) / chunks; j++)
        add_strip(strips[static_cast<size_t>(j)], g, b0, b1, mine,
                  &bias[static_cast<size_t>(chunk * bias_whole + (g * blocks + b0) * kWide)]);
    });
    const auto finish = [&](int64_t i) { unpack(i / blocks, i % blocks, acc + i * panel, chunks, whole, gw); };
    if (whole * chunks < kGrain) {
      for (int64_t i = 0; i < s.groups * blocks; i++) finish(i);
    } else {
      parallel_tasks(s.groups * blocks, finish);
    }
    if (!gb) return;
    for (int64_t o = 0; o < s.o; o++) {
      gb[o] = 0;
      for (int64_t q = 0; q < chunks; q++)
        gb[o] += bias[static_cast<size_t>(q * bias_whole + o / og * blocks * kWide + o % og)];
    }
  }

 private:
  void add_strip(const Strip& strip, int64_t g, int64_t b0, int64_t b1, T* acc, T* bias) const {
    Scratch& scratch = conv_scratch();
    const int64_t plane = s.out[1] * s.out[2], rows = strip.i1 - strip.i0, image = rows * plane;
    const int64_t total = (strip.n1 - strip.n0) * image, k0 = b0 * kWide, k1 = std::min(og, b1 * kWide);
    T* in = scratch.input.get<T>(grid.scratch_pixels(strip) * pitch);
    grid.fill(strip, x, g * cg, cg, pitch, in);
    const int64_t used = (b1 - 1 - b0) * kWide + width(b1 - 1), gp = pixel_pitch<T>(used);
    T* grad = scratch.output.get<T>(total * gp);
    if (used != k1 - k0) std::memset(grad, 0, static_cast<size_t>(total * gp) * sizeof(T));
    for (int64_t n = strip.n0; n < strip.n1; n++)
      move_2d<T>(k1 - k0, image, gy.at(n, g * og + k0) + strip.i0 * plane * gy.step, gy.channel, gy.step,
                 grad + (n - strip.n0) * image * gp, 1, gp);
    for (int64_t b = 0; b < used; b += kLanes<T>) {
      Vec<T> sum[2] = {};
      for (int64_t p = 0; p < total; p++) sum[p % 2] += load(grad + p * gp + b);
      store(bias + b, load(bias + b) + (sum[0] + sum[1]));
    }
    std::vector<int64_t> offset;
    offset.reserve(static_cast<size_t>(total));
    for (int64_t n = 0; n < strip.n1 - strip.n0; n++)
      for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < s.out[1]; j++)
          for (int64_t k = 0; k < s.out[2]; k++) offset.push_back(grid.pixel(n, rows, i, j, k) * pitch);

    const int best = channels % (3 * kStep) == 0 || channels % (2 * kStep) != 0 ? 3 * kStep : 2 * kStep;
    for (int64_t p = 0; p < total; p += kPixels) {
      const int64_t pixels = std::min(kPixels, total - p);
      for (int64_t b = b0; b < b1; b++) {
        const int64_t v = width(b);
        for (const Tap& t : grid.phases()[0].taps)
          for (int64_t c = 0; c < channels; c += best) {
            const int r = static_cast<int>(std::min<int64_t>(best, channels - c));
            weight_tile_for<T>(r, static_cast<int>(v / kLanes<T>))(
                pixels, in + grid.tap_pixel(t) * pitch + c, &offset[static_cast<size_t>(p)],
                grad + p * gp + (b - b0) * kWide, gp, acc + (b - b0) * panel + (t.index * channels + c) * v);
          }
      }
    }
  }

  void unpack(int64_t g, int64_t block, const T* acc, int64_t chunks, int64_t whole, T* gw) const {
    const int64_t v = width(block), used = std::min(v, og - block * kWide);
    for (int64_t k = 0; k < used; k++) {
      T* out = gw + (g * og + block * kWide + k) * cg * taps;
      for (int64_t c = 0; c < cg; c++)
        for (int64_t t = 0; t < taps; t++) {
          T sum = 0;
          for (int64_t q = 0; q < chunks; q++) sum += acc[q * whole + (t * channels + c) * v + k];
          out[c * taps + t] = sum;
        }
    }
  }
};

}  // namespace

template <class T>
void PixelConv<T>::backward_weight(const ConvShape& s, Activations<const T> x, Activations<const T> gy, T* gw, T* gb) {
  const Grid grid = forward_grid(s);
  WeightPass<T>{s, grid, x, gy}.run(gw, gb);
}

template void PixelConv<float>::backward_weight(const ConvShape&, Activations<const float>, Activations<const float>,
                                                float*, float*);
template void PixelConv<double>::backward_weight(const ConvShape&, Activations<const double>, Activations<const double>,
                                                 double*, double*);

}  // namespace flambeau::FB_ISA
