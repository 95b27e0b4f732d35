// Convolution as a matrix product over channel-major tensors, forward and to the input. Called by conv.cc.
//
// Results [channels, pixels] = weights [channels, k] × patches [k, pixels], with k = taps × source channels. The weights
// are packed once into tiles of the matrix product's rows. Pixels are counted through rows and images, a panel is one
// register tile of them; as many panels as fit half of L2 have their patches packed straight from the source, padding
// and stride included, so that neither tensor changes its layout. Then each weight tile, kDepth of k at a time so that
// it stays in L1, passes over the panels. A panel whose pixels are neighbours in the result is written in place; others
// go through a tile-sized buffer. The gradient of the input is one such product for each stride class; classes that
// interleave along the width are computed together and zipped on the way out.
#include "conv_strip.h"
#include "gemm.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kDepth = 384, kPanelBytes = 200 << 10;

/** Up to a vector of neighbouring lanes of a packed row, taken from `from`; zeros behind the first `count`. */
struct Piece {
  int64_t from, at, count;
};
/** Neighbouring pixels of one row of the grid: lanes [lane, lane + length) of a panel. */
struct Segment {
  int64_t n, i[3], lane, length;
};
/** Stride classes that differ in nothing but the width's: their results interleave in the same rows. */
struct Unit {
  int64_t extent[3], first_phase, phases;
  int64_t pixels() const { return extent[0] * extent[1] * extent[2]; }
};

template <int... I>
FB_INLINE Vec<float> even_lanes(Vec<float> a, Vec<float> b, std::integer_sequence<int, I...>) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, 2 * I...);
#else
  typedef int32_t Mask __attribute__((vector_size(kVectorBytes)));
  return __builtin_shuffle(a, b, Mask{2 * I...});
#endif
}
using AllLanes = std::make_integer_sequence<int, kLanes<float>>;

/** The first `count` of the values at p, p + step, …, then zeros. */
FB_INLINE Vec<float> take(const float* p, int64_t step, int64_t count) {
  constexpr int L = kLanes<float>;
  if (step == 1) return load_first(p, count);
  if (step == 2) return even_lanes(load_first(p, 2 * count - 1), load_first(p + L, 2 * count - 1 - L), AllLanes{});
  Vec<float> v{};
  for (int i = 0; i < L && i < count; i++) v[i] = p[i * step];
  return v;
}

/** Copies `count` values; whole vectors where there is one, the last stepping back. */
FB_INLINE void copy_run(const float* from, float* to, int64_t count) {
  constexpr int64_t L = kLanes<float>;
  if (count < L) {
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i < count; i += L) {
    const int64_t at = std::min(i, count - L);
    store(to + at, load(from + at));
  }
}

struct PanelPass {
  int64_t images, groups;
  Activations<const float> source;
  int64_t source_channels, result_channels;  // of one group
  const int64_t* source_size;
  const int64_t* source_step;  // source positions between neighbours of the grid
  Activations<float> result;
  const int64_t* result_size;
  const float* weights;
  int64_t w_group, w_result, w_source;
  const float* bias;
  std::vector<Phase> phases;

  const int64_t cols = gemm_tile().cols, tiles = (result_channels + gemm_tile().rows - 1) / gemm_tile().rows;
  std::vector<Unit> units{};
  std::vector<int64_t> packed_at{};  // of each phase, in a group's packed weights

  int64_t depth(int64_t phase) const {
    return static_cast<int64_t>(phases[static_cast<size_t>(phase)].taps.size()) * source_channels + (bias ? 1 : 0);
  }
  /** With a row behind it, for the last one's overrun, and so that panels do not begin in the same cache sets. */
  int64_t panel_size(int64_t phase) const { return (depth(phase) + 1) * cols; }
  int64_t tile_row(int64_t tile) const { return tile * result_channels / tiles; }

