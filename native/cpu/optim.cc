// Fused optimizer steps and the list operations around them (gradient norms, scaling), over all tensors of a parameter
// group in one call. Called by lib/optim and by nn.utils.clipGradNorm_.
//
// All tensors are cut into pieces of kPiece elements, and the pieces of all tensors are shared out together, so that
// many small tensors and a few large ones both keep every thread busy. The arithmetic follows PyTorch's single-tensor
// CPU implementation operation by operation.
#include <cmath>
#include <limits>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace {

using namespace fp;

constexpr int64_t kPiece = 8192;

void expect(const ListPlan& plan, int width, int params) {
  Plan::require(plan.width == width, "wrong width of the list");
  Plan::require(plan.params == params, "wrong number of parameters");
}

/** Every tuple: tensors of one floating dtype and one length. */
void expect_uniform(const ListPlan& plan, int members) {
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& first = plan.item(i, 0);
    for (int k = 0; k < members; k++) {
      const Flat& item = plan.item(i, k);
      Plan::require(item.numel >= 0 && (item.data || item.numel == 0), "a tensor of the list is absent");
      Plan::require(item.dtype == first.dtype && item.numel == first.numel, "the tensors of a tuple differ");
      Plan::require(item.dtype <= DType::bf16, "expected a floating point dtype");
    }
  }
}

/** Calls `piece(group, begin, end)` over all tensors of all groups, in threads. */
template <class F>
void over_pieces(const ListPlan& plan, F&& piece) {
  std::vector<int64_t> first(static_cast<size_t>(plan.groups) + 1);
  int64_t elements = 0;
  for (int64_t i = 0; i < plan.groups; i++) {
    const int64_t n = plan.item(i, 0).numel;
    elements += n;
    first[static_cast<size_t>(i) + 1] = first[static_cast<size_t>(i)] + (n + kPiece - 1) / kPiece;
  }
  const int64_t pieces = first.back();
  const int64_t grain = elements < 2 * kGrain ? pieces : std::max<int64_t>(1, kGrain * pieces / (elements + 1) / 2);
  parallel_for(pieces, grain, [&](int64_t begin, int64_t end) {
    int64_t group = std::upper_bound(first.begin(), first.end(), begin) - first.begin() - 1;
    for (int64_t at = begin; at < end; at++) {
      while (at >= first[static_cast<size_t>(group) + 1]) group++;
      const int64_t from = (at - first[static_cast<size_t>(group)]) * kPiece;
      piece(group, from, std::min(from + kPiece, plan.item(group, 0).numel));
    }
  });
}

/** As over_pieces, with the elements' type: `piece(TypeTag<T>, at, n)`, where at(k) is the piece of the k-th tensor. */
template <class F>
void over_floats(const ListPlan& plan, F&& piece) {
  over_pieces(plan, [&](int64_t group, int64_t begin, int64_t end) {
    visit_floating(plan.item(group, 0).dtype, [&]<class T>(TypeTag<T> tag) {
      piece(tag, [&](int k) { return plan.item(group, k).as<T>() + begin; }, end - begin);
    });
  });
}

template <class T>
using Value = Compute<T>;

// ------------------------------------------------------------------------------------------------ SGD

struct Sgd {
  double lr, momentum, dampening, decay;
  bool nesterov, maximize, first;
};

template <bool kMomentum, class T>
void sgd_piece(const Sgd& o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT buffer, int64_t n) {
  using C = Value<T>;
  const C lr = static_cast<C>(o.lr), decay = static_cast<C>(o.decay), sign = o.maximize ? C{-1} : C{1};
  const C momentum = static_cast<C>(o.momentum), fresh = static_cast<C>(1 - o.dampening);
  // A first step starts the buffer with the gradient itself; old contents may be anything, NaN included.
  if (kMomentum && o.first) {
    for (int64_t i = 0; i < n; i++) {
      const C d = vm::madd(decay, static_cast<C>(p[i]), sign * static_cast<C>(g[i]));
      buffer[i] = static_cast<T>(d);
      p[i] = static_cast<T>(vm::madd(-lr, o.nesterov ? vm::madd(momentum, d, d) : d, static_cast<C>(p[i])));
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    C d = vm::madd(decay, static_cast<C>(p[i]), sign * static_cast<C>(g[i]));
    if constexpr (kMomentum) {
      const C b = vm::madd(fresh, d, momentum * static_cast<C>(buffer[i]));
      buffer[i] = static_cast<T>(b);
      d = o.nesterov ? vm::madd(momentum, b, d) : b;
    }
    p[i] = static_cast<T>(vm::madd(-lr, d, static_cast<C>(p[i])));
  }
}

/**
 * sgd (list): tuples (p, g) when momentum is 0, else (p, g, momentumBuffer); params lr, momentum, dampening,
 * weightDecay, nesterov, maximize, firstStep (the buffers are started with the gradients).
 */
void sgd(const ListPlan& plan) {
  const bool momentum = plan.width == 3;
  expect(plan, momentum ? 3 : 2, 7);
  Plan::require(momentum == (plan.param[1] != 0), "sgd: momentum needs a buffer");
  expect_uniform(plan, plan.width);
  const Sgd o{plan.param[0],      plan.param[1],      plan.param[2],     plan.param[3],
              plan.param[4] != 0, plan.param[5] != 0, plan.param[6] != 0};
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    if (momentum) {
      sgd_piece<true>(o, at(0), at(1), at(2), n);
    } else {
      sgd_piece<false, T>(o, at(0), at(1), nullptr, n);
    }
  });
}

