// Batch norm, forward and backward; registered by backend.cc. A channel is a line (lines.cuh): if shared memory holds
// it, one kernel does all; else channels are cut into parts, whose statistics go to temporary memory, and the kernel
// that writes the result joins those of its channel first.
#include "kernels.h"
#include "lines.cuh"

#include <algorithm>
#include <optional>

namespace flambeau::cuda {
namespace {

/** How a line is cut. */
struct Parts {
  int64_t length;  // elements of a part
  int64_t count;
};
template <class F, class C>
__device__ __forceinline__ F join_parts(const Lines& l, const Team& t, const F* parts, int64_t count, int64_t line,
                                        bool exists, void* shared) {
  F sum = C::identity();
  if (exists)
    for (int64_t k = t.lane; k < count; k += l.team) sum = C::join(sum, parts[line * count + k]);
  return t.reduce<C>(l, sum, shared);
}

struct Forward {
  Vector save_mean, save_invstd, weight, bias, running_mean, running_var;
  bool training;
  double momentum, eps;
};

/** Operands y and x. */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    batch_stats_kernel(const __grid_constant__ Lines l, const __grid_constant__ Parts cut, Moments<C>* parts) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const bool exists = line < l.lines;
  const int64_t begin = exists ? blockIdx.y * cut.length : 0, end = exists ? min(l.n, begin + cut.length) : 0;
  int64_t at[kLineOperands];
  l.offsets(exists ? line : 0, at);
  Moments<C> m = AddMoments<C>::identity();
  t.pieces(l, begin, end, [&](const Piece& p) {
    C v[4];
    load_piece(v, l, 1, at[1], p);
    m.add(v, p.count());
  });
  m = t.reduce<AddMoments<C>>(l, m, shared);
  if (exists && t.lane == 0) parts[line * cut.count + blockIdx.y] = m;
}

template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    batch_norm_kernel(const __grid_constant__ Lines l, const __grid_constant__ Parts cut, const Moments<C>* parts,
                      const __grid_constant__ Forward f) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept(l, shared, 0);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const bool exists = line < l.lines;
  const int64_t begin = exists ? blockIdx.y * cut.length : 0, end = exists ? min(l.n, begin + cut.length) : 0;
  const int64_t c = exists ? line : 0;
  int64_t at[kLineOperands];
  l.offsets(c, at);
  C mean, squares = 0;
  if (!f.training) {
    mean = f.running_mean.load<C>(c);
  } else if (l.cached) {
    C sum = 0;
    t.pieces(l, begin, end, [&](const Piece& p) {
      C v[4];
      load_piece(v, l, 1, at[1], p);
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (p.has(j)) sum += kept[p.slot + j] = v[j];
    });
    mean = t.reduce<Add<C>>(l, sum, shared) / static_cast<C>(l.n);
    t.pieces(l, begin, end, [&](const Piece& p) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        const C d = kept[p.slot + j] - mean;
        squares += d * d;
      }
    });
    squares = t.reduce<Add<C>>(l, squares, shared);
  } else {
    const auto all = join_parts<Moments<C>, AddMoments<C>>(l, t, parts, cut.count, c, exists, shared);
    mean = all.mean;
    squares = all.squares;
  }
  const C var = f.training ? squares / static_cast<C>(l.n) : f.running_var.load<C>(c);
  const C invstd = C{1} / sqrt(var + static_cast<C>(f.eps));
  if (exists && blockIdx.y == 0 && t.lane == 0) {
    if (f.save_mean) f.save_mean.set(c, mean);
    if (f.save_invstd) f.save_invstd.set(c, invstd);
    const double way = f.momentum;
    if (f.training && f.running_mean)
      f.running_mean.set(c, way * static_cast<double>(mean) + (1 - way) * f.running_mean.load<double>(c));
    if (f.training && f.running_var) {
      const double unbiased = static_cast<double>(squares) / static_cast<double>(l.n - 1);
      f.running_var.set(c, way * unbiased + (1 - way) * f.running_var.load<double>(c));
    }
  }
  const C a = f.weight ? invstd * f.weight.load<C>(c) : invstd, s = f.bias ? f.bias.load<C>(c) : C{0};
  t.pieces(l, begin, end, [&](const Piece& p) {
    C v[4];
    if (!l.cached) load_piece(v, l, 1, at[1], p);
#pragma unroll
    for (int j = 0; j < 4; j++)
      if (p.has(j)) v[j] = ((l.cached ? kept[p.slot + j] : v[j]) - mean) * a + s;
    store_piece(v, l, 0, at[0], p);
  });
}

