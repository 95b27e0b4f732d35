// The functions that nvcc's generated code calls: registration of kernels and variables, and launches.
#include <cuda_runtime_api.h>

#include <cstring>

#include "runtime.h"

namespace flambeau::emulator {
namespace {

using Hold = std::lock_guard<std::recursive_mutex>;

struct Configuration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
std::vector<Configuration>& configurations() {
  thread_local std::vector<Configuration> list;
  return list;
}

std::string text_of(dim3 d) { return std::to_string(d.x) + "×" + std::to_string(d.y) + "×" + std::to_string(d.z); }

void run(const Program& program, dim3 grid, dim3 block, const std::vector<std::byte>& parameters, size_t shared) {
  Runtime& r = Runtime::get();
  if (r.sticky() != 0) return;  // as on a GPU: after a fault nothing runs
  counters().launches++;
  try {
    launch(program, {grid.x, grid.y, grid.z}, {block.x, block.y, block.z}, parameters, shared);
  } catch (const Fault& f) {
    const int code = f.kind == Fault::Kind::address     ? cudaErrorIllegalAddress
                     : f.kind == Fault::Kind::alignment ? cudaErrorMisalignedAddress
                                                        : cudaErrorLaunchFailure;
    r.fault(code, f.what());
  }
}

cudaError_t launch_kernel(const void* function, dim3 grid, dim3 block, void** arguments, size_t shared,
                          cudaStream_t on) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  if (r.sticky() != 0) return static_cast<cudaError_t>(r.sticky());
  Stream* stream = r.stream(on);
  if (stream == nullptr)
    return static_cast<cudaError_t>(r.fail(cudaErrorInvalidResourceHandle, "launch: no such stream"));
  try {
    if (stream->device != Runtime::device()) {
      return static_cast<cudaError_t>(
          r.fail(cudaErrorInvalidResourceHandle, "launch: the stream is not of the thread's device"));
    }
    const Program* program = Registry::get().kernel(function, stream->device);
    if (program == nullptr)
      return static_cast<cudaError_t>(r.fail(cudaErrorInvalidDeviceFunction, "launch: no such kernel"));
    const uint64_t threads = uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || threads > program->max_threads || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
        grid.x > 0x7FFF'FFFF || grid.y > 0xFFFF || grid.z > 0xFFFF) {
      return static_cast<cudaError_t>(r.fail(
          cudaErrorInvalidConfiguration, "invalid launch of " + program->name + ": grid " + text_of(grid) + ", block " +
                                             text_of(block) + ", " + std::to_string(shared) + " bytes shared"));
    }
    const auto most = static_cast<size_t>(Registry::get().most_dynamic_shared(function));
    if (shared > most) {
      return static_cast<cudaError_t>(
          r.fail(cudaErrorInvalidValue, "invalid launch of " + program->name + ": " + std::to_string(shared) +
                                            " bytes of dynamic shared memory are more than the " +
                                            std::to_string(most) + " that cudaFuncSetAttribute allowed"));
    }
    std::vector<std::byte> parameters(program->parameter_bytes);
    for (size_t i = 0; i < program->parameters.size(); i++) {
      std::memcpy(parameters.data() + program->parameters[i].offset, arguments[i], program->parameters[i].bytes);
    }
    r.enqueue(stream, program->name, [=, values = std::move(parameters)] {
      run(*program, grid, block, values, shared);
      return true;
    });
  } catch (const std::exception& e) {
    return static_cast<cudaError_t>(r.fail(cudaErrorInvalidKernelImage, e.what()));
  }
  return cudaSuccess;
}

}  // namespace
}  // namespace flambeau::emulator

using namespace flambeau::emulator;  // NOLINT: the functions below are C

extern "C" {

// Static constructors of every object that nvcc made call these, in whatever thread loads the library.
void** __cudaRegisterFatBinary(void* wrapper) {
  const Hold hold(Runtime::get().lock);
  return reinterpret_cast<void**>(Registry::get().add(wrapper));
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }
void __cudaRegisterFunction(void** module, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*, dim3*,
                            int*) {
  const Hold hold(Runtime::get().lock);
  Registry::get().add_kernel(reinterpret_cast<Module*>(module), host, name);
}
void __cudaRegisterVar(void** module, char* host, char*, const char* name, int, size_t, int, int) {
  const Hold hold(Runtime::get().lock);
  Registry::get().add_variable(reinterpret_cast<Module*>(module), host, name);
}
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, struct CUstream_st* stream) {
  configurations().push_back({grid, block, shared, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  const Configuration c = configurations().back();
  configurations().pop_back();
  *grid = c.grid;
  *block = c.block;
  *shared = c.shared;
  *static_cast<cudaStream_t*>(stream) = c.stream;
  return cudaSuccess;
}
// A kernel's handle is its address on the host.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t k, dim3 grid, dim3 block, void** arguments, size_t shared,
                               cudaStream_t stream) {
  return launch_kernel(k, grid, block, arguments, shared, stream);
}
cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t k, dim3 grid, dim3 block, void** arguments, size_t shared,
                                    cudaStream_t stream) {
  return launch_kernel(k, grid, block, arguments, shared, stream);
}
cudaError_t cudaLaunchKernel(const void* f, dim3 grid, dim3 block, void** arguments, size_t shared,
                             cudaStream_t stream) {
  return launch_kernel(f, grid, block, arguments, shared, stream);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* c, const void* f, void** arguments) {
  return launch_kernel(f, c->gridDim, c->blockDim, arguments, c->dynamicSmemBytes, c->stream);
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t f, void* data) {
  Runtime& r = Runtime::get();
  if (f == nullptr) return static_cast<cudaError_t>(r.fail(cudaErrorInvalidValue));
  const Hold hold(r.lock);
  Stream* s = r.stream(stream);
  if (s == nullptr)
    return static_cast<cudaError_t>(r.fail(cudaErrorInvalidResourceHandle, "cudaLaunchHostFunc: no such stream"));
  r.enqueue(s, "cudaLaunchHostFunc", [=] {
    f(data);
    return true;
  });
  return cudaSuccess;
}

}  // extern "C"
