// The machine: warps of 32 lanes that run a program's instructions in step. Handlers (ops_*.cc) see a Warp; the runtime
// stand-in calls launch().
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "memory.h"
#include "program.h"
#include "settings.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace flambeau::emulator {

/** What the kernel did is not allowed; the text names block, thread and line. */
struct Fault : std::runtime_error {
  enum class Kind : uint8_t { address, alignment, other } kind;
  Fault(Kind k, const std::string& text) : std::runtime_error(text), kind(k) {}
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

// Handlers are compiled once for every level of instructions (levels.h): what they share with the machine is always put
// in where it is used, so that no processor meets another level's code.
#define FLAMBEAU_INLINE [[gnu::always_inline]] inline

/** Calls f(lane) for every lane in the mask. */
template <class F>
FLAMBEAU_INLINE void each_lane(uint32_t mask, F&& f) {
  if (mask == kAllLanes) {
    for (uint32_t lane = 0; lane < kLanes; lane++) f(lane);
  } else {
    for (; mask != 0; mask &= mask - 1) f(static_cast<uint32_t>(std::countr_zero(mask)));
  }
}

/**
 * One register in the 32 lanes of a warp: of 64 bits, or of 32 for all that has fewer. The decoder sees to it that it
 * is read as it was written.
 */
struct alignas(64) Register {
  union {
    uint32_t narrow[kLanes];
    uint64_t wide[kLanes];
  };
  template <class T>
  FLAMBEAU_INLINE T get(uint32_t lane) const {
    if constexpr (sizeof(T) == 8) {
      return std::bit_cast<T>(wide[lane]);
    } else if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(narrow[lane]);
    } else if constexpr (sizeof(T) == 2) {
      return std::bit_cast<T>(static_cast<uint16_t>(narrow[lane]));
    } else {
      return std::bit_cast<T>(static_cast<uint8_t>(narrow[lane]));
    }
  }
  /** The bits that are kept of a value. Integers of fewer than 32 are extended by their sign. */
  template <class T>
  FLAMBEAU_INLINE static auto bits(T v) {
    if constexpr (sizeof(T) == 8) {
      return std::bit_cast<uint64_t>(v);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<uint32_t>(v);
    } else if constexpr (sizeof(T) == 4) {
      return std::bit_cast<uint32_t>(v);
    } else {
      return uint32_t{std::bit_cast<uint16_t>(v)};
    }
  }
  template <class T>
  FLAMBEAU_INLINE void set(uint32_t lane, T v) {
    if constexpr (sizeof(T) == 8) {
      wide[lane] = bits(v);
    } else {
      narrow[lane] = bits(v);
    }
  }
  /** The same without a branch. */
  template <class T>
  FLAMBEAU_INLINE void set_where(uint32_t lane, T v, bool on) {
    if constexpr (sizeof(T) == 8) {
      wide[lane] = on ? bits(v) : wide[lane];
    } else {
      narrow[lane] = on ? bits(v) : narrow[lane];
    }
  }
};

class Block;

class Warp {
 public:
  Block* block = nullptr;
  const Program* program = nullptr;
  uint32_t id = 0;
  uint32_t live = 0;     // lanes that have not returned
  uint32_t parked = 0;   // … that wait at a barrier of the block
  uint32_t stalled = 0;  // … that wait for other lanes of their member mask
  uint32_t active = 0;   // … that run now, at `pc`
  uint32_t pc = 0;
  bool reschedule = false;        // lanes have parted: choose anew who runs
  uint32_t lane_pc[kLanes] = {};  // of lanes that are not active
  uint32_t started = 0;           // lanes that there were at first
  uint32_t epoch = 0;             // counts __syncwarp, for the search for races
  uint64_t steps = 0;
  uint32_t parked_pc = 0;  // where the parked lanes are, if they came together; else kNone

  FLAMBEAU_INLINE Register& at(uint32_t slot) const { return registers_[slot]; }
  template <class T>
  FLAMBEAU_INLINE T get(uint32_t slot, uint32_t lane) const {
    return registers_[slot].get<T>(lane);
  }
  template <class T>
  FLAMBEAU_INLINE void set(uint32_t slot, uint32_t lane, T v) {
    registers_[slot].set(lane, v);
  }
  /** The lanes of `mask` in which the predicate is true. */
  FLAMBEAU_INLINE uint32_t lanes_where(uint32_t slot, uint32_t mask) const {
    const uint32_t* flags = registers_[slot].narrow;
    uint32_t lanes = 0;
#ifdef __SSE2__
    for (uint32_t lane = 0; lane < kLanes; lane += 4) {
      const __m128i four = _mm_slli_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(flags + lane)), 31);
      lanes |= static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(four))) << lane;
    }
