// Moving and making values: copy with conversion, fill, arange, linspace, tril, triu; registered by cpu.cc.
//
// A copy between equal dtypes moves raw items: memcpy when dense, else row by row, or, when the source is transposed,
// tile by tile through 8x8 squares straight into the output. Other dtypes go through the span driver of loops.h.

#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

// ---- conversion

/** As x86 converts, which is what PyTorch gives: int64 and int32 of NaN or too large a value are the smallest integer,
 * the narrower integers are the low bits of the int32. */
template <class To, class From>
FB_INLINE To convert(From v) {
  if constexpr (is_bool<To>) {
    return Bool(v != From{0});
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Wide = std::conditional_t<sizeof(To) == 8, int64_t, int32_t>;
    constexpr Wide least = std::numeric_limits<Wide>::min();
    constexpr From low = static_cast<From>(least);
    // A double just below -2^31 still truncates to it.
    const bool fits = (sizeof(Wide) == 4 && sizeof(From) == 8 ? v > low - From{1} : v >= low) & (v < -low);
    const Wide w = static_cast<Wide>(fits ? v : From{0});
    return static_cast<To>(fits ? w : least);
  } else {
    return static_cast<To>(v);
  }
}
template <class To, class From>
void convert_span(std::byte* out, const std::byte* const* in, int64_t n, const double*) {
  To* y = reinterpret_cast<To*>(out);
  const From* x = reinterpret_cast<const From*>(in[0]);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = convert<To>(load(x, i));
}

struct AnyRow {
  static constexpr Domain kDomain = Domain::Any;
};
template <class From>
inline constexpr auto kConvertFrom =
    loops_of<AnyRow>([]<class To>(TypeTag<To>) -> SpanFn { return convert_span<To, From>; });

Span conversion(DType to, DType from) {
  return visit(from, [&]<class From>(TypeTag<From>) {
    return Span{kConvertFrom<std::conditional_t<is_half<From>, float, From>>[loop_of(to)]};
  });
}

// ---- raw copies

template <class F>
void with_raw(DType d, F&& f) {
  switch (item_size(d)) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

template <class T>
void copy_tiles(const loops::Space& s, int64_t begin, int64_t end) {
  constexpr int64_t kTile = 64;
  const int row_dim = s.ndim - 2;
  const int64_t rows = s.sizes[row_dim], cols = s.inner();
  const int64_t row_tiles = (rows + kTile - 1) / kTile, col_tiles = (cols + kTile - 1) / kTile;
  for (int64_t tile = begin; tile < end; tile++) {
    const int64_t col = tile % col_tiles * kTile, row = tile / col_tiles % row_tiles * kTile;
    const loops::Cursor at(s, tile / col_tiles / row_tiles, row_dim);
    T* to = reinterpret_cast<T*>(s.data[0]) + at.offset[0] + row * s.strides[0][row_dim] + col;
    const T* from = reinterpret_cast<const T*>(s.data[1]) + at.offset[1] + row + col * s.inner_stride(1);
    loops::gather_transposed(to, s.strides[0][row_dim], from, s.inner_stride(1), std::min(kTile, rows - row),
                             std::min(kTile, cols - col));
  }
}
/** The elements [begin, end) of a dense copy, or of a fill, past the caches. */
template <class T>
void stream_range(const loops::Space& s, int64_t begin, int64_t end) {
  T* const to = reinterpret_cast<T*>(s.data[0]) + begin;
  const T* const from = reinterpret_cast<const T*>(s.data[1]);
  const size_t bytes = static_cast<size_t>(end - begin) * sizeof(T);
  if (s.inner_stride(1) == 0)
    stream_value(to, from, sizeof(T), bytes);
  else
    stream_bytes(to, from + begin, bytes);
  stream_end();
}
template <class T>
void copy_rows(const loops::Space& s, int64_t begin, int64_t end) {
  const int64_t inner = s.inner(), to_stride = s.inner_stride(0), from_stride = s.inner_stride(1);
  loops::Cursor at(s, begin / inner, s.ndim - 1);
  for (int64_t i = begin, col = begin % inner; i < end; col = 0) {
    const int64_t n = std::min(inner - col, end - i);
    T* to = reinterpret_cast<T*>(s.data[0]) + at.offset[0] + col * to_stride;
    const T* from = reinterpret_cast<const T*>(s.data[1]) + at.offset[1] + col * from_stride;
    if (to_stride == 1)
      loops::gather(to, from, from_stride, n);
    else
      for (int64_t j = 0; j < n; j++) to[j * to_stride] = from[j * from_stride];
    i += n;
    at.next(s, s.ndim - 1);
  }
}
/** Rows of K elements: K rows of the source side by side, which the compiler interleaves where they are contiguous. */
template <class T, int K>
void copy_few(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t from_stride, int64_t rows) {
  if (to_row == K && from_row == 1) {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t j = 0; j < K; j++) to[r * K + j] = from[r + j * from_stride];
  } else {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t j = 0; j < K; j++) to[r * to_row + j] = from[r * from_row + j * from_stride];
  }
}
/** Rows [begin, end) that are short, and contiguous in the result: those that differ in the dim before the last at
 * once. */
