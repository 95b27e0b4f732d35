// Patches of a channel-major source, packed straight from it for the matrix products of conv_panel*.cc.
#pragma once
#include <vector>

#include "conv_strip.h"
#include "gemm.h"

namespace flambeau::FB_ISA {

/** Neighbouring pixels of one row of the grid: lanes [lane, lane + length) of a panel. */
struct Segment {
  int64_t n, i[3], lane, length;
};

/**
 * The values that results read. Pixels of a grid are counted through rows and images, a panel is gemm_tile().cols of
 * them; for each shift of the source and each channel it has a row, zeros where the shift leads into the padding.
 */
class Patches {
 public:
  /** `step`: source positions between neighbours of the grid, 1 or 2 along the width; `extent` pixels of it an image.
   */
  Patches(Activations<const float> source, const int64_t* size, const int64_t* step, const int64_t* extent,
          int64_t images, int64_t channels, std::vector<Tap> shifts);
  int64_t pixels() const { return images_ * extent_[0] * extent_[1] * extent_[2]; }
  int64_t panels() const { return (pixels() + cols - 1) / cols; }
  const std::vector<Tap>& shifts() const { return shifts_; }

  /** The rows that a panel's pixels lie in. */
  std::vector<Segment> segments(int64_t panel) const;
  /**
   * Packs the channels of group g for panels that follow each other: channel c and shift s of panel i begin at
   * to + i * panel + c * channel + s * shift. A row may be written a vector too far: what follows a panel's row in
   * memory is another row, or another panel's, or room to spare.
   */
  void pack(int64_t g, const std::vector<std::vector<Segment>>& panels, float* to, int64_t panel, int64_t channel,
            int64_t shift) const;

  const int64_t cols = gemm_tile().cols;

 private:
  /** Up to a vector of neighbouring lanes of a packed row, taken from `from`; zeros behind the first `count`. */
  struct Piece {
    int64_t from, at, count;
  };
  struct List {
    std::vector<Piece> pieces;
    size_t whole;  // the first of the whole vectors, which come last
  };
  List pieces(const std::vector<Segment>& segs, int64_t shift) const;
  template <int kStep>
  void copy(const float* from, const std::vector<List>& lists, float* to, int64_t panel, int64_t channel) const;

  Activations<const float> source_;
  int64_t size_[3], step_[3], extent_[3], images_, channels_;
  std::vector<Tap> shifts_;
};

/** Spatial dims moved to the right, so that the last one is the width; a pointwise convolution has one long row. */
ConvShape row_aligned(const ConvShape& s);

}  // namespace flambeau::FB_ISA