// ------------------------------------------------------------------------------------------------ Adam

struct Adam {
  double lr, beta1, beta2, eps, decay;
  bool maximize, decoupled;
  double correction1, correction2;
};

template <bool kAmsgrad, class T>
void adam_piece(const Adam& o, T* FB_RESTRICT p, const T* FB_RESTRICT g, T* FB_RESTRICT m, T* FB_RESTRICT v,
                T* FB_RESTRICT v_max, int64_t n) {
  using C = Value<T>;
  const C sign = o.maximize ? C{-1} : C{1}, eps = static_cast<C>(o.eps);
  const C shrink = static_cast<C>(o.decoupled ? 1 - o.lr * o.decay : 1.0),
          decay = static_cast<C>(o.decoupled ? 0.0 : o.decay);
  const C one_beta1 = static_cast<C>(1 - o.beta1), beta2 = static_cast<C>(o.beta2),
          one_beta2 = static_cast<C>(1 - o.beta2);
  const C step = static_cast<C>(o.lr / o.correction1), root = static_cast<C>(std::sqrt(o.correction2));
  for (int64_t i = 0; i < n; i++) {
    const C w = static_cast<C>(p[i]) * shrink;
    const C d = vm::madd(decay, w, sign * static_cast<C>(g[i]));
    const C mean = vm::madd(one_beta1, d - static_cast<C>(m[i]), static_cast<C>(m[i]));
    const C square = vm::madd(one_beta2 * d, d, beta2 * static_cast<C>(v[i]));
    m[i] = static_cast<T>(mean);
    v[i] = static_cast<T>(square);
    C used = square;
    if constexpr (kAmsgrad) {
      const C old = static_cast<C>(v_max[i]);
      used = old >= square || old != old ? old : square;
      v_max[i] = static_cast<T>(used);
    }
    p[i] = static_cast<T>(w - step * (mean / (std::sqrt(used) / root + eps)));
  }
}

/**
 * adam (list): tuples (p, g, expAvg, expAvgSq), with amsgrad also maxExpAvgSq; params lr, beta1, beta2, eps,
 * weightDecay, amsgrad, maximize, decoupled (AdamW), biasCorrection1, biasCorrection2 (1 - beta^t).
 */
void adam(const ListPlan& plan) {
  const bool amsgrad = plan.params > 5 && plan.param[5] != 0;
  expect(plan, amsgrad ? 5 : 4, 10);
  expect_uniform(plan, plan.width);
  const double* a = plan.param;
  const Adam o{a[0], a[1], a[2], a[3], a[4], a[6] != 0, a[7] != 0, a[8], a[9]};
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    if (amsgrad) {
      adam_piece<true>(o, at(0), at(1), at(2), at(3), at(4), n);
    } else {
      adam_piece<false, T>(o, at(0), at(1), at(2), at(3), nullptr, n);
    }
  });
}

// ------------------------------------------------------------------------------------------------ lists

/** scaleList (list): every tensor (width 1) *= s; param s. */
void scale_list(const ListPlan& plan) {
  expect(plan, 1, 1);
  expect_uniform(plan, 1);
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    using C = Value<T>;
    T* x = at(0);
    const C s = static_cast<C>(plan.param[0]);
    for (int64_t i = 0; i < n; i++) x[i] = static_cast<T>(static_cast<C>(x[i]) * s);
  });
}

/** zeroList (list): every tensor (width 1, any dtype) = 0; no params. */
void zero_list(const ListPlan& plan) {
  expect(plan, 1, 0);
  for (int64_t i = 0; i < plan.groups; i++) {
    Plan::require(plan.item(i, 0).numel >= 0 && (plan.item(i, 0).data || plan.item(i, 0).numel == 0),
                  "a tensor of the list is absent");
  }
  over_pieces(plan, [&](int64_t group, int64_t begin, int64_t end) {
    const Flat& item = plan.item(group, 0);
    const int64_t bytes = static_cast<int64_t>(item_size(item.dtype));
    std::fill(item.data + begin * bytes, item.data + end * bytes, std::byte{0});
  });
}

