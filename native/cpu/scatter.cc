// Writing to indexed places: scatter and its reductions, indexAdd, indexCopy, unfoldBackward. Through the kernel table.
// Threads share out the lines along the indexed dim (for indexAdd: the columns), so that no two of them write one
// element and sums are made in the same order whatever their number.
#include <algorithm>

#include "../backend.h"
#include "../parallel.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

FB_INLINE int64_t index_at(const Operand& x, int64_t where) {
  return x.dtype == DType::i64 ? x.as<const int64_t>()[where] : x.as<const int32_t>()[where];
}
void require_index(const Plan& plan, const Operand& out, const Operand& index) {
  Plan::require(plan.structured, "expected a structured plan");
  Plan::require(index.dtype == DType::i64 || index.dtype == DType::i32, "indices are int64 or int32");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(out.ndim, 1), "the dim is out of range");
}

/** Calls `f` with the tag of an unsigned type as wide as `d`. */
template <class F>
void visit_size(DType d, F&& f) {
  switch (item_size(d)) {
    case 1: return f(TypeTag<uint8_t>{});
    case 2: return f(TypeTag<uint16_t>{});
    case 4: return f(TypeTag<uint32_t>{});
    default: return f(TypeTag<uint64_t>{});
  }
}

struct Store {
  template <class T>
  static FB_INLINE T combine(T, T b, int) {
    return b;
  }
};
/** Integers wrap around; a sum of bools is "or", a product "and". */
struct Add {
  template <class T>
  static FB_INLINE T combine(T a, T b, int) {
    if constexpr (is_bool<T>) {
      return Bool(static_cast<bool>(a) || static_cast<bool>(b));
    } else if constexpr (is_floating<T>) {
      return T(static_cast<Compute<T>>(a) + static_cast<Compute<T>>(b));
    } else {
      return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    }
  }
};
template <class T>
FB_INLINE T product_of(T a, T b) {
  if constexpr (is_bool<T>) {
    return Bool(static_cast<bool>(a) && static_cast<bool>(b));
  } else if constexpr (is_floating<T>) {
    return T(static_cast<Compute<T>>(a) * static_cast<Compute<T>>(b));
  } else {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
}
template <int Sign, class T>
FB_INLINE T extreme_of(T a, T b) {
  const Compute<T> x = static_cast<Compute<T>>(a), y = static_cast<Compute<T>>(b);
  return (Sign > 0 ? y > x : y < x) || y != y ? b : a;
}
/** The product or an extreme, by the mode of scatterReduce: one copy for the three, with short loops for each. */
struct Reduce {
  template <class T>
  static FB_INLINE T combine(T a, T b, int mode) {
    return mode == 1 ? product_of(a, b) : mode == 3 ? extreme_of<1>(a, b) : extreme_of<-1>(a, b);
  }
};

/** A scatter's operands, and its steps in elements: along the dim, and to the next line. */
struct ScatterLines {
  const Operand &out, &index, &src;
  int64_t dim;
  int mode;  // of Reduce
  int64_t n = 1, size = 1;
  int64_t out_step = 0, index_step = 0, src_step = 0;
  int64_t out_next = 0, index_next = 0, src_next = 0;
  bool across = false;  // the next line is nearer than the next element
};
template <class T, class Op>
void scatter_lines(const ScatterLines& shared, const int64_t* at, int64_t count) {
  const ScatterLines l = shared;  // a copy of its own, which stores of results cannot alias
  T* to = l.out.template as<T>() + at[0];
  const T* from = l.src.template as<const T>() + at[2];
  const Operand index = l.index;
  const int mode = l.mode;
  if (l.across) {
    for (int64_t i = 0; i < l.n; i++) {
      for (int64_t c = 0; c < count; c++) {
        const int64_t k = index_at(index, at[1] + c * l.index_next + i * l.index_step);
        if (static_cast<uint64_t>(k) >= static_cast<uint64_t>(l.size)) throw_out_of_range(k, l.dim, l.size);
        T& place = to[c * l.out_next + k * l.out_step];
        place = Op::combine(place, from[c * l.src_next + i * l.src_step], mode);
      }
    }
    return;
  }
  Places places;
  for (int64_t c = 0; c < count; c++, to += l.out_next, from += l.src_next) {
    for (int64_t i = 0; i < l.n; i += Places::kMost) {
      const int64_t n = std::min(Places::kMost, l.n - i), first = at[1] + c * l.index_next + i * l.index_step;
      if (index.dtype == DType::i64)
        places.read(index.as<const int64_t>() + first, l.index_step, n, l.dim, l.size);
      else
        places.read(index.as<const int32_t>() + first, l.index_step, n, l.dim, l.size);
      for (int64_t j = 0; j < n; j++) {
        T& place = to[places.at[j] * l.out_step];
        place = Op::combine(place, from[(i + j) * l.src_step], mode);
      }
    }
  }
}
void run_scatter(const Plan& plan, int mode, void (*lines)(const ScatterLines&, const int64_t* at, int64_t count)) {
  const int dim = static_cast<int>(plan.integer(0));
  ScatterLines l{plan.operand[0], plan.operand[1], plan.operand[2], dim, mode};
  const Operand &out = l.out, &index = l.index, &src = l.src;
  Plan::require(out.dtype == src.dtype, "dtypes differ");
  Plan::require(out.ndim == index.ndim && src.ndim == index.ndim, "operands differ in dims");
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(index.sizes[d] <= src.sizes[d], "index exceeds the source");
    Plan::require(d == dim || index.sizes[d] <= out.sizes[d], "index exceeds the destination");
  }
  if (out.ndim > 0) {
    l.n = index.sizes[dim];
    l.size = out.sizes[dim];
    l.out_step = out.strides[dim];
    l.index_step = index.strides[dim];
    l.src_step = src.strides[dim];
  }
  const Operand* operands[3] = {&out, &index, &src};
  LineWalk<3> walk;
  walk.add_all(operands, index.sizes, index.ndim, dim, 0);
  if (l.n == 0 || walk.total == 0) return;
  l.out_next = walk.step(0);
  l.index_next = walk.step(1);
  l.src_next = walk.step(2);
  l.across = walk.run_length() > 4 && walk.magnitude(l.out_step) > walk.magnitude(l.out_next);
  parallel_for(walk.total, kGrain / 4 / l.n, [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](const int64_t* at, int64_t count) { lines(l, at, count); });
  });
}
template <class Op>
void scatter_with(const Plan& plan, int mode = 0) {
  require_index(plan, plan.operand[0], plan.operand[1]);
  const auto run = [&](auto tag) { run_scatter(plan, mode, scatter_lines<typename decltype(tag)::type, Op>); };
  if constexpr (std::is_same_v<Op, Store>) {
    visit_size(plan.operand[0].dtype, run);
  } else {
    visit(plan.operand[0].dtype, run);
  }
}
template <class Op>
void scatter(const Plan& plan) {
  plan.expect(3, 1);
  scatter_with<Op>(plan);
}
void scatter_reduce(const Plan& plan) {
  plan.expect(3, 2);
  const double mode = plan.param[1];
  if (mode == 0) return scatter_with<Add>(plan);
  Plan::require(mode == 1 || mode == 3 || mode == 4, "no such reduction");
  scatter_with<Reduce>(plan, static_cast<int>(mode));
}

