// General matrix products: see gemm.h; called by matmul, conv, rnn and attention.
// Threads claim rectangles of C and compute each alone, packing for themselves: fetching what another core has just
// packed was measured slower than packing it again, and nobody waits for anybody. Within a rectangle k is cut into
// blocks of at most kBlockK (fewer passes over C matter more than keeping a panel of B in the first-level cache), n
// into kBlockN, m into kBlockM rows whose packed A stays in the second-level cache; A is read in place where n is
// small, B where m is. Products with a thin side never pack what they read once: dot tiles for A B^T, streaming sums
// for x B.
#include "gemm.h"

#include <algorithm>
#include <vector>

#include "../blas.h"
#include "../parallel.h"
#include "gemm_kernels.h"

namespace flambeau::FB_ISA {
namespace {

// Processors without AVX-512 have half the second-level cache: measured on Zen 3, Zen 4 and Ice Lake.
inline constexpr bool kLargeCache = kVectorBytes == 64;
template <class T>
inline constexpr int64_t kBlockK = kLargeCache ? (sizeof(T) == 4 ? 512 : 384) : (sizeof(T) == 4 ? 384 : 192);
inline constexpr int64_t kBlockN = 3072, kBlockM = kLargeCache ? 224 : 144;
/** Multiplications below which threads cost more than they give. */
inline constexpr int64_t kParallelWork = 1 << 20;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <class T>
T* a_scratch(int64_t elements) {
  static thread_local Scratch<T> scratch;
  return scratch.get(elements);
}
template <class T>
T* b_scratch(int64_t elements) {
  static thread_local Scratch<T> scratch;
  return scratch.get(elements);
}

/** Multiplications, as a double: with zero strides the sizes may be beyond what an integer holds. */
template <class T>
double work_of(const Gemm<T>& g) {
  return static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
}

template <class T>
Out<T> whole(const Gemm<T>& g) {
  return {g.c, g.c_row, g.c_col, g.alpha, g.beta, g.bias, g.bias_row, g.bias_col};
}

/** C^T = B^T A^T. */
template <class T>
Gemm<T> transposed(const Gemm<T>& g) {
  return {g.n, g.m,     g.k,     g.b,     g.b_col, g.b_row, g.a,        g.a_col,   g.a_row,
          g.c, g.c_col, g.c_row, g.alpha, g.beta,  g.bias,  g.bias_col, g.bias_row};
}

template <class T>
void gemm_naive(const Gemm<T>& g) {
  for (int64_t i = 0; i < g.m; i++) {
    for (int64_t j = 0; j < g.n; j++) {
      const T* a = g.a + i * g.a_row;
      const T* b = g.b + j * g.b_col;
      T sum = 0;
      for (int64_t p = 0; p < g.k; p++) sum += a[p * g.a_col] * b[p * g.b_row];
      T* c = g.c + i * g.c_row + j * g.c_col;
      T x = g.alpha * sum;
      if (g.beta != 0) x += g.beta * *c;
      if (g.bias) x += g.bias[i * g.bias_row + j * g.bias_col];
      *c = x;
    }
  }
}

/** Dot tiles; m is the thin side. */
template <class T>
void gemm_dot(const Gemm<T>& g) {
  constexpr int w = kLanes<T>;
  const Out<T> out = whole(g);
  const auto columns = [&](int64_t begin, int64_t end) {
    const auto strip = [&]<int R>(int64_t i, int rows) {
      for (int64_t j = begin; j < end; j += w / R) {
        dot_tile<T, R>(g.a + i * g.a_row, g.a_row, rows, g.b + j * g.b_col, g.b_col,
                       static_cast<int>(std::min<int64_t>(w / R, end - j)), g.k, out.at(i, j));
      }
    };
    for (int64_t i = 0; i < g.m;) {
      const int rows = static_cast<int>(std::min<int64_t>(g.m - i, w >= 8 ? 4 : 2));
      if (rows == 1)
        strip.template operator()<1>(i, 1);
      else if (rows == 2 || w < 8)
        strip.template operator()<2>(i, rows);
      else
        strip.template operator()<(w >= 8 ? 4 : 2)>(i, rows);
      i += rows;
    }
  };
  const int64_t grain = std::max<int64_t>(w, ceil_div(kParallelWork / 16, g.k * g.m));
  parallel_for(ceil_div(g.n, w), ceil_div(grain, w),
               [&](int64_t begin, int64_t end) { columns(begin * w, std::min(g.n, end * w)); });
}

/** A row times a column, both contiguous: stretches of kStretch elements, whose sums are added in their order. */
template <class T>
void gemm_line(const Gemm<T>& g) {
  constexpr int64_t kStretch = 1 << 15;
  const auto stretch = [&](int64_t begin, int64_t end) {
    constexpr int w = kLanes<T>, chains = 8;
    Vec<T> acc[chains] = {};
    int64_t p = begin;
    for (; p + chains * w <= end; p += chains * w) {
      FB_UNROLL
      for (int c = 0; c < chains; c++) acc[c] += load(g.a + p + c * w) * load(g.b + p + c * w);
    }
    for (; p < end; p += w) {
      const int n = static_cast<int>(std::min<int64_t>(w, end - p));
      acc[0] += load_part(g.a + p, n) * load_part(g.b + p, n);
    }
    const Vec<T> sum = ((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7]));
    T total = 0;
    for (int i = 0; i < w; i++) total += sum[i];
    return total;
  };
  alignas(64) T tile[kLanes<T>] = {};
  T& total = tile[0];
  if (g.k <= kStretch) {
    total = stretch(0, g.k);
  } else {
    std::vector<T> sums(static_cast<size_t>(ceil_div(g.k, kStretch)));
    parallel_for(static_cast<int64_t>(sums.size()), 2, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        sums[static_cast<size_t>(i)] = stretch(i * kStretch, std::min(g.k, (i + 1) * kStretch));
    });
    for (const T sum : sums) total += sum;
  }
  finish(tile, 1, 1, kLanes<T>, whole(g));
}

