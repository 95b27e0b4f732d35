// Moving and making values: copy with conversion, fill, join, arange, linspace, tril, triu; registered by backend.cc.
#include "kernels.h"
#include "rows.cuh"

namespace flambeau::cuda {
namespace {

// ---- conversion

/** As the CPU converts: int64 and int32 of NaN or too large a value are the smallest integer, the narrower integers are
 * the low bits of the int32. */
template <class To, class From>
__device__ __forceinline__ To convert(From v) {
  if constexpr (std::is_same_v<To, bool>) {
    return v != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr To least = std::numeric_limits<To>::min();
    constexpr From low = static_cast<From>(least);
    const bool fits = (sizeof(To) == 4 && sizeof(From) == 8 ? v > low - From{1} : v >= low) && v < -low;
    return fits ? static_cast<To>(v) : least;
  } else {
    return static_cast<To>(v);
  }
}

/** A copy from the class C to that of R; bool is a class of its own, and so are int64 and the narrower integers. */
template <class C, class R>
struct ConvertOp {
  static constexpr int kPerThread = 4;
  __device__ __forceinline__ R call(const C (&in)[1]) const { return convert<R>(in[0]); }
};
template <class C>
void convert_from(const Plan& plan) {
  const DType to = plan.operand[0].dtype;
  switch (to) {
    case DType::f32:
    case DType::f16:
    case DType::bf16: return run_map<C, 2>(plan, ConvertOp<C, float>{});
    case DType::f64: return run_map<C, 2>(plan, ConvertOp<C, double>{});
    case DType::b8: return run_map<C, 2>(plan, ConvertOp<C, bool>{});
    case DType::i64: return run_map<C, 2>(plan, ConvertOp<C, int64_t>{});
    default: return run_map<C, 2>(plan, ConvertOp<C, int32_t>{});
  }
}

/** The dtype of whole numbers that has the size of `d`. */
DType bits_like(DType d) {
  switch (item_size(d)) {
    case 1: return DType::u8;
    case 2: return DType::i16;
    case 4: return DType::i32;
    default: return DType::i64;
  }
}

/** Squares of kTile × kTile through shared memory: both sides read and write whole rows. */
inline constexpr int kTile = 32, kTileRows = 8;
template <class T>
__global__ void transpose_kernel(T* out, const T* in, int64_t rows, int64_t cols, int64_t out_row, int64_t in_col,
                                 int64_t out_batch, int64_t in_batch) {
  __shared__ T tile[kTile][kTile + 1];
  const int64_t r0 = static_cast<int64_t>(blockIdx.y) * kTile, c0 = static_cast<int64_t>(blockIdx.x) * kTile;
  out += static_cast<int64_t>(blockIdx.z) * out_batch;
  in += static_cast<int64_t>(blockIdx.z) * in_batch;
  for (int j = threadIdx.y; j < kTile; j += kTileRows)
    if (c0 + j < cols && r0 + threadIdx.x < rows) tile[j][threadIdx.x] = in[(c0 + j) * in_col + r0 + threadIdx.x];
  __syncthreads();
  for (int j = threadIdx.y; j < kTile; j += kTileRows)
    if (r0 + j < rows && c0 + threadIdx.x < cols) out[(r0 + j) * out_row + c0 + threadIdx.x] = tile[threadIdx.x][j];
}

/** A copy of equal dtypes whose last two dims are exchanged: true if it was one. */
bool transpose(const Plan& plan) {
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  const int n = plan.ndim;
  if (n < 2 || n > 3 || in.device == 0 || out.strides[n - 1] != 1 || in.strides[n - 2] != 1) return false;
  const int64_t rows = plan.sizes[n - 2], cols = plan.sizes[n - 1], batch = n == 3 ? plan.sizes[0] : 1;
  if (rows < kTile / 2 || cols < kTile / 2 || batch > 65535 || ceil_div<int64_t>(rows, kTile) > 65535) return false;
  const Grid blocks{static_cast<unsigned>(ceil_div<int64_t>(cols, kTile)),
                    static_cast<unsigned>(ceil_div<int64_t>(rows, kTile)), static_cast<unsigned>(batch)};
  const auto go = [&]<class T>(T) {
    launch(transpose_kernel<T>, blocks, {kTile, kTileRows}, 0, device_data<T>(out), device_data<T>(in), rows, cols,
           out.strides[n - 2], in.strides[n - 1], n == 3 ? out.strides[0] : 0, n == 3 ? in.strides[0] : 0);
  };
  switch (item_size(out.dtype)) {
    case 1: go(uint8_t{}); break;
    case 2: go(uint16_t{}); break;
    case 4: go(uint32_t{}); break;
    default: go(uint64_t{}); break;
  }
  return true;
}

struct MoveOp {
  static constexpr int kPerThread = 4;
  __device__ __forceinline__ int64_t call(const int64_t (&in)[1]) const { return in[0]; }
};
void copy_kernel(const Plan& plan) {
  plan.expect(2, 0);
  Plan::require(!plan.structured, "expected a map plan");
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  if (plan.numel() == 0) return;
  if (out.dtype != in.dtype) {
    return visit_class(in.dtype, [&]<class C>(C) { convert_from<C>(plan); });
  }
  if (in.device != 0 && plan.ndim <= 1 && out.device != 0 &&
      (plan.ndim == 0 || (out.strides[0] == 1 && in.strides[0] == 1))) {
    const size_t bytes = static_cast<size_t>(plan.numel()) * item_size(out.dtype);
    return check(cudaMemcpyAsync(out.data, in.data, bytes, cudaMemcpyDeviceToDevice, current().stream), "copy");
  }
  if (transpose(plan)) return;
  Plan bits = plan;
  for (int k : {0, 1}) bits.operand[k].dtype = bits_like(out.dtype);
  run_map<int64_t, 2>(bits, MoveOp{});
}

// ---- joining

/** Parts of rows that lie beside each other in the result, by value; widths and steps in units of T. */
inline constexpr int kParts = 32;
template <class T>
struct Parts {
  T* out;
  int64_t out_row;
  struct {
    const T* in;
    int64_t row;
    uint32_t column, total;  // where it goes, and rows × width
    Divider width;
  } part[kParts];
};
template <class T>
__global__ void join_kernel(const __grid_constant__ Parts<T> parts) {
  const auto& p = parts.part[blockIdx.y];
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < p.total; i += gridDim.x * blockDim.x) {
    const uint32_t r = p.width.divide(i), c = i - r * p.width.divisor;
    parts.out[r * parts.out_row + p.column + c] = p.in[r * p.row + c];
  }
}

/** All parts in one launch, as far as they fit, in units that all of them are made of. */
template <class T>
void join_units(const Plan& plan) {
  const Operand& out = plan.operand[0];
  const int64_t item = static_cast<int64_t>(item_size(out.dtype)), unit = sizeof(T), rows = out.sizes[0];
  const auto step = [&](const Operand& x) { return rows > 1 ? x.strides[0] * item / unit : 0; };
  // row by row where rows × width would not fit 32 bits
  const int64_t widest = std::max<int64_t>(1, out.sizes[1] * item / unit);
  const int64_t slice = std::min(rows, std::max<int64_t>(1, ((int64_t{1} << 30) - 1) / widest));
  for (int64_t row = 0; row < rows; row += slice) {
    const int64_t count = std::min(slice, rows - row);
    Parts<T> parts;
    int n = 0;
    int64_t column = 0, most = 0;
    parts.out = device_data<T>(out) + row * step(out);
    parts.out_row = step(out);
    const auto flush = [&] {
      if (n == 0) return;
      const unsigned threads = threads_for(most);
      const unsigned blocks = static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(most, threads), 1 << 16));
      launch(join_kernel<T>, {blocks, static_cast<unsigned>(n)}, {threads}, 0, parts);
      n = 0;
      most = 0;
    };
    for (int k = 1; k < plan.operands; k++) {
      const Operand& x = plan.operand[k];
      const int64_t width = x.sizes[1] * item / unit;
      if (width == 0) continue;
      Plan::require(width * count < int64_t{1} << 31 && column + width < int64_t{1} << 32, "too large for a GPU");
      parts.part[n++] = {device_data<T>(x) + row * step(x), step(x), static_cast<uint32_t>(column),
                         static_cast<uint32_t>(width * count), Divider(static_cast<uint32_t>(width))};
      most = std::max(most, width * count);
      column += width;
      if (n == kParts) flush();
    }
    flush();
  }
}

