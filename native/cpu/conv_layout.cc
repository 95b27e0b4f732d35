// Scratch memory and layout moves (channel-major to pixel-major and back) for the convolution kernels.
#include <algorithm>

#include "conv_simd.h"

namespace flambeau::FB_ISA {

Scratch& conv_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

namespace {

/** One square of a transpose, of which ni × nj values are wanted: dst[i + j * dj] = src[i * si + j]. */
template <class T>
FB_INLINE void move_square(int64_t ni, int64_t nj, const T* src, int64_t si, T* dst, int64_t dj) {
  constexpr int L = kLanes<T>;
  Vec<T> r[L];
  if (ni == L && nj == L) {
    FB_UNROLL for (int i = 0; i < L; i++) r[i] = load(src + i * si);
    transpose_square<T>(r);
    FB_UNROLL for (int j = 0; j < L; j++) store(dst + j * dj, r[j]);
    return;
  }
  FB_UNROLL for (int i = 0; i < L; i++) r[i] = i < ni ? load_first(src + i * si, nj) : Vec<T>{};
  transpose_square<T>(r);
  FB_UNROLL for (int j = 0; j < L; j++) if (j < nj) store_first(dst + j * dj, r[j], ni);
}

template <class T>
void transpose(int64_t ni, int64_t nj, const T* src, int64_t si, T* dst, int64_t dj) {
  constexpr int64_t L = kLanes<T>;
  if ((ni < L / 4 || nj < L / 4) || (kVectorBytes < 64 && (ni < L || nj < L))) {
    for (int64_t j = 0; j < nj; j++)
      for (int64_t i = 0; i < ni; i++) dst[i + j * dj] = src[i * si + j];
    return;
  }
  // The last square of a side steps back to be whole; a side shorter than a square is one partial square.
  const int64_t hi = std::min(ni, L), hj = std::min(nj, L);
  for (int64_t i = 0; i < ni; i += L) {
    const int64_t i0 = std::min(i, ni - hi);
    for (int64_t j = 0; j < nj; j += L) {
      const int64_t j0 = std::min(j, nj - hj);
      move_square<T>(hi, hj, src + i0 * si + j0, si, dst + i0 + j0 * dj, dj);
    }
  }
}

template <class T>
void copy_lines(int64_t lines, int64_t length, const T* src, int64_t from, T* dst, int64_t to) {
  constexpr int64_t L = kLanes<T>;
  for (int64_t j = 0; j < lines; j++, src += from, dst += to) {
    int64_t i = 0;
    for (; i + L <= length; i += L) store(dst + i, load(src + i));
    if (i < length) store_first(dst + i, load_first(src + i, length - i), length - i);
  }
}

}  // namespace

template <class T>
void move_2d(int64_t ni, int64_t nj, const T* src, int64_t si, int64_t sj, T* dst, int64_t di, int64_t dj) {
  if (si == 1 && di == 1) {
    copy_lines(nj, ni, src, sj, dst, dj);
  } else if (sj == 1 && dj == 1) {
    copy_lines(ni, nj, src, si, dst, di);
  } else if (sj == 1 && di == 1) {
    transpose(ni, nj, src, si, dst, dj);
  } else if (si == 1 && dj == 1) {
    transpose(nj, ni, src, sj, dst, di);
  } else {
    for (int64_t j = 0; j < nj; j++)
      for (int64_t i = 0; i < ni; i++) dst[i * di + j * dj] = src[i * si + j * sj];
  }
}

template void move_2d<float>(int64_t, int64_t, const float*, int64_t, int64_t, float*, int64_t, int64_t);
template void move_2d<double>(int64_t, int64_t, const double*, int64_t, int64_t, double*, int64_t, int64_t);

}  // namespace flambeau::FB_ISA
