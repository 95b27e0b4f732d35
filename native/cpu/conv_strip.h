// The pixel engine's view of its source tensor: strips of zero-padded, pixel-major scratch. Used by conv_pixel*.cc.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "../parallel.h"
#include "conv.h"
#include "conv_simd.h"

namespace flambeau::FB_ISA {

struct Tap {
  int64_t d[3];   // source position = step * i + d
  int64_t index;  // of the weight
};

/**
 * A regular grid of results that use the same taps: the whole output in the forward direction, one of the stride
 * classes of the input's gradient. Result i of the grid lies at start + step * i.
 */
struct Phase {
  int64_t extent[3], start[3], step[3];
  std::vector<Tap> taps;
};

/** A source image range [n0, n1), and a range [i0, i1) of grid rows along dim 0. */
struct Strip {
  int64_t n0, n1, i0, i1;
};

/** How grid positions and taps map to padded scratch, and how the work is cut into strips. */
class Grid {
 public:
  /** `step`: source positions between neighbours of the grid; `channels`: of one group; `pitch`: floats a pixel. */
  Grid(const int64_t* source, const int64_t* step, std::vector<Phase> phases) : phases_(std::move(phases)) {
    for (int d = 0; d < 3; d++) {
      source_[d] = source[d];
      int64_t low = INT64_MAX, high = INT64_MIN;
      extent_[d] = 0;
      for (const Phase& p : phases_) {
        extent_[d] = std::max(extent_[d], p.extent[d]);
        for (const Tap& t : p.taps) {
          low = std::min(low, t.d[d]);
          high = std::max(high, t.d[d]);
        }
      }
      if (low > high) low = high = 0;
      low_[d] = low;
      // With one tap only the positions it reads are kept: a strided 1×1 kernel is a dense one over fewer pixels.
      const bool gather = low == high;
      source_step_[d] = gather ? step[d] : 1;
      step_[d] = gather ? 1 : step[d];
      span_[d] = high - low;
      size_[d] = (extent_[d] - 1) * step_[d] + span_[d] + 1;
    }
  }
  const std::vector<Phase>& phases() const { return phases_; }
  int64_t rows() const { return extent_[0]; }
  int64_t scratch_rows(int64_t rows) const { return (rows - 1) * step_[0] + span_[0] + 1; }
  int64_t scratch_pixels(int64_t rows) const { return scratch_rows(rows) * size_[1] * size_[2]; }
  int64_t scratch_pixels(const Strip& s) const { return (s.n1 - s.n0) * scratch_pixels(s.i1 - s.i0); }
  int64_t tap_pixel(const Tap& t) const {
    return ((t.d[0] - low_[0]) * size_[1] + t.d[1] - low_[1]) * size_[2] + t.d[2] - low_[2];
  }
  /** Scratch pixel of grid position (i0 counted from the strip's first row). */
  int64_t pixel(int64_t image, int64_t rows, int64_t i0, int64_t i1, int64_t i2) const {
    return ((image * scratch_rows(rows) + i0 * step_[0]) * size_[1] + i1 * step_[1]) * size_[2] + i2 * step_[2];
  }

  /** Whole images where they are small, rows of one image where not; enough strips for the threads. */
  std::vector<Strip> strips(int64_t images, int64_t channels, int64_t bytes_each) const {
    constexpr int64_t kBytes = 400000;
    const int64_t budget = std::max<int64_t>(1, kBytes / (channels * bytes_each));
    const int64_t image = scratch_pixels(rows()), wanted = 2 * num_threads();
    std::vector<Strip> out;
    if (image <= budget && images >= wanted) {
      const int64_t count = std::min((images + wanted - 1) / wanted, std::max<int64_t>(1, budget / image));
      for (int64_t n = 0; n < images; n += count) out.push_back({n, std::min(images, n + count), 0, rows()});
      return out;
    }
    int64_t parts = std::max((image + budget - 1) / budget, (wanted + images - 1) / images);
    parts = std::max<int64_t>(1, std::min({parts, rows(), int64_t{1} << 20}));
    const int64_t step = (rows() + parts - 1) / parts;
    for (int64_t n = 0; n < images; n++)
      for (int64_t i = 0; i < rows(); i += step) out.push_back({n, n + 1, i, std::min(rows(), i + step)});
    return out;
  }

  /** Copies channels [c0, c0 + channels) of a strip into scratch, `pitch` values a pixel; the rest becomes zero. */
  template <class T>
  void fill(const Strip& strip, Activations<const T> x, int64_t c0, int64_t channels, int64_t pitch, T* scratch) const {
    const int64_t rows = scratch_rows(strip.i1 - strip.i0), first = strip.i0 * step_[0];
    int64_t from[3], to[3];  // scratch positions that lie inside the source
    for (int d = 0; d < 3; d++) {
      const int64_t base = low_[d] + (d == 0 ? first * source_step_[0] : 0), count = d == 0 ? rows : size_[d];
      const int64_t room = source_[d] - 1 - base;
      from[d] = std::min(count, base >= 0 ? 0 : (-base + source_step_[d] - 1) / source_step_[d]);
      to[d] = std::max(from[d], room < 0 ? 0 : std::min(count, room / source_step_[d] + 1));
    }
    const bool padded = pitch != channels || from[0] > 0 || to[0] < rows || from[1] > 0 || to[1] < size_[1] ||
                        from[2] > 0 || to[2] < size_[2];
    if (padded) std::memset(scratch, 0, static_cast<size_t>(scratch_pixels(strip) * pitch) * sizeof(T));
    if (from[0] == to[0] || from[1] == to[1] || from[2] == to[2]) return;
    int64_t line = to[2] - from[2], lines = to[1] - from[1], blocks = to[0] - from[0];
    // Merge dims that are copied whole, so that narrow images still move in long lines.
    if (source_step_[2] == 1 && line == source_[2] && line == size_[2] && source_step_[1] == 1) {
      line *= lines;
      lines = 1;
      if (source_step_[0] == 1 && line == source_[1] * source_[2] && line == size_[1] * size_[2]) {
        line *= blocks;
        blocks = 1;
      }
    }
    for (int64_t n = strip.n0; n < strip.n1; n++)
      for (int64_t a = 0; a < blocks; a++)
        for (int64_t b = 0; b < lines; b++) {
          const int64_t h0 = (first + from[0] + a) * source_step_[0] + low_[0];
          const int64_t h1 = (from[1] + b) * source_step_[1] + low_[1], h2 = from[2] * source_step_[2] + low_[2];
          const T* src = x.at(n, c0) + ((h0 * source_[1] + h1) * source_[2] + h2) * x.step;
          T* dst =
              scratch + ((((n - strip.n0) * rows + from[0] + a) * size_[1] + from[1] + b) * size_[2] + from[2]) * pitch;
          move_2d<T>(channels, line, src, x.channel, x.step * source_step_[2], dst, 1, pitch);
        }
  }

 private:
  std::vector<Phase> phases_;
  int64_t source_[3], extent_[3], low_[3], span_[3], step_[3], source_step_[3], size_[3];
};

/** The grid of the forward direction (also of the weights' gradient), over the input. */
Grid forward_grid(const ConvShape& s);
/** The grid of the input's gradient, over the output's. */
Grid backward_grid(const ConvShape& s);

}  // namespace flambeau::FB_ISA
