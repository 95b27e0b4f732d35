// Negative log-likelihood and the fused cross entropy over class indices, forward and backward. Called by dispatch for
// nn.functional's nllLoss and crossEntropy.
//
// Log-probabilities are [N, C, *]: position i of the flattened N × * has its classes `class_step` apart. Losses are
// summed in double, chunk by chunk in a fixed order, so the result does not depend on the number of threads.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"
#include "widen.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kChunk = 256;  // positions to a partial sum
constexpr int kNone = 0, kMean = 1;

[[noreturn]] void bad_target(int64_t target) {
  char text[64];
  std::snprintf(text, sizeof text, "Target %" PRId64 " is out of bounds.", target);
  throw std::out_of_range(text);
}

/** Where each of the N × * positions of up to three operands lies. Operand 0 is [N, C, *], so is any other of its rank;
 * the rest are [N, *]. */
template <int N>
struct Positions {
  Walk<N> walk;
  Positions(const Operand* const (&operands)[N]) {
    const Operand& base = *operands[0];
    for (int d = 0; d < base.ndim; d++) {
      if (d == 1) continue;
      int64_t step[N];
      for (int i = 0; i < N; i++) {
        const Operand& o = *operands[i];
        step[i] = !o ? 0 : o.ndim == base.ndim ? o.strides[d] : o.strides[d == 0 ? 0 : d - 1];
      }
      walk.add(base.sizes[d], step);
    }
  }
};

/** Checks [N, C, *] against [N, *]. */
void expect_targets(const Operand& classes, const Operand& target) {
  bool ok = classes && target && classes.ndim >= 2 && target.dtype == DType::i64 && target.ndim == classes.ndim - 1;
  for (int d = 0; ok && d < target.ndim; d++) ok = target.sizes[d] == classes.sizes[d == 0 ? 0 : d + 1];
  Plan::require(ok, "loss: expected classes [N, C, ...] and int64 targets [N, ...]");
}
/** Checks a [] result, or [N, *] without reduction. */
void expect_loss(const Operand& loss, const Operand& target, int64_t reduction) {
  bool ok = static_cast<bool>(loss);
  if (reduction == kNone) {
    ok = ok && loss.ndim == target.ndim && std::equal(loss.sizes, loss.sizes + loss.ndim, target.sizes);
  } else {
    ok = ok && loss.ndim == 0;
  }
  Plan::require(ok && reduction >= 0 && reduction <= 2, "loss: the result does not fit the reduction");
}

/** Class weights as doubles; empty when there are none. */
std::vector<double> class_weights(const Operand& weight, int64_t classes) {
  if (!weight) return {};
  Plan::require(weight.ndim == 1 && weight.sizes[0] == classes, "loss: expected one weight per class");
  std::vector<double> values(static_cast<size_t>(classes));
  for (int64_t c = 0; c < classes; c++) values[static_cast<size_t>(c)] = load(weight, c);
  return values;
}

/** Sums that add up over positions. */
struct Sums {
  double loss = 0, weight = 0;
};

/** Calls `chunk(begin, end, sums)` over all positions and adds the sums up in order. */
template <class F>
Sums sum_positions(int64_t n, int64_t cost, F&& chunk) {
  const int64_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<Sums> parts(static_cast<size_t>(chunks));
  parallel_for(chunks, kGrain / kChunk / std::max<int64_t>(1, cost), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      chunk(i * kChunk, std::min(n, (i + 1) * kChunk), parts[static_cast<size_t>(i)]);
  });
  Sums total;
  for (const Sums& s : parts) total.loss += s.loss, total.weight += s.weight;
  return total;
}

/**
 * nllLoss (structured): out loss [] (or [N, *] without reduction), out totalWeight [], in logp [N, C, *], target int64
 * [N, *], weight [C]?; params reduction (0 none, 1 mean, 2 sum), ignoreIndex. A mean over no weight is NaN.
 */
