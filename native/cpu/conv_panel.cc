// Convolution as a matrix product over channel-major tensors, forward and to the input. Called by conv.cc.
//
// Results [channels, pixels] = weights [channels, k] × patches [k, pixels], with k = taps × source channels. The weights
// are packed once into tiles of the matrix product's rows. Pixels are counted through rows and images, a panel is one
// register tile of them; as many panels as fit half of L2 have their patches packed straight from the source, padding
// and stride included, so that neither tensor changes its layout. Then each weight tile, kDepth of k at a time so that
// it stays in L1, passes over the panels. A panel whose pixels are neighbours in the result is written in place; others
// go through a tile-sized buffer. The gradient of the input is one such product for each stride class, and all classes
// read the same patches: one for each shift of the source that any of them needs. They are zipped on the way out.
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
/** A run of k that a stride class multiplies at once: `depth` rows of the packed patches from row `at` on. */
struct Run {
  int64_t at, depth;
};
/** One stride class: its taps in the order of the shifts, and where in a group its packed weights begin. */
struct Class {
  std::vector<Tap> taps;
  std::vector<Run> runs;
  int64_t depth, packed;
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
  const Phase& grid = phases[0];   // the largest class; the others end one row or column earlier at most
  int64_t across = 0;              // classes along the width
  std::vector<Tap> shifts{};       // one for each place of the source that some tap reads, in order
  std::vector<Class> classes{};
  int64_t panel = 0;               // values of a packed panel

  int64_t pixels() const { return images * grid.extent[0] * grid.extent[1] * grid.extent[2]; }
  int64_t tile_row(int64_t tile) const { return tile * result_channels / tiles; }

  void run() {
    const int64_t all = plan_classes(), count = static_cast<int64_t>(classes.size());
    float* const packed = conv_scratch().shared_weights.get<float>(groups * all);
    const auto pack_tile = [&](int64_t i) {
      pack_weights(i / (count * tiles), classes[static_cast<size_t>(i / tiles % count)], i % tiles,
                   packed + i / (count * tiles) * all);
    };
    if (groups * all < kGrain) {
      for (int64_t i = 0; i < groups * count * tiles; i++) pack_tile(i);
    } else {
      parallel_tasks(groups * count * tiles, pack_tile);
    }
    const int64_t panels = (pixels() + cols - 1) / cols;
    const int64_t fit = std::clamp<int64_t>(kPanelBytes / (panel * 4), 1, 64);
    const int64_t blocks = std::max((panels + fit - 1) / fit, std::min<int64_t>(panels, 2 * (num_threads() - 1)));
    const int64_t total = blocks * groups, parts = std::clamp<int64_t>(num_threads() / total, 1, tiles);
    parallel_tasks(total * parts, [&](int64_t i) {
      const int64_t b = i / parts / groups, g = i / parts % groups, part = i % parts;
      block(g, b * panels / blocks, (b + 1) * panels / blocks, tiles * part / parts, tiles * (part + 1) / parts,
            packed + g * all);
    });
  }

 private:
  /** Fills shifts and classes; the result is the size of a group's packed weights. */
  int64_t plan_classes() {
    const auto before = [](const Tap& a, const Tap& b) {
      return std::lexicographical_compare(a.d, a.d + 3, b.d, b.d + 3);
    };
    const auto same = [](const Tap& a, const Tap& b) { return std::equal(a.d, a.d + 3, b.d); };
    for (const Phase& p : phases) {
      shifts.insert(shifts.end(), p.taps.begin(), p.taps.end());
      across += p.start[0] == 0 && p.start[1] == 0 ? 1 : 0;
    }
    std::sort(shifts.begin(), shifts.end(), before);
    shifts.erase(std::unique(shifts.begin(), shifts.end(), same), shifts.end());
    const int64_t bias_row = static_cast<int64_t>(shifts.size()) * source_channels;
    // With a row behind the last one, so that panels do not begin in the same cache sets.
    panel = (bias_row + 2) * cols;
    int64_t all = 0;
    for (Phase& p : phases) {
      Class c{std::move(p.taps), {}, 0, all};
      std::sort(c.taps.begin(), c.taps.end(), before);
      const auto add = [&](int64_t at, int64_t depth) {
        if (!c.runs.empty() && c.runs.back().at + c.runs.back().depth == at)
          c.runs.back().depth += depth;
        else
          c.runs.push_back({at, depth});
        c.depth += depth;
      };
      for (const Tap& t : c.taps)
        add((std::lower_bound(shifts.begin(), shifts.end(), t, before) - shifts.begin()) * source_channels,
            source_channels);
      if (bias) add(bias_row, 1);
      if (c.runs.empty()) c.runs.push_back({0, 0});
      all += c.depth * result_channels;
      classes.push_back(std::move(c));
    }
    return all;
  }

