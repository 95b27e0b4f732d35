// The other object: a kernel and a variable with the names of the first one's. See threads.cc.
#include <cuda_runtime.h>

namespace {

__device__ int scale = 5;

template <class T>
__global__ void apply(T* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= scale;
}

}  // namespace

int second_object(int* x, int n, cudaStream_t stream) {
  apply<<<3, 128, 0, stream>>>(x, n);
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}
