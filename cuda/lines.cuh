// Kernels that work along one dim (softmax, norms, cross entropy) see tensors as lines. A line is shared by a team:
// some lanes of a warp, a block, or, where neighbouring lines lie side by side in memory, a column of a block whose
// warps run across 32 lines. The host's half is lines.cu.
//
// Each thread keeps the values that it has read in slots of shared memory, which no other thread touches, so that a
// line of some thousand elements is read once. Longer ones are read again.
#pragma once
#include <initializer_list>

#include "block.cuh"
#include "loops.cuh"

namespace flambeau::cuda {

inline constexpr int kLineDims = 16, kLineOperands = 3;
inline constexpr size_t kSharedBytes = 48 * 1024;
/** The most of a block: each may then have 128 registers. Kernels say so, for the compiler to keep to it. */
inline constexpr unsigned kLineThreads = 512;

enum class TeamKind : uint8_t { Lanes, Block, Column };

/** Lines of up to kLineOperands tensors of one class of dtypes, by value. */
struct Lines {
  int64_t lines = 1, n = 1;  // how many, and the elements of each
  int ndim = 0;              // dims that the lines lie in, the innermost first
  bool narrow = true;        // fewer than 2³¹ lines: their places are found with multiplications
  Divider dividers[kLineDims];
  int64_t sizes[kLineDims];
  int64_t strides[kLineOperands][kLineDims];
  int64_t step[kLineOperands] = {};  // along a line
  void* data[kLineOperands] = {};
  DType dtype[kLineOperands] = {};
  // An element i of a line in two dims (batch norm): i % inner steps, and i / inner outer steps.
  bool split = false;
  Divider inner;
  int64_t outer_step[kLineOperands] = {};

  TeamKind kind = TeamKind::Lanes;
  bool vectors = false;      // elements move in fours
  bool cached = false;       // the slots hold a whole line
  unsigned team = 1;         // threads of a line, a power of two
  unsigned per_block = 1;    // lines of a block
  unsigned threads = kWarp;  // of a block
  unsigned slots = 0;        // of a thread, for one value of each of its first elements; a multiple of 4
  unsigned scratch = 0;      // bytes in front of the slots, for reductions
  unsigned shared = 0;       // bytes of shared memory

  int64_t blocks() const { return ceil_div<int64_t>(lines, per_block); }

  __device__ __forceinline__ void offsets(int64_t line, int64_t (&at)[kLineOperands]) const {
#pragma unroll
    for (int k = 0; k < kLineOperands; k++) at[k] = 0;
    for (int d = 0; d < ndim; d++) {
      const int64_t rest = d + 1 == ndim ? 0
                           : narrow      ? dividers[d].divide(static_cast<uint32_t>(line))
                                         : line / sizes[d];
      const int64_t i = line - rest * sizes[d];
      line = rest;
#pragma unroll
      for (int k = 0; k < kLineOperands; k++) at[k] += i * strides[k][d];
    }
  }
};

/** Adds an inner dim that the lines lie in, as a step for each operand. */
void add_dim(Lines& l, int64_t size, const int64_t (&steps)[kLineOperands]);
/** Lines along `dim` of operands of one shape and dtype; absent ones are left out. */
Lines lines_along(std::initializer_list<const Operand*> operands, int dim);
/** Rows of matrices. */
inline Lines rows_of(std::initializer_list<const Operand*> operands) { return lines_along(operands, 1); }

/**
 * Chooses teams. `values` of each element are to be kept in slots of `item` bytes, and reductions join `joined` bytes.
 * `across`: the teams may be columns, if that is how the operands lie. `partly`: of a line that is too long for the
 * slots the beginning is kept, and only the rest is read again.
 */
void choose_teams(Lines& l, int values, size_t item, size_t joined, bool across = true, bool partly = false);
/** The bytes of a value in the arithmetic of a dtype. */
inline size_t compute_size(DType d) { return d == DType::f64 ? 8 : 4; }
/** A dtype that norms and losses are for. */
void require_floating(DType d);

/** Up to four elements of a line that a thread handles together: i, i + step, …; `slot` is the first one's. */
struct Piece {
  int64_t i, step, end;
  unsigned slot;
  __device__ __forceinline__ bool has(int j) const { return i + j * step < end; }
  __device__ __forceinline__ int count() const { return has(3) ? 4 : has(2) ? 3 : has(1) ? 2 : has(0) ? 1 : 0; }
};

/** A thread's place among those of its line. */
struct Team {
  unsigned lane, slot;  // its number in the team; the team's number in the block

