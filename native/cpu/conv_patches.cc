// Packs the patches of conv_panel.h; called by conv_panel.cc and conv_panel_weight.cc.
#include <algorithm>

#include "conv_panel.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int L = kLanes<float>;

template <int... I>
FB_INLINE Vec<float> even_lanes(Vec<float> a, Vec<float> b, std::integer_sequence<int, I...>) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, 2 * I...);
#else
  typedef int32_t Mask __attribute__((vector_size(kVectorBytes)));
  return __builtin_shuffle(a, b, Mask{2 * I...});
#endif
}

/** The first `count` of the values at p, p + kStep, …, then zeros. */
template <int kStep>
FB_INLINE Vec<float> take(const float* p, int64_t count) {
  static_assert(kStep == 1 || kStep == 2);
  if constexpr (kStep == 1) return load_first(p, count);
  return even_lanes(load_first(p, 2 * count - 1), load_first(p + L, 2 * count - 1 - L),
                    std::make_integer_sequence<int, L>{});
}

}  // namespace

Patches::Patches(Activations<const float> source, const int64_t* size, const int64_t* step, const int64_t* extent,
                 int64_t images, int64_t channels, std::vector<Tap> shifts)
    : source_(source), images_(images), channels_(channels), shifts_(std::move(shifts)) {
  std::copy_n(size, 3, size_);
  std::copy_n(step, 3, step_);
  std::copy_n(extent, 3, extent_);
}

std::vector<Segment> Patches::segments(int64_t panel) const {
  std::vector<Segment> out;
  const int64_t first = panel * cols, end = std::min(first + cols, pixels());
  for (int64_t p = first; p < end;) {
    const int64_t l = p % extent_[2], row = p / extent_[2], length = std::min(extent_[2] - l, end - p);
    out.push_back(
        {row / extent_[1] / extent_[0], {row / extent_[1] % extent_[0], row % extent_[1], l}, p - first, length});
    p += length;
  }
  return out;
}

/** Where the lanes of a panel's rows find one channel's values, from image 0 on. */
Patches::List Patches::pieces(const std::vector<Segment>& segs, int64_t shift) const {
  std::vector<Piece> out, whole;
  int64_t row = 0;
  const auto zeros = [&](int64_t from, int64_t to) {
    for (int64_t at = from; at < to; at += L) out.push_back({0, row + at, 0});
  };
  for (const Tap& tap : shifts_) {
    for (const Segment& s : segs) {
      const int64_t h0 = s.i[0] * step_[0] + tap.d[0], h1 = s.i[1] * step_[1] + tap.d[1];
      const int64_t step = step_[2], h2 = s.i[2] * step + tap.d[2], room = size_[2] - 1 - h2;
      int64_t lo = h2 >= 0 ? 0 : std::min(s.length, (-h2 + step - 1) / step);
      int64_t hi = room < 0 ? 0 : std::min(s.length, room / step + 1);
      if (h0 < 0 || h0 >= size_[0] || h1 < 0 || h1 >= size_[1]) hi = 0;
      if (hi <= lo) {
        zeros(s.lane, s.lane + s.length);
        continue;
      }
      zeros(s.lane, s.lane + lo);
      const int64_t from = s.n * source_.image + (h0 * size_[1] + h1) * size_[2] + h2;
      for (; lo < hi; lo += L)
        (hi - lo < L ? out : whole).push_back({from + lo * step, row + s.lane + lo, std::min<int64_t>(L, hi - lo)});
      zeros(s.lane + std::min(lo, s.length), s.lane + s.length);
    }
    zeros(segs.back().lane + segs.back().length, cols);
    row += shift;
  }
  const size_t first = out.size();
  out.insert(out.end(), whole.begin(), whole.end());
  return {std::move(out), first};
}

/**
 * Channel after channel, for the panels read neighbouring memory. A piece that is not whole writes too much: pieces
 * come in the order of what they write, whole ones after the others, so that it is overwritten; the last channel, which
 * has no next row, writes only what it must.
 */
template <int kStep>
void Patches::copy(const float* from, const std::vector<List>& lists, float* to, int64_t panel, int64_t channel) const {
  for (int64_t c = 0; c < channels_; c++, from += source_.channel, to += channel) {
    const float* const ahead = from + 4 * source_.channel;  // rows of channels are too far apart for the processor
    float* out = to;
    for (const List& list : lists) {
      const Piece* p = list.pieces.data();
      const Piece* const whole = p + list.whole;
      const Piece* const end = p + list.pieces.size();
      if (c + 1 < channels_) {
        for (; p != whole; p++) store(out + p->at, take<kStep>(from + p->from, p->count));
      } else {
        for (; p != whole; p++)
          store_first(out + p->at, take<kStep>(from + p->from, p->count), std::min(int64_t{L}, cols - p->at % cols));
      }
      for (; p != end; p++) {
        __builtin_prefetch(ahead + p->from);
        store(out + p->at, take<kStep>(from + p->from, L));
      }
      out += panel;
    }
  }
}

void Patches::pack(int64_t g, const std::vector<std::vector<Segment>>& panels, float* to, int64_t panel,
                   int64_t channel, int64_t shift) const {
  std::vector<List> lists;
  lists.reserve(panels.size());
  for (const std::vector<Segment>& segs : panels) lists.push_back(pieces(segs, shift));
  const float* const from = source_.data + g * channels_ * source_.channel;
  if (step_[2] == 1)
    copy<1>(from, lists, to, panel, channel);
  else
    copy<2>(from, lists, to, panel, channel);
}

ConvShape row_aligned(const ConvShape& s) {
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

}  // namespace flambeau::FB_ISA
