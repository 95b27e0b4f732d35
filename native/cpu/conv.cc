// The convolution kernels: reads plans, brings odd layouts and half floats into dense scratch, and picks an engine.
#include "conv.h"

#include <algorithm>
#include <type_traits>

#include "../backend.h"
#include "../parallel.h"
#include "conv_simd.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kLimit = int64_t{1} << 31;  // sizes and parameters below this cannot overflow when multiplied by two

int64_t checked_product(int64_t a, int64_t b) {
  int64_t r = 0;
  Plan::require(!__builtin_mul_overflow(a, b, &r) && r < (int64_t{1} << 45), "convolution: tensor too large");
  return r;
}
int64_t checked_numel(const Operand& a) {
  int64_t n = 1;
  for (int d = 0; d < a.ndim; d++) n = a.sizes[d] == 0 || n == 0 ? 0 : checked_product(n, a.sizes[d]);
  return n;
}

int64_t parameter(const Plan& plan, int i) {
  Plan::require(plan.param[i] >= 0 && plan.param[i] < static_cast<double>(kLimit),
                "convolution: parameter out of range");
  return plan.integer(i);
}

/** Reads groups, stride, padding and dilation, and checks the three operands against each other. */
ConvShape read_shape(const Plan& plan, const Operand& x, const Operand& w, const Operand& y) {
  Plan::require(x.ndim >= 3 && x.ndim <= 5 && w.ndim == x.ndim && y.ndim == x.ndim,
                "convolution: wrong number of dims");
  for (const Operand* a : {&x, &w, &y})  // also refuses sizes whose product overflows
    Plan::require(checked_numel(*a) == 0 || a->data, "convolution: missing operand");
  Plan::require(x.dtype == w.dtype && x.dtype == y.dtype, "convolution: dtypes differ");
  ConvShape s;
  s.dims = x.ndim - 2;
  Plan::require(plan.params == 1 + 3 * s.dims, "convolution: wrong number of parameters");
  s.n = x.sizes[0];
  s.c = x.sizes[1];
  s.o = w.sizes[0];
  s.groups = parameter(plan, 0);
  Plan::require(s.groups >= 1 && s.c % s.groups == 0 && s.o % s.groups == 0,
                "convolution: groups do not divide channels");
  Plan::require(w.sizes[1] == s.cg() && y.sizes[0] == s.n && y.sizes[1] == s.o, "convolution: channels do not match");
  for (int d = 0; d < s.dims; d++) {
    s.in[d] = x.sizes[d + 2];
    s.out[d] = y.sizes[d + 2];
    s.kernel[d] = w.sizes[d + 2];
    s.stride[d] = parameter(plan, 1 + d);
    s.pad[d] = parameter(plan, 1 + s.dims + d);
    s.dilation[d] = parameter(plan, 1 + 2 * s.dims + d);
    Plan::require(std::max({s.in[d], s.out[d], s.kernel[d]}) < kLimit, "convolution: dim too large");
    Plan::require(s.stride[d] >= 1 && s.dilation[d] >= 1, "convolution: bad stride or dilation");
  }
  return s;
}

void check_channels(const Operand& bias, const Operand& like, int64_t channels) {
  if (!bias) return;
  Plan::require(bias.ndim == 1 && bias.sizes[0] == channels && bias.dtype == like.dtype, "convolution: bad bias");
}

/** Calls f(TypeTag<T>) for the storage type T. */
template <class F>
void visit_floating(DType dtype, F&& f) {
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating<T>)
      f(tag);
    else
      Plan::require(false, "convolution: expected a floating dtype");
  });
}

/** Out of line, or each kind of conversion would be there four times. */
template <class From, class To>
FB_NOINLINE void copy_row(const From* from, int64_t from_step, To* to, int64_t to_step, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    to[i * to_step] = static_cast<To>(static_cast<Compute<From>>(from[i * from_step]));
}

/** Copies between any two layouts of the same sizes, converting; the innermost dim is the fastest of `a`. */
template <class From, class To>
void copy_strided(const Operand& shape, const From* from, const int64_t* from_strides, To* to,
                  const int64_t* to_strides) {
  int64_t rows = 1;
  for (int d = 0; d + 1 < shape.ndim; d++) rows *= shape.sizes[d];
  const int64_t inner = shape.sizes[shape.ndim - 1];
  const int64_t fs = from_strides[shape.ndim - 1], ts = to_strides[shape.ndim - 1];
  parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, inner)), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      int64_t rest = r, f = 0, t = 0;
      for (int d = shape.ndim - 2; d >= 0; d--) {
        const int64_t i = rest % shape.sizes[d];
        rest /= shape.sizes[d];
        f += i * from_strides[d];
        t += i * to_strides[d];
      }
      copy_row(from + f, fs, to + t, ts, inner);
    }
  });
}

