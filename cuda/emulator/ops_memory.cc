// Loads, stores, atomics and the conversion of addresses. The usual case is checked here, for a whole warp at once;
// what is not usual goes to Warp::access (access.cc), lane by lane.
#include <algorithm>

#include "decoder.h"
#include "numbers.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {
namespace {

/** Bytes and 32-byte sectors that one instruction moves to or from global memory. */
void count_traffic(const Instruction& in, uint32_t bytes, uint64_t sectors, uint32_t lanes) {
  Counters& c = counters();
  if (in.access != Access::write) {
    c.bytes_read += uint64_t{bytes} * lanes;
    c.sectors_read += sectors;
  }
  if (in.access != Access::read) {
    c.bytes_written += uint64_t{bytes} * lanes;
    c.sectors_written += sectors;
  }
}

/** The memory that an instruction most likely touches: addresses of lane i begin at `begin` + i·`stride`. */
struct Room {
  uint64_t begin = 0, bytes = 0;
  std::byte* host = nullptr;
  uint64_t stride = 0;
  bool global = false;
};
FLAMBEAU_INLINE Room room_of(Warp& w, const Instruction& in, uint64_t first_address) {
  Block& block = *w.block;
  Space space = in.space;
  uint64_t begin = 0;
  if (space == Space::generic && (first_address & kWindowMask) == kSharedWindow) {
    space = Space::shared;
    begin = kSharedWindow;
  }
  switch (space) {
    case Space::shared:
      if (!block.shadow.empty()) return {};  // the search for races wants to see each access
      return {begin, block.shared.size(), block.shared.data(), 0, false};
    case Space::local: return {0, w.program->local_bytes, w.local(0), w.program->local_bytes, false};
    case Space::param: return {};
    default: break;
  }
  const Range& range = block.sites[in.site];
  return {range.begin, range.end - range.begin, range.host, 0, true};
}

/** The addresses of all 32 lanes, checked. Each half of the warp has a pattern: blocks are often 16 threads wide. */
struct Addresses {
  enum class Kind : uint8_t { apart, same, consecutive };
  Kind kind[2];
  std::byte* host;
  uint64_t offsets[kLanes];  // from `host`
};
constexpr uint32_t kHalf = kLanes / 2;

/** Fills in `to` if all lanes may go where they want; else they are looked at one by one, and the wrong one is named.
 */
FLAMBEAU_INLINE bool check_all(Warp& w, const Instruction& in, uint32_t bytes, Addresses& to) {
  const Register& base = w.at(in.src[0]);
  const auto shift = static_cast<uint64_t>(in.offset);
  const Room room = room_of(w, in, (in.narrow_address ? base.narrow[0] : base.wide[0]) + shift);
  if (room.bytes < bytes) return false;
  const uint64_t last = room.bytes - bytes, from = shift - room.begin;
  // Offsets are below 2^63 if they are right: a sign shows those that are not.
  uint64_t outside = 0, low = 0;
  if (in.narrow_address) {
    for (uint32_t lane = 0; lane < kLanes; lane++) to.offsets[lane] = base.narrow[lane] + from;
  } else {
    for (uint32_t lane = 0; lane < kLanes; lane++) to.offsets[lane] = base.wide[lane] + from;
  }
  for (uint32_t lane = 0; lane < kLanes; lane++) {
    outside |= to.offsets[lane] | (last - to.offsets[lane]);
    low |= to.offsets[lane];
  }
  if (outside >> 63 != 0 || (low & (bytes - 1)) != 0) return false;
  if (room.stride != 0) {
    for (uint32_t lane = 0; lane < kLanes; lane++) to.offsets[lane] += lane * room.stride;
  }
  to.host = room.host;
  uint64_t sectors = 0, before = ~uint64_t{0};
  for (uint32_t half = 0; half < 2; half++) {
    const uint64_t* offsets = to.offsets + half * kHalf;
    const uint64_t first = offsets[0];
    uint64_t different = 0, jumps = 0;
    for (uint32_t i = 0; i < kHalf; i++) {
      different |= offsets[i] ^ first;
      jumps |= offsets[i] - first - i * bytes;
    }
    to.kind[half] = different == 0 ? Addresses::Kind::same
                    : jumps == 0   ? Addresses::Kind::consecutive
                                   : Addresses::Kind::apart;
    if (!room.global) continue;
    sectors += first / 32 == before ? 0 : 1;
    if (to.kind[half] == Addresses::Kind::consecutive) {
      sectors += (first + kHalf * bytes - 1) / 32 - first / 32;
    } else if (to.kind[half] == Addresses::Kind::apart) {
      for (uint32_t i = 1; i < kHalf; i++) sectors += offsets[i] / 32 != offsets[i - 1] / 32;
    }
    before = offsets[kHalf - 1] / 32;
  }
  if (room.global) count_traffic(in, bytes, sectors, kLanes);
  return true;
}

/**
 * Calls f(lane, pointer) for each lane's checked address. What most accesses are (in the allocation that the
 * instruction touched last, or in shared memory without a search for races) is checked here, the rest by Warp::access.
 */
template <class F>
FLAMBEAU_INLINE void each_access(Warp& w, const Instruction& in, uint32_t mask, uint32_t bytes, F&& f) {
  const bool global = in.space <= Space::global;
  uint64_t sectors = 0, last = ~uint64_t{0};
  uint32_t lanes = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(std::countr_zero(rest));
    const uint64_t address = w.address(in, lane);
    const Room room = room_of(w, in, address);
    const uint64_t offset = address - room.begin;
    const bool inside = offset < room.bytes && room.bytes - offset >= bytes && (address & (bytes - 1)) == 0;
    f(lane, inside ? room.host + offset + lane * room.stride : w.access(in, lane, address, bytes));
    if (!global || (address & kWindowMask) != 0) continue;
    lanes++;
    const uint64_t first = address / 32, end = (address + bytes - 1) / 32;
    sectors += end - first + (first != last ? 1 : 0);
    last = end;
  }
  if (lanes != 0) count_traffic(in, bytes, sectors, lanes);
}