/** A few rows (m ≤ 4) times B with contiguous rows: B streams past once, eight rows at a time, sums stay in cache. */
template <class T>
void gemm_stream(const Gemm<T>& g) {
  constexpr int64_t strip = 512;
  const Out<T> out = whole(g);
  parallel_for(
      ceil_div(g.n, 64), std::max<int64_t>(1, kParallelWork / 16 / (64 * g.k)), [&](int64_t begin, int64_t end) {
        for (int64_t j0 = begin * 64; j0 < std::min(g.n, end * 64); j0 += strip) {
          const int n = static_cast<int>(std::min(strip, std::min(g.n, end * 64) - j0));
          for (int64_t i = 0; i < g.m; i++) {
            alignas(64) T sums[strip] = {};
            const T* a = g.a + i * g.a_row;
            int64_t p = 0;
            for (; p + 8 <= g.k; p += 8) {
              const T* b = g.b + p * g.b_row + j0;
              T x[8];
              for (int q = 0; q < 8; q++) x[q] = a[(p + q) * g.a_col];
              const int64_t r = g.b_row;
              for (int j = 0; j < n; j++) {
                sums[j] += ((x[0] * b[j] + x[1] * b[j + r]) + (x[2] * b[j + 2 * r] + x[3] * b[j + 3 * r])) +
                           ((x[4] * b[j + 4 * r] + x[5] * b[j + 5 * r]) + (x[6] * b[j + 6 * r] + x[7] * b[j + 7 * r]));
              }
            }
            for (; p < g.k; p++) {
              const T x = a[p * g.a_col];
              const T* b = g.b + p * g.b_row + j0;
              for (int j = 0; j < n; j++) sums[j] += x * b[j];
            }
            finish(sums, 1, n, static_cast<int>(strip), out.at(i, j0));
          }
        }
      });
}

