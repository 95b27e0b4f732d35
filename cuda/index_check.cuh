// Indices outside their dim: kernels skip them and tell their position, the host reports the first one after the
// launch. Used by every kernel that reads or writes by index. That the host waits here for the kernel is known here
// only.
#pragma once
#include "device.h"

namespace flambeau::cuda {

class IndexCheck {
 public:
  /** What a kernel gets. */
  struct Flag {
    unsigned long long* first;
    __device__ __forceinline__ void tell(int64_t position) const {
      atomicMin(first, static_cast<unsigned long long>(position));
    }
  };

  IndexCheck() : memory_(sizeof(int64_t)) {
    check(cudaMemsetAsync(memory_.as(), 0x7f, sizeof(int64_t), current().stream), "index");
  }
  Flag flag() const { return {memory_.as<unsigned long long>()}; }
  /** The smallest position that was told, or -1. */
  int64_t first() const {
    int64_t position = 0;
    download(&position, memory_.as(), sizeof position);
    return position == kNone ? -1 : position;
  }

 private:
  static constexpr int64_t kNone = 0x7f7f7f7f7f7f7f7f;
  Temporary memory_;
};

/** Element `where` of indices in the device's memory, for a message. */
inline int64_t read_index(const void* indices, int64_t where, bool wide) {
  if (wide) {
    int64_t k = 0;
    download(&k, static_cast<const int64_t*>(indices) + where, sizeof k);
    return k;
  }
  int32_t k = 0;
  download(&k, static_cast<const int32_t*>(indices) + where, sizeof k);
  return k;
}

}  // namespace flambeau::cuda
