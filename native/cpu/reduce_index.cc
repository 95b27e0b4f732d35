// Reductions that say where: argmax, argmin, and max and min with indices. Called through the kernel table.
//
// A row first looks for the extremum of each block of 1024 elements, which vectorises as a plain maximum does, and then
// for its first occurrence in the one block that holds it. Columns keep value and index side by side for a strip.
#include "../backend.h"
#include "reduce.h"

namespace flambeau::FB_ISA {
namespace {

/** Whether `b` comes before `a`: greater (Sign > 0) or smaller, or the first NaN. */
template <int Sign, class T>
FB_INLINE bool beats(T b, T a) {
  if constexpr (std::is_floating_point_v<T>) {
    return (Sign > 0 ? b > a : b < a) | ((b != b) & (a == a));
  } else {
    return Sign > 0 ? b > a : b < a;
  }
}
template <int Sign, class T>
FB_INLINE T extremum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return ((Sign > 0 ? b > a : b < a) | (b != b)) ? b : a;
  } else {
    return (Sign > 0 ? b > a : b < a) ? b : a;
  }
}

template <class T>
struct Found {
  T value;
  int64_t index;
};

template <class T, int Sign>
struct Search {
  static constexpr int64_t kLanes = 256 / static_cast<int64_t>(sizeof(T)), kBlock = 1024;
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

  static T block_extremum(const T* FB_RESTRICT p, int64_t n) {
    alignas(64) T lanes[kLanes];
    FB_LANES for (int64_t j = 0; j < kLanes; j++) lanes[j] = p[j];
    int64_t i = kLanes;
    for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
      FB_LANES for (int64_t j = 0; j < kLanes; j++) {
        T a = lanes[j];
#pragma GCC unroll 4
        for (int64_t k = 0; k < 4; k++) a = extremum<Sign>(a, p[i + k * kLanes + j]);
        lanes[j] = a;
      }
    }
    for (; i + kLanes <= n; i += kLanes) {
      FB_LANES for (int64_t j = 0; j < kLanes; j++) lanes[j] = extremum<Sign>(lanes[j], p[i + j]);
    }
    for (; i < n; i++) lanes[0] = extremum<Sign>(lanes[0], p[i]);
    for (int64_t width = kLanes / 2; width > 0; width /= 2) {
      for (int64_t j = 0; j < width; j++) lanes[j] = extremum<Sign>(lanes[j], lanes[j + width]);
    }
    return lanes[0];
  }
  static FB_INLINE bool is(T x, T wanted) { return (x == wanted) | ((x != x) & (wanted != wanted)); }
  /** The first element equal to `wanted` (or NaN, if that is), which is known to exist. */
  static int64_t find(const T* FB_RESTRICT p, int64_t n, T wanted) {
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
      int32_t any = 0;
      for (int64_t j = 0; j < 64; j++) any |= is(p[i + j], wanted) ? 1 : 0;
      if (any) break;
    }
    while (i < n - 1 && !is(p[i], wanted)) i++;
    return i;
  }
  static Found<T> row(const T* p, int64_t n) {
    if (n < 4 * kLanes) {
      Found<T> best{p[0], 0};
      for (int64_t i = 1; i < n; i++) {
        if (beats<Sign>(p[i], best.value)) best = {p[i], i};
      }
      return best;
    }
    T value = p[0];
    int64_t start = 0;
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t length = n - i < kBlock ? n - i : kBlock;
      T most = p[i];
      if (length >= kLanes) {
        most = block_extremum(p + i, length);
      } else {
        for (int64_t j = 1; j < length; j++) most = extremum<Sign>(most, p[i + j]);
      }
      if (beats<Sign>(most, value)) {
        value = most;
        start = i;
      }
    }
    const int64_t index = start + find(p + start, n - start < kBlock ? n - start : kBlock, value);
    return {p[index], index};
  }
  static void rows(const ReduceBlock& b, void* out) {
    const T* p = static_cast<const T*>(b.p);
    for (int64_t c = 0; c < b.count; c++, p += b.pitch) {
      Found<T> found = row(p, b.n);
      found.index += b.first;
      static_cast<Found<T>*>(out)[c] = found;
    }
  }
  static void cols(const ReduceBlock& b, void* out) {
    alignas(64) T value[4096 / sizeof(Found<T>)];
    alignas(64) Index index[4096 / sizeof(Found<T>)];
    const T* FB_RESTRICT p = static_cast<const T*>(b.p);
    for (int64_t c = 0; c < b.count; c++) {
      value[c] = p[c];
      index[c] = 0;
    }
    for (int64_t i = 1; i < b.n; i++) {
      p += b.pitch;
      const Index at = static_cast<Index>(i);
      for (int64_t c = 0; c < b.count; c++) {
        const bool better = beats<Sign>(p[c], value[c]);
        value[c] = better ? p[c] : value[c];
        index[c] = better ? at : index[c];
      }
    }
    for (int64_t c = 0; c < b.count; c++) static_cast<Found<T>*>(out)[c] = {value[c], b.first + index[c]};
  }
  static void merge(void* cells, const void* later, int64_t count) {
    Found<T>* a = static_cast<Found<T>*>(cells);
    const Found<T>* b = static_cast<const Found<T>*>(later);
    for (int64_t c = 0; c < count; c++) {
      if (beats<Sign>(b[c].value, a[c].value)) a[c] = b[c];
    }
  }
  static void clear(void* cells, int64_t count) {
    for (int64_t c = 0; c < count; c++) static_cast<Found<T>*>(cells)[c] = {T(0), 0};
  }
  static constexpr Reducer reducer = {
      sizeof(T) == 4 ? Reads::f32 : (std::is_floating_point_v<T> ? Reads::f64 : Reads::i64),
      sizeof(Found<T>),
      0,
      int64_t{1} << 30,
      true,
      rows,
      cols,
      merge,
      clear};
};

