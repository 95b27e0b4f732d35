// Operands of float16 and bfloat16 as tensors of float: see widen.h. Called by the kernels that are behind widened<>.
#include "widen.h"

#include <optional>

#include "loops.h"

namespace flambeau::FB_ISA {
namespace {

bool half_operand(const Operand& o, WidenedHalves which) {
  return o && (o.dtype == DType::f16 || (o.dtype == DType::bf16 && which == WidenedHalves::both));
}

/** A half operand and its values in float: packed in the order of its strides, repeated elements once. */
class Wide {
 public:
  explicit Wide(const Operand& half) : half_(half), pack_(loops::pack_of(half.dtype, Halves::widen)) {
    int order[kMaxDims], dims = 0;
    for (int d = 0; d < half.ndim; d++) {
      // of an operand without elements all strides are 0, and its storage may hold nothing
      once_[d] = half.strides[d] == 0 ? std::min<int64_t>(half.sizes[d], 1) : half.sizes[d];
      numel_ *= once_[d];
      int at = dims++;
      for (; at > 0 && magnitude(half.strides[order[at - 1]]) < magnitude(half.strides[d]); at--)
        order[at] = order[at - 1];
      order[at] = d;
    }
    int64_t step = 1;
    for (int i = dims - 1; i >= 0; i--) {
      const int d = order[i];
      strides_[d] = half.strides[d] == 0 ? 0 : step;
      step *= once_[d];
    }
    values_.emplace(numel_);
    wide_ = half;
    wide_.data = reinterpret_cast<std::byte*>(values_->get());
    wide_.dtype = DType::f32;
    wide_.strides = strides_;
    wide_.room = numel_;
    half_.sizes = once_;
    Operand mine = wide_;
    mine.sizes = once_;
    walk_.add_all({&mine, &half_}, -1);
  }
  const Operand& operand() const { return wide_; }

  void read() const {
    each_run([this](std::byte* wide, std::byte* half, int64_t n) {
      loops::gather_any(pack_, wide, half, walk_.step(1), n);
    });
  }
  void write() const {
    each_run([this](std::byte* wide, std::byte* half, int64_t n) {
      loops::scatter_any(pack_, half, wide, walk_.step(1), n);
    });
  }

 private:
  static int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }
  template <class F>
  void each_run(F&& f) const {
    parallel_for(numel_, kGrain, [&](int64_t begin, int64_t end) {
      walk_.run(begin, end,
                [&](const int64_t* at, int64_t n) { f(wide_.data + at[0] * 4, half_.data + at[1] * 2, n); });
    });
  }

  Operand half_, wide_;
  loops::Pack pack_;
  int64_t numel_ = 1;
  int64_t once_[kMaxDims], strides_[kMaxDims];  // sizes without repeats, and strides in values_
  std::optional<fp::Scratch<float>> values_;
  fp::Walk<2> walk_;
};

}  // namespace

void run_widened(const Plan& plan, int outputs, KernelFn run, WidenedHalves which) {
  bool any = false;
  for (int k = 0; k < plan.operands; k++) any = any || half_operand(plan.operand[k], which);
  if (!any) return run(plan);
  Plan::require(plan.structured, "expected a structured plan");
  Plan wide = plan;
  std::optional<Wide> operands[kMaxOperands];
  for (int k = 0; k < plan.operands; k++) {
    const Operand& o = plan.operand[k];
    if (!half_operand(o, which)) continue;
    operands[k].emplace(o).read();
    wide.operand[k] = operands[k]->operand();
  }
  run(wide);
  for (int k = 0; k < std::min(outputs, plan.operands); k++)
    if (operands[k]) operands[k]->write();
}

}  // namespace flambeau::FB_ISA