/** Structured (out [rows, cols], a part [rows, some of cols] each) of one dtype, rows dense. */
void join(const Plan& plan) {
  const Operand& out = plan.operand[0];
  Plan::require(plan.structured && plan.params == 0 && plan.operands >= 2 && out.ndim == 2, "expected matrices");
  const int64_t item = static_cast<int64_t>(item_size(out.dtype));
  int64_t cols = 0, odd = 0;
  for (int k = 0; k < plan.operands; k++) {
    const Operand& x = plan.operand[k];
    Plan::require(x && x.dtype == out.dtype && x.ndim == 2 && x.sizes[0] == out.sizes[0], "the parts do not fit");
    Plan::require(x.strides[1] == 1 || x.sizes[1] <= 1, "expected dense rows");
    if (k > 0) cols += x.sizes[1];
    // bits that tell which units of 2, 4, 8 and 16 bytes rows begin with and are made of
    odd |= static_cast<int64_t>(reinterpret_cast<uintptr_t>(x.data)) | x.sizes[1] * item;
    if (out.sizes[0] > 1) odd |= x.strides[0] * item;
  }
  Plan::require(cols == out.sizes[1], "the parts do not fill the result");
  if (odd % 16 == 0) return join_units<uint4>(plan);
  if (odd % 8 == 0) return join_units<uint2>(plan);
  if (odd % 4 == 0) return join_units<uint32_t>(plan);
  if (odd % 2 == 0) return join_units<uint16_t>(plan);
  join_units<uint8_t>(plan);
}

