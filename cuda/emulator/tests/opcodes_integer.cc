// Integer arithmetic at its edges: wrapping, carries, wide products, division by zero. See opcodes.h.
#include "opcodes.h"

namespace flambeau::emulator::test {

void integer_cases() {
  // Wrapping.
  check("add.u32", {b32(0xFFFFFFFF), b32(1)}, b32(0));
  check("add.s32", {b32(0x7FFFFFFF), b32(1)}, b32(0x80000000));
  check("add.sat.s32", {b32(0x7FFFFFFF), b32(1)}, b32(0x7FFFFFFF));
  check("add.sat.s32", {b32(0x80000000), b32(0xFFFFFFFF)}, b32(0x80000000));
  check("add.s16", {b16(0x7FFF), b16(1)}, b16(0x8000));
  check("add.u64", {b64(~0ull), b64(2)}, b64(1));
  check("add.s32", {b32(5), text("-7")}, b32(0xFFFFFFFE));
  check("add.s64", {b64(5), text("-7")}, b64(~1ull));
  check("sub.u16", {b16(0), b16(1)}, b16(0xFFFF));
  check("sub.sat.s32", {b32(0x80000000), b32(1)}, b32(0x80000000));
  check("sub.s64", {b64(0), b64(1)}, b64(~0ull));
  check("neg.s32", {b32(0x80000000)}, b32(0x80000000));
  check("neg.s64", {b64(1)}, b64(~0ull));
  check("abs.s32", {b32(0x80000000)}, b32(0x80000000));
  check("abs.s32", {b32(0xFFFFFFFB)}, b32(5));
  check("abs.s16", {b16(0xFFFE)}, b16(2));
  check("abs.s64", {b64(~6ull)}, b64(7));
  // Products.
  check("mul.lo.u32", {b32(0xFFFFFFFF), b32(0xFFFFFFFF)}, b32(1));
  check("mul.hi.u32", {b32(0xFFFFFFFF), b32(0xFFFFFFFF)}, b32(0xFFFFFFFE));
  check("mul.hi.s32", {b32(0xFFFFFFFF), b32(0xFFFFFFFF)}, b32(0));
  check("mul.hi.s32", {b32(0x80000000), b32(0x80000000)}, b32(0x40000000));
  check("mul.hi.u64", {b64(~0ull), b64(~0ull)}, b64(~1ull));
  check("mul.hi.s64", {b64(~0ull), b64(2)}, b64(~0ull));
  check("mul.lo.s64", {b64(~0ull), b64(~0ull)}, b64(1));
  check("mul.lo.s16", {b16(0x7FFF), b16(2)}, b16(0xFFFE));
  check("mul.hi.u16", {b16(0xFFFF), b16(0xFFFF)}, b16(0xFFFE));
  check("mul.hi.s16", {b16(0x8000), b16(2)}, b16(0xFFFF));
  check("mul.wide.u32", {b32(0xFFFFFFFF), b32(0xFFFFFFFF)}, b64(0xFFFFFFFE00000001));
  check("mul.wide.s32", {b32(0xFFFFFFFF), b32(2)}, b64(~1ull));
  check("mul.wide.s32", {b32(0x80000000), b32(0x80000000)}, b64(0x4000000000000000));
  check("mul.wide.u16", {b16(0xFFFF), b16(0xFFFF)}, b32(0xFFFE0001));
  check("mul.wide.s16", {b16(0xFFFF), b16(0xFFFF)}, b32(1));
  check("mul.wide.s32", {b32(3), text("-4")}, b64(~11ull));
  check("mul24.lo.u32", {b32(0xFF000002), b32(3)}, b32(6));
  check("mul24.lo.s32", {b32(0x00FFFFFF), b32(3)}, b32(0xFFFFFFFD));
  check("mad.lo.s32", {b32(7), b32(0xFFFFFFFF), b32(3)}, b32(0xFFFFFFFC));
  check("mad.lo.u64", {b64(1ull << 63), b64(2), b64(9)}, b64(9));
  check("mad.hi.u32", {b32(0x80000000), b32(2), b32(0xFFFFFFFF)}, b32(0));
  check("mad.hi.s32", {b32(0x80000000), b32(2), b32(0)}, b32(0xFFFFFFFF));
  check("mad.hi.sat.s32", {b32(0x7FFFFFFF), b32(0x7FFFFFFF), b32(0x7FFFFFFF)}, b32(0x7FFFFFFF));
  check("mad.wide.u32", {b32(0xFFFFFFFF), b32(0xFFFFFFFF), b64(1)}, b64(0xFFFFFFFE00000002));
  check("mad.wide.s32", {b32(0xFFFFFFFF), b32(5), b64(5)}, b64(0));
  check("mad.wide.s16", {b16(0xFFFF), b16(5), b32(6)}, b32(1));
  // Division. By zero: all ones, and the dividend as remainder.
  check("div.u32", {b32(7), b32(0)}, b32(0xFFFFFFFF));
  check("div.s32", {b32(7), b32(0)}, b32(0xFFFFFFFF));
  check("div.u64", {b64(7), b64(0)}, b64(~0ull));
  check("rem.u32", {b32(7), b32(0)}, b32(7));
  check("rem.s64", {b64(~6ull), b64(0)}, b64(~6ull));
  check("div.s32", {b32(0xFFFFFFF9), b32(2)}, b32(0xFFFFFFFD));
  check("rem.s32", {b32(0xFFFFFFF9), b32(2)}, b32(0xFFFFFFFF));
  check("div.s32", {b32(0x80000000), b32(0xFFFFFFFF)}, b32(0x80000000));
  check("rem.s32", {b32(0x80000000), b32(0xFFFFFFFF)}, b32(0));
  check("div.s64", {b64(1ull << 63), b64(~0ull)}, b64(1ull << 63));
  check("rem.s64", {b64(1ull << 63), b64(~0ull)}, b64(0));
  check("div.u16", {b16(0xFFFF), b16(0x10)}, b16(0x0FFF));
  check("rem.s16", {b16(0xFFF9), b16(3)}, b16(0xFFFF));
  check("min.s32", {b32(0xFFFFFFFF), b32(0)}, b32(0xFFFFFFFF));
  check("min.u32", {b32(0xFFFFFFFF), b32(0)}, b32(0));
  check("max.s64", {b64(~0ull), b64(0)}, b64(0));
  check("max.u64", {b64(~0ull), b64(0)}, b64(~0ull));
  check("min.s16", {b16(0x8000), b16(0)}, b16(0x8000));
  check("max.u16", {b16(0x8000), b16(0)}, b16(0x8000));
  check("sad.u32", {b32(3), b32(5), b32(10)}, b32(12));
  check("sad.s32", {b32(0xFFFFFFFF), b32(1), b32(0)}, b32(2));
  check("dp4a.s32.s32", {b32(0xFF020304), b32(0x01010101), b32(10)}, b32(18));
  check("dp4a.u32.u32", {b32(0xFF020304), b32(0x01010101), b32(10)}, b32(274));
  check("dp2a.lo.s32.u32", {b32(0xFFFF0002), b32(0x00000304), b32(0)}, b32(5));
  check("dp2a.hi.u32.u32", {b32(0x00010002), b32(0x03040000), b32(1)}, b32(12));
  // Carries: 64-bit and 128-bit sums in pieces.
  check_lines("add.cc.u32 %out, %a, %b;\naddc.u32 %out, 0, 0;", {b32(0xFFFFFFFF), b32(1)}, b32(1));
  check_lines("add.cc.u32 %out, %a, %b;\naddc.u32 %out, 0, 0;", {b32(0xFFFFFFFE), b32(1)}, b32(0));
  check_lines("add.cc.u32 %out, %a, %b;\naddc.cc.u32 %out, %a, 0;\naddc.u32 %out, 0, 0;", {b32(0xFFFFFFFF), b32(1)},
              b32(1));
  check_lines("add.cc.u64 %out, %a, %b;\naddc.u64 %out, %a, %b;", {b64(~0ull), b64(~0ull)}, b64(~0ull));
  check_lines("sub.cc.u32 %out, %a, %b;\nsubc.u32 %out, 5, 1;", {b32(0), b32(1)}, b32(3));
  check_lines("sub.cc.u32 %out, %a, %b;\nsubc.u32 %out, 5, 1;", {b32(1), b32(1)}, b32(4));
  check_lines("sub.cc.u32 %out, %a, %b;\nsubc.cc.u32 %out, 0, 0;\nsubc.u32 %out, 0, 0;", {b32(0), b32(1)},
              b32(0xFFFFFFFF));
  check_lines("mad.lo.cc.u32 %out, %a, %b, %c;\nmadc.hi.u32 %out, %a, %b, 0;",
              {b32(0xFFFFFFFF), b32(0xFFFFFFFF), b32(0xFFFFFFFF)}, b32(0xFFFFFFFF));
}

}  // namespace flambeau::emulator::test
