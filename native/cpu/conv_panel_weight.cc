// The gradient of convolution weights as a matrix product over channel-major tensors. Called by conv.cc; see
// conv_panel.cc.
//
// Sums [k, output channels] += patches [k, pixels] × gradientᵀ [pixels, output channels], k = source channels × taps.
// A block is as many panels of pixels as keep its packed patches within half of L2; their rows are read in place, one
// register tile of them at a time, and the gradient is transposed into panels of a tile's width, each of which stays in
// L1 while all rows pass over it. A tile sums a block's pixels in registers and adds them once, so rounding errors stay
// small. Tasks own whole accumulators (ranges of blocks × ranges of output channels), which are added in a fixed order
// at the end; the gradient of the bias is one more row, whose patches are 1.
#include "conv_panel.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kPanelBytes = 200 << 10, kMostPanels = 16, kAccumulatorBytes = int64_t{8} << 20, kChunks = 4;

struct WeightPass {
  const ConvShape& s;
  const Patches& patches;
  Activations<const float> gy;
  float* gw;
  float* gb;

  const int64_t cols = patches.cols, sums = s.cg() * s.taps(), depth = sums + (gb ? 1 : 0);
  const int64_t strips = (s.og() + cols - 1) / cols, strip = depth * cols;  // of output channels, and its accumulator
  const int64_t tiles = (depth + gemm_tile().rows - 1) / gemm_tile().rows;
  const int64_t together = std::clamp<int64_t>(kPanelBytes / strip / 4, 4, kMostPanels);
  const int64_t pitch = (together + 1) * cols;  // of a row of patches; not a power of two

  void run() {
    const int64_t blocks = (patches.panels() + together - 1) / together, whole = s.groups * strips * strip;
    const int64_t chunks = std::clamp<int64_t>(kAccumulatorBytes / (whole * 4), 1, std::min(kChunks, blocks));
    const int64_t parts = std::clamp<int64_t>(2 * (num_threads() - 1) / (chunks * s.groups), 1, strips);
    float* const acc = conv_scratch().shared_a.get<float>(chunks * whole);
    parallel_tasks(s.groups * chunks * parts, [&](int64_t i) {
      const int64_t g = i / (chunks * parts), chunk = i / parts % chunks, part = i % parts;
      const int64_t first = blocks * chunk / chunks, last = blocks * (chunk + 1) / chunks;
      for (int64_t b = first; b < last; b++)
        add_block(g, b, strips * part / parts, strips * (part + 1) / parts, b > first,
                  acc + chunk * whole + g * strips * strip);
    });
    parallel_for(s.groups * strips, std::max<int64_t>(1, kGrain / (strip * chunks)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        float* const all = acc + i * strip;
        for (int64_t q = 1; q < chunks; q++)
          for (int64_t j = 0; j < strip; j += kLanes<float>) store(all + j, load(all + j) + load(all + q * whole + j));
        const int64_t o = i / strips * s.og() + i % strips * cols, used = std::min(cols, s.og() - i % strips * cols);
        move_2d<float>(sums, used, all, cols, 1, gw + o * sums, 1, sums);
        if (gb) std::copy_n(all + sums * cols, used, gb + o);
      }
    });
  }

 private:
  void add_block(int64_t g, int64_t block, int64_t strip0, int64_t strip1, bool add, float* acc) const {
    const int64_t first = block * together, last = std::min(patches.panels(), first + together);
    const int64_t p0 = first * cols, p1 = std::min(patches.pixels(), last * cols), taps = s.taps();
    float* const rows = conv_scratch().input.get<float>(depth * pitch);
    float* const grad = conv_scratch().output.get<float>((p1 - p0) * cols);
    std::vector<std::vector<Segment>> segs;
    for (int64_t i = first; i < last; i++) segs.push_back(patches.segments(i));
    patches.pack(g, segs, rows, cols, taps * pitch, pitch);
    if (gb) std::fill_n(rows + sums * pitch, p1 - p0, 1.f);
    for (int64_t b = strip0; b < strip1; b++) {
      const int64_t used = std::min(cols, s.og() - b * cols), image = s.out_pixels();
      if (used < cols) std::memset(grad, 0, static_cast<size_t>((p1 - p0) * cols) * sizeof(float));
      for (int64_t p = p0, count; p < p1; p += count) {
        count = std::min(image - p % image, p1 - p);
        move_2d<float>(used, count, gy.at(p / image, g * s.og() + b * cols) + p % image, gy.channel, 1,
                       grad + (p - p0) * cols, 1, cols);
      }
      for (int64_t t = 0; t < tiles; t++) {
        const int64_t r0 = t * depth / tiles, height = (t + 1) * depth / tiles - r0;
        multiply_panel(height, cols, p1 - p0, rows + r0 * pitch, pitch, grad, acc + b * strip + r0 * cols, cols, add);
      }
    }
  }
};

}  // namespace

void PanelConv::backward_weight(const ConvShape& shape, Activations<const float> x, Activations<const float> gy,
                                float* gw, float* gb) {
  const ConvShape s = row_aligned(shape);
  const Patches patches(x, s.in, s.stride, s.out, s.n, s.cg(), forward_grid(s).phases()[0].taps);
  WeightPass{s, patches, gy, gw, gb}.run();
}

}  // namespace flambeau::FB_ISA
