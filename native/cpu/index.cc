// Reading and writing by index or mask, whatever the values mean: gather, indexSelect, advanced indexing, maskedSelect,
// nonzero, maskedScatter, flip. Values move by size, so that one copy serves all dtypes. Through the kernel table.
#include <algorithm>

#include "../backend.h"
#include "../parallel.h"
#include "move.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

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
void require_index(DType d) { Plan::require(d == DType::i64 || d == DType::i32, "indices are int64 or int32"); }
FB_INLINE void read_places(Places& places, const Operand& index, int64_t first, int64_t step, int64_t n, int64_t dim,
                           int64_t size) {
  if (index.dtype == DType::i64)
    places.read(index.as<const int64_t>() + first, step, n, dim, size);
  else
    places.read(index.as<const int32_t>() + first, step, n, dim, size);
}
template <class T>
FB_INLINE void copy_run(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t n) {
  if (to_step == 1 && from_step == 1) {
    if (n >= 64) {
      move_bytes(to, from, static_cast<size_t>(n) * sizeof(T));
    } else {
      for (int64_t i = 0; i < n; i++) to[i] = from[i];
    }
  } else if (to_step == 1 && from_step == -1) {  // the compiler turns vectors round
    for (int64_t i = 0; i < n; i++) to[i] = from[-i];
  } else {
    for (int64_t i = 0; i < n; i++) to[i * to_step] = from[i * from_step];
  }
}
void require_dim(const Plan& plan, int ndim) {
  Plan::require(plan.structured, "expected a structured plan");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(ndim, 1), "the dim is out of range");
}
void require_same(const Operand& a, const Operand& b, int except = -1) {
  Plan::require(a.ndim == b.ndim, "operands differ in dims");
  for (int d = 0; d < a.ndim; d++) Plan::require(d == except || a.sizes[d] == b.sizes[d], "sizes differ");
}

/** to[i] = from[places[i]] */
template <class T>
FB_INLINE void pick(T* FB_RESTRICT to, int64_t os, const T* FB_RESTRICT from, int64_t is, const Places& places,
                    int64_t n) {
  if (os == 1 && is == 1) {
    for (int64_t i = 0; i < n; i++) to[i] = from[places.at[i]];
  } else {
    for (int64_t i = 0; i < n; i++) to[i * os] = from[places.at[i] * is];
  }
}

void gather(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &index = plan.operand[2];
  require_dim(plan, in.ndim);
  const int dim = static_cast<int>(plan.integer(0));
  Plan::require(out.dtype == in.dtype, "dtypes differ");
  Plan::require(in.ndim == index.ndim, "operands differ in dims");
  require_same(out, index);
  for (int d = 0; d < in.ndim; d++) Plan::require(d == dim || index.sizes[d] <= in.sizes[d], "index exceeds the input");
  const bool scalar = in.ndim == 0;
  const int64_t n = scalar ? 1 : index.sizes[dim], size = scalar ? 1 : in.sizes[dim];
  const int64_t os = scalar ? 0 : out.strides[dim], is = scalar ? 0 : in.strides[dim];
  const int64_t xs = scalar ? 0 : index.strides[dim];
  const Operand* operands[3] = {&out, &in, &index};
  LineWalk<3> walk;
  walk.add_all(operands, index.sizes, index.ndim, dim, 0);
  if (n == 0 || walk.total == 0) return;
  const bool across = walk.run_length() > 4 && walk.magnitude(os) > walk.magnitude(walk.step(0));
  require_index(index.dtype);
  visit_size(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(walk.total, kGrain / 4 / n, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](const int64_t* at, int64_t count) {
        T* to = out.as<T>() + at[0];
        const T* from = in.as<const T>() + at[1];
        const Operand x = index;  // a copy of its own, which stores of results cannot alias
        const int64_t on = walk.step(0), in_next = walk.step(1), xn = walk.step(2);
        Places places;
        if (across) {
          for (int64_t i = 0; i < n; i++) {
            for (int64_t c = 0; c < count; c += Places::kMost) {
              const int64_t m = std::min(Places::kMost, count - c);
              read_places(places, x, at[2] + c * xn + i * xs, xn, m, dim, size);
              T* const row = to + c * on + i * os;
              const T* const source = from + c * in_next;
              for (int64_t j = 0; j < m; j++) row[j * on] = source[j * in_next + places.at[j] * is];
            }
          }
          return;
        }
        for (int64_t c = 0; c < count; c++, to += on, from += in_next) {
          for (int64_t i = 0; i < n; i += Places::kMost) {
            const int64_t m = std::min(Places::kMost, n - i);
            read_places(places, x, at[2] + c * xn + i * xs, xs, m, dim, size);
            pick(to + i * os, os, from, is, places, m);
          }
        }
      });
    });
  });
}

