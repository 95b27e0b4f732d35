// The gradient of convolution weights for few input channels and for depthwise. Called by conv.cc; see conv_row.cc.
//
// Vectors run along the width of the output's gradient: the register tile is MO output channels × MT taps, each tap a
// shifted view of the padded source rows. The tile's vector sums stay vectors over all images of a task, and are summed
// across lanes only at the end. Lanes past the width are zeroed on both sides, so that infinities there do no harm.
#include "../parallel.h"
#include "conv_row.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int kAccumulators = 2 * kTileRows;

/** Keeps the first n lanes. */
template <class T>
FB_INLINE Vec<T> lane_mask(int64_t n) {
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  typedef Index Mask __attribute__((vector_size(kVectorBytes)));
  Mask m;
  for (int i = 0; i < kLanes<T>; i++) m[i] = i < n ? -1 : 0;
  return (Vec<T>)m;
}
template <class T>
FB_INLINE Vec<T> keep(Vec<T> v, Vec<T> mask) {
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  typedef Index Mask __attribute__((vector_size(kVectorBytes)));
  return (Vec<T>)((Mask)v & (Mask)mask);
}

/** sum[MO][MT] += over `rows` rows of `width` of g[o] × x[offset[t]]. */
template <class T, int MO, int MT>
__attribute__((noinline)) void correlate(int64_t rows, int64_t width, const T* x, int64_t x_row, const int64_t* offset,
                                         const T* g, int64_t g_row, int64_t g_channel, T* sum) {
  constexpr int L = kLanes<T>;
  Vec<T> acc[MO][MT];
  FB_UNROLL for (int o = 0; o < MO; o++) FB_UNROLL for (int t = 0; t < MT; t++) acc[o][t] =
      load(sum + (o * MT + t) * L);
  const int64_t tail = width % L;
  const Vec<T> mask = lane_mask<T>(tail);
  for (int64_t r = 0; r < rows; r++, x += x_row, g += g_row) {
    int64_t j = 0;
    for (; j + L <= width; j += L) {
      Vec<T> u[MT];
      FB_UNROLL for (int t = 0; t < MT; t++) u[t] = load(x + offset[t] + j);
      FB_UNROLL for (int o = 0; o < MO; o++) {
        const Vec<T> z = load(g + o * g_channel + j);
        FB_UNROLL for (int t = 0; t < MT; t++) acc[o][t] += z * u[t];
      }
    }
    if (tail == 0) continue;
    Vec<T> u[MT];
    FB_UNROLL for (int t = 0; t < MT; t++) u[t] = keep<T>(load(x + offset[t] + j), mask);
    FB_UNROLL for (int o = 0; o < MO; o++) {
      const Vec<T> z = load_first(g + o * g_channel + j, tail);
      FB_UNROLL for (int t = 0; t < MT; t++) acc[o][t] += z * u[t];
    }
  }
  FB_UNROLL for (int o = 0; o < MO; o++) FB_UNROLL for (int t = 0; t < MT; t++)
      store(sum + (o * MT + t) * L, acc[o][t]);
}

/** The lanes of sum += count neighbouring values. */
template <class T>
void add_line(const T* g, int64_t count, T* sum) {
  constexpr int L = kLanes<T>;
  Vec<T> acc[4] = {};
  int64_t i = 0;
  for (; i + 4 * L <= count; i += 4 * L) FB_UNROLL for (int v = 0; v < 4; v++) acc[v] += load(g + i + v * L);
  for (; i < count; i += L) acc[0] += load_first(g + i, count - i);
  store(sum, load(sum) + ((acc[0] + acc[1]) + (acc[2] + acc[3])));
}

template <class T>
using Correlate = void (*)(int64_t, int64_t, const T*, int64_t, const int64_t*, const T*, int64_t, int64_t, T*);
template <class T, int MO, int MT>
constexpr Correlate<T> correlate_or_null() {
  if constexpr (MO * MT <= kAccumulators)
    return correlate<T, MO, MT>;
  else
    return nullptr;
}
constexpr int kChannelSteps[] = {8, 6, 4, 3, 2, 1};
template <class T, int MT>
Correlate<T> pick_channels(int64_t mo) {
  switch (mo) {
    case 8: return correlate_or_null<T, 8, MT>();
    case 6: return correlate_or_null<T, 6, MT>();
    case 4: return correlate_or_null<T, 4, MT>();
    case 3: return correlate_or_null<T, 3, MT>();
    case 2: return correlate_or_null<T, 2, MT>();
    default: return correlate_or_null<T, 1, MT>();
  }
}
template <class T>
Correlate<T> pick(int64_t mo, int64_t mt) {
  switch (mt) {
    case 9: return pick_channels<T, 9>(mo);
    case 5: return pick_channels<T, 5>(mo);
    case 3: return pick_channels<T, 3>(mo);
    default: return pick_channels<T, 1>(mo);
  }
}