void dense_strides(const Operand& a, int64_t* strides) {
  int64_t step = 1;
  for (int d = a.ndim - 1; d >= 0; d--) {
    strides[d] = step;
    step *= a.sizes[d];
  }
}

/** Whether the spatial dims of [N, C, ...] are one dense run with some step, as in NCHW, channels-last and slices. */
bool spatially_dense(const Operand& a, int64_t* step) {
  int64_t expected = 0;
  for (int d = a.ndim - 1; d >= 2; d--) {
    if (a.sizes[d] == 1) continue;
    if (expected == 0) *step = expected = a.strides[d];
    if (a.strides[d] != expected || expected <= 0) return false;
    expected *= a.sizes[d];
  }
  if (expected == 0) *step = 1;
  return true;
}

/**
 * One operand as an engine wants it. T is the type in memory, C the type of the arithmetic; where they differ, or the
 * layout is odd, the engine sees a dense copy, and an output is copied back by `finish`.
 */
template <class T, class C>
class Staged {
 public:
  Staged(const Operand& a, bool output, bool activation, ScratchSlot& slot) : operand_(a) {
    if (!a) return;
    bool direct = a.contiguous();
    int64_t step = 1;
    if (!direct && activation) direct = spatially_dense(a, &step) && !(output && overlapping(a));
    if (std::is_same_v<T, C> && direct) {
      data_ = a.template as<C>();
      view_ = {data_, a.strides[0], a.ndim > 1 ? a.strides[1] : 0, step};
      return;
    }
    dense_strides(a, strides_);
    data_ = slot.get<C>(checked_numel(a));
    view_ = {data_, strides_[0], a.ndim > 1 ? strides_[1] : 0, 1};
    copied_ = true;
    if (!output) copy_strided(a, a.template as<T>(), a.strides, data_, strides_);
  }
  void finish() {
    if (copied_) copy_strided(operand_, data_, strides_, operand_.template as<T>(), operand_.strides);
  }
  C* data() const { return data_; }
  Activations<C> view() const { return view_; }
  Activations<const C> input() const { return {view_.data, view_.image, view_.channel, view_.step}; }

 private:
  static bool overlapping(const Operand& a) {
    for (int d = 0; d < a.ndim; d++)
      if (a.sizes[d] > 1 && a.strides[d] == 0) return true;
    return false;
  }
  const Operand& operand_;
  C* data_ = nullptr;
  Activations<C> view_{};
  int64_t strides_[5] = {};
  bool copied_ = false;
};

// Copies compiled for size have the two engines that take every shape between them: see L in levels.h.
#if defined(FB_SMALL)
constexpr bool kAllEngines = false;
#else
constexpr bool kAllEngines = true;
#endif

template <class C>
void forward(const ConvShape& s, Activations<const C> x, const C* w, const C* bias, Activations<C> y) {
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (winograd_enabled() && WinogradConv::fits(s)) return WinogradConv::forward(s, x, w, bias, y);
  if constexpr (kAllEngines)
    if (RowConv<C>::fits_forward(s, x, y)) return RowConv<C>::forward(s, x, w, bias, y);
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (PanelConv::fits(s, x.step, y.step, s.og() - 8)) return PanelConv::forward(s, x, w, bias, y);
  if (PixelConv<C>::fits(s))
    PixelConv<C>::forward(s, x, w, bias, y);
  else
    NaiveConv<C>::forward(s, x, w, bias, y);
}
template <class C>
void backward_input(const ConvShape& s, Activations<const C> gy, const C* w, const C* bias, Activations<C> gx) {
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (winograd_enabled() && WinogradConv::fits(s)) return WinogradConv::backward_input(s, gy, w, bias, gx);
  if constexpr (kAllEngines)
    if (RowConv<C>::fits_backward_input(s, gy, gx)) return RowConv<C>::backward_input(s, gy, w, bias, gx);
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (PanelConv::fits(s, gy.step, gx.step, s.cg())) return PanelConv::backward_input(s, gy, w, bias, gx);
  if (PixelConv<C>::fits(s))
    PixelConv<C>::backward_input(s, gy, w, bias, gx);
  else
    NaiveConv<C>::backward_input(s, gy, w, bias, gx);
}
template <class C>
void backward_weight(const ConvShape& s, Activations<const C> x, Activations<const C> gy, C* gw, C* gb) {
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (winograd_enabled() && WinogradConv::fits(s)) return WinogradConv::backward_weight(s, x, gy, gw, gb);
  if constexpr (kAllEngines)
    if (RowConv<C>::fits_backward_weight(s, x, gy)) return RowConv<C>::backward_weight(s, x, gy, gw, gb);
  if constexpr (kAllEngines && std::is_same_v<C, float>)
    if (PanelConv::fits(s, x.step, gy.step, s.taps() == 1 ? 32 : s.og() - 8))
      return PanelConv::backward_weight(s, x, gy, gw, gb);
  if (PixelConv<C>::fits(s))
    PixelConv<C>::backward_weight(s, x, gy, gw, gb);
  else
    NaiveConv<C>::backward_weight(s, x, gy, gw, gb);
}

