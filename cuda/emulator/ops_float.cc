// Arithmetic of floats, 16 to 64 bits, scalars and pairs. Compiled with -frounding-math: directed rounding is done by
// the host's own rounding mode.
#include <cfenv>

#include "decoder.h"
#include "numbers.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

// ---- wrappers: an operation, and what its modifiers ask for besides ----

/** The host's rounding mode, for as long as this lives. */
class Mode {
 public:
  explicit Mode(uint8_t rounding) : nearest_(rounding == 0) {
    constexpr int kModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    if (!nearest_) std::fesetround(kModes[rounding & 3]);
  }
  ~Mode() {
    if (!nearest_) std::fesetround(FE_TONEAREST);
  }
  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 private:
  bool nearest_;
};

constexpr uint8_t kFlush = 4, kSaturate = 8, kRelu = 16;  // bits of Instruction::mode above the rounding

template <class F, class T, size_t N>
struct Arithmetic {
  template <size_t... I>
  static void apply(Warp& w, const Instruction& in, uint32_t mask, std::index_sequence<I...>) {
    const Mode mode(in.mode & 3);
    const bool flushes = (in.mode & kFlush) != 0;
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(rest));
      const auto read = [&](uint32_t slot) {
        const T v = w.get<T>(slot, lane);
        return flushes ? flush(v) : v;
      };
      T r = F{}(read(in.src[I])...);
      if (flushes) r = flush(r);
      if ((in.mode & kSaturate) != 0) r = saturate(r);
      if ((in.mode & kRelu) != 0) r = relu(r);
      w.set<T>(in.dst, lane, r);
    }
  }
  static void run(Warp& w, const Instruction& in, uint32_t mask) { apply(w, in, mask, std::make_index_sequence<N>{}); }
};

/** To nearest and without modifiers, as most are. */
template <class F, class T, size_t N>
struct PlainArithmetic {
  template <size_t... I>
  static void apply(Warp& w, const Instruction& in, uint32_t mask, std::index_sequence<I...>) {
    const Register* from[] = {&w.at(in.src[I])...};
    write_lanes<T>(w.at(in.dst), mask, [&](uint32_t lane) { return F{}(from[I]->template get<T>(lane)...); });
  }
  static void run(Warp& w, const Instruction& in, uint32_t mask) { apply(w, in, mask, std::make_index_sequence<N>{}); }
};

struct Handlers {
  Handler plain = nullptr, modified = nullptr;
};
template <class T, size_t N, class F>
Handlers arithmetic(F) {
  return {&PlainArithmetic<F, T, N>::run, &Arithmetic<F, T, N>::run};
}

template <class F>
bool with_float(Type type, F&& f) {
  switch (type) {
    case Type::f16: f.template operator()<Half>(); return true;
    case Type::bf16: f.template operator()<BFloat>(); return true;
    case Type::f32: f.template operator()<float>(); return true;
    case Type::f64: f.template operator()<double>(); return true;
    case Type::f16x2: f.template operator()<Pair<Half>>(); return true;
    case Type::bf16x2: f.template operator()<Pair<BFloat>>(); return true;
    default: return false;
  }
}