struct Backward {
  Vector grad_weight, grad_bias, weight, mean, invstd;
  bool training;
};

/** Operands gradInput, g and x: the sums of g, and of g (x - mean). */
template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    batch_sums_kernel(const __grid_constant__ Lines l, const __grid_constant__ Parts cut, Pair<C>* parts,
                      const __grid_constant__ Backward f) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const bool exists = line < l.lines;
  const int64_t begin = exists ? blockIdx.y * cut.length : 0, end = exists ? min(l.n, begin + cut.length) : 0;
  int64_t at[kLineOperands];
  l.offsets(exists ? line : 0, at);
  const C mean = f.mean.load<C>(exists ? line : 0);
  Pair<C> sums = AddPair<C>::identity();
  t.pieces(l, begin, end, [&](const Piece& p) {
    C g[4], x[4];
    load_piece(g, l, 1, at[1], p);
    load_piece(x, l, 2, at[2], p);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      sums.a += g[j];
      sums.b += p.has(j) ? (x[j] - mean) * g[j] : C{0};
    }
  });
  sums = t.reduce<AddPair<C>>(l, sums, shared);
  if (exists && t.lane == 0) parts[line * cut.count + blockIdx.y] = sums;
}

template <class C>
__global__ void __launch_bounds__(kLineThreads, 1)
    batch_norm_backward_kernel(const __grid_constant__ Lines l, const __grid_constant__ Parts cut, const Pair<C>* parts,
                               const __grid_constant__ Backward f) {
  extern __shared__ __align__(16) std::byte shared[];
  const Team t(l);
  const Slots<C> kept_g(l, shared, 0), kept_x(l, shared, 1);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * l.per_block + t.slot;
  const bool exists = line < l.lines;
  const int64_t begin = exists ? blockIdx.y * cut.length : 0, end = exists ? min(l.n, begin + cut.length) : 0;
  const int64_t c = exists ? line : 0;
  int64_t at[kLineOperands];
  l.offsets(c, at);
  const C mean = f.mean.load<C>(c), inverse = f.invstd.load<C>(c);
  Pair<C> sums = AddPair<C>::identity();
  if (l.cached) {
    t.pieces(l, begin, end, [&](const Piece& p) {
      C g[4], x[4];
      load_piece(g, l, 1, at[1], p);
      load_piece(x, l, 2, at[2], p);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (!p.has(j)) continue;
        const C away = x[j] - mean;
        kept_g[p.slot + j] = g[j];
        kept_x[p.slot + j] = away;
        sums.a += g[j];
        sums.b += away * g[j];
      }
    });
    sums = t.reduce<AddPair<C>>(l, sums, shared);
  } else if (parts) {
    sums = join_parts<Pair<C>, AddPair<C>>(l, t, parts, cut.count, c, exists, shared);
  }
  if (exists && blockIdx.y == 0 && t.lane == 0) {
    if (f.grad_weight) f.grad_weight.set(c, sums.b * inverse);
    if (f.grad_bias) f.grad_bias.set(c, sums.a);
  }
  if (!l.data[0]) return;
  const C count = static_cast<C>(l.n);
  const C g_mean = f.training ? sums.a / count : C{0}, k = f.training ? sums.b * inverse * inverse / count : C{0};
  const C a = f.weight ? inverse * f.weight.load<C>(c) : inverse;
  t.pieces(l, begin, end, [&](const Piece& p) {
    C g[4], x[4];
    if (!l.cached) {
      load_piece(g, l, 1, at[1], p);
      if (f.training) load_piece(x, l, 2, at[2], p);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (!p.has(j)) continue;
      const C v = l.cached ? kept_g[p.slot + j] : g[j];
      const C away = !f.training ? C{0} : l.cached ? kept_x[p.slot + j] : x[j] - mean;
      g[j] = (v - g_mean - away * k) * a;
    }
    store_piece(g, l, 0, at[0], p);
  });
}