template <class T>
void write_index(const ReduceSink& sink, const void* cells, int64_t count, int64_t) {
  for (int64_t c = 0; c < count; c++) {
    reinterpret_cast<int64_t*>(sink.out[0])[c * sink.step[0]] = static_cast<const Found<T>*>(cells)[c].index;
  }
}
template <class Out, class T>
void write_both(const ReduceSink& sink, const void* cells, int64_t count, int64_t) {
  for (int64_t c = 0; c < count; c++) {
    const Found<T>& found = static_cast<const Found<T>*>(cells)[c];
    reinterpret_cast<Out*>(sink.out[0])[c * sink.step[0]] = Out(found.value);
    reinterpret_cast<int64_t*>(sink.out[1])[c * sink.step[1]] = found.index;
  }
}

template <int Sign, bool WithValues>
void search(const Plan& plan) {
  constexpr int kOutputs = WithValues ? 2 : 1;
  plan.expect(kOutputs + 1, 1);
  const Operand& in = plan.operand[kOutputs];
  Plan::require(plan.operand[kOutputs - 1].dtype == DType::i64, "indices are int64");
  Plan::require(!WithValues || plan.operand[0].dtype == in.dtype, "dtypes differ");
  visit(in.dtype, [&](auto tag) {
    using In = typename decltype(tag)::type;
    using T = std::conditional_t<is_half<In>, float, std::conditional_t<std::is_floating_point_v<In>, In, int64_t>>;
    ReduceSink sink;
    if constexpr (WithValues) {
      sink.write = write_both<std::conditional_t<is_bool<In>, uint8_t, In>, T>;
    } else {
      sink.write = write_index<T>;
    }
    reduce(plan, kOutputs, kOutputs, Search<T, Sign>::reducer, sink);
  });
}

}  // namespace

/**
 * Map plans with dims [kept…, reduced…], outputs with stride 0 on the reduced ones; params [kept dims]. Indices count
 * row by row through the reduced dims; the first of equals wins, and NaN over everything. Callers refuse empty
 * reductions. argmax, argmin: indices (int64), in         max, min: values (the input's dtype), indices (int64), in
 */
void register_reduce_index(KernelTable& table) {
  table.add("argmax", search<1, false>);
  table.add("argmin", search<-1, false>);
  table.add("max", search<1, true>);
  table.add("min", search<-1, true>);
}

}  // namespace flambeau::FB_ISA
