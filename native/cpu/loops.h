// The driver of element-wise kernels: unary.cc, binary.cc, compare.cc, ternary.cc and copy.cc hand it a span function.
//
// A span is the only compiled loop of a kernel: plain arrays in, plain array out, so it vectorises. The driver is not a
// template over the formula. Operands that are not plain (strided, broadcast, float16, bfloat16) go through blocks of
// kBlock elements in L1, which costs a copy there instead of a second and third compiled loop for each of some 400
// spans. Rows of a transposed operand are read tile by tile, kTileRows x kTileCols, along that operand's own fast dim.
// Dims are first sorted by the output's strides and merged, so that operands permuted alike become one long row.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__F16C__)
#include <immintrin.h>
#endif

#include "../dtype.h"
#include "../parallel.h"
#include "../plan.h"
#include "isa.h"
#include "move.h"

namespace flambeau::FB_ISA {

inline constexpr int kMaxInputs = 4;
/** `out[i] = f(in[0][i], …)` for i in [0, n); out may be one of the inputs. */
using SpanFn = void (*)(std::byte* out, const std::byte* const* in, int64_t n, const double* param);

/** The loops of one kernel for one dtype. A null `run` is a dtype the kernel does not have. */
struct Span {
  SpanFn run = nullptr;
  SpanFn scalar_left = nullptr;   // the same with a single element in[0]; optional
  SpanFn scalar_right = nullptr;  // … in[1]
};

/** Whether float16 and bfloat16 reach the span as they are (moving kernels) or as float. */
enum class Halves { widen, raw };

namespace loops {

inline constexpr int64_t kBlock = 1024, kTileRows = 32, kTileCols = 64, kShortRow = 48;
static_assert(kTileRows * kTileCols <= 2 * kBlock);

/** How an operand is moved between memory and blocks. */
enum class Pack : uint8_t { raw1, raw2, raw4, raw8, f16, bf16 };

inline Pack pack_of(DType d, Halves halves) {
  if (halves == Halves::widen && d == DType::f16) return Pack::f16;
  if (halves == Halves::widen && d == DType::bf16) return Pack::bf16;
  const size_t size = item_size(d);
  return size == 1 ? Pack::raw1 : size == 2 ? Pack::raw2 : size == 4 ? Pack::raw4 : Pack::raw8;
}
inline bool is_raw(Pack p) { return p < Pack::f16; }
inline int64_t stored_size(Pack p) { return p == Pack::raw1 ? 1 : p == Pack::raw4 ? 4 : p == Pack::raw8 ? 8 : 2; }
inline int64_t block_size(Pack p) { return is_raw(p) ? stored_size(p) : 4; }

template <class To, class From>
FB_INLINE To repack(From v) {
  if constexpr (std::is_same_v<To, From>)
    return v;
  else
    return static_cast<To>(static_cast<float>(v));
}

inline void widen(float* to, const Half* from, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8) {
    const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(h));
  }
#endif
  for (; i < n; i++) to[i] = from[i];
}
inline void narrow(Half* to, const float* from, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8) {
    const __m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), h);
  }
#endif
  for (; i < n; i++) to[i] = from[i];
}

/** One row: to[i] = from[i·stride]. */
template <class To, class From>
inline void gather(To* to, const From* from, int64_t stride, int64_t n) {
  if (stride == 0) {
    const To v = repack<To>(*from);
    for (int64_t i = 0; i < n; i++) to[i] = v;
  } else if (stride == 2) {  // a stride that the compiler knows, it can shuffle
    for (int64_t i = 0; i < n; i++) to[i] = repack<To>(from[i * 2]);
  } else if (stride != 1) {
    for (int64_t i = 0; i < n; i++) to[i] = repack<To>(from[i * stride]);
  } else if constexpr (std::is_same_v<To, From>) {
    if (n >= 32)
      move_bytes(to, from, static_cast<size_t>(n) * sizeof(To));
    else
      for (int64_t i = 0; i < n; i++) to[i] = from[i];
  } else if constexpr (std::is_same_v<From, Half>) {
    widen(to, from, n);
  } else {
    for (int64_t i = 0; i < n; i++) to[i] = repack<To>(from[i]);
  }
}
/** The way back: to[i·stride] = from[i]. */
template <class To, class From>
inline void scatter(To* to, const From* from, int64_t stride, int64_t n) {
  if (stride != 1) {
    for (int64_t i = 0; i < n; i++) to[i * stride] = repack<To>(from[i]);
  } else if constexpr (std::is_same_v<To, Half> && std::is_same_v<From, float>) {
    narrow(to, from, n);
  } else {
    for (int64_t i = 0; i < n; i++) to[i] = repack<To>(from[i]);
  }
}

