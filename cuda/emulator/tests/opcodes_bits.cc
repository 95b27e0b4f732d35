// Moves and bits: shifts beyond the width, fields over the edge, permutations. See opcodes.h.
#include "opcodes.h"

namespace flambeau::emulator::test {

void bit_cases() {
  check("and.b32", {b32(0xF0F0F0F0), b32(0xFF00FF00)}, b32(0xF000F000));
  check("or.b64", {b64(1), b64(1ull << 63)}, b64(1ull << 63 | 1));
  check("xor.b16", {b16(0xFFFF), b16(0x00FF)}, b16(0xFF00));
  check("not.b32", {b32(0x0000FFFF)}, b32(0xFFFF0000));
  check("not.b16", {b16(0x00FF)}, b16(0xFF00));
  check("cnot.b32", {b32(0)}, b32(1));
  check("cnot.b64", {b64(9)}, b64(0));
  check("and.pred", {pred(true), pred(false)}, pred(false));
  check("or.pred", {pred(true), pred(false)}, pred(true));
  check("xor.pred", {pred(true), pred(true)}, pred(false));
  check("not.pred", {pred(true)}, pred(false));
  check("mov.pred", {pred(true)}, pred(true));
  check("mov.b32", {text("-1")}, b32(0xFFFFFFFF));
  check("mov.b64", {text("-1")}, b64(~0ull));
  check("mov.f32", {text("0f3F800000")}, f32(1));
  check("mov.f64", {text("0d3FF0000000000000")}, f64(1));
  check("mov.b64", {text("0x123456789ABCDEF0")}, b64(0x123456789ABCDEF0));
  // Shifts: an amount of the width or more.
  check("shl.b32", {b32(1), b32(31)}, b32(0x80000000));
  check("shl.b32", {b32(1), b32(32)}, b32(0));
  check("shl.b32", {b32(1), b32(0xFFFFFFFF)}, b32(0));
  check("shl.b64", {b64(3), b32(63)}, b64(1ull << 63));
  check("shl.b64", {b64(3), b32(64)}, b64(0));
  check("shl.b16", {b16(1), b32(15)}, b16(0x8000));
  check("shl.b16", {b16(1), b32(16)}, b16(0));
  check("shr.u32", {b32(0x80000000), b32(31)}, b32(1));
  check("shr.u32", {b32(0x80000000), b32(32)}, b32(0));
  check("shr.s32", {b32(0x80000000), b32(4)}, b32(0xF8000000));
  check("shr.s32", {b32(0x80000000), b32(99)}, b32(0xFFFFFFFF));
  check("shr.s64", {b64(1ull << 63), b32(64)}, b64(~0ull));
  check("shr.s16", {b16(0x8000), b32(15)}, b16(0xFFFF));
  check("shr.s16", {b16(0x4000), b32(40)}, b16(0));
  check("shr.u16", {b16(0x8000), b32(15)}, b16(1));
  check("shf.l.wrap.b32", {b32(0x80000001), b32(0x2), b32(33)}, b32(5));
  check("shf.l.clamp.b32", {b32(0x80000001), b32(0x2), b32(33)}, b32(0x80000001));
  check("shf.r.wrap.b32", {b32(0x80000001), b32(0x3), b32(1)}, b32(0xC0000000));
  check("shf.r.clamp.b32", {b32(0x80000001), b32(0x3), b32(77)}, b32(3));
  check("shf.l.wrap.b32", {b32(7), b32(9), b32(0)}, b32(9));
  // Counts.
  check("popc.b32", {b32(0xF0F0F0F1)}, b32(17));
  check("popc.b64", {b64(~0ull)}, b32(64));
  check("clz.b32", {b32(0)}, b32(32));
  check("clz.b64", {b64(1)}, b32(63));
  check("brev.b32", {b32(0x80000001)}, b32(0x80000001));
  check("brev.b32", {b32(0x00000003)}, b32(0xC0000000));
  check("brev.b64", {b64(1)}, b64(1ull << 63));
  check("bfind.u32", {b32(0x00010000)}, b32(16));
  check("bfind.u32", {b32(0)}, b32(0xFFFFFFFF));
  check("bfind.s32", {b32(0xFFFFFFFF)}, b32(0xFFFFFFFF));
  check("bfind.s32", {b32(0xFFFF0000)}, b32(15));
  check("bfind.u64", {b64(1ull << 40)}, b32(40));
  check("bfind.shiftamt.u32", {b32(0x00010000)}, b32(15));
  check("bfind.shiftamt.u32", {b32(0)}, b32(0xFFFFFFFF));
  // Fields.
  check("bfe.u32", {b32(0x12345678), b32(8), b32(8)}, b32(0x56));
  check("bfe.u32", {b32(0x12345678), b32(28), b32(8)}, b32(1));
  check("bfe.u32", {b32(0x12345678), b32(0), b32(0)}, b32(0));
  check("bfe.s32", {b32(0x0000F000), b32(12), b32(4)}, b32(0xFFFFFFFF));
  check("bfe.s32", {b32(0x80000000), b32(28), b32(20)}, b32(0xFFFFFFF8));
  check("bfe.s32", {b32(0x80000000), b32(40), b32(4)}, b32(0xFFFFFFFF));
  check("bfe.u64", {b64(0xABCDull << 40), b32(40), b32(16)}, b64(0xABCD));
  check("bfe.s64", {b64(0xABCDull << 40), b32(40), b32(16)}, b64(0xFFFFFFFFFFFFABCD));
  check("bfi.b32", {b32(0xF), b32(0), b32(4), b32(8)}, b32(0xF0));
  check("bfi.b32", {b32(0xFF), b32(0), b32(28), b32(8)}, b32(0xF0000000));
  check("bfi.b32", {b32(0xFF), b32(5), b32(0), b32(0)}, b32(5));
  check("bfi.b64", {b64(0), b64(~0ull), b32(60), b32(4)}, b64(~0ull >> 4));
  check("bmsk.clamp.b32", {b32(4), b32(8)}, b32(0xFF0));
  check("bmsk.clamp.b32", {b32(4), b32(99)}, b32(0xFFFFFFF0));
  check("bmsk.clamp.b32", {b32(32), b32(1)}, b32(0));
  check("bmsk.wrap.b32", {b32(36), b32(33)}, b32(0x10));
  check("prmt.b32", {b32(0x33221100), b32(0x77665544), b32(0x7531)}, b32(0x77553311));
  check("prmt.b32", {b32(0x00008000), b32(0), b32(0x9999)}, b32(0xFFFFFFFF));
  check("prmt.b32", {b32(0x00008000), b32(0), b32(0x8880)}, b32(0));
  check("prmt.b32.f4e", {b32(0x33221100), b32(0x77665544), b32(1)}, b32(0x44332211));
  check("prmt.b32.b4e", {b32(0x33221100), b32(0x77665544), b32(1)}, b32(0x66770011));
  check("prmt.b32.rc8", {b32(0x33221100), b32(0x77665544), b32(2)}, b32(0x22222222));
  check("prmt.b32.ecl", {b32(0x33221100), b32(0x77665544), b32(2)}, b32(0x33222222));
  check("prmt.b32.ecr", {b32(0x33221100), b32(0x77665544), b32(1)}, b32(0x11111100));
  check("prmt.b32.rc16", {b32(0x33221100), b32(0x77665544), b32(1)}, b32(0x33223322));
  check("lop3.b32", {b32(0xF0F0F0F0), b32(0xCCCCCCCC), b32(0xAAAAAAAA), text("0x80")}, b32(0x80808080));
  check("lop3.b32", {b32(0xF0F0F0F0), b32(0xCCCCCCCC), b32(0xAAAAAAAA), text("0x96")}, b32(0x96969696));
  // Vectors in one register.
  check_lines("mov.b32 %out, {%a, %b};", {b16(0x1234), b16(0xABCD)}, b32(0xABCD1234));
  check_lines("mov.b64 %out, {%a, %b};", {b32(0x11223344), b32(0x55667788)}, b64(0x5566778811223344));
  check_lines(".reg .b32 %lo;\nmov.b64 {%lo, %out}, %a;", {b64(0x5566778811223344)}, b32(0x55667788));
  check_lines(".reg .b16 %hi;\nmov.b32 {%out, %hi}, %a;", {b32(0xABCD1234)}, b16(0x1234));
  check_lines("mov.b32 {_, %out}, %a;", {b32(0xABCD1234)}, b16(0xABCD));
}

}  // namespace flambeau::emulator::test
