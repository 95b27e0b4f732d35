#include "device.h"

#include <cstdlib>
#include <cstring>

#include "context.h"
#include "streams.h"

namespace flambeau::cuda {
namespace {

thread_local Current now{-1, nullptr, {}};

/** The oldest architecture that the kernels are built for. */
constexpr int kOldest = 75;

/** The part of a GPU's memory that the process may take, of FLAMBEAU_CUDA_MEMORY_FRACTION; negative if that is none. */
double memory_fraction() {
  const char* asked = std::getenv("FLAMBEAU_CUDA_MEMORY_FRACTION");
  if (!asked || *asked == 0) return 1;
  char* end = nullptr;
  const double fraction = std::strtod(asked, &end);
  return *end == 0 && fraction >= 0 && fraction <= 1 ? fraction : -1;
}

Context find_gpus() {
  Context found;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status != cudaSuccess || count == 0) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    const auto version = [](int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); };
    if (visible && (*visible == 0 || std::strcmp(visible, "-1") == 0)) {
      found.reason = "CUDA_VISIBLE_DEVICES is empty: it hides all GPUs";
    } else if (driver == 0) {
      found.reason = "no NVIDIA driver was found on this machine";
    } else if (status == cudaErrorInsufficientDriver || driver / 1000 < runtime / 1000) {
      found.reason = "the NVIDIA driver is too old: it supports CUDA " + version(driver) + ", and CUDA " +
                     version(runtime) + " is needed";
    } else if (status == cudaSuccess || status == cudaErrorNoDevice) {
      found.reason = "the NVIDIA driver finds no GPU";
    } else {
      found.reason = cudaGetErrorString(status);
    }
    return found;
  }
  const double fraction = memory_fraction();
  if (fraction < 0) {
    found.reason = "FLAMBEAU_CUDA_MEMORY_FRACTION is '" + std::string(std::getenv("FLAMBEAU_CUDA_MEMORY_FRACTION")) +
                   "', and must be a number from 0 to 1";
    return found;
  }
  for (int i = 0; i < count && i < kMaxDevices - 1; i++) {
    Gpu gpu{};
    if (cudaGetDeviceProperties(&gpu.properties, i) != cudaSuccess) break;
    const cudaDeviceProp& p = gpu.properties;
    if (p.major * 10 + p.minor < kOldest) {
      found.reason = "the GPU " + std::string(p.name) + " is too old: compute capability " + std::to_string(p.major) +
                     "." + std::to_string(p.minor) + ", and " + std::to_string(kOldest / 10) + "." +
                     std::to_string(kOldest % 10) + " is needed";
      break;  // CUDA counts the fastest first; an index here must be CUDA's
    }
    gpu.limits = {p.multiProcessorCount, static_cast<int>(p.sharedMemPerBlockOptin), p.maxThreadsPerMultiProcessor};
    gpu.allocator = std::make_unique<Allocator>(i);
    if (fraction < 1) gpu.allocator->set_limit(static_cast<size_t>(fraction * static_cast<double>(p.totalGlobalMem)));
    found.gpus.push_back(std::move(gpu));
  }
  return found;
}

}  // namespace

Context& context() {
  static Context found = find_gpus();
  return found;
}

void enter(int device, std::string_view operation) {
  if (now.device != device) {
    check(cudaSetDevice(device), "setDevice");
    now.device = device;
  }
  now.stream = stream_at(current_stream(device));
  if (!operation.empty()) now.operation = operation;
}

const Current& current() { return now; }
const Limits& limits() { return context().gpus[static_cast<size_t>(now.device)].limits; }

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // errors that do not stay are told once
  std::string message = "CUDA error in ";
  message += what;
  if (!now.operation.empty() && now.operation != what)
    message += " (the last kernel was " + std::string(now.operation) + ")";
  throw DeviceFailure(message + ": " + cudaGetErrorString(status));
}

void launch_raw(const void* kernel, Grid blocks, Grid threads, size_t shared, void** args) {
  const cudaError_t status = cudaLaunchKernel(kernel, dim3(blocks.x, blocks.y, blocks.z),
                                              dim3(threads.x, threads.y, threads.z), args, shared, now.stream);
  if (status != cudaSuccess) check(status, std::string(now.operation).c_str());
}

Temporary::Temporary(size_t bytes) : device_(now.device), bytes_(bytes) {
  data_ = context().gpus[static_cast<size_t>(device_)].allocator->get(bytes, now.stream);
  if (!data_) throw std::bad_alloc();
}
Temporary::~Temporary() { context().gpus[static_cast<size_t>(device_)].allocator->put(data_); }

void upload(void* to, const void* from, size_t bytes) {
  // from ordinary memory: the runtime has read it when it returns
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, now.stream), "upload");
}
void download(void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, now.stream), "download");
  check(cudaStreamSynchronize(now.stream), "download");
}

}  // namespace flambeau::cuda
