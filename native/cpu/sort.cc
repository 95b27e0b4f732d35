// Sorting along one dim and what needs an order: sort, topk, kthvalue, median, nanmedian, mode. Through the kernel
// table.
//
// Elements become unsigned keys that order as PyTorch orders the values (NaN greatest, -0 equal to 0), each with its
// index: 32 bits of key and 32 of index in one word where they fit, a pair of words otherwise. Entries are thus all
// different, so that any sort of them is stable, and one implementation serves all dtypes. Long rows are sorted by
// digits of 8 or 11 bits from the least significant one, in as many chunks as there are threads when there are few
// rows; short ones by insertion or introsort. Values are decoded from the keys, so that nothing is gathered but zeros
// and NaNs.
#include <algorithm>
#include <bit>
#include <cstring>

#include "../backend.h"
#include "../parallel.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

struct Wide {
  uint64_t key, index;
};
using Narrow = uint64_t;  // key << 32 | index

FB_INLINE Narrow make(Narrow*, uint64_t key, int64_t i) { return key << 32 | static_cast<uint64_t>(i); }
FB_INLINE Wide make(Wide*, uint64_t key, int64_t i) { return {key, static_cast<uint64_t>(i)}; }
FB_INLINE uint64_t key_of(Narrow e) { return e >> 32; }
FB_INLINE uint64_t key_of(const Wide& e) { return e.key; }
FB_INLINE int64_t index_of(Narrow e) { return static_cast<int64_t>(e & 0xffffffffu); }
FB_INLINE int64_t index_of(const Wide& e) { return static_cast<int64_t>(e.index); }
FB_INLINE bool less(Narrow a, Narrow b) { return a < b; }
FB_INLINE bool less(const Wide& a, const Wide& b) { return a.key < b.key || (a.key == b.key && a.index < b.index); }

template <class T>
struct Codec {
  using Bits = std::conditional_t<
      sizeof(T) == 8, uint64_t,
      std::conditional_t<sizeof(T) == 4, uint32_t, std::conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>>;
  static constexpr Bits kAll = static_cast<Bits>(~Bits{0}), kSign = static_cast<Bits>(kAll ^ (kAll >> 1));
  static constexpr bool kSigned = std::is_signed_v<T>;
  static constexpr Bits kInfinity = std::is_same_v<T, double>     ? static_cast<Bits>(0x7ff0000000000000u)
                                    : std::is_same_v<T, float>    ? static_cast<Bits>(0x7f800000u)
                                    : std::is_same_v<T, BFloat16> ? static_cast<Bits>(0x7f80u)
                                                                  : static_cast<Bits>(0x7c00u);
  static FB_INLINE Bits encode(T x) {
    Bits u;
    std::memcpy(&u, &x, sizeof u);
    if constexpr (is_floating<T>) {
      const Bits body = static_cast<Bits>(u & ~kSign);
      if (body > kInfinity) return kAll;
      if (body == 0) return kSign;
      return static_cast<Bits>(u & kSign ? ~u : u | kSign);
    } else if constexpr (is_bool<T>) {
      return u != 0;
    } else {
      return static_cast<Bits>(kSigned ? u ^ kSign : u);
    }
  }
  /** Zeros and NaNs have one key each but not one value: those are read again. */
  static FB_INLINE T decode(Bits key, const T* original) {
    Bits u = key;
    if constexpr (is_floating<T>) {
      if (key == kAll || key == kSign) return *original;
      u = static_cast<Bits>(key & kSign ? key ^ kSign : ~key);
    } else if constexpr (kSigned && !is_bool<T>) {
      u = static_cast<Bits>(key ^ kSign);
    }
    T x;
    std::memcpy(&x, &u, sizeof x);
    return x;
  }
};