// ---- the host's half

/** An operand [N, C, *] as channels: of planes, whose spatial dims are dense, or of columns, which lie side by side. */
struct Layout {
  int64_t outer = 1, inner = 1, outer_step = 0, channel_step = 0;
};
bool layout_of(const Operand& o, bool columns, Layout* layout) {
  Layout r;
  r.channel_step = o.strides[1];
  int64_t inner = 1, step = 1;
  bool merged = true;
  for (int d = o.ndim - 1; d >= 2; d--) {
    if (o.sizes[d] == 1) continue;
    if (inner == 1) step = o.strides[d];
    merged = merged && o.strides[d] == inner * step;
    inner *= o.sizes[d];
  }
  r.outer = o.sizes[0];
  r.outer_step = o.strides[0];
  if (!columns) {
    if (!merged || (inner != 1 && step != 1)) return false;
    r.inner = inner;
  } else {
    if (r.channel_step != 1 && o.sizes[1] != 1) return false;
    if (inner != 1) {
      if (!merged || (o.sizes[0] != 1 && o.strides[0] != inner * step)) return false;
      r.outer *= inner;
      r.outer_step = step;
    }
  }
  *layout = r;
  return true;
}

/** Channels of operands of one shape. The last operand is there. */
Lines channels_of(std::initializer_list<const Operand*> operands) {
  Lines l;
  const Operand& x = **(operands.end() - 1);
  const int64_t channels = x.sizes[1];
  int k = 0;
  for (const Operand* o : operands) {
    if (*o) {
      l.data[k] = device_data<void>(*o);
      l.dtype[k] = o->dtype;
      require_floating(o->dtype);
    }
    k++;
  }
  l.n = channels == 0 ? 0 : x.numel() / channels;
  int64_t steps[kLineOperands] = {};
  if (l.n > 0) {
    Layout layouts[kLineOperands];
    bool found = false;
    for (const bool columns : {false, true}) {
      bool fits = true;
      k = 0;
      for (const Operand* o : operands) {
        fits = fits && (!*o || layout_of(*o, columns, &layouts[k]));
        k++;
      }
      found = fits && (columns || layouts[k - 1].inner > 1 || channels == 1);
      if (found) break;
    }
    Plan::require(found, "batchNorm: make the operands contiguous");
    const Layout& key = layouts[k - 1];
    Plan::require(l.n < (int64_t{1} << 31), "batchNorm: too many elements of a channel for a GPU");
    l.split = key.outer > 1 && key.inner > 1;
    if (l.split) l.inner = Divider(static_cast<uint32_t>(key.inner));
    for (int i = 0; i < k; i++) {
      if (!l.data[i]) continue;
      steps[i] = layouts[i].channel_step;
      l.step[i] = key.inner > 1 ? 1 : key.outer > 1 ? layouts[i].outer_step : 1;
      l.outer_step[i] = l.split ? layouts[i].outer_step : 0;
    }
  }
  add_dim(l, channels, steps);
  return l;
}

/** Teams, and how channels are cut where they are not kept: enough blocks for the whole GPU. */
Parts choose_parts(Lines& l, int values, size_t item, size_t joined) {
  choose_teams(l, values, item, joined);
  if (l.cached) return {l.n, 1};
  if (l.kind == TeamKind::Block) l.team = l.threads = 256;
  const int64_t wanted = ceil_div<int64_t>(int64_t{8} * limits().processors, std::max<int64_t>(1, l.blocks()));
  const int64_t most = std::max<int64_t>(1, l.n / (int64_t{16} * l.team));
  const int64_t count = std::clamp<int64_t>(wanted, 1, std::min<int64_t>(most, 4096));
  const int64_t length = std::max<int64_t>(4, ceil_div<int64_t>(ceil_div<int64_t>(l.n, count), 4) * 4);
  return {length, std::max<int64_t>(1, ceil_div<int64_t>(l.n, length))};
}

void expect_channels(const Operand& o, int64_t channels, bool optional) {
  if (!o && optional) return;
  Plan::require(o && o.ndim == 1 && o.sizes[0] == channels, "batchNorm: expected one value per channel");
}
bool same_shape(const Operand& a, const Operand& b) {
  return a && b && a.ndim == b.ndim && a.dtype == b.dtype && std::equal(a.sizes, a.sizes + a.ndim, b.sizes);
}