/** to[r·to_stride + c] = from[r + c·from_stride], a transpose, in squares that fit the registers. */
template <class To, class From>
FB_NOINLINE inline void gather_transposed(To* to, int64_t to_stride, const From* from, int64_t from_stride,
                                          int64_t rows, int64_t cols) {
  constexpr int64_t kSquare = 8;
  int64_t c = 0;
  for (; c + kSquare <= cols; c += kSquare) {
    int64_t r = 0;
    for (; r + kSquare <= rows; r += kSquare) {
      To square[kSquare][kSquare];
      if constexpr (std::is_same_v<To, From>) {  // in registers
        FB_LANES for (int64_t j = 0; j < kSquare; j++) FB_LANES for (int64_t i = 0; i < kSquare; i++) square[i][j] =
            from[r + i + (c + j) * from_stride];
        FB_LANES for (int64_t i = 0; i < kSquare; i++) FB_LANES for (int64_t j = 0; j < kSquare; j++)
            to[(r + i) * to_stride + c + j] = square[i][j];
      } else {
        for (int64_t j = 0; j < kSquare; j++)
          for (int64_t i = 0; i < kSquare; i++) square[i][j] = repack<To>(from[r + i + (c + j) * from_stride]);
        for (int64_t i = 0; i < kSquare; i++)
          for (int64_t j = 0; j < kSquare; j++) to[(r + i) * to_stride + c + j] = square[i][j];
      }
    }
    for (; r < rows; r++)
      for (int64_t j = c; j < c + kSquare; j++) to[r * to_stride + j] = repack<To>(from[r + j * from_stride]);
  }
  for (; c < cols; c++)
    for (int64_t r = 0; r < rows; r++) to[r * to_stride + c] = repack<To>(from[r + c * from_stride]);
}

/** Calls f(Block{}, Stored{}) with the types a pack stands for. */
template <class F>
FB_INLINE void with_types(Pack p, F&& f) {
  switch (p) {
    case Pack::raw1: return f(uint8_t{}, uint8_t{});
    case Pack::raw2: return f(uint16_t{}, uint16_t{});
    case Pack::raw4: return f(uint32_t{}, uint32_t{});
    case Pack::raw8: return f(uint64_t{}, uint64_t{});
    case Pack::f16: return f(float{}, Half{});
    case Pack::bf16: return f(float{}, BFloat16{});
  }
}
inline void gather_any(Pack p, std::byte* to, const std::byte* from, int64_t stride, int64_t n) {
  with_types(p, [&]<class B, class S>(B, S) {
    gather(reinterpret_cast<B*>(to), reinterpret_cast<const S*>(from), stride, n);
  });
}
inline void scatter_any(Pack p, std::byte* to, const std::byte* from, int64_t stride, int64_t n) {
  with_types(p, [&]<class B, class S>(B, S) {
    scatter(reinterpret_cast<S*>(to), reinterpret_cast<const B*>(from), stride, n);
  });
}

/** The iteration space after sorting and merging, for `count` operands. */
struct Space {
  int ndim = 0, count = 0;
  int64_t numel = 1;
  int64_t sizes[kMaxDims];
  int64_t strides[kMaxInputs + 1][kMaxDims];
  std::byte* data[kMaxInputs + 1];
  Pack pack[kMaxInputs + 1];

