// What kernels find wrong with the values that they are given, such as an index outside its dim: they go on without it
// and leave a note in page-locked memory, which the host reads when it next waits for a GPU. So no call waits for its
// own check, unless CUDA_LAUNCH_BLOCKING is set. Used by the kernels that index, draw and look up classes, and by
// backend.cc.
#pragma once
#include <cstdint>

#include "device.h"

namespace flambeau::cuda {

/** What is wrong: faults.cc has the words. */
enum class Wrong : int32_t { index, plane, tap, target, label, chance, concentration, rate, count };

/** Written by the first kernel that finds something; the host clears it. */
struct FaultNote {
  uint32_t state;  // 0: nothing, 1: being written, 2: there
  Wrong what;
  int32_t dim;
  const char* operation;
  int64_t value, limit;
  double number;
};

/** What a kernel gets. */
struct FaultFlag {
  FaultNote* note = nullptr;
  const char* operation = nullptr;
  Wrong what{};
  int32_t dim = -1;  // where that is known
#ifdef __CUDACC__
  __device__ __forceinline__ void tell(int64_t value, int64_t limit, double number = 0) const {
    if (atomicCAS(&note->state, 0u, 1u) != 0) return;
    note->what = what;
    note->dim = dim;
    note->operation = operation;
    note->value = value;
    note->limit = limit;
    note->number = number;
    __threadfence_system();
    *static_cast<volatile uint32_t*>(&note->state) = 2;
  }
  __device__ __forceinline__ void tell_number(double number) const { tell(0, 0, number); }
#endif
};

/** A flag for the operation that is about to be launched on the current device. */
FaultFlag fault_flag(Wrong what, int dim = -1);
/** After the host has waited for a device: throws std::out_of_range if a kernel has left a note. */
void raise_faults();
/** True if CUDA_LAUNCH_BLOCKING asks for each operation to be waited for. */
bool launch_blocking();

}  // namespace flambeau::cuda
