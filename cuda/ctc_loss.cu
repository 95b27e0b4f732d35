// Connectionist temporal classification (Graves et al., 2006), forward and backward in log space; registered by
// backend.cc.
//
// A target of n labels is followed through 2n + 1 states: blanks at even ones, labels at odd ones. A block walks
// through the frames of a sequence, its threads share the states: alpha forwards, beta backwards. The gradients of all
// frames are then made at once; what several states add to one class is added in the order of the states.
#include "block.cuh"
#include "faults.h"
#include "kernels.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace flambeau::cuda {
namespace {

/** Where a sequence's target begins, and both lengths. */
struct Sequence {
  int64_t start, frames, labels;
};
/** Of a label: the next equal one of its target or -1, and whether none is before it. */
struct Link {
  int32_t next, first;
};

/** What the kernels share. Log-probabilities are [T, N, C], alpha and beta [N, T, W]. */
template <class C>
struct Problem {
  const C* logp;
  int64_t time_step, batch_step, class_step;
  const int64_t* targets;
  int64_t target_step;
  const Sequence* sequences;
  int64_t blank, times, batch, classes, width;
  FaultFlag wrong;

  __device__ __forceinline__ int64_t class_of(const Sequence& q, int64_t state) const {
    if (state % 2 == 0) return blank;
    const int64_t label = targets[q.start + state / 2 * target_step];
    if (label >= 0 && label < classes) return label;
    wrong.tell(label, classes);
    return blank;
  }
  /** What a state may be entered from two states before: a label from a different one. */
  __device__ __forceinline__ C skip(const Sequence& q, int64_t state) const {
    const bool may = state >= 3 && state % 2 == 1 && class_of(q, state) != class_of(q, state - 2);
    return may ? C{0} : -std::numeric_limits<C>::infinity();
  }
  __device__ __forceinline__ C emitted(int64_t b, int64_t t, int64_t c) const {
    return logp[t * time_step + b * batch_step + c * class_step];
  }
};

/** log(exp(a) + exp(b) + exp(c)), for what may all be minus infinity. */
template <class C>
__device__ __forceinline__ C log_add(C a, C b, C c) {
  const C most = a > b ? (a > c ? a : c) : b > c ? b : c;
  const C base = most == -std::numeric_limits<C>::infinity() ? C{0} : most;
  return vm::log(vm::exp(a - base) + vm::exp(b - base) + vm::exp(c - base)) + base;
}

template <class C>
__global__ void ctc_alpha_kernel(const __grid_constant__ Problem<C> p, C* alphas, C* losses, int64_t loss_step) {
  constexpr C none = -std::numeric_limits<C>::infinity();
  const int64_t b = blockIdx.x;
  const Sequence q = p.sequences[b];
  const int64_t n = 2 * q.labels + 1;
  C* alpha = alphas + b * p.times * p.width;
  for (int64_t t = 0; t < p.times; t++, alpha += p.width) {
    const C* before = alpha - p.width;
    for (int64_t s = threadIdx.x; s < p.width; s += blockDim.x) {
      C v = none;
      if (t < q.frames && s < n) {
        const C out = p.emitted(b, t, p.class_of(q, s));
        if (t == 0)
          v = s < 2 ? out : none;
        else
          v = log_add(before[s], s > 0 ? before[s - 1] : none, s > 1 ? before[s - 2] + p.skip(q, s) : none) + out;
      }
      alpha[s] = v;
    }
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  const C* last = alphas + (b * p.times + q.frames - 1) * p.width;
  losses[b * loss_step] = q.frames == 0 ? (n == 1 ? C{0} : -none)
                          : n == 1      ? -last[0]
                                        : -log_add(last[n - 1], last[n - 2], none);
}

template <class C>
__global__ void ctc_beta_kernel(const __grid_constant__ Problem<C> p, C* betas, Link* links) {
  constexpr C none = -std::numeric_limits<C>::infinity();
  const int64_t b = blockIdx.x;
  const Sequence q = p.sequences[b];
  const int64_t n = 2 * q.labels + 1;
  for (int64_t t = q.frames - 1; t >= 0; t--) {
    C* beta = betas + (b * p.times + t) * p.width;
    const C* after = beta + p.width;
    for (int64_t s = threadIdx.x; s < n; s += blockDim.x) {
      const C out = p.emitted(b, t, p.class_of(q, s));
      if (t == q.frames - 1)
        beta[s] = s >= n - 2 ? out : none;
      else
        beta[s] =
            log_add(after[s], s + 1 < n ? after[s + 1] : none, s + 2 < n ? after[s + 2] + p.skip(q, s + 2) : none) +
            out;
    }
    __syncthreads();
  }
  for (int64_t i = threadIdx.x; i < q.labels; i += blockDim.x) {
    const int64_t label = p.class_of(q, 2 * i + 1);
    Link link{-1, 1};
    for (int64_t k = 0; k < i && link.first == 1; k++)
      if (p.class_of(q, 2 * k + 1) == label) link.first = 0;
    for (int64_t k = i + 1; k < q.labels && link.next < 0; k++)
      if (p.class_of(q, 2 * k + 1) == label) link.next = static_cast<int32_t>(k);
    links[b * (p.width / 2) + i] = link;
  }
}

struct Gradient {
  void* out;  // [T, N, C], dense
  const void *g, *nll;
  int64_t g_step, nll_step;
  bool zero_infinity;
};

/** A block for each frame of each sequence. */
template <class C>
__global__ void ctc_gradient_kernel(const __grid_constant__ Problem<C> p, const C* alphas, const C* betas,
                                    const Link* links, const __grid_constant__ Gradient d) {
  constexpr C none = -std::numeric_limits<C>::infinity();
  __shared__ C scratch[kWarp];
  const int64_t b = blockIdx.x % p.batch, t = blockIdx.x / p.batch;
  const Sequence q = p.sequences[b];
  const C loss = static_cast<const C*>(d.nll)[b * d.nll_step], scale = static_cast<const C*>(d.g)[b * d.g_step];
  C* grad = static_cast<C*>(d.out) + (t * p.batch + b) * p.classes;
  const bool hopeless = isinf(loss);
  if (hopeless || t >= q.frames) {
    const C v = t < q.frames && !d.zero_infinity ? std::numeric_limits<C>::quiet_NaN() : C{0};
    for (int64_t c = threadIdx.x; c < p.classes; c += blockDim.x) grad[c] = v;
    return;
  }
  const C* alpha = alphas + (b * p.times + t) * p.width;
  const C* beta = betas + (b * p.times + t) * p.width;
  // the share of all paths that are in a state now: both factors count the emission
  const auto share = [&](int64_t s, int64_t c) {
    const C both = alpha[s] + beta[s];
    return both == none ? C{0} : vm::exp(both + loss - p.emitted(b, t, c));
  };
  C blanks = 0;
  for (int64_t s = threadIdx.x; s < 2 * q.labels + 1; s += blockDim.x) {
    const int64_t c = p.class_of(q, s);
    if (c == p.blank) blanks += share(s, c);
  }
  blanks = block_reduce<Add<C>>(blanks, scratch);
  for (int64_t c = threadIdx.x; c < p.classes; c += blockDim.x)
    grad[c] = (vm::exp(p.emitted(b, t, c)) - (c == p.blank ? blanks : C{0})) * scale;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < q.labels; i += blockDim.x) {
    const int64_t c = p.class_of(q, 2 * i + 1);
    const Link* own = links + b * (p.width / 2);
    if (c == p.blank || own[i].first == 0) continue;
    C sum = 0;
    for (int64_t k = i; k >= 0; k = own[k].next) sum += share(2 * k + 1, c);
    grad[c] = (vm::exp(p.emitted(b, t, c)) - sum) * scale;
  }
}

// ---- the host's half

/** The operands that forward and backward share, checked; what the kernels need of the lengths is on the device. */
class Call {
 public:
  Call(const Operand& logp, const Operand& targets, const Operand& inputs, const Operand& lengths, const Operand& nll,
       const Operand& alpha, int64_t blank)
      : logp_(logp), targets_(targets), blank_(blank) {
    Plan::require(logp && logp.ndim == 3 && targets && targets.ndim >= 1 && targets.ndim <= 2, "ctcLoss: wrong shapes");
    Plan::require(logp.dtype == DType::f32 || logp.dtype == DType::f64, "the kernel does not have this dtype");
    times = logp.sizes[0], batch = logp.sizes[1], classes = logp.sizes[2];
    for (const Operand* o : {&targets, &inputs, &lengths})
      Plan::require(*o && o->dtype == DType::i64, "ctcLoss: expected int64 targets and lengths");
    for (const Operand* o : {&inputs, &lengths, &nll})
      Plan::require(*o && o->ndim == 1 && o->sizes[0] == batch, "ctcLoss: expected one length per sequence");
    Plan::require(targets.ndim == 1 || targets.sizes[0] == batch, "ctcLoss: expected one target per sequence");
    Plan::require(alpha && alpha.ndim == 3 && alpha.sizes[0] == batch && alpha.sizes[1] == times &&
                      alpha.contiguous() && alpha.dtype == logp.dtype && nll.dtype == logp.dtype,
                  "ctcLoss: the states do not fit");
    Plan::require(blank >= 0 && blank < classes, "ctcLoss: the blank is no class");
    width = alpha.sizes[2];
    Plan::require(batch < (int64_t{1} << 31) / std::max<int64_t>(1, times) && width < (int64_t{1} << 31),
                  "ctcLoss: too many frames for a GPU");
    if (batch == 0) return;
    const std::vector<int64_t> frames = values_of(inputs), labels = values_of(lengths);
    std::vector<Sequence> sequences;
    int64_t at = 0;
    for (size_t b = 0; b < frames.size(); b++) {
      Plan::require(frames[b] >= 0 && frames[b] <= times, "ctcLoss: an input is longer than the tensor");
      const int64_t room = targets.ndim == 1 ? targets.sizes[0] - at : targets.sizes[1];
      Plan::require(labels[b] >= 0 && labels[b] <= room && labels[b] <= (width - 1) / 2,
                    "ctcLoss: a target is too long");
      const int64_t start = targets.ndim == 1 ? at : static_cast<int64_t>(b);
      sequences.push_back({start * targets.strides[0], frames[b], labels[b]});
      at += labels[b];
    }
    table_.emplace(sequences.size() * sizeof(Sequence));
    upload(table_->as<>(), sequences.data(), sequences.size() * sizeof(Sequence));
  }

