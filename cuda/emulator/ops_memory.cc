// Loads, stores, atomics and the conversion of addresses, with the checks that every access passes.
#include <algorithm>
#include <cstdio>

#include "decoder.h"
#include "numbers.h"

namespace flambeau::emulator {
namespace {

const char* name_of(Access access) {
  return access == Access::read ? "read" : access == Access::write ? "write" : "atomic";
}

std::string what(const char* problem, const char* space, const Instruction& in, uint32_t bytes, uint64_t address) {
  char text[160];
  std::snprintf(text, sizeof text, "%s %s %s of %u bytes at 0x%llx", problem, space, name_of(in.access), bytes,
                static_cast<unsigned long long>(address));
  return text;
}

// ---- handlers ----

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

/**
 * Calls f(lane, pointer) for each lane's checked address. What most accesses are (in the allocation that the
 * instruction touched last, or in shared memory without a search for races) is checked here, the rest by Warp::access.
 */
template <class F>
void each_access(Warp& w, const Instruction& in, uint32_t mask, uint32_t bytes, F&& f) {
  Block& block = *w.block;
  const bool global = in.space <= Space::global;
  const Range shared = {0, block.shadow.empty() && in.space == Space::shared ? block.shared.size() : 0,
                        block.shared.data()};
  const Range* range = global ? &block.sites[in.site] : &shared;
  uint64_t sectors = 0, last = ~uint64_t{0};
  uint32_t lanes = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(std::countr_zero(rest));
    const uint64_t address = w.address(in, lane);
    const uint64_t offset = address - range->begin, size = range->end - range->begin;
    const bool inside = offset < size && size - offset >= bytes && (address & (bytes - 1)) == 0;
    f(lane, inside ? range->host + offset : w.access(in, lane, address, bytes));
    if (!global || (address & kWindowMask) != 0) continue;
    lanes++;
    const uint64_t first = address / 32, end = (address + bytes - 1) / 32;
    sectors += end - first + (first != last ? 1 : 0);
    last = end;
  }
  if (lanes != 0) count_traffic(in, bytes, sectors, lanes);
}

template <class T>
void load(Warp& w, const Instruction& in, uint32_t mask) {
  if (in.count == 1) {
    each_access(w, in, mask, sizeof(T), [&w, slot = in.list[0]](uint32_t lane, const std::byte* p) {
      T v;
      std::memcpy(&v, p, sizeof v);
      w.set<T>(slot, lane, v);
    });
    return;
  }
  each_access(w, in, mask, static_cast<uint32_t>(sizeof(T)) * in.count, [&](uint32_t lane, const std::byte* p) {
    for (uint32_t k = 0; k < in.count; k++) {
      T v;
      std::memcpy(&v, p + k * sizeof(T), sizeof v);
      w.set<T>(in.list[k], lane, v);
    }
  });
}

template <class T>
void store(Warp& w, const Instruction& in, uint32_t mask) {
  each_access(w, in, mask, static_cast<uint32_t>(sizeof(T)) * in.count, [&](uint32_t lane, std::byte* p) {
    for (uint32_t k = 0; k < in.count; k++) {
      const T v = w.get<T>(in.list[k], lane);
      std::memcpy(p + k * sizeof(T), &v, sizeof v);
    }
  });
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
    const uint32_t base = d.constant(window);
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
           d.destination(s.operands[0]), {d.source(s.operands[1], Type::u64), d.constant(window)});
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
    in.list[i] = reads ? d.destination(elements[i]) : d.source(elements[i], type);
  }
  d.address(s.operands[reads ? 1 : 0], in);
  if (is_float(type)) type = bytes_of(type) == 8 ? Type::u64 : bytes_of(type) == 4 ? Type::u32 : Type::u16;
  if (!with_integer(type, [&]<class T>() { in.run = reads ? load<T> : store<T>; })) return false;
  d.emit(in);
  return true;
}

// ---- checks ----