void index_select(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &index = plan.operand[2];
  require_dim(plan, in.ndim);
  const int dim = static_cast<int>(plan.integer(0));
  Plan::require(out.dtype == in.dtype && index.ndim <= 1, "wrong dtype or index");
  require_same(out, in, dim);
  const bool scalar = in.ndim == 0;
  const int64_t n = index.numel(), size = scalar ? 1 : in.sizes[dim];
  Plan::require((scalar ? 1 : out.sizes[dim]) == n, "the result's size is not the number of indices");
  const int64_t os = scalar ? 0 : out.strides[dim], is = scalar ? 0 : in.strides[dim];
  const int64_t xs = index.ndim == 0 ? 0 : index.strides[0];
  const Operand* operands[2] = {&out, &in};
  LineWalk<2> walk;
  walk.add_all(operands, in.sizes, in.ndim, dim, 0);
  require_index(index.dtype);
  // Checked before anything is written; the copy means that what was checked is what is used.
  LineBuffer<int64_t> places(n);
  for (int64_t i = 0; i < n; i++) {
    places[i] = index.dtype == DType::i64 ? index.as<const int64_t>()[i * xs] : index.as<const int32_t>()[i * xs];
    if (static_cast<uint64_t>(places[i]) >= static_cast<uint64_t>(size)) throw_out_of_range(places[i], dim, size);
  }
  if (n == 0 || walk.total == 0) return;
  visit_size(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t on = walk.step(0), in_next = walk.step(1);
    const bool along = walk.run_length() < 4 || walk.magnitude(os) < walk.magnitude(on);
    const auto lines = [&](int64_t first, int64_t last, int64_t begin, int64_t end) {
      walk.run(first, last, [&](const int64_t* at, int64_t count) {
        T* to = out.as<T>() + at[0];
        const T* from = in.as<const T>() + at[1];
        if (along) {
          const int64_t* const place = places.get();
          const int64_t to_step = os, from_step = is;
          for (int64_t c = 0; c < count; c++, to += on, from += in_next) {
            for (int64_t i = begin; i < end; i++) to[i * to_step] = from[place[i] * from_step];
          }
        } else {
          // Rows lie anywhere: the next ones are asked for while this one is copied.
          constexpr int64_t kNext = 2, kFirst = 256;
          const int64_t ahead = on == 1 && in_next == 1 ? std::min(kFirst, count * static_cast<int64_t>(sizeof(T))) : 0;
          for (int64_t i = begin; i < end; i++) {
            const std::byte* next =
                reinterpret_cast<const std::byte*>(from + places[std::min(i + kNext, end - 1)] * is);
            for (int64_t b = 0; b < ahead; b += 64) __builtin_prefetch(next + b);
            copy_run(to + i * os, on, from + places[i] * is, in_next, count);
          }
        }
      });
    };
    if (n >= 64 || n >= walk.total) {
      parallel_for(n, kGrain / walk.total, [&](int64_t b, int64_t e) { lines(0, walk.total, b, e); });
    } else {
      parallel_for(walk.total, kGrain / n, [&](int64_t b, int64_t e) { lines(b, e, 0, n); });
    }
  });
}

constexpr int kMaxIndices = kMaxOperands - 2;

/** The index operands of an advanced-indexing plan: operands 2…, and (size, stride) pairs at the end of the params. */
struct Indices {
  int n;
  int64_t size[kMaxIndices], stride[kMaxIndices];
  LineWalk<kMaxOperands> walk;
  const Plan& plan;
  bool broadcast = true;  // no index changes along a run