/** addList (list): tuples (a, b), a += alpha * b; param alpha. */
void add_list(const ListPlan& plan) {
  expect(plan, 2, 1);
  expect_uniform(plan, 2);
  over_floats(plan, [&]<class T>(TypeTag<T>, auto at, int64_t n) {
    using C = Value<T>;
    T* a = at(0);
    const T* b = at(1);
    const C alpha = static_cast<C>(plan.param[0]);
    for (int64_t i = 0; i < n; i++) {
      a[i] = static_cast<T>(vm::madd(alpha, static_cast<C>(b[i]), static_cast<C>(a[i])));
    }
  });
}

/** The p-norm's share of one piece, before the root: for inf the largest magnitude. */
template <class T>
double norm_piece(const T* x, int64_t n, double p) {
  using C = Value<T>;
  if (p == std::numeric_limits<double>::infinity()) {
    // A NaN shows in the sum of differences from itself, which is 0 for all finite values.
    const C top = lane_max<C>(n, [x](int64_t i) { return std::fabs(static_cast<C>(x[i])); });
    const C unordered = lane_sum<C>(n, [x](int64_t i) {
      const C v = static_cast<C>(x[i]);
      return v != v ? C{1} : C{0};
    });
    return unordered > 0 ? std::numeric_limits<double>::quiet_NaN() : n == 0 ? 0.0 : static_cast<double>(top);
  }
  if (p == 2) {
    // Squares of floats in double neither overflow nor vanish.
    return lane_sum<double>(n, [x](int64_t i) {
      const double v = static_cast<double>(static_cast<C>(x[i]));
      return v * v;
    });
  }
  if (p == 1) return static_cast<double>(lane_sum<C>(n, [x](int64_t i) { return std::fabs(static_cast<C>(x[i])); }));
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const double v = std::fabs(static_cast<double>(static_cast<C>(x[i])));
    sum += p == 0 ? (v != 0) : std::pow(v, p);
  }
  return sum;
}

/**
 * normList (list): tuples (x, out [1] of the same dtype or float32/float64), out = the p-norm of x; param p (any, inf
 * and 0 included).
 */
void norm_list(const ListPlan& plan) {
  expect(plan, 2, 1);
  expect_uniform(plan, 1);
  const double p = plan.param[0];
  Plan::require(p >= 0, "normList: expected p >= 0");
  std::vector<size_t> first(static_cast<size_t>(plan.groups) + 1);
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& out = plan.item(i, 1);
    Plan::require(out.numel == 1 && out.data && out.dtype <= DType::bf16, "normList: expected one floating element");
    first[static_cast<size_t>(i) + 1] =
        first[static_cast<size_t>(i)] + static_cast<size_t>((plan.item(i, 0).numel + kPiece - 1) / kPiece);
  }
  std::vector<double> parts(first.back());
  over_pieces(plan, [&](int64_t group, int64_t begin, int64_t end) {
    visit_floating(plan.item(group, 0).dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      parts[first[static_cast<size_t>(group)] + static_cast<size_t>(begin / kPiece)] =
          norm_piece(plan.item(group, 0).as<T>() + begin, end - begin, p);
    });
  });
  for (int64_t i = 0; i < plan.groups; i++) {
    double value = 0;
    for (size_t k = first[static_cast<size_t>(i)]; k < first[static_cast<size_t>(i) + 1]; k++) {
      if (p == std::numeric_limits<double>::infinity()) {
        value = parts[k] > value || parts[k] != parts[k] ? parts[k] : value;
        if (value != value) break;
      } else {
        value += parts[k];
      }
    }
    if (p == 2) value = std::sqrt(value);
    if (p != 0 && p != 1 && p != 2 && p != std::numeric_limits<double>::infinity()) value = std::pow(value, 1 / p);
    const Flat& out = plan.item(i, 1);
    visit_floating(out.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      *out.as<T>() = static_cast<T>(static_cast<Value<T>>(value));
    });
  }
}

}  // namespace

void register_optim(KernelTable& table) {
  table.add_list("sgd", sgd);
  table.add_list("adam", adam);
  table.add_list("scaleList", scale_list);
  table.add_list("zeroList", zero_list);
  table.add_list("addList", add_list);
  table.add_list("normList", norm_list);
}

}  // namespace flambeau::FB_ISA
