// The runtime library's memory: allocation, copies, filling, pinned pages, symbols.
#include <cuda_runtime_api.h>

#include <cstring>

#include "runtime.h"

using namespace flambeau::emulator;  // NOLINT: the functions here are C

namespace {

using Hold = std::lock_guard<std::recursive_mutex>;

cudaError_t status() { return static_cast<cudaError_t>(Runtime::get().sticky()); }
cudaError_t fail(cudaError_t code, const std::string& text = "") {
  return static_cast<cudaError_t>(Runtime::get().fail(code, text));
}
uint64_t number(const void* p) { return reinterpret_cast<uint64_t>(p); }
bool on_device(const void* p) { return DeviceMemory::get().owns(number(p)); }

/** The bytes to copy from or to; null (and a report) if they are not all in one allocation. */
std::byte* bytes_at(const char* function, const void* p, size_t n) {
  if (!on_device(p)) return static_cast<std::byte*>(const_cast<void*>(p));
  std::byte* bytes = DeviceMemory::get().translate(number(p), n);
  if (bytes == nullptr) {
    report(std::string(function) + " of " + std::to_string(n) + " bytes: out of bounds (" +
           DeviceMemory::get().describe(number(p)) + ")");
  }
  return bytes;
}

bool fits(cudaMemcpyKind kind, bool to_device, bool from_device) {
  switch (kind) {
    case cudaMemcpyHostToHost: return !to_device && !from_device;
    case cudaMemcpyHostToDevice: return to_device && !from_device;
    case cudaMemcpyDeviceToHost: return !to_device && from_device;
    case cudaMemcpyDeviceToDevice: return to_device && from_device;
    default: return true;
  }
}

cudaError_t copy(const char* function, void* to, const void* from, size_t n, cudaMemcpyKind kind, cudaStream_t on,
                 bool wait) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  if (status() != cudaSuccess) return status();
  Stream* stream = r.stream(on);
  if (stream == nullptr) return fail(cudaErrorInvalidResourceHandle, std::string(function) + ": no such stream");
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return fail(cudaErrorInvalidMemcpyDirection);
  if (n == 0) return cudaSuccess;
  const bool to_device = on_device(to), from_device = on_device(from);
  if (!fits(kind, to_device, from_device)) {
    return fail(cudaErrorInvalidValue,
                std::string(function) + ": the pointers are not of the kind that the call names: " +
                    (to_device ? "device" : "host") + " from " + (from_device ? "device" : "host"));
  }
  std::byte* target = bytes_at(function, to, n);
  const std::byte* source = target == nullptr ? nullptr : bytes_at(function, from, n);
  if (source == nullptr) return fail(cudaErrorInvalidValue);
  if (!from_device && !r.pinned(from)) {
    // Pageable memory is read before the call returns; pinned memory when the copy's turn comes.
    std::vector<std::byte> staged(source, source + n);
    r.enqueue(stream, function, [target, staged = std::move(staged)] {
      std::memmove(target, staged.data(), staged.size());
      DeviceMemory::get().set_written(target, staged.size());
      return true;
    });
  } else {
    r.enqueue(stream, function, [=] {
      DeviceMemory& memory = DeviceMemory::get();
      if (from_device) Runtime::get().note_read(source, n);
      std::memmove(target, source, n);
      if (to_device && from_device) memory.copy_written(target, source, n);
      if (to_device && !from_device) memory.set_written(target, n);
      return true;
    });
  }
  if (wait || (!to_device && !r.pinned(to))) r.drain(stream);
  return status();
}

