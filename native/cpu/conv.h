// Convolution: the shape all kernels share, and the engines behind conv.cc, which picks one by shape.
#pragma once
#include <cstdint>

#include "isa.h"

namespace flambeau::FB_ISA {

/** Spatial dims are aligned to the left; those past `dims` are 1 with stride 1, no padding, dilation 1. */
struct ConvShape {
  int64_t n = 0, c = 0, o = 0, groups = 1;  // c and o count all groups
  int dims = 0;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, pad[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};

  int64_t cg() const { return c / groups; }
  int64_t og() const { return o / groups; }
  int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
  int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/** Activations with dense spatial dims: value (n, c, pixel) is data[n * image + c * channel + pixel * step]. */
template <class T>
struct Activations {
  T* data;
  int64_t image, channel, step;
  T* at(int64_t n, int64_t c) const { return data + n * image + c * channel; }
};

// Weights are dense [O, C/groups, taps]; `bias` and `gb` may be null. Each engine writes every value of its output.

/** Any shape, any layout: one loop nest per output value. For what is too small or too odd for the others. */
template <class T>
struct NaiveConv {
  static void forward(const ConvShape&, Activations<const T> x, const T* w, const T* bias, Activations<T> y);
  static void backward_input(const ConvShape&, Activations<const T> gy, const T* w, const T* bias, Activations<T> gx);
  static void backward_weight(const ConvShape&, Activations<const T> x, Activations<const T> gy, T* gw, T* gb);
};

/** Matrix products over channel-major tensors whose patches are packed on the way; nothing changes its layout. */
struct PanelConv {
  /** Steps of the two activations; `reuse`: how many channels read a patch. */
  static bool fits(const ConvShape&, int64_t source_step, int64_t result_step, int64_t reuse);
  static void forward(const ConvShape&, Activations<const float> x, const float* w, const float* bias,
                      Activations<float> y);
  static void backward_input(const ConvShape&, Activations<const float> gy, const float* w, const float* bias,
                             Activations<float> gx);
  static void backward_weight(const ConvShape&, Activations<const float> x, Activations<const float> gy, float* gw,
                              float* gb);
};

/** Register tiles of pixels × output channels over pixel-major scratch; any shape that `fits`. */
template <class T>
struct PixelConv {
  static bool fits(const ConvShape&);
  static void forward(const ConvShape&, Activations<const T> x, const T* w, const T* bias, Activations<T> y);
  static void backward_input(const ConvShape&, Activations<const T> gy, const T* w, const T* bias, Activations<T> gx);
  static void backward_weight(const ConvShape&, Activations<const T> x, Activations<const T> gy, T* gw, T* gb);
};

/** Vectors along the width, channel-major tensors: few channels on one side, depthwise. */
template <class T>
struct RowConv {
  static bool fits_forward(const ConvShape&, const Activations<const T>& x, const Activations<T>& y);
  static bool fits_backward_input(const ConvShape&, const Activations<const T>& gy, const Activations<T>& gx);
  static bool fits_backward_weight(const ConvShape&, const Activations<const T>& x, const Activations<const T>& gy);
  static void forward(const ConvShape&, Activations<const T> x, const T* w, const T* bias, Activations<T> y);
  static void backward_input(const ConvShape&, Activations<const T> gy, const T* w, const T* bias, Activations<T> gx);
  static void backward_weight(const ConvShape&, Activations<const T> x, Activations<const T> gy, T* gw, T* gb);
};

/** Whether 3×3 convolutions may use Winograd's algorithm; off for strict agreement on infinities and NaN. */
bool& winograd_enabled();

/** Winograd F(4×4, 3×3) for stride 1 without groups and with 16 channels or more. */
struct WinogradConv {
  static bool fits(const ConvShape&);
  static void forward(const ConvShape&, Activations<const float> x, const float* w, const float* bias,
                      Activations<float> y);
  static void backward_input(const ConvShape&, Activations<const float> gy, const float* w, const float* bias,
                             Activations<float> gx);
  static void backward_weight(const ConvShape&, Activations<const float> x, Activations<const float> gy, float* gw,
                              float* gb);
};

}  // namespace flambeau::FB_ISA
