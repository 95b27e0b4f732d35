// Moves and bits: mov, and, shifts, fields, permutations, counts, packing of vectors.
#include <bit>

#include "decoder.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

template <class T>
Handler two_operands(std::string_view op) {
  if (op == "and") return lanewise<T, T, T>([](T a, T b) { return a & b; });
  if (op == "or") return lanewise<T, T, T>([](T a, T b) { return a | b; });
  if (op == "xor") return lanewise<T, T, T>([](T a, T b) { return a ^ b; });
  return nullptr;
}

/** Shifts by the width and more give what shifting one by one would: zero, or the sign. */
template <class T>
Handler shift(bool left) {
  constexpr uint32_t kWidth = 8 * sizeof(T);
  if (left)
    return lanewise<T, T, uint32_t>(
        [](T a, uint32_t n) { return n >= kWidth ? T{0} : static_cast<T>(static_cast<uint64_t>(a) << n); });
  return lanewise<T, T, uint32_t>(
      [](T a, uint32_t n) { return static_cast<T>(n >= kWidth ? (a < 0 ? -1 : 0) : a >> n); });
}

uint32_t funnel(uint32_t a, uint32_t b, uint32_t n, bool left) {
  const uint64_t both = uint64_t{b} << 32 | a;
  return static_cast<uint32_t>(left ? (n == 32 ? both << 32 : both << n) >> 32 : both >> n);
}

template <class T>
T reversed(T a) {
  T r = 0;
  for (size_t i = 0; i < 8 * sizeof(T); i++) r = static_cast<T>(r << 1 | (a >> i & 1));
  return r;
}

/** The place of the highest bit that differs from the sign; all ones if there is none. */
template <class T>
uint32_t highest(T a) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(a < 0 ? ~a : a);
  return static_cast<uint32_t>(std::bit_width(u)) - 1;
}

template <class T>
T field(T a, uint32_t position, uint32_t length) {
  constexpr uint32_t kTop = 8 * sizeof(T) - 1;
  position &= 0xFF;
  length &= 0xFF;
  if (length == 0) return 0;
  const uint32_t last = position + length - 1;
  const bool sign = std::is_signed_v<T> && (a >> (last < kTop ? last : kTop) & 1) != 0;
  T r = 0;
  for (uint32_t i = 0; i <= kTop; i++) {
    const bool bit = i < length && position + i <= kTop ? (a >> (position + i) & 1) != 0 : sign;
    if (bit) r = static_cast<T>(r | static_cast<T>(T{1} << i));
  }
  return r;
}

template <class T>
void insert(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const T from = w.get<T>(in.src[0], lane);
    T into = w.get<T>(in.src[1], lane);
    const uint32_t position = w.get<uint32_t>(in.src[2], lane) & 0xFF, length = w.get<uint32_t>(in.src[3], lane) & 0xFF;
    for (uint32_t i = 0; i < length && position + i < 8 * sizeof(T); i++) {
      const T bit = static_cast<T>(T{1} << (position + i));
      into = static_cast<T>((from >> i & 1) != 0 ? into | bit : into & ~bit);
    }
    w.set<T>(in.dst, lane, into);
  });
}

uint32_t permuted(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t both = uint64_t{b} << 32 | a;
  uint32_t r = 0;
  for (int i = 0; i < 4; i++) {
    const uint32_t s = selector >> 4 * i & 0xF;
    uint32_t byte = static_cast<uint32_t>(both >> 8 * (s & 7)) & 0xFF;
    if ((s & 8) != 0) byte = (byte & 0x80) != 0 ? 0xFF : 0;  // the byte's sign, eight times
    r |= byte << 8 * i;
  }
  return r;
}

/** prmt with a named mode is prmt with a selector that depends on the low bits of c. */
uint32_t selector_of(uint32_t mode, uint32_t c) {
  constexpr uint32_t kSelectors[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                         {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                         {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
  return kSelectors[mode][c & 3];
}

void permute(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const auto c = w.get<uint32_t>(in.src[2], lane);
    const uint32_t selector = in.mode == 0xFF ? c : selector_of(in.mode, c);
    w.set<uint32_t>(in.dst, lane,
                    permuted(w.get<uint32_t>(in.src[0], lane), w.get<uint32_t>(in.src[1], lane), selector));
  });
}

void lookup3(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const auto a = w.get<uint32_t>(in.src[0], lane), b = w.get<uint32_t>(in.src[1], lane),
               c = w.get<uint32_t>(in.src[2], lane);
    uint32_t r = 0;
    for (uint32_t i = 0; i < 8; i++) {
      if ((in.mode >> i & 1) == 0) continue;
      r |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
    }
    w.set<uint32_t>(in.dst, lane, r);
  });
}

