// What the decompositions share: operands as batches of row-major matrices, small loops, triangular solves, and
// products of Householder reflectors. Included by the linalg files.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "conv_simd.h"
#include "gemm.h"
#include "isa.h"

namespace flambeau::FB_ISA::linalg {

/** A dense batch of matrices [count, rows, cols]. */
struct Batch {
  int64_t count, rows, cols;
  explicit Batch(const Operand& x) {
    Plan::require(static_cast<bool>(x) && x.ndim == 3 && x.contiguous(), "linalg: expected a dense batch of matrices");
    count = x.sizes[0];
    rows = x.sizes[1];
    cols = x.sizes[2];
  }
};

/** Checks a dense batch of vectors [count, n]. */
inline void expect_vectors(const Operand& x, int64_t count, int64_t n, DType dtype) {
  Plan::require(static_cast<bool>(x) && x.dtype == dtype && x.ndim == 2 && x.contiguous() && x.sizes[0] == count &&
                    x.sizes[1] == n,
                "linalg: vectors do not fit");
}
/** Checks the int32 codes of a batch, [count]. */
inline void expect_info(const Operand& x, int64_t count) {
  Plan::require(static_cast<bool>(x) && x.dtype == DType::i32 && x.ndim == 1 && x.contiguous() && x.sizes[0] == count,
                "linalg: info does not fit");
}

/** Calls `f(TypeTag)` for float and double; refuses other dtypes. */
template <class F>
void floating(DType dtype, F&& f) {
  if (dtype == DType::f32)
    f(TypeTag<float>{});
  else if (dtype == DType::f64)
    f(TypeTag<double>{});
  else
    Plan::require(false, "linalg: the kernel does not have this dtype");
}

/** Calls `f(i)` for each matrix of a batch; `work` is about how many operations one takes. */
template <class F>
void each_matrix(int64_t count, double work, F&& f) {
  const double grain = std::max(1.0, static_cast<double>(kGrain) / std::max(work, 1.0));
  if (count == 1) {
    f(int64_t{0});
    return;
  }
  parallel_for(count, static_cast<int64_t>(grain), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) f(i);
  });
}

template <class T>
FB_INLINE T dot(const T* FB_RESTRICT x, const T* FB_RESTRICT y, int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}
/** y += a x */
template <class T>
FB_INLINE void axpy(T a, const T* FB_RESTRICT x, T* FB_RESTRICT y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

/** C += alpha A B over row-major pieces. */
template <class T>
void multiply_add(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b,
                  int64_t b_row, int64_t b_col, T* c, int64_t ldc, T beta = 1) {
  if (m == 0 || n == 0 || k == 0) return;
  Gemm<T> g;
  g.m = m;
  g.n = n;
  g.k = k;
  g.a = a;
  g.a_row = a_row;
  g.a_col = a_col;
  g.b = b;
  g.b_row = b_row;
  g.b_col = b_col;
  g.c = c;
  g.c_row = ldc;
  g.c_col = 1;
  g.alpha = alpha;
  g.beta = beta;
  gemm(g);
}

/** A triangular matrix of any strides, of which only the named half is read. */
template <class T>
struct Triangle {
  const T* a;
  int64_t row, col;
  bool upper, unit;
  T at(int64_t i, int64_t j) const { return a[i * row + j * col]; }
  Triangle from(int64_t i) const { return {a + i * (row + col), row, col, upper, unit}; }
};

/** X = A^-1 X for X [n, k] of row stride `ldx`. */
template <class T>
void solve_triangle(const Triangle<T>& t, int64_t n, T* x, int64_t ldx, int64_t k) {
  constexpr int64_t small = 24;
  if (n > small) {
    const int64_t h = (n / 2 + 7) / 8 * 8;
    if (t.upper) {
      solve_triangle(t.from(h), n - h, x + h * ldx, ldx, k);
      multiply_add<T>(h, k, n - h, -1, t.a + h * t.col, t.row, t.col, x + h * ldx, ldx, 1, x, ldx);
      solve_triangle(t, h, x, ldx, k);
    } else {
      solve_triangle(t, h, x, ldx, k);
      multiply_add<T>(n - h, k, h, -1, t.a + h * t.row, t.row, t.col, x, ldx, 1, x + h * ldx, ldx);
      solve_triangle(t.from(h), n - h, x + h * ldx, ldx, k);
    }
    return;
  }
  for (int64_t step = 0; step < n; step++) {
    const int64_t i = t.upper ? n - 1 - step : step;
    T* const xi = x + i * ldx;
    for (int64_t j = t.upper ? i + 1 : 0; j < (t.upper ? n : i); j++) {
      if (k == 1)
        xi[0] -= t.at(i, j) * x[j * ldx];
      else
        axpy(-t.at(i, j), x + j * ldx, xi, k);
    }
    if (t.unit) continue;
    const T d = t.at(i, i);
    for (int64_t c = 0; c < k; c++) xi[c] /= d;
  }
}

/** The Euclidean norm of strided elements, without overflow. */
template <class T>
double norm2(const T* x, int64_t n, int64_t step) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const double v = static_cast<double>(x[i * step]);
    sum += v * v;
  }
  if (std::isnan(sum) || (sum > 1e-280 && sum < 1e300) || n == 0) return std::sqrt(sum);
  double largest = 0;
  for (int64_t i = 0; i < n; i++) largest = std::max(largest, std::fabs(static_cast<double>(x[i * step])));
  if (largest == 0 || std::isinf(largest)) return largest;
  sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const double v = static_cast<double>(x[i * step]) / largest;
    sum += v * v;
  }
  return largest * std::sqrt(sum);
}