  Space(const Plan& plan, int operands, Halves halves) : count(operands) {
    int order[kMaxDims];
    const int64_t* out = plan.operand[0].strides;
    for (int d = 0; d < plan.ndim; d++) {
      numel *= plan.sizes[d];
      if (plan.sizes[d] == 1) continue;
      Plan::require(out[d] != 0, "the output of an element-wise kernel repeats an element");
      int at = ndim++;
      for (; at > 0 && out[order[at - 1]] < out[d]; at--) order[at] = order[at - 1];
      order[at] = d;
    }
    int kept = 0;
    for (int i = 0; i < ndim; i++) {
      const int d = order[i];
      bool merge = kept > 0;
      for (int k = 0; k < count && merge; k++) {
        merge = strides[k][kept - 1] == plan.operand[k].strides[d] * plan.sizes[d];
      }
      const int at = merge ? kept - 1 : kept++;
      sizes[at] = merge ? sizes[at] * plan.sizes[d] : plan.sizes[d];
      for (int k = 0; k < count; k++) strides[k][at] = plan.operand[k].strides[d];
    }
    if (kept == 0) {
      sizes[0] = 1;
      for (int k = 0; k < count; k++) strides[k][0] = 1;
      kept = 1;
    }
    ndim = kept;
    for (int k = 0; k < count; k++) {
      data[k] = plan.operand[k].data;
      pack[k] = pack_of(plan.operand[k].dtype, halves);
    }
  }
  int64_t inner() const { return sizes[ndim - 1]; }
  int64_t inner_stride(int k) const { return strides[k][ndim - 1]; }
  /** Where operand k's element is when only the last dim varies: row-major over all dims. */
  bool dense(int k) const {
    int64_t expected = 1;
    for (int d = ndim - 1; d >= 0; d--) {
      if (strides[k][d] != expected) return false;
      expected *= sizes[d];
    }
    return true;
  }
  /** Makes dim d the one before the last. */
  void make_rows(int d) {
    for (; d < ndim - 2; d++) {
      std::swap(sizes[d], sizes[d + 1]);
      for (int k = 0; k < count; k++) std::swap(strides[k][d], strides[k][d + 1]);
    }
  }
};

/** A place in a space: the index in each of the first `dims` dims, and every operand's offset there in elements. */
struct Cursor {
  int64_t index[kMaxDims], offset[kMaxInputs + 1] = {};
  Cursor(const Space& s, int64_t linear, int dims) {
    for (int d = dims - 1; d >= 0; d--) {
      index[d] = linear % s.sizes[d];
      linear /= s.sizes[d];
      for (int k = 0; k < s.count; k++) offset[k] += index[d] * s.strides[k][d];
    }
  }
  void next(const Space& s, int dims) {
    for (int d = dims - 1; d >= 0; d--) {
      for (int k = 0; k < s.count; k++) offset[k] += s.strides[k][d];
      if (++index[d] < s.sizes[d]) return;
      for (int k = 0; k < s.count; k++) offset[k] -= s.strides[k][d] * s.sizes[d];
      index[d] = 0;
    }
  }
};

struct Blocks {
  alignas(64) std::byte bytes[kMaxInputs + 1][2 * kBlock * 8];
};

