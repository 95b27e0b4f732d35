// Elements of device memory, of a dtype that is known at run time, for the stand-ins for other libraries (cublas.cc,
// cudnn.cc). The numbers of float, double and half are the same in all of NVIDIA's libraries; any other is bfloat16.
#pragma once
#include <cstring>

#include "numbers.h"

namespace flambeau::emulator {
using namespace FLAMBEAU_LEVEL;

enum ElementType { kFloat32 = 0, kFloat64 = 1, kFloat16 = 2 };

inline size_t element_size(int type) { return type == kFloat64 ? 8 : type == kFloat32 ? 4 : 2; }

inline double element(const std::byte* p, int64_t i, int type) {
  const auto read = [&]<class S>(S) {
    S v;
    std::memcpy(static_cast<void*>(&v), p + i * static_cast<int64_t>(sizeof(S)), sizeof v);
    return v;
  };
  switch (type) {
    case kFloat64: return read(double{});
    case kFloat32: return double{read(float{})};
    case kFloat16: return double{float{read(Half{})}};
    default: return double{float{read(BFloat{})}};
  }
}

/** Rounded once. */
inline void put(std::byte* p, int64_t i, int type, double value) {
  const auto write = [&](const auto& v) { std::memcpy(p + i * static_cast<int64_t>(sizeof v), &v, sizeof v); };
  switch (type) {
    case kFloat64: write(value); break;
    case kFloat32: write(static_cast<float>(value)); break;
    case kFloat16: write(Half::nearest(value)); break;
    default: write(BFloat::nearest(value));
  }
}

}  // namespace flambeau::emulator