  /** One tile's rows of a class: [tap][source channel][row], then the bias, whose patch value is 1. */
  void pack_weights(int64_t g, const Class& of, int64_t tile, float* out) const {
    const int64_t r0 = tile_row(tile), rows = tile_row(tile + 1) - r0;
    out += of.packed + r0 * of.depth;
    for (int64_t r = 0; r < rows; r++) {
      const float* const w = weights + g * w_group + (r0 + r) * w_result;
      for (size_t t = 0; t < of.taps.size(); t++) {
        float* const to = out + static_cast<int64_t>(t) * source_channels * rows + r;
        const float* const from = w + of.taps[t].index;
        for (int64_t c = 0; c < source_channels; c++) to[c * rows] = from[c * w_source];
      }
      if (bias) out[(of.depth - 1) * rows + r] = bias[g * result_channels + r0 + r];
    }
  }

  /** The rows that the grid's pixels [first, first + cols) lie in. */
  void segments(int64_t first, std::vector<Segment>& out) const {
    out.clear();
    const int64_t end = std::min(first + cols, pixels());
    for (int64_t p = first; p < end;) {
      const int64_t l = p % grid.extent[2], row = p / grid.extent[2], length = std::min(grid.extent[2] - l, end - p);
      const int64_t i1 = row % grid.extent[1], i0 = row / grid.extent[1] % grid.extent[0];
      out.push_back({row / grid.extent[1] / grid.extent[0], {i0, i1, l}, p - first, length});
      p += length;
    }
  }

  /**
   * Where the lanes of a panel's rows find one channel's values for all shifts, from image 0 on. Whole vectors
   * come last; the result is the first of them.
   */
  size_t pieces(const std::vector<Segment>& segs, std::vector<Piece>& out) const {
    constexpr int64_t L = kLanes<float>;
    out.clear();
    int64_t row = 0;
    const auto zeros = [&](int64_t from, int64_t to) {
      for (int64_t at = from; at < to; at += L) out.push_back({0, row + at, 0});
    };
    for (const Tap& tap : shifts) {
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
      row += source_channels * cols;
    }
    const auto whole = std::stable_partition(out.begin(), out.end(), [](const Piece& p) { return p.count < L; });
    return static_cast<size_t>(whole - out.begin());
  }

  /**
   * The patches of panels that follow each other, each [shift][channel][lane], channel after channel, for the panels
   * read neighbouring memory. A piece that is not whole writes too much: pieces come in the order of what they write,
   * whole ones (from `wholes` on) after the others, so that it is overwritten; the last channel writes what it must.
   */
  template <int kStep>
  void pack_panels(const float* from, const std::vector<std::vector<Piece>>& lists, const std::vector<size_t>& wholes,
                   float* to) const {
    constexpr int L = kLanes<float>;
    const int64_t step = kStep ? kStep : source_step[2];
    for (int64_t c = 0; c < source_channels; c++, from += source.channel, to += cols) {
      const float* const ahead = from + 4 * source.channel;  // rows of channels are too far apart for the processor
      float* out = to;
      for (size_t i = 0; i < lists.size(); i++, out += panel) {
        const Piece* p = lists[i].data();
        const Piece* const whole = p + wholes[i];
        const Piece* const end = p + lists[i].size();
        if (c + 1 < source_channels) {
          for (; p != whole; p++) store(out + p->at, take(from + p->from, step, p->count));
        } else {
          for (; p != whole; p++)
            store_first(out + p->at, take(from + p->from, step, p->count), std::min<int64_t>(L, cols - p->at % cols));
        }
        for (; p != end; p++) {
          __builtin_prefetch(ahead + p->from);
          store(out + p->at, take(from + p->from, step, L));
        }
      }
    }
  }

  /** Where a segment's first result goes, for the class that begins at (a0, a1); null past the result's end. */
  float* place(int64_t g, const Segment& s, int64_t a0, int64_t a1) const {
    const int64_t r0 = a0 + s.i[0] * grid.step[0], r1 = a1 + s.i[1] * grid.step[1];
    if (r0 >= result_size[0] || r1 >= result_size[1]) return nullptr;
    return result.at(s.n, g * result_channels) + (r0 * result_size[1] + r1) * result_size[2] + s.i[2] * grid.step[2];
  }
  /** Where a panel's results lie side by side in the result, from its first channel on; null where they do not. */
  float* in_place(int64_t g, const std::vector<Segment>& segs) const {
    const bool dense = grid.step[0] == 1 && grid.step[1] == 1 && segs.front().n == segs.back().n;
    if (classes.size() > 1 || grid.step[2] != 1 || (segs.size() > 1 && !dense)) return nullptr;
    return place(g, segs.front(), 0, 0);
  }

