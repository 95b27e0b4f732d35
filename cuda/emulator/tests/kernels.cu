// Ordinary kernels as nvcc compiles them, against results worked out on the host: reductions, shuffles, atomics,
// shared and local and constant memory, libdevice's functions, half precision, calls.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "check.h"

namespace {

__constant__ float scales[4] = {1, 2, 3, 4};
__device__ int total = 5;

__global__ void add4(const float4* a, const float4* b, float4* o, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = make_float4(a[i].x + b[i].x, a[i].y + b[i].y, a[i].z + b[i].z, a[i].w + b[i].w);
}

__global__ void block_sum(const float* x, float* out, int n) {
  __shared__ float s[256];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += x[i];
  s[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned k = blockDim.x / 2; k > 0; k >>= 1) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (threadIdx.x == 0) atomicAdd(out, s[0]);
}

__device__ float all(float v, bool max) {
  for (int d = 16; d > 0; d >>= 1) {
    const float o = __shfl_xor_sync(~0u, v, d);
    v = max ? fmaxf(v, o) : v + o;
  }
  return v;
}
__global__ void softmax(const float* x, float* y, int columns) {
  extern __shared__ float row[];
  const float* in = x + blockIdx.x * columns;
  float most = -INFINITY, sum = 0;
  for (int i = threadIdx.x; i < columns; i += 32) most = fmaxf(most, in[i]);
  most = all(most, true);
  for (int i = threadIdx.x; i < columns; i += 32) sum += row[i] = expf(in[i] - most);
  sum = all(sum, false);
  for (int i = threadIdx.x; i < columns; i += 32) y[blockIdx.x * columns + i] = row[i] / sum;
}

__global__ void matmul(const float* a, const float* b, float* c, int m, int n, int k) {
  __shared__ float sa[16][16], sb[16][17];
  const int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
  float sum = 0;
  for (int at = 0; at < k; at += 16) {
    sa[y][x] = row < m && at + x < k ? a[row * k + at + x] : 0;
    sb[y][x] = at + y < k && column < n ? b[(at + y) * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < 16; i++) sum += sa[y][i] * sb[i][x];
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

__global__ void functions(const double* x, double* y, float* z, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  y[i] = pow(fabs(x[i]), 1.5) + sin(x[i]) / (1 + exp(-x[i])) + lgamma(fabs(x[i]) + 1) + erf(x[i]);
  const float f = static_cast<float>(x[i]);
  z[i] = sinf(f * 1e5f) + tanhf(f) + logf(fabsf(f) + 1) + powf(fabsf(f), 0.3f) + erfcf(f) + cosf(f);
}

__global__ void halves(const __half* a, const __nv_bfloat16* b, __half* o, __nv_bfloat16* p, __half2* q, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  o[i] = __hadd(a[i], __float2half(__bfloat162float(b[i])));
  p[i] = __float2bfloat16(__half2float(a[i]) * __bfloat162float(b[i]));
  q[i] = __hfma2(__half2half2(a[i]), __half2half2(a[i]), __float2half2_rn(1));
}

__global__ void votes(const int* x, unsigned* ballot, int* counts, int* all_of, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned b = __ballot_sync(~0u, i < n && x[i] > 0);
  const int c = __syncthreads_count(i < n && x[i] > 0);
  const int every = __syncthreads_and(x[i % n] > -100);
  if (threadIdx.x % 32 == 0) ballot[i / 32] = b;
  if (threadIdx.x == 0) counts[blockIdx.x] = c, all_of[blockIdx.x] = every;
  if (i == 0) total += c;
}

__global__ void atomics(int* o, unsigned long long* c, float* f, double* d, unsigned short* cas, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  atomicMax(o, x[i]);
  atomicMin(o + 1, x[i]);
  atomicOr(o + 2, 1 << (x[i] & 15));
  atomicInc(reinterpret_cast<unsigned*>(o + 3), 9);
  atomicExch(o + 4, 77);
  atomicAdd(c, 1ull);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  unsigned short old = *cas;
  while (true) {
    const unsigned short seen = atomicCAS(cas, old, static_cast<unsigned short>(old + 1));
    if (seen == old) break;
    old = seen;
  }
}

__device__ __noinline__ int collatz(int n, int* steps) {
  while (n != 1) {
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    ++*steps;
  }
  return *steps;
}
__global__ void divergent(int* o, float* p, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int steps = 0;
  o[i] = collatz(i + 1, &steps);
  float table[8];
  for (int k = 0; k < 8; k++) table[k] = k * scales[k & 3];
  switch (i % 5) {
    case 0: p[i] = table[i & 7]; break;
    case 1: p[i] = 1; break;
    case 2: p[i] = i; break;
    case 3: p[i] = -1; break;
    default: p[i] = table[(i * 3) & 7]; break;
  }
}

// Shuffles of every kind, groups of a warp that part ways, lanes that come at different times or have ended.
__global__ void groups(int* o) {
  const int lane = threadIdx.x;
  o[lane] = __shfl_up_sync(~0u, lane, 3, 8);
  o[32 + lane] = __shfl_down_sync(~0u, lane, 2, 16);
  o[64 + lane] = __shfl_sync(~0u, lane, 5, 8);
  o[96 + lane] = static_cast<int>(__match_any_sync(~0u, lane % 3));
  o[128 + lane] = __reduce_add_sync(lane % 2 == 0 ? 0x55555555 : 0xAAAAAAAA, lane);
  int v = 0;
  if (lane < 12) {
    v = __shfl_xor_sync(0xFFF, lane, 1);
  } else {
    v = 100 + __shfl_xor_sync(0xFFFFF000, lane, 1);
  }
  for (int i = 0; i < lane % 4; i++) v += __popc(__activemask()) > 0;
  __syncwarp();
  o[160 + lane] = v + __any_sync(~0u, lane == 31) + __all_sync(~0u, lane >= 0);
  if (lane >= 24) return;
  o[192 + lane] = static_cast<int>(__ballot_sync(0xFFFFFF, lane & 1));
}
// A lane that waits for another one of its warp: the lowest program counter alone would wait for ever.
__global__ void spin(volatile int* flag, int* o) {
  if (threadIdx.x == 0) {
    while (*flag == 0) continue;
    *o = 1;
  } else if (threadIdx.x == 1) {
    *flag = 1;
  }
}

std::vector<float> ramp(int n) {
  std::vector<float> v(n);
  for (int i = 0; i < n; i++) v[i] = static_cast<float>((i * 37) % 101) / 16 - 3;
  return v;
}

template <class T>
bool close(const std::vector<T>& a, const std::vector<T>& b, double tolerance) {
  for (size_t i = 0; i < a.size(); i++) {
    if (!(std::fabs(double(a[i]) - double(b[i])) <= tolerance * (1 + std::fabs(double(b[i]))))) {
      std::printf("  at %zu: %.9g, expected %.9g\n", i, double(a[i]), double(b[i]));
      return false;
    }
  }
  return true;
}

void test_reductions() {
  const int n = 4096;
  const auto x = ramp(n);
  Device<float> a(x), b(x), o(n), sum(std::vector<float>{0});
  flambeau_emulator_reset();
  add4<<<n / 4 / 128, 128>>>(reinterpret_cast<float4*>(a.get()), reinterpret_cast<float4*>(b.get()),
                             reinterpret_cast<float4*>(o.get()), n / 4);
  const auto doubled = o.values();
  bool right = true;
  for (int i = 0; i < n; i++) right = right && doubled[i] == 2 * x[i];
  expect(right, "add4");
  flambeau_emulator_counters c;
  flambeau_emulator_read(&c);
  expect(c.launches == 1 && c.bytes_read == 8u * n && c.bytes_written == 4u * n, "traffic of add4 in bytes");
  expect(c.sectors_read == n / 4 && c.sectors_written == n / 8, "traffic of add4 in sectors");
  block_sum<<<4, 256>>>(a.get(), sum.get(), n);
  expect(close(sum.values(), {std::accumulate(x.begin(), x.end(), 0.0f)}, 1e-5), "block_sum");
  const int rows = 3, columns = 100;
  Device<float> s(rows * columns);
  softmax<<<rows, 32, columns * sizeof(float)>>>(a.get(), s.get(), columns);
  std::vector<float> expected(rows * columns);
  for (int r = 0; r < rows; r++) {
    double total_of_row = 0;
    for (int i = 0; i < columns; i++) total_of_row += std::exp(double(x[r * columns + i]));
    for (int i = 0; i < columns; i++)
      expected[r * columns + i] = float(std::exp(double(x[r * columns + i])) / total_of_row);
  }
  expect(close(s.values(), expected, 1e-6), "softmax");
}

void test_matmul() {
  const int m = 33, n = 20, k = 50;
  const auto a = ramp(m * k), b = ramp(k * n);
  Device<float> da(a), db(b), dc(m * n);
  matmul<<<dim3((n + 15) / 16, (m + 15) / 16), dim3(16, 16)>>>(da.get(), db.get(), dc.get(), m, n, k);
  std::vector<float> expected(m * n);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      for (int l = 0; l < k; l++) expected[i * n + j] += a[i * k + l] * b[l * n + j];
  expect(close(dc.values(), expected, 1e-5), "matmul");
}

void test_functions() {
  const int n = 64;
  std::vector<double> x(n), y(n);
  std::vector<float> z(n);
  for (int i = 0; i < n; i++) {
    x[i] = (i - 31.5) / 9;
    y[i] = std::pow(std::fabs(x[i]), 1.5) + std::sin(x[i]) / (1 + std::exp(-x[i])) + std::lgamma(std::fabs(x[i]) + 1) +
           std::erf(x[i]);
    const float f = float(x[i]);
    z[i] = std::sin(f * 1e5f) + std::tanh(f) + std::log(std::fabs(f) + 1) + std::pow(std::fabs(f), 0.3f) +
           std::erfc(f) + std::cos(f);
  }
  Device<double> dx(x), dy(n);
  Device<float> dz(n);
  functions<<<1, n>>>(dx.get(), dy.get(), dz.get(), n);
  expect(close(dy.values(), y, 1e-14), "double functions");
  expect(close(dz.values(), z, 2e-6), "float functions");
}

void test_halves() {
  const int n = 40;
  std::vector<__half> a(n);
  std::vector<__nv_bfloat16> b(n);
  for (int i = 0; i < n; i++) a[i] = __float2half(i * 0.37f), b[i] = __float2bfloat16(3 - i * 0.21f);
  Device<__half> da(a), o(n);
  Device<__nv_bfloat16> db(b), p(n);
  Device<__half2> q(n);
  halves<<<2, 32>>>(da.get(), db.get(), o.get(), p.get(), q.get(), n);
  const auto vo = o.values();
  const auto vp = p.values();
  const auto vq = q.values();
  bool right = true;
  for (int i = 0; i < n; i++) {
    const float x = __half2float(a[i]), y = __bfloat162float(b[i]);
    right = right && __half2float(vo[i]) == __half2float(__float2half(x + y));
    right = right && __bfloat162float(vp[i]) == __bfloat162float(__float2bfloat16(x * y));
    right = right && __half2float(vq[i].x) == __half2float(__float2half(x * x + 1)) &&
            __half2float(vq[i].y) == __half2float(vq[i].x);
  }
  expect(right, "half and bfloat16 arithmetic");
}

void test_warps() {
  const int n = 100;
  std::vector<int> x(n);
  for (int i = 0; i < n; i++) x[i] = (i * 7) % 13 - 6;
  Device<int> dx(x), counts(2), every(2);
  Device<unsigned> ballot(4);
  votes<<<2, 64>>>(dx.get(), ballot.get(), counts.get(), every.get(), n);
  const auto b = ballot.values();
  const auto c = counts.values();
  int positive[2] = {};
  bool right = true;
  for (int i = 0; i < 128; i++) {
    const bool yes = i < n && x[i] > 0;
    positive[i / 64] += yes;
    right = right && (b[i / 32] >> (i % 32) & 1) == unsigned(yes);
  }
  expect(right, "ballot");
  expect(c[0] == positive[0] && c[1] == positive[1], "__syncthreads_count");
  expect(every.values()[1] != 0, "__syncthreads_and");
  int sum = 0;
  succeed(cudaMemcpyFromSymbol(&sum, total, sizeof sum), "cudaMemcpyFromSymbol");
  expect(sum == 5 + positive[0], "a device variable");
}

void test_groups() {
  Device<int> o(std::vector<int>(224, -1));
  groups<<<1, 32>>>(o.get());
  const auto v = o.values();
  bool shuffles = true, sets = true, parted = true, ended = true;
  for (int i = 0; i < 32; i++) {
    shuffles = shuffles && v[i] == (i % 8 >= 3 ? i - 3 : i) && v[32 + i] == (i % 16 < 14 ? i + 2 : i) &&
               v[64 + i] == i / 8 * 8 + 5;
    unsigned same = 0;
    for (int k = i % 3; k < 32; k += 3) same |= 1u << k;
    sets = sets && v[96 + i] == int(same) && v[128 + i] == (i % 2 == 0 ? 240 : 256);
    parted = parted && v[160 + i] == (i < 12 ? 0 : 100) + (i ^ 1) + i % 4 + 2;
    ended = ended && v[192 + i] == (i < 24 ? 0xAAAAAA : -1);
  }
  expect(shuffles, "shuffles");
  expect(sets, "match and reduce");
  expect(parted, "groups of a warp");
  expect(ended, "a vote after some lanes have ended");
  Device<int> flag(std::vector<int>{0}), out(std::vector<int>{0});
  spin<<<1, 32>>>(flag.get(), out.get());
  expect(out.values()[0] == 1, "a lane that waits for another");
}

void test_atomics() {
  const int n = 100;
  std::vector<int> x(n);
  for (int i = 0; i < n; i++) x[i] = (i * 7) % 13 - 6;
  Device<int> dx(x), o(std::vector<int>{-99, 99, 0, 0, 0});
  Device<unsigned long long> c(std::vector<unsigned long long>{1});
  Device<float> f(std::vector<float>{0});
  Device<double> d(std::vector<double>{0});
  Device<unsigned short> cas(std::vector<unsigned short>{3});
  atomics<<<4, 32>>>(o.get(), c.get(), f.get(), d.get(), cas.get(), dx.get(), n);
  int bits = 0;
  for (int v : x) bits |= 1 << (v & 15);
  expect(o.values() == std::vector<int>{6, -6, bits, n % 10, 77}, "atomics of integers");
  expect(c.values()[0] == 101 && f.values()[0] == 50 && d.values()[0] == 25 && cas.values()[0] == 103, "other atomics");
}

void test_divergence() {
  const int n = 70;
  Device<int> o(n);
  Device<float> p(n);
  divergent<<<3, 32>>>(o.get(), p.get(), n);
  const auto vo = o.values();
  const auto vp = p.values();
  bool right = true;
  for (int i = 0; i < n; i++) {
    int steps = 0;
    for (int k = i + 1; k != 1; steps++) k = k % 2 == 0 ? k / 2 : 3 * k + 1;
    const auto table = [](int k) { return float(k * (k % 4 + 1)); };
    const float cases[] = {table(i & 7), 1, float(i), -1, table((i * 3) & 7)};
    right = right && vo[i] == steps && vp[i] == cases[i % 5];
  }
  expect(right, "divergent loops, calls, switch, local and constant memory");
}

}  // namespace

int main() {
  // Once plainly, once with warps in random order and the search for races.
  for (const char* seed : {"0", "7"}) {
    flambeau_emulator_configure("SEED", seed);
    flambeau_emulator_configure("RACES", seed);
    test_reductions();
    test_matmul();
    test_functions();
    test_halves();
    const int five = 5;
    succeed(cudaMemcpyToSymbol(total, &five, sizeof five), "cudaMemcpyToSymbol");
    test_warps();
    test_groups();
    test_atomics();
    test_divergence();
  }
  expect(flambeau_emulator_reports() == 0, "no reports");
  return finish("kernels");
}