std::byte* Warp::access(const Instruction& in, uint32_t lane, uint64_t a, uint32_t bytes) {
  Space space = in.space;
  uint64_t at = a;
  if (space == Space::generic) {
    const uint64_t window = a & kWindowMask;
    space = window == kSharedWindow  ? Space::shared
            : window == kLocalWindow ? Space::local
            : window == kParamWindow ? Space::param
                                     : Space::global;
    at = a & ~kWindowMask;
    if (window > kParamWindow) space = Space::global;
    if (space == Space::global) at = a;
  }
  const auto inside = [&](const char* kind, uint64_t size) {
    if (at > size || size - at < bytes) {
      fail(in, lane, Fault::Kind::address,
           what("out-of-bounds", kind, in, bytes, at) + " (there are " + std::to_string(size) + " bytes)");
    }
    if (at % bytes != 0) fail(in, lane, Fault::Kind::alignment, what("misaligned", kind, in, bytes, at));
  };
  switch (space) {
    case Space::shared:
      at &= 0xFFFF'FFFF;
      inside("shared", block->shared.size());
      if (!block->shadow.empty()) block->check_race(*this, in, lane, at, bytes);
      return block->shared.data() + at;
    case Space::local: inside("local", program->local_bytes); return local(lane) + at;
    case Space::param:
      inside("parameter", block->parameters.size());
      if (in.access != Access::read)
        fail(in, lane, Fault::Kind::address, what("forbidden", "parameter", in, bytes, at));
      return block->parameters.data() + at;
    default: break;
  }
  Range& range = block->sites[in.site];
  if (at - range.begin >= range.end - range.begin || range.end - at < bytes) {
    range = DeviceMemory::get().find(at);
    if (range.host == nullptr || range.end - at < bytes) {
      range = {};
      fail(in, lane, Fault::Kind::address,
           what("out-of-bounds", "global", in, bytes, at) + " (" + DeviceMemory::get().describe(at) + ")");
    }
  }
  if (at % bytes != 0) fail(in, lane, Fault::Kind::alignment, what("misaligned", "global", in, bytes, at));
  return range.host + (at - range.begin);
}

// Two threads may touch one byte, one of them writing, only with a barrier between; in one warp, __syncwarp will do.
// Stores of what is there already harm nobody and are not told.
void Block::check_race(const Warp& warp, const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes) {
  const auto me = static_cast<uint16_t>(warp.id * kLanes + lane);
  const auto ordered = [&](uint16_t other, uint32_t other_epoch) {
    return other == me || (other / kLanes == warp.id && other_epoch != warp.epoch);
  };
  const bool silent = in.access == Access::write && [&] {
    std::byte fresh[32];
    const uint32_t each = bytes / in.count;
    for (uint32_t k = 0; k < in.count; k++) {
      const auto v = warp.get<uint64_t>(in.list[k], lane);
      std::memcpy(fresh + size_t{k} * each, &v, each);
    }
    return std::memcmp(fresh, shared.data() + address, bytes) == 0;
  }();
  for (uint64_t i = address; i < address + bytes; i++) {
    Shadow& s = shadow[i];
    const bool was_written = s.write_epoch == epoch && !ordered(s.writer, s.write_warp_epoch);
    const bool was_read = s.read_epoch == epoch && (s.many_readers || !ordered(s.reader, s.read_warp_epoch));
    const char* order = nullptr;
    uint16_t other = 0;
    if (was_written && !(s.atomic && in.access == Access::atomic) && !silent) {
      order = in.access == Access::read ? "read after write" : "write after write";
      other = s.writer;
    } else if (was_read && in.access == Access::write && !silent) {
      order = "write after read";
      other = s.reader;
    }
    if (order != nullptr) {
      warp.fail(in, lane, Fault::Kind::other,
                std::string("race in shared memory: ") + order + " of byte " + std::to_string(i) + ", with thread " +
                    thread_name(other));
    }
    if (in.access == Access::read) {
      s.many_readers = s.read_epoch == epoch && (s.many_readers || s.reader / kLanes != warp.id);
      s.read_epoch = epoch;
      s.read_warp_epoch = warp.epoch;
      s.reader = me;
    } else {
      s.write_epoch = epoch;
      s.write_warp_epoch = warp.epoch;
      s.writer = me;
      s.atomic = in.access == Access::atomic;
    }
  }
}

}  // namespace flambeau::emulator
