// The stand-in for the runtime library: streams, events, pinned memory, errors, properties, both eager and lazy.
#include <cmath>

#include "check.h"

namespace {

__constant__ int table[3];

__global__ void fill(int* p, int n, int v) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] = v;
}
__global__ void add(int* p, const int* q, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] += q[i];
}
__global__ void read_table(int* p) { p[threadIdx.x] = table[threadIdx.x]; }

void test_memory() {
  size_t before = 0, after = 0, total = 0;
  succeed(cudaMemGetInfo(&before, &total), "cudaMemGetInfo");
  {
    Device<char> block(1 << 20);
    cudaMemGetInfo(&after, &total);
    expect(before - after == 1 << 20, "memory in use is counted");
  }
  cudaMemGetInfo(&after, &total);
  expect(before == after, "and given back");
  void* p = nullptr;
  expect(cudaMalloc(&p, total + 1) == cudaErrorMemoryAllocation, "more than there is");
  expect(cudaGetLastError() == cudaErrorMemoryAllocation, "the last error");
  expect(cudaGetLastError() == cudaSuccess, "is taken once");
  succeed(cudaMalloc(&p, 0), "no bytes");
  expect(p == nullptr, "are null");
  succeed(cudaFree(nullptr), "free of null");
  // Copies of an inner piece, between devices' pointers, in two dimensions.
  Device<int> a(std::vector<int>{1, 2, 3, 4, 5, 6}), b(std::vector<int>(6, 0));
  succeed(cudaMemcpy(b.get() + 1, a.get() + 2, 8, cudaMemcpyDefault), "a piece");
  expect(b.values() == std::vector<int>{0, 3, 4, 0, 0, 0}, "is where it should be");
  succeed(cudaMemcpy2DAsync(b.get(), 8, a.get(), 12, 4, 2, cudaMemcpyDeviceToDevice, nullptr), "two rows");
  expect(b.values() == std::vector<int>{1, 3, 4, 0, 0, 0}, "with pitches");
  succeed(cudaMemset(b.get() + 5, 0xFF, 4), "cudaMemset");
  expect(b.values()[5] == -1, "fills bytes");
  const int values[3] = {7, 8, 9};
  succeed(cudaMemcpyToSymbol(table, values, sizeof values), "cudaMemcpyToSymbol");
  read_table<<<1, 3>>>(b.get());
  expect(b.values()[2] == 9, "constant memory is written");
  cudaPointerAttributes attributes;
  succeed(cudaPointerGetAttributes(&attributes, a.get()), "cudaPointerGetAttributes");
  expect(attributes.type == cudaMemoryTypeDevice, "of the device");
  cudaPointerGetAttributes(&attributes, &total);
  expect(attributes.type == cudaMemoryTypeUnregistered, "of the host");
}

void test_streams() {
  const int n = 1000;
  Device<int> a(n), b(n);
  cudaStream_t first, second;
  cudaEvent_t ready, done;
  succeed(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking), "create");
  succeed(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking), "create");
  succeed(cudaEventCreate(&ready), "event");
  succeed(cudaEventCreate(&done), "event");
  fill<<<8, 128, 0, first>>>(a.get(), n, 3);
  succeed(cudaEventRecord(ready, first), "record");
  fill<<<8, 128, 0, second>>>(b.get(), n, 4);
  succeed(cudaStreamWaitEvent(second, ready, 0), "wait");
  add<<<8, 128, 0, second>>>(b.get(), a.get(), n);
  succeed(cudaEventRecord(done, second), "record");
  // Recorded anew after the wait was queued: the wait is for the first time.
  fill<<<8, 128, 0, first>>>(a.get(), n, 100);
  cudaEventRecord(ready, first);
  int* pinned = nullptr;
  succeed(cudaMallocHost(&pinned, n * sizeof(int)), "pinned");
  succeed(cudaMemcpyAsync(pinned, b.get(), n * sizeof(int), cudaMemcpyDeviceToHost, second), "copy");
  succeed(cudaStreamSynchronize(second), "synchronize");
  expect(pinned[n - 1] == 7, "the streams were in order");
  succeed(cudaDeviceSynchronize(), "all");
  float ms = -1;
  succeed(cudaEventElapsedTime(&ms, ready, done), "elapsed");
  expect(std::isfinite(ms), "time");
  expect(cudaEventQuery(done) == cudaSuccess, "done");
  // The default stream waits for blocking streams, and they for it.
  cudaStream_t blocking;
  cudaStreamCreate(&blocking);
  fill<<<8, 128, 0, blocking>>>(a.get(), n, 11);
  add<<<8, 128>>>(a.get(), a.get(), n);
  fill<<<8, 128, 0, blocking>>>(b.get(), n, 1);
  cudaStreamSynchronize(blocking);
  expect(a.values()[5] == 22 && b.values()[5] == 1, "the default stream is in order with a blocking one");
  int called = 0;
  succeed(cudaLaunchHostFunc(blocking, [](void* p) { *static_cast<int*>(p) = 1; }, &called), "host function");
  cudaStreamSynchronize(blocking);
  expect(called == 1, "was called");
  for (cudaStream_t s : {first, second, blocking}) succeed(cudaStreamDestroy(s), "destroy");
  succeed(cudaEventDestroy(ready), "destroy");
  succeed(cudaEventDestroy(done), "destroy");
  fill<<<8, 128>>>(pinned, n, 5);
  succeed(cudaDeviceSynchronize(), "all");
  expect(pinned[0] == 5 && pinned[n - 1] == 5, "kernels reach page-locked memory");
  succeed(cudaFreeHost(pinned), "free");
}

void test_device() {
  int n = 0, v = 0;
  cudaDeviceProp p;
  succeed(cudaGetDeviceCount(&n), "count");
  succeed(cudaGetDeviceProperties(&p, 0), "properties");
  expect(n == 1 && p.warpSize == 32 && p.major == 8 && std::strlen(p.name) > 0, "properties");
  succeed(cudaDeviceGetAttribute(&v, cudaDevAttrMultiProcessorCount, 0), "attribute");
  expect(v == p.multiProcessorCount, "attributes agree with properties");
  expect(cudaSetDevice(3) == cudaErrorInvalidDevice, "another device");
  cudaGetLastError();
  cudaFuncAttributes f;
  succeed(cudaFuncGetAttributes(&f, fill), "of a function");
  expect(f.maxThreadsPerBlock == 1024, "threads");
  int blocks = 0;
  succeed(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 256, 0), "occupancy");
  expect(blocks == 8, "blocks");
  expect(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory", "text");
}

void test_errors() {
  // A fault stays: every call after it fails, as on a GPU.
  flambeau_emulator_configure("VERBOSE", "0");
  fill<<<1, 32>>>(nullptr, 32, 1);
  expect(cudaDeviceSynchronize() == cudaErrorIllegalAddress, "an illegal address");
  void* p = nullptr;
  expect(cudaMalloc(&p, 16) == cudaErrorIllegalAddress, "sticks");
  flambeau_emulator_forget();
  flambeau_emulator_configure("VERBOSE", "1");
}

}  // namespace

int main() {
  for (const char* lazy : {"0", "1"}) {
    flambeau_emulator_configure("LAZY", lazy);
    test_memory();
    test_streams();
    test_device();
    test_errors();
  }
  return finish("runtime");
}
