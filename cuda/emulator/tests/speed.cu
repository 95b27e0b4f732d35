// How fast the emulator is: ordinary kernels, many tiny launches. Prints one line each; wrong results fail.
#include <cuda_fp16.h>

#include <cmath>
#include <ctime>

#include "check.h"

namespace {

__global__ void add(const float* a, const float* b, float* o, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = a[i] + b[i];
}
__global__ void add_half(const __half* a, const __half* b, __half* o, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = __hadd(a[i], b[i]);
}
__global__ void strided(const float* a, float* o, int n, int columns) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    o[i] = a[i % columns * (n / columns) + i / columns];
}
__global__ void functions(const float* a, float* o, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = expf(a[i]) + tanhf(a[i]) + powf(fabsf(a[i]), 0.3f);
}
__global__ void matmul(const float* a, const float* b, float* c, int n) {
  const int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
  float sum = 0;
  for (int k = 0; k < n; k++) sum += a[row * n + k] * b[k * n + column];
  c[row * n + column] = sum;
}
__global__ void matmul_tiled(const float* a, const float* b, float* c, int n) {
  __shared__ float sa[16][16], sb[16][17];
  const int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
  float sum = 0;
  for (int at = 0; at < n; at += 16) {
    sa[y][x] = a[row * n + at + x];
    sb[y][x] = b[(at + y) * n + column];
    __syncthreads();
    for (int i = 0; i < 16; i++) sum += sa[y][i] * sb[i][x];
    __syncthreads();
  }
  c[row * n + column] = sum;
}
__global__ void row_sum(const float* x, float* out, int n) {
  __shared__ float s[256];
  float sum = 0;
  for (int i = threadIdx.x; i < n; i += 256) sum += x[blockIdx.x * n + i];
  s[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned k = 128; k > 0; k >>= 1) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}

/** Seconds that the processor worked: other programs may run on this machine. */
double worked() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/** The best of three runs. */
template <class F>
void timed(const char* name, int times, F&& work) {
  double best = INFINITY;
  flambeau_emulator_counters counters;
  for (int run = 0; run < 3; run++) {
    flambeau_emulator_reset();
    const double start = worked();
    for (int i = 0; i < times; i++) work();
    succeed(cudaDeviceSynchronize(), name);
    best = std::fmin(best, worked() - start);
    flambeau_emulator_read(&counters);
  }
  const double instructions = static_cast<double>(counters.instructions) / times;
  std::printf("%-28s %9.3f ms   %6.1f ns an instruction of a warp\n", name, best / times * 1e3,
              best / times * 1e9 / instructions);
}

}  // namespace

int main() {
  const int n = 1 << 20, side = 256;
  Device<float> a(std::vector<float>(n, 1)), b(std::vector<float>(n, 2)), o(n);
  Device<__half> ha(n), hb(n), ho(n);
  timed("add, a million", 1, [&] { add<<<n / 256, 256>>>(a.get(), b.get(), o.get(), n); });
  expect(o.values()[n - 1] == 3, "add");
  timed("add, halves", 1, [&] { add_half<<<n / 256, 256>>>(ha.get(), hb.get(), ho.get(), n); });
  timed("transposed copy", 1, [&] { strided<<<64, 256>>>(a.get(), o.get(), n / 4, 256); });
  timed("exp, tanh, pow; 64 K", 1, [&] { functions<<<n / 16 / 256, 256>>>(a.get(), o.get(), n / 16); });
  timed("matmul 256, naive", 1, [&] { matmul<<<{side / 32, side / 8}, {32, 8}>>>(a.get(), b.get(), o.get(), side); });
  expect(o.values()[77] == 512, "naive");
  timed("matmul 256, tiled", 1,
        [&] { matmul_tiled<<<{side / 16, side / 16}, {16, 16}>>>(a.get(), b.get(), o.get(), side); });
  expect(o.values()[side * side - 1] == 512, "tiled");
  timed("sum of 256 rows", 1, [&] { row_sum<<<256, 256>>>(a.get(), o.get(), 1024); });
  expect(o.values()[3] == 1024, "sum");
  timed("launch of 64 threads", 10000, [&] { add<<<1, 64>>>(a.get(), b.get(), o.get(), 60); });
  timed("launch of 256 threads", 1000, [&] { add<<<1, 256>>>(a.get(), b.get(), o.get(), 5); });
  timed("launch of 256, shared", 1000, [&] { row_sum<<<1, 256>>>(a.get(), o.get(), 256); });
  return finish("speed");
}
