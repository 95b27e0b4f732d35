// What an allocator of tensors and the launches of a backend call, with the errors that they may get.
#include "check.h"

namespace {

__global__ void fill(int* p, int n, int v) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] = v;
}
__global__ void dynamic(int* p) {
  extern __shared__ int s[];
  s[20000] = 4;
  p[0] = s[20000];
}

void fails(cudaError_t got, cudaError_t wanted, const char* what) {
  expect(got == wanted, std::string(what) + ": " + cudaGetErrorName(got));
  expect(cudaGetLastError() == wanted, std::string(what) + " is the last error");
  expect(cudaGetLastError() == cudaSuccess, std::string(what) + " is taken once");
}

void test_streams() {
  cudaStream_t stream, none = nullptr;
  int least = 1, greatest = 1, priority = 1;
  unsigned flags = 0;
  succeed(cudaDeviceGetStreamPriorityRange(&least, &greatest), "priorities");
  expect(least == 0 && greatest < 0, "from 0 down");
  succeed(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, -100), "with priority");
  succeed(cudaStreamGetPriority(stream, &priority), "its priority");
  expect(priority == greatest, "is the greatest");
  succeed(cudaStreamGetFlags(stream, &flags), "its flags");
  expect(flags == cudaStreamNonBlocking, "are kept");
  fails(cudaStreamCreateWithFlags(&none, 8), cudaErrorInvalidValue, "unknown flags");
  succeed(cudaStreamQuery(stream), "nothing to do");

  cudaEvent_t event, untimed, none_such;
  fails(cudaEventCreateWithFlags(&none_such, 0x100), cudaErrorInvalidValue, "unknown flags");
  fails(cudaEventCreateWithFlags(&none_such, cudaEventInterprocess), cudaErrorInvalidValue, "with timing");
  succeed(cudaEventCreate(&event), "event");
  succeed(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming), "event");
  float ms = 0;
  succeed(cudaEventQuery(event), "never recorded");
  fails(cudaEventElapsedTime(&ms, event, event), cudaErrorInvalidResourceHandle, "never recorded");
  succeed(cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault), "record");
  const cudaError_t first = cudaEventQuery(event);
  if (first != cudaSuccess) fails(first, cudaErrorNotReady, "lazy");
  succeed(cudaEventQuery(event), "asking makes progress");
  succeed(cudaEventRecord(untimed, stream), "record");
  succeed(cudaEventSynchronize(untimed), "wait");
  fails(cudaEventElapsedTime(&ms, event, untimed), cudaErrorInvalidResourceHandle, "without timing");
  succeed(cudaEventElapsedTime(&ms, event, event), "elapsed");
  succeed(cudaStreamWaitEvent(stream, event, 0), "wait");
  fails(cudaStreamWaitEvent(stream, reinterpret_cast<cudaEvent_t>(&ms), 0), cudaErrorInvalidResourceHandle, "no event");
  fails(cudaLaunchHostFunc(stream, nullptr, nullptr), cudaErrorInvalidValue, "no function");
  succeed(cudaEventDestroy(event), "destroy");
  succeed(cudaEventDestroy(untimed), "destroy");
  fails(cudaEventDestroy(event), cudaErrorInvalidResourceHandle, "twice");
  succeed(cudaStreamDestroy(stream), "destroy");
  fails(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle, "twice");
}

