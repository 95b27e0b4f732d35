// Comparisons and choices: setp, set, selp, slct.
#include "decoder.h"
#include "numbers.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

/** A comparison by name; floats have ordered ones (false with NaN) and unordered ones (true with NaN). */
template <class T>
Handler comparison(std::string_view name) {
  if (name == "eq") return lanewise<Flag, T, T>([](T a, T b) { return a == b; });
  if (name == "lt" || name == "lo") return lanewise<Flag, T, T>([](T a, T b) { return a < b; });
  if (name == "le" || name == "ls") return lanewise<Flag, T, T>([](T a, T b) { return a <= b; });
  if (name == "gt" || name == "hi") return lanewise<Flag, T, T>([](T a, T b) { return a > b; });
  if (name == "ge" || name == "hs") return lanewise<Flag, T, T>([](T a, T b) { return a >= b; });
  if constexpr (std::is_integral_v<T>) {
    if (name == "ne") return lanewise<Flag, T, T>([](T a, T b) { return a != b; });
  } else {
    if (name == "ne") return lanewise<Flag, T, T>([](T a, T b) { return a < b || a > b; });
    if (name == "equ") return lanewise<Flag, T, T>([](T a, T b) { return !(a < b || a > b); });
    if (name == "neu") return lanewise<Flag, T, T>([](T a, T b) { return !(a == b); });
    if (name == "ltu") return lanewise<Flag, T, T>([](T a, T b) { return !(a >= b); });
    if (name == "leu") return lanewise<Flag, T, T>([](T a, T b) { return !(a > b); });
    if (name == "gtu") return lanewise<Flag, T, T>([](T a, T b) { return !(a <= b); });
    if (name == "geu") return lanewise<Flag, T, T>([](T a, T b) { return !(a < b); });
    if (name == "num") return lanewise<Flag, T, T>([](T a, T b) { return a == a && b == b; });
    if (name == "nan") return lanewise<Flag, T, T>([](T a, T b) { return a != a || b != b; });
  }
  return nullptr;
}

Handler comparison_of(std::string_view name, Type type) {
  Handler h = nullptr;
  switch (type) {
    case Type::f16: return comparison<Half>(name);
    case Type::bf16: return comparison<BFloat>(name);
    case Type::f32: return comparison<float>(name);
    case Type::f64: return comparison<double>(name);
    default: with_integer(type, [&]<class T>() { h = comparison<T>(name); }); return h;
  }
}

Handler joined(std::string_view how) {
  if (how == "and") return lanewise<Flag, Flag, Flag>([](Flag a, Flag b) { return a & b & 1; });
  if (how == "or") return lanewise<Flag, Flag, Flag>([](Flag a, Flag b) { return (a | b) & 1; });
  return lanewise<Flag, Flag, Flag>([](Flag a, Flag b) { return (a ^ b) & 1; });
}

/** Comparisons of pairs give a predicate for each half. */
void split(Decoder& d, uint32_t pair, uint32_t& low, uint32_t& high) {
  low = d.temporary();
  high = d.temporary();
  d.emit(lanewise<uint32_t, uint32_t>([](uint32_t v) { return v & 0xFFFF; }), low, {pair});
  d.emit(lanewise<uint32_t, uint32_t>([](uint32_t v) { return v >> 16; }), high, {pair});
}

std::string_view joining(const Statement& s) {
  for (const std::string_view how : {"and", "or", "xor"}) {
    if (s.has(how)) return how;
  }
  return "";
}

void decode_pairs(Decoder& d, const Statement& s, Type type) {
  const Type element = type == Type::f16x2 ? Type::f16 : Type::bf16;
  const Handler compare = comparison_of(s.parts[1], element);
  uint32_t a[2], b[2];
  split(d, d.source(s.operands[1], type), a[0], a[1]);
  split(d, d.source(s.operands[2], type), b[0], b[1]);
  if (s.parts[0] == "set" || !joining(s).empty()) {
    const Type to = type_named(s.parts[s.parts.size() - 2]);
    if (s.parts[0] != "set" || !joining(s).empty() || bytes_of(to) != 4) d.unsupported(s);
    const uint32_t low = d.temporary(), high = d.temporary();
    d.emit(compare, low, {a[0], b[0]});
    d.emit(compare, high, {a[1], b[1]});
    const uint32_t one = d.constant(to == Type::f16x2 ? 0x3C00 : to == Type::bf16x2 ? 0x3F80 : 0xFFFF);
    d.emit(lanewise<uint32_t, uint32_t, uint32_t, uint32_t>(
               [](uint32_t x, uint32_t y, uint32_t v) { return (x != 0 ? v : 0) | (y != 0 ? v << 16 : 0); }),
           d.destination(s.operands[0]), {low, high, one});
    return;
  }
  const uint32_t other = d.second(s.operands[0]);
  d.emit(compare, d.destination(s.operands[0]), {a[0], b[0]});
  d.emit(compare, other == kNone ? d.temporary() : other, {a[1], b[1]});
}