/** One block of k and n: B's panels, then the tasks. */
template <class T>
class Block {
 public:
  Block(const Gemm<T>& g, int64_t p0, int64_t k, int64_t j0, int64_t n) : g_(g), p0_(p0), k_(k), j0_(j0), n_(n) {
    out_ = whole(g);
    if (p0 > 0) {
      out_.beta = 1;
      out_.bias = nullptr;
    }
    tiles_ = ceil_div(g.m, kTileRows);
    panels_ = ceil_div(n, kPanel);
    direct_a_ = n <= 4 * kPanel && (g.a_col == 1 || g.a_row == 1);
    direct_b_ = g.b_col == 1 && tiles_ <= 2;
  }

  void run() {
    pack_panels();
    const int64_t row_blocks = ceil_div(g_.m, kBlockM);
    for (int64_t i = 0; i < row_blocks; i++) rows_by_panels(i * tiles_ / row_blocks, (i + 1) * tiles_ / row_blocks);
  }

 private:
  static constexpr int64_t kPanel = kTileCols<T>;

  int panel_cols(int64_t panel) const { return static_cast<int>(std::min(kPanel, n_ - panel * kPanel)); }
  static int width(int cols) { return static_cast<int>(ceil_div(cols, kLanes<T>)) * kLanes<T>; }
  /** Reading whole vectors in place would pass the end of B only in the last panel. */
  bool in_place(int64_t panel) const { return direct_b_ && panel_cols(panel) % kLanes<T> == 0; }
  const T* b_at(int64_t panel) const { return g_.b + p0_ * g_.b_row + (j0_ + panel * kPanel) * g_.b_col; }

  void pack_panels() {
    const int64_t first = direct_b_ ? panels_ - (in_place(panels_ - 1) ? 0 : 1) : 0;
    if (first == panels_) return;
    T* const packed = b_scratch<T>((panels_ - first) * kPanel * k_);
    packed_b_ = packed;
    first_packed_ = first;
    for (int64_t i = first; i < panels_; i++) {
      const int cols = panel_cols(i);
      pack_b(b_at(i), g_.b_row, g_.b_col, cols, k_, packed + (i - first) * kPanel * k_, width(cols));
    }
  }

  /** Rows are shared evenly: m = 64 is four tiles of 13 and one of 12, not four of 14 and one of 8. */
  int64_t tile_row(int64_t tile) const { return tile * g_.m / tiles_; }

  void rows_by_panels(int64_t t0, int64_t t1) const {
    const T* const a = g_.a + p0_ * g_.a_col;
    const int64_t i0 = tile_row(t0);
    T* packed_a = nullptr;
    if (!direct_a_) {
      packed_a = a_scratch<T>((tile_row(t1) - i0) * k_ + kTileRows + 2 * kLanes<T>);
      for (int64_t t = t0; t < t1; t++) {
        const int64_t i = tile_row(t);
        pack_a(a + i * g_.a_row, g_.a_row, g_.a_col, static_cast<int>(tile_row(t + 1) - i), k_,
               packed_a + (i - i0) * k_);
      }
    }
    for (int64_t panel = 0; panel < panels_; panel++) {
      const int cols = panel_cols(panel), vectors = width(cols) / kLanes<T>;
      const bool place = in_place(panel);
      const T* const b = place ? b_at(panel) : packed_b_ + (panel - first_packed_) * kPanel * k_;
      const int64_t b_row = place ? g_.b_row : width(cols);
      for (int64_t t = t0; t < t1; t++) {
        const int64_t i = tile_row(t);
        const int rows = static_cast<int>(tile_row(t + 1) - i);
        const Out<T> out = out_.at(i, j0_ + panel * kPanel);
        if (!direct_a_)
          micro_for<T, ReadA::packed>(rows, vectors)(k_, packed_a + (i - i0) * k_, 1, rows, b, b_row, cols, out);
        else if (g_.a_col == 1)
          micro_for<T, ReadA::rows>(rows, vectors)(k_, a + i * g_.a_row, g_.a_row, 1, b, b_row, cols, out);
        else
          micro_for<T, ReadA::strided>(rows, vectors)(k_, a + i * g_.a_row, g_.a_row, g_.a_col, b, b_row, cols, out);
      }
    }
  }