// mov of a vector: {a, b} into one register, or one register into {a, b}. `mode`: bytes of an element.
void pack(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    uint64_t r = 0;
    const uint64_t low = (uint64_t{1} << 8 * in.mode) - 1;
    for (uint32_t k = 0; k < in.count; k++) r |= (w.get<uint32_t>(in.list[k], lane) & low) << 8 * in.mode * k;
    in.mode* in.count == 8 ? w.set(in.dst, lane, r) : w.set(in.dst, lane, static_cast<uint32_t>(r));
  });
}
void unpack(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) {
    const uint64_t v = in.mode * in.count == 8 ? w.get<uint64_t>(in.src[0], lane) : w.get<uint32_t>(in.src[0], lane);
    const uint64_t low = (uint64_t{1} << 8 * in.mode) - 1;
    for (uint32_t k = 0; k < in.count; k++)
      w.set<uint32_t>(in.list[k], lane, static_cast<uint32_t>(v >> 8 * in.mode * k & low));
  });
}

bool decode_move(Decoder& d, const Statement& s, Type type) {
  if (s.has("b128")) return false;
  const Operand &to = s.operands[0], &from = s.operands[1];
  const bool packs = from.kind == Operand::Kind::list, unpacks = to.kind == Operand::Kind::list;
  if (packs && unpacks) return false;
  if (!packs && !unpacks) {
    const uint32_t dst = d.destination(to), src = d.source(from, type);
    const uint32_t bytes = bytes_of(type);
    d.emit(bytes == 8                         ? lanewise<uint64_t, uint64_t>([](uint64_t a) { return a; })
           : bytes == 4 || type == Type::pred ? lanewise<uint32_t, uint32_t>([](uint32_t a) { return a; })
                                              : lanewise<uint16_t, uint16_t>([](uint16_t a) { return a; }),
           dst, {src});
    return true;
  }
  const auto& elements = packs ? from.elements : to.elements;
  Instruction in;
  in.count = static_cast<uint8_t>(elements.size());
  in.mode = static_cast<uint8_t>(bytes_of(type) / elements.size());
  for (size_t k = 0; k < elements.size() && k < 8; k++) {
    in.list[k] = packs ? d.source(elements[k], Type::u32) : d.destination(elements[k]);
  }
  in.run = packs ? pack : unpack;
  if (packs) in.dst = d.destination(to);
  if (unpacks) in.src[0] = d.source(from, type);
  d.emit(in);
  return true;
}

bool decode_permute(Decoder& d, const Statement& s) {
  constexpr std::string_view kModes[] = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
  Instruction& in = d.emit(
      permute, d.destination(s.operands[0]),
      {d.source(s.operands[1], Type::u32), d.source(s.operands[2], Type::u32), d.source(s.operands[3], Type::u32)});
  in.mode = 0xFF;
  for (uint8_t m = 0; m < 6; m++) {
    if (s.has(kModes[m])) in.mode = m;
  }
  return true;
}

bool decode_counts(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  Handler h = nullptr;
  with_integer(type, [&]<class T>() {
    using U = std::make_unsigned_t<T>;
    if (op == "popc") h = lanewise<uint32_t, U>([](U a) { return std::popcount(a); });
    if (op == "clz") h = lanewise<uint32_t, U>([](U a) { return std::countl_zero(a); });
    if (op == "brev") h = lanewise<U, U>([](U a) { return reversed(a); });
    if (op == "not") h = lanewise<T, T>([](T a) { return ~a; });
    if (op == "cnot") h = lanewise<T, T>([](T a) { return a == 0; });
    if (op == "bfind" && !s.has("shiftamt")) h = lanewise<uint32_t, T>([](T a) { return highest(a); });
    if (op == "bfind" && s.has("shiftamt")) {
      h = lanewise<uint32_t, T>(
          [](T a) { return highest(a) == kNone ? kNone : static_cast<uint32_t>(8 * sizeof(T)) - 1 - highest(a); });
    }
  });
  if (type == Type::pred && op == "not") h = lanewise<Flag, Flag>([](Flag a) { return (a & 1) ^ 1; });
  if (h == nullptr) return false;
  d.emit(h, d.destination(s.operands[0]), {d.source(s.operands[1], type)});
  return true;
}

}  // namespace

