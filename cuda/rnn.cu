// Recurrent layers: the loop over time of one direction of a layer, forward and backward, for RNN, LSTM and GRU. Called
// by lib/ops/internal/rnn.ts, which makes the products with the input before and those for the weights' gradients after
// it. A step is one product of the states with the recurrent weight, and one kernel with the arithmetic of the cell.
#include <algorithm>
#include <memory>
#include <vector>

#include "gemm.h"
#include "kernels.h"
#include "rows.cuh"

namespace flambeau::cuda {
namespace {

enum CellKind { kTanh, kRelu, kLstm, kGru };

/** Where the row of a sequence at a step lies among the rows of all steps: row first + sequence·across. */
struct Step {
  int64_t first = 0, across = 1;
  int64_t count = 0;  // sequences that have the step
};
/** The steps of `total` rows of `batch` sequences; sizes (of each step's batch, never rising) may be absent. */
std::vector<Step> read_steps(const Operand& sizes, int64_t steps, int64_t batch, int64_t total, bool batch_major) {
  std::vector<Step> out;
  if (sizes) {
    Plan::require(
        sizes.dtype == DType::i64 && sizes.ndim == 1 && !batch_major && (sizes.strides[0] == 1 || sizes.sizes[0] <= 1),
        "the batch sizes do not fit");
    std::vector<int64_t> list(static_cast<size_t>(sizes.sizes[0]));
    if (sizes.device == 0)
      std::copy_n(sizes.as<int64_t>(), list.size(), list.begin());
    else if (!list.empty())
      download(list.data(), sizes.data, list.size() * sizeof(int64_t));
    int64_t sum = 0, last = batch;
    for (const int64_t n : list) {
      Plan::require(n >= 1 && n <= last && n <= total - sum, "the batch sizes do not fit");
      out.push_back({sum, 1, n});
      sum += n;
      last = n;
    }
    Plan::require(sum == total, "the batch sizes do not fit");
  } else if (total > 0) {
    Plan::require(batch > 0 && total % batch == 0 && steps == total / batch, "the sizes do not fit");
    for (int64_t t = 0; t < steps; t++) out.push_back(batch_major ? Step{t, steps, batch} : Step{t * batch, 1, batch});
  }
  return out;
}

/** Rows of an operand, dense along their columns; null where it is absent. */
template <class C>
struct Table {
  C* data = nullptr;
  int64_t step = 0;
  __device__ __forceinline__ C* row(int64_t i) const { return data + i * step; }
};
template <class C>
Table<C> table(const Operand& o) {
  return {device_data<C>(o), o ? o.strides[0] : 0};
}

struct Sizes {
  int64_t rows, batch, hidden, out, gates;
  DType dtype;
};
void expect_table(const Operand& o, int64_t rows, int64_t cols, const Sizes& s, bool optional) {
  Plan::require(o || optional, "an operand is missing");
  if (!o) return;
  Plan::require(o.dtype == s.dtype && o.ndim == 2 && o.sizes[0] == rows && o.sizes[1] == cols &&
                    (rows == 0 || ((o.strides[1] == 1 || cols == 1) && (o.strides[0] >= cols || rows == 1))),
                "expected rows that are dense");
}
void expect_weight(const Operand& o, int64_t rows, int64_t cols, const Sizes& s) {
  Plan::require(o && o.dtype == s.dtype && o.ndim == 2 && o.sizes[0] == rows && o.sizes[1] == cols,
                "a weight does not fit");
}
Sizes sizes_of(const Operand& gates, const Operand& state, CellKind kind) {
  const int64_t per_hidden = kind == kLstm ? 4 : kind == kGru ? 3 : 1;
  Plan::require(gates && state && gates.ndim == 2 && state.ndim == 2, "expected matrices");
  Plan::require(gates.dtype == DType::f32 || gates.dtype == DType::f64, "does not have this dtype");
  const Sizes s{gates.sizes[0], state.sizes[0], gates.sizes[1] / per_hidden,
                state.sizes[1], gates.sizes[1], gates.dtype};
  Plan::require(s.hidden > 0 && s.out > 0 && s.gates == s.hidden * per_hidden, "the sizes do not fit");
  return s;
}
CellKind kind_of(const Plan& plan) {
  const int64_t kind = plan.integer(0);
  Plan::require(kind >= 0 && kind <= 3, "there is no such cell");
  return static_cast<CellKind>(kind);
}

/** [rows, cols] of a matrix with rows `row` elements apart, from row `first` on. */
Matrix rows_of(const void* data, DType d, int64_t first, int64_t row) {
  return {static_cast<const std::byte*>(data) + first * row * static_cast<int64_t>(item_size(d)), 0, row, 1};
}
/** c [m, n] = a [m, k] b [k, n] + beta c. */
void product(const Sizes& s, int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b, const Matrix& c,
             double beta) {
  Product p;
  p.dtype = s.dtype;
  p.m = m;
  p.n = n;
  p.k = k;
  p.a = a;
  p.b = b;
  p.c = c;
  p.beta = beta;
  multiply(p);
}
template <class K, class... Args>
void start(int64_t total, K kernel, const Args&... args) {
  const unsigned threads = threads_for(total, 128);
  launch(kernel, {static_cast<unsigned>(std::min<int64_t>(ceil_div<int64_t>(total, threads), 1 << 20))}, {threads}, 0,
         args...);
}

// ---- forward

/** All but the product of the GRU is already added to the gates. */
template <class C>
struct Forward {
  CellKind kind;
  int64_t hidden;
  Table<C> gates, product, extra, state, cells, wide, out;
  const C* bias;
  int64_t bias_step;
};
template <class C>
__global__ void forward_kernel(const __grid_constant__ Forward<C> f, const __grid_constant__ Step t, int64_t total) {
  const int64_t n = f.hidden;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t b = i / n, j = i - b * n, row = t.first + b * t.across;
    C* const g = f.gates.row(row) + j;
    C y;
    if (f.kind == kLstm) {
      const C in = vm::sigmoid(g[0]), forget = vm::sigmoid(g[n]), fresh = vm::tanh(g[2 * n]), o = vm::sigmoid(g[3 * n]);
      const C cell = forget * f.cells.row(b)[j] + in * fresh;
      g[0] = in, g[n] = forget, g[2 * n] = fresh, g[3 * n] = o;
      f.cells.row(b)[j] = cell;
      if (f.extra.data) f.extra.row(row)[j] = cell;
      y = o * vm::tanh(cell);
    } else if (f.kind == kGru) {
      const C* const p = f.product.row(b) + j;
      const C r = vm::sigmoid(g[0] + p[0]), z = vm::sigmoid(g[n] + p[n]);
      const C inner = p[2 * n] + (f.bias ? f.bias[j * f.bias_step] : C{0}), fresh = vm::tanh(g[2 * n] + r * inner);
      g[0] = r, g[n] = z, g[2 * n] = fresh;
      if (f.extra.data) f.extra.row(row)[j] = inner;
      y = (f.state.row(b)[j] - fresh) * z + fresh;
    } else {
      const C x = g[0];
      y = f.kind == kTanh ? vm::tanh(x) : x < C{0} ? C{0} : x;  // NaN stays
      g[0] = y;
    }
    if (f.wide.data) {
      f.wide.row(b)[j] = y;
    } else {
      f.state.row(b)[j] = y;
      f.out.row(row)[j] = y;
    }
  }
}
template <class C>
__global__ void copy_rows(const __grid_constant__ Table<C> to, const __grid_constant__ Table<C> from,
                          const __grid_constant__ Step t, int64_t cols, int64_t total) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t b = i / cols, j = i - b * cols;
    to.row(t.first + b * t.across)[j] = from.row(b)[j];
  }
}