  const Gemm<T>& g_;
  int64_t p0_, k_, j0_, n_, tiles_, panels_;
  bool direct_a_, direct_b_;
  const T* packed_b_ = nullptr;
  int64_t first_packed_ = 0;
  Out<T> out_;
};

/**
 * Whether a BLAS would be faster. Measured beside OpenBLAS: with AVX-512 nowhere that matters, with less by 2-6 % from
 * 512 cubed on in float32 and from 1024 cubed on in float64, and slower by as much below.
 */
template <class T>
bool blas_faster(const Gemm<T>& g) {
  const double products = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  return blas_always_faster() || (kLanes<float> < 16 && products >= (sizeof(T) == 4 ? 0x1p26 : 0x1p28));
}

/** Hands the product to the BLAS if it is wanted and can express the strides. */
template <class T>
bool try_blas(const Gemm<T>& g) {
  if (!blas_wanted(blas_faster(g)) || g.bias || g.c_col != 1 || g.c_row < g.n) return false;
  const bool a_rows = g.a_col == 1 && g.a_row >= g.k, a_cols = g.a_row == 1 && g.a_col >= g.m;
  const bool b_rows = g.b_col == 1 && g.b_row >= g.n, b_cols = g.b_row == 1 && g.b_col >= g.k;
  if (!(a_rows || a_cols) || !(b_rows || b_cols)) return false;
  return blas_gemm(!a_rows, !b_rows, g.m, g.n, g.k, g.alpha, g.a, a_rows ? g.a_row : g.a_col, g.b,
                   b_rows ? g.b_row : g.b_col, g.beta, g.c, g.c_row);
}

template <class T>
void gemm_alone(const Gemm<T>& g) {
  if (try_blas(g)) return;
  const int64_t blocks = ceil_div(g.k, kBlockK<T>);
  const int64_t step = std::min(g.k, ceil_div(ceil_div(g.k, blocks), 16) * 16);
  for (int64_t j = 0; j < g.n; j += kBlockN) {
    for (int64_t p = 0; p < g.k; p += step) {
      Block<T>(g, p, std::min(step, g.k - p), j, std::min(kBlockN, g.n - j)).run();
    }
  }
}

/** Rectangle (i, j) of a grid of rows x cols; columns are cut between panels. */
template <class T>
Gemm<T> part(Gemm<T> g, int64_t i, int64_t rows, int64_t j, int64_t cols) {
  const int64_t panels = ceil_div(g.n, kTileCols<T>);
  const int64_t i0 = i * g.m / rows, j0 = j * panels / cols * kTileCols<T>;
  g.m = (i + 1) * g.m / rows - i0;
  g.n = std::min(g.n, (j + 1) * panels / cols * kTileCols<T>) - j0;
  g.a += i0 * g.a_row;
  g.b += j0 * g.b_col;
  g.c += i0 * g.c_row + j0 * g.c_col;
  if (g.bias) g.bias += i0 * g.bias_row + j0 * g.bias_col;
  return g;
}

