// Sorting along one dim and what needs an order: sort, topk, kthvalue, median, nanmedian, mode; registered by
// backend.cc.
//
// Elements become unsigned keys that order as PyTorch orders the values (NaN greatest, -0 equal to 0), each with its
// index, so that one implementation serves all dtypes and is stable. Tiles of up to 2048 entries are sorted in shared
// memory by a bitonic network, then merged two by two: each block of a merge finds its parts of both by binary search.
#include "sort.cuh"

#include "../native/backend.h"

namespace flambeau::cuda {
namespace {

inline constexpr int kTile = 2048, kMergeTile = 1024, kMergeThreads = 256;

__device__ __forceinline__ bool less(uint64_t a, uint32_t i, uint64_t b, uint32_t j) {
  return a < b || (a == b && i < j);
}

__device__ __forceinline__ uint64_t read_bits(const void* p, int64_t i, int item) {
  switch (item) {
    case 1: return static_cast<const uint8_t*>(p)[i];
    case 2: return static_cast<const uint16_t*>(p)[i];
    case 4: return static_cast<const uint32_t*>(p)[i];
    default: return static_cast<const uint64_t*>(p)[i];
  }
}
__device__ __forceinline__ uint64_t encode(const Lines& l, int64_t at) {
  uint64_t u = read_bits(l.in, at, l.item);
  const uint64_t all = ~uint64_t{0} >> (64 - 8 * l.item), sign = all ^ (all >> 1);
  if (l.floating) {
    const uint64_t body = u & ~sign;
    u = body > l.infinity ? all : body == 0 ? sign : u & sign ? ~u & all : u | sign;
  } else if (l.is_bool) {
    u = u != 0;
  } else if (l.is_signed) {
    u ^= sign;
  }
  return (u ^ l.flip) & all;
}

/** Where a pass over tiles reads and writes. */
struct Pass {
  const uint64_t* keys;  // entries; null: elements of the lines
  const uint32_t* index;
  uint64_t* out_keys;
  uint32_t* out_index;
  int64_t n, out_n, rows, tiles;  // of a row
  int64_t keep;                   // of each tile, its first entries
};
/** Sorts tiles of `width` entries, a power of 2; a block has as many as its threads can sort, two entries each. */
__global__ void tile_kernel(const __grid_constant__ Lines l, const __grid_constant__ Pass p, int width) {
  __shared__ uint64_t keys[kTile];
  __shared__ uint32_t index[kTile];
  const int entries = 2 * static_cast<int>(blockDim.x);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * (entries / width);
  for (int e = threadIdx.x; e < entries; e += blockDim.x) {
    const int64_t tile = first + e / width, row = tile / p.tiles, i = tile % p.tiles * width + e % width;
    uint64_t key = ~uint64_t{0};
    uint32_t from = ~uint32_t{0};
    if (row < p.rows && i < p.n) {
      if (p.keys) {
        key = p.keys[row * p.n + i];
        from = p.index[row * p.n + i];
      } else {
        int64_t at[1];
        l.cells.offsets(row, 2, at);
        key = encode(l, at[0] + i * l.step);
        from = static_cast<uint32_t>(i);
      }
    }
    keys[e] = key;
    index[e] = from;
  }
  const int t = static_cast<int>(threadIdx.x);
  for (int size = 2; size <= width; size *= 2) {
    for (int step = size / 2; step > 0; step /= 2) {
      __syncthreads();
      const int a = 2 * t - (t & (step - 1)), b = a + step;
      const bool up = (a & (width - 1) & size) == 0;
      const uint64_t ka = keys[a], kb = keys[b];
      const uint32_t ia = index[a], ib = index[b];
      if (less(kb, ib, ka, ia) == up) {
        keys[a] = kb;
        keys[b] = ka;
        index[a] = ib;
        index[b] = ia;
      }
    }
  }
  __syncthreads();
  for (int e = threadIdx.x; e < entries; e += blockDim.x) {
    const int64_t tile = first + e / width, row = tile / p.tiles, i = tile % p.tiles * width + e % width;
    if (row >= p.rows || i >= p.n || e % width >= p.keep) continue;
    const int64_t to = row * p.out_n + tile % p.tiles * p.keep + e % width;
    p.out_keys[to] = keys[e];
    p.out_index[to] = index[e];
  }
}

/** How many of the first `diagonal` entries of both sorted runs are of the first. */
__device__ int64_t split(const uint64_t* ka, const uint32_t* ia, int64_t na, const uint64_t* kb, const uint32_t* ib,
                         int64_t nb, int64_t diagonal) {
  int64_t low = max(int64_t{0}, diagonal - nb), high = min(diagonal, na);
  while (low < high) {
    const int64_t a = (low + high) / 2, b = diagonal - 1 - a;
    if (less(ka[a], ia[a], kb[b], ib[b]))
      low = a + 1;
    else
      high = a;
  }
  return low;
}
/** Merges runs of `run` entries two by two: a block makes kMergeTile entries of the result. */
__global__ void merge_kernel(const uint64_t* keys, const uint32_t* index, uint64_t* out_keys, uint32_t* out_index,
                             int64_t n, int64_t run, int64_t tiles) {
  __shared__ uint64_t k[kMergeTile];
  __shared__ uint32_t x[kMergeTile];
  __shared__ int64_t parts[2];
  const int64_t row = blockIdx.x / tiles, begin = blockIdx.x % tiles * kMergeTile, end = min(begin + kMergeTile, n);
  const int64_t pair = begin / (2 * run) * (2 * run), na = min(run, n - pair), nb = min(2 * run, n - pair) - na;
  const uint64_t *ka = keys + row * n + pair, *kb = ka + na;
  const uint32_t *ia = index + row * n + pair, *ib = ia + na;
  if (threadIdx.x < 2) parts[threadIdx.x] = split(ka, ia, na, kb, ib, nb, (threadIdx.x == 0 ? begin : end) - pair);
  __syncthreads();
  const int64_t a = parts[0], b = begin - pair - a;
  const int count = static_cast<int>(end - begin), mine = static_cast<int>(parts[1] - a);
  for (int e = threadIdx.x; e < count; e += blockDim.x) {
    k[e] = e < mine ? ka[a + e] : kb[b + e - mine];
    x[e] = e < mine ? ia[a + e] : ib[b + e - mine];
  }
  __syncthreads();
  for (int e = threadIdx.x; e < count; e += blockDim.x) {
    // those of the other part that come before
    int low = e < mine ? mine : 0, high = e < mine ? count : mine;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (less(k[middle], x[middle], k[e], x[e]))
        low = middle + 1;
      else
        high = middle;
    }
    const int64_t to = row * n + begin + (e < mine ? e + low - mine : e - mine + low);
    out_keys[to] = k[e];
    out_index[to] = x[e];
  }
}

/** One pass over tiles of the lines, or of entries. */
Entries sort_tiles(const Lines& l, const Entries* from, int64_t n, int64_t rows, int64_t keep) {
  int width = 2;
  while (width < kTile && width < n) width *= 2;
  const int64_t tiles = ceil_div<int64_t>(n, width), last = n - (tiles - 1) * width;
  keep = std::min<int64_t>(keep, width);
  Entries out(rows, (tiles - 1) * keep + std::min(keep, last));
  const unsigned threads = static_cast<unsigned>(std::max(width / 2, 64));
  const int64_t blocks = ceil_div<int64_t>(rows * tiles, 2 * threads / static_cast<unsigned>(width));
  Plan::require(blocks < int64_t{1} << 31, "too many rows to sort on a GPU");
  const Pass pass{from ? from->keys() : nullptr,
                  from ? from->index() : nullptr,
                  out.keys(),
                  out.index(),
                  n,
                  out.n,
                  rows,
                  tiles,
                  keep};
  launch(tile_kernel, {static_cast<unsigned>(blocks)}, {threads}, 0, l, pass, width);
  return out;
}
Entries merge_runs(Entries entries, int64_t rows) {
  const int64_t n = entries.n;
  if (n <= kTile) return entries;
  Entries other(rows, n);
  const int64_t tiles = ceil_div<int64_t>(n, kMergeTile);
  Plan::require(rows * tiles < int64_t{1} << 31, "too many rows to sort on a GPU");
  for (int64_t run = kTile; run < n; run *= 2) {
    launch(merge_kernel, {static_cast<unsigned>(rows * tiles)}, {kMergeThreads}, 0, entries.keys(), entries.index(),
           other.keys(), other.index(), n, run, tiles);
    std::swap(entries, other);
  }
  return entries;
}

// ---- results

/** Values (a copy of the element's bits) and indices. */
struct Results {
  void* values;
  int64_t* indices;
  int64_t value_step, index_step;
};
__device__ __forceinline__ void give(const Lines& l, const Results& r, int64_t row, int64_t j, uint32_t from) {
  int64_t at[3];
  l.cells.offsets(row, 0, at);
  const int64_t to = at[0] + j * r.value_step, where = at[2] + static_cast<int64_t>(from) * l.step;
  r.indices[at[1] + j * r.index_step] = from;
  switch (l.item) {
    case 1: static_cast<uint8_t*>(r.values)[to] = static_cast<const uint8_t*>(l.in)[where]; break;
    case 2: static_cast<uint16_t*>(r.values)[to] = static_cast<const uint16_t*>(l.in)[where]; break;
    case 4: static_cast<uint32_t*>(r.values)[to] = static_cast<const uint32_t*>(l.in)[where]; break;
    default: static_cast<uint64_t*>(r.values)[to] = static_cast<const uint64_t*>(l.in)[where]; break;
  }
}
/** The first `outputs` entries of each row. */
__global__ void give_kernel(const __grid_constant__ Lines l, const __grid_constant__ Results r, const uint32_t* index,
                            int64_t n, int64_t outputs, int64_t total) {
  for (int64_t i = first_cell(); i < total; i += next_cell()) {
    const int64_t row = i / outputs, j = i - row * outputs;
    give(l, r, row, j, index[row * n + j]);
  }
}

enum class Rank { kth, median, nanmedian };
/** One entry of each row: the k-th, or the median, for which NaNs are counted. */
__global__ void rank_kernel(const __grid_constant__ Lines l, const __grid_constant__ Results r, const uint64_t* keys,
                            const uint32_t* index, Rank which, int64_t k, int64_t rows) {
  for (int64_t row = first_cell(); row < rows; row += next_cell()) {
    const uint64_t nan = ~uint64_t{0} >> (64 - 8 * l.item);
    int64_t at = k;
    if (which != Rank::kth) {
      int64_t low = l.floating ? 0 : l.n, high = l.n;
      while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (keys[row * l.n + middle] < nan)
          low = middle + 1;
        else
          high = middle;
      }
      // the first NaN is the median of all
      at = which == Rank::median && low < l.n ? low : low == 0 ? 0 : (low - 1) / 2;
    }
    give(l, r, row, 0, index[row * l.n + at]);
  }
}