/**
 * LAPACK's larfg: makes H = I - tau v vᵀ, v = [1, x], with H [alpha, x] = [beta, 0]; alpha becomes beta, x the rest of
 * v. Gives tau, 0 where x is zero.
 */
template <class T>
T reflector(T& alpha, T* x, int64_t n, int64_t step) {
  const double rest = norm2(x, n, step);
  if (rest == 0) return 0;
  // what is nearly too small for a double has lost bits that tau would need
  const double lift = std::hypot(static_cast<double>(alpha), rest) < 0x1p-960 ? 0x1p600 : 1;
  const double first = static_cast<double>(alpha) * lift;
  double whole = rest * lift;
  if (lift != 1) {
    whole = 0;
    for (int64_t i = 0; i < n; i++) whole = std::hypot(whole, static_cast<double>(x[i * step]) * lift);
  }
  whole = std::hypot(first, whole);
  const double beta = first >= 0 ? -whole : whole;
  const double tau = (beta - first) / beta, divisor = first - beta;
  for (int64_t i = 0; i < n; i++) x[i * step] = static_cast<T>(static_cast<double>(x[i * step]) * lift / divisor);
  alpha = static_cast<T>(beta / lift);
  return static_cast<T>(tau);
}

/** Householder reflectors in columns of a row-major [rows, count]; column j begins with its 1 in row j + shift. */
template <class T>
struct Reflectors {
  static constexpr int64_t kBlock = 32;
  int64_t rows, count, shift;
  std::vector<T> v, tau;
  Reflectors(int64_t rows, int64_t count, int64_t shift)
      : rows(rows), count(count), shift(shift), v(static_cast<size_t>(rows * count)), tau(static_cast<size_t>(count)) {}

  /** The upper triangular factor of a block of `width` from column `first` on: H = I - V T Vᵀ. */
  void factor(int64_t first, int64_t width, T* t) const {
    const int64_t top = first + shift;
    const T* const block = v.data() + top * count + first;
    std::vector<T> gram(static_cast<size_t>(width * width));
    multiply_add<T>(width, width, rows - top, 1, block, 1, count, block, count, 1, gram.data(), width, 0);
    std::fill(t, t + width * width, T(0));
    for (int64_t j = 0; j < width; j++) {
      const T f = tau[static_cast<size_t>(first + j)];
      for (int64_t i = 0; i < j; i++) {
        T sum = 0;
        for (int64_t k = i; k < j; k++) sum += t[i * width + k] * gram[static_cast<size_t>(k * width + j)];
        t[i * width + j] = -f * sum;
      }
      t[j * width + j] = f;
    }
  }

  /** C = H C, or Hᵀ C, for the block of `width` from `first` on; C [rows - first - shift, cols], below that row. */
  void apply_block(int64_t first, int64_t width, bool transposed, T* c, int64_t ldc, int64_t cols) const {
    const int64_t top = first + shift, m = rows - top;
    if (m <= 0 || cols <= 0) return;
    const T* const block = v.data() + top * count + first;
    if (width == 1 || m * cols < 64) {
      std::vector<T> w(static_cast<size_t>(cols));
      for (int64_t step = 0; step < width; step++) {
        const int64_t j = transposed ? step : width - 1 - step;
        const T f = tau[static_cast<size_t>(first + j)];
        if (f == 0) continue;
        std::fill(w.begin(), w.end(), T(0));
        for (int64_t i = j; i < m; i++) axpy(block[i * count + j], c + i * ldc, w.data(), cols);
        for (int64_t i = j; i < m; i++) axpy(-f * block[i * count + j], w.data(), c + i * ldc, cols);
      }
      return;
    }
    std::vector<T> t(static_cast<size_t>(width * width));
    factor(first, width, t.data());
    std::vector<T> w(static_cast<size_t>(2 * width * cols));
    T* const tw = w.data() + width * cols;
    multiply_add<T>(width, cols, m, 1, block, 1, count, c, ldc, 1, w.data(), cols, 0);
    multiply_add<T>(width, cols, width, 1, t.data(), transposed ? 1 : width, transposed ? width : 1, w.data(), cols, 1,
                    tw, cols, 0);
    multiply_add<T>(m, cols, width, -1, block, count, 1, tw, cols, 1, c, ldc);
  }

