// Floats at their edges: NaN, signed zeros, rounding in four directions, saturation, flushing, 16 bits. See opcodes.h.
#include <limits>

#include "opcodes.h"

namespace flambeau::emulator::test {
namespace {
constexpr float kInf = std::numeric_limits<float>::infinity();
const Value kNaN = b32(0x7FC00000);     // as a host makes it
const Value kGpuNaN = b32(0x7FFFFFFF);  // as a GPU makes it
const Value kNegativeNaN = b32(0xFFC12345);
const Value kNaN64 = b64(0x7FF8000000000000);
constexpr uint16_t kHalfNaN = 0x7FFF;

void arithmetic() {
  check("add.f32", {f32(1), f32(0x1p-24f)}, f32(1));
  check("add.rn.f32", {f32(1), f32(0x1.8p-24f)}, f32(0x1.000002p0f));
  check("add.rz.f32", {f32(1), f32(0x1.8p-24f)}, f32(1));
  check("add.rm.f32", {f32(-1), f32(-0x1p-30f)}, f32(-0x1.000002p0f));
  check("add.rp.f32", {f32(1), f32(0x1p-30f)}, f32(0x1.000002p0f));
  check("add.f32", {f32(kInf), f32(-kInf)}, kGpuNaN);
  check("add.f32", {kNegativeNaN, f32(1)}, kGpuNaN);
  check("add.sat.f32", {f32(0.75f), f32(0.75f)}, f32(1));
  check("add.sat.f32", {f32(-1), f32(0.5f)}, f32(0));
  check("add.sat.f32", {kNaN, f32(0.5f)}, f32(0));
  check("add.ftz.f32", {f32(0x1p-140f), f32(0)}, f32(0));
  check("add.ftz.f32", {f32(-0x1p-140f), f32(-0.0f)}, f32(-0.0f));
  check("sub.f32", {f32(1), f32(1)}, f32(0));
  check("sub.rm.f32", {f32(1), f32(1)}, f32(-0.0f));
  check("mul.f32", {f32(0), f32(kInf)}, kGpuNaN);
  check("mul.ftz.f32", {f32(0x1p-100f), f32(0x1p-40f)}, f32(0));
  check("mul.f32", {f32(0x1p-100f), f32(0x1p-40f)}, f32(0x1p-140f));
  check("mul.rp.f32", {f32(0x1.000002p0f), f32(0x1.000002p0f)}, f32(0x1.000006p0f));
  check("mul.rn.f64", {f64(0x1.0000000000001p0), f64(0x1.0000000000001p0)}, f64(0x1.0000000000002p0));
  check("mul.rp.f64", {f64(0x1.0000000000001p0), f64(0x1.0000000000001p0)}, f64(0x1.0000000000003p0));
  check("fma.rn.f32", {f32(0x1.000002p0f), f32(0x1.000002p0f), f32(-1)}, f32(0x1.000001p-22f));
  check("fma.rz.f32", {f32(0x1.fffffep0f), f32(0x1.fffffep0f), f32(0x1p-40f)}, f32(0x1.fffffcp1f));
  check("fma.rn.f64", {f64(0x1.0000000000001p0), f64(0x1.0000000000001p0), f64(-1)}, f64(0x1.00000000000008p-51));
  check("fma.rn.sat.f32", {f32(2), f32(2), f32(2)}, f32(1));
  check("div.rn.f32", {f32(1), f32(3)}, f32(1.0f / 3));
  check("div.rp.f32", {f32(1), f32(3)}, b32(0x3EAAAAAB));
  check("div.rz.f32", {f32(1), f32(3)}, b32(0x3EAAAAAA));
  check("div.rn.f32", {f32(1), f32(0)}, f32(kInf));
  check("div.rn.f32", {f32(0), f32(0)}, kGpuNaN);
  check("div.rm.f64", {f64(-1), f64(3)}, b64(0xBFD5555555555556));
  check("div.approx.f32", {f32(6), f32(3)}, f32(2));
  check("div.full.f32", {f32(6), f32(-3)}, f32(-2));
  check("rcp.rn.f32", {f32(-0.0f)}, f32(-kInf));
  check("rcp.rn.f64", {f64(4)}, f64(0.25));
  check("rcp.approx.ftz.f64", {f64(4)}, f64(0.25));
  check("sqrt.rn.f32", {f32(2)}, b32(0x3FB504F3));
  check("sqrt.rp.f32", {f32(2)}, b32(0x3FB504F4));
  check("sqrt.rn.f32", {f32(-1)}, kGpuNaN);
  check("sqrt.rn.f32", {f32(-0.0f)}, f32(-0.0f));
  check("sqrt.rn.f64", {f64(9)}, f64(3));
  check("neg.f32", {f32(0)}, f32(-0.0f));
  check("neg.f32", {b32(0x7FC00001)}, b32(0xFFC00001));
  check("abs.f64", {f64(-2.5)}, f64(2.5));
  check("abs.f32", {b32(0xFFC00001)}, b32(0x7FC00001));
  check("copysign.f32", {f32(-1), f32(5)}, f32(-5));
  check("copysign.f64", {f64(1), f64(-5)}, f64(5));
}

void extremes() {
  check("min.f32", {kNaN, f32(1)}, f32(1));
  check("min.f32", {f32(1), kNaN}, f32(1));
  check("min.f32", {kNaN, kNegativeNaN}, kGpuNaN);
  check("min.NaN.f32", {kNaN, f32(1)}, kGpuNaN);
  check("max.NaN.f32", {f32(1), kNaN}, kGpuNaN);
  check("min.f32", {f32(0), f32(-0.0f)}, f32(-0.0f));
  check("max.f32", {f32(-0.0f), f32(0)}, f32(0));
  check("max.f32", {f32(0), f32(-0.0f)}, f32(0));
  check("max.f32", {f32(-kInf), kNaN}, f32(-kInf));
  check("max.f64", {kNaN64, f64(-3)}, f64(-3));
  check("min.ftz.f32", {f32(-0x1p-140f), f32(1)}, f32(-0.0f));
  check("max.f16", {b16(0x7E00), b16(0x3C00)}, b16(0x3C00));
  check("max.NaN.f16", {b16(0x7E00), b16(0x3C00)}, b16(kHalfNaN));
  check("min.bf16", {b16(0x3F80), b16(0xBF80)}, b16(0xBF80));
  check("max.f16x2", {b32(0x3C007E00), b32(0x40003C00)}, b32(0x40003C00));
}

void approximate() {
  check("ex2.approx.f32", {f32(3)}, f32(8));
  check("ex2.approx.f32", {f32(-kInf)}, f32(0));
  check("ex2.approx.ftz.f32", {f32(-130)}, f32(0));
  check("lg2.approx.f32", {f32(8)}, f32(3));
  check("lg2.approx.f32", {f32(0)}, f32(-kInf));
  check("lg2.approx.f32", {f32(-1)}, kGpuNaN);
  check("lg2.approx.ftz.f32", {f32(0x1p-140f)}, f32(-kInf));
  check("sin.approx.f32", {f32(0)}, f32(0));
  check("cos.approx.f32", {f32(0)}, f32(1));
  check("sin.approx.f32", {f32(kInf)}, kGpuNaN);
  check("rsqrt.approx.f32", {f32(4)}, f32(0.5f));
  check("rsqrt.approx.f32", {f32(0)}, f32(kInf));
  check("rsqrt.approx.f64", {f64(4)}, f64(0.5));
  check("rcp.approx.f32", {f32(4)}, f32(0.25f));
  check("sqrt.approx.f32", {f32(16)}, f32(4));
  check("tanh.approx.f32", {f32(kInf)}, f32(1));
  check("ex2.approx.f16", {b16(0x4200)}, b16(0x4800));
  check("tanh.approx.f16x2", {b32(0x7C00FC00)}, b32(0x3C00BC00));
}

void small() {
  check("add.f16", {b16(0x3C00), b16(0x1000)}, b16(0x3C00));  // 1 + 2^-11: to even
  check("add.f16", {b16(0x3C01), b16(0x1000)}, b16(0x3C02));
  check("add.f16", {b16(0x7BFF), b16(0x7BFF)}, b16(0x7C00));
  check("add.f16", {b16(0x0001), b16(0x0001)}, b16(0x0002));  // subnormal
  check("sub.f16", {b16(0x7C00), b16(0x7C00)}, b16(kHalfNaN));
  check("mul.f16", {b16(0x4000), b16(0xC200)}, b16(0xC600));
  check("add.sat.f16", {b16(0x3C00), b16(0x3C00)}, b16(0x3C00));
  check("fma.rn.f16", {b16(0x3C01), b16(0x3C01), b16(0xBC00)}, b16(0x1800));
  check("fma.rn.relu.f16", {b16(0x3C00), b16(0xC000), b16(0x3C00)}, b16(0));
  // 1·1 + 2^-11 + …: a double sum would round to the tie, and the tie to even.
  check("fma.rn.f16", {b16(0x3C00), b16(0x1001), b16(0x3C00)}, b16(0x3C01));
  check("neg.f16", {b16(0x3C00)}, b16(0xBC00));
  check("abs.f16", {b16(0xBC00)}, b16(0x3C00));
  check("fma.rn.bf16", {b16(0x4000), b16(0x4040), b16(0x3F80)}, b16(0x40E0));
  check("add.bf16", {b16(0x3F80), b16(0x3B80)}, b16(0x3F80));  // 1 + 2^-8: to even
  check("add.bf16", {b16(0x3F81), b16(0x3B80)}, b16(0x3F82));
  check("mul.bf16", {b16(0x7F7F), b16(0x4000)}, b16(0x7F80));
  check("sub.bf16", {b16(0x7F80), b16(0x7F80)}, b16(kHalfNaN));
  check("neg.bf16", {b16(0x3F80)}, b16(0xBF80));
  check("add.f16x2", {b32(0x3C004000), b32(0x40003C00)}, b32(0x42004200));
  check("mul.f16x2", {b32(0x40004000), b32(0xC2003C00)}, b32(0xC6004000));
  check("fma.rn.f16x2", {b32(0x40004000), b32(0x42004200), b32(0x3C00BC00)}, b32(0x47004500));
  check("fma.rn.bf16x2", {b32(0x40003F80), b32(0x40403F80), b32(0x3F803F80)}, b32(0x40E04000));
  check("neg.f16x2", {b32(0x3C00BC00)}, b32(0xBC003C00));
  check("abs.bf16x2", {b32(0xBF80BF80)}, b32(0x3F803F80));
}

void properties() {
  check("testp.finite.f32", {f32(kInf)}, pred(false));
  check("testp.infinite.f32", {f32(-kInf)}, pred(true));
  check("testp.notanumber.f32", {kNaN}, pred(true));
  check("testp.number.f32", {f32(kInf)}, pred(true));
  check("testp.normal.f32", {f32(0x1p-140f)}, pred(false));
  check("testp.subnormal.f32", {f32(0x1p-140f)}, pred(true));
  check("testp.subnormal.f64", {f64(0)}, pred(false));
}
}  // namespace

void float_cases() {
  arithmetic();
  extremes();
  approximate();
  small();
  properties();
}

}  // namespace flambeau::emulator::test