/** The last entry of the longest run of equals, of the smallest of them; no NaN equals another. A block has a row. */
__global__ void mode_kernel(const __grid_constant__ Lines l, const __grid_constant__ Results r, const uint64_t* keys,
                            const uint32_t* index) {
  __shared__ int64_t lengths[kMergeThreads], ends[kMergeThreads];
  const int64_t row = blockIdx.x;
  const uint64_t* k = keys + row * l.n;
  const uint64_t nan = ~uint64_t{0} >> (64 - 8 * l.item);
  int64_t length = 0, best = 0;
  for (int64_t i = threadIdx.x; i < l.n; i += blockDim.x) {
    const uint64_t key = k[i];
    const bool alone = l.floating && key == nan;
    if (i + 1 < l.n && k[i + 1] == key && !alone) continue;
    int64_t low = 0, high = i;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (k[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
    const int64_t found = alone ? 1 : i - low + 1;
    if (found > length) {
      length = found;
      best = i;
    }
  }
  lengths[threadIdx.x] = length;
  ends[threadIdx.x] = best;
  for (int step = kMergeThreads / 2; step > 0; step /= 2) {
    __syncthreads();
    const int t = static_cast<int>(threadIdx.x);
    if (t < step) {
      const int64_t other = lengths[t + step], end = ends[t + step];
      if (other > lengths[t] || (other == lengths[t] && end < ends[t])) {
        lengths[t] = other;
        ends[t] = end;
      }
    }
  }
  if (threadIdx.x == 0) give(l, r, row, 0, index[row * l.n + ends[0]]);
}

// ---- plans

struct Task {
  Lines lines;
  Results results;
  int64_t outputs = 1, rows;

  Task(const Plan& plan, int params, bool descending) {
    plan.expect(3, params);
    const Operand &values = plan.operand[0], &indices = plan.operand[1], &in = plan.operand[2];
    Plan::require(plan.structured, "sorting takes a structured plan");
    Plan::require(values.dtype == in.dtype && indices.dtype == DType::i64, "wrong dtypes");
    Plan::require(values.ndim == in.ndim && indices.ndim == in.ndim, "operands differ in dims");
    Plan::require(plan.param[0] >= 0 && plan.param[0] < std::max(in.ndim, 1), "the dim is out of range");
    const int dim = static_cast<int>(plan.integer(0));
    LineWalk<3> walk;
    for (int d = 0; d < in.ndim; d++) {
      Plan::require(values.sizes[d] == indices.sizes[d], "values and indices differ in size");
      Plan::require(d == dim || values.sizes[d] == in.sizes[d], "sizes differ");
      if (d != dim) walk.add(in.sizes[d], {values.strides[d], indices.strides[d], in.strides[d]});
    }
    rows = walk.total;
    const bool line = in.ndim > 0;
    outputs = line ? values.sizes[dim] : 1;
    const int64_t n = line ? in.sizes[dim] : 1;
    Plan::require(outputs <= n, "more results than elements");
    Plan::require(n < int64_t{1} << 32, "too many elements in a row to sort on a GPU");
    results = {device_data<void>(values), device_data<int64_t>(indices), line ? values.strides[dim] : 0,
               line ? indices.strides[dim] : 0};
    const DType d = in.dtype;
    const bool floating = d == DType::f32 || d == DType::f64 || d == DType::f16 || d == DType::bf16;
    const uint64_t infinity = d == DType::f64   ? 0x7ff0000000000000u
                              : d == DType::f32 ? 0x7f800000u
                              : d == DType::f16 ? 0x7c00u
                                                : 0x7f80u;
    lines = {Cells<3>(walk),
             device_data<void>(in),
             n,
             line ? in.strides[dim] : 0,
             descending ? ~uint64_t{0} : 0,
             static_cast<int>(item_size(d)),
             floating,
             !floating && d != DType::u8 && d != DType::b8,
             d == DType::b8,
             infinity};
  }
  bool empty() const { return rows == 0 || outputs == 0; }
  Entries sorted() const { return merge_runs(sort_tiles(lines, nullptr, lines.n, rows, kTile), rows); }
  void give(const Entries& entries) const {
    launch(give_kernel, cell_blocks(rows * outputs), {kCellThreads}, 0, lines, results, entries.index(), entries.n,
           outputs, rows * outputs);
  }
};

void sort_kernel(const Plan& plan) {
  const Task t(plan, 3, plan.flag(1));
  Plan::require(t.outputs == t.lines.n, "sizes differ");
  if (!t.empty()) t.give(t.sorted());
}
void topk_kernel(const Plan& plan) {
  const Task t(plan, 3, plan.flag(1));
  if (t.empty()) return;
  const int64_t k = t.outputs;
  if (k > kTile / 2) return t.give(t.sorted());
  // the best of each tile, then the best of these
  Entries best = sort_tiles(t.lines, nullptr, t.lines.n, t.rows, k);
  for (bool parts = t.lines.n > kTile; parts;) {
    parts = best.n > kTile;
    best = sort_tiles(t.lines, &best, best.n, t.rows, k);
  }
  t.give(best);
}
template <Rank which>
void rank_plan(const Plan& plan) {
  const Task t(plan, which == Rank::kth ? 2 : 1, false);
  Plan::require(t.outputs == 1, "one result a row");
  int64_t k = 0;
  if (which == Rank::kth) {
    Plan::require(plan.param[1] >= 1 && plan.param[1] <= static_cast<double>(t.lines.n), "k is out of range");
    k = plan.integer(1) - 1;
  }
  if (t.empty()) return;
  const Entries entries = t.sorted();
  launch(rank_kernel, cell_blocks(t.rows), {kCellThreads}, 0, t.lines, t.results, entries.keys(), entries.index(),
         which, k, t.rows);
}
void mode_plan(const Plan& plan) {
  const Task t(plan, 1, false);
  Plan::require(t.outputs == 1, "one result a row");
  if (t.empty()) return;
  const Entries entries = t.sorted();
  Plan::require(t.rows < int64_t{1} << 31, "too many rows for a GPU");
  launch(mode_kernel, {static_cast<unsigned>(t.rows)}, {kMergeThreads}, 0, t.lines, t.results, entries.keys(),
         entries.index());
}

}  // namespace

Entries sorted_entries(Entries entries, int64_t rows) {
  const Lines none{};
  return merge_runs(sort_tiles(none, &entries, entries.n, rows, kTile), rows);
}

/** As native/cpu/sort.cc: NaN is greater than everything; of equals the first index is given, by mode the last. */
void register_sort(KernelTable& table) {
  table.add("sort", sort_kernel);
  table.add("topk", topk_kernel);
  table.add("kthvalue", rank_plan<Rank::kth>);
  table.add("median", rank_plan<Rank::median>);
  table.add("nanmedian", rank_plan<Rank::nanmedian>);
  table.add("mode", mode_plan);
}

}  // namespace flambeau::cuda