/** Cuts C for the threads so that as little as possible is packed twice. */
template <class T, class F>
void over_parts(const Gemm<T>& g, F&& f) {
  const double work = work_of(g);
  if (num_threads() == 1 || detail::in_parallel() || work < kParallelWork) return f(g);
  const int64_t wanted = num_threads() * (work >= 0x1p35 ? 4 : work >= 0x1p31 ? 2 : 1);
  const int64_t most_rows = ceil_div(g.m, kTileRows), most_cols = ceil_div(g.n, kTileCols<T>);
  int64_t rows = 1, cols = 1, least = INT64_MAX;
  for (int64_t r = 1; r <= std::min(wanted, most_rows); r++) {
    const int64_t c = std::min(ceil_div(wanted, r), most_cols);
    if (r * c < std::min(wanted, most_rows * most_cols)) continue;
    if (r * g.n + c * g.m < least) {
      least = r * g.n + c * g.m;
      rows = r;
      cols = c;
    }
  }
  parallel_tasks(rows * cols, [&](int64_t i) { f(part(g, i / cols, rows, i % cols, cols)); });
}

template <class T>
void gemm_blocked(const Gemm<T>& g) {
  over_parts(g, [](const Gemm<T>& g) { gemm_alone(g); });
}

template <class T>
void run(Gemm<T> g) {
  if (g.m <= 0 || g.n <= 0) return;
  if (g.k <= 0 || work_of(g) <= 256) return gemm_naive(g);
  if (g.n == 1 ? g.m > 1 : g.c_col != 1 && g.c_row == 1) g = transposed(g);
  if (g.m == 1) g.a_row = 1;
  const bool rows = g.a_col == 1 && g.b_row == 1 && g.k >= kLanes<T>;
  if (rows && g.m == 1 && g.n == 1) return gemm_line(g);
  if (rows && g.m <= 8) return gemm_dot(g);
  if (rows && g.n <= 8) return gemm_dot(transposed(g));
  if (g.m == 1 && g.b_col == 1) return gemm_stream(g);
  if (g.n < g.m && g.n < kLanes<T> / 2 && g.a_row == 1) return gemm_blocked(transposed(g));
  gemm_blocked(g);
}

template <class T>
Gemm<T> moved(Gemm<T> g, int64_t i, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
  g.a += i * a_batch;
  g.b += i * b_batch;
  g.c += i * c_batch;
  return g;
}

template <class T>
void run_batch(int64_t batch, Gemm<T> g, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
  if (batch <= 0 || g.m <= 0 || g.n <= 0) return;
  if (batch == 1) return run(g);
  // The same B for all, and the rows of A and C go on from one product to the next: one tall product.
  const bool tall_a = g.m == 1 || a_batch == g.m * g.a_row, tall_c = g.m == 1 || c_batch == g.m * g.c_row;
  if (b_batch == 0 && tall_a && tall_c && (!g.bias || g.bias_row == 0)) {
    if (g.m == 1) {
      g.a_row = a_batch;
      g.c_row = c_batch;
    }
    g.m *= batch;
    return run(g);
  }
  const double work = work_of(g);
  if (batch < 2 * num_threads() && work >= kParallelWork) {
    for (int64_t i = 0; i < batch; i++) run(moved(g, i, a_batch, b_batch, c_batch));
    return;
  }
  parallel_for(batch, static_cast<int64_t>(kParallelWork / 4 / std::max(work, 1.0)) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; i++) run(moved(g, i, a_batch, b_batch, c_batch));
               });
}

}  // namespace

void gemm(const Gemm<float>& g) { run(g); }
void gemm(const Gemm<double>& g) { run(g); }
void gemm_batch(int64_t batch, const Gemm<float>& first, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
  run_batch(batch, first, a_batch, b_batch, c_batch);
}
void gemm_batch(int64_t batch, const Gemm<double>& first, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
  run_batch(batch, first, a_batch, b_batch, c_batch);
}

