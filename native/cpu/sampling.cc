// Whole numbers, coins and samples with PyTorch's values for the same seed. Called by dispatch for randint, randperm,
// bernoulli, dropout, multinomial and their kin; param 0 is a generator id. See random.cc.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "../draw_range.h"
#include "drawing.h"

namespace flambeau::FB_ISA {
namespace {

using namespace drawing;

// ------------------------------------------------------------------------------------------------ integers

template <class T>
FB_INLINE T from_integer(int64_t v) {
  if constexpr (is_bool<T>) {
    return Bool(v != 0);
  } else if constexpr (is_half<T>) {
    return static_cast<T>(static_cast<float>(v));
  } else {
    return static_cast<T>(v);
  }
}

/** Calls `f(T, one, zero)` with 1 and 0 of a dtype, by their bits: T is an unsigned type of its size. */
template <class F>
void visit_bits(DType d, F&& f) {
  uint64_t one = 1;
  if (d == DType::f32) one = std::bit_cast<uint32_t>(1.0f);
  if (d == DType::f64) one = std::bit_cast<uint64_t>(1.0);
  if (d == DType::f16) one = Half(1.0f).bits;
  if (d == DType::bf16) one = BFloat16(1.0f).bits;
  switch (item_size(d)) {
    case 1: return f(static_cast<uint8_t>(one), uint8_t{0});
    case 2: return f(static_cast<uint16_t>(one), uint16_t{0});
    case 4: return f(static_cast<uint32_t>(one), uint32_t{0});
    default: return f(one, uint64_t{0});
  }
}
/** Calls `f` with a tag of `d`; bytes are all unsigned, for kernels that give each byte dtype what it can hold. */
template <class F>
void visit_bytes_alike(DType d, F&& f) {
  visit(item_size(d) == 1 ? DType::u8 : d, [&]<class T>(TypeTag<T> tag) {
    if constexpr (sizeof(T) > 1 || std::is_same_v<T, uint8_t>) f(tag);
  });
}

template <class T>
void randint_values(Generator& g, T* out, int64_t n, int64_t low, uint64_t range) {
  if (range >= uint64_t{1} << 28) {
    draw<2>(g, n, 4096, [=](const uint32_t* w, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        out[i] = from_integer<T>(static_cast<int64_t>(word64(w, i - begin) % range + static_cast<uint64_t>(low)));
      }
    });
    return;
  }
  // word % range without a division: the quotient by a double reciprocal is off by one at most.
  const double inverse = 1.0 / static_cast<double>(range);
  const int64_t divisor = static_cast<int64_t>(range);
  draw<1>(g, n, kGrain, [=](const uint32_t* w, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t word = w[i - begin];
      int64_t rest = word - static_cast<int64_t>(static_cast<double>(word) * inverse) * divisor;
      rest = rest < 0 ? rest + divisor : rest;
      rest = rest >= divisor ? rest - divisor : rest;
      out[i] = from_integer<T>(rest + low);
    }
  });
}

/** randint: out [any dtype, contiguous]; params generator, low, high (exclusive). */
void randint(const Plan& plan) {
  const Operand& out = target(plan, 1, 3);
  Generator& g = generator(plan);
  visit_bytes_alike(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const DrawRange r = draw_range(out.dtype, plan.param[1], plan.param[2]);
    randint_values(g, out.as<T>(), out.numel(), r.low, r.range);
  });
}

/** random: out [any dtype, contiguous]; param generator. [0, max] for integers, [0, 2^mantissa] for floats. */
void random(const Plan& plan) {
  const Operand& out = target(plan, 1, 1);
  Generator& g = generator(plan);
  const uint32_t byte_mask = out.dtype == DType::u8 ? 0xff : out.dtype == DType::i8 ? 0x7f : 1;
  visit_bytes_alike(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      draw<2>(g, out.numel(), 4096, [=](const uint32_t* w, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          const uint64_t word = word64(w, i - begin);
          y[i] =
              static_cast<T>(static_cast<int64_t>(std::is_same_v<T, double> ? word % (kMask53 + 2) : word << 1 >> 1));
        }
      });
    } else {
      draw<1>(g, out.numel(), kGrain, [=](const uint32_t* w, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          uint32_t word = w[i - begin];
          if constexpr (is_floating<T>) {
            word %= (1u << digits_of<T>()) + 1;
          } else if constexpr (sizeof(T) == 1) {
            word &= byte_mask;
          } else {
            word &= static_cast<uint32_t>(std::numeric_limits<T>::max());
          }
          y[i] = from_integer<T>(word);
        }
      });
    }
  });
}

// ------------------------------------------------------------------------------------------------ bernoulli

/** A 53-bit uniform lies below p exactly when its integer lies below this. */
uint64_t threshold(double p) {
  if (!(p >= 0 && p <= 1)) {
    char text[96];
    std::snprintf(text, sizeof text, "expected p to be in [0, 1], but got %g", p);
    throw std::out_of_range(text);
  }
  return static_cast<uint64_t>(std::ceil(p * 0x1p53));
}

