// cvt of every pair of types, and its edges: rounding, saturation, NaN, the ends of the ranges. See opcodes.h.
#include <cmath>

#include "opcodes.h"

namespace flambeau::emulator::test {
namespace {

struct Named {
  const char* name;
  int width;  // of the register that holds it
  int bits;   // of the type
  bool is_signed, is_float;
  uint64_t minus_two, three;  // -2 (floats and signed types) and 3 in this type
};
constexpr Named kTypes[] = {{"u8", 16, 8, false, false, 0, 3},
                            {"u16", 16, 16, false, false, 0, 3},
                            {"u32", 32, 32, false, false, 0, 3},
                            {"u64", 64, 64, false, false, 0, 3},
                            {"s8", 16, 8, true, false, 0xFE, 3},
                            {"s16", 16, 16, true, false, 0xFFFE, 3},
                            {"s32", 32, 32, true, false, 0xFFFFFFFE, 3},
                            {"s64", 64, 64, true, false, ~1ull, 3},
                            {"f16", 16, 16, true, true, 0xC000, 0x4200},
                            {"bf16", 16, 16, true, true, 0xC000, 0x4040},
                            {"f32", 32, 32, true, true, 0xC0000000, 0x40400000},
                            {"f64", 64, 64, true, true, 0xC000000000000000, 0x4008000000000000}};

uint64_t cut(uint64_t v, int width) { return width == 64 ? v : v & ((1ull << width) - 1); }

/** PTX converts no bytes to bfloat16 or back, and bfloat16 to itself only with a rounding to whole numbers. */
bool not_in_ptx(const Named& to, const Named& from) {
  const bool to_bfloat = std::string(to.name) == "bf16", from_bfloat = std::string(from.name) == "bf16";
  return (to_bfloat && (from.bits == 8 || from_bfloat)) || (from_bfloat && to.bits == 8);
}

void every_pair() {
  for (const Named& to : kTypes) {
    for (const Named& from : kTypes) {
      std::string how;
      if (to.is_float && (!from.is_float || from.bits > to.bits)) how = ".rn";
      if (to.is_float && from.is_float && from.bits == to.bits && std::string(to.name) != from.name) how = ".rn";
      if (!to.is_float && from.is_float) how = ".rzi";
      const std::string op = "cvt" + how + "." + to.name + "." + from.name;
      if (not_in_ptx(to, from)) continue;
      check(op, {{from.width, from.three}}, {to.width, to.three});
      if (!from.is_signed) continue;
      uint64_t expected = to.minus_two;
      if (!to.is_float && from.is_float && !to.is_signed) expected = 0;  // clamped
      if (!to.is_float && !from.is_float) {
        // Cut to the type, then extended by its sign to the register.
        expected = cut(~1ull, to.bits);
        if (to.is_signed) expected = cut(~1ull, to.width);
      } else if (!to.is_float && to.is_signed) {
        expected = cut(~1ull, to.width);
      }
      check(op, {{from.width, from.minus_two}}, {to.width, expected});
    }
  }
}

void to_integers() {
  check("cvt.rni.s32.f32", {f32(2.5f)}, b32(2));
  check("cvt.rni.s32.f32", {f32(3.5f)}, b32(4));
  check("cvt.rzi.s32.f32", {f32(-2.7f)}, b32(0xFFFFFFFE));
  check("cvt.rmi.s32.f32", {f32(-2.1f)}, b32(0xFFFFFFFD));
  check("cvt.rpi.s32.f32", {f32(2.1f)}, b32(3));
  check("cvt.rzi.s32.f32", {f32(3e9f)}, b32(0x7FFFFFFF));
  check("cvt.rzi.s32.f32", {f32(-3e9f)}, b32(0x80000000));
  check("cvt.rzi.u32.f32", {f32(-1)}, b32(0));
  check("cvt.rzi.u32.f32", {f32(1e10f)}, b32(0xFFFFFFFF));
  check("cvt.rzi.s32.f32", {b32(0x7FC00000)}, b32(0));
  check("cvt.rzi.u64.f32", {f32(INFINITY)}, b64(~0ull));
  check("cvt.rzi.s64.f64", {f64(9.3e18)}, b64(0x7FFFFFFFFFFFFFFF));
  check("cvt.rzi.s64.f64", {b64(0x7FF8000000000000)}, b64(1ull << 63));
  check("cvt.rzi.u16.f32", {f32(70000)}, b16(0xFFFF));
  check("cvt.rzi.s16.f32", {f32(-70000)}, b16(0x8000));
  check("cvt.rzi.s8.f32", {f32(200)}, b16(127));
  check("cvt.rni.ftz.s32.f32", {f32(0x1p-140f)}, b32(0));
  check("cvt.rpi.ftz.s32.f32", {f32(0x1p-140f)}, b32(0));
  check("cvt.rpi.s32.f32", {f32(0x1p-140f)}, b32(1));
  check("cvt.sat.u8.s32", {b32(300)}, b16(255));
  check("cvt.sat.u8.s32", {b32(0xFFFFFFFF)}, b16(0));
  check("cvt.sat.s8.s32", {b32(0xFFFFFF00)}, b16(0xFF80));
  check("cvt.sat.s32.u32", {b32(0xFFFFFFFF)}, b32(0x7FFFFFFF));
  check("cvt.sat.u32.s64", {b64(1ull << 40)}, b32(0xFFFFFFFF));
  check("cvt.u32.u8", {b16(0xABCD)}, b32(0xCD));
  check("cvt.s32.s8", {b16(0x0080)}, b32(0xFFFFFF80));
  check("cvt.u64.u32", {b32(0xFFFFFFFF)}, b64(0xFFFFFFFF));
  check("cvt.s64.s32", {b32(0xFFFFFFFF)}, b64(~0ull));
  check("cvt.u32.u64", {b64(0x123456789)}, b32(0x23456789));
}

void to_floats() {
  check("cvt.rn.f32.s32", {b32(0x7FFFFFFF)}, f32(0x1p31f));
  check("cvt.rz.f32.s32", {b32(0x7FFFFFFF)}, f32(2147483520.0f));
  check("cvt.rp.f32.u32", {b32(0x01000001)}, f32(16777218.0f));
  check("cvt.rm.f32.s32", {b32(0xFEFFFFFF)}, f32(-16777218.0f));
  check("cvt.rn.f32.u64", {b64(~0ull)}, f32(0x1p64f));
  check("cvt.rz.f64.u64", {b64(~0ull)}, f64(0x1.fffffffffffffp63));
  check("cvt.rn.f64.s64", {b64(1ull << 63)}, f64(-0x1p63));
  check("cvt.rn.f16.s32", {b32(70000)}, b16(0x7C00));
  check("cvt.rz.f16.s32", {b32(70000)}, b16(0x7BFF));
  check("cvt.rn.f16.u32", {b32(2049)}, b16(0x6800));
  check("cvt.rn.f32.f64", {f64(1.0000000596046448)}, f32(1.0f));
  check("cvt.rp.f32.f64", {f64(1.00000001)}, b32(0x3F800001));
  check("cvt.rz.f32.f64", {f64(1e300)}, b32(0x7F7FFFFF));
  check("cvt.rn.f32.f64", {f64(1e300)}, f32(INFINITY));
  check("cvt.rn.ftz.f32.f64", {f64(0x1p-140)}, f32(0));
  check("cvt.rn.sat.f32.f64", {f64(1.5)}, f32(1));
  check("cvt.f64.f32", {f32(0x1p-149f)}, f64(0x1p-149));
  check("cvt.rn.f32.f64", {b64(0x7FF8000000000000)}, b32(0x7FFFFFFF));
  check("cvt.rn.f16.f32", {f32(1.00048828125f)}, b16(0x3C00));
  check("cvt.rn.f16.f32", {b32(0x3F801001)}, b16(0x3C01));
  check("cvt.rz.f16.f32", {f32(65535)}, b16(0x7BFF));
  check("cvt.rn.f16.f32", {f32(65520)}, b16(0x7C00));
  check("cvt.rn.f16.f32", {b32(0x7FC00000)}, b16(0x7FFF));
  check("cvt.rp.f16.f32", {f32(1e-10f)}, b16(0x0001));
  check("cvt.rm.f16.f32", {f32(-1e-10f)}, b16(0x8001));
  check("cvt.rn.f16.f64", {f64(0x1.0020000000001p0)}, b16(0x3C01));
  check("cvt.f32.f16", {b16(0x0001)}, f32(0x1p-24f));
  check("cvt.f32.f16", {b16(0x7C00)}, f32(INFINITY));
  check("cvt.rn.bf16.f32", {b32(0x3F808000)}, b16(0x3F80));
  check("cvt.rn.bf16.f32", {b32(0x3F818000)}, b16(0x3F82));
  check("cvt.rz.bf16.f32", {b32(0x3F81FFFF)}, b16(0x3F81));
  check("cvt.rn.bf16.f32", {b32(0x7F7FFFFF)}, b16(0x7F80));
  check("cvt.rn.bf16.f32", {b32(0xFFC00000)}, b16(0x7FFF));
  check("cvt.rn.relu.bf16.f32", {f32(-3)}, b16(0));
  check("cvt.rn.f16x2.f32", {f32(2), f32(1)}, b32(0x40003C00));
  check("cvt.rn.bf16x2.f32", {f32(2), f32(1)}, b32(0x40003F80));
  check("cvt.rni.f32.f32", {f32(2.5f)}, f32(2));
  check("cvt.rzi.f32.f32", {f32(-0.7f)}, f32(-0.0f));
  check("cvt.rmi.f64.f64", {f64(-0.5)}, f64(-1));
  check("cvt.rpi.f16.f16", {b16(0x3E00)}, b16(0x4000));
  check("cvt.sat.f32.f32", {f32(7)}, f32(1));
  check("cvt.ftz.f32.f32", {f32(-0x1p-140f)}, f32(-0.0f));
  check("cvt.rna.tf32.f32", {b32(0x3F801000)}, b32(0x3F802000));
}

}  // namespace

void convert_cases() {
  every_pair();
  to_integers();
  to_floats();
  // Registers that are wider than the type.
  check_lines("ld.global.s16 %out, [%io+8];", {b64(0x1234'8001)}, b64(0xFFFF'FFFF'FFFF'8001));
  check_lines("ld.global.u32 %out, [%io+8];", {b64(0x1'8765'4321)}, b64(0x8765'4321));
  check_lines("st.global.u16 [%io+8], %a;\nld.global.u64 %out, [%io+8];", {b64(0x1'2345'6789)}, b64(0x1'2345'6789));
  check_lines("st.global.u16 [%io+16], %a;\nld.global.u64 %out, [%io+16];", {b64(0x1'2345'6789), b64(0)}, b64(0x6789));
  check_lines("cvt.s32.s16 %out, %a;", {b64(0x1'2345'8001)}, b64(0xFFFF'FFFF'FFFF'8001));
  check_lines("cvt.u16.u32 %out, %a;", {b64(0x1'2345'8001)}, b64(0x8001));
}

}  // namespace flambeau::emulator::test