void nll_loss(const Plan& plan) {
  plan.expect(5, 2);
  const Operand &loss = plan.operand[0], &total_weight = plan.operand[1], &logp = plan.operand[2],
                &target = plan.operand[3];
  const int64_t reduction = plan.integer(0), ignore = plan.integer(1);
  expect_targets(logp, target);
  expect_loss(loss, target, reduction);
  Plan::require(loss.dtype == logp.dtype && total_weight && total_weight.ndim == 0, "loss: dtypes or shapes differ");
  const int64_t classes = logp.sizes[1], class_step = logp.strides[1];
  const std::vector<double> weights = class_weights(plan.operand[4], classes);
  const Operand none;
  const Positions<3> positions({&logp, &target, reduction == kNone ? &loss : &none});
  visit_wide(logp.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto& walk = positions.walk;
    const Sums sums = sum_positions(walk.total, 1, [&](int64_t begin, int64_t end, Sums& part) {
      walk.run(begin, end, [&](const int64_t* offset, int64_t count) {
        for (int64_t i = 0; i < count; i++) {
          const int64_t t = target.as<int64_t>()[offset[1] + i * walk.step(1)];
          double value = 0;
          if (t != ignore) {
            if (t < 0 || t >= classes) bad_target(t);
            const double w = weights.empty() ? 1.0 : weights[static_cast<size_t>(t)];
            const T p = logp.as<T>()[offset[0] + i * walk.step(0) + t * class_step];
            value = -w * static_cast<double>(static_cast<Compute<T>>(p));
            part.weight += w;
          }
          part.loss += value;
          if (reduction == kNone) {
            loss.as<T>()[offset[2] + i * walk.step(2)] = static_cast<T>(static_cast<Compute<T>>(value));
          }
        }
      });
    });
    if (reduction != kNone) store(loss, 0, reduction == kMean ? sums.loss / sums.weight : sums.loss);
    store(total_weight, 0, sums.weight);
  });
}

/**
 * What one position's loss gradient is multiplied by: the incoming gradient, over the total weight for a mean.
 * `g` is [] or, without reduction, [N, *].
 */
struct Incoming {
  double fixed = 0;
  Incoming(const Operand& g, const Operand& total_weight, int64_t reduction) {
    if (reduction == kNone) return;
    fixed = load(g, 0);
    if (reduction == kMean) {
      Plan::require(total_weight && total_weight.ndim == 0, "loss: a mean needs the total weight");
      fixed /= load(total_weight, 0);
    }
  }
};

/**
 * nllLossBackward (structured): out gradInput [N, C, *], in g [] (or [N, *]), target, weight [C]?, totalWeight [];
 * params reduction, ignoreIndex.
 */
void nll_loss_backward(const Plan& plan) {
  plan.expect(5, 2);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &target = plan.operand[2];
  const int64_t reduction = plan.integer(0), ignore = plan.integer(1);
  expect_targets(out, target);
  expect_loss(g, target, reduction);
  Plan::require(g.dtype == out.dtype, "loss: dtypes or shapes differ");
  const int64_t classes = out.sizes[1], class_step = out.strides[1];
  const std::vector<double> weights = class_weights(plan.operand[3], classes);
  const Incoming incoming(g, plan.operand[4], reduction);
  const Operand none;
  const Positions<3> positions({&out, &target, reduction == kNone ? &g : &none});
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const auto& walk = positions.walk;
    // Classes outermost where positions lie side by side, so that zeroing runs along memory.
    const bool beside = class_step != 1 && walk.step(0) == 1;
    parallel_for(walk.total, std::max<int64_t>(1, kGrain / 2 / std::max<int64_t>(1, classes)),
                 [&](int64_t begin, int64_t end) {
                   walk.run(begin, end, [&](const int64_t* offset, int64_t count) {
                     T* base = out.as<T>() + offset[0];
                     const int64_t step = walk.step(0);
                     if (beside) {
                       for (int64_t c = 0; c < classes; c++)
                         std::fill_n(base + c * class_step, count, static_cast<T>(C{0}));
                     }
                     for (int64_t i = 0; i < count; i++) {
                       T* row = base + i * step;
                       if (!beside) {
                         for (int64_t c = 0; c < classes; c++) row[c * class_step] = static_cast<T>(C{0});
                       }
                       const int64_t t = target.as<int64_t>()[offset[1] + i * walk.step(1)];
                       if (t == ignore) continue;
                       if (t < 0 || t >= classes) bad_target(t);
                       double v = incoming.fixed;
                       if (reduction == kNone)
                         v = static_cast<double>(static_cast<C>(g.as<T>()[offset[2] + i * walk.step(2)]));
                       const double w = weights.empty() ? 1.0 : weights[static_cast<size_t>(t)];
                       row[t * class_step] = static_cast<T>(static_cast<C>(-w * v));
                     }
                   });
                 });
  });
}