GemmTile gemm_tile() { return {kTileRows, kTileCols<float>}; }
void pack_tile(const float* a, int64_t a_row, int64_t a_col, int64_t rows, int64_t k, float* to) {
  static_assert(kTileRows + kLanes<float> <= kPackSlack);
  pack_a(a, a_row, a_col, static_cast<int>(rows), k, to);
}
void multiply_panel(int64_t rows, int64_t cols, int64_t k, const float* a, int64_t a_row, const float* b, float* c,
                    int64_t c_row, bool add) {
  const Out<float> out{c, c_row, 1, 1, add ? 1.f : 0.f, nullptr, 0, 0};
  const int height = static_cast<int>(rows), vectors = static_cast<int>(ceil_div(cols, kLanes<float>));
  const auto tile =
      a_row == 0 ? micro_for<float, ReadA::packed>(height, vectors) : micro_for<float, ReadA::rows>(height, vectors);
  tile(k, a, a_row == 0 ? 1 : a_row, a_row == 0 ? rows : 1, b, kTileCols<float>, static_cast<int>(cols), out);
}

// ---- products that share B
// -------------------------------------------------------------------------------------------

template <class T>
struct PackedMatrix<T>::Memory {
  Scratch<T> scratch;
  T* data = nullptr;
};

/** Blocks of k one after the other, each as panels of whole vectors, each panel k steps of its width. */
template <class T>
PackedMatrix<T>::PackedMatrix(const T* b, int64_t b_row, int64_t b_col, int64_t k, int64_t n)
    : k_(k), n_(n), step_(k), memory_(std::make_unique<Memory>()) {
  const int64_t panels = ceil_div(n, kTileCols<T>);
  if (k <= 0 || n <= 0) return;
  step_ = ceil_div(k, ceil_div(k, kBlockK<T>));
  memory_->data = memory_->scratch.get(panels * kTileCols<T> * k);
  T* at = memory_->data;
  for (int64_t p = 0; p < k; p += step_) {
    const int64_t depth = std::min(step_, k - p);
    for (int64_t i = 0; i < panels; i++, at += kTileCols<T> * depth) {
      const int cols = static_cast<int>(std::min<int64_t>(kTileCols<T>, n - i * kTileCols<T>));
      const int width = static_cast<int>(ceil_div(cols, kLanes<T>)) * kLanes<T>;
      pack_b(b + p * b_row + i * kTileCols<T> * b_col, b_row, b_col, cols, depth, at, width);
    }
  }
}
template <class T>
PackedMatrix<T>::~PackedMatrix() = default;

template <class T>
void PackedMatrix<T>::multiply(int64_t m, const T* a, int64_t a_row, T* c, int64_t c_row, bool add) const {
  const int64_t panels = ceil_div(n_, kTileCols<T>), tiles = ceil_div(m, kTileRows);
  if (m <= 0 || n_ <= 0) return;
  if (k_ <= 0) {
    for (int64_t i = 0; i < m && !add; i++) std::fill_n(c + i * c_row, n_, T{0});
    return;
  }
  const double work = static_cast<double>(m) * static_cast<double>(k_) * static_cast<double>(n_);
  const auto grain = static_cast<int64_t>(static_cast<double>(panels) * (kParallelWork / 2) / work) + 1;
  parallel_for(panels, grain, [&](int64_t begin, int64_t end) {
    const T* block = memory_->data;
    for (int64_t p = 0; p < k_; p += step_) {
      const int64_t depth = std::min(step_, k_ - p);
      for (int64_t i = begin; i < end; i++) {
        const int cols = static_cast<int>(std::min<int64_t>(kTileCols<T>, n_ - i * kTileCols<T>));
        const int vectors = static_cast<int>(ceil_div(cols, kLanes<T>));
        for (int64_t t = 0; t < tiles; t++) {
          const int64_t row = t * m / tiles;
          const int rows = static_cast<int>((t + 1) * m / tiles - row);
          const Out<T> out{c + row * c_row + i * kTileCols<T>, c_row, 1, T{1}, T(add || p > 0), nullptr, 0, 0};
          micro_for<T, ReadA::rows>(rows, vectors)(depth, a + row * a_row + p, a_row, 1,
                                                   block + i * kTileCols<T> * depth, vectors * kLanes<T>, cols, out);
        }
      }
      block += panels * kTileCols<T> * depth;
    }
  });
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace flambeau::FB_ISA
