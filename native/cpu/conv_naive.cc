// Convolution by plain loops: the fallback of conv.cc for shapes that no faster engine takes.
#include <algorithm>

#include "../parallel.h"
#include "conv.h"

namespace flambeau::FB_ISA {
namespace {

/** Calls f(tap) for every kernel position, with its coordinates. */
template <class F>
void each_tap(const ConvShape& s, F&& f) {
  int64_t k[3], tap = 0;
  for (k[0] = 0; k[0] < s.kernel[0]; k[0]++)
    for (k[1] = 0; k[1] < s.kernel[1]; k[1]++)
      for (k[2] = 0; k[2] < s.kernel[2]; k[2]++) f(tap++, k);
}

void unravel(int64_t pixel, const int64_t* sizes, int64_t* at) {
  at[2] = pixel % sizes[2];
  at[1] = pixel / sizes[2] % sizes[1];
  at[0] = pixel / sizes[2] / sizes[1];
}

/** The input pixel that tap k of output pixel `at` reads, or -1 in the padding. */
int64_t input_pixel(const ConvShape& s, const int64_t* at, const int64_t* k) {
  int64_t pixel = 0;
  for (int d = 0; d < 3; d++) {
    const int64_t i = at[d] * s.stride[d] + k[d] * s.dilation[d] - s.pad[d];
    if (i < 0 || i >= s.in[d]) return -1;
    pixel = pixel * s.in[d] + i;
  }
  return pixel;
}

/** The output pixel whose tap k reads input pixel `at`, or -1. */
int64_t output_pixel(const ConvShape& s, const int64_t* at, const int64_t* k) {
  int64_t pixel = 0;
  for (int d = 0; d < 3; d++) {
    const int64_t i = at[d] + s.pad[d] - k[d] * s.dilation[d];
    if (i < 0 || i % s.stride[d] != 0 || i / s.stride[d] >= s.out[d]) return -1;
    pixel = pixel * s.out[d] + i / s.stride[d];
  }
  return pixel;
}

int64_t grain(int64_t work) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)); }

}  // namespace

template <class T>
void NaiveConv<T>::forward(const ConvShape& s, Activations<const T> x, const T* w, const T* bias, Activations<T> y) {
  const int64_t cg = s.cg(), og = s.og(), taps = s.taps(), pixels = s.out_pixels();
  parallel_for(s.n * s.o, grain(pixels * cg * taps), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t n = i / s.o, o = i % s.o, c0 = o / og * cg;
      for (int64_t p = 0; p < pixels; p++) {
        int64_t at[3];
        unravel(p, s.out, at);
        T sum = 0;
        each_tap(s, [&](int64_t tap, const int64_t* k) {
          const int64_t q = input_pixel(s, at, k);
          if (q < 0) return;
          for (int64_t c = 0; c < cg; c++) sum += x.at(n, c0 + c)[q * x.step] * w[(o * cg + c) * taps + tap];
        });
        y.at(n, o)[p * y.step] = bias ? sum + bias[o] : sum;
      }
    }
  });
}

template <class T>
void NaiveConv<T>::backward_input(const ConvShape& s, Activations<const T> gy, const T* w, const T* bias,
                                  Activations<T> gx) {
  const int64_t cg = s.cg(), og = s.og(), taps = s.taps(), pixels = s.in_pixels();
  parallel_for(s.n * s.c, grain(pixels * og * taps), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t n = i / s.c, channel = i % s.c, o0 = channel / cg * og, c = channel % cg;
      for (int64_t p = 0; p < pixels; p++) {
        int64_t at[3];
        unravel(p, s.in, at);
        T sum = 0;
        each_tap(s, [&](int64_t tap, const int64_t* k) {
          const int64_t q = output_pixel(s, at, k);
          if (q < 0) return;
          for (int64_t o = o0; o < o0 + og; o++) sum += gy.at(n, o)[q * gy.step] * w[(o * cg + c) * taps + tap];
        });
        gx.at(n, channel)[p * gx.step] = bias ? sum + bias[channel] : sum;
      }
    }
  });
}

template <class T>
void NaiveConv<T>::backward_weight(const ConvShape& s, Activations<const T> x, Activations<const T> gy, T* gw, T* gb) {
  const int64_t cg = s.cg(), og = s.og(), taps = s.taps(), pixels = s.out_pixels();
  parallel_for(s.o * cg, grain(pixels * s.n * taps), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t o = i / cg, channel = o / og * cg + i % cg;
      each_tap(s, [&](int64_t tap, const int64_t* k) {
        T sum = 0;
        for (int64_t n = 0; n < s.n; n++) {
          T image = 0;  // a sum per image keeps the rounding error down
          for (int64_t p = 0; p < pixels; p++) {
            int64_t at[3];
            unravel(p, s.out, at);
            const int64_t q = input_pixel(s, at, k);
            if (q >= 0) image += x.at(n, channel)[q * x.step] * gy.at(n, o)[p * gy.step];
          }
          sum += image;
        }
        gw[i * taps + tap] = sum;
      });
    }
  });
  if (!gb) return;
  for (int64_t o = 0; o < s.o; o++) {
    gb[o] = 0;
    for (int64_t n = 0; n < s.n; n++) {
      T image = 0;
      for (int64_t p = 0; p < pixels; p++) image += gy.at(n, o)[p * gy.step];
      gb[o] += image;
    }
  }
}

template struct NaiveConv<float>;
template struct NaiveConv<double>;

}  // namespace flambeau::FB_ISA
