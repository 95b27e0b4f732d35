// Recurrent layers: the loop over time of one direction of a layer, forward and backward, for RNN, LSTM and GRU. Called
// by lib/ops/internal/rnn.ts, which makes the products with the input before and those for the weights' gradients after
// it, each as one product over all steps.
//
// Sequences do not depend on each other, so threads take sequences, not steps, and never wait: thread q of n has the
// sequences q, q + n, …, which keeps packed batches balanced, whose lengths fall. A step is one product of the states
// with the packed recurrent weight, then the cell's arithmetic row by row while the product is in cache. Few sequences
// with large weights share out the columns of each product instead.
#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "floats.h"
#include "gemm.h"
#include "rnn_cells.h"

namespace flambeau::FB_ISA {
namespace {

/** Where the row of a sequence at a step lies among the rows of all steps. */
class Rows {
 public:
  /** `total` rows of `batch` sequences; sizes (of each step's batch, never rising) is absent where all are as long. */
  Rows(const Operand& sizes, int64_t steps, int64_t batch, int64_t total, bool batch_major) : batch_(batch) {
    if (sizes) {
      Plan::require(sizes.dtype == DType::i64 && sizes.ndim == 1 && !batch_major, "the batch sizes do not fit");
      int64_t sum = 0, last = batch;
      for (int64_t t = 0; t < sizes.sizes[0]; t++) {
        const int64_t n = sizes.as<int64_t>()[t * sizes.strides[0]];
        Plan::require(n >= 1 && n <= last && n <= total - sum, "the batch sizes do not fit");
        first_.push_back(sum);
        size_.push_back(n);
        sum += n;
        last = n;
      }
      Plan::require(sum == total, "the batch sizes do not fit");
    } else if (total > 0) {
      Plan::require(batch > 0 && total % batch == 0 && steps == total / batch, "the sizes do not fit");
      across_ = batch_major ? steps : 1;
      for (int64_t t = 0; t < steps; t++) first_.push_back(batch_major ? t : t * batch);
      size_.assign(static_cast<size_t>(steps), batch);
    }
  }
  int64_t steps() const { return static_cast<int64_t>(first_.size()); }
  int64_t batch() const { return batch_; }
  /** Sequences that have a step t; none before the first step and behind the last. */
  int64_t size(int64_t t) const { return t < 0 || t >= steps() ? 0 : size_[static_cast<size_t>(t)]; }
  int64_t at(int64_t t, int64_t sequence) const { return first_[static_cast<size_t>(t)] + sequence * across_; }

 private:
  int64_t batch_, across_ = 1;
  std::vector<int64_t> first_, size_;
};

/** Rows [rows, cols] of an operand, dense along cols. */
template <class T>
struct Table {
  T* data = nullptr;
  int64_t step = 0;
  Table() = default;
  Table(const Operand& o) : data(o.as<T>()), step(o ? o.strides[0] : 0) {}
  explicit operator bool() const { return data != nullptr; }
  T* row(int64_t i) const { return data + i * step; }
};

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

/** The sizes, from the gates [rows, gates * hidden] and the state [batch, out]. */
Sizes sizes_of(const Operand& gates, const Operand& state, int64_t per_hidden) {
  Plan::require(gates && state && gates.ndim == 2 && state.ndim == 2, "expected matrices");
  const Sizes s{gates.sizes[0], state.sizes[0], gates.sizes[1] / per_hidden,
                state.sizes[1], gates.sizes[1], gates.dtype};
  Plan::require(s.hidden > 0 && s.out > 0 && s.gates == s.hidden * per_hidden, "the sizes do not fit");
  return s;
}

/** Into how many parts the sequences are shared. */
int64_t parts_of(const Sizes& s, size_t item) {
  const double weights = static_cast<double>(s.gates) * static_cast<double>(s.out);
  if (weights * static_cast<double>(s.rows) < 1 << 18) return 1;
  // beyond the second-level cache each thread would fetch all of the weights for its few rows
  const int64_t least = weights * static_cast<double>(item) > 1 << 20 ? 16 : 4;
  return std::clamp<int64_t>(s.batch / least, 1, num_threads());
}
/** Asks for a row that the next step wants: rows of a step can lie far apart, and the product between hides the wait.
 */
template <class T>
FB_INLINE void fetch_row(const T* row, int64_t n) {
  for (int64_t j = 0; j < n; j += 64 / static_cast<int64_t>(sizeof(T))) __builtin_prefetch(row + j, 0, 2);
}
/** How many of `count` sequences part q of n has. */
int64_t share(int64_t count, int64_t q, int64_t n) { return count > q ? (count - q - 1) / n + 1 : 0; }

/** A cell as the loops over time see it, which are compiled once for all cells: a call is a row. */
template <class T>
struct Cell {
  int64_t gates;
  bool cells, extra, carries;
  decltype(&GruCell<T>::forward) forward;
  decltype(&GruCell<T>::backward) backward;

