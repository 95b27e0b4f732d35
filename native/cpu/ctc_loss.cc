// Connectionist temporal classification (Graves et al., 2006), forward and backward in log space. Called by dispatch
// for nn.functional's ctcLoss.
//
// A target of n labels is followed through 2n + 1 states: blanks at even ones, labels at odd ones. alpha[t][s] is the
// log-probability of all ways to be in state s at time t, that of the emission at t included.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

template <class... Numbers>
[[noreturn]] void refuse(const char* format, Numbers... numbers) {
  char text[128];
  std::snprintf(text, sizeof text, format, numbers...);
  throw std::out_of_range(text);
}

/** log(exp(a) + exp(b) + exp(c)), for what may all be minus infinity. */
template <class T>
FB_INLINE T log_add(T a, T b, T c) {
  constexpr T none = -std::numeric_limits<T>::infinity();
  const T top = std::max(a, std::max(b, c));
  const T base = top == none ? T{0} : top;
  return vm::log(vm::exp(a - base) + vm::exp(b - base) + vm::exp(c - base)) + base;
}

/** The checked operands that forward and backward share. */
struct Problem {
  const Operand &logp, &targets, &input_lengths, &target_lengths, &nll, &alpha;
  int64_t blank, times, batch, classes, width;
  std::vector<int64_t> start, frames, labels;  // per sequence: where its target begins, and both lengths

  Problem(const Operand& lp, const Operand& t, const Operand& in, const Operand& out, const Operand& n,
          const Operand& a, int64_t blank_class)
      : logp(lp), targets(t), input_lengths(in), target_lengths(out), nll(n), alpha(a), blank(blank_class) {
    Plan::require(logp && logp.ndim == 3 && targets && targets.ndim >= 1 && targets.ndim <= 2, "ctcLoss: wrong shapes");
    times = logp.sizes[0], batch = logp.sizes[1], classes = logp.sizes[2];
    for (const Operand* o : {&targets, &input_lengths, &target_lengths})
      Plan::require(*o && o->dtype == DType::i64, "ctcLoss: expected int64 targets and lengths");
    for (const Operand* o : {&input_lengths, &target_lengths, &nll})
      Plan::require(*o && o->ndim == 1 && o->sizes[0] == batch, "ctcLoss: expected one length per sequence");
    Plan::require(targets.ndim == 1 || targets.sizes[0] == batch, "ctcLoss: expected one target per sequence");
    Plan::require(alpha && alpha.ndim == 3 && alpha.sizes[0] == batch && alpha.sizes[1] == times &&
                      alpha.contiguous() && alpha.dtype == logp.dtype && nll.dtype == logp.dtype,
                  "ctcLoss: the states do not fit");
    Plan::require(blank >= 0 && blank < classes, "ctcLoss: the blank is no class");
    width = alpha.sizes[2];
    int64_t at = 0;
    for (int64_t b = 0; b < batch; b++) {
      const int64_t in_length = input_lengths.as<int64_t>()[b * input_lengths.strides[0]];
      const int64_t length = target_lengths.as<int64_t>()[b * target_lengths.strides[0]];
      Plan::require(in_length >= 0 && in_length <= times, "ctcLoss: an input is longer than the tensor");
      const int64_t room = targets.ndim == 1 ? targets.sizes[0] - at : targets.sizes[1];
      Plan::require(length >= 0 && length <= room && length <= (width - 1) / 2, "ctcLoss: a target is too long");
      start.push_back(targets.ndim == 1 ? at * targets.strides[0] : b * targets.strides[0]);
      frames.push_back(in_length), labels.push_back(length);
      at += length;
    }
  }
  int64_t states(int64_t b) const { return 2 * labels[static_cast<size_t>(b)] + 1; }
};