template <class C>
void run_forward(const Plan& plan, CellKind kind, const Sizes& s, const std::vector<Step>& steps) {
  const Operand* const o = plan.operand;
  const bool projects = static_cast<bool>(o[7]), reverse = plan.flag(1);
  const size_t item = sizeof(C);
  const Temporary memory(static_cast<size_t>(s.batch * (kind == kGru ? s.gates : s.hidden)) * item);
  Forward<C> f{kind, s.hidden, table<C>(o[1]), {}, {}, table<C>(o[3]), {}, {}, table<C>(o[0]), nullptr, 0};
  if (kind == kGru) f.product = {memory.as<C>(), s.gates};
  if (kind == kLstm || kind == kGru) f.extra = table<C>(o[2]);
  if (kind == kLstm) f.cells = table<C>(o[4]);
  if (projects) f.wide = {memory.as<C>(), s.hidden};
  if (o[6]) {
    f.bias = device_data<C>(o[6]);
    f.bias_step = o[6].strides[0];
  }
  const Matrix weight{device_data<const void>(o[5]), 0, o[5].strides[1], o[5].strides[0]};
  const Matrix state = rows_of(f.state.data, s.dtype, 0, f.state.step);
  for (size_t i = 0; i < steps.size(); i++) {
    const Step& t = steps[reverse ? steps.size() - 1 - i : i];
    if (kind == kGru) {
      product(s, t.count, s.gates, s.out, state, weight, rows_of(f.product.data, s.dtype, 0, s.gates), 0);
    } else {
      Matrix gates = rows_of(f.gates.data, s.dtype, t.first, f.gates.step);
      gates.row *= t.across;
      product(s, t.count, s.gates, s.out, state, weight, gates, 1);
    }
    start(t.count * s.hidden, forward_kernel<C>, f, t, t.count * s.hidden);
    if (!projects) continue;
    const Matrix projection{device_data<const void>(o[7]), 0, o[7].strides[1], o[7].strides[0]};
    product(s, t.count, s.out, s.hidden, rows_of(f.wide.data, s.dtype, 0, s.hidden), projection, state, 0);
    start(t.count * s.out, copy_rows<C>, f.out, f.state, t, s.out, t.count * s.out);
  }
}

