// The rules of the optimizers for one element, with their parameters in the arithmetic C that they compute in; the
// order of operations is that of PyTorch's single-tensor implementation. native/cpu/optim_rules.cc, which documents the
// parameters, and cuda/optim_rules.cu make kernels of them.
#pragma once
#include <cmath>

#include "half.h"

namespace flambeau::FB_ISA::rules {

/** Changes the parameter w and the states x, y and z, given the gradient d. */
template <class C>
struct Adadelta {
  static constexpr int kStates = 2, kParams = 3;
  C lr, rho, fresh, eps;
  explicit Adadelta(const double* o)
      : lr(static_cast<C>(o[0])),
        rho(static_cast<C>(o[1])),
        fresh(static_cast<C>(1 - o[1])),
        eps(static_cast<C>(o[2])) {}
  FB_BOTH void operator()(C& w, C d, C& square, C& delta, C&) const {
    square = vm::madd(fresh * d, d, rho * square);
    const C step = std::sqrt(delta + eps) / std::sqrt(square + eps) * d;
    delta = vm::madd(fresh * step, step, rho * delta);
    w = vm::madd(-lr, step, w);
  }
};

template <class C>
struct Adagrad {
  static constexpr int kStates = 1, kParams = 2;
  C lr, eps;
  explicit Adagrad(const double* o) : lr(static_cast<C>(o[0])), eps(static_cast<C>(o[1])) {}
  FB_BOTH void operator()(C& w, C d, C& sum, C&, C&) const {
    sum = vm::madd(d, d, sum);
    w -= lr * d / (std::sqrt(sum) + eps);
  }
};

template <class C>
struct Adamax {
  static constexpr int kStates = 2, kParams = 4;
  C lr, fresh, beta2, eps;
  explicit Adamax(const double* o)
      : lr(static_cast<C>(o[0])),
        fresh(static_cast<C>(1 - o[1])),
        beta2(static_cast<C>(o[2])),
        eps(static_cast<C>(o[3])) {}
  FB_BOTH void operator()(C& w, C d, C& mean, C& top, C&) const {
    mean = vm::madd(fresh, d - mean, mean);
    const C old = beta2 * top, now = std::fabs(d) + eps;
    top = old >= now || old != old ? old : now;
    w -= lr * mean / top;
  }
};

template <class C>
struct NAdam {
  static constexpr int kStates = 2, kParams = 6;
  C fresh1, beta2, fresh2, eps, correction, of_grad, of_mean;
  explicit NAdam(const double* o)
      : fresh1(static_cast<C>(1 - o[0])),
        beta2(static_cast<C>(o[1])),
        fresh2(static_cast<C>(1 - o[1])),
        eps(static_cast<C>(o[2])),
        correction(static_cast<C>(o[3])),
        of_grad(static_cast<C>(o[4])),
        of_mean(static_cast<C>(o[5])) {}
  FB_BOTH void operator()(C& w, C d, C& mean, C& square, C&) const {
    mean = vm::madd(fresh1, d - mean, mean);
    square = vm::madd(fresh2 * d, d, beta2 * square);
    const C root = std::sqrt(square / correction) + eps;
    w += of_grad * d / root;
    w += of_mean * mean / root;
  }
};

template <class C>
struct RAdam {
  static constexpr int kStates = 2, kParams = 7;
  C lr, fresh1, beta2, fresh2, eps, correction1, root2, rectification;
  bool rectified;
  explicit RAdam(const double* o)
      : lr(static_cast<C>(o[0])),
        fresh1(static_cast<C>(1 - o[1])),
        beta2(static_cast<C>(o[2])),
        fresh2(static_cast<C>(1 - o[2])),
        eps(static_cast<C>(o[3])),
        correction1(static_cast<C>(o[4])),
        root2(static_cast<C>(std::sqrt(o[5]))),
        rectification(static_cast<C>(o[6])),
        rectified(o[6] != 0) {}
  FB_BOTH void operator()(C& w, C d, C& mean, C& square, C&) const {
    mean = vm::madd(fresh1, d - mean, mean);
    square = vm::madd(fresh2 * d, d, beta2 * square);
    const C step = mean / correction1 * lr;
    w -= rectified ? step * (root2 / (std::sqrt(square) + eps)) * rectification : step;
  }
};

template <class C, bool kCentered, bool kMomentum>
struct RMSprop {
  static constexpr int kStates = 1 + kCentered + kMomentum, kParams = 5;
  C lr, alpha, fresh, eps, momentum;
  explicit RMSprop(const double* o)
      : lr(static_cast<C>(o[0])),
        alpha(static_cast<C>(o[1])),
        fresh(static_cast<C>(1 - o[1])),
        eps(static_cast<C>(o[2])),
        momentum(static_cast<C>(o[3])) {}
  FB_BOTH void operator()(C& w, C d, C& square, C& second, C& third) const {
    square = vm::madd(fresh * d, d, alpha * square);
    C centre = square;
    if constexpr (kCentered) {
      second = vm::madd(fresh, d - second, second);
      centre = vm::madd(-second, second, square);
    }
    const C root = std::sqrt(centre) + eps;
    if constexpr (kMomentum) {
      C& buffer = kCentered ? third : second;
      buffer = momentum * buffer + d / root;
      w = vm::madd(-lr, buffer, w);
    } else {
      w -= lr * d / root;
    }
  }
};

template <class C>
struct Rprop {
  static constexpr int kStates = 2, kParams = 4;
  C minus, plus, least, most;
  explicit Rprop(const double* o)
      : minus(static_cast<C>(o[0])),
        plus(static_cast<C>(o[1])),
        least(static_cast<C>(o[2])),
        most(static_cast<C>(o[3])) {}
  FB_BOTH void operator()(C& w, C d, C& previous, C& size, C&) const {
    const C product = d * previous;
    size *= product > 0 ? plus : product < 0 ? minus : C{1};
    size = size < least ? least : size;
    size = size > most ? most : size;
    // where the sign has turned, this step is left out
    const C kept = product < 0 ? C{0} : d;
    w -= kept > 0 ? size : kept < 0 ? -size : C{0};
    previous = kept;
  }
};

template <class C>
struct ASGD {
  static constexpr int kStates = 1, kParams = 3;
  C eta, decay, mu;
  bool averaging;
  explicit ASGD(const double* o)
      : eta(static_cast<C>(o[0])), decay(static_cast<C>(o[1])), mu(static_cast<C>(o[2])), averaging(o[2] != 1) {}
  FB_BOTH void operator()(C& w, C d, C& average, C&, C&) const {
    w = vm::madd(-eta, d, w * decay);
    average = averaging ? vm::madd(w - average, mu, average) : w;
  }
};

}  // namespace flambeau::FB_ISA::rules
