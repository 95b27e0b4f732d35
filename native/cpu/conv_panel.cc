// Convolution as a matrix product over channel-major tensors, forward and to the input. Called by conv.cc.
//
// Results [channels, pixels] = weights [channels, k] × patches [k, pixels], with k = taps × source channels. The
// weights are packed once into tiles of the matrix product's rows. Pixels are counted through rows and images, a panel
// is one register tile of them; as many panels as fit half of L2 have their patches packed straight from the source,
// padding and stride included, so that neither tensor changes its layout. Then each weight tile, kDepth of k at a time
// so that it stays in L1, passes over the panels. A panel whose pixels are neighbours in the result is written in
// place; others go through a tile-sized buffer. The gradient of the input is one such product for each stride class,
// and all classes read the same patches: one for each shift of the source that any of them needs. They are zipped on
// the way out.
#include "conv_panel.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kDepth = 384, kPanelBytes = 200 << 10;
constexpr int64_t kTogether = 8;  // channels whose weights are packed at a time

bool before(const Tap& a, const Tap& b) { return std::lexicographical_compare(a.d, a.d + 3, b.d, b.d + 3); }

/** Puts a tap at its place in a sorted list that does not have its shift yet. */
void insert(std::vector<Tap>& sorted, const Tap& t) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), t, before);
  if (at == sorted.end() || before(t, *at)) sorted.insert(at, t);
}
/** One tap for each place of the source that some class reads, in order. */
std::vector<Tap> all_shifts(const std::vector<Phase>& phases) {
  std::vector<Tap> shifts;
  for (const Phase& p : phases)
    for (const Tap& t : p.taps) insert(shifts, t);
  return shifts;
}

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