template <class T>
FLAMBEAU_INLINE T value_at(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
void load(Warp& w, const Instruction& in, uint32_t mask) {
  Addresses at;
  Register& to = w.at(in.list[0]);
  if (mask != kAllLanes || !check_all(w, in, sizeof(T), at)) {
    each_access(w, in, mask, sizeof(T), [&](uint32_t lane, const std::byte* p) { to.set(lane, value_at<T>(p)); });
    return;
  }
  for (uint32_t first = 0; first < kLanes; first += kHalf) {
    const uint64_t* offsets = at.offsets + first;
    switch (at.kind[first / kHalf]) {
      case Addresses::Kind::consecutive: {
        T values[kHalf];
        std::memcpy(values, at.host + offsets[0], sizeof values);
        for (uint32_t i = 0; i < kHalf; i++) to.set(first + i, values[i]);
        break;
      }
      case Addresses::Kind::same: {
        const T v = value_at<T>(at.host + offsets[0]);
        for (uint32_t i = 0; i < kHalf; i++) to.set(first + i, v);
        break;
      }
      default:
        for (uint32_t i = 0; i < kHalf; i++) to.set(first + i, value_at<T>(at.host + offsets[i]));
    }
  }
}

/** A kernel's parameter by its name: the same in all lanes, and known to be there. */
template <class T>
void load_parameter(Warp& w, const Instruction& in, uint32_t mask) {
  const T v = value_at<T>(w.block->parameters.data() + in.offset);
  write_lanes<T>(w.at(in.list[0]), mask, [v](uint32_t) { return v; });
}

template <class T>
void load_vector(Warp& w, const Instruction& in, uint32_t mask) {
  const auto f = [&](uint32_t lane, const std::byte* p) {
    for (uint32_t k = 0; k < in.count; k++) w.set<T>(in.list[k], lane, value_at<T>(p + k * sizeof(T)));
  };
  Addresses at;
  const uint32_t bytes = static_cast<uint32_t>(sizeof(T)) * in.count;
  if (mask != kAllLanes || !check_all(w, in, bytes, at)) {
    each_access(w, in, mask, bytes, f);
  } else {
    for (uint32_t lane = 0; lane < kLanes; lane++) f(lane, at.host + at.offsets[lane]);
  }
}

template <class T>
void store(Warp& w, const Instruction& in, uint32_t mask) {
  Addresses at;
  const Register& from = w.at(in.list[0]);
  const auto f = [&](uint32_t lane, std::byte* p) {
    const T v = from.get<T>(lane);
    std::memcpy(p, &v, sizeof v);
  };
  if (mask != kAllLanes || !check_all(w, in, sizeof(T), at)) {
    each_access(w, in, mask, sizeof(T), f);
    return;
  }
  for (uint32_t first = 0; first < kLanes; first += kHalf) {
    if (at.kind[first / kHalf] == Addresses::Kind::consecutive) {
      T values[kHalf];
      for (uint32_t i = 0; i < kHalf; i++) values[i] = from.get<T>(first + i);
      std::memcpy(at.host + at.offsets[first], values, sizeof values);
    } else {
      for (uint32_t i = first; i < first + kHalf; i++) f(i, at.host + at.offsets[i]);
    }
  }
}

template <class T>
void store_vector(Warp& w, const Instruction& in, uint32_t mask) {
  const auto f = [&](uint32_t lane, std::byte* p) {
    for (uint32_t k = 0; k < in.count; k++) {
      const T v = w.get<T>(in.list[k], lane);
      std::memcpy(p + k * sizeof(T), &v, sizeof v);
    }
  };
  Addresses at;
  const uint32_t bytes = static_cast<uint32_t>(sizeof(T)) * in.count;
  if (mask != kAllLanes || !check_all(w, in, bytes, at)) {
    each_access(w, in, mask, bytes, f);
  } else {
    for (uint32_t lane = 0; lane < kLanes; lane++) f(lane, at.host + at.offsets[lane]);
  }
}

template <class F, class T>
struct Atomic {
  static void run(Warp& w, const Instruction& in, uint32_t mask) {
    each_access(w, in, mask, sizeof(T), [&](uint32_t lane, std::byte* p) {
      T old;
      std::memcpy(&old, p, sizeof old);
      const T third = in.src[2] == kNone ? T() : w.get<T>(in.src[2], lane);
      const T fresh = F{}(old, w.get<T>(in.src[1], lane), third);
      std::memcpy(p, &fresh, sizeof fresh);
      if (in.dst != kNone) w.set<T>(in.dst, lane, old);
    });
  }
};
template <class T, class F>
Handler atomic(F) {
  return &Atomic<F, T>::run;
}

Handler atomic_integer(const Statement& s, Type type) {
  Handler h = nullptr;
  with_integer(type, [&]<class T>() {
    using U = std::make_unsigned_t<T>;
    if (s.has("add")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(static_cast<U>(a) + static_cast<U>(b)); });
    if (s.has("min")) h = atomic<T>([](T a, T b, T) { return std::min(a, b); });
    if (s.has("max")) h = atomic<T>([](T a, T b, T) { return std::max(a, b); });
    if (s.has("and")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(a & b); });
    if (s.has("or")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(a | b); });
    if (s.has("xor")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(a ^ b); });
    if (s.has("exch")) h = atomic<T>([](T, T b, T) { return b; });
    if (s.has("cas")) h = atomic<T>([](T a, T b, T c) { return a == b ? c : a; });
    if (s.has("inc")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(a >= b ? 0 : a + 1); });
    if (s.has("dec")) h = atomic<T>([](T a, T b, T) { return static_cast<T>(a == 0 || a > b ? b : a - 1); });
  });
  return h;
}