  void run() {
    const int64_t count = static_cast<int64_t>(phases.size());
    int64_t all = 0;
    for (int64_t f = 0; f < count; f++) {
      const Phase& p = phases[static_cast<size_t>(f)];
      packed_at.push_back(all);
      all += depth(f) * result_channels;
      if (f > 0 && p.start[2] > 0) {
        units.back().phases++;
      } else {
        units.push_back({{p.extent[0], p.extent[1], p.extent[2]}, f, 1});
      }
    }
    float* const packed = conv_scratch().shared_weights.get<float>(groups * all);
    const auto pack_tile = [&](int64_t i) {
      const int64_t g = i / (count * tiles), f = i / tiles % count;
      pack_weights(g, f, i % tiles, packed + g * all + packed_at[static_cast<size_t>(f)]);
    };
    if (groups * all < kGrain) {
      for (int64_t i = 0; i < groups * count * tiles; i++) pack_tile(i);
    } else {
      parallel_tasks(groups * count * tiles, pack_tile);
    }
    struct Task {
      int64_t unit, first, last;
    };
    std::vector<Task> tasks;
    for (size_t u = 0; u < units.size(); u++) {
      int64_t bytes = 0;
      for (int64_t f = 0; f < units[u].phases; f++) bytes += depth(units[u].first_phase + f) * cols * 4;
      const int64_t panels = (images * units[u].pixels() + cols - 1) / cols;
      const int64_t fit = std::clamp<int64_t>(kPanelBytes / std::max<int64_t>(1, bytes), 1, 64);
      const int64_t blocks = std::max((panels + fit - 1) / fit, std::min<int64_t>(panels, 2 * (num_threads() - 1)));
      for (int64_t b = 0; b < blocks; b++)
        tasks.push_back({static_cast<int64_t>(u), b * panels / blocks, (b + 1) * panels / blocks});
    }
    const int64_t total = static_cast<int64_t>(tasks.size()) * groups;
    const int64_t parts = std::clamp<int64_t>(num_threads() / std::max<int64_t>(1, total), 1, tiles);
    parallel_tasks(total * parts, [&](int64_t i) {
      const Task& t = tasks[static_cast<size_t>(i / parts / groups)];
      const int64_t g = i / parts % groups, part = i % parts;
      block(g, units[static_cast<size_t>(t.unit)], t.first, t.last, tiles * part / parts, tiles * (part + 1) / parts,
            packed + g * all);
    });
  }

 private:
  /** One tile's rows of a phase: [source channel][tap][row], then the bias, whose patch value is 1. */
  void pack_weights(int64_t g, int64_t phase, int64_t tile, float* out) const {
    const std::vector<Tap>& taps = phases[static_cast<size_t>(phase)].taps;
    const int64_t r0 = tile_row(tile), rows = tile_row(tile + 1) - r0, k = depth(phase);
    out += r0 * k;
    for (int64_t r = 0; r < rows; r++) {
      const float* w = weights + g * w_group + (r0 + r) * w_result;
      float* to = out + r;
      for (int64_t c = 0; c < source_channels; c++, w += w_source)
        for (const Tap& t : taps) {
          *to = w[t.index];
          to += rows;
        }
      if (bias) *to = bias[g * result_channels + r0 + r];
    }
  }

  /** The rows that pixels [first, first + cols) of a unit lie in. */
  void segments(const Unit& u, int64_t first, std::vector<Segment>& out) const {
    out.clear();
    const int64_t end = std::min(first + cols, images * u.pixels());
    for (int64_t p = first; p < end;) {
      const int64_t l = p % u.extent[2], row = p / u.extent[2], length = std::min(u.extent[2] - l, end - p);
      const int64_t i1 = row % u.extent[1], i0 = row / u.extent[1] % u.extent[0];
      out.push_back({row / u.extent[1] / u.extent[0], {i0, i1, l}, p - first, length});
      p += length;
    }
  }

  /** Where the lanes of a panel's rows find one channel's values for all taps of a phase, from image 0 on. */
  void pieces(const std::vector<Segment>& segs, const std::vector<Tap>& taps, std::vector<Piece>& out) const {
    constexpr int64_t L = kLanes<float>;
    out.clear();
    int64_t row = 0;
    const auto zeros = [&](int64_t from, int64_t to) {
      for (int64_t at = from; at < to; at += L) out.push_back({0, row + at, 0});
    };
    for (const Tap& tap : taps) {
      for (const Segment& s : segs) {
        const int64_t h0 = s.i[0] * source_step[0] + tap.d[0], h1 = s.i[1] * source_step[1] + tap.d[1];
        const int64_t step = source_step[2], h2 = s.i[2] * step + tap.d[2], room = source_size[2] - 1 - h2;
        int64_t lo = h2 >= 0 ? 0 : std::min(s.length, (-h2 + step - 1) / step);
        int64_t hi = room < 0 ? 0 : std::min(s.length, room / step + 1);
        if (h0 < 0 || h0 >= source_size[0] || h1 < 0 || h1 >= source_size[1]) hi = 0;
        if (hi <= lo) {
          zeros(s.lane, s.lane + s.length);
          continue;
        }
        zeros(s.lane, s.lane + lo);
        const int64_t from = s.n * source.image + (h0 * source_size[1] + h1) * source_size[2] + h2;
        for (; lo < hi; lo += L) out.push_back({from + lo * step, row + s.lane + lo, std::min(L, hi - lo)});
        zeros(s.lane + std::min(lo, s.length), s.lane + s.length);
      }
      zeros(segs.back().lane + segs.back().length, cols);
      row += cols;
    }
  }