template <class T>
void copy_short_rows(const loops::Space& s, int64_t begin, int64_t end) {
  const int d = s.ndim - 2;
  const int64_t n = s.inner(), line = s.sizes[d], from_stride = s.inner_stride(1);
  const int64_t to_row = s.strides[0][d], from_row = s.strides[1][d];
  loops::Cursor at(s, begin / line, d);
  for (int64_t first = begin % line; begin < end; first = 0, at.next(s, d)) {
    const int64_t rows = std::min(line - first, end - begin);
    T* to = reinterpret_cast<T*>(s.data[0]) + at.offset[0] + first * to_row;
    const T* from = reinterpret_cast<const T*>(s.data[1]) + at.offset[1] + first * from_row;
    if (n == 2) {
      copy_few<T, 2>(to, to_row, from, from_row, from_stride, rows);
    } else if (n == 3) {
      copy_few<T, 3>(to, to_row, from, from_row, from_stride, rows);
    } else if (n == 4) {
      copy_few<T, 4>(to, to_row, from, from_row, from_stride, rows);
    } else {
      for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < n; j++) to[r * to_row + j] = from[r * from_row + j * from_stride];
    }
    begin += rows;
  }
}
template <class T>
void copy_space(loops::Space& s) {
  if (s.numel == 0) return;
  const int64_t grain = kGrain * 4 / static_cast<int64_t>(sizeof(T));
  if (s.ndim == 1 && s.inner_stride(0) == 1 && s.inner_stride(1) >= 0 && s.inner_stride(1) <= 1 &&
      s.numel * static_cast<int64_t>(sizeof(T)) * (1 + s.inner_stride(1)) >= streaming_bytes()) {
    return parallel_for(s.numel, grain, [&](int64_t b, int64_t e) { stream_range<T>(s, b, e); });
  }
  if constexpr (kSmallCopy) return parallel_for(s.numel, grain, [&](int64_t b, int64_t e) { copy_rows<T>(s, b, e); });
  const int d = s.inner_stride(0) == 1 ? loops::tile_dim(s) : -1;
  constexpr int64_t kShort = 16;
  if (d < 0 && s.ndim > 1 && s.inner() <= kShort && s.inner_stride(0) == 1) {
    return parallel_for(s.numel / s.inner(), grain / s.inner(),
                        [&](int64_t b, int64_t e) { copy_short_rows<T>(s, b, e); });
  }
  if (d < 0) return parallel_for(s.numel, grain, [&](int64_t b, int64_t e) { copy_rows<T>(s, b, e); });
  s.make_rows(d);
  const int64_t rows = s.sizes[s.ndim - 2], cols = s.inner();
  const int64_t tiles = s.numel / rows / cols * ((rows + 63) / 64) * ((cols + 63) / 64);
  parallel_for(tiles, 8, [&](int64_t b, int64_t e) { copy_tiles<T>(s, b, e); });
}

bool repeats_one(const Plan& plan, const Operand& x) {
  for (int d = 0; d < plan.ndim; d++)
    if (x.strides[d] != 0 && plan.sizes[d] != 1) return false;
  return true;
}

void copy_kernel(const Plan& plan) {
  plan.expect(2, 0);
  Plan::require(!plan.structured, "expected a map plan");
  const DType to = plan.operand[0].dtype, from = plan.operand[1].dtype;
  if (plan.numel() == 0) return;
  if (to == from) {
    loops::Space space(plan, 2, Halves::raw);
    return with_raw(to, [&]<class T>(T) { copy_space<T>(space); });
  }
  if (!repeats_one(plan, plan.operand[1])) return run_map(plan, 2, conversion(to, from), kCheap);
  // One value for all: convert it once, in a plan of one element, and repeat it.
  alignas(8) std::byte value[8];
  Plan one = plan;
  one.ndim = 0;
  one.operand[0].data = value;
  run_map(one, 2, conversion(to, from), kCheap);
  Plan repeat = plan;
  repeat.operand[1].data = value;
  repeat.operand[1].dtype = to;
  loops::Space space(repeat, 2, Halves::raw);
  with_raw(to, [&]<class T>(T) { copy_space<T>(space); });
}

