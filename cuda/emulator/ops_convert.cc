// cvt: between integers and floats of every width, with rounding, saturation and flushing; packing of two.
#include "decoder.h"
#include "numbers.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

constexpr uint8_t kSaturate = 4, kFlush = 8, kRelu = 16, kWhole = 32;  // bits of mode above the rounding

Rounding rounding(const Instruction& in) { return static_cast<Rounding>(in.mode & 3); }

/** A float rounded to a whole number. Nearest is to even. */
double whole(double v, Rounding mode) {
  switch (mode) {
    case Rounding::zero: return std::trunc(v);
    case Rounding::down: return std::floor(v);
    case Rounding::up: return std::ceil(v);
    default: return std::nearbyint(v);
  }
}

/** Into an integer: always clamped to its range. What NaN becomes depends on the types: see the PTX manual, cvt. */
template <class D, class S>
D to_integer(double v, Rounding mode) {
  if (v != v) {
    if (sizeof(S) < 8 && sizeof(D) < 8) return 0;
    return static_cast<D>(std::make_unsigned_t<D>{1} << (8 * sizeof(D) - 1));
  }
  v = whole(v, mode);
  // The bounds are powers of two, and so exact in a double, where the largest integer itself is not.
  const double above = std::ldexp(1.0, std::is_signed_v<D> ? 8 * sizeof(D) - 1 : 8 * sizeof(D));
  if (v >= above) return std::numeric_limits<D>::max();
  if (v <= (std::is_signed_v<D> ? -above : 0)) return std::numeric_limits<D>::min();
  return static_cast<D>(v);
}

template <class D, class S>
D clamped(S v) {
  using W = __int128;
  const W w = v;
  if (w > W{std::numeric_limits<D>::max()}) return std::numeric_limits<D>::max();
  if (w < W{std::numeric_limits<D>::min()}) return std::numeric_limits<D>::min();
  return static_cast<D>(v);
}

template <class D>
D finish(D v, const Instruction& in) {
  if ((in.mode & kFlush) != 0) v = flush(v);
  if ((in.mode & kSaturate) != 0) v = saturate(v);
  if ((in.mode & kRelu) != 0) v = relu(v);
  return v;
}

template <class D, class S>
void convert(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    S v = w.get<S>(in.src[0], lane);
    if constexpr (std::is_integral_v<D> && std::is_integral_v<S>) {
      w.set<D>(in.dst, lane, (in.mode & kSaturate) != 0 ? clamped<D>(v) : static_cast<D>(v));
    } else if constexpr (std::is_integral_v<D>) {
      if ((in.mode & kFlush) != 0) v = flush(v);
      w.set<D>(in.dst, lane, to_integer<D, S>(v, rounding(in)));
    } else if constexpr (std::is_integral_v<S>) {
      // 64-bit integers are exact in a long double of x86 and ARM; small floats take the way over an odd float.
      if constexpr (is_small_float<D>) {
        const auto wide = static_cast<double>(v);
        w.set<D>(in.dst, lane, finish(narrow<D>(wide, rounding(in)), in));
      } else {
        w.set<D>(in.dst, lane, finish(narrow<D>(static_cast<long double>(v), rounding(in)), in));
      }
    } else {
      if ((in.mode & kFlush) != 0) v = flush(v);
      const double wide = v;
      D r;
      if ((in.mode & kWhole) != 0) {
        r = nearest<D>(whole(wide, rounding(in)));
      } else if constexpr (std::is_same_v<D, S>) {
        r = v;
      } else {
        r = narrow<D>(wide, rounding(in));
      }
      w.set<D>(in.dst, lane, finish(r, in));
    }
  });
}

/** What needs no care: integers cut or extended, and all that C++ rounds to nearest itself. */
template <class D, class S>
void plain(Warp& w, const Instruction& in, uint32_t mask) {
  const Register& from = w.at(in.src[0]);
  write_lanes<D>(w.at(in.dst), mask, [&](uint32_t lane) {
    if constexpr (std::is_floating_point_v<D>) {
      return canonical(static_cast<D>(from.get<S>(lane)));
    } else {
      return static_cast<D>(from.get<S>(lane));
    }
  });
}
template <class D, class S>
Handler choose(uint8_t mode) {
  constexpr bool kIntegers = std::is_integral_v<D> && std::is_integral_v<S>;
  if constexpr (kIntegers || (std::is_floating_point_v<D> && !std::is_same_v<D, S>)) {
    if (mode == 0) return plain<D, S>;
  }
  return convert<D, S>;
}