/**
 * rnn (structured): out h [rows, out], in/out gates [rows, gates] (in: the products with the input and all biases but
 * bias; out: activated), out extra [rows, hidden]? (the LSTM's cells, the GRU's recurrent product of the new gate),
 * in/out state [batch, out], in/out cells [batch, hidden] (the LSTM's), in weight_hh [gates, out], bias [hidden]? (of
 * the GRU's recurrent product of the new gate), weight_hr [out, hidden]? (the LSTM's), batch sizes [steps]?; params
 * cell (0 tanh, 1 relu, 2 LSTM, 3 GRU), reverse, steps, batch-major. float32 and float64.
 */
void rnn(const Plan& plan) {
  plan.expect(9, 4);
  const Operand* const o = plan.operand;
  const CellKind kind = kind_of(plan);
  const Sizes s = sizes_of(o[1], o[3], kind);
  expect_table(o[0], s.rows, s.out, s, false);
  expect_table(o[1], s.rows, s.gates, s, false);
  expect_table(o[2], s.rows, s.hidden, s, true);
  expect_table(o[3], s.batch, s.out, s, false);
  expect_table(o[4], s.batch, s.hidden, s, kind != kLstm);
  expect_weight(o[5], s.gates, s.out, s);
  Plan::require(!o[6] || (o[6].dtype == s.dtype && o[6].ndim == 1 && o[6].sizes[0] == s.hidden), "a bias does not fit");
  if (o[7]) expect_weight(o[7], s.out, s.hidden, s);
  Plan::require(o[7] ? kind == kLstm : s.hidden == s.out, "the sizes do not fit");
  const std::vector<Step> steps = read_steps(o[8], plan.integer(2), s.batch, s.rows, plan.flag(3));
  if (s.dtype == DType::f64)
    run_forward<double>(plan, kind, s, steps);
  else
    run_forward<float>(plan, kind, s, steps);
}

// ---- backward

