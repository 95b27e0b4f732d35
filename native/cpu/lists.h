// For kernels over lists of tensors (optim.cc, optim_rules.cc, lists.cc): checks, and the sharing out of their
// elements.
//
// All tensors are cut into pieces of kPiece elements, and the pieces of all tensors are shared out together, so that
// many small tensors and a few large ones both keep every thread busy.
#pragma once
#include <algorithm>
#include <vector>

#include "../backend.h"
#include "../parallel.h"
#include "../vecmath.h"
#include "floats.h"

namespace flambeau::FB_ISA {

using namespace fp;

constexpr int64_t kPiece = 8192;

inline void expect(const ListPlan& plan, int width, int params) {
  Plan::require(plan.width == width, "wrong width of the list");
  Plan::require(plan.params == params, "wrong number of parameters");
}

/** Every tuple: tensors of one floating dtype and one length. */
inline void expect_uniform(const ListPlan& plan, int members) {
  for (int64_t i = 0; i < plan.groups; i++) {
    const Flat& first = plan.item(i, 0);
    for (int k = 0; k < members; k++) {
      const Flat& item = plan.item(i, k);
      Plan::require(item.numel >= 0 && (item.data || item.numel == 0), "a tensor of the list is absent");
      Plan::require(item.dtype == first.dtype && item.numel == first.numel, "the tensors of a tuple differ");
      Plan::require(item.dtype <= DType::bf16, "expected a floating point dtype");
    }
  }
}

/** Calls `piece(group, begin, end)` over all tensors of all groups, in threads. */
template <class F>
void over_pieces(const ListPlan& plan, F&& piece) {
  std::vector<int64_t> first(static_cast<size_t>(plan.groups) + 1);
  int64_t elements = 0;
  for (int64_t i = 0; i < plan.groups; i++) {
    const int64_t n = plan.item(i, 0).numel;
    elements += n;
    first[static_cast<size_t>(i) + 1] = first[static_cast<size_t>(i)] + (n + kPiece - 1) / kPiece;
  }
  const int64_t pieces = first.back();
  const int64_t grain = elements < 2 * kGrain ? pieces : std::max<int64_t>(1, kGrain * pieces / (elements + 1) / 2);
  parallel_for(pieces, grain, [&](int64_t begin, int64_t end) {
    int64_t group = std::upper_bound(first.begin(), first.end(), begin) - first.begin() - 1;
    for (int64_t at = begin; at < end; at++) {
      while (at >= first[static_cast<size_t>(group) + 1]) group++;
      const int64_t from = (at - first[static_cast<size_t>(group)]) * kPiece;
      piece(group, from, std::min(from + kPiece, plan.item(group, 0).numel));
    }
  });
}

/** As over_pieces, with the elements' type: `piece(TypeTag<T>, at, n)`, where at(k) is the piece of the k-th tensor. */
template <class F>
void over_floats(const ListPlan& plan, F&& piece) {
  over_pieces(plan, [&](int64_t group, int64_t begin, int64_t end) {
    visit_floating(plan.item(group, 0).dtype, [&]<class T>(TypeTag<T> tag) {
      piece(tag, [&](int k) { return plan.item(group, k).as<T>() + begin; }, end - begin);
    });
  });
}

template <class T>
FB_NOINLINE void widen_piece(float* FB_RESTRICT to, const T* FB_RESTRICT from, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] = static_cast<float>(from[i]);
}
template <class T>
FB_NOINLINE void narrow_piece(T* FB_RESTRICT to, const float* FB_RESTRICT from, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] = static_cast<T>(from[i]);
}

/**
 * For the steps of optimizers, whose tuples are (p, g, states…): `piece(at, n)`, where at[k] is the piece of the k-th
 * tensor, of float or double. Halves come as floats, a block at a time, and all but the gradient go back: a rule is
 * compiled twice instead of four times.
 */
template <class F>
void over_steps(const ListPlan& plan, F&& piece) {
  constexpr int kMost = 6;
  constexpr int64_t kBlock = 256;
  Plan::require(plan.width <= kMost, "too many tensors in a tuple");
  over_pieces(plan, [&](int64_t group, int64_t begin, int64_t end) {
    visit_floating(plan.item(group, 0).dtype, [&]<class T>(TypeTag<T>) {
      T* at[kMost] = {};
      for (int k = 0; k < plan.width; k++) at[k] = plan.item(group, k).as<T>() + begin;
      if constexpr (is_half<T>) {
        float block[kMost][kBlock];
        float* in_block[kMost];
        for (int k = 0; k < kMost; k++) in_block[k] = block[k];
        for (int64_t i = 0, n = end - begin; i < n; i += kBlock) {
          const int64_t m = std::min(kBlock, n - i);
          for (int k = 0; k < plan.width; k++) widen_piece(block[k], at[k] + i, m);
          piece(in_block, m);
          for (int k = 0; k < plan.width; k++) {
            if (k != 1) narrow_piece(at[k] + i, block[k], m);
          }
        }
      } else {
        piece(at, end - begin);
      }
    });
  });
}

template <class T>
using Value = Compute<T>;

}  // namespace flambeau::FB_ISA