void test_memory() {
  void* p = nullptr;
  cudaStream_t stream;
  succeed(cudaStreamCreate(&stream), "stream");
  succeed(cudaMallocAsync(&p, 400, stream), "cudaMallocAsync");
  int* q = static_cast<int*>(p);
  fill<<<1, 128, 0, stream>>>(q, 100, 6);
  int host[100] = {};
  succeed(cudaMemcpyAsync(host, q, 400, cudaMemcpyDeviceToHost, stream), "copy");
  succeed(cudaFreeAsync(q, stream), "cudaFreeAsync");
  succeed(cudaStreamSynchronize(stream), "all of it");
  expect(host[99] == 6, "memory is freed in the order of the stream");
  fails(cudaFreeAsync(q, stream), cudaErrorInvalidValue, "cudaFreeAsync twice");
  fails(cudaFree(q), cudaErrorInvalidValue, "cudaFree twice");
  fails(cudaMallocAsync(&p, 8, reinterpret_cast<cudaStream_t>(host)), cudaErrorInvalidResourceHandle, "no stream");
  size_t available = 0, total = 0;
  succeed(cudaMemGetInfo(&available, &total), "cudaMemGetInfo");
  fails(cudaMalloc(&p, available + 1), cudaErrorMemoryAllocation, "more than there is");
  fails(cudaMemcpy(host, host, 4, static_cast<cudaMemcpyKind>(9)), cudaErrorInvalidMemcpyDirection, "no direction");
  fails(cudaMemcpy2DAsync(host, 4, host, 8, 8, 2, cudaMemcpyHostToHost, stream), cudaErrorInvalidPitchValue, "pitch");
  fails(cudaMemcpy(host, host, 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue, "wrong direction");
  fails(cudaMemsetAsync(host, 0, 4, stream), cudaErrorInvalidValue, "fill of the host");
  const int four[] = {1, 2, 3, 4};
  succeed(cudaMemcpy2D(host, 4, four, 8, 4, 2, cudaMemcpyHostToHost), "two rows");
  expect(host[0] == 1 && host[1] == 3, "of one number each");
  succeed(cudaStreamDestroy(stream), "destroy");
}

void test_pinned() {
  void* p = nullptr;
  succeed(cudaHostAlloc(&p, 64, cudaHostAllocPortable), "cudaHostAlloc");
  cudaPointerAttributes attributes;
  succeed(cudaPointerGetAttributes(&attributes, static_cast<char*>(p) + 5), "of pinned memory");
  expect(attributes.type == cudaMemoryTypeHost && attributes.device == 0, "pinned");
  fails(cudaFreeHost(static_cast<char*>(p) + 5), cudaErrorInvalidValue, "the middle");
  succeed(cudaFreeHost(p), "cudaFreeHost");
  fails(cudaFreeHost(p), cudaErrorInvalidValue, "cudaFreeHost twice");
  fails(cudaHostAlloc(&p, 64, 0x80), cudaErrorInvalidValue, "unknown flags");
  succeed(cudaMallocHost(&p, 0), "no bytes");
  expect(p == nullptr, "are null");
  int host[100];
  succeed(cudaHostRegister(host, sizeof host, cudaHostRegisterDefault), "cudaHostRegister");
  fails(cudaHostRegister(host + 1, 4, 0), cudaErrorHostMemoryAlreadyRegistered, "a part again");
  succeed(cudaHostUnregister(host), "cudaHostUnregister");
  fails(cudaHostUnregister(host), cudaErrorHostMemoryNotRegistered, "twice");
  fails(cudaHostRegister(nullptr, 4, 0), cudaErrorInvalidValue, "null");
}

void test_functions() {
  cudaFuncAttributes f;
  succeed(cudaFuncGetAttributes(&f, fill), "of a function");
  expect(f.maxThreadsPerBlock == 1024 && f.maxDynamicSharedSizeBytes == 48 << 10, "limits");
  int blocks = 0, size = 0;
  succeed(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 256, 0), "occupancy");
  expect(blocks == 8, "blocks");
  succeed(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 256, 40 << 10), "occupancy with shared memory");
  expect(blocks == 4, "blocks");
  succeed(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 2048, 0), "too many threads");
  expect(blocks == 0, "no block");
  succeed(cudaOccupancyMaxPotentialBlockSize(&blocks, &size, fill, 0, 0), "the best size");
  expect(blocks > 0 && size > 0 && size <= 1024, "there is one");
  fails(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 0, 0), cudaErrorInvalidValue, "no threads");
  fails(cudaFuncGetAttributes(&f, &blocks), cudaErrorInvalidDeviceFunction, "no function");
  Device<int> p(1);
  constexpr auto kMost = cudaFuncAttributeMaxDynamicSharedMemorySize;
  succeed(cudaFuncSetAttribute(dynamic, kMost, 48 << 10), "as it is");
  dynamic<<<1, 1, 100 << 10>>>(p.get());
  expect(cudaGetLastError() == cudaErrorInvalidValue, "more than 48 KB must be asked for");
  fails(cudaFuncSetAttribute(dynamic, kMost, 200 << 10), cudaErrorInvalidValue, "more than there is");
  succeed(cudaFuncSetAttribute(dynamic, kMost, 100 << 10), "is there");
  dynamic<<<1, 1, 100 << 10>>>(p.get());
  expect(p.values()[0] == 4, "and can be used");
  int v = 0, runtime = 0, driver = 0;
  fails(cudaDeviceGetAttribute(&v, cudaDevAttrWarpSize, 99), cudaErrorInvalidDevice, "of another device");
  succeed(cudaRuntimeGetVersion(&runtime), "version");
  succeed(cudaDriverGetVersion(&driver), "version");
  expect(runtime >= 12000 && driver >= runtime, "versions");
}

}  // namespace

int main() {
  flambeau_emulator_configure("VERBOSE", "0");
  for (const char* lazy : {"0", "1"}) {
    flambeau_emulator_configure("LAZY", lazy);
    test_streams();
    test_memory();
    test_pinned();
    test_functions();
  }
  return finish("allocator");
}