void decode_set(Decoder& d, const Statement& s, Type type) {
  if (type == Type::f16x2 || type == Type::bf16x2) {
    decode_pairs(d, s, type);
    return;
  }
  const std::string_view how = joining(s);
  const bool both = d.second(s.operands[0]) != kNone;
  const bool sets = s.parts[0] == "set";
  const uint32_t dst = d.destination(s.operands[0]);
  // What comes in between is kept apart: the destination may be the predicate that is joined, or the guard.
  uint32_t result = sets || both || !how.empty() ? d.temporary() : dst;
  uint32_t a = d.source(s.operands[1], type), b = d.source(s.operands[2], type);
  if (s.has("ftz")) {
    const Handler flushed = lanewise<float, float>([](float v) { return flush(v); });
    const uint32_t fa = d.temporary(), fb = d.temporary();
    d.emit(flushed, fa, {a});
    d.emit(flushed, fb, {b});
    a = fa;
    b = fb;
  }
  d.emit(comparison_of(s.parts[1], type), result, {a, b});
  uint32_t inverse = kNone;
  if (both) {
    inverse = d.temporary();
    d.emit(lanewise<Flag, Flag>([](Flag v) { return v ^ 1; }), inverse, {result});
  }
  const auto copied = lanewise<Flag, Flag>([](Flag v) { return v; });
  if (!how.empty()) {
    const uint32_t with = d.predicate(s.operands[3]);
    const uint32_t all = both || sets ? d.temporary() : dst;
    d.emit(joined(how), all, {result, with});
    if (both) d.emit(joined(how), d.second(s.operands[0]), {inverse, with});
    result = all;
  } else if (both) {
    d.emit(copied, d.second(s.operands[0]), {inverse});
  }
  if (!sets) {
    if (result != dst) d.emit(copied, dst, {result});
    return;
  }
  const Type to = type_named(s.parts[s.parts.size() - 2]);
  const uint64_t one = to == Type::f32     ? 0x3F80'0000
                       : to == Type::f16   ? 0x3C00
                       : to == Type::bf16  ? 0x3F80
                       : bytes_of(to) == 2 ? 0xFFFF
                                           : 0xFFFF'FFFF;
  d.emit(lanewise<uint32_t, Flag, uint32_t>([](Flag v, uint32_t unit) { return v != 0 ? unit : 0; }), dst,
         {result, d.constant(one)});
}

}  // namespace

bool decode_compare(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "setp" || op == "set") {
    decode_set(d, s, type);
    return true;
  }
  if (op == "selp") {
    Handler h = bytes_of(type) == 8 ? lanewise<uint64_t, uint64_t, uint64_t, Flag>(
                                          [](uint64_t a, uint64_t b, Flag p) { return (p & 1) != 0 ? a : b; })
                                    : lanewise<uint32_t, uint32_t, uint32_t, Flag>(
                                          [](uint32_t a, uint32_t b, Flag p) { return (p & 1) != 0 ? a : b; });
    d.emit(h, d.destination(s.operands[0]),
           {d.source(s.operands[1], type), d.source(s.operands[2], type), d.predicate(s.operands[3])});
    return true;
  }
  if (op == "slct") {
    const Type value = type_named(s.parts[s.parts.size() - 2]);
    const auto choose = [&]<class T>() {
      return type == Type::f32 ? lanewise<T, T, T, float>([](T a, T b, float c) { return c >= 0 ? a : b; })
                               : lanewise<T, T, T, int32_t>([](T a, T b, int32_t c) { return c >= 0 ? a : b; });
    };
    const Handler h =
        bytes_of(value) == 8 ? choose.template operator()<uint64_t>() : choose.template operator()<uint32_t>();
    d.emit(h, d.destination(s.operands[0]),
           {d.source(s.operands[1], value), d.source(s.operands[2], value), d.source(s.operands[3], type)});
    return true;
  }
  return false;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
