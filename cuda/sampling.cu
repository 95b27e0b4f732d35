// Whole numbers, coins and dropout with PyTorch's values on GPUs for the same seed: randint, random, bernoulli,
// bernoulliTensor, dropout; registered by backend.cc. Param 0 is a generator.
#include "../native/draw_range.h"
#include "drawing.cuh"
#include "faults.h"
#include "../native/backend.h"

namespace flambeau::cuda {
namespace {

using namespace drawing;

/** word mod range, from `low` on, in any dtype. */
template <class Word>
struct ModuloOp {
  void* out;
  DType d;
  Word range;
  int64_t low;
  __device__ __forceinline__ void operator()(int64_t i, Word w) const {
    const int64_t v = static_cast<int64_t>(static_cast<uint64_t>(w % range) + static_cast<uint64_t>(low));
    if (d == DType::f64)
      store<double>(out, i, d, static_cast<double>(v));
    else if (d == DType::f32 || d == DType::f16 || d == DType::bf16)
      store<float>(out, i, d, static_cast<float>(v));
    else
      store<int64_t>(out, i, d, v);
  }
};
void whole_numbers(const Plan& plan, uint64_t range, int64_t low, bool wide) {
  const Operand& out = plan.operand[0];
  if (wide)
    draw<WideWords>(plan, ModuloOp<uint64_t>{device_data<void>(out), out.dtype, range, low});
  else
    draw<Words>(plan, ModuloOp<uint32_t>{device_data<void>(out), out.dtype, static_cast<uint32_t>(range), low});
}
void randint_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  const FB_ISA::DrawRange r = FB_ISA::draw_range(out.dtype, plan.param[1], plan.param[2]);
  whole_numbers(plan, r.range, r.low, r.range >= uint64_t{1} << 28);
}
/** [0, max] for whole numbers, [0, 2^mantissa] for floats. */
void random_kernel(const Plan& plan) {
  const DType d = target(plan, 1, 1).dtype;
  uint64_t range = 2;
  visit(d, [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating<T>)
      range = (uint64_t{1} << FB_ISA::digits_of(d)) + 1;
    else if constexpr (!is_bool<T>)
      range = static_cast<uint64_t>(std::numeric_limits<T>::max()) + 1;
  });
  whole_numbers(plan, range, 0, d == DType::f64 || d == DType::i64);
}

// ---- coins

[[noreturn]] void refuse_chance(double p) {
  char text[96];
  std::snprintf(text, sizeof text, "expected p to be in [0, 1], but got %g", p);
  throw std::out_of_range(text);
}

template <class C>
struct CoinOp {
  void* out;
  DType d;
  C p;
  __device__ __forceinline__ void operator()(int64_t i, C x) const { store_any(out, i, d, x < p ? C{1} : C{0}); }
};
void bernoulli_kernel(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  const double p = plan.param[1];
  if (!(p >= 0 && p <= 1)) refuse_chance(p);
  if (out.dtype == DType::f64)
    draw<Uniform<double>>(plan, CoinOp<double>{device_data<void>(out), out.dtype, p});
  else
    draw<Uniform<float>>(plan, CoinOp<float>{device_data<void>(out), out.dtype, static_cast<float>(p)});
}

/** A coin for each chance: four neighbours share a block of words, in float whatever the dtype. */
template <class C>
__global__ void coins_kernel(void* out, DType d, const void* chances, DType chance,
                             const __grid_constant__ Cells<1> cells, Draws draws, FaultFlag flag) {
  const int64_t n = cells.total;
  for (int64_t quad = first_cell(); quad * 4 < n; quad += next_cell()) {
    Philox philox(draws.seed, static_cast<uint64_t>(quad), draws.offset);
    float x[4];
    Uniform<float>::draw(philox, x);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int64_t i = quad * 4 + j;
      if (i >= n) break;
      int64_t at[1];
      cells.offsets(i, 0, at);
      const C p = Memory<C>::load(chances, at[0], chance);
      if (!(p >= C{0} && p <= C{1})) flag.tell_number(static_cast<double>(p));
      // a double is compared as one only where the result is one, too
      const bool hit = d == DType::f64 ? x[j] <= p : x[j] <= static_cast<float>(p);
      store_any(out, i, d, hit ? 1.0f : 0.0f);
    }
  }
}
void bernoulli_tensor_kernel(const Plan& plan) {
  const Operand& out = target(plan, 2, 1);
  const Operand& p = plan.operand[1];
  Plan::require(p && p.ndim == out.ndim, "the probabilities do not match");
  LineWalk<1> walk;
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(p.sizes[d] == out.sizes[d], "the probabilities do not match");
    walk.add(out.sizes[d], {p.strides[d]});
  }
  if (walk.total == 0) return;
  const Cells<1> cells(walk);
  const Draws draws = take_draws(generator(plan), 10);
  const FaultFlag flag = fault_flag(Wrong::chance);
  visit_floating(p.dtype, [&]<class C>(C) {
    launch(coins_kernel<C>, cell_blocks(ceil_div<int64_t>(walk.total, 4)), {kCellThreads}, 0, device_data<void>(out),
           out.dtype, device_data<void>(p), p.dtype, cells, draws, flag);
  });
}