bool decode_bits(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "mov") return decode_move(d, s, type);
  if (op == "prmt") return decode_permute(d, s);
  if (op == "popc" || op == "clz" || op == "brev" || op == "not" || op == "cnot" || op == "bfind")
    return decode_counts(d, s, type);
  const auto source = [&](size_t i, Type t) { return d.source(s.operands[i], t); };
  Handler h = nullptr;
  if (op == "and" || op == "or" || op == "xor") {
    if (type == Type::pred) {
      h = two_operands<Flag>(op);
    } else {
      with_integer(type, [&]<class T>() { h = two_operands<T>(op); });
    }
    d.emit(h, d.destination(s.operands[0]), {source(1, type), source(2, type)});
    return true;
  }
  if (op == "shl" || op == "shr") {
    with_integer(type, [&]<class T>() { h = shift<T>(op == "shl"); });
    d.emit(h, d.destination(s.operands[0]), {source(1, type), source(2, Type::u32)});
    return true;
  }
  if (op == "shf") {
    const bool clamp = s.has("clamp");
    if (s.has("l")) {
      h = clamp ? lanewise<uint32_t, uint32_t, uint32_t, uint32_t>(
                      [](uint32_t a, uint32_t b, uint32_t n) { return funnel(a, b, n < 32 ? n : 32, true); })
                : lanewise<uint32_t, uint32_t, uint32_t, uint32_t>(
                      [](uint32_t a, uint32_t b, uint32_t n) { return funnel(a, b, n & 31, true); });
    } else {
      h = clamp ? lanewise<uint32_t, uint32_t, uint32_t, uint32_t>(
                      [](uint32_t a, uint32_t b, uint32_t n) { return funnel(a, b, n < 32 ? n : 32, false); })
                : lanewise<uint32_t, uint32_t, uint32_t, uint32_t>(
                      [](uint32_t a, uint32_t b, uint32_t n) { return funnel(a, b, n & 31, false); });
    }
    d.emit(h, d.destination(s.operands[0]), {source(1, Type::u32), source(2, Type::u32), source(3, Type::u32)});
    return true;
  }
  if (op == "bfe") {
    with_integer(type, [&]<class T>() {
      h = lanewise<T, T, uint32_t, uint32_t>([](T a, uint32_t p, uint32_t n) { return field(a, p, n); });
    });
    d.emit(h, d.destination(s.operands[0]), {source(1, type), source(2, Type::u32), source(3, Type::u32)});
    return true;
  }
  if (op == "bfi") {
    d.emit(bytes_of(type) == 8 ? insert<uint64_t> : insert<uint32_t>, d.destination(s.operands[0]),
           {source(1, type), source(2, type), source(3, Type::u32), source(4, Type::u32)});
    return true;
  }
  if (op == "bmsk") {
    h = s.has("clamp") ? lanewise<uint32_t, uint32_t, uint32_t>([](uint32_t a, uint32_t n) {
      return a > 31 ? 0 : static_cast<uint32_t>(((uint64_t{1} << (n < 32 ? n : 32)) - 1) << a);
    })
                       : lanewise<uint32_t, uint32_t, uint32_t>(
                             [](uint32_t a, uint32_t n) { return ((1u << (n & 31)) - 1) << (a & 31); });
    d.emit(h, d.destination(s.operands[0]), {source(1, Type::u32), source(2, Type::u32)});
    return true;
  }
  if (op == "lop3") {
    if (s.operands.size() != 5) return false;
    Instruction& in = d.emit(lookup3, d.destination(s.operands[0]),
                             {source(1, Type::u32), source(2, Type::u32), source(3, Type::u32)});
    in.mode = static_cast<uint8_t>(integer_of(s.operands[4].number));
    return true;
  }
  return false;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