/**
 * "conv": out [N,O,*os], input [N,C,*is], weight [O,C/groups,*ks], bias [O] or absent (no data).
 * Params (here and below): groups, stride × s, padding × s, dilation × s for the s = 1 to 3 spatial dims.
 */
void conv(const Plan& plan) {
  Plan::require(plan.structured && plan.operands == 4, "conv: expected 4 operands");
  const Operand &y = plan.operand[0], &x = plan.operand[1], &w = plan.operand[2], &bias = plan.operand[3];
  const ConvShape s = read_shape(plan, x, w, y);
  check_channels(bias, x, s.o);
  for (int d = 0; d < s.dims; d++) {
    const int64_t room = s.in[d] + 2 * s.pad[d] - s.dilation[d] * (s.kernel[d] - 1) - 1;
    Plan::require(room >= 0 && s.out[d] == room / s.stride[d] + 1, "conv: wrong output size");
  }
  visit_floating(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    ScratchSlot* const slot = conv_scratch().stage;
    Staged<T, C> sx(x, false, true, slot[0]), sw(w, false, false, slot[1]), sb(bias, false, false, slot[2]);
    Staged<T, C> sy(y, true, true, slot[3]);
    forward<C>(s, sx.input(), sw.data(), sb.data(), sy.view());
    sy.finish();
  });
}

/**
 * "convBackwardInput": gradInput [N,C,*is], gradOut [N,O,*os], weight [O,C/groups,*ks], bias [C] or absent. Also the
 * transposed convolution of gradOut. `is` may be any size: what no output reaches is 0 (or the bias).
 */
void conv_backward_input(const Plan& plan) {
  Plan::require(plan.structured && plan.operands == 4, "convBackwardInput: expected 4 operands");
  const Operand &gx = plan.operand[0], &gy = plan.operand[1], &w = plan.operand[2], &bias = plan.operand[3];
  const ConvShape s = read_shape(plan, gx, w, gy);
  check_channels(bias, gx, s.c);
  visit_floating(gx.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    ScratchSlot* const slot = conv_scratch().stage;
    Staged<T, C> sgy(gy, false, true, slot[0]), sw(w, false, false, slot[1]), sb(bias, false, false, slot[2]);
    Staged<T, C> sgx(gx, true, true, slot[3]);
    backward_input<C>(s, sgy.input(), sw.data(), sb.data(), sgx.view());
    sgx.finish();
  });
}

/** "convBackwardWeight": gradWeight [O,C/groups,*ks], gradBias [O] or absent, input [N,C,*is], gradOut [N,O,*os]. */
void conv_backward_weight(const Plan& plan) {
  Plan::require(plan.structured && plan.operands == 4, "convBackwardWeight: expected 4 operands");
  const Operand &gw = plan.operand[0], &gb = plan.operand[1], &x = plan.operand[2], &gy = plan.operand[3];
  const ConvShape s = read_shape(plan, x, gw, gy);
  check_channels(gb, x, s.o);
  visit_floating(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    ScratchSlot* const slot = conv_scratch().stage;
    Staged<T, C> sx(x, false, true, slot[0]), sgy(gy, false, true, slot[1]);
    Staged<T, C> sgw(gw, true, false, slot[2]), sgb(gb, true, false, slot[3]);
    backward_weight<C>(s, sx.input(), sgy.input(), sgw.data(), sgb.data());
    sgw.finish();
    sgb.finish();
  });
}

/** "convWinograd": no operands; param 0: 1 to allow Winograd's algorithm, 0 to forbid it. */
void conv_winograd(const Plan& plan) {
  plan.expect(0, 1);
#if !defined(FB_SMALL)
  winograd_enabled() = plan.flag(0);
#endif
}

}  // namespace

void register_conv(KernelTable& table) {
  table.add("conv", conv);
  table.add("convBackwardInput", conv_backward_input);
  table.add("convBackwardWeight", conv_backward_weight);
  table.add("convWinograd", conv_winograd);
}

}  // namespace flambeau::FB_ISA