template <class C>
struct Backward {
  CellKind kind;
  int64_t hidden, out_size;
  Table<C> dgates, dproducts, before, dstate, dcells, dtotal, unprojected, dout, out, gates, extra, h0, c0, dh, wide;
};
/** The gradient of a step's states, and the states before it. */
template <class C>
__global__ void state_kernel(const __grid_constant__ Backward<C> f, const __grid_constant__ Step t,
                             const __grid_constant__ Step earlier, int64_t total) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t b = i / f.out_size, j = i - b * f.out_size, row = t.first + b * t.across;
    const C d = f.dstate.row(b)[j] + (f.dout.data ? f.dout.row(row)[j] : C{0});
    f.dh.row(b)[j] = d;
    if (f.dtotal.data) f.dtotal.row(row)[j] = d;
    if (f.before.data)
      f.before.row(row)[j] = b < earlier.count ? f.out.row(earlier.first + b * earlier.across)[j]
                             : f.h0.data       ? f.h0.row(b)[j]
                                               : C{0};
  }
}
/** The gradient of a step's gates: of the recurrent product in dproducts (the GRU's) or dgates. */
template <class C>
__global__ void backward_kernel(const __grid_constant__ Backward<C> f, const __grid_constant__ Step t,
                                const __grid_constant__ Step earlier, int64_t total) {
  const int64_t n = f.hidden;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const int64_t b = i / n, j = i - b * n, row = t.first + b * t.across;
    const bool inside = b < earlier.count;
    const int64_t last = inside ? earlier.first + b * earlier.across : 0;
    const C dy = f.wide.data ? f.wide.row(b)[j] : f.dh.row(b)[j];
    const C* const g = f.gates.row(row) + j;
    C* const d = f.dgates.row(row) + j;
    if (f.kind == kLstm) {
      const C in = g[0], forget = g[n], fresh = g[2 * n], o = g[3 * n], squashed = vm::tanh(f.extra.row(row)[j]);
      const C before = inside ? f.extra.row(last)[j] : f.c0.data ? f.c0.row(b)[j] : C{0};
      if (f.unprojected.data) f.unprojected.row(row)[j] = o * squashed;
      const C dc = f.dcells.row(b)[j] + dy * o * (C{1} - squashed * squashed);
      d[0] = dc * fresh * in * (C{1} - in);
      d[n] = dc * before * forget * (C{1} - forget);
      d[2 * n] = dc * in * (C{1} - fresh * fresh);
      d[3 * n] = dy * squashed * o * (C{1} - o);
      f.dcells.row(b)[j] = dc * forget;
    } else if (f.kind == kGru) {
      const C r = g[0], z = g[n], fresh = g[2 * n], inner = f.extra.row(row)[j];
      const C h = inside ? f.out.row(last)[j] : f.h0.data ? f.h0.row(b)[j] : C{0};
      const C dfresh = dy * (C{1} - z) * (C{1} - fresh * fresh), update = dy * (h - fresh) * z * (C{1} - z);
      const C reset = dfresh * inner * r * (C{1} - r);
      C* const p = f.dproducts.row(row) + j;
      p[0] = d[0] = reset;
      p[n] = d[n] = update;
      p[2 * n] = dfresh * r;
      d[2 * n] = dfresh;
      f.dstate.row(b)[j] = dy * z;
    } else {
      const C y = g[0];
      d[0] = f.kind == kTanh ? dy * (C{1} - y * y) : y <= C{0} ? C{0} : dy;
    }
  }
}