template <class T>
Handlers choose(const Statement& s) {
  const std::string_view op = s.parts[0];
  if (op == "add") return arithmetic<T, 2>([](T a, T b) { return sum(a, b); });
  if (op == "sub") return arithmetic<T, 2>([](T a, T b) { return difference(a, b); });
  if (op == "mul") return arithmetic<T, 2>([](T a, T b) { return product(a, b); });
  if (op == "fma" || op == "mad") return arithmetic<T, 3>([](T a, T b, T c) { return fused(a, b, c); });
  const bool nan = s.has("NaN");
  if (s.has("xorsign")) return {};
  if (op == "min" && nan) return arithmetic<T, 2>([](T a, T b) { return smaller(a, b, true); });
  if (op == "min") return arithmetic<T, 2>([](T a, T b) { return smaller(a, b, false); });
  if (op == "max" && nan) return arithmetic<T, 2>([](T a, T b) { return larger(a, b, true); });
  if (op == "max") return arithmetic<T, 2>([](T a, T b) { return larger(a, b, false); });
  if (op == "ex2")
    return arithmetic<T, 1>(
        [](T a) { return elementwise([](auto x) { return nearest<decltype(x)>(std::exp2(double{x})); }, a); });
  if (op == "tanh")
    return arithmetic<T, 1>(
        [](T a) { return elementwise([](auto x) { return nearest<decltype(x)>(std::tanh(double{x})); }, a); });
  if constexpr (std::is_floating_point_v<T>) {
    if (op == "div") return arithmetic<T, 2>([](T a, T b) { return canonical(a / b); });
    if (op == "rcp") {
      // rcp.approx.ftz.f64 gives the upper half only: libdevice refines it.
      if (s.has("approx") && sizeof(T) == 8)
        return arithmetic<T, 1>([](T a) {
          return static_cast<T>(
              std::bit_cast<double>(std::bit_cast<uint64_t>(1.0 / double{a}) & 0xFFFF'FFFF'0000'0000));
        });
      return arithmetic<T, 1>([](T a) { return canonical(T{1} / a); });
    }
    if (op == "sqrt") return arithmetic<T, 1>([](T a) { return canonical(std::sqrt(a)); });
    if (op == "rsqrt") {
      if (sizeof(T) == 8)
        return arithmetic<T, 1>([](T a) {
          return static_cast<T>(
              std::bit_cast<double>(std::bit_cast<uint64_t>(1.0 / std::sqrt(double{a})) & 0xFFFF'FFFF'0000'0000));
        });
      return arithmetic<T, 1>([](T a) { return nearest<T>(1.0 / std::sqrt(double{a})); });
    }
    if (op == "lg2") return arithmetic<T, 1>([](T a) { return nearest<T>(std::log2(double{a})); });
    if (op == "sin") return arithmetic<T, 1>([](T a) { return nearest<T>(std::sin(double{a})); });
    if (op == "cos") return arithmetic<T, 1>([](T a) { return nearest<T>(std::cos(double{a})); });
    if (op == "copysign") return arithmetic<T, 2>([](T a, T b) { return std::copysign(b, a); });
  }
  return {};
}

/** neg and abs work on the sign bit alone, and so on NaN. */
template <class T>
Handler sign_bits(bool negate) {
  using U = std::conditional_t<sizeof(T) == 8, uint64_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t>>;
  constexpr U kSigns = ElementOf<T>::pair ? static_cast<U>(0x8000'8000u) : static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  if (negate) return lanewise<U, U>([](U a) { return static_cast<U>(a ^ kSigns); });
  return lanewise<U, U>([](U a) { return static_cast<U>(a & ~kSigns); });
}

void test_property(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const bool wide = (in.mode & 8) != 0;
    const double v = wide ? w.get<double>(in.src[0], lane) : double{w.get<float>(in.src[0], lane)};
    const double least = wide ? DBL_MIN : double{FLT_MIN};
    bool r = false;
    switch (in.mode & 7) {
      case 0: r = std::isfinite(v); break;
      case 1: r = std::isinf(v); break;
      case 2: r = std::isfinite(v) || std::isinf(v); break;
      case 3: r = v != v; break;
      case 4: r = std::isfinite(v) && std::fabs(v) >= least; break;
      default: r = v != 0 && std::fabs(v) < least; break;
    }
    w.set<Flag>(in.dst, lane, r ? 1 : 0);
  });
}

uint8_t rounding_of(const Statement& s) {
  if (s.has("rz")) return 1;
  if (s.has("rm")) return 2;
  return s.has("rp") ? 3 : 0;
}

}  // namespace

bool decode_float(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "testp") {
    constexpr std::string_view kProperties[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
    Instruction& in = d.emit(test_property, d.destination(s.operands[0]), {d.source(s.operands[1], type)});
    for (uint8_t p = 0; p < 6; p++) {
      if (s.has(kProperties[p])) in.mode = p;
    }
    if (type == Type::f64) in.mode |= 8;
    return true;
  }
  if (!is_float(type)) return false;
  const auto mode = static_cast<uint8_t>(rounding_of(s) | (s.has("ftz") ? kFlush : 0) | (s.has("sat") ? kSaturate : 0) |
                                         (s.has("relu") ? kRelu : 0));
  Handler h = nullptr;
  with_float(type, [&]<class T>() {
    if (op == "neg" || op == "abs") {
      h = sign_bits<T>(op == "neg");
    } else {
      const Handlers both = choose<T>(s);
      h = mode == 0 ? both.plain : both.modified;
    }
  });
  if (h == nullptr) return false;
  uint32_t sources[3] = {kNone, kNone, kNone};
  if (s.operands.size() > 4) return false;
  for (size_t i = 1; i < s.operands.size(); i++) sources[i - 1] = d.source(s.operands[i], type);
  d.emit(h, d.destination(s.operands[0]), {sources[0], sources[1], sources[2]}).mode = mode;
  return true;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