// ---- sequences

/** out[i·stride] = value(i). */
template <class T, class F>
__global__ void generate_kernel(T* out, int64_t n, int64_t stride, const __grid_constant__ F value) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x)
    out[i * stride] = value(i);
}
template <class T, class F>
void generate(const Plan& plan, const F& value) {
  Plan::require(!plan.structured && plan.ndim <= 1, "expected a vector");
  const int64_t n = plan.ndim == 0 ? 1 : plan.sizes[0], stride = plan.ndim == 0 ? 1 : plan.operand[0].strides[0];
  if (n == 0) return;
  const unsigned threads = threads_for(n);
  launch(generate_kernel<T, F>, {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(n, threads), 1 << 20))},
         {threads}, 0, device_data<T>(plan.operand[0]), n, stride, value);
}

/** start + i·step: in double for floats, in float for the halves, exactly for integers. */
template <class T>
struct Arange {
  double start, step;
  uint64_t first, next;
  __device__ T operator()(int64_t i) const {
    if constexpr (is_half<T>)
      return T(static_cast<float>(start) + static_cast<float>(step) * static_cast<float>(i));
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(start + step * static_cast<double>(i));
    else
      return static_cast<T>(first + next * static_cast<uint64_t>(i));
  }
};
void arange_kernel(const Plan& plan) {
  plan.expect(1, 2);
  const double start = plan.param[0], step = plan.param[1];
  visit(plan.operand[0].dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (is_bool<T>)
      Plan::require(false, "arange: not for bool");
    else
      generate<T>(plan, Arange<T>{start, step, static_cast<uint64_t>(fn::as<int64_t>(start)),
                                  static_cast<uint64_t>(fn::as<int64_t>(step))});
  });
}