// ---- joining

/**
 * Structured (out [rows, cols], a part [rows, some of cols] each) of one dtype, rows dense: the parts of a row one
 * after the other, so that the result is written in the order of memory. Threads share out its bytes.
 */
void join_kernel(const Plan& plan) {
  const Operand& out = plan.operand[0];
  Plan::require(plan.structured && plan.params == 0 && plan.operands >= 2 && out.ndim == 2, "expected matrices");
  const int64_t rows = out.sizes[0], item = static_cast<int64_t>(item_size(out.dtype));
  int64_t cols = 0, least = out.sizes[1];
  for (int k = 0; k < plan.operands; k++) {
    const Operand& x = plan.operand[k];
    Plan::require(x && x.dtype == out.dtype && x.ndim == 2 && x.sizes[0] == rows, "the parts do not fit");
    Plan::require(x.strides[1] == 1 || x.sizes[1] <= 1, "expected dense rows");
    least = std::min(least, x.sizes[1]);
    if (k > 0) cols += x.sizes[1];
  }
  Plan::require(cols == out.sizes[1], "the parts do not fill the result");
  if (rows == 0 || cols == 0) return;
  const int64_t width = cols * item, line = static_cast<int64_t>(kLine);
  // The lines that two parts share are written as usual: there should be many others.
  const bool stream = 2 * rows * width >= streaming_bytes() && least * item >= 8 * line;
  parallel_for(rows * ((width + line - 1) / line), kGrain * 4 / line, [&](int64_t begin, int64_t end) {
    const int64_t lines = (width + line - 1) / line;
    for (int64_t i = begin / lines; i * lines < end; i++) {
      const int64_t first = std::max<int64_t>(0, begin - i * lines) * line;
      const int64_t last = std::min(width, (end - i * lines) * line);
      int64_t at = 0;  // where the part begins in the row
      for (int k = 1; k < plan.operands && at < last; k++) {
        const Operand& x = plan.operand[k];
        const int64_t a = std::max(first, at), b = std::min(last, at + x.sizes[1] * item);
        if (a < b) {
          std::byte* to = out.data + i * out.strides[0] * item + a;
          const std::byte* from = x.data + i * x.strides[0] * item + (a - at);
          if (stream)
            stream_bytes(to, from, static_cast<size_t>(b - a));
          else
            move_bytes(to, from, static_cast<size_t>(b - a));
        }
        at += x.sizes[1] * item;
      }
    }
    if (stream) stream_end();
  });
}

// ---- sequences

/** Calls `value(i)` for each element of a vector and stores what it gives. */
template <class T, class F>
void generate(const Plan& plan, F&& value) {
  Plan::require(!plan.structured && plan.ndim <= 1, "expected a vector");
  const int64_t n = plan.ndim == 0 ? 1 : plan.sizes[0], stride = plan.ndim == 0 ? 1 : plan.operand[0].strides[0];
  T* out = plan.operand[0].as<T>();
  parallel_for(n, kCheap, [&](int64_t begin, int64_t end) {
    if (stride == 1) {
      for (int64_t i = begin; i < end; i++) out[i] = value(i);
    } else {
      for (int64_t i = begin; i < end; i++) out[i * stride] = value(i);
    }
  });
}

/** start + i·step: in double for floats, in float for the halves, exactly for integers. */
void arange_kernel(const Plan& plan) {
  plan.expect(1, 2);
  const double start = plan.param[0], step = plan.param[1];
  visit(plan.operand[0].dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (is_bool<T>) {
      Plan::require(false, "arange: not for bool");
    } else if constexpr (is_half<T>) {
      const float a = static_cast<float>(start), b = static_cast<float>(step);
      generate<T>(plan, [=](int64_t i) { return T(a + b * static_cast<float>(i)); });
    } else if constexpr (std::is_floating_point_v<T>) {
      generate<T>(plan, [=](int64_t i) { return static_cast<T>(start + step * static_cast<double>(i)); });
    } else {
      const auto a = static_cast<uint64_t>(fn::as<int64_t>(start)), b = static_cast<uint64_t>(fn::as<int64_t>(step));
      generate<T>(plan, [=](int64_t i) { return static_cast<T>(a + b * static_cast<uint64_t>(i)); });
    }
  });
}

