// Rows of entries in order, for sort.cu and the permutations of draws.cu.
#pragma once
#include <memory>

#include "cells.cuh"

namespace flambeau::cuda {

/** A key and where it was: all entries of a row are different, so that any order of them is a stable one. */
struct Entries {
  std::unique_ptr<Temporary> keys_memory, index_memory;
  int64_t n = 0;  // of a row

  Entries(int64_t rows, int64_t n)
      : keys_memory(std::make_unique<Temporary>(static_cast<size_t>(rows * n) * sizeof(uint64_t))),
        index_memory(std::make_unique<Temporary>(static_cast<size_t>(rows * n) * sizeof(uint32_t))),
        n(n) {}
  uint64_t* keys() const { return keys_memory->as<uint64_t>(); }
  uint32_t* index() const { return index_memory->as<uint32_t>(); }
};

/** Rows of a tensor along a dim, beside those of the results. */
struct Lines {
  Cells<3> cells;  // of values, indices and the input
  const void* in;
  int64_t n, step;
  uint64_t flip;  // ~0 for descending order
  int item;
  bool floating, is_signed, is_bool;
  uint64_t infinity;  // a float's
};

/** The entries of `rows` rows in ascending order. */
Entries sorted_entries(Entries entries, int64_t rows);

}  // namespace flambeau::cuda