template <class C>
void run_backward(const Plan& plan, CellKind kind, const Sizes& s, const std::vector<Step>& steps) {
  const Operand* const o = plan.operand;
  const bool projects = static_cast<bool>(o[14]), reverse = plan.flag(1);
  const Temporary dh(static_cast<size_t>(s.batch * s.out) * sizeof(C));
  const Temporary wide(static_cast<size_t>(projects ? s.batch * s.hidden : 1) * sizeof(C));
  Backward<C> f{kind,           s.hidden,        s.out,           table<C>(o[0]),  table<C>(o[1]),      table<C>(o[2]),
                table<C>(o[3]), table<C>(o[4]),  table<C>(o[5]),  table<C>(o[6]),  table<C>(o[7]),      table<C>(o[8]),
                table<C>(o[9]), table<C>(o[10]), table<C>(o[11]), table<C>(o[12]), {dh.as<C>(), s.out}, {}};
  if (projects) f.wide = {wide.as<C>(), s.hidden};
  const Matrix weight{device_data<const void>(o[13]), 0, o[13].strides[0], o[13].strides[1]};
  const Table<C>& products = kind == kGru ? f.dproducts : f.dgates;
  for (size_t i = 0; i < steps.size(); i++) {
    const size_t at = reverse ? i : steps.size() - 1 - i;
    const Step& t = steps[at];
    // the step that this one's state came from, and how many sequences have it
    const bool none = reverse ? at + 1 == steps.size() : at == 0;
    const Step earlier = none ? Step{} : steps[reverse ? at + 1 : at - 1];
    start(t.count * s.out, state_kernel<C>, f, t, earlier, t.count * s.out);
    if (projects) {
      const Matrix projection{device_data<const void>(o[14]), 0, o[14].strides[0], o[14].strides[1]};
      product(s, t.count, s.hidden, s.out, rows_of(f.dh.data, s.dtype, 0, s.out), projection,
              rows_of(f.wide.data, s.dtype, 0, s.hidden), 0);
    }
    start(t.count * s.hidden, backward_kernel<C>, f, t, earlier, t.count * s.hidden);
    Matrix gates = rows_of(products.data, s.dtype, t.first, products.step);
    gates.row *= t.across;
    product(s, t.count, s.out, s.gates, gates, weight, rows_of(f.dstate.data, s.dtype, 0, f.dstate.step),
            kind == kGru ? 1 : 0);
  }
}

/**
 * rnnBackward (structured): out dgates [rows, gates], out dproducts [rows, gates] (the GRU's), out before [rows, out]?
 * (the state before each step), in/out dstate [batch, out], in/out dcells [batch, hidden] (the LSTM's), out dtotal
 * [rows, out]? (gradient of the states, the later steps' share included), out unprojected [rows, hidden]?, in dout
 * [rows, out]?, out [rows, out], gates [rows, gates], extra [rows, hidden]?, state [batch, out]?, cells [batch,
 * hidden]? (the first ones), weight_hh [gates, out], weight_hr [out, hidden]?, batch sizes [steps]?; params as of rnn.
 */
void rnn_backward(const Plan& plan) {
  plan.expect(16, 4);
  const Operand* const o = plan.operand;
  const CellKind kind = kind_of(plan);
  const Sizes s = sizes_of(o[9], o[3], kind);
  expect_table(o[0], s.rows, s.gates, s, false);
  expect_table(o[1], s.rows, s.gates, s, kind != kGru);
  expect_table(o[2], s.rows, s.out, s, true);
  expect_table(o[3], s.batch, s.out, s, false);
  expect_table(o[4], s.batch, s.hidden, s, kind != kLstm);
  expect_table(o[5], s.rows, s.out, s, true);
  expect_table(o[6], s.rows, s.hidden, s, true);
  expect_table(o[7], s.rows, s.out, s, true);
  expect_table(o[8], s.rows, s.out, s, false);
  expect_table(o[9], s.rows, s.gates, s, false);
  expect_table(o[10], s.rows, s.hidden, s, kind != kLstm && kind != kGru);
  expect_table(o[11], s.batch, s.out, s, true);
  expect_table(o[12], s.batch, s.hidden, s, true);
  expect_weight(o[13], s.gates, s.out, s);
  if (o[14]) expect_weight(o[14], s.out, s.hidden, s);
  Plan::require(o[14] ? kind == kLstm : s.hidden == s.out, "the sizes do not fit");
  const std::vector<Step> steps = read_steps(o[15], plan.integer(2), s.batch, s.rows, plan.flag(3));
  if (s.dtype == DType::f64)
    run_backward<double>(plan, kind, s, steps);
  else
    run_backward<float>(plan, kind, s, steps);
}

}  // namespace

void register_rnn(KernelTable& table) {
  table.add("rnn", rnn);
  table.add("rnnBackward", rnn_backward);
}

}  // namespace flambeau::cuda