  __device__ __forceinline__ explicit Team(const Lines& l) {
    if (l.kind == TeamKind::Column) {
      lane = threadIdx.x / kWarp;
      slot = threadIdx.x % kWarp;
    } else {
      lane = threadIdx.x & (l.team - 1);
      slot = threadIdx.x / l.team;
    }
  }
  /** Calls `f(piece)` for this thread's elements among [begin, end) of a line. */
  template <class F>
  __device__ __forceinline__ void pieces(const Lines& l, int64_t begin, int64_t end, F&& f) const {
    const int64_t step = l.vectors ? 1 : l.team, stride = int64_t{4} * l.team;
    unsigned k = 0;
    for (int64_t i = begin + lane * (l.vectors ? 4 : 1); i < end; i += stride, k += 4) f(Piece{i, step, end, k});
  }
  /** A reduction over the team. All threads of the block take part, those of lines past the last one, too. */
  template <class Op, class T>
  __device__ __forceinline__ T reduce(const Lines& l, T v, void* shared) const {
    T* scratch = static_cast<T*>(shared);
    if (l.kind == TeamKind::Lanes) return warp_reduce<Op>(v, static_cast<int>(l.team));
    if (l.kind == TeamKind::Block) return block_reduce<Op>(v, scratch);
    if (l.team == 1) return v;
    __syncthreads();
    scratch[threadIdx.x] = v;
    __syncthreads();
    v = scratch[slot];
    for (unsigned k = 1; k < l.team; k++) v = Op::join(v, scratch[k * kWarp + slot]);
    return v;
  }
};

/** A thread's slots: `Slots(l, shared, v)[k]` is the k-th one of its v-th values. */
template <class C>
struct Slots {
  C* first;
  unsigned step;
  __device__ __forceinline__ Slots(const Lines& l, std::byte* shared, unsigned value)
      : first(reinterpret_cast<C*>(shared + l.scratch) + static_cast<size_t>(value) * l.slots * l.threads +
              threadIdx.x),
        step(l.threads) {}
  __device__ __forceinline__ C& operator[](unsigned k) const { return first[k * step]; }
};

template <class C>
__device__ __forceinline__ std::byte* place(void* base, int64_t i, DType d) {
  const int shift = sizeof(C) == 8 ? 3 : d == DType::f32 ? 2 : 1;
  return static_cast<std::byte*>(base) + (i << shift);
}
/** Where element i of a line is. */
__device__ __forceinline__ int64_t along(const Lines& l, int k, int64_t i) {
  if (!l.split) return i * l.step[k];
  const uint32_t whole = static_cast<uint32_t>(i), outer = l.inner.divide(whole);
  return static_cast<int64_t>(outer) * l.outer_step[k] +
         static_cast<int64_t>(whole - outer * l.inner.divisor) * l.step[k];
}
/** A piece of operand k's line that begins at element `at`; 0 for elements that the piece does not have. */
template <class C>
__device__ __forceinline__ void load_piece(C (&v)[4], const Lines& l, int k, int64_t at, const Piece& p) {
  if (l.vectors) return Memory<C>::load4(v, place<C>(l.data[k], at + along(l, k, p.i), l.dtype[k]), 0, l.dtype[k]);
#pragma unroll
  for (int j = 0; j < 4; j++)
    v[j] = p.has(j)
               ? Memory<C>::load(place<C>(l.data[k], at + along(l, k, p.i + j * p.step), l.dtype[k]), 0, l.dtype[k])
               : C{0};
}
template <class C>
__device__ __forceinline__ void store_piece(const C (&v)[4], const Lines& l, int k, int64_t at, const Piece& p) {
  if (l.vectors) return store4<C>(place<C>(l.data[k], at + along(l, k, p.i), l.dtype[k]), 0, l.dtype[k], v);
#pragma unroll
  for (int j = 0; j < 4; j++)
    if (p.has(j)) store<C>(place<C>(l.data[k], at + along(l, k, p.i + j * p.step), l.dtype[k]), 0, l.dtype[k], v[j]);
}

/**
 * The maximum of a line of operand k and the sum of exp(x - top), for all threads of its team. The line is kept in
 * slots, or read once.
 */
template <class C>
__device__ __forceinline__ void exp_sum(const Lines& l, const Team& t, const Slots<C>& kept, int k, int64_t at,
                                        int64_t n, void* shared, C& top, C& sum) {
  if (l.cached) {
    top = Most<C>::identity();
    sum = 0;
    t.pieces(l, 0, n, [&](const Piece& p) {
      C v[4];
      load_piece(v, l, k, at, p);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        kept[p.slot + j] = v[j];
        top = Most<C>::join(top, v[j]);
      }
    });
    top = t.reduce<Most<C>>(l, top, shared);
    t.pieces(l, 0, n, [&](const Piece& p) {
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (p.has(j)) sum += vm::exp(kept[p.slot + j] - top);
    });
    sum = t.reduce<Add<C>>(l, sum, shared);
  } else {
    ExpSum<C> tail = AddExpSums<C>::identity();
    t.pieces(l, 0, n, [&](const Piece& p) {
      C v[4];
      load_piece(v, l, k, at, p);
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (p.has(j)) tail.add(v[j]);
    });
    tail = t.reduce<AddExpSums<C>>(l, tail, shared);
    top = tail.top;
    sum = tail.sum;
  }
}

/** A small tensor of one dim (or none) and any floating dtype: weights, statistics. */
struct Vector {
  void* data = nullptr;
  int64_t step = 0;
  DType dtype = DType::f32;
  bool dense = false;  // neighbours may be read in fours

  Vector() = default;
  explicit Vector(const Operand& o);
  explicit __host__ __device__ operator bool() const { return data != nullptr; }

  template <class C>
  __device__ __forceinline__ C load(int64_t i) const {
    if (dtype == DType::f64) return static_cast<C>(static_cast<const double*>(data)[i * step]);
    return static_cast<C>(Memory<float>::load(place<float>(data, i * step, dtype), 0, dtype));
  }
  template <class C>
  __device__ __forceinline__ void set(int64_t i, C v) const {
    if (dtype == DType::f64)
      static_cast<double*>(data)[i * step] = static_cast<double>(v);
    else
      store<float>(place<float>(data, i * step, dtype), 0, dtype, static_cast<float>(v));
  }
  /** The elements of a piece; `none` if there is no such tensor. */
  template <class C>
  __device__ __forceinline__ void load_piece(C (&v)[4], const Lines& l, const Piece& p, C none) const {
    if (data && l.vectors && dense && (dtype == DType::f64) == (sizeof(C) == 8))
      return Memory<C>::load4(v, place<C>(data, p.i, dtype), 0, dtype);
#pragma unroll
    for (int j = 0; j < 4; j++) v[j] = data && p.has(j) ? load<C>(p.i + j * p.step) : none;
  }
};

}  // namespace flambeau::cuda