  /** `base` is the operand that is indexed; `fixed` how many params come before the pairs. */
  Indices(const Plan& plan, int base, int fixed) : n(plan.operands - 2), plan(plan) {
    Plan::require(!plan.structured && n >= 0 && plan.params == fixed + 2 * n, "wrong operands or parameters");
    Plan::require(plan.operand[0].dtype == plan.operand[1].dtype, "dtypes differ");
    int64_t reach = 0;
    const auto add = [&](int64_t count, int64_t step) {
      Plan::require(count >= 0 && step >= 0, "sizes and strides of an indexed tensor are not negative");
      int64_t last = 0;
      const bool over = __builtin_mul_overflow(std::max<int64_t>(count - 1, 0), step, &last);
      Plan::require(!over && !__builtin_add_overflow(reach, last, &reach), "an indexed tensor overflows");
    };
    for (int d = 0; d < plan.ndim; d++) add(plan.sizes[d], plan.operand[base].strides[d]);
    for (int j = 0; j < n; j++) {
      const DType d = plan.operand[2 + j].dtype;
      Plan::require(d == DType::i64 || d == DType::i32, "indices are int64 or int32");
      const double count = plan.param[fixed + 2 * j], step = plan.param[fixed + 2 * j + 1];
      Plan::require(count >= 0 && count < 0x1p53 && step >= 0 && step < 0x1p53, "a size or stride is out of range");
      size[j] = static_cast<int64_t>(count);
      stride[j] = static_cast<int64_t>(step);
      add(size[j], stride[j]);
    }
    Plan::require(plan.numel() == 0 || reach < plan.operand[base].room, "an indexed tensor exceeds its storage");
    for (int d = 0; d < plan.ndim; d++) {
      int64_t step[kMaxOperands] = {};
      for (int o = 0; o < plan.operands; o++) step[o] = plan.operand[o].strides[d];
      walk.add(plan.sizes[d], step);
    }
    for (int j = 0; j < n; j++) broadcast = broadcast && walk.step(2 + j) == 0;
  }
  /** Where the indices at position `c` of a run lead, in elements from the base. */
  FB_INLINE int64_t offset(const int64_t* at, int64_t c) const {
    int64_t sum = 0;
    for (int j = 0; j < n; j++) {
      const int64_t where = at[2 + j] + c * walk.step(2 + j);
      const Operand& x = plan.operand[2 + j];
      const int64_t k = x.dtype == DType::i64 ? x.as<const int64_t>()[where] : x.as<const int32_t>()[where];
      const int64_t wrapped = k < 0 ? k + size[j] : k;
      if (static_cast<uint64_t>(wrapped) >= static_cast<uint64_t>(size[j])) throw_out_of_range(k, -1, size[j]);
      sum += wrapped * stride[j];
    }
    return sum;
  }
};

/** A stretch of a run: element c of the one side with element c of the other, `where[c]` further. */
struct IndexedLine {
  std::byte* to;
  const std::byte* from;
  int64_t to_step, from_step, n;
  const int64_t* where;
};
/** Calls `line` for all positions [begin, end), in order. */
void indexed_lines(const Indices& indices, int64_t begin, int64_t end, void (*line)(const IndexedLine&)) {
  const Operand &out = indices.plan.operand[0], &in = indices.plan.operand[1];
  const auto& walk = indices.walk;
  const int64_t item = static_cast<int64_t>(item_size(out.dtype)), to_step = walk.step(0), from_step = walk.step(1);
  int64_t where[Places::kMost];
  walk.run(begin, end, [&](const int64_t* at, int64_t count) {
    for (int64_t c = 0; c < count; c += Places::kMost) {
      const int64_t n = std::min(Places::kMost, count - c);
      if (!indices.broadcast)
        for (int64_t i = 0; i < n; i++) where[i] = indices.offset(at, c + i);
      else if (c == 0)
        std::fill_n(where, n, indices.offset(at, 0));
      line({out.data + (at[0] + c * to_step) * item, in.data + (at[1] + c * from_step) * item, to_step, from_step, n,
            where});
    }
  });
}
template <class T>
void get_line(const IndexedLine& l) {
  T* to = reinterpret_cast<T*>(l.to);
  const T* from = reinterpret_cast<const T*>(l.from);
  for (int64_t c = 0; c < l.n; c++) to[c * l.to_step] = from[c * l.from_step + l.where[c]];
}
template <class T>
void put_line(const IndexedLine& l) {
  T* to = reinterpret_cast<T*>(l.to);
  const T* from = reinterpret_cast<const T*>(l.from);
  for (int64_t c = 0; c < l.n; c++) to[c * l.to_step + l.where[c]] = from[c * l.from_step];
}
template <class T>
void add_line(const IndexedLine& l) {
  T* to = reinterpret_cast<T*>(l.to);
  const T* from = reinterpret_cast<const T*>(l.from);
  for (int64_t c = 0; c < l.n; c++) {
    T& a = to[c * l.to_step + l.where[c]];
    const T b = from[c * l.from_step];
    if constexpr (is_bool<T>) {
      a = Bool(static_cast<bool>(a) || static_cast<bool>(b));
    } else if constexpr (is_floating<T>) {
      a = T(static_cast<Compute<T>>(a) + static_cast<Compute<T>>(b));
    } else {
      a = static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    }
  }
}