template <class C>
void forward(const Plan& plan) {
  const Forward f{Vector(plan.operand[1]),
                  Vector(plan.operand[2]),
                  Vector(plan.operand[4]),
                  Vector(plan.operand[5]),
                  Vector(plan.operand[6]),
                  Vector(plan.operand[7]),
                  plan.flag(0),
                  plan.param[1],
                  plan.param[2]};
  Lines l = channels_of({&plan.operand[0], &plan.operand[3]});
  const Parts cut = choose_parts(l, f.training ? 1 : 0, sizeof(C), sizeof(Moments<C>));
  const Grid blocks{static_cast<unsigned>(l.blocks()), static_cast<unsigned>(cut.count)};
  std::optional<Temporary> parts;
  if (f.training && !l.cached) {
    parts.emplace(static_cast<size_t>(l.lines * cut.count) * sizeof(Moments<C>));
    launch(batch_stats_kernel<C>, blocks, {l.threads}, l.shared, l, cut, parts->as<Moments<C>>());
  }
  launch(batch_norm_kernel<C>, blocks, {l.threads}, l.shared, l, cut, parts ? parts->as<Moments<C>>() : nullptr, f);
}

/** batchNorm: see native/cpu/batch_norm.cc. */
void batch_norm(const Plan& plan) {
  plan.expect(8, 3);
  const Operand &y = plan.operand[0], &x = plan.operand[3];
  Plan::require(same_shape(y, x) && x.ndim >= 2, "batchNorm: expected [N, C, ...] and a result like it");
  for (const int i : {1, 2, 4, 5}) expect_channels(plan.operand[i], x.sizes[1], true);
  for (const int i : {6, 7}) expect_channels(plan.operand[i], x.sizes[1], plan.flag(0));
  if (x.numel() == 0) return;
  return x.dtype == DType::f64 ? forward<double>(plan) : forward<float>(plan);
}

template <class C>
void backward(const Plan& plan) {
  const Backward f{Vector(plan.operand[1]), Vector(plan.operand[2]), Vector(plan.operand[5]),
                   Vector(plan.operand[6]), Vector(plan.operand[7]), plan.flag(0)};
  Lines l = channels_of({&plan.operand[0], &plan.operand[3], &plan.operand[4]});
  const bool summed = f.training || f.grad_weight || f.grad_bias;
  const Parts cut = choose_parts(l, summed ? 2 : 0, sizeof(C), sizeof(Pair<C>));
  const Grid blocks{static_cast<unsigned>(l.blocks()), static_cast<unsigned>(cut.count)};
  std::optional<Temporary> parts;
  if (summed && !l.cached) {
    parts.emplace(static_cast<size_t>(l.lines * cut.count) * sizeof(Pair<C>));
    launch(batch_sums_kernel<C>, blocks, {l.threads}, l.shared, l, cut, parts->as<Pair<C>>(), f);
  }
  launch(batch_norm_backward_kernel<C>, {blocks.x, plan.operand[0] ? blocks.y : 1}, {l.threads}, l.shared, l, cut,
         parts ? parts->as<Pair<C>>() : nullptr, f);
}

/** batchNormBackward: see native/cpu/batch_norm.cc. */
void batch_norm_backward(const Plan& plan) {
  plan.expect(8, 1);
  const Operand &out = plan.operand[0], &g = plan.operand[3], &x = plan.operand[4];
  Plan::require(same_shape(g, x) && (!out || same_shape(out, x)) && x.ndim >= 2, "batchNorm: shapes or dtypes differ");
  for (const int i : {1, 2, 5}) expect_channels(plan.operand[i], x.sizes[1], true);
  for (const int i : {6, 7}) expect_channels(plan.operand[i], x.sizes[1], false);
  return x.dtype == DType::f64 ? backward<double>(plan) : backward<float>(plan);
}

}  // namespace

void register_batch_norm(KernelTable& table) {
  table.add("batchNorm", batch_norm);
  table.add("batchNormBackward", batch_norm_backward);
}

}  // namespace flambeau::cuda