/** A run of n elements of one row from the cursor's place plus `col`. */
inline void run_row(const Space& s, const Span& span, const double* param, const int64_t* offset, int64_t col,
                    int64_t n, Blocks& blocks) {
  const std::byte* in[kMaxInputs];
  const std::byte* base[kMaxInputs];
  std::byte* out = s.data[0] + (offset[0] + col * s.inner_stride(0)) * stored_size(s.pack[0]);
  const bool out_plain = is_raw(s.pack[0]) && s.inner_stride(0) == 1;
  bool gathered[kMaxInputs] = {}, any = !out_plain;
  SpanFn run = span.run;
  for (int k = 1; k < s.count; k++) {
    const int64_t stride = s.inner_stride(k);
    base[k - 1] = s.data[k] + (offset[k] + col * stride) * stored_size(s.pack[k]);
    in[k - 1] = base[k - 1];
    if (is_raw(s.pack[k]) && stride == 1) continue;
    const SpanFn scalar = k == 1 ? span.scalar_left : k == 2 ? span.scalar_right : nullptr;
    if (stride == 0) {
      // A repeated element: to the scalar loop where there is one, else one block of copies for the whole row.
      const bool alone = scalar != nullptr && run == span.run;
      gather_any(s.pack[k], blocks.bytes[k], base[k - 1], 0, alone ? 1 : std::min(n, kBlock));
      in[k - 1] = blocks.bytes[k];
      if (alone)
        run = scalar;
      else
        any = true;
      continue;
    }
    gathered[k - 1] = any = true;
    in[k - 1] = blocks.bytes[k];
  }
  if (!any) return run(out, in, n, param);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = std::min(kBlock, n - i);
    const std::byte* block_in[kMaxInputs];
    for (int k = 1; k < s.count; k++) {
      const int64_t stride = s.inner_stride(k);
      if (gathered[k - 1]) {
        gather_any(s.pack[k], blocks.bytes[k], base[k - 1] + i * stride * stored_size(s.pack[k]), stride, m);
      }
      block_in[k - 1] = gathered[k - 1] || stride == 0 ? in[k - 1] : in[k - 1] + i * stored_size(s.pack[k]);
    }
    std::byte* to = out + i * s.inner_stride(0) * stored_size(s.pack[0]);
    run(out_plain ? to : blocks.bytes[0], block_in, m, param);
    if (!out_plain) scatter_any(s.pack[0], to, blocks.bytes[0], s.inner_stride(0), m);
  }
}

/** The loop that takes each row as it lies in memory, repeated elements as scalars; null where blocks are needed. */
inline SpanFn plain_rows(const Space& s, const Span& span) {
  if (!is_raw(s.pack[0]) || s.inner_stride(0) != 1) return nullptr;
  SpanFn run = span.run;
  for (int k = 1; k < s.count; k++) {
    if (!is_raw(s.pack[k])) return nullptr;
    if (s.inner_stride(k) == 1) continue;
    const SpanFn scalar = k == 1 ? span.scalar_left : k == 2 ? span.scalar_right : nullptr;
    if (s.inner_stride(k) != 0 || scalar == nullptr || run != span.run) return nullptr;
    run = scalar;
  }
  return run;
}

inline void run_rows(const Space& s, const Span& span, const double* param, int64_t begin, int64_t end) {
  const int64_t inner = s.inner();
  Cursor at(s, begin / inner, s.ndim - 1);
  if (const SpanFn run = plain_rows(s, span)) {
    for (int64_t i = begin, col = begin % inner; i < end; col = 0) {
      const int64_t n = std::min(inner - col, end - i);
      const std::byte* in[kMaxInputs];
      for (int k = 1; k < s.count; k++)
        in[k - 1] = s.data[k] + (at.offset[k] + col * s.inner_stride(k)) * stored_size(s.pack[k]);
      run(s.data[0] + (at.offset[0] + col) * stored_size(s.pack[0]), in, n, param);
      i += n;
      at.next(s, s.ndim - 1);
    }
    return;
  }
  Blocks blocks;
  for (int64_t i = begin, col = begin % inner; i < end; col = 0) {
    const int64_t n = std::min(inner - col, end - i);
    run_row(s, span, param, at.offset, col, n, blocks);
    i += n;
    at.next(s, s.ndim - 1);
  }
}

