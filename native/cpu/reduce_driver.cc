// The walk under every reduction: which dim the inner loop takes, how the work is cut for threads, in which tree
// partial results are merged. reduce.cc and reduce_index.cc bring the arithmetic.
//
// Kept elements are handled in groups along one kept dim. Where a reduced dim is the denser one, each element of a
// group is a row (Reducer::rows); otherwise the group is a strip of columns (Reducer::cols), at most 4 KB of partial
// results, so that these stay in the L1 cache while rows stream by. Halves, small integers and strided elements pass
// through a buffer of 16 KB first, so that arithmetic is compiled for float, double and int64 only. Long reductions are
// halved recursively, which bounds the rounding error, and few long ones are cut into chunks for the threads; the cuts
// depend on sizes only, so results do not depend on the number of threads. Columns too few to fill vectors are widened:
// [n, 10] is reduced as [n / 25, 250], then folded.
#include <algorithm>

#include "../parallel.h"
#include "reduce.h"
#include "walk.h"

namespace flambeau::FB_ISA {
namespace {

constexpr int64_t kCells = 4096;   // bytes of partial results in a group
constexpr int64_t kBuffer = 2048;  // elements converted at a time

/** out[i * inner + j] = p[i * outer_step + j * inner_step], converted. */
using ConvertFn = void (*)(const std::byte* p, int64_t outer, int64_t outer_step, int64_t inner, int64_t inner_step,
                           void* out);
template <class From, class To, bool Truth>
void convert(const std::byte* bytes, int64_t outer, int64_t outer_step, int64_t inner, int64_t inner_step, void* to) {
  const From* FB_RESTRICT from = reinterpret_cast<const From*>(bytes);
  To* FB_RESTRICT out = static_cast<To*>(to);
  const auto one = [](From x) -> To {
    if constexpr (is_half<From> && Truth) {
      return (x.bits & 0x7fff) != 0;
    } else if constexpr (Truth || is_bool<From>) {
      return x != From(0);
    } else {
      return static_cast<To>(x);
    }
  };
  for (int64_t i = 0; i < outer; i++, from += outer_step, out += inner) {
    if (inner_step == 1) {
      for (int64_t j = 0; j < inner; j++) out[j] = one(from[j]);
    } else {
      for (int64_t j = 0; j < inner; j++) out[j] = one(from[j * inner_step]);
    }
  }
}

struct Conversion {
  ConvertFn fn = nullptr;
  bool same = false;         // dense blocks may be read in place
  int64_t from = 0, to = 0;  // bytes of an element before and after
};
Conversion conversion(DType from, Reads reads) {
  const int64_t item = static_cast<int64_t>(item_size(from));
  return visit(from, [&](auto tag) -> Conversion {
    using T = typename decltype(tag)::type;
    switch (reads) {
      case Reads::truth: {
        // Signedness and the format of a half make no difference to being zero.
        using U = std::conditional_t<std::is_same_v<T, BFloat16>, Half, std::conditional_t<sizeof(T) == 1, uint8_t, T>>;
        return {convert<U, uint8_t, true>, sizeof(T) == 1, item, 1};
      }
      case Reads::f32:
        if constexpr (is_half<T> || std::is_same_v<T, float>) {
          return {convert<T, float, false>, std::is_same_v<T, float>, item, 4};
        }
        break;
      case Reads::f64:
        if constexpr (std::is_same_v<T, double> || (kReducesInDouble && is_floating<T>))
          return {convert<T, double, false>, std::is_same_v<T, double>, item, 8};
        break;
      case Reads::i64:
        if constexpr (!is_floating<T>) return {convert<T, int64_t, false>, std::is_same_v<T, int64_t>, item, 8};
        break;
    }
    throw PlanError("the input's dtype does not suit the reduction");
  });
}

struct Space {
  Space(const Reducer& r, const Operand& in) : reducer(r), input(in.data), conversion(conversion_of(in, r)) {}
  static Conversion conversion_of(const Operand& in, const Reducer& r) {
    return flambeau::FB_ISA::conversion(in.dtype, r.reads);
  }
  const Reducer& reducer;
  const std::byte* input;
  const Conversion conversion;
  int kept_dims = 0;  // without the column dim
  int64_t kept_sizes[kMaxDims], kept_in[kMaxDims], kept_out[2][kMaxDims];
  int64_t columns = 1, column_in = 0, column_out[2] = {0, 0};
  int reduced_dims = 0;  // without the inner one
  int64_t reduced_sizes[kMaxDims], reduced_in[kMaxDims];
  int64_t inner = 1, inner_in = 0;
  int64_t kept = 1, reduced = 1;
  bool by_columns = false;
  int64_t fold = 1;  // rows that are reduced side by side, then merged

