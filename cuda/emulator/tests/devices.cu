// Several devices: each thread has its own, memory and variables belong to one, streams and events too.
#include <thread>

#include "check.h"

namespace {

__device__ int counter = 5;

__global__ void fill(int* p, int n, int v) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] = v;
}
__global__ void count(int* out) { out[0] = ++counter; }

void fails(cudaError_t got, cudaError_t wanted, const char* what) {
  expect(got == wanted, std::string(what) + ": " + cudaGetErrorName(got));
  cudaGetLastError();
}

/** Makes a device the thread's until the end of the scope. */
struct On {
  explicit On(int device) { succeed(cudaSetDevice(device), "cudaSetDevice"); }
  ~On() { cudaSetDevice(0); }
};

void test_memory() {
  int n = 0, device = 7;
  succeed(cudaGetDeviceCount(&n), "count");
  expect(n == 3, "three devices");
  fails(cudaSetDevice(3), cudaErrorInvalidDevice, "no fourth");
  size_t first = 0, second = 0, total = 0;
  succeed(cudaMemGetInfo(&first, &total), "memory");
  On on(1);
  succeed(cudaGetDevice(&device), "cudaGetDevice");
  expect(device == 1, "the thread's device");
  std::thread([] {
    int other = 7;
    cudaGetDevice(&other);
    expect(other == 0, "another thread's");
  }).join();
  Device<int> p(1000);
  succeed(cudaMemGetInfo(&second, &total), "memory");
  expect(total - second == 4000, "is used here");
  cudaPointerAttributes attributes;
  succeed(cudaPointerGetAttributes(&attributes, p.get() + 10), "attributes");
  expect(attributes.device == 1, "of this device");
  cudaSetDevice(0);
  succeed(cudaMemGetInfo(&second, &total), "memory");
  expect(first == second, "not there");
  int host = 0;
  fill<<<1, 1>>>(p.get(), 1, 3);
  expect(cudaDeviceSynchronize() == cudaErrorIllegalAddress, "a kernel on device 0 must not");
  expect(std::strstr(flambeau_emulator_last_report(), "memory of device 1, but the kernel runs on device 0") != nullptr,
         flambeau_emulator_last_report());
  flambeau_emulator_forget();
  cudaSetDevice(1);
  fill<<<8, 128>>>(p.get(), 1000, 4);
  Device<int> q(1000);
  cudaSetDevice(2);
  Device<int> r(1000);
  fails(cudaMemcpyPeerAsync(r.get(), 1, p.get(), 1, 4000, nullptr), cudaErrorInvalidValue, "wrong device");
  cudaSetDevice(1);
  succeed(cudaMemcpyPeerAsync(r.get(), 2, p.get(), 1, 4000, nullptr), "peers");
  succeed(cudaDeviceSynchronize(), "wait");
  succeed(cudaMemcpy(&host, r.get() + 999, 4, cudaMemcpyDeviceToHost), "copy");
  expect(host == 4, "a copy from device to device");
}

void test_variables() {
  for (const int device : {0, 1, 0}) {
    On on(device);
    Device<int> out(1);
    count<<<1, 1>>>(out.get());
    static int seen[2] = {5, 5};
    expect(out.values()[0] == ++seen[device], "each device has its own variables");
    int value = 0;
    succeed(cudaMemcpyFromSymbol(&value, counter, sizeof value, 0, cudaMemcpyDeviceToHost), "symbol");
    expect(value == seen[device], "and symbols");
  }
}

void test_streams() {
  cudaStream_t stream;
  cudaEvent_t here, there;
  cudaEventCreate(&there);
  {
    On on(1);
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaEventCreate(&here);
  }
  Device<int> p(4);
  fill<<<1, 4, 0, stream>>>(p.get(), 4, 1);
  fails(cudaGetLastError(), cudaErrorInvalidResourceHandle, "a stream of another device");
  fails(cudaEventRecord(there, stream), cudaErrorInvalidResourceHandle, "an event of another device");
  succeed(cudaEventRecord(here, stream), "record");
  succeed(cudaStreamWaitEvent(nullptr, here, 0), "wait for another device");
  fill<<<1, 4>>>(p.get(), 4, 2);
  expect(p.values()[3] == 2, "has come");
  int can = 1;
  succeed(cudaDeviceCanAccessPeer(&can, 0, 1), "peers");
  expect(can == 0, "do not see each other");
  fails(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessUnsupported, "enable");
  char name[32];
  succeed(cudaDeviceGetPCIBusId(name, sizeof name, 2), "its place");
  succeed(cudaStreamDestroy(stream), "destroy");
  cudaEventDestroy(here);
  cudaEventDestroy(there);
}

}  // namespace

int main() {
  flambeau_emulator_configure("VERBOSE", "0");
  flambeau_emulator_configure("DEVICES", "3");
  for (const char* lazy : {"0", "1"}) {
    flambeau_emulator_configure("LAZY", lazy);
    test_memory();
    test_streams();
  }
  test_variables();
  return finish("devices");
}