#else
    for (uint32_t lane = 0; lane < kLanes; lane++) lanes |= (flags[lane] & 1) << lane;
#endif
    return lanes & mask;
  }

  /** Sends lanes elsewhere, and the other active ones to the next instruction. */
  void part(uint32_t mask, uint32_t target);
  /** Goes on elsewhere with all active lanes, if no others are to be met before. */
  FLAMBEAU_INLINE bool jump(uint32_t mask, uint32_t target) {
    if (mask != active || target >= next_pc_) return false;
    pc = target - 1;  // the loop in run() adds one
    return true;
  }
  FLAMBEAU_INLINE void place(uint32_t mask, uint32_t where) {
    each_lane(mask, [&](uint32_t lane) { lane_pc[lane] = where; });
  }
  /** For what a member mask must execute together: true once all of them are here, and `mask` is then those. */
  bool converge(const Instruction& in, uint32_t& mask, uint32_t members_slot);

  /** The bytes behind an address, after all checks. */
  std::byte* access(const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes);
  FLAMBEAU_INLINE uint64_t address(const Instruction& in, uint32_t lane) const {
    const uint64_t base = in.narrow_address ? get<uint32_t>(in.src[0], lane) : get<uint64_t>(in.src[0], lane);
    return base + static_cast<uint64_t>(in.offset);
  }
  FLAMBEAU_INLINE std::byte* local(uint32_t lane) const { return local_ + size_t{lane} * program->local_bytes; }
  /** "; kernel add, block (0,0,0), …", for messages. */
  std::string place_of(const Instruction& in, uint32_t lane) const;
  [[noreturn]] void fail(const Instruction& in, uint32_t lane, Fault::Kind kind, const std::string& what) const;

  void start(Block& of, const Program& p, uint32_t number, uint32_t lanes, Register* registers, std::byte* local);
  FLAMBEAU_INLINE bool runnable() const { return (live & ~parked & ~stalled) != 0; }
  /** Runs until all lanes have ended or wait, or `budget` instructions are spent. */
  void run(uint64_t budget);

 private:
  void choose(bool highest);
  Register* registers_ = nullptr;
  std::byte* local_ = nullptr;
  uint32_t next_pc_ = kNone;  // where the nearest lanes ahead wait to be joined
};

/** What was last done to one byte of shared memory, for the search for races. */
struct Shadow {
  uint32_t write_epoch = 0, read_epoch = 0;  // of the block; 0: never
  uint32_t write_warp_epoch = 0, read_warp_epoch = 0;
  uint16_t writer = 0, reader = 0;
  bool many_readers = false, atomic = false;
};

/** One block of threads, and all that lasts from one block of a launch to the next. */
class Block {
 public:
  explicit Block(const Program& program);
  /** For a launch. What is as in the last one stays as it is: registers are poisoned once. */
  void prepare(Dim3 grid, Dim3 size, const std::vector<std::byte>& parameters, size_t dynamic_shared);
  /** Runs one block to its end. */
  void run(Dim3 at);

  const Program& program;
  Dim3 grid, size, at;
  uint32_t threads = 0;
  std::vector<std::byte> parameters;
  std::vector<std::byte> shared;
  uint32_t dynamic_shared = 0;
  std::vector<Range> sites;
  std::vector<Shadow> shadow;
  uint32_t epoch = 1;  // counts barriers

  void check_race(const Warp& warp, const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes);
  std::string thread_name(uint32_t thread) const;

 private:
  void start();
  void write_specials(bool all);
  bool release_barriers();
  bool release_all();
  struct Waiting {
    Warp* warp;
    uint32_t lanes, pc;
  };
  void check_barrier(const std::vector<Waiting>& waiting, uint32_t ended) const;
  void release(const std::vector<Waiting>& waiting, uint32_t threads_here);
  uint32_t special_value(Special special, uint32_t warp, uint32_t lane) const;
  [[noreturn]] void stuck() const;
  std::vector<Warp> warps_;
  std::vector<Register> registers_;
  std::vector<std::byte> local_;
  std::vector<uint32_t> order_;
  uint64_t memory_version_ = ~uint64_t{0};  // of the device memory that `sites` remember
  std::unique_ptr<std::mt19937_64> random_;
};

/** Runs all blocks; throws Fault. `parameters` are the bytes of the kernel's parameters, laid out as PTX does. */
void launch(const Program& program, Dim3 grid, Dim3 block, const std::vector<std::byte>& parameters,
            size_t dynamic_shared);

// Barriers: Instruction::mode. Their target is 1 where the barrier's number is written out.
inline constexpr uint8_t kBarrierSync = 0, kBarrierPopc = 1, kBarrierAnd = 2, kBarrierOr = 3, kBarrierArrive = 4;

}  // namespace flambeau::emulator