  template <class C>
  Problem<C> problem() const {
    return {device_data<C>(logp_),
            logp_.strides[0],
            logp_.strides[1],
            logp_.strides[2],
            device_data<int64_t>(targets_),
            targets_.strides[targets_.ndim - 1],
            table_->as<Sequence>(),
            blank_,
            times,
            batch,
            classes,
            width,
            fault_flag(Wrong::label)};
  }

  int64_t times = 0, batch = 0, classes = 0, width = 0;

 private:
  static std::vector<int64_t> values_of(const Operand& o) {
    const auto n = static_cast<size_t>(o.sizes[0]), step = static_cast<size_t>(o.strides[0]);
    std::vector<int64_t> span((n - 1) * step + 1), values;
    download(span.data(), device_data<int64_t>(o), span.size() * sizeof(int64_t));
    for (size_t i = 0; i < n; i++) values.push_back(span[i * step]);
    return values;
  }
  const Operand &logp_, &targets_;
  int64_t blank_;
  std::optional<Temporary> table_;
};

/** ctcLoss: see native/cpu/ctc_loss.cc. */
void ctc_loss(const Plan& plan) {
  plan.expect(6, 1);
  const Operand &nll = plan.operand[0], &alpha = plan.operand[1], &logp = plan.operand[2];
  const Call call(logp, plan.operand[3], plan.operand[4], plan.operand[5], nll, alpha, plan.integer(0));
  if (call.batch == 0) return;
  const auto go = [&]<class C>(C) {
    launch(ctc_alpha_kernel<C>, {static_cast<unsigned>(call.batch)}, {threads_for(call.width)}, 0, call.problem<C>(),
           device_data<C>(alpha), device_data<C>(nll), nll.strides[0]);
  };
  if (logp.dtype == DType::f64)
    go(double{});
  else
    go(float{});
}

/** ctcLossBackward: see native/cpu/ctc_loss.cc. */
void ctc_loss_backward(const Plan& plan) {
  plan.expect(8, 2);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &logp = plan.operand[2], &nll = plan.operand[6],
                &alpha = plan.operand[7];
  const Call call(logp, plan.operand[3], plan.operand[4], plan.operand[5], nll, alpha, plan.integer(0));
  bool fits = out && out.ndim == 3 && out.dtype == logp.dtype && out.contiguous() && g && g.ndim == 1 &&
              g.sizes[0] == call.batch && g.dtype == out.dtype;
  for (int d = 0; fits && d < 3; d++) fits = out.sizes[d] == logp.sizes[d];
  Plan::require(fits, "ctcLoss: the gradients do not fit");
  if (call.batch == 0 || call.times == 0) return;
  const Gradient gradient{device_data<void>(out), device_data<void>(g), device_data<void>(nll),
                          g.strides[0],           nll.strides[0],       plan.flag(1)};
  const auto go = [&]<class C>(C) {
    const Temporary betas(static_cast<size_t>(call.batch * call.times * call.width) * sizeof(C));
    const Temporary links(static_cast<size_t>(call.batch * (call.width / 2) + 1) * sizeof(Link));
    const auto problem = call.problem<C>();
    launch(ctc_beta_kernel<C>, {static_cast<unsigned>(call.batch)}, {threads_for(call.width)}, 0, problem,
           betas.as<C>(), links.as<Link>());
    launch(ctc_gradient_kernel<C>, {static_cast<unsigned>(call.batch * call.times)},
           {threads_for(std::max(call.width, call.classes))}, 0, problem, device_data<C>(alpha), betas.as<C>(),
           links.as<Link>(), gradient);
  };
  if (logp.dtype == DType::f64)
    go(double{});
  else
    go(float{});
}

}  // namespace

void register_ctc_loss(KernelTable& table) {
  table.add("ctcLoss", ctc_loss);
  table.add("ctcLossBackward", ctc_loss_backward);
}

}  // namespace flambeau::cuda