/** Short rows: blocks of whole rows, each operand gathered row by row unless it is dense. */
inline void run_short_rows(const Space& s, const Span& span, const double* param, int64_t first_row, int64_t last_row) {
  Blocks blocks;
  const int64_t inner = s.inner(), rows_per_block = kBlock / inner;
  int64_t offsets[kMaxInputs + 1][kBlock];
  bool plain[kMaxInputs + 1];
  for (int k = 0; k < s.count; k++) plain[k] = is_raw(s.pack[k]) && s.dense(k);
  Cursor at(s, first_row, s.ndim - 1);
  for (int64_t row = first_row; row < last_row; row += rows_per_block) {
    const int64_t rows = std::min(rows_per_block, last_row - row);
    for (int64_t r = 0; r < rows; r++) {
      for (int k = 0; k < s.count; k++) offsets[k][r] = at.offset[k];
      at.next(s, s.ndim - 1);
    }
    const std::byte* in[kMaxInputs];
    for (int k = 1; k < s.count; k++) {
      in[k - 1] = plain[k] ? s.data[k] + offsets[k][0] * stored_size(s.pack[k]) : blocks.bytes[k];
      if (plain[k]) continue;
      with_types(s.pack[k], [&]<class B, class S>(B, S) {
        B* to = reinterpret_cast<B*>(blocks.bytes[k]);
        const S* from = reinterpret_cast<const S*>(s.data[k]);
        const int64_t stride = s.inner_stride(k);
        for (int64_t r = 0; r < rows; r++)
          for (int64_t i = 0; i < inner; i++) *to++ = repack<B>(from[offsets[k][r] + i * stride]);
      });
    }
    std::byte* out = s.data[0] + offsets[0][0] * stored_size(s.pack[0]);
    span.run(plain[0] ? out : blocks.bytes[0], in, rows * inner, param);
    if (plain[0]) continue;
    with_types(s.pack[0], [&]<class B, class S>(B, S) {
      const B* from = reinterpret_cast<const B*>(blocks.bytes[0]);
      S* to = reinterpret_cast<S*>(s.data[0]);
      const int64_t stride = s.inner_stride(0);
      for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < inner; i++) to[offsets[0][r] + i * stride] = repack<S>(*from++);
    });
  }
}

/** The dim along which a transposed operand is contiguous, or -1 when no operand asks for tiles. */
inline int tile_dim(const Space& s) {
  if (s.ndim < 2 || s.inner() < 8) return -1;
  for (int k = 1; k < s.count; k++) {
    if (s.inner_stride(k) < 2) continue;
    for (int d = s.ndim - 2; d >= 0; d--)
      if (s.strides[k][d] == 1 && s.sizes[d] >= 8) return d;
  }
  return -1;
}

/** Tiles [begin, end) of the space; a tile is kTileRows of dim ndim-2 by kTileCols of the last dim. */
inline void run_tiles(const Space& s, const Span& span, const double* param, int64_t begin, int64_t end) {
  Blocks blocks, row_blocks;
  const int row_dim = s.ndim - 2;
  const int64_t rows = s.sizes[row_dim], cols = s.inner();
  const int64_t row_tiles = (rows + kTileRows - 1) / kTileRows, col_tiles = (cols + kTileCols - 1) / kTileCols;
  for (int64_t tile = begin; tile < end; tile++) {
    const int64_t col = tile % col_tiles * kTileCols, row = tile / col_tiles % row_tiles * kTileRows;
    Cursor at(s, tile / col_tiles / row_tiles, row_dim);
    const int64_t n = std::min(kTileCols, cols - col), m = std::min(kTileRows, rows - row);
    // The tile as a space of its own: transposed operands become blocks with the tile's row stride.
    int64_t step[kMaxInputs + 1];
    std::byte* place[kMaxInputs + 1];
    bool simple = span.run != nullptr;
    Space t = s;
    for (int k = 0; k < s.count; k++) {
      const int64_t size = stored_size(s.pack[k]);
      place[k] = s.data[k] + (at.offset[k] + row * s.strides[k][row_dim] + col * s.inner_stride(k)) * size;
      step[k] = s.strides[k][row_dim] * size;
      if (k == 0 || s.inner_stride(k) < 2 || s.strides[k][row_dim] != 1) {
        simple = simple && is_raw(s.pack[k]) && s.inner_stride(k) == 1;
        continue;
      }
      with_types(s.pack[k], [&]<class B, class S>(B, S) {
        gather_transposed(reinterpret_cast<B*>(blocks.bytes[k]), kTileCols, reinterpret_cast<const S*>(place[k]),
                          s.inner_stride(k), m, n);
        if (!is_raw(s.pack[k])) t.pack[k] = Pack::raw4;  // widened to float on the way
        step[k] = kTileCols * static_cast<int64_t>(sizeof(B));
      });
      place[k] = blocks.bytes[k];
      t.strides[k][t.ndim - 1] = 1;
    }
    for (int64_t r = 0; r < m; r++) {
      if (simple) {
        const std::byte* in[kMaxInputs];
        for (int k = 1; k < s.count; k++) in[k - 1] = place[k] + r * step[k];
        span.run(place[0] + r * step[0], in, n, param);
      } else {
        constexpr int64_t zero[kMaxInputs + 1] = {};
        for (int k = 0; k < s.count; k++) t.data[k] = place[k] + r * step[k];
        run_row(t, span, param, zero, 0, n, row_blocks);
      }
    }
  }
}

