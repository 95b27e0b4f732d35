// What every kernel file of cuda/ stands on: the current device and stream, launching, errors, temporary memory. Host
// side; used by backend.cc and by each .cu file.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "../native/device.h"

namespace flambeau::cuda {

/** Throws DeviceFailure naming the operation that was launched last, unless `status` is success. */
void check(cudaError_t status, const char* what);

/** Of the calling thread: the device of the kernel that runs, its stream, the operation's name for messages. */
struct Current {
  int device = 0;
  cudaStream_t stream = nullptr;
  std::string_view operation;
};
const Current& current();

/** What the kernels need to know of the current device. */
struct Limits {
  int processors = 1;    // streaming multiprocessors
  int shared_bytes = 0;  // that a block may use after asking
  int threads_per_processor = 0;
};
const Limits& limits();

inline constexpr int kWarp = 32;

/** Blocks and threads of a launch. */
struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

void launch_raw(const void* kernel, Grid blocks, Grid threads, size_t shared, void** args);

/** The one way to start a kernel: on the current stream, arguments converted to the kernel's parameters. */
template <class... Params, class... Args>
void launch(void (*kernel)(Params...), Grid blocks, Grid threads, size_t shared, const Args&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args));
  if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0) return;
  // the runtime copies the parameters before it returns
  [&](std::remove_cv_t<Params>... values) {
    void* pointers[sizeof...(Params) + 1] = {const_cast<void*>(static_cast<const void*>(&values))..., nullptr};
    launch_raw(reinterpret_cast<const void*>(kernel), blocks, threads, shared, pointers);
  }(static_cast<std::remove_cv_t<Params>>(args)...);
}

template <class I>
constexpr I ceil_div(I a, I b) {
  return (a + b - 1) / b;
}
/** Threads for `n` pieces of work: whole warps, at most `most`. */
constexpr unsigned threads_for(int64_t n, unsigned most = 256) {
  return n >= static_cast<int64_t>(most) ? most
                                         : static_cast<unsigned>(ceil_div<int64_t>(n < 1 ? 1 : n, kWarp) * kWarp);
}

/** Memory of the current device for the time of an operation; back in the cache, in stream order, when it goes. */
class Temporary {
 public:
  explicit Temporary(size_t bytes);
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  template <class T = std::byte>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  int device_;
  size_t bytes_;
  std::byte* data_;
};

/** Small tables that kernels read from global memory: copied in stream order from page-locked memory. */
void upload(void* to, const void* from, size_t bytes);
/** A few bytes back; waits. */
void download(void* to, const void* from, size_t bytes);

/** An operand's memory, which must be the device's: PlanError for one element of the host's. */
template <class T>
T* device_data(const Operand& x) {
  if (x.data && x.device == 0) throw PlanError("expected a tensor on the GPU");
  return reinterpret_cast<T*>(x.data);
}

}  // namespace flambeau::cuda