  template <class C>
  static constexpr Cell of() {
    return {C::kGates, C::kCells, C::kExtra, C::kCarries, C::forward, C::backward};
  }
};
template <class T>
const Cell<T>& cell_of(int64_t kind) {
  static constexpr Cell<T> cells[] = {Cell<T>::template of<ElmanCell<T, false>>(),
                                      Cell<T>::template of<ElmanCell<T, true>>(), Cell<T>::template of<LstmCell<T>>(),
                                      Cell<T>::template of<GruCell<T>>()};
  Plan::require(kind >= 0 && kind < 4, "there is no such cell");
  return cells[kind];
}

/** Calls f with the tag of float or double. */
template <class F>
void visit_float(DType dtype, F&& f) {
  if (dtype == DType::f32)
    f(TypeTag<float>{});
  else if (dtype == DType::f64)
    f(TypeTag<double>{});
  else
    Plan::require(false, "does not have this dtype");
}

template <class T>
void run_forward(const Plan& plan, const Cell<T>& cell) {
  const Operand* const o = plan.operand;
  const Sizes s = sizes_of(o[1], o[3], cell.gates);
  const bool projects = static_cast<bool>(o[7]);
  expect_table(o[0], s.rows, s.out, s, false);
  expect_table(o[1], s.rows, s.gates, s, false);
  expect_table(o[2], s.rows, s.hidden, s, true);
  expect_table(o[3], s.batch, s.out, s, false);
  expect_table(o[4], s.batch, s.hidden, s, !cell.cells);
  expect_weight(o[5], s.gates, s.out, s);
  Plan::require(!o[6] || (o[6].dtype == s.dtype && o[6].ndim == 1 && o[6].sizes[0] == s.hidden), "a bias does not fit");
  if (projects) expect_weight(o[7], s.out, s.hidden, s);
  Plan::require(projects ? cell.cells : s.hidden == s.out, "the sizes do not fit");
  const Rows rows(o[8], plan.integer(2), s.batch, s.rows, plan.flag(3));
  if (s.rows == 0) return;

  const Table<T> out(o[0]), gates(o[1]), extra(cell.extra ? Table<T>(o[2]) : Table<T>()), state(o[3]), cells(o[4]);
  std::vector<T> bias(static_cast<size_t>(s.hidden), T{0});
  for (int64_t j = 0; o[6] && j < s.hidden; j++) bias[static_cast<size_t>(j)] = o[6].as<T>()[j * o[6].strides[0]];
  const PackedMatrix<T> recurrent(o[5].as<const T>(), o[5].strides[1], o[5].strides[0], s.out, s.gates);
  std::optional<PackedMatrix<T>> projection;
  if (projects) projection.emplace(o[7].as<const T>(), o[7].strides[1], o[7].strides[0], s.hidden, s.out);
  const bool reverse = plan.flag(1);
  const int64_t steps = rows.steps(), parts = parts_of(s, sizeof(T));
  parallel_tasks(parts, [&](int64_t q) {
    const int64_t most = share(rows.size(0), q, parts);
    const fp::Scratch<T> product(most * s.gates), wide(projects ? most * s.hidden : 0);
    for (int64_t i = 0; i < steps; i++) {
      const int64_t t = reverse ? steps - 1 - i : i, m = share(rows.size(t), q, parts), next = reverse ? t - 1 : t + 1;
      if (m == 0) continue;
      recurrent.multiply(m, state.row(q), parts * state.step, product.get(), s.gates, false);
      for (int64_t k = 0; k < m; k++) {
        const int64_t b = q + k * parts, n = rows.at(t, b);
        T* const y = projects ? wide.get() + k * s.hidden : state.row(b);
        if (b < rows.size(next)) fetch_row(gates.row(rows.at(next, b)), s.gates);
        cell.forward(gates.row(n), product.get() + k * s.gates, bias.data(), cells ? cells.row(b) : nullptr, y,
                     extra ? extra.row(n) : nullptr, s.hidden);
      }
      if (projects) projection->multiply(m, wide.get(), s.hidden, state.row(q), parts * state.step, false);
      for (int64_t k = 0; k < m; k++) {
        const int64_t b = q + k * parts;
        std::copy_n(state.row(b), s.out, out.row(rows.at(t, b)));
      }
    }
  });
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
  visit_float(plan.operand[1].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    run_forward(plan, cell_of<T>(plan.integer(0)));
  });
}

template <class T>
void run_backward(const Plan& plan, const Cell<T>& cell) {
  const Operand* const o = plan.operand;
  const Sizes s = sizes_of(o[9], o[3], cell.gates);
  const bool projects = static_cast<bool>(o[14]);
  expect_table(o[0], s.rows, s.gates, s, false);
  expect_table(o[1], s.rows, s.gates, s, !cell.carries);
  expect_table(o[2], s.rows, s.out, s, true);
  expect_table(o[3], s.batch, s.out, s, false);
  expect_table(o[4], s.batch, s.hidden, s, !cell.cells);
  expect_table(o[5], s.rows, s.out, s, true);
  expect_table(o[6], s.rows, s.hidden, s, true);
  expect_table(o[7], s.rows, s.out, s, true);
  expect_table(o[8], s.rows, s.out, s, false);
  expect_table(o[9], s.rows, s.gates, s, false);
  expect_table(o[10], s.rows, s.hidden, s, !cell.extra);
  expect_table(o[11], s.batch, s.out, s, true);
  expect_table(o[12], s.batch, s.hidden, s, true);
  expect_weight(o[13], s.gates, s.out, s);
  if (projects) expect_weight(o[14], s.out, s.hidden, s);
  Plan::require(projects ? cell.cells : s.hidden == s.out, "the sizes do not fit");
  const Rows rows(o[15], plan.integer(2), s.batch, s.rows, plan.flag(3));
  if (s.rows == 0) return;

  const Table<T> dgates(o[0]), dproducts(o[1]), before(o[2]), dstate(o[3]), dcells(o[4]), dtotal(o[5]),
      unprojected(o[6]);
  const Table<T> dout(o[7]), out(o[8]), gates(o[9]), extra(o[10]), h0(o[11]), c0(o[12]);
  const PackedMatrix<T> recurrent(o[13].as<const T>(), o[13].strides[0], o[13].strides[1], s.gates, s.out);
  std::optional<PackedMatrix<T>> projection;
  if (projects) projection.emplace(o[14].as<const T>(), o[14].strides[0], o[14].strides[1], s.out, s.hidden);
  const std::vector<T> zeros(static_cast<size_t>(std::max(s.hidden, s.out)), T{0});
  const bool reverse = plan.flag(1);
  const int64_t steps = rows.steps(), parts = parts_of(s, sizeof(T));
  parallel_tasks(parts, [&](int64_t q) {
    const int64_t most = share(rows.size(0), q, parts);
    const fp::Scratch<T> product(most * s.gates), dh(most * s.out), wide(projects ? most * s.hidden : 0);
    for (int64_t i = 0; i < steps; i++) {
      const int64_t t = reverse ? i : steps - 1 - i, m = share(rows.size(t), q, parts);
      if (m == 0) continue;
      // the step that this one's state came from, and how many sequences have it
      const int64_t earlier = reverse ? t + 1 : t - 1, have = rows.size(earlier);
      for (int64_t k = 0; k < m; k++) {
        const int64_t b = q + k * parts;
        const T* const carried = dstate.row(b);
        const T* const given = dout ? dout.row(rows.at(t, b)) : zeros.data();
        T* const to = dh.get() + k * s.out;
        for (int64_t j = 0; j < s.out; j++) to[j] = carried[j] + given[j];
        if (dtotal) std::copy_n(to, s.out, dtotal.row(rows.at(t, b)));
      }
      if (projects) projection->multiply(m, dh.get(), s.out, wide.get(), s.hidden, false);
      for (int64_t k = 0; k < m; k++) {
        const int64_t b = q + k * parts, n = rows.at(t, b);
        const bool inside = b < have;
        const T* const h = inside ? out.row(rows.at(earlier, b)) : h0 ? h0.row(b) : zeros.data();
        if (inside) {
          fetch_row(gates.row(rows.at(earlier, b)), s.gates);
          if (dout) fetch_row(dout.row(rows.at(earlier, b)), s.out);
        }
        BackwardRow<T> r{};
        r.dy = projects ? wide.get() + k * s.hidden : dh.get() + k * s.out;
        r.gates = gates.row(n);
        r.h = h;
        r.dproduct = product.get() + k * s.gates;
        if (cell.extra) r.extra = extra.row(n);
        if (cell.cells) {
          r.c = inside ? extra.row(rows.at(earlier, b)) : c0 ? c0.row(b) : zeros.data();
          r.dc = dcells.row(b);
          r.y = unprojected ? unprojected.row(n) : nullptr;
        }
        if (cell.carries) {
          r.carry = dstate.row(b);
          r.dgates = dgates.row(n);
        }
        cell.backward(r, s.hidden);
        std::copy_n(r.dproduct, s.gates, (cell.carries ? dproducts : dgates).row(n));
        if (before) std::copy_n(h, s.out, before.row(n));
      }
      recurrent.multiply(m, product.get(), s.gates, dstate.row(q), parts * dstate.step, cell.carries);
    }
  });
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
  visit_float(plan.operand[9].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    run_backward(plan, cell_of<T>(plan.integer(0)));
  });
}

}  // namespace

void register_rnn(KernelTable& table) {
  table.add("rnn", rnn);
  table.add("rnnBackward", rnn_backward);
}

}  // namespace flambeau::FB_ISA