/** bernoulli: out [any dtype, contiguous]; params generator, p. */
void bernoulli(const Plan& plan) {
  const Operand& out = target(plan, 1, 2);
  const int64_t limit = static_cast<int64_t>(threshold(plan.param[1]));
  Generator& g = generator(plan);
  visit_bits(out.dtype, [&]<class T>(T one, T zero) {
    T* y = out.as<T>();
    draw<2>(g, out.numel(), kGrain / 4, [=](const uint32_t* w, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        y[i] = static_cast<int64_t>(word64(w, i - begin) & kMask53) < limit ? one : zero;
      }
    });
  });
}

/** bernoulliTensor: out [any dtype, contiguous], p [floating, any strides]; param generator. Map plan. */
void bernoulli_tensor(const Plan& plan) {
  const Operand& out = target(plan, 2, 1);
  const Operand& p = plan.operand[1];
  Plan::require(p && p.ndim == out.ndim, "the probabilities do not match");
  Walk<2> walk;
  for (int d = 0; d < out.ndim; d++) {
    Plan::require(p.sizes[d] == out.sizes[d], "the probabilities do not match");
    walk.add(out.sizes[d], {out.strides[d], p.strides[d]});
  }
  Generator& g = generator(plan);
  const int64_t p_step = walk.step(1), n = out.numel();
  visit_floating(p.dtype, [](auto) {});  // refuses the others
  const bool wide = p.dtype == DType::f64;
  visit_bits(out.dtype, [&]<class T>(T one, T zero) {
    T* y = out.as<T>();
    int64_t at = 0;
    walk.run(0, n, [&](const int64_t* offset, int64_t count) {
      for (int64_t i = 0; i < count; i++) {
        const double chance = load_at(p, offset[1] + i * p_step);
        threshold(chance);
        // a float and its chance compare in double as they do in float
        const double drawn = wide ? g.uniform() : static_cast<double>(g.random() & 0xffffffu) * 0x1p-24;
        y[at++] = drawn < chance ? one : zero;
      }
    });
  });
}

/**
 * dropout: out y, out mask, in x, all of one floating dtype, one shape and contiguous; params generator, p.
 * mask is bernoulli(1 - p) / (1 - p), y is x * mask: what F.dropout computes, from the same draws. Its derivative is
 * g * mask. p = 1 zeroes without drawing.
 */
void dropout(const Plan& plan) {
  const Operand& out = target(plan, 3, 2);
  const double p = plan.param[1];
  for (int i = 1; i < 3; i++) {
    const Operand& o = plan.operand[i];
    Plan::require(o && o.dtype == out.dtype && o.contiguous() && o.numel() == out.numel(), "dropout: operands differ");
  }
  const int64_t limit = static_cast<int64_t>(threshold(1.0 - p)), n = out.numel();
  Generator& g = generator(plan);
  visit_floating(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    T* y = out.as<T>();
    T* mask = plan.operand[1].as<T>();
    const T* x = plan.operand[2].as<T>();
    const C kept = static_cast<C>(static_cast<T>(C{1} / static_cast<C>(1.0 - p)));
    if (p == 1.0) {
      for (int64_t i = 0; i < n; i++)
        mask[i] = static_cast<T>(C{0}), y[i] = static_cast<T>(static_cast<C>(x[i]) * C{0});
      return;
    }
    const T on = static_cast<T>(kept), off = static_cast<T>(C{0});
    draw<2>(g, n, kGrain / 4, [=](const uint32_t* w, int64_t begin, int64_t end) {
      // Two loops, each of which vectorises; the mask is still in the first-level cache for the second.
      for (int64_t at = begin; at < end; at += 1024) {
        const int64_t stop = std::min(end, at + 1024);
        for (int64_t i = at; i < stop; i++) {
          mask[i] = static_cast<int64_t>(word64(w, i - begin) & kMask53) < limit ? on : off;
        }
        for (int64_t i = at; i < stop; i++) y[i] = static_cast<T>(static_cast<C>(x[i]) * static_cast<C>(mask[i]));
      }
    });
  });
}

// ------------------------------------------------------------------------------------------------ samples

/** randperm: out [n, any dtype but bool, contiguous]; param generator. */
void randperm(const Plan& plan) {
  const Operand& out = target(plan, 1, 1);
  Plan::require(out.ndim <= 1, "expected one dimension");
  Generator& g = generator(plan);
  const int64_t n = out.numel();
  const bool wide = n >= std::numeric_limits<uint32_t>::max() / 20;  // PyTorch draws 64 bits from there on
  visit(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    for (int64_t i = 0; i < n; i++) y[i] = from_integer<T>(i);
    const Scratch<uint32_t> words(wide ? 1 : std::min<int64_t>(n, 4096));
    for (int64_t base = 0; base < n - 1; base += 4096) {
      const int64_t count = std::min<int64_t>(4096, n - 1 - base);
      if (!wide) g.fill(words.get(), static_cast<size_t>(count));
      for (int64_t i = base; i < base + count; i++) {
        const int64_t rest = n - i;
        const int64_t at = wide ? static_cast<int64_t>(g.random64() % static_cast<uint64_t>(rest))
                                : static_cast<int64_t>(words[i - base] % static_cast<uint32_t>(rest));
        std::swap(y[i], y[i + at]);
      }
    }
  });
}