cudaError_t fill(const char* function, void* p, int value, size_t n, cudaStream_t on) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  if (status() != cudaSuccess) return status();
  Stream* stream = r.stream(on);
  if (stream == nullptr) return fail(cudaErrorInvalidResourceHandle, std::string(function) + ": no such stream");
  if (n == 0) return cudaSuccess;
  if (!on_device(p)) return fail(cudaErrorInvalidValue, std::string(function) + ": a pointer of the host");
  std::byte* bytes = bytes_at(function, p, n);
  if (bytes == nullptr) return fail(cudaErrorInvalidValue);
  r.enqueue(stream, function, [=] {
    std::memset(bytes, value, n);
    DeviceMemory::get().set_written(bytes, n);
    return true;
  });
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** p, size_t n) {
  const Hold hold(Runtime::get().lock);
  if (status() != cudaSuccess) return status();
  const uint64_t address = n == 0 ? 0 : DeviceMemory::get().allocate(n, Runtime::device());
  *p = reinterpret_cast<void*>(address);
  return address == 0 && n != 0 ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFree(void* p) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  r.drain_all();  // the real one waits for the device, too
  if (status() != cudaSuccess || p == nullptr) return status();
  if (!DeviceMemory::get().release(number(p)))
    return fail(cudaErrorInvalidValue, "cudaFree of what is no allocation, or no longer one");
  return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** p, size_t n, cudaStream_t on) {
  const Hold hold(Runtime::get().lock);
  const Stream* stream = Runtime::get().stream(on);
  if (stream == nullptr) return fail(cudaErrorInvalidResourceHandle, "cudaMallocAsync: no such stream");
  const int device = Runtime::device();
  Runtime::set_device(stream->device);
  const cudaError_t e = cudaMalloc(p, n);
  Runtime::set_device(device);
  return e;
}
// The memory is given back when the stream comes to it; that it is an allocation is seen at once.
cudaError_t cudaFreeAsync(void* p, cudaStream_t on) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  if (status() != cudaSuccess || p == nullptr) return status();
  Stream* stream = r.stream(on);
  if (stream == nullptr) return fail(cudaErrorInvalidResourceHandle, "cudaFreeAsync: no such stream");
  if (DeviceMemory::get().find(number(p)).begin != number(p))
    return fail(cudaErrorInvalidValue, "cudaFreeAsync of what is no allocation, or no longer one");
  r.enqueue(stream, "cudaFreeAsync", [p] {
    if (!DeviceMemory::get().release(number(p))) fail(cudaErrorInvalidValue, "cudaFreeAsync twice of one allocation");
    return true;
  });
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** p, size_t n) {
  const Hold hold(Runtime::get().lock);
  if (status() != cudaSuccess) return status();
  *p = n == 0 ? nullptr : Runtime::get().allocate_host(n);
  return *p == nullptr && n != 0 ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaHostAlloc(void** p, size_t n, unsigned flags) {
  constexpr unsigned kKnown = cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
  return (flags & ~kKnown) != 0 ? fail(cudaErrorInvalidValue) : cudaMallocHost(p, n);
}
cudaError_t cudaFreeHost(void* p) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  if (p == nullptr) return cudaSuccess;
  r.drain_all();
  return r.free_host(p) ? cudaSuccess : fail(cudaErrorInvalidValue, "cudaFreeHost of what is no pinned allocation");
}
cudaError_t cudaHostRegister(void* p, size_t n, unsigned) {
  const Hold hold(Runtime::get().lock);
  if (p == nullptr || n == 0 || on_device(p)) return fail(cudaErrorInvalidValue);
  return Runtime::get().register_host(p, n) ? cudaSuccess : fail(cudaErrorHostMemoryAlreadyRegistered);
}
cudaError_t cudaHostUnregister(void* p) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  r.drain_all();
  return r.unregister_host(p) ? cudaSuccess : fail(cudaErrorHostMemoryNotRegistered);
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t n, cudaMemcpyKind kind) {
  return copy("cudaMemcpy", to, from, n, kind, nullptr, true);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t n, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy("cudaMemcpyAsync", to, from, n, kind, stream, false);
}
cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, size_t n,
                                cudaStream_t stream) {
  const Hold hold(Runtime::get().lock);
  const auto is_on = [](const void* p, int device) {
    const Range r = DeviceMemory::get().find(number(p));
    return r.host != nullptr && r.device == device;
  };
  if (n != 0 && (!is_on(to, to_device) || !is_on(from, from_device)))
    return fail(cudaErrorInvalidValue, "cudaMemcpyPeerAsync: a pointer is not of the device that the call names");
  return copy("cudaMemcpyPeerAsync", to, from, n, cudaMemcpyDeviceToDevice, stream, false);
}
cudaError_t cudaMemcpyPeer(void* to, int to_device, const void* from, int from_device, size_t n) {
  const cudaError_t e = cudaMemcpyPeerAsync(to, to_device, from, from_device, n, nullptr);
  return e != cudaSuccess ? e : cudaStreamSynchronize(nullptr);
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return fail(cudaErrorInvalidPitchValue);
  for (size_t row = 0; row < height; row++) {
    const cudaError_t e = copy("cudaMemcpy2DAsync", static_cast<std::byte*>(to) + row * to_pitch,
                               static_cast<const std::byte*>(from) + row * from_pitch, width, kind, stream, false);
    if (e != cudaSuccess) return e;
  }
  return cudaSuccess;
}
cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind) {
  const cudaError_t e = cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, height, kind, nullptr);
  return e != cudaSuccess ? e : cudaStreamSynchronize(nullptr);
}
cudaError_t cudaMemset(void* p, int value, size_t n) { return fill("cudaMemset", p, value, n, nullptr); }
cudaError_t cudaMemsetAsync(void* p, int value, size_t n, cudaStream_t stream) {
  return fill("cudaMemsetAsync", p, value, n, stream);
}