/** From both ends towards the middle, so that the last value is `end` itself; in the dtype's own arithmetic. */
void linspace_kernel(const Plan& plan) {
  plan.expect(1, 2);
  const double start = plan.param[0], end = plan.param[1];
  const int64_t n = plan.numel(), half = n / 2;
  visit(plan.operand[0].dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (is_bool<T>) {
      Plan::require(false, "not for bool");
    } else if constexpr (is_floating<T>) {
      using C = Compute<T>;
      const T a = static_cast<T>(static_cast<C>(start)), b = static_cast<T>(static_cast<C>(end));
      const T span = static_cast<T>(static_cast<C>(b) - static_cast<C>(a));
      const T step = n > 1 ? static_cast<T>(static_cast<C>(span) / static_cast<C>(n - 1)) : T(0);
      generate<T>(plan, [=](int64_t i) {
        const bool low = i < half || n == 1;
        const T way = static_cast<T>(static_cast<C>(step) * static_cast<C>(low ? i : n - 1 - i));
        return static_cast<T>(low ? static_cast<C>(a) + static_cast<C>(way) : static_cast<C>(b) - static_cast<C>(way));
      });
    } else {
      const double a = std::trunc(start), b = std::trunc(end), step = n > 1 ? (b - a) / static_cast<double>(n - 1) : 0;
      generate<T>(plan, [=](int64_t i) {
        const bool low = i < half || n == 1;
        return fn::as<T>(low ? a + step * static_cast<double>(i) : b - step * static_cast<double>(n - 1 - i));
      });
    }
  });
}

// ---- triangles

/** Structured (out, x) of one dtype and one shape [.., m, n]: keeps one side of the diagonal, zeroes the other. */
template <bool lower>
void triangle_kernel(const Plan& plan) {
  plan.expect(2, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.ndim == in.ndim && out.ndim >= 2, "expected two matrices or stacks of them");
  Plan::require(out.dtype == in.dtype, "operands differ in dtype");
  for (int d = 0; d < out.ndim; d++) Plan::require(out.sizes[d] == in.sizes[d], "operands differ in shape");
  const int64_t rows = out.sizes[out.ndim - 2], cols = out.sizes[out.ndim - 1], numel = out.numel();
  if (numel == 0) return;
  const int64_t diagonal = fn::as<int64_t>(std::clamp(plan.param[0], -0x1p62, 0x1p62));
  const int64_t to_stride = out.strides[out.ndim - 1], from_stride = in.strides[in.ndim - 1];
  with_raw(out.dtype, [&]<class T>(T) {
    parallel_for(numel / cols, std::max<int64_t>(1, kGrain / cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; r++) {
        int64_t to_offset = 0, from_offset = 0, rest = r;
        for (int d = out.ndim - 2; d >= 0; d--) {
          const int64_t i = rest % out.sizes[d];
          rest /= out.sizes[d];
          to_offset += i * out.strides[d];
          from_offset += i * in.strides[d];
        }
        T* to = out.as<T>() + to_offset;
        const T* from = in.as<T>() + from_offset;
        // Columns below `edge` are on or under the diagonal (tril), or strictly under it (triu).
        const int64_t edge = std::clamp<int64_t>(r % rows + diagonal + (lower ? 1 : 0), 0, cols);
        for (int64_t j = 0; j < edge; j++) to[j * to_stride] = lower ? from[j * from_stride] : T{0};
        for (int64_t j = edge; j < cols; j++) to[j * to_stride] = lower ? T{0} : from[j * from_stride];
      }
    });
  });
}

}  // namespace

void register_copy(KernelTable& table) {
  table.add("copy", copy_kernel);             // map (out, x): any dtype to any dtype
  table.add("fill", copy_kernel);             // map (out, value with zero strides): any dtype to any dtype
  table.add("join", join_kernel);             // structured (out, part…): rows one after the other
  table.add("arange", arange_kernel);         // map (out) of one dim [start, step], numbers
  table.add("linspace", linspace_kernel);     // map (out) of one dim [start, end], numbers
  table.add("tril", triangle_kernel<true>);   // structured (out, x) [diagonal]: keeps j - i <= diagonal
  table.add("triu", triangle_kernel<false>);  // structured (out, x) [diagonal]: keeps j - i >= diagonal
}

}  // namespace flambeau::FB_ISA