void index_get(const Plan& plan) {
  const Indices indices(plan, 1, 0);
  const auto& walk = indices.walk;
  visit_size(plan.operand[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(walk.total, kGrain / 4, [&](int64_t begin, int64_t end) {
      if (!indices.broadcast) return indexed_lines(indices, begin, end, get_line<T>);
      walk.run(begin, end, [&](const int64_t* at, int64_t count) {
        copy_run(plan.operand[0].as<T>() + at[0], walk.step(0),
                 plan.operand[1].as<const T>() + at[1] + indices.offset(at, 0), walk.step(1), count);
      });
    });
  });
}

void index_put(const Plan& plan) {
  const Indices indices(plan, 0, 1);
  const DType dtype = plan.operand[0].dtype;
  void (*line)(const IndexedLine&) = nullptr;
  if (plan.flag(0))
    visit(dtype, [&](auto tag) { line = add_line<typename decltype(tag)::type>; });
  else
    visit_size(dtype, [&](auto tag) { line = put_line<typename decltype(tag)::type>; });
  indexed_lines(indices, 0, indices.walk.total, line);
}

/** Calls f(in or out element, k) for the k-th true of the mask, row by row, and returns how many there are. */
template <class T, class F>
int64_t each_true(const Operand& tensor, const Operand& mask, F&& f) {
  const Operand* operands[2] = {&tensor, &mask};
  LineWalk<2> walk;
  walk.add_in_order(operands, tensor.sizes, tensor.ndim);
  int64_t k = 0;
  walk.run(0, walk.total, [&](const int64_t* at, int64_t count) {
    T* p = tensor.as<T>() + at[0];
    const uint8_t* m = mask.as<const uint8_t>() + at[1];
    for (int64_t c = 0; c < count; c++) {
      if (m[c * walk.step(1)] != 0) f(p[c * walk.step(0)], k++);
    }
  });
  return k;
}

/** Elements a selecting kernel looks at before it writes what it has found: they are listed without a branch. */
constexpr int64_t kSieve = 512;

void masked_select(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &in = plan.operand[1], &mask = plan.operand[2];
  Plan::require(plan.structured && out.dtype == in.dtype && mask.dtype == DType::b8 && out.ndim == 1, "wrong operands");
  require_same(in, mask);
  const int64_t n = out.sizes[0], to_step = out.strides[0];
  const Operand* operands[2] = {&in, &mask};
  LineWalk<2> walk;
  walk.add_in_order(operands, in.sizes, in.ndim);
  visit_size(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    int64_t found = 0;
    walk.run(0, walk.total, [&](const int64_t* at, int64_t count) {
      const T* p = in.as<const T>() + at[0];
      const uint8_t* m = mask.as<const uint8_t>() + at[1];
      const int64_t step = walk.step(0), mask_step = walk.step(1);
      for (int64_t c = 0; c < count; c += kSieve) {
        T kept[kSieve];
        const int64_t end = std::min(count, c + kSieve);
        int64_t k = 0;
        for (int64_t i = c; i < end; i++) {
          kept[k] = p[i * step];
          k += m[i * mask_step] != 0 ? 1 : 0;
        }
        copy_run(out.as<T>() + found * to_step, to_step, kept, 1, std::min(k, n - std::min(found, n)));
        found += k;
      }
    });
    Plan::require(found == n, "the result's size is not the number of selected elements");
  });
}

void masked_scatter(const Plan& plan) {
  plan.expect(3, 0);
  const Operand &out = plan.operand[0], &mask = plan.operand[1], &source = plan.operand[2];
  Plan::require(plan.structured && out.dtype == source.dtype && mask.dtype == DType::b8 && source.ndim == 1,
                "wrong operands");
  require_same(out, mask);
  const int64_t n = source.sizes[0], step = source.strides[0];
  visit_size(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = source.as<const T>();
    each_true<T>(out, mask, [&](T& x, int64_t k) {
      Plan::require(k < n, "maskedScatter: the source has fewer elements than the mask selects");
      x = from[k * step];
    });
  });
}