/** Adds or copies `n` elements of the source's line `from` to the destination's line `to`. */
struct LinePair {
  std::byte* to;
  const std::byte* from;
  int64_t to_step, from_step, n;
  double alpha;
};
template <class T>
void add_line(const LinePair& l) {
  T* FB_RESTRICT to = reinterpret_cast<T*>(l.to);
  const T* FB_RESTRICT from = reinterpret_cast<const T*>(l.from);
  if constexpr (is_floating<T>) {
    const Compute<T> alpha = static_cast<Compute<T>>(l.alpha);
    if (l.to_step == 1 && l.from_step == 1) {
      for (int64_t c = 0; c < l.n; c++) {
        to[c] = T(static_cast<Compute<T>>(to[c]) + alpha * static_cast<Compute<T>>(from[c]));
      }
    } else {
      for (int64_t c = 0; c < l.n; c++) {
        T& place = to[c * l.to_step];
        place = T(static_cast<Compute<T>>(place) + alpha * static_cast<Compute<T>>(from[c * l.from_step]));
      }
    }
  } else {
    const uint64_t alpha = static_cast<uint64_t>(static_cast<int64_t>(l.alpha));
    for (int64_t c = 0; c < l.n; c++) {
      T& place = to[c * l.to_step];
      const T x = from[c * l.from_step];
      if constexpr (is_bool<T>) {
        place = Bool(static_cast<bool>(place) || (alpha != 0 && static_cast<bool>(x)));
      } else {
        place = static_cast<T>(static_cast<uint64_t>(place) + alpha * static_cast<uint64_t>(x));
      }
    }
  }
}
template <class T>
void copy_line(const LinePair& l) {
  T* to = reinterpret_cast<T*>(l.to);
  const T* from = reinterpret_cast<const T*>(l.from);
  for (int64_t c = 0; c < l.n; c++) to[c * l.to_step] = from[c * l.from_step];
}
/** Calls `line` for every index, in order, with the lines of destination and source that it connects. */
void index_lines(const Plan& plan, void (*line)(const LinePair&), double alpha) {
  const Operand &out = plan.operand[0], &index = plan.operand[1], &src = plan.operand[2];
  const int dim = static_cast<int>(plan.integer(0));
  const bool scalar = out.ndim == 0;
  const int64_t n = index.numel(), size = scalar ? 1 : out.sizes[dim], xs = index.ndim == 0 ? 0 : index.strides[0];
  const int64_t item = static_cast<int64_t>(item_size(out.dtype));
  const int64_t os = scalar ? 0 : out.strides[dim], ss = scalar ? 0 : src.strides[dim];
  const Operand* operands[2] = {&out, &src};
  LineWalk<2> walk;
  walk.add_all(operands, out.sizes, out.ndim, dim, 0);
  if (n == 0) return;
  // A copy, so that the indices that are checked are the indices that are used.
  LineBuffer<int64_t> places(n);
  for (int64_t i = 0; i < n; i++) {
    places[i] = index_at(index, i * xs);
    if (static_cast<uint64_t>(places[i]) >= static_cast<uint64_t>(size)) throw_out_of_range(places[i], dim, size);
  }
  if (walk.total == 0) return;
  // Slices of whole cache lines, or two threads would write to the same ones.
  const int64_t grain = std::max<int64_t>(64, (kGrain / n + 63) / 64 * 64);
  parallel_for(walk.total, grain, [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](const int64_t* at, int64_t count) {
      for (int64_t i = 0; i < n; i++) {
        line({out.data + (at[0] + places[i] * os) * item, src.data + (at[1] + i * ss) * item, walk.step(0),
              walk.step(1), count, alpha});
      }
    });
  });
}
void check_index_lines(const Plan& plan) {
  const Operand &out = plan.operand[0], &index = plan.operand[1], &src = plan.operand[2];
  require_index(plan, out, index);
  Plan::require(out.dtype == src.dtype && index.ndim <= 1 && out.ndim == src.ndim, "wrong operands");
  const int dim = static_cast<int>(plan.integer(0));
  for (int d = 0; d < out.ndim; d++) Plan::require(d == dim || out.sizes[d] == src.sizes[d], "sizes differ");
  Plan::require(index.numel() == (out.ndim == 0 ? 1 : src.sizes[dim]),
                "the source's size is not the number of indices");
}
void index_add(const Plan& plan) {
  plan.expect(3, 2);
  check_index_lines(plan);
  const double alpha = plan.param[1];
  visit(plan.operand[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (!is_floating<T>) Plan::require(alpha >= -0x1p53 && alpha <= 0x1p53, "alpha is out of range");
    index_lines(plan, add_line<T>, alpha);
  });
}
void index_copy(const Plan& plan) {
  plan.expect(3, 1);
  check_index_lines(plan);
  visit_size(plan.operand[0].dtype, [&](auto tag) { index_lines(plan, copy_line<typename decltype(tag)::type>, 1); });
}