/** Log-softmax of one row of `n` dense values. */
template <class T, class C>
void log_softmax_row(const T* x, T* y, int64_t n) {
  const C top = lane_max<C>(n, [x](int64_t i) FB_FLAT { return static_cast<C>(x[i]); });
  const C sum = lane_sum<C>(n, [x, top](int64_t i) FB_FLAT { return vm::exp_down(static_cast<C>(x[i]) - top); });
  const C rest = std::log(sum);
  for (int64_t i = 0; i < n; i++) y[i] = static_cast<T>(static_cast<C>(x[i]) - top - rest);
}

/**
 * crossEntropy (structured): out loss [] (or [N] without reduction), out totalWeight [], out logp [N, C], in x [N, C],
 * target int64 [N], weight [C]?; params reduction, ignoreIndex, labelSmoothing. The rows of x and logp are dense.
 * totalWeight is what a mean divides by; backward needs it and logp.
 */
void cross_entropy(const Plan& plan) {
  plan.expect(6, 3);
  const Operand &loss = plan.operand[0], &total_weight = plan.operand[1], &logp = plan.operand[2], &x = plan.operand[3];
  const Operand& target = plan.operand[4];
  const int64_t reduction = plan.integer(0), ignore = plan.integer(1);
  const double smoothing = plan.param[2];
  expect_targets(x, target);
  expect_loss(loss, target, reduction);
  Plan::require(same_shape(logp, x) && x.ndim == 2 && loss.dtype == x.dtype && total_weight && total_weight.ndim == 0,
                "crossEntropy: dtypes or shapes differ");
  const int64_t rows = x.sizes[0], classes = x.sizes[1];
  Plan::require(classes <= 1 || (x.strides[1] == 1 && logp.strides[1] == 1), "crossEntropy: expected dense rows");
  const std::vector<double> weights = class_weights(plan.operand[5], classes);
  visit_wide(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const double* w = weights.empty() ? nullptr : weights.data();
    const double share = smoothing / static_cast<double>(classes);
    const Sums sums = sum_positions(rows, classes, [&](int64_t begin, int64_t end, Sums& part) {
      for (int64_t r = begin; r < end; r++) {
        const T* from = x.as<T>() + r * x.strides[0];
        T* lp = logp.as<T>() + r * logp.strides[0];
        log_softmax_row<T, C>(from, lp, classes);
        const int64_t t = target.as<int64_t>()[r * target.strides[0]];
        double value = 0;
        if (t != ignore) {
          if (t < 0 || t >= classes) bad_target(t);
          const double weight = w ? w[t] : 1.0;
          value = -weight * static_cast<double>(static_cast<C>(lp[t]));
          part.weight += weight;
          if (smoothing > 0) {
            double all = 0;
            if (w) {
              for (int64_t c = 0; c < classes; c++) all -= w[c] * static_cast<double>(static_cast<C>(lp[c]));
            } else {
              all =
                  -static_cast<double>(lane_sum<C>(classes, [lp](int64_t c) FB_FLAT { return static_cast<C>(lp[c]); }));
            }
            value = (1 - smoothing) * value + share * all;
          }
        }
        part.loss += value;
        if (reduction == kNone) loss.as<T>()[r * loss.strides[0]] = static_cast<T>(static_cast<C>(value));
      }
    });
    if (reduction != kNone) store(loss, 0, reduction == kMean ? sums.loss / sums.weight : sums.loss);
    store(total_weight, 0, sums.weight);
  });
}

