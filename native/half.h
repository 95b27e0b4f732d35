// float16 and bfloat16 as storage types; arithmetic on them is done in float. Used by host and device code.
#pragma once
#include <bit>
#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#define FB_BOTH __host__ __device__
#else
#define FB_BOTH
#endif

namespace flambeau {

/** IEEE binary16. Conversions round to nearest even and keep NaN, infinities and subnormals. */
struct Half {
  uint16_t bits;
  Half() = default;
  FB_BOTH Half(float f) : bits(encode(f)) {}
  FB_BOTH operator float() const { return decode(bits); }

  FB_BOTH static uint16_t encode(float f) {
#if defined(__CUDA_ARCH__)
    return __half_as_ushort(__float2half_rn(f));
#else
    uint32_t u = std::bit_cast<uint32_t>(f);
    const uint32_t sign = (u >> 16) & 0x8000u;
    u &= 0x7fffffffu;
    if (u >= 0x47800000u) return static_cast<uint16_t>(sign | (u > 0x7f800000u ? 0x7e00u : 0x7c00u));
    if (u < 0x38800000u) {  // subnormal or zero: let float addition do the rounding
      const float shifted = std::bit_cast<float>(u) + 0.5f;
      return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
    }
    u += 0xfffu + ((u >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((u - 0x38000000u) >> 13));
#endif
  }
  FB_BOTH static float decode(uint16_t h) {
#if defined(__CUDA_ARCH__)
    return __half2float(__ushort_as_half(h));
#else
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16, body = h & 0x7fffu;
    if (body >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (body & 0x3ffu) << 13);
    const float value = std::bit_cast<float>(body << 13) * 0x1p112f;  // exact, subnormals included
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
#endif
  }
};

/** The upper half of a float. Conversions round to nearest even and keep NaN. */
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  FB_BOTH BFloat16(float f) : bits(encode(f)) {}
  FB_BOTH operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

  FB_BOTH static uint16_t encode(float f) {
    const uint32_t u = std::bit_cast<uint32_t>(f);
    const uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    return static_cast<uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
  }
};

}  // namespace flambeau