/** One sequence's states: the class of each, and whether it may be entered from two states before. */
template <class T>
struct States {
  std::vector<int64_t> classes;
  std::vector<T> skip;  // 0 or minus infinity, to be added
  States(const Problem& p, int64_t b) {
    const int64_t n = p.states(b), step = p.targets.strides[p.targets.ndim - 1];
    const int64_t* target = p.targets.as<int64_t>() + p.start[static_cast<size_t>(b)];
    classes.assign(static_cast<size_t>(n), p.blank);
    skip.assign(static_cast<size_t>(n), -std::numeric_limits<T>::infinity());
    for (int64_t s = 1; s < n; s += 2) {
      const int64_t label = target[(s / 2) * step];
      if (label < 0 || label >= p.classes)
        refuse("Target %" PRId64 " is out of bounds for %" PRId64 " classes.", label, p.classes);
      classes[static_cast<size_t>(s)] = label;
      if (s >= 3 && label != classes[static_cast<size_t>(s - 2)]) skip[static_cast<size_t>(s)] = 0;
    }
  }
  /** What each state emits at a time. */
  void emit(const T* row, int64_t step, T* out) const {
    for (size_t s = 0; s < classes.size(); s++) out[s] = row[classes[s] * step];
  }
};

template <class F>
void visit_full(DType dtype, F&& f) {
  if (dtype == DType::f32) {
    f(TypeTag<float>{});
  } else {
    Plan::require(dtype == DType::f64, "the kernel does not have this dtype");
    f(TypeTag<double>{});
  }
}

/**
 * ctcLoss (structured): out nll [N], out alpha [N, T, W], in logp [T, N, C], targets int64 [N, S] or [all labels],
 * input and target lengths int64 [N]; param blank. A target that no path gives has an infinite loss.
 */
void ctc_loss(const Plan& plan) {
  plan.expect(6, 1);
  const Problem p(plan.operand[2], plan.operand[3], plan.operand[4], plan.operand[5], plan.operand[0], plan.operand[1],
                  plan.integer(0));
  visit_full(p.logp.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr T none = -std::numeric_limits<T>::infinity();
    parallel_for(p.batch, std::max<int64_t>(1, kGrain / 16 / std::max<int64_t>(1, p.times * p.width)),
                 [&](int64_t begin, int64_t end) {
                   // two impossible states in front spare the loop its special cases
                   std::vector<T> previous(static_cast<size_t>(p.width + 2), none),
                       emitted(static_cast<size_t>(p.width));
                   for (int64_t b = begin; b < end; b++) {
                     const States<T> states(p, b);
                     const int64_t n = p.states(b), frames = p.frames[static_cast<size_t>(b)];
                     const T* row = p.logp.as<T>() + b * p.logp.strides[1];
                     T* alpha = p.alpha.as<T>() + b * p.times * p.width;
                     T* loss = p.nll.as<T>() + b * p.nll.strides[0];
                     std::fill_n(alpha, p.times * p.width, none);
                     if (frames == 0) {
                       *loss = n == 1 ? T{0} : -none;
                       continue;
                     }
                     alpha[0] = row[p.blank * p.logp.strides[2]];
                     if (n > 1) alpha[1] = row[states.classes[1] * p.logp.strides[2]];
                     const T* skip = states.skip.data();
                     for (int64_t t = 1; t < frames; t++) {
                       std::copy_n(alpha + (t - 1) * p.width, n, previous.data() + 2);
                       states.emit(row + t * p.logp.strides[0], p.logp.strides[2], emitted.data());
                       T* now = alpha + t * p.width;
                       const T *before = previous.data(), *out = emitted.data();
                       for (int64_t s = 0; s < n; s++)
                         now[s] = log_add(before[s + 2], before[s + 1], before[s] + skip[s]) + out[s];
                     }
                     const T* last = alpha + (frames - 1) * p.width;
                     *loss = -(n == 1 ? last[0] : log_add(last[n - 1], last[n - 2], none));
                   }
                 });
  });
}

/**
 * ctcLossBackward (structured): out gradInput [T, N, C], in g [N], logp, targets, input and target lengths, nll, alpha;
 * params blank, zeroInfinity. As PyTorch's, the gradient takes logp for the result of a log-softmax.
 */