  void block(int64_t g, int64_t first, int64_t last, int64_t tile0, int64_t tile1, const float* packed) const {
    const int64_t panels = last - first, tile = gemm_tile().rows * cols, count = static_cast<int64_t>(classes.size());
    std::vector<std::vector<Segment>> segs(static_cast<size_t>(panels));
    std::vector<std::vector<Piece>> lists(static_cast<size_t>(panels));
    std::vector<size_t> wholes;
    std::vector<float*> places;
    std::vector<int64_t> used;
    for (size_t i = 0; i < segs.size(); i++) {
      segments((first + static_cast<int64_t>(i)) * cols, segs[i]);
      wholes.push_back(pieces(segs[i], lists[i]));
      used.push_back(segs[i].back().lane + segs[i].back().length);
      places.push_back(in_place(g, segs[i]));
    }
    float* const in = conv_scratch().input.get<float>(panels * panel);
    float* const buffer = conv_scratch().output.get<float>(count * panels * tile);
    const float* const from = source.data + g * source_channels * source.channel;
    if (source_step[2] == 1)
      pack_panels<1>(from, lists, wholes, in);
    else if (source_step[2] == 2)
      pack_panels<2>(from, lists, wholes, in);
    else
      pack_panels<0>(from, lists, wholes, in);
    for (int64_t i = 0; bias && i < panels; i++) std::fill_n(in + (i + 1) * panel - 2 * cols, cols, 1.f);

    for (int64_t t = tile0; t < tile1; t++) {
      const int64_t r0 = tile_row(t), height = tile_row(t + 1) - r0;
      for (int64_t f = 0; f < count; f++) {
        const Class& of = classes[static_cast<size_t>(f)];
        const float* a = packed + of.packed + r0 * of.depth;
        bool add = false;
        for (const Run& run : of.runs) {
          const int64_t cuts = std::max<int64_t>(1, (run.depth + kDepth - 1) / kDepth);
          for (int64_t cut = 0; cut < cuts; cut++) {
            const int64_t k0 = cut * run.depth / cuts, k1 = (cut + 1) * run.depth / cuts;
            for (int64_t i = 0; i < panels; i++) {
              float* const at = places[static_cast<size_t>(i)];
              multiply_panel(height, used[static_cast<size_t>(i)], k1 - k0, a, in + i * panel + (run.at + k0) * cols,
                             at ? at + r0 * result.channel : buffer + (f * panels + i) * tile,
                             at ? result.channel : cols, add);
            }
            a += (k1 - k0) * height;
            add = true;
          }
        }
      }
      for (int64_t i = 0; i < panels; i++)
        if (!places[static_cast<size_t>(i)])
          spread(g, segs[static_cast<size_t>(i)], r0, height, buffer + i * tile, panels * tile);
    }
  }

  /** Brings a tile of each class from the buffer to its rows of the result; classes lie `apart` values apart. */
  void spread(int64_t g, const std::vector<Segment>& segs, int64_t r0, int64_t height, const float* tile,
              int64_t apart) const {
    for (size_t f = 0; f < phases.size(); f += static_cast<size_t>(across), tile += across * apart)
      for (const Segment& s : segs) {
        float* const to = place(g, s, phases[f].start[0], phases[f].start[1]);
        for (int64_t r = 0; to && r < height; r++)
          zip_row(tile + r * cols + s.lane, apart, s.length, result_size[2] - s.i[2] * grid.step[2],
                  to + (r0 + r) * result.channel);
      }
  }
  /** One row of the classes along the width, `room` results in all: result i of class f goes to i * step + f. */
  void zip_row(const float* from, int64_t apart, int64_t length, int64_t room, float* to) const {
    constexpr int64_t L = kLanes<float>;
    const int64_t step = grid.step[2];
    if (step == 1) return copy_run(from, to, length);
    int64_t i = 0;
    if (step == 2 && across == 2)
      for (; i + L <= length && 2 * (i + L) <= room; i += L) {
        const Vec<float> a = load(from + i), b = load(from + apart + i);
        store(to + 2 * i, zip<float, 0>(a, b, AllLanes{}));
        store(to + 2 * i + L, zip<float, L / 2>(a, b, AllLanes{}));
      }
    for (; i < length; i++)
      for (int64_t f = 0; f < across && i * step + f < room; f++) to[i * step + f] = from[f * apart + i];
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