/** What the untyped code below needs to know of a dtype. Keys of descending sorts are complemented. */
template <class E>
struct Coding {
  int bits;
  bool has_nan;
  uint64_t nan_key;
  void (*load)(const std::byte* row, int64_t first, int64_t n, int64_t step, bool descending, E* to);
  void (*store)(const std::byte* row, int64_t step, const E* from, int64_t n, bool descending, std::byte* values,
                int64_t value_step);
};
template <class T, class E>
void load(const std::byte* row, int64_t first, int64_t n, int64_t step, bool descending, E* to) {
  using Bits = typename Codec<T>::Bits;
  const T* p = reinterpret_cast<const T*>(row) + first * step;
  const Bits flip = descending ? Codec<T>::kAll : Bits{0};
  if (step == 1) {
    for (int64_t i = 0; i < n; i++) to[i] = make(to, static_cast<Bits>(Codec<T>::encode(p[i]) ^ flip), first + i);
  } else {
    for (int64_t i = 0; i < n; i++)
      to[i] = make(to, static_cast<Bits>(Codec<T>::encode(p[i * step]) ^ flip), first + i);
  }
}
template <class T, class E>
void store(const std::byte* row, int64_t step, const E* from, int64_t n, bool descending, std::byte* values,
           int64_t value_step) {
  using Bits = typename Codec<T>::Bits;
  const T* p = reinterpret_cast<const T*>(row);
  T* out = reinterpret_cast<T*>(values);
  const Bits flip = descending ? Codec<T>::kAll : Bits{0};
  for (int64_t i = 0; i < n; i++) {
    out[i * value_step] =
        Codec<T>::decode(static_cast<Bits>(static_cast<Bits>(key_of(from[i])) ^ flip), p + index_of(from[i]) * step);
  }
}
template <class E>
Coding<E> coding(DType dtype) {
  return visit(dtype, [](auto tag) -> Coding<E> {
    using T = typename decltype(tag)::type;
    if constexpr (sizeof(T) == 8 && std::is_same_v<E, Narrow>) {
      throw PlanError("64-bit keys need wide entries");
    } else {
      return {static_cast<int>(8 * sizeof(T)), is_floating<T>, Codec<T>::kAll, load<T, E>, store<T, E>};
    }
  });
}

template <class E>
void introsort(E* e, int64_t n) {
  if (n > 24) {
    std::sort(e, e + n, [](const E& a, const E& b) { return less(a, b); });
    return;
  }
  for (int64_t i = 1; i < n; i++) {
    const E x = e[i];
    int64_t j = i;
    for (; j > 0 && less(x, e[j - 1]); j--) e[j] = e[j - 1];
    e[j] = x;
  }
}

/** Sorts by `bits` bits of key, in chunks that threads may share; `other` and `counts` are scratch. Returns where. */
template <class E>
E* radix_sort(E* e, E* other, int64_t n, int bits, int64_t chunks, int64_t* counts) {
  const int digit = n >= 65536 && bits > 16 ? 11 : 8;
  const int64_t buckets = int64_t{1} << digit, length = (n + chunks - 1) / chunks;
  const uint64_t mask = static_cast<uint64_t>(buckets - 1);
  for (int shift = 0; shift < bits; shift += digit) {
    parallel_tasks(chunks, [&](int64_t chunk) {
      int64_t* count = counts + chunk * buckets;
      std::fill(count, count + buckets, int64_t{0});
      const int64_t end = std::min(n, (chunk + 1) * length);
      for (int64_t i = chunk * length; i < end; i++) count[key_of(e[i]) >> shift & mask]++;
    });
    int64_t total = 0;
    bool trivial = false;
    for (int64_t b = 0; b < buckets; b++) {
      const int64_t before = total;
      for (int64_t chunk = 0; chunk < chunks; chunk++) {
        const int64_t count = counts[chunk * buckets + b];
        counts[chunk * buckets + b] = total;
        total += count;
      }
      trivial = trivial || total - before == n;
    }
    if (trivial) continue;
    parallel_tasks(chunks, [&](int64_t chunk) {
      int64_t* at = counts + chunk * buckets;
      const int64_t end = std::min(n, (chunk + 1) * length);
      for (int64_t i = chunk * length; i < end; i++) other[at[key_of(e[i]) >> shift & mask]++] = e[i];
    });
    std::swap(e, other);
  }
  return e;
}

/** Entries for one row, and what sorting them takes. */
template <class E>
struct Sorter {
  int64_t n, chunks;
  int bits;
  bool radix;
  LineBuffer<E> entries, other;
  LineBuffer<int64_t> counts;

  static constexpr int64_t kMaxBuckets = 2048;
  Sorter(int64_t n, int bits, int64_t rows, bool whole)
      : n(n),
        chunks(rows == 1 && n >= 131072 ? std::clamp<int64_t>(num_threads(), 1, 16) : 1),
        bits(bits),
        radix(n >= (bits <= 8    ? 64
                    : bits <= 16 ? 128
                    : bits <= 32 ? 256
                                 : 1024)),
        entries(n),
        other(whole && radix ? n : 0),
        counts(whole && radix ? kMaxBuckets * chunks : 0) {}
  const E* sort() {
    if (radix) return radix_sort(entries.get(), other.get(), n, bits, chunks, counts.get());
    introsort(entries.get(), n);
    return entries.get();
  }
};

/** Rows of values (out), indices (out) and the input. */
struct Task {
  const Operand &values, &indices, &in;
  int64_t n = 1, step = 1, value_step = 1, index_step = 1, outputs = 1;
  LineWalk<3> walk;

