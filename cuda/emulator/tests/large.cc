// A fat binary with a thousand kernels, 30 MB of PTX: it must be registered at once, and the first launch of one kernel
// must not wait for the others to be read. Calls what nvcc's generated code calls.
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../emulator.h"

extern "C" {
void** __cudaRegisterFatBinary(void* wrapper);
void __cudaRegisterFatBinaryEnd(void** module);
void __cudaRegisterFunction(void** module, const char* host, char* device, const char* name, int limit, uint3* thread,
                            uint3* block, dim3* block_size, dim3* grid_size, int* warp_size);
}

namespace {

constexpr int kKernels = 1000;

/** Adds its number to an integer, after 400 lines that nvcc might have written. */
std::string kernel(int number) {
  const std::string name = "kernel_" + std::to_string(number), n = std::to_string(number);
  std::string t = ".visible .entry " + name + "(\n\t.param .u64 " + name + "_param_0\n)\n.maxntid 128, 1, 1\n{\n" +
                  "\t.reg .pred \t%p<3>;\n\t.reg .f32 \t%f<9>;\n\t.reg .b32 \t%r<9>;\n\t.reg .b64 \t%rd<9>;\n\n" +
                  "\tld.param.u64 \t%rd1, [" + name + "_param_0];\n\tcvta.to.global.u64 \t%rd2, %rd1;\n" +
                  "\tld.global.u32 \t%r1, [%rd2];\n\tmov.f32 \t%f2, 0f3F800000;\n";
  for (int i = 0; i < 400; i++) {
    t += "\t// begin inline asm\n\t{ .reg .b32 low; mov.b32 \tlow, %r1; }\n\tfma.rn.f32 \t%f1, %f2, %f2, 0f40000000;\n";
  }
  return t + "\tadd.s32 \t%r2, %r1, " + n + ";\n\tst.global.u32 \t[%rd2], %r2;\n\tret;\n}\n";
}

std::vector<char> fat_binary(const std::string& text) {
  std::vector<char> bytes(16 + 64 + text.size() + 1, '\0');
  const auto put = [&](size_t at, auto v) { std::memcpy(bytes.data() + at, &v, sizeof v); };
  put(6, uint16_t{16});  // the binary's header
  put(8, uint64_t{64 + text.size() + 1});
  put(16, uint16_t{1});  // PTX
  put(20, uint32_t{64});
  put(24, uint64_t{text.size() + 1});
  put(44, uint32_t{80});
  std::memcpy(bytes.data() + 80, text.data(), text.size());
  return bytes;
}

}  // namespace

int main() {
  std::string text = ".version 9.0\n.target sm_80\n.address_size 64\n";
  std::vector<std::string> names;
  for (int i = 0; i < kKernels; i++) {
    text += kernel(i);
    names.push_back("kernel_" + std::to_string(i));
  }
  const std::vector<char> binary = fat_binary(text);
  struct {
    int magic = 0x466243B1, version = 1;
    const void* data;
    void* unused = nullptr;
  } wrapper = {.data = binary.data()};
  void* p = nullptr;
  const int fifty = 50;
  cudaMalloc(&p, sizeof fifty);
  cudaMemcpy(p, &fifty, sizeof fifty, cudaMemcpyHostToDevice);

  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto start = now();
  void** module = __cudaRegisterFatBinary(&wrapper);
  for (int i = 0; i < kKernels; i++) {
    __cudaRegisterFunction(module, &binary[static_cast<size_t>(i)], nullptr, names[static_cast<size_t>(i)].c_str(), -1,
                           nullptr, nullptr, nullptr, nullptr, nullptr);
  }
  __cudaRegisterFatBinaryEnd(module);
  const auto registered = now();
  void* arguments[] = {&p};
  const cudaError_t first = cudaLaunchKernel(&binary[700], {1, 1, 1}, {1, 1, 1}, arguments, 0, nullptr);
  const auto launched = now();
  const cudaError_t second = cudaLaunchKernel(&binary[200], {1, 1, 1}, {1, 1, 1}, arguments, 0, nullptr);
  const auto again = now();
  int result = 0;
  cudaMemcpy(&result, p, sizeof result, cudaMemcpyDeviceToHost);
  const auto ms = [](auto from, auto to) { return std::chrono::duration<double, std::milli>(to - from).count(); };
  std::printf("large: %zu MB of PTX; registered in %.2f ms, first launch %.1f ms, another kernel's %.1f ms\n",
              text.size() >> 20, ms(start, registered), ms(registered, launched), ms(launched, again));
  const bool ok = first == cudaSuccess && second == cudaSuccess && result == 950 && ms(start, launched) < 1000;
  if (!ok) std::printf("  FAILED: %d %d, result %d\n", first, second, result);
  return ok ? 0 : 1;
}
