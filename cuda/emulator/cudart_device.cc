// The runtime library's device, errors and functions' attributes; and the emulator's own interface, emulator.h.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "emulator.h"
#include "runtime.h"

using namespace flambeau::emulator;  // NOLINT: the functions here are C

namespace {

using Hold = std::lock_guard<std::recursive_mutex>;
cudaError_t fail(cudaError_t code, const std::string& text = "") {
  return static_cast<cudaError_t>(Runtime::get().fail(code, text));
}

// A small device of compute capability 8.0: enough multiprocessors that grids are split, few enough that tests are
// quick.
constexpr int kMajor = 8, kMinor = 0, kProcessors = 4;
constexpr int kCache = 4 << 20, kShared = 48 << 10, kMostShared = 163 << 10, kThreadsPerProcessor = 2048;
constexpr int kVersion = 13000, kGreatestPriority = -5;

bool exists(int device) { return device >= 0 && static_cast<uint64_t>(device) < settings().devices; }

/** Calls f with the program of a kernel, under the lock; what is none is an error. */
template <class F>
cudaError_t with_kernel(const void* function, F&& f) {
  const Hold hold(Runtime::get().lock);
  try {
    const Program* p = Registry::get().kernel(function, Runtime::device());
    return p == nullptr ? fail(cudaErrorInvalidDeviceFunction) : f(*p);
  } catch (const std::exception& e) {
    return fail(cudaErrorInvalidKernelImage, e.what());
  }
}

struct ErrorName {
  cudaError_t code;
  const char *name, *text;
};
constexpr ErrorName kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidSymbol, "cudaErrorInvalidSymbol", "invalid device symbol"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidKernelImage, "cudaErrorInvalidKernelImage", "device kernel image is invalid"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorInvalidPitchValue, "cudaErrorInvalidPitchValue", "invalid pitch argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorPeerAccessUnsupported, "cudaErrorPeerAccessUnsupported",
     "peer access is not supported between these two devices"},
    {cudaErrorPeerAccessNotEnabled, "cudaErrorPeerAccessNotEnabled", "peer access has not been enabled"},
    {cudaErrorHostMemoryAlreadyRegistered, "cudaErrorHostMemoryAlreadyRegistered",
     "part or all of the requested memory range is already mapped"},
    {cudaErrorHostMemoryNotRegistered, "cudaErrorHostMemoryNotRegistered",
     "pointer does not correspond to a registered memory region"}};