/** From both ends towards the middle, so that the last value is `end` itself; in the dtype's own arithmetic. */
template <class T>
struct Linspace {
  double start, end, step;
  int64_t n;
  __device__ T operator()(int64_t i) const {
    const bool low = i < n / 2 || n == 1;
    const int64_t from = low ? i : n - 1 - i;
    if constexpr (is_floating<T>) {
      using C = Compute<T>;
      const C way = static_cast<C>(static_cast<T>(static_cast<C>(step) * static_cast<C>(from)));
      return static_cast<T>(low ? static_cast<C>(start) + way : static_cast<C>(end) - way);
    } else {
      return fn::as<T>(low ? start + step * static_cast<double>(from) : end - step * static_cast<double>(from));
    }
  }
};
void linspace_kernel(const Plan& plan) {
  plan.expect(1, 2);
  const double start = plan.param[0], end = plan.param[1];
  const int64_t n = plan.numel();
  visit(plan.operand[0].dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (is_bool<T>) {
      Plan::require(false, "not for bool");
    } else if constexpr (is_floating<T>) {
      using C = Compute<T>;
      const C a = static_cast<C>(static_cast<T>(static_cast<C>(start)));
      const C b = static_cast<C>(static_cast<T>(static_cast<C>(end)));
      const C span = static_cast<C>(static_cast<T>(b - a));
      const C step = n > 1 ? static_cast<C>(static_cast<T>(span / static_cast<C>(n - 1))) : C{0};
      generate<T>(plan, Linspace<T>{static_cast<double>(a), static_cast<double>(b), static_cast<double>(step), n});
    } else {
      const double a = std::trunc(start), b = std::trunc(end), step = n > 1 ? (b - a) / static_cast<double>(n - 1) : 0;
      generate<T>(plan, Linspace<T>{a, b, step, n});
    }
  });
}

// ---- triangles

inline constexpr int kMatrixDims = 16;
/** Where the rows of a stack of matrices are, by value. */
struct Rows {
  int dims;
  int64_t sizes[kMatrixDims], out[kMatrixDims], in[kMatrixDims];
};
template <class T>
__global__ void triangle_cells(T* out, const T* in, int64_t total, int64_t rows, int64_t cols, int64_t out_col,
                               int64_t in_col, int64_t diagonal, bool lower, const __grid_constant__ Rows at) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t r = i / cols, j = i - r * cols;
    int64_t to = 0, from = 0, rest = r;
    for (int d = at.dims - 1; d >= 0; d--) {
      const int64_t next = rest / at.sizes[d], k = rest - next * at.sizes[d];
      rest = next;
      to += k * at.out[d];
      from += k * at.in[d];
    }
    const bool kept = lower ? j - r % rows <= diagonal : j - r % rows >= diagonal;
    out[to + j * out_col] = kept ? in[from + j * in_col] : T{0};
  }
}
/** Structured (out, x) of one dtype and one shape [.., m, n]: keeps one side of the diagonal, zeroes the other. */
template <bool lower>
void triangle_kernel(const Plan& plan) {
  plan.expect(2, 1);
  const Operand &out = plan.operand[0], &in = plan.operand[1];
  Plan::require(plan.structured && out.ndim == in.ndim && out.ndim >= 2, "expected two matrices or stacks of them");
  Plan::require(out.dtype == in.dtype, "operands differ in dtype");
  for (int d = 0; d < out.ndim; d++) Plan::require(out.sizes[d] == in.sizes[d], "operands differ in shape");
  Plan::require(out.ndim - 1 <= kMatrixDims, "too many dimensions for a GPU");
  const int64_t rows = out.sizes[out.ndim - 2], cols = out.sizes[out.ndim - 1], numel = out.numel();
  if (numel == 0) return;
  Rows at{out.ndim - 1, {}, {}, {}};
  for (int d = 0; d < at.dims; d++) {
    at.sizes[d] = out.sizes[d];
    at.out[d] = out.strides[d];
    at.in[d] = in.strides[d];
  }
  const int64_t diagonal = fn::as<int64_t>(std::min(std::max(plan.param[0], -0x1p61), 0x1p61));
  const unsigned threads = threads_for(numel);
  const Grid blocks{static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(numel, threads), 1 << 20))};
  const auto go = [&]<class T>(T) {
    launch(triangle_cells<T>, blocks, {threads}, 0, device_data<T>(out), device_data<T>(in), numel, rows, cols,
           out.strides[out.ndim - 1], in.strides[in.ndim - 1], diagonal, lower, at);
  };
  switch (item_size(out.dtype)) {
    case 1: go(uint8_t{}); break;
    case 2: go(uint16_t{}); break;
    case 4: go(uint32_t{}); break;
    default: go(uint64_t{}); break;
  }
}

}  // namespace

void register_copy(KernelTable& table) {
  table.add("copy", copy_kernel);
  table.add("fill", copy_kernel);
  table.add("join", join);
  table.add("arange", arange_kernel);
  table.add("linspace", linspace_kernel);
  table.add("tril", triangle_kernel<true>);
  table.add("triu", triangle_kernel<false>);
}

}  // namespace flambeau::cuda