/** Lists which of n ≤ kSieve elements are not zero, from `first` on; returns how many. */
template <class T>
int64_t sieve(const std::byte* data, int64_t step, int64_t n, int64_t first, int64_t* kept) {
  const T* p = reinterpret_cast<const T*>(data);
  int64_t k = 0;
  for (int64_t i = 0; i < n; i++) {
    kept[k] = first + i;
    k += p[i * step] != T(0) ? 1 : 0;
  }
  return k;
}
void nonzero(const Plan& plan) {
  plan.expect(2, 0);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.dtype == DType::i64 && out.ndim == 2 && out.sizes[1] == in.ndim,
                "wrong operands");
  const int64_t n = out.sizes[0], last = in.ndim - 1;
  const int64_t line = in.ndim == 0 ? 1 : in.sizes[last], step = in.ndim == 0 ? 0 : in.strides[last];
  if (in.numel() == 0) return;
  // Line by line of the last dim, so that nothing is divided: the outer indices count up.
  int64_t outer[kMaxDims] = {};
  decltype(&sieve<float>) list = nullptr;
  visit(in.dtype, [&](auto tag) { list = sieve<typename decltype(tag)::type>; });
  const std::byte* p = in.data;
  const int64_t item = static_cast<int64_t>(item_size(in.dtype));
  int64_t found = 0;
  for (bool more = true; more;) {
    for (int64_t c = 0; c < line; c += kSieve) {
      int64_t kept[kSieve];
      const int64_t k = list(p + c * step * item, step, std::min(line - c, kSieve), c, kept);
      const int64_t rows = std::min(k, n - std::min(found, n));
      int64_t* to = out.as<int64_t>() + found * out.strides[0];
      for (int64_t d = 0; d < last; d++) {
        for (int64_t i = 0; i < rows; i++) to[i * out.strides[0] + d * out.strides[1]] = outer[d];
      }
      if (last >= 0) copy_run(to + last * out.strides[1], out.strides[0], kept, 1, rows);
      found += k;
    }
    more = false;
    for (int64_t d = last - 1; d >= 0 && !more; d--) {
      p += in.strides[d] * item;
      more = ++outer[d] < in.sizes[d];
      if (more) break;
      p -= in.strides[d] * in.sizes[d] * item;
      outer[d] = 0;
    }
  }
  Plan::require(found == n, "the result's size is not the number of nonzero elements");
}

void flip(const Plan& plan) {
  plan.expect(2, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.dtype == in.dtype, "wrong operands");
  Plan::require(plan.param[0] >= 0 && plan.param[0] < 0x1p53, "the set of dims is out of range");
  require_same(out, in);
  if (out.numel() == 0) return;
  const uint64_t dims = static_cast<uint64_t>(plan.param[0]);
  LineWalk<2> walk;
  int64_t start = 0;
  for (int d = 0; d < in.ndim; d++) {
    const bool flipped = d < 53 && (dims >> d & 1) != 0;
    if (flipped) start += (in.sizes[d] - 1) * in.strides[d];
    walk.add(in.sizes[d], {out.strides[d], flipped ? -in.strides[d] : in.strides[d]});
  }
  visit_size(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(walk.total, kGrain, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](const int64_t* at, int64_t count) {
        copy_run(out.as<T>() + at[0], walk.step(0), in.as<const T>() + start + at[1], walk.step(1), count);
      });
    });
  });
}

}  // namespace

/**
 * Indices are int64 or int32; one outside its dim is an std::out_of_range. Structured plans unless said otherwise.
 * gather: out (the index's sizes), in, index; [dim]
 * indexSelect: out, in, index (1-D); [dim]
 * indexGet: map plan over the result's shape: out, base (stride 0 on the indexed dims), index…; [(size, stride)…]
 *   One (size, stride) of the indexed dim per index.
 *   Negative indices count from the end.
 * indexPut: map plan: base (written), values, index…; [accumulate, (size, stride)…]; in order, the last one wins
 * maskedSelect: out (1-D, as long as the mask has trues), in, mask (bool); []
 * maskedScatter: out (in place), mask (bool), source (1-D); []
 * nonzero: out (int64 [count, dims]), in; []
 * flip: out, in; [bit set of dims]
 */
void register_index(KernelTable& table) {
  table.add("gather", gather);
  table.add("indexSelect", index_select);
  table.add("indexGet", index_get);
  table.add("indexPut", index_put);
  table.add("maskedSelect", masked_select);
  table.add("maskedScatter", masked_scatter);
  table.add("nonzero", nonzero);
  table.add("flip", flip);
}

}  // namespace flambeau::FB_ISA