/** Everything but the plain case. */
inline void run_space(Space& s, const Span& span, const double* param, int64_t grain) {
  if (s.numel == 0) return;
  const int d = tile_dim(s);
  if (d >= 0) {
    s.make_rows(d);
    const int64_t rows = s.sizes[s.ndim - 2], cols = s.inner();
    const int64_t tiles =
        s.numel / rows / cols * ((rows + kTileRows - 1) / kTileRows) * ((cols + kTileCols - 1) / kTileCols);
    parallel_for(tiles, std::max<int64_t>(1, grain / (kTileRows * kTileCols)),
                 [&](int64_t b, int64_t e) { run_tiles(s, span, param, b, e); });
  } else if (s.ndim > 1 && s.inner() < kShortRow) {
    parallel_for(s.numel / s.inner(), std::max<int64_t>(1, grain / s.inner()),
                 [&](int64_t b, int64_t e) { run_short_rows(s, span, param, b, e); });
  } else {
    parallel_for(s.numel, grain, [&](int64_t b, int64_t e) { run_rows(s, span, param, b, e); });
  }
}

}  // namespace loops

/** Bytes of a result beyond which its lines are asked for ahead: they have left the second-level cache since. */
inline constexpr int64_t kAheadFrom = int64_t{1} << 20, kAheadPiece = 2048;

/** As many elements never occupy a second thread. */
inline constexpr int64_t kSmall = 512;

/** A plain run: `step[k]` is how many bytes an element of operand k takes, the result first; 0 where it is repeated. */
struct PlainRun {
  SpanFn span;
  const double* param;
  int operands;
  int64_t step[kMaxInputs + 1];

  void at(const std::byte* const* in, int64_t i, const std::byte** from) const {
    for (int k = 1; k < operands; k++) from[k - 1] = in[k - 1] + i * step[k];
  }
  /** Whether operands and result are too large for the caches. */
  bool streamed(int64_t n) const {
    int64_t bytes = 0;
    for (int k = 0; k < operands; k++) bytes += n * step[k];
    return bytes >= streaming_bytes();
  }
};

/**
 * A run whose result is large: piece by piece, the lines of the piece after the next asked for in time, because
 * processors fetch ahead for loads and not for stores.
 */
inline void run_ahead(const PlainRun& run, std::byte* out, const std::byte* const* in, int64_t n) {
  const int64_t size = run.step[0], piece = kAheadPiece / size, bytes = n * size;
  for (int64_t i = 0; i < n; i += piece) {
    const int64_t ahead = (i + piece) * size;
    for (int64_t at = ahead; at < std::min(ahead + kAheadPiece, bytes); at += 64) __builtin_prefetch(out + at, 1, 3);
    const std::byte* from[kMaxInputs];
    run.at(in, i, from);
    run.span(out + i * size, from, std::min(piece, n - i), run.param);
  }
}
/** A run that is too large for the caches: each piece is made in the first of them, and goes to memory past the others.
 */
