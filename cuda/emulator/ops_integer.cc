// Arithmetic of integers: add, mul, mad, div, min, carries. The last family that decode.cc asks.
#include <algorithm>
#include <limits>

#include "decoder.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

template <class T>
T high(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    using W = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((static_cast<W>(a) * static_cast<W>(b)) >> 64);
  } else {
    using W = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<T>((static_cast<W>(a) * static_cast<W>(b)) >> (8 * sizeof(T)));
  }
}
template <class T>
T low(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
template <class T>
T plus(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

template <class T>
struct Wider {
  using type = std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                                  std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
};

// What the hardware gives where C++ gives nothing: all ones for n / 0, n for n % 0.
template <class T>
T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(~T{0});
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(0 - static_cast<uint64_t>(a));
  return static_cast<T>(a / b);
}
template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

template <class T>
T saturated(int64_t v) {
  return static_cast<T>(std::clamp<int64_t>(v, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

// The carry flag is a register that the program does not name: see decode_carry. `mode` bit 0: carry comes in, bit 1:
// carry goes out; src[3] and second are the flag.
enum class Kind : uint8_t { add, sub, mad_low, mad_high };

template <class T, Kind K>
void with_carry(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const T a = w.get<T>(in.src[0], lane), b = w.get<T>(in.src[1], lane);
    const T carry = (in.mode & 1) != 0 ? static_cast<T>(w.get<Flag>(in.src[3], lane) & 1) : T{0};
    T r;
    bool out;
    if constexpr (K == Kind::sub) {
      r = static_cast<T>(a - b - carry);
      out = a < b || (a == b && carry != 0);
    } else {
      const T x = K == Kind::add ? a : K == Kind::mad_low ? low(a, b) : high(a, b);
      const T y = K == Kind::add ? b : w.get<T>(in.src[2], lane);
      const T s = static_cast<T>(x + y);
      r = static_cast<T>(s + carry);
      out = s < x || r < s;
    }
    if ((in.mode & 2) != 0) w.set<Flag>(in.second, lane, out ? 1 : 0);
    w.set<T>(in.dst, lane, r);
  });
}

template <class T>
Handler carry_handler(Kind kind) {
  switch (kind) {
    case Kind::add: return with_carry<T, Kind::add>;
    case Kind::sub: return with_carry<T, Kind::sub>;
    case Kind::mad_low: return with_carry<T, Kind::mad_low>;
    default: return with_carry<T, Kind::mad_high>;
  }
}

void decode_carry(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  const bool multiply = op.starts_with("mad");
  const Kind kind = op.starts_with("add")   ? Kind::add
                    : op.starts_with("sub") ? Kind::sub
                    : s.has("hi")           ? Kind::mad_high
                                            : Kind::mad_low;
  if (multiply && s.has("hi") && is_signed(type)) d.unsupported(s);
  const Handler h = bytes_of(type) == 8 ? carry_handler<uint64_t>(kind) : carry_handler<uint32_t>(kind);
  const uint32_t flag = d.carry_flag();
  Instruction& in = d.emit(h, d.destination(s.operands[0]),
                           {d.source(s.operands[1], type), d.source(s.operands[2], type),
                            multiply ? d.source(s.operands[3], type) : kNone, flag});
  in.second = flag;
  in.mode = static_cast<uint8_t>((op.back() == 'c' ? 1 : 0) | (s.has("cc") ? 2 : 0));
}

template <class T>
void decode_multiply(Decoder& d, const Statement& s, Type type) {
  const bool add = s.parts[0].starts_with("mad");
  const uint32_t dst = d.destination(s.operands[0]);
  const uint32_t a = d.source(s.operands[1], type), b = d.source(s.operands[2], type);
  const Type sum = s.has("wide") ? (sizeof(T) == 4 ? Type::u64 : Type::u32) : type;
  const uint32_t c = add ? d.source(s.operands[3], sum) : kNone;
  if (s.has("wide")) {
    using W = typename Wider<T>::type;
    d.emit(add ? lanewise<W, T, T, W>([](T x, T y, W z) { return plus(low(static_cast<W>(x), static_cast<W>(y)), z); })
               : lanewise<W, T, T>([](T x, T y) { return low(static_cast<W>(x), static_cast<W>(y)); }),
           dst, {a, b, c});
  } else if (s.has("hi") && s.has("sat")) {
    d.emit(lanewise<T, T, T, T>([](T x, T y, T z) {
             return saturated<int32_t>(int64_t{static_cast<int32_t>(high(x, y))} + static_cast<int32_t>(z));
           }),
           dst, {a, b, c});
  } else if (s.has("hi")) {
    d.emit(add ? lanewise<T, T, T, T>([](T x, T y, T z) { return plus(high(x, y), z); })
               : lanewise<T, T, T>([](T x, T y) { return high(x, y); }),
           dst, {a, b, c});
  } else {
    d.emit(add ? lanewise<T, T, T, T>([](T x, T y, T z) { return plus(low(x, y), z); })
               : lanewise<T, T, T>([](T x, T y) { return low(x, y); }),
           dst, {a, b, c});
  }
}

template <class T>
Handler two_operands(std::string_view op, bool sat) {
  if (op == "add") {
    if (sat)
      return lanewise<T, T, T>(
          [](T a, T b) { return saturated<T>(static_cast<int64_t>(a) + static_cast<int64_t>(b)); });
    return lanewise<T, T, T>([](T a, T b) { return plus(a, b); });
  }
  if (op == "sub") {
    if (sat)
      return lanewise<T, T, T>(
          [](T a, T b) { return saturated<T>(static_cast<int64_t>(a) - static_cast<int64_t>(b)); });
    return lanewise<T, T, T>(
        [](T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); });
  }
  if (op == "div") return lanewise<T, T, T>([](T a, T b) { return quotient(a, b); });
  if (op == "rem") return lanewise<T, T, T>([](T a, T b) { return remainder(a, b); });
  if (op == "min") return lanewise<T, T, T>([](T a, T b) { return std::min(a, b); });
  if (op == "max") return lanewise<T, T, T>([](T a, T b) { return std::max(a, b); });
  return nullptr;
}

template <class T>
Handler one_operand(std::string_view op) {
  if (op == "neg") return lanewise<T, T>([](T a) { return static_cast<T>(0 - static_cast<uint64_t>(a)); });
  if (op == "abs")
    return lanewise<T, T>(
        [](T a) { return static_cast<T>(a < 0 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a)); });
  return nullptr;
}