void ctc_loss_backward(const Plan& plan) {
  plan.expect(8, 2);
  const Operand &out = plan.operand[0], &g = plan.operand[1];
  const Problem p(plan.operand[2], plan.operand[3], plan.operand[4], plan.operand[5], plan.operand[6], plan.operand[7],
                  plan.integer(0));
  const bool zero_infinity = plan.flag(1);
  Plan::require(
      same_shape(out, p.logp) && out.contiguous() && g && g.ndim == 1 && g.sizes[0] == p.batch && g.dtype == out.dtype,
      "ctcLoss: the gradients do not fit");
  visit_full(p.logp.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr T none = -std::numeric_limits<T>::infinity();
    parallel_for(p.batch, std::max<int64_t>(1, kGrain / 16 / std::max<int64_t>(1, p.times * p.width)),
                 [&](int64_t begin, int64_t end) {
                   // two impossible states behind
                   std::vector<T> next(static_cast<size_t>(p.width + 2)), beta(static_cast<size_t>(p.width));
                   std::vector<T> emitted(static_cast<size_t>(p.width)), skip(static_cast<size_t>(p.width + 2));
                   for (int64_t b = begin; b < end; b++) {
                     const States<T> states(p, b);
                     const int64_t n = p.states(b), frames = p.frames[static_cast<size_t>(b)];
                     const T* row = p.logp.as<T>() + b * p.logp.strides[1];
                     const T* alpha = p.alpha.as<T>() + b * p.times * p.width;
                     const T loss = p.nll.as<T>()[b * p.nll.strides[0]], scale = g.as<T>()[b * g.strides[0]];
                     T* to = out.as<T>() + b * p.classes;
                     const int64_t stride = p.batch * p.classes, step = p.logp.strides[2];
                     const bool hopeless = std::isinf(loss);
                     for (int64_t t = 0; t < p.times; t++) {
                       const T v =
                           t < frames && hopeless && !zero_infinity ? std::numeric_limits<T>::quiet_NaN() : T{0};
                       std::fill_n(to + t * stride, p.classes, v);
                     }
                     if (hopeless) continue;
                     std::fill(next.begin(), next.end(), none);
                     for (int64_t s = 0; s < n; s++)
                       skip[static_cast<size_t>(s)] = s + 2 < n ? states.skip[static_cast<size_t>(s + 2)] : none;
                     for (int64_t t = frames - 1; t >= 0; t--) {
                       const T* lp = row + t * p.logp.strides[0];
                       states.emit(lp, step, emitted.data());
                       if (t == frames - 1) {
                         std::fill_n(beta.data(), n, none);
                         beta[static_cast<size_t>(n - 1)] = emitted[static_cast<size_t>(n - 1)];
                         if (n > 1) beta[static_cast<size_t>(n - 2)] = emitted[static_cast<size_t>(n - 2)];
                       } else {
                         const T *after = next.data(), *from = emitted.data(), *jump = skip.data();
                         T* now = beta.data();
                         for (int64_t s = 0; s < n; s++)
                           now[s] = log_add(after[s], after[s + 1], after[s + 2] + jump[s]) + from[s];
                       }
                       // the share of all paths that are in state s now: both factors count the emission
                       T* grad = to + t * stride;
                       const T* before = alpha + t * p.width;
                       for (int64_t s = 0; s < n; s++) {
                         const T both = before[s] + beta[static_cast<size_t>(s)];
                         if (both != none)
                           grad[states.classes[static_cast<size_t>(s)]] +=
                               vm::exp(both + loss - emitted[static_cast<size_t>(s)]);
                       }
                       for (int64_t c = 0; c < p.classes; c++) grad[c] = (vm::exp(lp[c * step]) - grad[c]) * scale;
                       std::copy_n(beta.data(), n, next.data());
                       std::fill_n(next.data() + n, 2, none);
                     }
                   }
                 });
  });
}

}  // namespace

void register_ctc_loss(KernelTable& table) {
  table.add("ctcLoss", ctc_loss);
  table.add("ctcLossBackward", ctc_loss_backward);
}

}  // namespace flambeau::FB_ISA