  /**
   * The patches of panels that follow each other, each [channel][tap][lane]; what a row writes too much, the next one
   * overwrites. Channel after channel, for the panels read neighbouring memory.
   */
  template <int kStep>
  void pack_panels(const float* from, const std::vector<std::vector<Piece>>& lists, int64_t row,
                   int64_t panel, float* to) const {
    const int64_t panels = static_cast<int64_t>(lists.size()), ahead = 4 * source.channel;
    for (int64_t c = 0; c < source_channels; c++, from += source.channel, to += row)
      for (int64_t i = 0; i < panels; i++) {
        float* const out = to + i * panel;
        for (const Piece& p : lists[static_cast<size_t>(i)]) {
          const float* const at = from + p.from;
          __builtin_prefetch(at + ahead);
          store(out + p.at, take(at, kStep ? kStep : source_step[2], p.count));
        }
      }
  }

  /** Where a panel's results lie side by side in the result, from its first channel on; null where they do not. */
  float* in_place(int64_t g, const Unit& u, const std::vector<Segment>& segs) const {
    const Phase& p = phases[static_cast<size_t>(u.first_phase)];
    if (p.step[2] != 1) return nullptr;
    const bool dense = p.step[0] == 1 && p.step[1] == 1 && segs.front().n == segs.back().n;
    if (segs.size() > 1 && !dense) return nullptr;
    return place(g, p, segs.front());
  }
  float* place(int64_t g, const Phase& p, const Segment& s) const {
    const int64_t r0 = p.start[0] + s.i[0] * p.step[0], r1 = p.start[1] + s.i[1] * p.step[1];
    return result.at(s.n, g * result_channels) + (r0 * result_size[1] + r1) * result_size[2] + p.start[2] +
           s.i[2] * p.step[2];
  }

  void block(int64_t g, const Unit& u, int64_t first, int64_t last, int64_t tile0, int64_t tile1,
             const float* packed) const {
    const int64_t panels = last - first, rows = gemm_tile().rows, tile = rows * cols;
    std::vector<std::vector<Segment>> segs(static_cast<size_t>(panels));
    std::vector<std::vector<Piece>> lists(static_cast<size_t>(panels));
    std::vector<float*> places;
    std::vector<int64_t> used, patches;
    int64_t total = 0;
    for (int64_t f = 0; f < u.phases; f++) {
      patches.push_back(total);
      total += panel_size(u.first_phase + f) * panels;
    }
    float* const in = conv_scratch().input.get<float>(total);
    float* const buffer = conv_scratch().output.get<float>(u.phases * panels * tile);
    for (int64_t i = 0; i < panels; i++) {
      std::vector<Segment>& s = segs[static_cast<size_t>(i)];
      segments(u, (first + i) * cols, s);
      used.push_back(s.back().lane + s.back().length);
      places.push_back(in_place(g, u, s));
    }
    for (int64_t f = 0; f < u.phases; f++) {
      float* const to = in + patches[static_cast<size_t>(f)];
      const std::vector<Tap>& taps = phases[static_cast<size_t>(u.first_phase + f)].taps;
      for (size_t i = 0; i < segs.size(); i++) pieces(segs[i], taps, lists[i]);
      const int64_t panel = panel_size(u.first_phase + f), row = static_cast<int64_t>(taps.size()) * cols;
      const float* const from = source.data + g * source_channels * source.channel;
      if (source_step[2] == 1)
        pack_panels<1>(from, lists, row, panel, to);
      else if (source_step[2] == 2)
        pack_panels<2>(from, lists, row, panel, to);
      else
        pack_panels<0>(from, lists, row, panel, to);
      for (int64_t i = 0; bias && i < panels; i++) std::fill_n(to + (i + 1) * panel - 2 * cols, cols, 1.f);
    }
    for (int64_t t = tile0; t < tile1; t++) {
      const int64_t r0 = tile_row(t), height = tile_row(t + 1) - r0;
      for (int64_t f = 0; f < u.phases; f++) {
        const int64_t k = depth(u.first_phase + f), cuts = std::max<int64_t>(1, (k + kDepth - 1) / kDepth);
        const float* const a = packed + packed_at[static_cast<size_t>(u.first_phase + f)] + r0 * k;
        for (int64_t cut = 0; cut < cuts; cut++) {
          const int64_t k0 = cut * k / cuts, k1 = (cut + 1) * k / cuts;
          for (int64_t i = 0; i < panels; i++) {
            float* const at = places[static_cast<size_t>(i)];
            const float* const b = in + patches[static_cast<size_t>(f)] + i * panel_size(u.first_phase + f) + k0 * cols;
            multiply_panel(height, used[static_cast<size_t>(i)], k1 - k0, a + k0 * height, b,
                           at ? at + r0 * result.channel : buffer + (f * panels + i) * tile,
                           at ? result.channel : cols, cut > 0);
          }
        }
      }
      for (int64_t i = 0; i < panels; i++)
        if (!places[static_cast<size_t>(i)])
          spread(g, u, segs[static_cast<size_t>(i)], r0, height, buffer + i * tile, panels * tile);
    }
  }