template <class D>
Handler from(Type type, uint8_t mode) {
  switch (type) {
    case Type::f16: return choose<D, Half>(mode);
    case Type::bf16: return choose<D, BFloat>(mode);
    case Type::f32: return choose<D, float>(mode);
    case Type::f64: return choose<D, double>(mode);
    default: break;
  }
  Handler h = nullptr;
  with_integer(type, [&]<class S>() { h = choose<D, S>(mode); });
  return h;
}

Handler conversion(Type to, Type type, uint8_t mode) {
  switch (to) {
    case Type::f16: return from<Half>(type, mode);
    case Type::bf16: return from<BFloat>(type, mode);
    case Type::f32: return from<float>(type, mode);
    case Type::f64: return from<double>(type, mode);
    default: break;
  }
  Handler h = nullptr;
  with_integer(to, [&]<class D>() { h = from<D>(type, mode); });
  return h;
}

/** cvt.f16x2.f32 d, a, b: a goes to the upper half. */
template <class E>
void pack_pair(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const E high = finish(narrow<E>(double{w.get<float>(in.src[0], lane)}, rounding(in)), in);
    const E low = finish(narrow<E>(double{w.get<float>(in.src[1], lane)}, rounding(in)), in);
    w.set<uint32_t>(in.dst, lane, uint32_t{high.bits} << 16 | low.bits);
  });
}

/** tf32: float with 10 bits of fraction; `mode` 0 rounds to even, 1 cuts, 2 rounds ties away. */
void to_tf32(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    uint32_t b = w.get<uint32_t>(in.src[0], lane);
    if ((b & 0x7FFF'FFFF) > 0x7F80'0000) {
      b = 0x7FFF'FFFF;
    } else if ((b & 0x7F80'0000) != 0x7F80'0000) {
      b += in.mode == 0 ? 0xFFF + (b >> 13 & 1) : in.mode == 2 ? 0x1000 : 0;
    }
    w.set<uint32_t>(in.dst, lane, b & (b == 0x7FFF'FFFF ? ~0u : 0xFFFF'E000));
  });
}

}  // namespace

bool decode_convert(Decoder& d, const Statement& s, Type type) {
  if (s.parts[0] != "cvt" || s.parts.size() < 3) return false;
  const std::string_view to_name = s.parts[s.parts.size() - 2];
  if (to_name == "tf32") {
    Instruction& in = d.emit(to_tf32, d.destination(s.operands[0]), {d.source(s.operands[1], Type::f32)});
    in.mode = s.has("rna") ? 2 : s.has("rz") ? 1 : 0;
    return true;
  }
  uint8_t mode = 0;
  for (const std::string_view part : s.parts) {
    if (part == "rz" || part == "rzi") mode = 1;
    if (part == "rm" || part == "rmi") mode = 2;
    if (part == "rp" || part == "rpi") mode = 3;
  }
  for (const std::string_view part : s.parts) {
    if (part == "sat") mode |= kSaturate;
    if (part == "ftz") mode |= kFlush;
    if (part == "relu") mode |= kRelu;
    if (part == "rni" || part == "rzi" || part == "rmi" || part == "rpi") mode |= kWhole;
    if (part == "rna" || part == "rs" || part == "satfinite") return false;
  }
  const Type to = type_named(to_name);
  const bool pair = to == Type::f16x2 || to == Type::bf16x2;
  Handler h = pair ? (to == Type::f16x2 ? pack_pair<Half> : pack_pair<BFloat>) : conversion(to, type, mode);
  if (h == nullptr || (pair && (type != Type::f32 || s.operands.size() != 3))) return false;
  const uint32_t dst = d.result(s.operands[0], to);
  Instruction& in = d.emit(h, dst, {d.source(s.operands[1], type), pair ? d.source(s.operands[2], type) : kNone});
  in.mode = mode;
  d.widen(s.operands[0], to, dst);
  return true;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
