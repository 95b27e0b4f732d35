// One object, linked twice: with the emulator, and with the real runtime library. It uses nothing but CUDA. Where there
// is no GPU the real one must say so and not crash; where there is one, both must compute the same.
#include <cuda_runtime.h>

#include <cstdio>

__global__ void square(float* p) { p[threadIdx.x] *= p[threadIdx.x]; }

int main() {
  int devices = 0;
  const cudaError_t found = cudaGetDeviceCount(&devices);
  if (found != cudaSuccess) {
    std::printf("no device: %s\n", cudaGetErrorString(found));
    return found == cudaErrorInsufficientDriver || found == cudaErrorNoDevice ? 0 : 1;
  }
  float host[32];
  for (int i = 0; i < 32; i++) host[i] = static_cast<float>(i);
  float* p = nullptr;
  cudaMalloc(&p, sizeof host);
  cudaMemcpy(p, host, sizeof host, cudaMemcpyHostToDevice);
  square<<<1, 32>>>(p);
  const cudaError_t e = cudaMemcpy(host, p, sizeof host, cudaMemcpyDeviceToHost);
  cudaFree(p);
  std::printf("%s: 31 squared is %g\n", cudaGetErrorName(e), host[31]);
  return e == cudaSuccess && host[31] == 961 ? 0 : 1;
}