  /** Brings a tile from the buffer to its rows of the result; the classes of the width lie `phase` values apart. */
  void spread(int64_t g, const Unit& u, const std::vector<Segment>& segs, int64_t r0, int64_t height,
              const float* tile, int64_t phase) const {
    constexpr int64_t L = kLanes<float>;
    const Phase& p = phases[static_cast<size_t>(u.first_phase)];
    for (const Segment& s : segs) {
      float* to = place(g, p, s) + r0 * result.channel;
      const int64_t room = result_size[2] - s.i[2] * p.step[2];
      const float* from = tile + s.lane;
      for (int64_t r = 0; r < height; r++, to += result.channel, from += cols) {
        if (p.step[2] == 1) {
          copy_run(from, to, s.length);
          continue;
        }
        int64_t i = 0;
        if (p.step[2] == 2 && u.phases == 2)
          for (; i + L <= s.length && 2 * (i + L) <= room; i += L) {
            const Vec<float> a = load(from + i), b = load(from + phase + i);
            store(to + 2 * i, zip<float, 0>(a, b, AllLanes{}));
            store(to + 2 * i + L, zip<float, L / 2>(a, b, AllLanes{}));
          }
        for (; i < s.length; i++)
          for (int64_t f = 0; f < u.phases && i * p.step[2] + f < room; f++)
            to[i * p.step[2] + f] = from[f * phase + i];
      }
    }
  }
};

/** Spatial dims moved to the right, so that the last one is the width; a pointwise convolution has one long row. */
ConvShape aligned(const ConvShape& s) {
  ConvShape a = s;
  const int shift = 3 - s.dims;
  for (int d = 0; d < 3; d++) {
    const bool real = d >= shift;
    a.in[d] = real ? s.in[d - shift] : 1;
    a.out[d] = real ? s.out[d - shift] : 1;
    a.kernel[d] = real ? s.kernel[d - shift] : 1;
    a.stride[d] = real ? s.stride[d - shift] : 1;
    a.pad[d] = real ? s.pad[d - shift] : 0;
    a.dilation[d] = real ? s.dilation[d - shift] : 1;
  }
  a.dims = 3;
  const bool same = a.in[0] == a.out[0] && a.in[1] == a.out[1] && a.in[2] == a.out[2];
  if (same && a.taps() == 1 && a.stride[0] * a.stride[1] * a.stride[2] == 1 && a.pad[0] + a.pad[1] + a.pad[2] == 0) {
    a.in[2] = a.out[2] = a.in_pixels();
    a.in[0] = a.in[1] = a.out[0] = a.out[1] = 1;
  }
  return a;
}

}  // namespace

bool PanelConv::fits(const ConvShape& s, int64_t source_step, int64_t result_step) {
  return source_step == 1 && result_step == 1 && PixelConv<float>::fits(s);
}

void PanelConv::forward(const ConvShape& shape, Activations<const float> x, const float* w, const float* bias,
                        Activations<float> y) {
  const ConvShape s = aligned(shape);
  const int64_t taps = s.taps();
  PanelPass{s.n, s.groups, x, s.cg(), s.og(), s.in, s.stride, y, s.out, w, s.og() * s.cg() * taps, s.cg() * taps, taps,
            bias, forward_grid(s).phases()}
      .run();
}

void PanelConv::backward_input(const ConvShape& shape, Activations<const float> gy, const float* w, const float* bias,
                               Activations<float> gx) {
  const ConvShape s = aligned(shape);
  const int64_t taps = s.taps(), one[3] = {1, 1, 1};
  PanelPass{s.n, s.groups, gy, s.og(), s.cg(), s.out, one, gx, s.in, w, s.og() * s.cg() * taps, taps, s.cg() * taps,
            bias, backward_grid(s).phases()}
      .run();
}

}  // namespace flambeau::FB_ISA