using AllLanes = std::make_integer_sequence<int, kLanes<float>>;

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
  const Patches& patches;
  int64_t groups, source_channels, result_channels;  // channels of one group
  const std::vector<Phase>& phases;
  Activations<float> result;
  const int64_t* result_size;
  const float* weights;
  int64_t w_group, w_result, w_source;
  const float* bias;
  bool forward;

  const int64_t cols = patches.cols, tiles = (result_channels + gemm_tile().rows - 1) / gemm_tile().rows;
  const Phase& grid = phases[0];  // the largest class; the others end one row or column earlier at most
  const int64_t taps = static_cast<int64_t>(patches.shifts().size()), bias_row = taps * source_channels;
  // Whether a tile's weights are a matrix: k runs over [channel][tap], as a row of weights does, or there is but one
  // tap. Else k runs over [shift][channel], so that each class finds its shifts in few runs.
  const bool natural = forward || (taps == 1 && phases.size() == 1);
  // With a row behind the last one, so that panels do not begin in the same cache sets.
  const int64_t panel = (bias_row + 2) * cols;
  int64_t across = 0;  // classes along the width
  std::vector<Class> classes{};

  int64_t tile_row(int64_t tile) const { return tile * result_channels / tiles; }

  void run() {
    const int64_t all = plan_classes();
    float* const packed = conv_scratch().shared_weights.get<float>(groups * all);
    // The order in which weights lie: tile after tile, or channel after channel where rows lie closer than channels.
    const int64_t some = natural ? source_channels : kTogether, parts_of_tile = (source_channels + some - 1) / some;
    const int64_t pieces = tiles * parts_of_tile, grain = std::max<int64_t>(1, kGrain * pieces / all);
    parallel_for(groups * pieces, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t g = i / pieces, j = i % pieces;
        const int64_t tile = natural ? j : j % tiles, c0 = natural ? 0 : j / tiles * some;
        for (const Class& of : classes)
          pack_weights(g, of, tile, c0, std::min(source_channels, c0 + some), packed + g * all);
      }
    });
    const int64_t panels = patches.panels();
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
  /** Fills `classes`; the result is the size of a group's packed weights. */
  int64_t plan_classes() {
    const std::vector<Tap>& shifts = patches.shifts();
    int64_t all = 0;
    for (const Phase& p : phases) {
      across += p.start[0] == 0 && p.start[1] == 0 ? 1 : 0;
      Class c{{}, {}, 0, all};
      for (const Tap& t : p.taps) insert(c.taps, t);
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
      all += c.depth * result_channels + tiles * kPackSlack;
      classes.push_back(std::move(c));
    }
    return all;
  }

  int64_t weights_at(const Class& of, int64_t tile) const {
    return of.packed + tile_row(tile) * of.depth + tile * kPackSlack;
  }
  /** One tile's rows of a class, for channels [c0, c1): the order of its patches; last the bias, whose patch is 1. */
  void pack_weights(int64_t g, const Class& of, int64_t tile, int64_t c0, int64_t c1, float* packed) const {
    const int64_t r0 = tile_row(tile), rows = tile_row(tile + 1) - r0;
    float* const out = packed + weights_at(of, tile);
    const float* const w = weights + g * w_group + r0 * w_result;
    if (natural) pack_tile(w, w_result, forward ? 1 : w_source, rows, bias_row, out);
    for (size_t t = 0; !natural && t < of.taps.size(); t++) {
      float* to = out + (static_cast<int64_t>(t) * source_channels + c0) * rows;
      for (int64_t c = c0; c < c1; c++) {
        const float* from = w + of.taps[t].index + c * w_source;
        for (int64_t r = 0; r < rows; r++, from += w_result) *to++ = *from;
      }
    }
    for (int64_t r = 0; bias && c0 == 0 && r < rows; r++)
      out[(of.depth - 1) * rows + r] = bias[g * result_channels + r0 + r];
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
    std::vector<std::vector<Segment>> segs;
    std::vector<float*> places;
    std::vector<int64_t> used;
    for (int64_t i = first; i < last; i++) {
      segs.push_back(patches.segments(i));
      used.push_back(segs.back().back().lane + segs.back().back().length);
      places.push_back(in_place(g, segs.back()));
    }
    float* const in = conv_scratch().input.get<float>(panels * panel);
    float* const buffer = conv_scratch().output.get<float>(count * panels * tile);
    if (natural)
      patches.pack(g, segs, in, panel, taps * cols, cols);
    else
      patches.pack(g, segs, in, panel, cols, source_channels * cols);
    for (int64_t i = 0; bias && i < panels; i++) std::fill_n(in + (i + 1) * panel - 2 * cols, cols, 1.f);

    for (int64_t t = tile0; t < tile1; t++) {
      const int64_t r0 = tile_row(t), height = tile_row(t + 1) - r0;
      for (int64_t f = 0; f < count; f++) {
        const Class& of = classes[static_cast<size_t>(f)];
        const float* a = packed + weights_at(of, t);
        bool add = false;
        for (const Run& run : of.runs) {
          const int64_t cuts = std::max<int64_t>(1, (run.depth + kDepth - 1) / kDepth);
          for (int64_t cut = 0; cut < cuts; cut++) {
            const int64_t k0 = cut * run.depth / cuts, k1 = (cut + 1) * run.depth / cuts;
            for (int64_t i = 0; i < panels; i++) {
              float* const at = places[static_cast<size_t>(i)];
              multiply_panel(height, used[static_cast<size_t>(i)], k1 - k0, a, 0, in + i * panel + (run.at + k0) * cols,
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

}  // namespace

bool PanelConv::fits(const ConvShape& s, int64_t source_step, int64_t result_step, int64_t reuse) {
  int64_t classes = 1;
  for (int d = 0; d < s.dims; d++) classes *= s.stride[d];
  // Patches are worth packing if enough results read them; strides beyond 2 would be gathered one by one.
  return reuse >= 32 && s.stride[s.dims - 1] <= 2 && classes <= 64 && source_step == 1 && result_step == 1 &&
         PixelConv<float>::fits(s);
}

void PanelConv::forward(const ConvShape& shape, Activations<const float> x, const float* w, const float* bias,
                        Activations<float> y) {
  const ConvShape s = row_aligned(shape);
  const int64_t taps = s.taps();
  const std::vector<Phase> phases = forward_grid(s).phases();
  const Patches patches(x, s.in, s.stride, s.out, s.n, s.cg(), all_shifts(phases));
  PanelPass{patches,       s.groups, s.cg(), s.og(), phases, y, s.out, w, s.og() * s.cg() * taps,
            s.cg() * taps, taps,     bias,   true}
      .run();
}

void PanelConv::backward_input(const ConvShape& shape, Activations<const float> gy, const float* w, const float* bias,
                               Activations<float> gx) {
  const ConvShape s = row_aligned(shape);
  const int64_t taps = s.taps(), one[3] = {1, 1, 1};
  const std::vector<Phase> phases = backward_grid(s).phases();
  const Patches patches(gy, s.out, one, phases[0].extent, s.n, s.og(), all_shifts(phases));
  PanelPass{patches, s.groups,      s.og(), s.cg(), phases, gx, s.in, w, s.og() * s.cg() * taps,
            taps,    s.cg() * taps, bias,   false}
      .run();
}

}  // namespace flambeau::FB_ISA