inline void run_streamed(const PlainRun& run, std::byte* out, const std::byte* const* in, int64_t n) {
  alignas(kLine) std::byte made[kAheadPiece];
  const int64_t size = run.step[0];
  int64_t piece = static_cast<int64_t>(before_line(out, kAheadPiece)) / size;  // to the first whole line
  if (piece == 0) piece = kAheadPiece / size;
  for (int64_t i = 0; i < n; i += piece, piece = kAheadPiece / size) {
    const int64_t m = std::min(piece, n - i);
    const std::byte* from[kMaxInputs];
    run.at(in, i, from);
    run.span(made, from, m, run.param);
    stream_bytes(out + i * size, made, static_cast<size_t>(m * size));
  }
  stream_end();
}

/** Completes how a vector's operands are stepped through; false unless each is dense, or a scalar that has a loop. */
inline bool plain_run(const Plan& plan, const Span& span, Halves halves, int64_t n, PlainRun& run) {
  for (int k = 0; k < run.operands; k++) {
    const DType d = plan.operand[k].dtype;
    if (halves == Halves::widen && (d == DType::f16 || d == DType::bf16)) return false;
    run.step[k] = static_cast<int64_t>(item_size(d));
    if (n == 1 || plan.operand[k].strides[0] == 1) continue;
    const SpanFn scalar = k == 1 ? span.scalar_left : k == 2 ? span.scalar_right : nullptr;
    if (plan.operand[k].strides[0] != 0 || scalar == nullptr || run.span != span.run) return false;
    run.span = scalar;
    run.step[k] = 0;
  }
  return true;
}

/** Runs a span over the first `operands` operands of a map plan; operand 0 is written. */
inline void run_map(const Plan& plan, int operands, const Span& span, int64_t grain, Halves halves = Halves::widen) {
  Plan::require(span.run != nullptr, "the kernel does not have this dtype");
  Plan::require(!plan.structured && operands <= kMaxInputs + 1 && operands <= plan.operands, "expected a map plan");
  for (int d = 0; d < plan.ndim; d++)
    if (plan.sizes[d] == 0) return;  // had it lacked the dtype, it would have been refused above
  if (plan.ndim <= 1) {
    const int64_t n = plan.ndim == 0 ? 1 : plan.sizes[0];
    PlainRun run{span.run, plan.param, operands, {}};
    if (plain_run(plan, span, halves, n, run)) {
      const std::byte* inputs[kMaxInputs];
      for (int k = 1; k < operands; k++) inputs[k - 1] = plan.operand[k].data;
      // what most calls of a small program are
      if (n <= kSmall) return run.span(plan.operand[0].data, inputs, n, run.param);
      bool ahead =
          grain >= kGrain && n * run.step[0] >= kAheadFrom;  // costlier rows wait for arithmetic, not for memory
      for (int k = 1; k < operands; k++) ahead = ahead && plan.operand[k].data != plan.operand[0].data;
      const auto large = !ahead ? nullptr : run.streamed(n) ? run_streamed : run_ahead;
      parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        const std::byte* in[kMaxInputs];
        run.at(inputs, begin, in);
        std::byte* const out = plan.operand[0].data + begin * run.step[0];
        if (large)
          large(run, out, in, end - begin);
        else
          run.span(out, in, end - begin, run.param);
      });
      return;
    }
  }
  loops::Space space(plan, operands, halves);
  loops::run_space(space, span, plan.param, grain);
}

// What an element costs, as a grain: how many elements are worth a thread.
inline constexpr int64_t kCheap = kGrain, kCostly = kGrain / 4, kSlow = kGrain / 32;

/** How a span reads and writes T: bools by their truth, everything else as it is. */
template <class T>
FB_INLINE auto load(const T* p, int64_t i) {
  if constexpr (is_bool<T>)
    return p[i].byte != 0;
  else
    return p[i];
}

}  // namespace flambeau::FB_ISA