template <class T>
Handler mul24() {
  return lanewise<T, T, T>([](T a, T b) {
    return static_cast<T>(static_cast<uint64_t>(static_cast<T>(a << 8) >> 8) *
                          static_cast<uint64_t>(static_cast<T>(b << 8) >> 8));
  });
}

// dp4a and dp2a: sums of products of bytes; `mode` bits: 0 a is signed, 1 b is signed, 2 upper half of b.
template <int Parts>
void dot(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const auto a = w.get<uint32_t>(in.src[0], lane), b = w.get<uint32_t>(in.src[1], lane);
    int64_t sum = w.get<int32_t>(in.src[2], lane);
    for (int k = 0; k < Parts; k++) {
      const uint32_t x = Parts == 4 ? a >> 8 * k & 0xFF : a >> 16 * k & 0xFFFF;
      const uint32_t y = b >> (8 * k + ((in.mode & 4) != 0 ? 16 : 0)) & 0xFF;
      const int64_t u = (in.mode & 1) == 0 ? int64_t{x}
                        : Parts == 4       ? int64_t{static_cast<int8_t>(x)}
                                           : int64_t{static_cast<int16_t>(x)};
      sum += u * ((in.mode & 2) != 0 ? int64_t{static_cast<int8_t>(y)} : int64_t{y});
    }
    w.set<uint32_t>(in.dst, lane, static_cast<uint32_t>(sum));
  });
}

}  // namespace

bool decode_integer(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "addc" || op == "subc" || op == "madc" || s.has("cc")) {
    decode_carry(d, s, type);
    return true;
  }
  if (op == "dp4a" || op == "dp2a") {
    const bool a_signed = s.parts[s.parts.size() - 2] == "s32";
    Instruction& in =
        d.emit(op == "dp4a" ? dot<4> : dot<2>, d.destination(s.operands[0]),
               {d.source(s.operands[1], type), d.source(s.operands[2], type), d.source(s.operands[3], type)});
    in.mode = static_cast<uint8_t>((a_signed ? 1 : 0) | (is_signed(type) ? 2 : 0) | (s.has("hi") ? 4 : 0));
    return true;
  }
  bool done = false;
  with_integer(type, [&]<class T>() {
    if (op == "mul" || op == "mad") {
      decode_multiply<T>(d, s, type);
      done = true;
      return;
    }
    if (op == "mul24" && sizeof(T) == 4) {
      if (s.has("hi")) return;
      d.emit(mul24<T>(), d.destination(s.operands[0]), {d.source(s.operands[1], type), d.source(s.operands[2], type)});
      done = true;
      return;
    }
    if (op == "sad") {
      d.emit(lanewise<T, T, T, T>([](T a, T b, T c) {
               return static_cast<T>(static_cast<uint64_t>(c) +
                                     (a < b ? static_cast<uint64_t>(b) - static_cast<uint64_t>(a)
                                            : static_cast<uint64_t>(a) - static_cast<uint64_t>(b)));
             }),
             d.destination(s.operands[0]),
             {d.source(s.operands[1], type), d.source(s.operands[2], type), d.source(s.operands[3], type)});
      done = true;
      return;
    }
    if (const Handler h = two_operands<T>(op, s.has("sat"))) {
      d.emit(h, d.destination(s.operands[0]), {d.source(s.operands[1], type), d.source(s.operands[2], type)});
      done = true;
      if (s.has("relu")) d.unsupported(s);
    } else if (const Handler one = one_operand<T>(op)) {
      d.emit(one, d.destination(s.operands[0]), {d.source(s.operands[1], type)});
      done = true;
    }
  });
  return done;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
