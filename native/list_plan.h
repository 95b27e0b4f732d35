// A call over many tensors at once: what a fused optimizer step or a gradient norm passes to native.
#pragma once
#include <cstdint>
#include <vector>

#include "plan.h"

namespace flambeau {

/** A dense tensor seen as one row of `numel` elements. */
struct Flat {
  std::byte* data = nullptr;
  DType dtype = DType::f32;
  int64_t numel = 0;
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

/** `groups` tuples of `width` tensors: for Adam the tuples are (parameter, gradient, mean, square). */
struct ListPlan {
  int kernel = 0;
  int device = 0;
  int width = 0;
  int64_t groups = 0;
  int params = 0;
  double param[kMaxParams];
  std::vector<Flat> items;  // groups × width, row by row

  const Flat& item(int64_t group, int i) const { return items[static_cast<size_t>(group * width + i)]; }
};

using ListKernelFn = void (*)(const ListPlan&);

}  // namespace flambeau