  /** Q = H₀ H₁ … as its first `cols` columns, in row-major [rows, cols]. */
  void form(T* q, int64_t cols) const {
    std::fill(q, q + rows * cols, T(0));
    for (int64_t i = 0; i < std::min(rows, cols); i++) q[i * cols + i] = 1;
    for (int64_t first = (count - 1) / kBlock * kBlock; first >= 0 && count > 0; first -= kBlock) {
      const int64_t top = first + shift;
      apply_block(first, std::min(kBlock, count - first), false, q + top * cols + top, cols, cols - top);
    }
  }
};

/** A power of two that brings the largest magnitude near 1, and whether all is finite. */
template <class T>
std::pair<T, bool> scale_of(const T* a, int64_t n) {
  T largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < n; i++) {
    finite = finite && std::isfinite(a[i]);
    largest = std::max(largest, std::abs(a[i]));
  }
  if (!finite || largest == 0) return {T(1), finite};
  constexpr int limit = std::numeric_limits<T>::max_exponent - 2;
  return {std::ldexp(T(1), std::clamp(-std::ilogb(largest), -limit, limit)), true};
}

/**
 * The rows of a matrix [rows, cols] cut into strips of columns, and plane rotations of neighbouring rows that are kept
 * until there are many: each strip then takes them all while it is in the cache, on a thread of its own.
 */
template <class T>
class Rotated {
 public:
  static constexpr int kVectors = 4;  // enough to hide how long a multiplication takes
  static constexpr int64_t kWidth = kVectors * kLanes<T>;
  Rotated(int64_t rows, int64_t cols)
      : rows_(rows), cols_(cols), data_(static_cast<size_t>((cols + kWidth - 1) / kWidth * rows * kWidth)) {}

  T& at(int64_t i, int64_t j) { return data_[static_cast<size_t>((j / kWidth * rows_ + i) * kWidth + j % kWidth)]; }
  /** Takes the transpose of `from` [cols, rows], whose rows are `ld` apart. */
  void take_transposed(const T* from, int64_t ld) {
    for (int64_t j = 0; j < cols_; j++) {
      T* const to = data_.data() + j / kWidth * rows_ * kWidth + j % kWidth;
      for (int64_t i = 0; i < rows_; i++) to[i * kWidth] = from[j * ld + i];
    }
  }
  /** Puts row order[i] into column i of `to`. */
  void give_transposed(const int64_t* order, T* to, int64_t ld) const {
    for (int64_t j = 0; j < cols_; j++) {
      const T* const from = data_.data() + j / kWidth * rows_ * kWidth + j % kWidth;
      for (int64_t i = 0; i < rows_; i++) to[j * ld + i] = from[order[i] * kWidth];
    }
  }
  /** Rows i and i + 1 become c a + s b and c b - s a. */
  void rotate(int64_t i, double c, double s) {
    if (c == 1 && s == 0) return;
    pending_.push_back({static_cast<T>(c), static_cast<T>(s), i});
    if (static_cast<int64_t>(pending_.size()) >= 32 * rows_ + 64) flush();
  }
  void flush() {
    const int64_t strips = (cols_ + kWidth - 1) / kWidth;
    const int64_t work = static_cast<int64_t>(pending_.size()) * kWidth * 2;
    parallel_for(strips, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t s = begin; s < end; s++) apply(data_.data() + s * rows_ * kWidth);
    });
    pending_.clear();
  }

 private:
  struct Rotation {
    T c, s;
    int64_t i;
  };
  void apply(T* strip) const {
    const size_t n = pending_.size();
    size_t k = 0;
    while (k < n) {
      // a run down or up the rows keeps the row in between at hand
      const int64_t first = pending_[k].i;
      const int64_t step = k + 1 < n && pending_[k + 1].i == first - 1 ? -1 : 1;
      Vec<T> carry[kVectors];
      const T* const start = strip + (step > 0 ? first : first + 1) * kWidth;
      FB_UNROLL
      for (int w = 0; w < kVectors; w++) carry[w] = load(start + w * kLanes<T>);
      int64_t i = first;
      for (;;) {
        const Vec<T> c = splat(pending_[k].c), s = splat(pending_[k].s);
        T* const a = strip + i * kWidth;
        T* const b = a + kWidth;
        if (step > 0) {
          FB_UNROLL
          for (int w = 0; w < kVectors; w++) {
            const Vec<T> x = carry[w], y = load(b + w * kLanes<T>);
            store(a + w * kLanes<T>, c * x + s * y);
            carry[w] = c * y - s * x;
          }
        } else {
          FB_UNROLL
          for (int w = 0; w < kVectors; w++) {
            const Vec<T> x = load(a + w * kLanes<T>), y = carry[w];
            store(b + w * kLanes<T>, c * y - s * x);
            carry[w] = c * x + s * y;
          }
        }
        k++;
        if (k == n || pending_[k].i != i + step) break;
        i += step;
      }
      T* const end = strip + (step > 0 ? i + 1 : i) * kWidth;
      FB_UNROLL
      for (int w = 0; w < kVectors; w++) store(end + w * kLanes<T>, carry[w]);
    }
  }
  int64_t rows_, cols_;
  std::vector<T> data_;
  std::vector<Rotation> pending_;
};

}  // namespace flambeau::FB_ISA::linalg
