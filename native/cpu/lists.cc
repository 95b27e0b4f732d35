// The list operations around optimizer steps (gradient norms, scaling), over all tensors in one call. Called by
// nn.utils.clipGradNorm_ and its kin.
#include <cmath>
#include <limits>
#include <vector>

#include "lists.h"

namespace flambeau::FB_ISA {
namespace {

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
    const C top = lane_max<C>(n, [x](int64_t i) FB_FLAT { return std::fabs(static_cast<C>(x[i])); });
    const C unordered = lane_sum<C>(n, [x](int64_t i) FB_FLAT {
      const C v = static_cast<C>(x[i]);
      return v != v ? C{1} : C{0};
    });
    return unordered > 0 ? std::numeric_limits<double>::quiet_NaN() : n == 0 ? 0.0 : static_cast<double>(top);
  }
  if (p == 2) {
    // Squares of floats in double neither overflow nor vanish.
    return lane_sum<double>(n, [x](int64_t i) FB_FLAT {
      const double v = static_cast<double>(static_cast<C>(x[i]));
      return v * v;
    });
  }
  if (p == 1)
    return static_cast<double>(lane_sum<C>(n, [x](int64_t i) FB_FLAT { return std::fabs(static_cast<C>(x[i])); }));
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

void register_lists(KernelTable& table) {
  table.add_list("scaleList", scale_list);
  table.add_list("zeroList", zero_list);
  table.add_list("addList", add_list);
  table.add_list("normList", norm_list);
}

}  // namespace flambeau::FB_ISA