const ErrorName& error_of(cudaError_t code) {
  static constexpr ErrorName kUnknown = {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"};
  const auto* at =
      std::find_if(std::begin(kErrors), std::end(kErrors), [&](const ErrorName& e) { return e.code == code; });
  return at == std::end(kErrors) ? kUnknown : *at;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* n) {
  *n = static_cast<int>(settings().devices);
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = Runtime::device();
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (!exists(device)) return fail(cudaErrorInvalidDevice);
  Runtime::set_device(device);
  return cudaSuccess;
}
cudaError_t cudaInitDevice(int device, unsigned, unsigned) {
  return exists(device) ? cudaSuccess : fail(cudaErrorInvalidDevice);
}
cudaError_t cudaDeviceReset() {
  const Hold hold(Runtime::get().lock);
  Runtime::get().drain_all();
  Runtime::get().clear_sticky();
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* v) {
  *v = kVersion;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* v) {
  *v = kVersion;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = kGreatestPriority;
  return cudaSuccess;
}
// No device sees another's memory: copies between them go by cudaMemcpyPeer, or cudaMemcpy with two pointers.
cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  if (!exists(device) || !exists(peer)) return fail(cudaErrorInvalidDevice);
  *can = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned) {
  return fail(exists(peer) ? cudaErrorPeerAccessUnsupported : cudaErrorInvalidDevice);
}
cudaError_t cudaDeviceDisablePeerAccess(int peer) {
  return fail(exists(peer) ? cudaErrorPeerAccessNotEnabled : cudaErrorInvalidDevice);
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int size, int device) {
  if (!exists(device)) return fail(cudaErrorInvalidDevice);
  std::snprintf(text, static_cast<size_t>(size), "0000:%02x:00.0", static_cast<unsigned>(device));
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  if (!exists(device)) return fail(cudaErrorInvalidDevice);
  *p = {};
  std::snprintf(p->name, sizeof p->name, "flambeau CUDA emulator");
  p->pciBusID = device;
  p->totalGlobalMem = DeviceMemory::get().total();
  p->sharedMemPerBlock = kShared;
  p->sharedMemPerBlockOptin = kMostShared;
  p->sharedMemPerMultiprocessor = kMostShared + 1024;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsPerMultiProcessor = kThreadsPerProcessor;
  p->maxBlocksPerMultiProcessor = 32;
  for (int i = 0; i < 3; i++) {
    p->maxThreadsDim[i] = i == 2 ? 64 : 1024;
    p->maxGridSize[i] = i == 0 ? 0x7FFF'FFFF : 0xFFFF;
  }
  p->totalConstMem = 65536;
  p->major = kMajor;
  p->minor = kMinor;
  p->multiProcessorCount = kProcessors;
  p->unifiedAddressing = p->concurrentKernels = 1;
  p->streamPrioritiesSupported = p->memoryPoolsSupported = p->hostRegisterSupported = 1;
  p->l2CacheSize = kCache;
  p->memoryBusWidth = 256;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr attribute, int device) {
  if (!exists(device)) return fail(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *v = kMajor; break;
    case cudaDevAttrComputeCapabilityMinor: *v = kMinor; break;
    case cudaDevAttrMultiProcessorCount: *v = kProcessors; break;
    case cudaDevAttrWarpSize: *v = 32; break;
    case cudaDevAttrMaxThreadsPerBlock:
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY: *v = 1024; break;
    case cudaDevAttrMaxBlockDimZ: *v = 64; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *v = kShared; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *v = kMostShared; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *v = kMostShared + 1024; break;
    case cudaDevAttrMaxGridDimX: *v = 0x7FFF'FFFF; break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ: *v = 0xFFFF; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *v = kThreadsPerProcessor; break;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor: *v = 65536; break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *v = 32; break;
    case cudaDevAttrL2CacheSize: *v = kCache; break;
    case cudaDevAttrTotalConstantMemory: *v = 65536; break;
    case cudaDevAttrGlobalMemoryBusWidth: *v = 256; break;
    case cudaDevAttrStreamPrioritiesSupported:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrHostRegisterSupported:
    case cudaDevAttrUnifiedAddressing: *v = 1; break;
    default: *v = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* out, const void* function) {
  return with_kernel(function, [&](const Program& p) {
    *out = {};
    out->sharedSizeBytes = p.shared_bytes;
    out->localSizeBytes = p.local_bytes;
    out->numRegs = 32;  // PTX does not say
    out->maxThreadsPerBlock = static_cast<int>(p.max_threads);
    out->ptxVersion = out->binaryVersion = p.ptx->target;
    out->maxDynamicSharedSizeBytes = Registry::get().most_dynamic_shared(function);
    out->preferredShmemCarveout = -1;
    return cudaSuccess;
  });
}
cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return with_kernel(function, [&](const Program& p) {
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) {
      return value >= -1 && value <= 100 ? cudaSuccess : fail(cudaErrorInvalidValue);
    }
    const int most = kMostShared - static_cast<int>(p.shared_bytes);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || value > most) {
      return fail(cudaErrorInvalidValue);
    }
    Registry::get().most_dynamic_shared(function) = value;
    return cudaSuccess;
  });
}
cudaError_t cudaFuncSetCacheConfig(const void* function, cudaFuncCache) {
  return with_kernel(function, [](const Program&) { return cudaSuccess; });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, const void* function, int threads,
                                                                   size_t shared, unsigned) {
  return with_kernel(function, [&](const Program& p) {
    if (threads <= 0) return fail(cudaErrorInvalidValue);
    const size_t each = shared + p.shared_bytes;
    *n = std::min(32, kThreadsPerProcessor / ((threads + 31) / 32 * 32));
    if (each != 0) *n = std::min(*n, static_cast<int>(kMostShared / each));
    if (threads > static_cast<int>(p.max_threads)) *n = 0;
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, const void* function, int threads, size_t shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(n, function, threads, shared, 0);
}

cudaError_t cudaGetLastError() {
  const Hold hold(Runtime::get().lock);
  return static_cast<cudaError_t>(Runtime::get().take_last_error());
}
cudaError_t cudaPeekAtLastError() {
  const Hold hold(Runtime::get().lock);
  return static_cast<cudaError_t>(Runtime::get().last_error());
}
const char* cudaGetErrorName(cudaError_t code) { return error_of(code).name; }
const char* cudaGetErrorString(cudaError_t code) { return error_of(code).text; }

// ---- emulator.h ----

void flambeau_emulator_read(flambeau_emulator_counters* out) {
  const Hold hold(Runtime::get().lock);
  const Counters& c = counters();
  *out = {c.launches, c.instructions, c.bytes_read, c.bytes_written, c.sectors_read, c.sectors_written};
}
void flambeau_emulator_reset() {
  const Hold hold(Runtime::get().lock);
  counters() = Counters();
}
int flambeau_emulator_configure(const char* name, const char* value) {
  const Hold hold(Runtime::get().lock);
  const bool tracked = settings().uninitialised;
  if (!configure(name, value)) return 0;
  if (!tracked && settings().uninitialised) DeviceMemory::get().trust_all();
  return 1;
}
uint64_t flambeau_emulator_reports() { return reports(); }
const char* flambeau_emulator_last_report() {
  thread_local std::string text;
  text = last_report();
  return text.c_str();
}
void flambeau_emulator_forget() {
  const Hold hold(Runtime::get().lock);
  clear_reports();
  Runtime::get().clear_sticky();
}
void* flambeau_emulator_bytes(const void* device, uint64_t bytes) {
  const Hold hold(Runtime::get().lock);
  DeviceMemory& memory = DeviceMemory::get();
  std::byte* p = memory.translate(reinterpret_cast<uint64_t>(device), bytes);
  if (p != nullptr) memory.set_written(p, bytes);
  return p;
}
int flambeau_emulator_fresh(void* device, uint64_t bytes, CUstream_st* on) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  Stream* stream = r.stream(on);
  std::byte* p = DeviceMemory::get().translate(reinterpret_cast<uint64_t>(device), bytes);
  if (stream == nullptr || p == nullptr) return 0;
  r.enqueue(stream, "flambeau_emulator_fresh", [=] {
    if (settings().poison) std::memset(p, 0xFF, bytes);
    DeviceMemory::get().set_written(p, bytes, false);
    return true;
  });
  return 1;
}

}  // extern "C"