/**
 * crossEntropyBackward (structured): out gradInput [N, C], in g [] (or [N]), logp [N, C], target, weight [C]?,
 * totalWeight
 * []; params reduction, ignoreIndex, labelSmoothing.
 */
void cross_entropy_backward(const Plan& plan) {
  plan.expect(6, 3);
  const Operand &out = plan.operand[0], &g = plan.operand[1], &logp = plan.operand[2], &target = plan.operand[3];
  const int64_t reduction = plan.integer(0), ignore = plan.integer(1);
  const double smoothing = plan.param[2];
  expect_targets(out, target);
  expect_loss(g, target, reduction);
  Plan::require(same_shape(out, logp) && out.ndim == 2 && g.dtype == out.dtype,
                "crossEntropy: dtypes or shapes differ");
  const int64_t rows = out.sizes[0], classes = out.sizes[1];
  Plan::require(classes <= 1 || (out.strides[1] == 1 && logp.strides[1] == 1), "crossEntropy: expected dense rows");
  const std::vector<double> weights = class_weights(plan.operand[4], classes);
  const Incoming incoming(g, plan.operand[5], reduction);
  visit_wide(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    // Each class is charged share · w[c] for smoothing and the target (1 - smoothing) · w[t]: with q the charges and
    // s their sum, the gradient is g · (s · softmax - q).
    const double share = smoothing / static_cast<double>(classes);
    double smooth_sum = smoothing;
    std::vector<C> charges(static_cast<size_t>(smoothing > 0 ? classes : 0));
    if (smoothing > 0) {
      smooth_sum = 0;
      for (size_t c = 0; c < charges.size(); c++) {
        charges[c] = static_cast<C>(share * (weights.empty() ? 1.0 : weights[c]));
        smooth_sum += share * (weights.empty() ? 1.0 : weights[c]);
      }
    }
    parallel_for(rows, kGrain / 4 / std::max<int64_t>(1, classes), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; r++) {
        T* to = out.as<T>() + r * out.strides[0];
        const T* lp = logp.as<T>() + r * logp.strides[0];
        const int64_t t = target.as<int64_t>()[r * target.strides[0]];
        if (t == ignore) {
          std::fill_n(to, classes, static_cast<T>(C{0}));
          continue;
        }
        if (t < 0 || t >= classes) bad_target(t);
        double v = incoming.fixed;
        if (reduction == kNone) v = static_cast<double>(static_cast<C>(g.as<T>()[r * g.strides[0]]));
        const double own = (1 - smoothing) * (weights.empty() ? 1.0 : weights[static_cast<size_t>(t)]);
        const C scale = static_cast<C>(v * (own + smooth_sum)), factor = static_cast<C>(v);
        const C at_target = static_cast<C>(lp[t]);
        if (smoothing > 0) {
          const C* q = charges.data();
          for (int64_t c = 0; c < classes; c++) {
            to[c] = static_cast<T>(vm::exp(static_cast<C>(lp[c])) * scale - factor * q[c]);
          }
        } else {
          for (int64_t c = 0; c < classes; c++) to[c] = static_cast<T>(vm::exp(static_cast<C>(lp[c])) * scale);
        }
        const C rest = smoothing > 0 ? factor * charges[static_cast<size_t>(t)] : C{0};
        to[t] = static_cast<T>(vm::exp(at_target) * scale - rest - static_cast<C>(v * own));
      }
    });
  });
}

}  // namespace

void register_loss(KernelTable& table) {
  table.add("nllLoss", widened<nll_loss, 2>);
  table.add("nllLossBackward", widened<nll_loss_backward, 1>);
  table.add("crossEntropy", widened<cross_entropy, 3>);
  table.add("crossEntropyBackward", widened<cross_entropy_backward, 1>);
}

}  // namespace flambeau::FB_ISA