  const std::byte* at(int64_t offset) const { return input + offset * conversion.from; }
};

/** A strip of consecutive outputs. */
struct Group {
  int64_t offset = 0;  // of its first input element
  int64_t count = 1;
  const void* context = nullptr;
};

/** n × count elements of the input: element (i, c) is i * step + c * next elements from p. */
struct Source {
  const std::byte* p;
  int64_t n, step, count, next, first;
  const void* context;
};

void reduce_rows(const Space& s, const Source& b, std::byte* cells) {
  const Reducer& r = s.reducer;
  if (s.conversion.same && b.step == 1) {
    return r.rows({b.p, b.n, b.count, b.next, b.first, b.context}, cells);
  }
  alignas(64) std::byte buffer[kBuffer * 8], later[16];
  const int64_t batch = std::max<int64_t>(1, kBuffer / b.n);
  for (int64_t c = 0; c < b.count; c += batch) {
    const int64_t count = std::min(batch, b.count - c);
    const std::byte* p = b.p + c * b.next * s.conversion.from;
    const void* context =
        b.context ? static_cast<const std::byte*>(b.context) + c * static_cast<int64_t>(r.context) : nullptr;
    std::byte* cell = cells + c * static_cast<int64_t>(r.cell);
    for (int64_t i = 0; i < b.n; i += kBuffer) {
      const int64_t n = std::min(kBuffer, b.n - i);
      s.conversion.fn(p + i * b.step * s.conversion.from, count, b.next, n, b.step, buffer);
      r.rows({buffer, n, count, n, b.first + i, context}, i == 0 ? cell : later);
      if (i > 0) r.merge(cell, later, 1);
    }
  }
}

void reduce_cols(const Space& s, const Source& b, std::byte* cells) {
  const Reducer& r = s.reducer;
  if (s.conversion.same && b.next == 1) {
    return r.cols({b.p, b.n, b.count, b.step, b.first, b.context}, cells);
  }
  alignas(64) std::byte buffer[kBuffer * 8], later[kCells];
  const int64_t batch = std::max<int64_t>(1, kBuffer * 8 / s.conversion.to / b.count);
  for (int64_t i = 0; i < b.n; i += batch) {
    const int64_t n = std::min(batch, b.n - i);
    s.conversion.fn(b.p + i * b.step * s.conversion.from, n, b.step, b.count, b.next, buffer);
    r.cols({buffer, n, b.count, b.count, b.first + i, b.context}, i == 0 ? cells : later);
    if (i > 0) r.merge(cells, later, b.count);
  }
}

/** One stretch along the innermost reduced dim. */
void reduce_stretch(const Space& s, const Group& g, int64_t begin, int64_t n, std::byte* cells) {
  int64_t offset = g.offset + begin % s.inner * s.inner_in, rest = begin / s.inner;
  for (int d = s.reduced_dims - 1; d >= 0; d--) {
    offset += rest % s.reduced_sizes[d] * s.reduced_in[d];
    rest /= s.reduced_sizes[d];
  }
  const Reducer& r = s.reducer;
  Source source{s.at(offset), n, s.inner_in, g.count, s.column_in, begin, g.context};
  if (!s.by_columns) return reduce_rows(s, source, cells);
  if (n < 2 * s.fold || s.fold == 1) return reduce_cols(s, source, cells);
  alignas(64) std::byte wide[kCells];
  const int64_t m = s.fold, full = n / m;
  reduce_cols(s, {source.p, full, m * s.inner_in, m * g.count, s.column_in, begin, nullptr}, wide);
  const size_t row = static_cast<size_t>(g.count) * r.cell;
  for (int64_t left = m; left > 1;) {
    const int64_t half = left / 2;
    r.merge(wide, wide + static_cast<size_t>(left - half) * row, half * g.count);
    left -= half;
  }
  __builtin_memcpy(cells, wide, row);
  if (full * m < n) {
    source.p = s.at(offset + full * m * s.inner_in);
    source.n = n - full * m;
    reduce_cols(s, source, wide);
    r.merge(cells, wide, g.count);
  }
}

/** The reduced range [begin, end) of a group, as a tree. */
void reduce_range(const Space& s, const Group& g, int64_t begin, int64_t end, std::byte* cells) {
  alignas(64) std::byte later[kCells];
  const int64_t span = end - begin;
  int64_t leaf = s.by_columns ? s.reducer.leaf * s.fold : 16 * s.inner;
  if (!s.by_columns && !(s.conversion.same && s.inner_in == 1)) leaf = std::min(leaf, 8 * kBuffer);
  if (span > leaf && span > 1) {
    int64_t half = span / 2;
    if (!s.by_columns && half > s.inner) half -= half % s.inner;
    reduce_range(s, g, begin, begin + half, cells);
    reduce_range(s, g, begin + half, end, later);
    s.reducer.merge(cells, later, g.count);
    return;
  }
  for (int64_t at = begin; at < end;) {
    const int64_t n = std::min(s.inner - at % s.inner, end - at);
    if (at == begin) {
      reduce_stretch(s, g, at, n, cells);
    } else {
      reduce_stretch(s, g, at, n, later);
      s.reducer.merge(cells, later, g.count);
    }
    at += n;
  }
}

void read_space(const Plan& plan, int outputs, int input, Space& s) {
  const int nk = static_cast<int>(plan.integer(0));
  const Operand& in = plan.operand[input];
  const auto magnitude = [](int64_t v) { return v < 0 ? -v : v; };
  for (int d = nk; d < plan.ndim; d++) {
    if (plan.sizes[d] == 1) continue;
    s.reduced_sizes[s.reduced_dims] = plan.sizes[d];
    s.reduced_in[s.reduced_dims++] = in.strides[d];
    s.reduced *= plan.sizes[d];
  }
  if (s.reduced_dims > 0) {
    s.reduced_dims--;
    s.inner = s.reduced_sizes[s.reduced_dims];
    s.inner_in = s.reduced_in[s.reduced_dims];
  }
  int column = -1;
  for (int d = 0; d < nk; d++) {
    s.kept *= plan.sizes[d];
    if (plan.sizes[d] == 1) continue;
    if (column < 0 || magnitude(in.strides[d]) <= magnitude(in.strides[column])) column = d;
  }
  for (int d = 0; d < nk; d++) {
    if (d == column || plan.sizes[d] == 1) continue;
    s.kept_sizes[s.kept_dims] = plan.sizes[d];
    s.kept_in[s.kept_dims] = in.strides[d];
    for (int o = 0; o < outputs; o++) s.kept_out[o][s.kept_dims] = plan.operand[o].strides[d];
    s.kept_dims++;
  }
  if (column >= 0) {
    s.columns = plan.sizes[column];
    s.column_in = in.strides[column];
    for (int o = 0; o < outputs; o++) s.column_out[o] = plan.operand[o].strides[column];
    // Short rows are transposed on their way through the buffer: the loop over them would end before it has begun.
    s.by_columns = s.inner == 1 || (s.inner <= 16 && s.columns >= 64) || magnitude(s.column_in) < magnitude(s.inner_in);
  }
}

}  // namespace

void reduce(const Plan& plan, int outputs, int input, const Reducer& r, ReduceSink sink, const void* contexts) {
  if (reduced_numel(plan, outputs) == 0) {
    // Nothing to read: every output is the reduction of nothing. Sizes of the kept dims still say how many.
    alignas(64) std::byte cell[16];
    r.clear(cell, 1);
    const int nk = static_cast<int>(plan.integer(0));
    const int64_t kept = kept_numel(plan);
    for (int64_t k = 0; k < kept; k++) {
      int64_t rest = k, offset[2] = {0, 0};
      for (int d = nk - 1; d >= 0; d--) {
        for (int o = 0; o < outputs; o++) offset[o] += rest % plan.sizes[d] * plan.operand[o].strides[d];
        rest /= plan.sizes[d];
      }
      for (int o = 0; o < outputs; o++) {
        sink.out[o] = plan.operand[o].data + offset[o] * static_cast<int64_t>(item_size(plan.operand[o].dtype));
        sink.step[o] = 0;
      }
      sink.write(sink, cell, 1, k);
    }
    return;
  }
  Space s(r, plan.operand[input]);
  read_space(plan, outputs, input, s);
  if (s.kept == 0) return;
  const int64_t cell = static_cast<int64_t>(r.cell), total = s.kept * s.reduced;
  int64_t strip = std::min(s.columns, kCells / cell);
  if (!s.by_columns) {
    strip = std::min(strip, std::max<int64_t>(1, kGrain / s.reduced));
  } else if (s.column_in == 1 && s.inner_in == s.columns && s.columns <= 64 && !contexts && !r.ordered) {
    s.fold = std::max<int64_t>(1, std::min<int64_t>(256, kCells / cell) / s.columns);
  }
  if (s.by_columns && s.fold == 1 && total >= 4 * kGrain && s.kept == s.columns && s.columns > 64) {
    // A few strips for the threads to share, where that leaves them wide enough for whole cache lines.
    strip = std::min(strip, std::max<int64_t>(128, s.columns / 8));
  }
  const int64_t strips = (s.columns + strip - 1) / strip, groups = s.kept / s.columns * strips;

  const auto group = [&](int64_t index, Group& g, int64_t(&out)[2]) {
    const int64_t first = index % strips * strip;
    int64_t outer = index / strips;
    const int64_t kept = outer * s.columns + first;
    g.count = std::min(strip, s.columns - first);
    g.offset = first * s.column_in;
    for (int o = 0; o < outputs; o++) out[o] = first * s.column_out[o];
    for (int d = s.kept_dims - 1; d >= 0; d--) {
      const int64_t at = outer % s.kept_sizes[d];
      outer /= s.kept_sizes[d];
      g.offset += at * s.kept_in[d];
      for (int o = 0; o < outputs; o++) out[o] += at * s.kept_out[o][d];
    }
    g.context = contexts ? static_cast<const std::byte*>(contexts) + kept * static_cast<int64_t>(r.context) : nullptr;
    return kept;
  };
  const auto write = [&](ReduceSink& to, const void* cells, const Group& g, int64_t kept, const int64_t(&out)[2]) {
    for (int o = 0; o < outputs; o++) {
      to.out[o] = plan.operand[o].data + out[o] * static_cast<int64_t>(item_size(plan.operand[o].dtype));
      to.step[o] = s.column_out[o];
    }
    to.write(to, cells, g.count, kept);
  };

  int64_t chunks = 1;
  if (groups < 8 && total >= 4 * kGrain) {
    chunks = std::min<int64_t>(64 / groups, total / (2 * kGrain));
    chunks = std::max<int64_t>(1, std::min(chunks, s.reduced / (s.by_columns ? 8 : 1024)));
  }
  if (chunks == 1) {
    const int64_t cost = std::max<int64_t>(1, strip * s.reduced);
    parallel_for(groups, kGrain / cost, [&](int64_t begin, int64_t end) {
      alignas(64) std::byte cells[kCells];
      ReduceSink to = sink;
      for (int64_t i = begin; i < end; i++) {
        Group g;
        int64_t out[2];
        const int64_t kept = group(i, g, out);
        reduce_range(s, g, 0, s.reduced, cells);
        write(to, cells, g, kept, out);
      }
    });
    return;
  }
  // partial[chunk][kept]
  LineBuffer<std::byte> partial(chunks * s.kept * cell);
  const int64_t length = (s.reduced + chunks - 1) / chunks;
  chunks = (s.reduced + length - 1) / length;
  parallel_tasks(chunks * groups, [&](int64_t task) {
    Group g;
    int64_t out[2];
    const int64_t chunk = task / groups, kept = group(task % groups, g, out);
    reduce_range(s, g, chunk * length, std::min(s.reduced, (chunk + 1) * length),
                 partial.get() + (chunk * s.kept + kept) * cell);
  });
  for (int64_t gap = 1; gap < chunks; gap *= 2) {
    for (int64_t c = 0; c + gap < chunks; c += 2 * gap) {
      r.merge(partial.get() + c * s.kept * cell, partial.get() + (c + gap) * s.kept * cell, s.kept);
    }
  }
  for (int64_t i = 0; i < groups; i++) {
    Group g;
    int64_t out[2];
    const int64_t kept = group(i, g, out);
    write(sink, partial.get() + kept * cell, g, kept, out);
  }
}

}  // namespace flambeau::FB_ISA
