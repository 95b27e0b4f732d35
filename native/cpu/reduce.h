// The driver under every reduction (reduce.cc, reduce_index.cc): it walks the kept and reduced dims, splits the work
// over threads, and leaves the arithmetic to a Reducer.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../plan.h"
#include "../reduced.h"
#include "isa.h"

namespace flambeau::FB_ISA {

/** n × count elements, i < n the reduced index and c < count the output, in one of the two dense orders. */
struct ReduceBlock {
  const void* p;
  int64_t n, count;
  int64_t pitch;        // rows(): element (i, c) is p[i + c * pitch]; cols(): p[i * pitch + c]
  int64_t first;        // the flat reduced index of i = 0
  const void* context;  // one per c; null where the reducer wants none
};

/** Whether reduce.cc has no loops over floats: copies that are to be small reduce them in double. */
#if defined(FB_SMALL)
inline constexpr bool kReducesInDouble = true;
#else
inline constexpr bool kReducesInDouble = false;
#endif

/** What a Reducer reads. The driver converts other types, and gathers strided elements, in blocks that stay in L1. */
enum class Reads : uint8_t { f32, f64, i64, truth };  // truth: a byte, nonzero where the element is

/** A reduction for one type of input. Partial results are opaque cells; n and count are at least 1. */
struct Reducer {
  Reads reads;
  size_t cell;     // bytes of a partial result, at most 16
  size_t context;  // bytes of the value that each output brings along, or 0
  int64_t leaf;    // how many rows cols() may take before its rounding errors want a tree
  bool ordered;    // cells may only be merged in order
  void (*rows)(const ReduceBlock&, void* cells);  // cells[c] = reduction over i; inner loop over i
  void (*cols)(const ReduceBlock&, void* cells);  // the same; inner loop over c
  void (*merge)(void* cells, const void* later, int64_t count);
  void (*clear)(void* cells, int64_t count);  // the reduction of nothing
};

/** Where finished cells go. */
struct ReduceSink {
  void (*write)(const ReduceSink&, const void* cells, int64_t count, int64_t index);
  // Set by the driver for each call: the addresses of the outputs for the first cell, and their steps in elements.
  std::byte* out[2] = {};
  int64_t step[2] = {};
  // Set by the kernel.
  double number = 0;  // elements in each reduction, or what the kernel needs
  double extra = 0;
  void* context = nullptr;
};

/**
 * Reduces operand `input` of a map plan with dims [kept…, reduced…]; operands 0 … outputs-1 receive the results.
 * `contexts` is indexed by the position among the kept elements that ReduceSink::write is told as `index`.
 */
void reduce(const Plan& plan, int outputs, int input, const Reducer& reducer, ReduceSink sink,
            const void* contexts = nullptr);

void register_reduce(KernelTable& table);
void register_reduce_index(KernelTable& table);

}  // namespace flambeau::FB_ISA
