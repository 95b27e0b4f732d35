// The process's GPUs: found once, with their allocators and limits. Used by backend.cc and device.cc.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "allocator.h"
#include "device.h"

namespace flambeau::cuda {

struct Gpu {
  cudaDeviceProp properties;
  Limits limits;
  std::unique_ptr<Allocator> allocator;
};

/** The GPUs that can be used, or why there is none. Looked up at the first call. */
struct Context {
  std::vector<Gpu> gpus;
  std::string reason;
};
Context& context();

/** Makes a device and its current stream those of the calling thread, and names what comes next for messages. */
void enter(int device, std::string_view operation);

}  // namespace flambeau::cuda