/** One register tile: channels [o, o + mo), taps [t, t + mt), sums at `at` vectors. */
struct Piece {
  int64_t o, mo, t, mt, at;
};

/** Cuts og × taps into tiles; with one or two channels long rows of taps, else tiles nearer to a square. */
std::vector<Piece> cut(int64_t og, int64_t taps) {
  std::vector<Piece> out;
  const int64_t wide = og <= 2 && taps >= 9 ? 9 : taps % 5 == 0 ? 5 : 3;
  int64_t at = 0, mo = 1;
  for (int64_t o = 0; o < og; o += mo) {
    for (const int step : kChannelSteps) {
      mo = step;
      if (step * wide <= kAccumulators && step <= og - o && (step < 4 || (og - o) % step == 0 || og - o > 8)) break;
    }
    for (int64_t t = 0, mt = 1; t < taps; t += mt) {
      mt = taps - t >= wide ? wide : taps - t >= 3 ? 3 : 1;
      out.push_back({o, mo, t, mt, at});
      at += mo * mt;
    }
  }
  return out;
}

}  // namespace

template <class T>
void RowConv<T>::backward_weight(const ConvShape& s, Activations<const T> x, Activations<const T> gy, T* gw, T* gb) {
  constexpr int L = kLanes<T>;
  RowGrid grid(s, false);
  grid.set_lanes(L);
  const int64_t cg = s.cg(), og = s.og(), taps = cg * s.taps(), width = grid.result[2];
  const std::vector<Piece> pieces = cut(og, taps);
  const int64_t sums = og * (taps + 1) * L;  // the last column is the gradient of the bias
  const std::vector<RowStrip> strips = grid.strips(cg, s.n * s.groups, sizeof(T));
  const int64_t count = static_cast<int64_t>(strips.size()), total = s.n * count;
  const int64_t chunks = std::clamp<int64_t>((int64_t{1} << 21) / (sums * s.groups), 1, std::min<int64_t>(8, total));
  T* partial = conv_scratch().shared_a.get<T>(chunks * s.groups * sums);
  // Rows of a few channels that fit L1 beside the source, so that all taps find them there.
  const int64_t block = std::max<int64_t>(1, 4096 / (std::min<int64_t>(og, 8) * width));
  parallel_tasks(chunks * s.groups, [&](int64_t i) {
    const int64_t g = i / chunks, chunk = i % chunks;
    T* sum = partial + i * sums;
    std::memset(sum, 0, static_cast<size_t>(sums) * sizeof(T));
    std::vector<int64_t> offset(static_cast<size_t>(taps));
    for (int64_t j = total * chunk / chunks; j < total * (chunk + 1) / chunks; j++) {
      const int64_t n = j / count;
      const RowStrip& r = strips[static_cast<size_t>(j % count)];
      T* in = conv_scratch().input.template get<T>(cg * grid.channel(r));
      const bool fresh = j == total * chunk / chunks || count > 1;
      grid.fill(x, n, g * cg, cg, r, in, fresh);
      if (fresh) grid.offsets(cg, r, offset.data());
      const int64_t row = grid.stride[1] * grid.pitch;
      for (int64_t a = r.a0; a < r.a1; a++)
        for (int64_t b = r.b0; b < r.b1; b += block) {
          const T* from = in + (a - r.a0) * grid.stride[0] * grid.rows_b(r) * grid.pitch + (b - r.b0) * row;
          const T* grad = gy.at(n, g * og) + (a * grid.result[1] + b) * width;
          const int64_t lines = std::min(block, r.b1 - b);
          for (int64_t o = 0; gb && o < og; o++)
            add_line(grad + o * gy.channel, lines * width, sum + (og * taps + o) * L);
          for (const Piece& p : pieces)
            pick<T>(p.mo, p.mt)(lines, width, from, row, &offset[static_cast<size_t>(p.t)], grad + p.o * gy.channel,
                                width, gy.channel, sum + p.at * L);
        }
    }
  });
  for (int64_t g = 0; g < s.groups; g++) {
    const auto total_of = [&](int64_t at) {
      Vec<T> all{};
      for (int64_t c = 0; c < chunks; c++) all += load(partial + (g * chunks + c) * sums + at * L);
      T value = 0;
      for (int q = 0; q < L; q++) value += all[q];
      return value;
    };
    for (const Piece& p : pieces)
      for (int64_t i = 0; i < p.mo * p.mt; i++)
        gw[(g * og + p.o + i / p.mt) * taps + p.t + i % p.mt] = total_of(p.at + i);
    for (int64_t o = 0; gb && o < og; o++) gb[g * og + o] = total_of(og * taps + o);
  }
}

template void RowConv<float>::backward_weight(const ConvShape&, Activations<const float>, Activations<const float>,
                                              float*, float*);
template void RowConv<double>::backward_weight(const ConvShape&, Activations<const double>, Activations<const double>,
                                               double*, double*);

}  // namespace flambeau::FB_ISA