  Task(const Plan& plan, int params) : values(plan.operand[0]), indices(plan.operand[1]), in(plan.operand[2]) {
    plan.expect(3, params);
    Plan::require(plan.structured, "sorting takes a structured plan");
    Plan::require(values.dtype == in.dtype && indices.dtype == DType::i64, "wrong dtypes");
    Plan::require(values.ndim == in.ndim && indices.ndim == in.ndim, "operands differ in dims");
    Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(in.ndim, 1), "the dim is out of range");
    const int dim = static_cast<int>(plan.integer(0));
    for (int d = 0; d < in.ndim; d++) {
      Plan::require(values.sizes[d] == indices.sizes[d], "values and indices differ in size");
      Plan::require(d == dim || values.sizes[d] == in.sizes[d], "sizes differ");
    }
    if (in.ndim > 0) {
      n = in.sizes[dim];
      outputs = values.sizes[dim];
      step = in.strides[dim];
      value_step = values.strides[dim];
      index_step = indices.strides[dim];
    }
    Plan::require(outputs <= n, "more results than elements");
    const Operand* operands[3] = {&values, &indices, &in};
    walk.add_all(operands, in.sizes, in.ndim, dim, 2);
  }
};

/** Calls f(worker state made by `make_state`, row, values, indices) for every row. */
template <class MakeState, class F>
void for_rows(const Task& t, MakeState&& make_state, F&& f) {
  if (t.outputs == 0 || t.walk.total == 0) return;
  const int64_t item = static_cast<int64_t>(item_size(t.in.dtype));
  parallel_for(t.walk.total, kGrain / 8 / t.n, [&](int64_t begin, int64_t end) {
    auto state = make_state();
    t.walk.run(begin, end, [&](const int64_t* at, int64_t count) {
      for (int64_t c = 0; c < count; c++) {
        f(state, t.in.data + (at[2] + c * t.walk.step(2)) * item, t.values.data + (at[0] + c * t.walk.step(0)) * item,
          t.indices.as<int64_t>() + at[1] + c * t.walk.step(1));
      }
    });
  });
}

/** Calls `f` with a coding for narrow entries where key and index fit into 32 bits each, for wide ones otherwise. */
template <class F>
void with_entries(const Task& t, F&& f) {
  if (item_size(t.in.dtype) < 8 && t.n <= int64_t{0xffffffff}) {
    f(coding<Narrow>(t.in.dtype));
  } else {
    f(coding<Wide>(t.in.dtype));
  }
}
template <class E>
void put(const Task& t, const Coding<E>& code, const std::byte* row, const E* from, int64_t n, bool descending,
         std::byte* values, int64_t* indices) {
  code.store(row, t.step, from, n, descending, values, t.value_step);
  for (int64_t i = 0; i < n; i++) indices[i * t.index_step] = index_of(from[i]);
}
template <class E>
void select(E* e, int64_t n, int64_t k) {
  std::nth_element(e, e + k, e + n, [](const E& a, const E& b) { return less(a, b); });
}

void sort(const Plan& plan) {
  const Task t(plan, 3);
  Plan::require(t.outputs == t.n, "sizes differ");
  const bool descending = plan.flag(1);
  with_entries(t, [&]<class E>(const Coding<E>& code) {
    for_rows(
        t, [&] { return Sorter<E>(t.n, code.bits, t.walk.total, true); },
        [&](Sorter<E>& s, const std::byte* row, std::byte* values, int64_t* indices) {
          parallel_for(t.n, s.chunks > 1 ? kGrain : t.n, [&](int64_t begin, int64_t end) {
            code.load(row, begin, end - begin, t.step, descending, s.entries.get() + begin);
          });
          const E* sorted = s.sort();
          const int64_t item = static_cast<int64_t>(item_size(t.in.dtype));
          parallel_for(t.n, s.chunks > 1 ? kGrain : t.n, [&](int64_t begin, int64_t end) {
            put(t, code, row, sorted + begin, end - begin, descending, values + begin * t.value_step * item,
                indices + begin * t.index_step);
          });
        });
  });
}