void unfold_backward(const Plan& plan) {
  plan.expect(2, 3);
  const Operand &out = plan.operand[0], &grad = plan.operand[1];
  Plan::require(plan.structured && out.dtype == grad.dtype && out.ndim >= 1, "wrong operands");
  Plan::require(grad.ndim == out.ndim + 1, "operands differ in dims");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < out.ndim, "the dim is out of range");
  Plan::require(plan.param[1] >= 0 && plan.param[1] < 0x1p53 && plan.param[2] >= 1 && plan.param[2] < 0x1p53,
                "the size or step is out of range");
  const int dim = static_cast<int>(plan.integer(0));
  const int64_t size = plan.integer(1), step = plan.integer(2), n = grad.sizes[dim];
  for (int d = 0; d < out.ndim; d++) Plan::require(d == dim || out.sizes[d] == grad.sizes[d], "sizes differ");
  Plan::require(grad.sizes[out.ndim] == size, "sizes differ");
  if (grad.numel() == 0) return;
  Plan::require(size <= out.sizes[dim] && n - 1 <= (out.sizes[dim] - size) / step, "the windows exceed the tensor");
  const Operand* operands[2] = {&out, &grad};
  LineWalk<2> walk;
  walk.add_all(operands, out.sizes, out.ndim, dim, 0);
  const int64_t os = out.strides[dim], gs = grad.strides[dim], ws = grad.strides[out.ndim];
  const int64_t item = static_cast<int64_t>(item_size(out.dtype));
  void (*line)(const LinePair&) = nullptr;
  visit(out.dtype, [&](auto tag) { line = add_line<typename decltype(tag)::type>; });
  parallel_for(walk.total, kGrain / std::max<int64_t>(1, n * size), [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](const int64_t* at, int64_t count) {
      for (int64_t c = 0; c < count; c++) {
        std::byte* to = out.data + (at[0] + c * walk.step(0)) * item;
        const std::byte* from = grad.data + (at[1] + c * walk.step(1)) * item;
        // element j of window i; the longer of the two loops is the inner one
        if (size >= n) {
          for (int64_t i = 0; i < n; i++) line({to + i * step * os * item, from + i * gs * item, os, ws, size, 1});
        } else {
          for (int64_t j = 0; j < size; j++) line({to + j * os * item, from + j * ws * item, step * os, gs, n, 1});
        }
      }
    });
  });
}

}  // namespace

/**
 * Structured plans; `out` is changed in place, index is int64 or int32 and never negative.
 * scatter, scatterAdd: out, index, src; [dim]           scatterReduce: the same; [dim, 0 sum | 1 prod | 3 amax | 4
 * amin] indexAdd: out, index (1-D), src; [dim, alpha]         indexCopy: out, index (1-D), src; [dim] unfoldBackward:
 * out (zero-filled), grad (out's sizes with the number of windows at dim, and the size last); [dim, size, step]
 */
void register_scatter(KernelTable& table) {
  table.add("scatter", scatter<Store>);
  table.add("scatterAdd", scatter<Add>);
  table.add("scatterReduce", scatter_reduce);
  table.add("indexAdd", index_add);
  table.add("indexCopy", index_copy);
  table.add("unfoldBackward", unfold_backward);
}

}  // namespace flambeau::FB_ISA
