// NCCL as nccl.cc uses it: its functions and numbers, stated here so that its headers are not needed. It is opened by
// name when it is first wanted.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include "../native/device.h"

namespace flambeau::cuda {

/** ncclUniqueId: whoever has it may join. */
struct NcclId {
  char bytes[128];
};
/** ncclRedOp_t. */
enum class NcclReduction : int { sum = 0, product = 1, max = 2, min = 3, avg = 4 };
/** ncclDataType_t of a dtype; a bool goes as a byte. Throws PlanError for int16, which NCCL has not. */
int nccl_type(DType dtype);

struct Nccl {
  using Comm = void*;
  int (*version)(int*) = nullptr;
  int (*unique_id)(NcclId*) = nullptr;
  const char* (*error_text)(int) = nullptr;
  int (*init)(Comm*, int size, NcclId, int rank) = nullptr;
  int (*destroy)(Comm) = nullptr;
  int (*abort)(Comm) = nullptr;
  int (*async_error)(Comm, int*) = nullptr;
  int (*all_reduce)(const void*, void*, size_t, int type, int reduction, Comm, cudaStream_t) = nullptr;
  int (*broadcast)(const void*, void*, size_t, int type, int root, Comm, cudaStream_t) = nullptr;
  int (*reduce)(const void*, void*, size_t, int type, int reduction, int root, Comm, cudaStream_t) = nullptr;
  int (*all_gather)(const void*, void*, size_t, int type, Comm, cudaStream_t) = nullptr;
  int (*reduce_scatter)(const void*, void*, size_t, int type, int reduction, Comm, cudaStream_t) = nullptr;
  int (*send)(const void*, size_t, int type, int peer, Comm, cudaStream_t) = nullptr;
  int (*receive)(void*, size_t, int type, int peer, Comm, cudaStream_t) = nullptr;
  int (*group_start)() = nullptr;
  int (*group_end)() = nullptr;
  LibraryInfo info{"NCCL", "", "", ""};
  bool there = false;

  Nccl();
  /** Throws DeviceFailure unless the status is success. */
  void expect(const std::string& what, int status) const;

 private:
  template <class Take>
  bool take_all(Take&& take);
};
/** NCCL, there or not. */
Nccl& nccl();

}  // namespace flambeau::cuda