/** One row with replacement: inverse of the cumulative distribution. */
template <class P>
void sample_with_replacement(Generator& g, const P* row, int64_t step, int64_t k, int64_t* out, int64_t n,
                             double* sums) {
  // PyTorch keeps the running sums in float or double, as the probabilities are.
  using C = Compute<P>;
  C sum = 0;
  for (int64_t i = 0; i < k; i++) {
    const C v = row[i * step];
    if (!(v >= 0) || std::isinf(v)) throw std::out_of_range("probabilities must be finite and not negative");
    sum += v;
    sums[i] = sum;
  }
  if (!(sum > 0)) throw std::out_of_range("a row of probabilities sums to 0");
  for (int64_t i = 0; i < k; i++) sums[i] = static_cast<C>(sums[i]) / sum;
  sums[k - 1] = 1;
  for (int64_t s = 0; s < n; s++) {
    const double u = g.uniform();
    int64_t left = 0, right = k;
    while (right - left > 0) {
      const int64_t middle = left + (right - left) / 2;
      if (sums[middle] < u) {
        left = middle + 1;
      } else {
        right = middle;
      }
    }
    out[s] = std::min(left, k - 1);
  }
}

/** Brings the n of k indices with the largest values to the front, in order. */
FB_NOINLINE void sort_first(const double* v, int64_t* order, int64_t n, int64_t k) {
  std::partial_sort(order, order + n, order + k,
                    [v](int64_t a, int64_t b) { return v[a] != v[b] ? v[a] > v[b] : a < b; });
}

/**
 * multinomial (structured): out [rows, n] int64 contiguous, probabilities [rows, k] floating; params generator,
 * replacement. Without replacement (and for n = 1) PyTorch divides by exponential noise and takes the n largest.
 */
void multinomial(const Plan& plan) {
  const Operand& out = target(plan, 2, 2);
  const Operand& p = plan.operand[1];
  Plan::require(p && out.dtype == DType::i64 && out.ndim == 2 && p.ndim == 2 && out.sizes[0] == p.sizes[0],
                "operands do not match");
  const int64_t rows = out.sizes[0], n = out.sizes[1], k = p.sizes[1];
  const bool replacement = plan.flag(1);
  Plan::require(n > 0 && k > 0 && (replacement || n <= k), "cannot draw that many");
  Generator& g = generator(plan);
  visit_floating(p.dtype, [&](auto tag) {
    using P = typename decltype(tag)::type;
    const int64_t step = p.strides[1];
    const Scratch<double> values(k);
    if (replacement && n > 1) {
      for (int64_t r = 0; r < rows; r++) {
        sample_with_replacement(g, p.as<P>() + r * p.strides[0], step, k, out.as<int64_t>() + r * n, n, values.get());
      }
      return;
    }
    for (int64_t r = 0; r < rows; r++) {
      const P* row = p.as<P>() + r * p.strides[0];
      Compute<P> sum = 0;
      for (int64_t i = 0; i < k; i++) {
        const Compute<P> v = row[i * step];
        if (!(v >= 0) || std::isinf(v)) throw std::out_of_range("probabilities must be finite and not negative");
        sum += v;
      }
      if (!(sum > 0)) throw std::out_of_range("a row of probabilities sums to 0");
    }
    using C = Compute<P>;
    const auto draw_noise = [&] {
      return static_cast<C>(static_cast<P>(static_cast<C>(exponential_value(g.random64(), 1.0))));
    };
    // PyTorch's noise lies in memory as the probabilities do, and is drawn in that order
    const bool by_columns = rows > 1 && p.strides[0] != 0 && p.strides[0] < step;
    const Scratch<double> drawn(by_columns ? rows * k : 1);
    for (int64_t i = 0; by_columns && i < k; i++) {
      for (int64_t r = 0; r < rows; r++) drawn[r * k + i] = static_cast<double>(draw_noise());
    }
    const Scratch<int64_t> order(k);
    for (int64_t r = 0; r < rows; r++) {
      const P* row = p.as<P>() + r * p.strides[0];
      for (int64_t i = 0; i < k; i++) {
        const C noise = by_columns ? static_cast<C>(drawn[r * k + i]) : draw_noise();
        const double q = static_cast<double>(static_cast<C>(static_cast<P>(static_cast<C>(row[i * step]) / noise)));
        values[i] = std::isnan(q) ? -1 : q;  // 0/0: an impossible value that met zero noise
        order[i] = i;
      }
      sort_first(values.get(), order.get(), n, k);
      std::copy(order.get(), order.get() + n, out.as<int64_t>() + r * n);
    }
  });
}

}  // namespace

void register_sampling(KernelTable& table) {
  table.add("randint", randint);
  table.add("random", random);
  table.add("bernoulli", bernoulli);
  table.add("bernoulliTensor", bernoulli_tensor);
  table.add("dropout", dropout);
  table.add("randperm", randperm);
  table.add("multinomial", multinomial);
}

}  // namespace flambeau::FB_ISA