void topk(const Plan& plan) {
  const Task t(plan, 3);
  const bool largest = plan.flag(1), sorted = plan.flag(2);
  const int64_t k = t.outputs;
  if (k == 0) return;
  // Candidates are collected below the k-th best so far; when they fill the buffer, selection makes room.
  constexpr int64_t kBlock = 256;
  const int64_t first = std::min(t.n, std::max<int64_t>(2 * k, 64)), room = std::min(t.n, 2 * first + 2 * kBlock);
  with_entries(t, [&]<class E>(const Coding<E>& code) {
    for_rows(
        t, [&] { return Sorter<E>(room, code.bits, 1, false); },
        [&](Sorter<E>& s, const std::byte* row, std::byte* values, int64_t* indices) {
          E* candidates = s.entries.get();
          code.load(row, 0, first, t.step, largest, candidates);
          int64_t count = first;
          if (first < t.n) {
            alignas(64) E block[kBlock];
            select(candidates, count, k - 1);
            count = k;
            for (int64_t i = first; i < t.n; i += kBlock) {
              const int64_t n = std::min(kBlock, t.n - i);
              code.load(row, i, n, t.step, largest, block);
              if (count + n > room) {
                select(candidates, count, k - 1);
                count = k;
              }
              const uint64_t bar = key_of(candidates[k - 1]);
              for (int64_t j = 0; j < n; j++) {
                candidates[count] = block[j];
                count += key_of(block[j]) < bar ? 1 : 0;
              }
            }
          }
          if (k < count) select(candidates, count, k - 1);
          if (sorted) introsort(candidates, k);
          put(t, code, row, candidates, k, largest, values, indices);
        });
  });
}

enum class Rank { kth, median, nanmedian };
template <Rank Which>
void ranked(const Plan& plan) {
  const Task t(plan, Which == Rank::kth ? 2 : 1);
  Plan::require(t.outputs == 1, "one result a row");
  if (Which == Rank::kth)
    Plan::require(plan.param[1] >= 1 && plan.param[1] <= static_cast<double>(t.n), "k is out of range");
  with_entries(t, [&]<class E>(const Coding<E>& code) {
    for_rows(
        t, [&] { return Sorter<E>(t.n, code.bits, 1, false); },
        [&](Sorter<E>& s, const std::byte* row, std::byte* values, int64_t* indices) {
          E* e = s.entries.get();
          code.load(row, 0, t.n, t.step, false, e);
          int64_t k = Which == Rank::kth ? plan.integer(1) - 1 : (t.n - 1) / 2, first_nan = -1, nans = 0;
          if (Which != Rank::kth && code.has_nan) {
            for (int64_t i = 0; i < t.n; i++) nans += key_of(e[i]) == code.nan_key ? 1 : 0;
            for (int64_t i = 0; nans > 0 && first_nan < 0; i++) first_nan = key_of(e[i]) == code.nan_key ? i : -1;
          }
          if (Which == Rank::nanmedian) k = nans == t.n ? 0 : (t.n - nans - 1) / 2;
          if (Which == Rank::median && first_nan >= 0) {
            std::swap(e[0], e[first_nan]);
            k = 0;
          } else {
            select(e, t.n, k);
          }
          put(t, code, row, e + k, 1, false, values, indices);
        });
  });
}

void mode(const Plan& plan) {
  const Task t(plan, 1);
  Plan::require(t.outputs == 1, "one result a row");
  with_entries(t, [&]<class E>(const Coding<E>& code) {
    for_rows(
        t, [&] { return Sorter<E>(t.n, code.bits, t.walk.total, true); },
        [&](Sorter<E>& s, const std::byte* row, std::byte* values, int64_t* indices) {
          code.load(row, 0, t.n, t.step, false, s.entries.get());
          const E* e = s.sort();
          int64_t best = 0, length = 0, run = 0;
          for (int64_t i = 0; i < t.n; i++) {
            run++;
            // No NaN equals another.
            const bool ends =
                i == t.n - 1 || key_of(e[i]) != key_of(e[i + 1]) || (code.has_nan && key_of(e[i]) == code.nan_key);
            if (!ends) continue;
            if (run > length) {
              length = run;
              best = i;
            }
            run = 0;
          }
          put(t, code, row, e + best, 1, false, values, indices);
        });
  });
}

}  // namespace

/**
 * Structured plans of three operands, values (the input's dtype), indices (int64), in; sizes equal but for the dim.
 * sort: [dim, descending, stable]; always stable          topk: sizes[dim] = k; [dim, largest, sorted]
 * kthvalue: sizes[dim] = 1; [dim, k], k from 1            median, nanmedian, mode: sizes[dim] = 1; [dim]
 * NaN is greater than everything; of equals the first index is given, by mode the last.
 */
void register_sort(KernelTable& table) {
  table.add("sort", sort);
  table.add("topk", topk);
  table.add("kthvalue", ranked<Rank::kth>);
  table.add("median", ranked<Rank::median>);
  table.add("nanmedian", ranked<Rank::nanmedian>);
  table.add("mode", mode);
}

}  // namespace flambeau::FB_ISA