template <class T>
Handler atomic_float(const Statement& s) {
  if (s.has("add")) return atomic<T>([](T a, T b, T) { return sum(a, b); });
  if (s.has("min")) return atomic<T>([](T a, T b, T) { return smaller(a, b, false); });
  if (s.has("max")) return atomic<T>([](T a, T b, T) { return larger(a, b, false); });
  return nullptr;
}

Space space_of(const Statement& s) {
  if (s.has("global")) return Space::global;
  if (s.has("shared")) return Space::shared;
  if (s.has("local")) return Space::local;
  if (s.has("param")) return Space::param;
  return s.has("const") ? Space::constant : Space::generic;
}

void decode_atomic(Decoder& d, const Statement& s, Type type) {
  const bool result = s.parts[0] == "atom";
  const size_t at = result ? 1 : 0;
  Instruction in;
  in.space = space_of(s);
  in.access = Access::atomic;
  switch (type) {
    case Type::f16: in.run = atomic_float<Half>(s); break;
    case Type::bf16: in.run = atomic_float<BFloat>(s); break;
    case Type::f32: in.run = atomic_float<float>(s); break;
    case Type::f64: in.run = atomic_float<double>(s); break;
    case Type::f16x2: in.run = atomic_float<Pair<Half>>(s); break;
    case Type::bf16x2: in.run = atomic_float<Pair<BFloat>>(s); break;
    default: in.run = atomic_integer(s, type);
  }
  if (in.run == nullptr) d.unsupported(s);
  if (result) in.dst = d.destination(s.operands[0]);
  d.address(s.operands[at], in);
  in.src[1] = d.source(s.operands[at + 1], type);
  if (s.operands.size() > at + 2) in.src[2] = d.source(s.operands[at + 2], type);
  d.emit(in);
}

}  // namespace

