// A zoo of broken kernels and broken calls. Each must be reported exactly once, in the right words; and a sound twin of
// each kind is not reported at all.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "check.h"

namespace {

__global__ void off_by_one(float* p, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) p[i] = 1;
}
__global__ void copy(const float* from, float* to) { to[threadIdx.x] = from[threadIdx.x]; }
__global__ void misaligned(float* p) { *reinterpret_cast<float4*>(p + 1) = make_float4(1, 2, 3, 4); }
__global__ void shared_bounds(float* p) {
  extern __shared__ float s[];
  s[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}
__global__ void local_bounds(float* p, int at) {
  float t[4];
  for (int i = 0; i < 4; i++) t[i] = p[i];
  t[at] = 7;
  p[0] = t[0] + t[at & 3];
}
template <bool Synchronized>
__global__ void race(float* p) {
  __shared__ float s[256];
  s[threadIdx.x] = p[threadIdx.x];
  if (Synchronized) __syncthreads();
  p[threadIdx.x] = s[255 - threadIdx.x];
}
template <bool Synchronized>
__global__ void race_in_warp(float* p) {
  __shared__ float s[32];
  s[threadIdx.x] = p[threadIdx.x] + threadIdx.x;
  if (Synchronized) __syncwarp();
  p[threadIdx.x] = s[threadIdx.x ^ 1];
}
__global__ void early_return(float* p, int n) {
  __shared__ float s[64];
  if (threadIdx.x >= n) return;
  s[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = s[0];
}
__global__ void two_barriers(float* p) {
  if (threadIdx.x < 32) {
    p[0] = 1;
    __syncthreads();
    p[1] = 2;
  } else {
    p[2] = 3;
    __syncthreads();
    p[3] = 4;
  }
}
__global__ void missing_lanes(float* p) {
  float v = p[threadIdx.x];
  if (threadIdx.x < 16) v += __shfl_down_sync(0xFFFFFFFF, v, 8);
  __syncthreads();
  p[threadIdx.x] = v;
}
__global__ void not_in_mask(float* p) { p[threadIdx.x] += __shfl_xor_sync(0x0000FFFF, p[threadIdx.x], 1); }
__global__ void endless(volatile int* p) {
  while (*p != 12345) continue;
}
__global__ void asserts(const float* p) {
  if (p[0] != 0) __trap();
}
__global__ void uninitialized(const float* p, float* o) {
  __shared__ float s[32];
  if (threadIdx.x == 0) s[0] = p[0];
  __syncthreads();
  o[threadIdx.x] = s[threadIdx.x];
}

/** Runs `broken`, and expects one report that holds all of the texts. */
template <class F>
void caught(const char* name, std::initializer_list<const char*> texts, F&& broken) {
  flambeau_emulator_forget();
  broken();
  cudaDeviceSynchronize();
  expect(flambeau_emulator_reports() == 1,
         std::string(name) + ": " + std::to_string(flambeau_emulator_reports()) + " reports");
  const std::string report = flambeau_emulator_last_report();
  for (const char* text : texts)
    expect(report.find(text) != std::string::npos, std::string(name) + ": \"" + report + "\" lacks \"" + text + "\"");
  flambeau_emulator_forget();
}
template <class F>
void silent(const char* name, F&& sound) {
  flambeau_emulator_forget();
  sound();
  succeed(cudaDeviceSynchronize(), name);
  expect(flambeau_emulator_reports() == 0, std::string(name) + " is reported: " + flambeau_emulator_last_report());
  flambeau_emulator_forget();
}

void memory(float* p, float* q) {
  caught("off by one",
         {"out-of-bounds global write of 4 bytes", "0 bytes past the end of an allocation of 4000 bytes",
          "block (3,0,0)", "thread (232,0,0)", "off_by_one", "st.global"},
         [&] { off_by_one<<<4, 256>>>(p, 1000); });
  silent("within bounds", [&] { off_by_one<<<4, 256>>>(p, 999); });
  static float host[256];
  caught("host pointer", {"out-of-bounds global read of 4 bytes", "a pointer of the host?", "thread (0,0,0)"},
         [&] { copy<<<1, 32>>>(host, q); });
  caught("null pointer", {"global read", "a null pointer"}, [&] { copy<<<1, 32>>>(nullptr, q); });
  float* freed = nullptr;
  cudaMalloc(&freed, 1024);
  cudaFree(freed);
  caught("use after free", {"out-of-bounds global read", "freed"}, [&] { copy<<<1, 32>>>(freed, q); });
  caught("misaligned", {"misaligned global write of 16 bytes", "thread (0,0,0)"}, [&] { misaligned<<<1, 1>>>(p); });
  caught("shared bounds", {"out-of-bounds shared write of 4 bytes", "there are 512 bytes", "thread (128,0,0)"},
         [&] { shared_bounds<<<1, 256, 512>>>(p); });
  silent("shared within bounds", [&] { shared_bounds<<<1, 128, 512>>>(p); });
  caught("local bounds", {"out-of-bounds local write of 4 bytes"}, [&] { local_bounds<<<1, 1>>>(p, 4); });
  silent("local within bounds", [&] { local_bounds<<<1, 1>>>(p, 3); });
}

void order(float* p) {
  flambeau_emulator_configure("RACES", "1");
  caught("race", {"race in shared memory: write after read of byte 512, with thread (127,0,0)", "thread (128,0,0)"},
         [&] { race<false><<<1, 256>>>(p); });
  silent("no race", [&] { race<true><<<1, 256>>>(p); });
  caught("race in a warp", {"race in shared memory"}, [&] { race_in_warp<false><<<1, 32>>>(p); });
  silent("no race in a warp", [&] { race_in_warp<true><<<1, 32>>>(p); });
  flambeau_emulator_configure("RACES", "0");
  caught("early return", {"divergent barrier: 24 of 64 threads have ended before it"},
         [&] { early_return<<<1, 64>>>(p, 40); });
  silent("no early return", [&] { early_return<<<1, 64>>>(p, 64); });
  caught("two barriers", {"divergent barrier: thread (32,0,0) waits at another"}, [&] { two_barriers<<<1, 64>>>(p); });
  caught("missing lanes", {"wrong member mask: 0xffffffff names lanes that never come here"},
         [&] { missing_lanes<<<1, 32>>>(p); });
  caught("not in the mask", {"wrong member mask: lane 16 is not in the mask 0x0000ffff"},
         [&] { not_in_mask<<<1, 32>>>(p); });
  flambeau_emulator_configure("LIMIT", "100000");
  caught("endless", {"endless loop?", "100000 instructions"}, [&] { endless<<<1, 32>>>(reinterpret_cast<int*>(p)); });
  flambeau_emulator_configure("LIMIT", "400000000");
  caught("trap", {"trap", "asserts"}, [&] { asserts<<<1, 1>>>(p); });
}

void calls(float* p, float* q) {
  float host[4] = {};
  caught("copy past the end", {"cudaMemcpy of 1028 bytes: out of bounds"},
         [&] { cudaMemcpy(q, p, 1028, cudaMemcpyDeviceToDevice); });
  caught("wrong direction", {"not of the kind that the call names: device from host"},
         [&] { cudaMemcpy(q, host, 16, cudaMemcpyDeviceToHost); });
  caught("fill of the host", {"cudaMemset: a pointer of the host"}, [&] { cudaMemset(host, 0, 16); });
  caught("free of the middle", {"cudaFree of what is no allocation"}, [&] { cudaFree(q + 1); });
  caught("block too large", {"invalid launch", "block 2048×1×1"}, [&] { copy<<<1, 2048>>>(p, q); });
  caught("dead stream", {"cudaMemsetAsync: no such stream"},
         [&] { cudaMemsetAsync(q, 0, 4, reinterpret_cast<cudaStream_t>(host)); });
}

// The host follows a device pointer: in a child process, which must end by the signal, after saying why.
void host_read(const float* p) {
  int ends[2];
  if (pipe(ends) != 0) return expect(false, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    volatile float v = p[3];
    _exit(v == 0 ? 1 : 2);
  }
  close(ends[1]);
  char text[256] = {};
  const ssize_t n = read(ends[0], text, sizeof text - 1);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  expect(n > 0 && std::strstr(text, "the host follows a device pointer, 0x") != nullptr, "the host's access is named");
  expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "and ends the process");
}

bool is_poison(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits == 0xFFFFFFFF;
}

void poison(float* p, float* q) {
  Device<float> fresh(8);
  expect(is_poison(fresh.values()[3]), "fresh global memory is poisoned");
  silent("uninitialized", [&] { uninitialized<<<1, 32>>>(p, q); });
  float host[32];
  cudaMemcpy(host, q, sizeof host, cudaMemcpyDeviceToHost);
  expect(is_poison(host[9]), "fresh shared memory is poisoned");
}

// Without a wait, pinned memory keeps what it held: in lazy mode, that is sure.
void synchronization(float* p) {
  flambeau_emulator_configure("LAZY", "1");
  float* pinned = nullptr;
  cudaMallocHost(&pinned, 64);
  pinned[5] = -1;
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cudaMemsetAsync(p, 0, 64, stream);
  cudaMemcpyAsync(pinned, p, 64, cudaMemcpyDeviceToHost, stream);
  expect(pinned[5] == -1, "nothing has come before the wait");
  cudaStreamSynchronize(stream);
  expect(pinned[5] == 0, "all has come after the wait");
  cudaStreamDestroy(stream);
  cudaFreeHost(pinned);
  flambeau_emulator_configure("LAZY", "0");
}

// Reads of what nobody wrote; copies, fills and atomics write.
void uninitialised() {
  flambeau_emulator_configure("UNINITIALISED", "1");
  Device<float> fresh(64), to(64);
  caught("read of fresh memory",
         {"uninitialised global memory", "global read of 4 bytes", "byte 0 of an allocation of 256", "thread (0,0,0)",
          "copy", "ld.global"},
         [&] { copy<<<1, 32>>>(fresh.get(), to.get()); });
  cudaMemset(fresh.get(), 0, 128);
  silent("read of filled memory", [&] { off_by_one<<<1, 64>>>(to.get(), 63); });
  silent("read of written memory", [&] { shared_bounds<<<1, 64, 256>>>(to.get()); });
  caught("read beyond the filled part", {"uninitialised global memory", "byte 128 of", "thread (32,0,0)"},
         [&] { shared_bounds<<<1, 64, 256>>>(fresh.get()); });
  expect(flambeau_emulator_fresh(to.get(), 256, nullptr) == 1, "fresh again");
  expect(is_poison(to.values()[1]), "and poisoned");
  caught("given out again", {"uninitialised global memory", "race"}, [&] { race_in_warp<true><<<1, 32>>>(to.get()); });
  flambeau_emulator_configure("UNINITIALISED", "0");
}

// A copy that does not wait for the kernel that makes what it copies.
void missing_wait(float* p) {
  flambeau_emulator_configure("LAZY", "1");
  cudaStream_t first, second;
  cudaEvent_t ready;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEventCreate(&ready);
  float host[8];
  const auto start = [&](float* from) {
    cudaMemsetAsync(p, 0, 256, first);
    cudaStreamSynchronize(first);
    off_by_one<<<1, 64, 0, first>>>(from, 63);
    cudaEventRecord(ready, first);
  };
  const auto finish = [&] {
    cudaMemcpyAsync(host, p, sizeof host, cudaMemcpyDeviceToHost, second);
    cudaStreamSynchronize(second);
    cudaDeviceSynchronize();
  };
  caught("missing wait", {"missing wait", "off_by_one", "queued on stream", "cudaMemcpyAsync on stream"}, [&] {
    start(p);
    finish();
  });
  silent("wait by an event", [&] {
    start(p);
    cudaStreamWaitEvent(second, ready, 0);
    finish();
  });
  silent("work on other memory", [&] {
    start(p + 64);
    finish();
  });
  cudaEventDestroy(ready);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  flambeau_emulator_configure("LAZY", "0");
}

}  // namespace

int main() {
  flambeau_emulator_configure("VERBOSE", "0");
  Device<float> p(std::vector<float>(1000, 1)), q(std::vector<float>(256, 1));
  memory(p.get(), q.get());
  order(p.get());
  calls(p.get(), q.get());
  host_read(p.get());
  poison(p.get(), q.get());
  synchronization(p.get());
  uninitialised();
  missing_wait(p.get());
  return finish("zoo");
}