cudaError_t cudaGetSymbolAddress(void** p, const void* symbol) {
  const Hold hold(Runtime::get().lock);
  try {
    const uint64_t address = Registry::get().variable(symbol, Runtime::device()).first;
    *p = reinterpret_cast<void*>(address);
    return address == 0 ? fail(cudaErrorInvalidSymbol) : cudaSuccess;
  } catch (const std::exception& e) {
    return fail(cudaErrorInvalidKernelImage, e.what());
  }
}
cudaError_t cudaGetSymbolSize(size_t* n, const void* symbol) {
  const Hold hold(Runtime::get().lock);
  try {
    *n = Registry::get().variable(symbol, Runtime::device()).second;
    return *n == 0 ? fail(cudaErrorInvalidSymbol) : cudaSuccess;
  } catch (const std::exception& e) {
    return fail(cudaErrorInvalidKernelImage, e.what());
  }
}
cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, size_t n, size_t offset, cudaMemcpyKind kind,
                                    cudaStream_t stream) {
  void* p = nullptr;
  const cudaError_t e = cudaGetSymbolAddress(&p, symbol);
  return e != cudaSuccess
             ? e
             : copy("cudaMemcpyToSymbol", static_cast<std::byte*>(p) + offset, from, n, kind, stream, false);
}
cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, size_t n, size_t offset, cudaMemcpyKind kind) {
  return cudaMemcpyToSymbolAsync(symbol, from, n, offset, kind, nullptr);
}
cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, size_t n, size_t offset, cudaMemcpyKind kind) {
  void* p = nullptr;
  const cudaError_t e = cudaGetSymbolAddress(&p, symbol);
  return e != cudaSuccess
             ? e
             : copy("cudaMemcpyFromSymbol", to, static_cast<std::byte*>(p) + offset, n, kind, nullptr, true);
}
cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
  const Hold hold(Runtime::get().lock);
  *total = DeviceMemory::get().total();
  *available = *total - DeviceMemory::get().used(Runtime::device());
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* out, const void* p) {
  const Hold hold(Runtime::get().lock);
  *out = {};
  out->type = on_device(p)               ? cudaMemoryTypeDevice
              : Runtime::get().pinned(p) ? cudaMemoryTypeHost
                                         : cudaMemoryTypeUnregistered;
  out->device = out->type == cudaMemoryTypeDevice ? DeviceMemory::get().find(number(p)).device : Runtime::device();
  if (out->type == cudaMemoryTypeDevice) out->devicePointer = const_cast<void*>(p);
  if (out->type == cudaMemoryTypeHost) out->hostPointer = out->devicePointer = const_cast<void*>(p);
  return cudaSuccess;
}

}  // extern "C"
