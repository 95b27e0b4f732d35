// Comparisons, ordered and unordered, and choices. See opcodes.h.
#include <cmath>

#include "opcodes.h"

namespace flambeau::emulator::test {

void compare_cases() {
  const Value nan = b32(0x7FC00000), one = f32(1), two = f32(2);
  // Every comparison of floats: below, equal, above, and with NaN.
  struct Row {
    const char* name;
    bool below, equal, above, unordered;
  };
  constexpr Row kRows[] = {
      {"eq", false, true, false, false}, {"ne", true, false, true, false},  {"lt", true, false, false, false},
      {"le", true, true, false, false},  {"gt", false, false, true, false}, {"ge", false, true, true, false},
      {"equ", false, true, false, true}, {"neu", true, false, true, true},  {"ltu", true, false, false, true},
      {"leu", true, true, false, true},  {"gtu", false, false, true, true}, {"geu", false, true, true, true},
      {"num", true, true, true, false},  {"nan", false, false, false, true}};
  for (const Row& r : kRows) {
    const std::string op = std::string("setp.") + r.name;
    check(op + ".f32", {one, two}, pred(r.below));
    check(op + ".f32", {two, two}, pred(r.equal));
    check(op + ".f32", {two, one}, pred(r.above));
    check(op + ".f32", {nan, one}, pred(r.unordered));
    check(op + ".f32", {one, nan}, pred(r.unordered));
    check(op + ".f64", {f64(1), f64(2)}, pred(r.below));
    check(op + ".f64", {f64(1), f64(NAN)}, pred(r.unordered));
    check(op + ".f16", {b16(0x3C00), b16(0x4000)}, pred(r.below));
    check(op + ".f16", {b16(0x7E00), b16(0x4000)}, pred(r.unordered));
    check(op + ".bf16", {b16(0x4000), b16(0x3F80)}, pred(r.above));
  }
  check("setp.eq.f32", {f32(0), f32(-0.0f)}, pred(true));
  check("setp.gt.ftz.f32", {f32(0x1p-140f), f32(0)}, pred(false));
  check("setp.gt.f32", {f32(0x1p-140f), f32(0)}, pred(true));
  check("setp.lt.s32", {b32(0xFFFFFFFF), b32(0)}, pred(true));
  check("setp.lt.u32", {b32(0xFFFFFFFF), b32(0)}, pred(false));
  check("setp.lo.u32", {b32(0), b32(0xFFFFFFFF)}, pred(true));
  check("setp.ls.u32", {b32(7), b32(7)}, pred(true));
  check("setp.hi.u64", {b64(~0ull), b64(0)}, pred(true));
  check("setp.hs.u64", {b64(0), b64(1)}, pred(false));
  check("setp.ne.s64", {b64(1), b64(1ull << 40 | 1)}, pred(true));
  check("setp.ge.s16", {b16(0x8000), b16(0)}, pred(false));
  check("setp.eq.b16", {b16(3), text("3")}, pred(true));
  check("setp.lt.s32", {b32(0xFFFFFFFE), text("-1")}, pred(true));
  check("setp.eq.and.s32", {b32(1), b32(1), pred(false)}, pred(false));
  check("setp.eq.or.s32", {b32(1), b32(2), pred(true)}, pred(true));
  check("setp.eq.xor.s32", {b32(1), b32(1), pred(true)}, pred(false));
  check_lines("setp.eq.and.s32 %out, %a, %b, !%c;", {b32(1), b32(1), pred(false)}, pred(true));
  check_lines(".reg .pred %q;\nsetp.lt.s32 %q|%out, %a, %b;", {b32(1), b32(2)}, pred(false));
  check_lines(".reg .pred %q;\nsetp.lt.and.s32 %q|%out, %a, %b, %c;", {b32(3), b32(2), pred(true)}, pred(true));
  check_lines(".reg .pred %q;\nsetp.lt.f16x2 %out|%q, %a, %b;", {b32(0x3C003C00), b32(0x3C004000)}, pred(true));
  check_lines(".reg .pred %q;\nsetp.lt.f16x2 %q|%out, %a, %b;", {b32(0x3C003C00), b32(0x3C004000)}, pred(false));
  check("set.lt.u32.s32", {b32(1), b32(2)}, b32(0xFFFFFFFF));
  check("set.lt.f32.s32", {b32(1), b32(2)}, f32(1));
  check("set.gt.u32.f32", {one, two}, b32(0));
  check("set.eq.f16x2.f16x2", {b32(0x3C004000), b32(0x3C003C00)}, b32(0x3C000000));
  check("selp.b32", {b32(5), b32(6), pred(true)}, b32(5));
  check("selp.f64", {f64(5), f64(6), pred(false)}, f64(6));
  check("selp.b16", {b16(5), b16(6), pred(false)}, b16(6));
  check("slct.b32.s32", {b32(5), b32(6), b32(0)}, b32(5));
  check("slct.b32.s32", {b32(5), b32(6), b32(0xFFFFFFFF)}, b32(6));
  check("slct.u64.f32", {b64(5), b64(6), f32(-0.0f)}, b64(5));
  check("slct.u64.f32", {b64(5), b64(6), nan}, b64(6));
  // A guard, plain and negated.
  check_lines("mov.b32 %out, 1;\n@%a mov.b32 %out, 2;", {pred(true)}, b32(2));
  check_lines("mov.b32 %out, 1;\n@!%a mov.b32 %out, 2;", {pred(true)}, b32(1));
}

}  // namespace flambeau::emulator::test
