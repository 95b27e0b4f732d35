// The row engine's padded scratch: geometry shared by conv_row.cc and conv_row_weight.cc.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "../parallel.h"
#include "conv.h"
#include "conv_simd.h"

namespace flambeau::FB_ISA {

/** Result rows [a0, a1) × [b0, b1) of the two dims before the width. */
struct RowStrip {
  int64_t a0, a1, b0, b1;
};

/** Dims aligned to the right: [2] is the width, [1] the rows, [0] the planes. */
struct RowGrid {
  int64_t source[3] = {1, 1, 1}, result[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1};
  int64_t dilation[3] = {1, 1, 1}, pad[3] = {0, 0, 0};  // pad may be negative: the source is cropped
  int64_t spread[3] = {1, 1, 1};                        // source values lie this far apart, with zeros between
  int64_t span_a = 1, span_b = 1;                       // source rows that the taps of one result span
  int64_t line = 0, pitch = 0;                          // values of a residue class of a row; of a row

  RowGrid(const ConvShape& s, bool mirrored);
  /** Results are computed this many at a time: sizes the lines. */
  void set_lanes(int64_t lanes);

  int64_t rows_a(const RowStrip& s) const { return (s.a1 - s.a0 - 1) * stride[0] + span_a; }
  int64_t rows_b(const RowStrip& s) const { return (s.b1 - s.b0 - 1) * stride[1] + span_b; }
  int64_t channel(const RowStrip& s) const { return rows_a(s) * rows_b(s) * pitch; }

  int64_t offset(const RowStrip& s, int64_t c, int64_t a, int64_t b, int64_t k) const {
    const int64_t at = k * dilation[2];
    return c * channel(s) + (a * dilation[0] * rows_b(s) + b * dilation[1]) * pitch + at % stride[2] * line +
           at / stride[2];
  }
  /** Where each tap of each source channel starts, in the order of the weights: [channel][tap]. */
  void offsets(int64_t channels, const RowStrip& s, int64_t* out) const {
    for (int64_t c = 0; c < channels; c++)
      for (int64_t a = 0; a < kernel[0]; a++)
        for (int64_t b = 0; b < kernel[1]; b++)
          for (int64_t k = 0; k < kernel[2]; k++) *out++ = offset(s, c, a, b, k);
  }
  /** The same as [kernel plane and row][channel][column], so that rows of taps can be left out. */
  void offsets_by_row(int64_t channels, const RowStrip& s, int64_t* out) const {
    for (int64_t a = 0; a < kernel[0]; a++)
      for (int64_t b = 0; b < kernel[1]; b++)
        for (int64_t c = 0; c < channels; c++)
          for (int64_t k = 0; k < kernel[2]; k++) *out++ = offset(s, c, a, b, k);
  }
  /** Kernel rows [*from, *to) outside which result rows [b, b + count) read only padding (all rows in 3-d). */
  void live_rows(int64_t b, int64_t count, int64_t* from, int64_t* to) const {
    *from = 0;
    *to = kernel[0] * kernel[1];
    if (kernel[0] != 1) return;
    const int64_t first = b * stride[1] - pad[1], last = first + (count - 1) * stride[1];
    const int64_t high = (source[1] - 1) * spread[1];
    while (*to > 1 && first + (*to - 1) * dilation[1] > high) (*to)--;
    while (*from < *to - 1 && last + *from * dilation[1] < 0) (*from)++;
  }

  /** Cuts along the first dim that is not 1, to strips whose scratch stays in L2 and of which each thread gets some. */
  std::vector<RowStrip> strips(int64_t channels, int64_t tasks, size_t bytes_each) const {
    const RowStrip whole{0, result[0], 0, result[1]};
    const int64_t bytes = channels * channel(whole) * static_cast<int64_t>(bytes_each), cut = result[0] > 1 ? 0 : 1;
    int64_t parts = std::max((bytes + 199999) / 200000, (2 * num_threads() + tasks - 1) / tasks);
    parts = std::min(parts, std::max<int64_t>(1, result[cut] / 8));
    const int64_t step = (result[cut] + parts - 1) / parts;
    std::vector<RowStrip> out;
    for (int64_t i = 0; i < result[cut]; i += step) {
      const int64_t end = std::min(result[cut], i + step);
      out.push_back(cut == 0 ? RowStrip{i, end, 0, result[1]} : RowStrip{0, 1, i, end});
    }
    return out;
  }

  /** The source row at padded position `at` of dim d, or -1 where there are zeros. */
  int64_t source_row(int d, int64_t at) const {
    at -= pad[d];
    if (at < 0) return -1;
    if (spread[d] != 1) {  // a division only where it is needed
      if (at % spread[d] != 0) return -1;
      at /= spread[d];
    }
    return at < source[d] ? at : -1;
  }
  template <class T>
  static void copy_line(const T* from, T* to, int64_t count) {
    int64_t i = 0;
    for (; i + kLanes<T> <= count; i += kLanes<T>) store(to + i, load(from + i));
    if (i < count) store_first(to + i, load_first(from + i, count - i), count - i);
  }
  /**
   * One group's channels of image n, rows of a strip, as [channel][a][b][residue class][line]. `fresh`: `out` does not
   * yet hold the zeros of the same strip of another image.
   */
  template <class T>
  void fill(Activations<const T> x, int64_t n, int64_t c0, int64_t channels, const RowStrip& s, T* out,
            bool fresh) const;
};

}  // namespace flambeau::FB_ISA
