// One of two objects of nvcc in a shared library, with the emulator in it: see threads.cc.
#include <cuda_runtime.h>

#include <vector>

namespace {

__device__ int scale = 3;  // the other object has one of the same name

template <class T>
__global__ void apply(T* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = x[i] * scale + 1;
}

}  // namespace

int second_object(int* x, int n, cudaStream_t stream);

extern "C" int plugin_work(int seed) {
  constexpr int n = 300;
  // Errors are the thread's own.
  if (cudaSetDevice(1000 + seed) != cudaErrorInvalidDevice || cudaGetLastError() != cudaErrorInvalidDevice) return 1;
  for (int round = 0; round < 50; round++) {
    cudaStream_t stream = nullptr;
    int* device = nullptr;
    std::vector<int> host(n, seed + round);
    bool ok = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess &&
              cudaMalloc(&device, n * sizeof(int)) == cudaSuccess &&
              cudaMemcpyAsync(device, host.data(), n * sizeof(int), cudaMemcpyHostToDevice, stream) == cudaSuccess;
    apply<<<3, 128, 0, stream>>>(device, n);
    ok = ok && second_object(device, n, stream) == 0 &&
         cudaMemcpyAsync(host.data(), device, n * sizeof(int), cudaMemcpyDeviceToHost, stream) == cudaSuccess &&
         cudaStreamSynchronize(stream) == cudaSuccess && cudaFree(device) == cudaSuccess &&
         cudaStreamDestroy(stream) == cudaSuccess && cudaGetLastError() == cudaSuccess;
    for (const int v : host) ok = ok && v == ((seed + round) * 3 + 1) * 5;
    if (!ok) return 2;
  }
  return 0;
}
