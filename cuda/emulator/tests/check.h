// What the tests that nvcc compiles share: counting of failures, memory that frees itself, the emulator's interface.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../emulator.h"

inline int failures = 0, checks = 0;

inline void expect(bool ok, const std::string& what) {
  checks++;
  if (ok) return;
  failures++;
  std::printf("  FAILED: %s\n", what.c_str());
}
inline void succeed(cudaError_t e, const char* what) {
  expect(e == cudaSuccess, std::string(what) + ": " + cudaGetErrorName(e));
}

/** Device memory of n values, freed at the end of its scope. */
template <class T>
class Device {
 public:
  explicit Device(size_t n) : n_(n) { succeed(cudaMalloc(&p_, n * sizeof(T)), "cudaMalloc"); }
  explicit Device(const std::vector<T>& from) : Device(from.size()) { put(from); }
  ~Device() { cudaFree(p_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  T* get() const { return p_; }
  void put(const std::vector<T>& v) {
    succeed(cudaMemcpy(p_, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice), "copy to device");
  }
  std::vector<T> values() const {
    std::vector<T> v(n_);
    succeed(cudaMemcpy(v.data(), p_, n_ * sizeof(T), cudaMemcpyDeviceToHost), "copy to host");
    return v;
  }

 private:
  T* p_ = nullptr;
  size_t n_;
};

inline int finish(const char* name) {
  std::printf("%s: %d checks, %d failed\n", name, checks, failures);
  return failures == 0 ? 0 : 1;
}