bool decode_memory(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "atom" || op == "red") {
    if (s.has("async")) return false;
    decode_atomic(d, s, type);
    return true;
  }
  if (op == "cvta" || op == "mapa") {
    const Space space = space_of(s);
    const uint64_t window = space == Space::shared  ? kSharedWindow
                            : space == Space::local ? kLocalWindow
                            : space == Space::param ? kParamWindow
                                                    : 0;
    const uint32_t base = d.constant(window, Type::u64);
    const uint32_t to = d.destination(s.operands[0]), from = d.source(s.operands[1], type);
    // Null stays null both ways: casts of pointers are tested against it.
    if (s.has("to")) {
      d.emit(lanewise<uint64_t, uint64_t, uint64_t>([](uint64_t a, uint64_t w) { return a == 0 ? a : a - w; }), to,
             {from, base});
    } else {
      d.emit(lanewise<uint64_t, uint64_t, uint64_t>([](uint64_t a, uint64_t w) { return a + w; }), to, {from, base});
    }
    return true;
  }
  if (op == "isspacep") {
    const Space space = space_of(s);
    const uint64_t window = space == Space::shared  ? kSharedWindow
                            : space == Space::local ? kLocalWindow
                            : space == Space::param ? kParamWindow
                                                    : 0;
    d.emit(lanewise<uint32_t, uint64_t, uint64_t>([](uint64_t a, uint64_t w) { return (a & kWindowMask) == w; }),
           d.destination(s.operands[0]), {d.source(s.operands[1], Type::u64), d.constant(window, Type::u64)});
    return true;
  }
  const bool reads = op == "ld" || op == "ldu";
  if (!reads && op != "st") return false;
  if (s.has("b128")) return false;
  Instruction in;
  in.space = space_of(s);
  in.access = reads ? Access::read : Access::write;
  const Operand& data = s.operands[reads ? 0 : 1];
  std::vector<Operand> elements = data.kind == Operand::Kind::list ? data.elements : std::vector<Operand>{data};
  if (elements.size() > 8) return false;
  in.count = static_cast<uint8_t>(elements.size());
  for (size_t i = 0; i < elements.size(); i++) {
    in.list[i] = reads ? d.result(elements[i], type) : d.source(elements[i], type);
  }
  const Operand& address = s.operands[reads ? 1 : 0];
  const uint64_t parameter = d.parameter(address);
  d.address(address, in);
  const Type bits = !is_float(type)       ? type
                    : bytes_of(type) == 8 ? Type::u64
                    : bytes_of(type) == 4 ? Type::u32
                                          : Type::u16;
  const bool known = with_integer(bits, [&]<class T>() {
    if (reads && in.count == 1 && parameter % sizeof(T) == 0 && parameter + sizeof(T) <= d.program().parameter_bytes) {
      in.run = load_parameter<T>;
      in.offset = static_cast<int64_t>(parameter);
    } else if (in.count == 1) {
      in.run = reads ? load<T> : store<T>;
    } else {
      in.run = reads ? load_vector<T> : store_vector<T>;
    }
  });
  if (!known) return false;
  d.emit(in);
  if (reads)
    for (size_t i = 0; i < elements.size(); i++) d.widen(elements[i], type, in.list[i]);
  return true;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