// ---- dropout

struct Dropout {
  void *y, *mask;
  const void* x;
  DType d;
  int64_t n;
  double keep, scale;
};
/**
 * A thread takes `width` neighbours, or elements that lie a grid apart where width is 1; four numbers are drawn for up
 * to four of them. The result is scaled in the arithmetic of C, the mask is rounded.
 */
template <class C>
__global__ void __launch_bounds__(kDrawThreads)
    dropout_kernel(const __grid_constant__ Dropout o, int width, Draws draws) {
  const int64_t id = first_cell(), step = next_cell();
  Philox philox(draws.seed, static_cast<uint64_t>(id), draws.offset);
  const C keep = static_cast<C>(o.keep), scale = static_cast<C>(o.scale);
  const int each = width == 1 || width > 4 ? 4 : width;
  const int64_t apart = width == 1 ? step : 1, next = width == 1 ? step * 4 : step * width;
  for (int64_t base = id * width; base < o.n; base += next) {
    for (int first = 0; first < (width == 1 ? 4 : width); first += each) {
      float r[4];
      Uniform<float>::draw(philox, r);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int64_t i = base + (first + j) * apart;
        if (j >= each || i >= o.n) continue;
        const bool kept = r[j] < keep;
        const C x = Memory<C>::load(o.x, i, o.d);
        store<C>(o.y, i, o.d, x * (kept ? C{1} : C{0}) * scale);
        store<C>(o.mask, i, o.d, kept ? scale : C{0});
      }
    }
  }
}
__global__ void dropout_all_kernel(const __grid_constant__ Dropout o) {
  for (int64_t i = first_cell(); i < o.n; i += next_cell()) {
    if (o.d == DType::f64)
      store<double>(o.y, i, o.d, Memory<double>::load(o.x, i, o.d) * 0.0);
    else
      store<float>(o.y, i, o.d, Memory<float>::load(o.x, i, o.d) * 0.0f);
    store_any(o.mask, i, o.d, 0.0f);
  }
}
void dropout(const Plan& plan) {
  const Operand& out = target(plan, 3, 2);
  const double p = plan.param[1], keep = 1.0 - p;
  for (int i = 1; i < 3; i++) {
    const Operand& o = plan.operand[i];
    Plan::require(o && o.dtype == out.dtype && o.contiguous() && o.numel() == out.numel(), "dropout: operands differ");
  }
  if (!(keep >= 0 && keep <= 1)) refuse_chance(keep);
  const int64_t n = out.numel();
  if (n == 0) return;
  const std::byte* x = device_data<std::byte>(plan.operand[2]);
  const Dropout o{device_data<void>(out), device_data<void>(plan.operand[1]), x, out.dtype, n, keep, 0};
  if (p == 1.0) return launch(dropout_all_kernel, cell_blocks(n), {kCellThreads}, 0, o);
  // PyTorch's widths: vectors of 16 bytes that leave no rest
  const int64_t item = static_cast<int64_t>(item_size(out.dtype));
  int width = static_cast<int>(16 / item);
  while (width > 1 && (n % width != 0 || reinterpret_cast<uintptr_t>(x) % static_cast<uintptr_t>(width * item) != 0))
    width /= 2;
  const Layout layout(n, 4);
  const Draws draws = take_draws(generator(plan), layout.words);
  visit_floating(out.dtype, [&]<class C>(C) {
    Dropout scaled = o;
    scaled.scale = 1.0 / static_cast<double>(static_cast<C>(keep));
    launch(dropout_kernel<C>, {layout.blocks}, {kDrawThreads}, 0, scaled, width, draws);
  });
}

}  // namespace

void register_sampling(KernelTable& table) {
  table.add("randint", randint_kernel);
  table.add("random", random_kernel);
  table.add("bernoulli", bernoulli_kernel);
  table.add("bernoulliTensor", bernoulli_tensor_kernel);
  table.add("dropout", dropout);
}

}  // namespace flambeau::cuda
