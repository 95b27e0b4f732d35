// Random permutations, and samples of the gamma, Poisson and binomial distributions on GPUs, how samples of gamma and
// Dirichlet distributions move with their parameters; registered by backend.cc. Param 0 of draws is a generator.
//
// The formulas are the CPU's, the numbers are not PyTorch's on CUDA: each element draws from a sequence of its own.
#include "../native/backend.h"
#include "drawing.cuh"
#include "faults.h"
#include "rows.cuh"
#include "sort.cuh"
// after rows.cuh, which names the namespace
#include "../native/draw_formulas.h"

namespace flambeau::cuda {
namespace {

using namespace drawing;

// ---- permutations

struct KeyOp {
  uint64_t* keys;
  uint32_t* index;
  __device__ __forceinline__ void operator()(int64_t i, uint64_t word) const {
    keys[i] = word;
    index[i] = static_cast<uint32_t>(i);
  }
};
__global__ void order_kernel(void* out, DType d, const uint32_t* index, int64_t n) {
  for (int64_t i = first_cell(); i < n; i += next_cell()) {
    const int64_t v = index[i];
    if (d == DType::f64)
      store<double>(out, i, d, static_cast<double>(v));
    else if (d == DType::f32 || d == DType::f16 || d == DType::bf16)
      store<float>(out, i, d, static_cast<float>(v));
    else
      store<int64_t>(out, i, d, v);
  }
}
/** Where random keys of 64 bits are in order. */
void randperm(const Plan& plan) {
  const Operand& out = target(plan, 1, 1);
  Plan::require(out.ndim <= 1, "expected one dimension");
  const int64_t n = out.numel();
  Plan::require(n < int64_t{1} << 32, "too many elements for a permutation on a GPU");
  if (n == 0) return;
  Entries entries(1, n);
  draw<WideWords>(plan, KeyOp{entries.keys(), entries.index()});
  const Entries sorted = sorted_entries(std::move(entries), 1);
  launch(order_kernel, cell_blocks(n), {kCellThreads}, 0, device_data<void>(out), out.dtype, sorted.index(), n);
}

// ---- samples of an element's own sequence

/** Words that each element may take before sequences of the next call are met: more than any needs. */
inline constexpr uint64_t kReserved = 1024;

class Source {
 public:
  __device__ Source(const Draws& draws, int64_t i) : philox_(draws.seed, static_cast<uint64_t>(i), draws.offset) {}
  __device__ double uniform() {
    has_spare_ = !has_spare_;
    if (!has_spare_) return spare_;
    uint64_t w[2];
    WideWords::draw(philox_, w);
    spare_ = static_cast<double>(w[1] >> 11) * 0x1p-53;
    return static_cast<double>(w[0] >> 11) * 0x1p-53;
  }
  __device__ double normal() {
    const double radius = sqrt(-2 * log(1 - uniform()));
    return radius * cospi(2 * uniform());
  }

 private:
  Philox philox_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/** What a kernel gets: up to three inputs beside the result, dense and of one dtype. */
struct Inputs {
  void* out;
  const void* in[3];
  DType d;
  int64_t n;
  __device__ __forceinline__ double load(int k, int64_t i) const {
    return d == DType::f64 ? Memory<double>::load(in[k], i, d) : static_cast<double>(Memory<float>::load(in[k], i, d));
  }
};
Inputs inputs_of(const Plan& plan, int operands, int params) {
  const Operand& out = target(plan, operands, params);
  Plan::require(
      out.dtype == DType::f64 || out.dtype == DType::f32 || out.dtype == DType::f16 || out.dtype == DType::bf16,
      "does not have this dtype");
  Inputs x{device_data<void>(out), {}, out.dtype, out.numel()};
  for (int k = 1; k < operands; k++) {
    const Operand& o = plan.operand[k];
    Plan::require(o && o.dtype == out.dtype && o.contiguous() && o.numel() == out.numel(), "draws: operands differ");
    x.in[k - 1] = device_data<void>(o);
  }
  return x;
}

enum class Kind { gamma, poisson, binomial };
template <Kind kind>
__global__ void sample_kernel(const __grid_constant__ Inputs x, Draws draws, FaultFlag flag) {
  for (int64_t i = first_cell(); i < x.n; i += next_cell()) {
    Source source(draws, i);
    const double a = x.load(0, i);
    double v = a;
    // what is refused is told, and not drawn
    if constexpr (kind == Kind::gamma) {
      if (a < 0)
        flag.tell_number(a);
      else
        v = FB_ISA::draws::gamma_value(source, a);
      const double least = x.d == DType::f64 ? 0x1p-1022 : 0x1p-126;
      v = v < least ? least : v;  // NaN stays
    } else if constexpr (kind == Kind::poisson) {
      if (!(a >= 0))
        flag.tell_number(a);
      else
        v = FB_ISA::draws::poisson_value(source, a);
    } else {
      const double p = x.load(1, i);
      if (a > 0x1p53 && p > 0 && p < 1)
        flag.tell_number(a);
      else
        v = FB_ISA::draws::binomial_value(source, a, p);
    }
    store_any(x.out, i, x.d, v);
  }
}
template <Kind kind>
void sample(const Plan& plan) {
  const Inputs x = inputs_of(plan, kind == Kind::binomial ? 3 : 2, 1);
  if (x.n == 0) return;
  constexpr Wrong what = kind == Kind::gamma     ? Wrong::concentration
                         : kind == Kind::poisson ? Wrong::rate
                                                 : Wrong::count;
  launch(sample_kernel<kind>, cell_blocks(x.n), {kCellThreads}, 0, x, take_draws(generator(plan), kReserved),
         fault_flag(what));
}

// ---- slopes

template <bool beta>
__global__ void slope_kernel(const __grid_constant__ Inputs x) {
  for (int64_t i = first_cell(); i < x.n; i += next_cell()) {
    const double sample = x.load(0, i), alpha = x.load(1, i);
    double v;
    if constexpr (beta)
      v = FB_ISA::draws::beta_slope(alpha, x.load(2, i) - alpha, sample) / (1 - sample);  // over 1 - x, as PyTorch's
    else
      v = FB_ISA::draws::gamma_slope(alpha, sample);
    store_any(x.out, i, x.d, v);
  }
}
/** standardGammaGrad: out, samples, concentrations; dirichletGrad: and their totals. */
template <bool beta>
void slope(const Plan& plan) {
  const Inputs x = inputs_of(plan, beta ? 4 : 3, 0);
  if (x.n > 0) launch(slope_kernel<beta>, cell_blocks(x.n), {kCellThreads}, 0, x);
}

}  // namespace

void register_draws(KernelTable& table) {
  table.add("randperm", randperm);
  table.add("standardGamma", sample<Kind::gamma>);
  table.add("poisson", sample<Kind::poisson>);
  table.add("binomial", sample<Kind::binomial>);
  table.add("standardGammaGrad", slope<false>);
  table.add("dirichletGrad", slope<true>);
}

}  // namespace flambeau::cuda
