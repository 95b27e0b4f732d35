// The machine: warps of 32 lanes that run a program's instructions in step. Handlers (ops_*.cc) see a Warp; the runtime
// stand-in calls launch().
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "memory.h"
#include "program.h"
#include "settings.h"

namespace flambeau::emulator {

/** What the kernel did is not allowed; the text names block, thread and line. */
struct Fault : std::runtime_error {
  enum class Kind : uint8_t { address, alignment, other } kind;
  Fault(Kind k, const std::string& text) : std::runtime_error(text), kind(k) {}
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

/** Calls f(lane) for every lane in the mask. A full warp is a plain loop that compilers vectorise. */
template <class F>
inline void each_lane(uint32_t mask, F&& f) {
  if (mask == kAllLanes) {
    for (uint32_t lane = 0; lane < kLanes; lane++) f(lane);
  } else {
    for (; mask != 0; mask &= mask - 1) f(static_cast<uint32_t>(std::countr_zero(mask)));
  }
}

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

  template <class T>
  T get(uint32_t slot, uint32_t lane) const {
    T v;
    std::memcpy(static_cast<void*>(&v), &registers_[slot * kLanes + lane], sizeof v);
    return v;
  }
  /** Writes a register: integers are extended by their sign to its 64 bits. */
  template <class T>
  void set(uint32_t slot, uint32_t lane, T v) {
    uint64_t bits = 0;
    if constexpr (std::is_integral_v<T>) {
      bits = static_cast<uint64_t>(static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(v));
    } else {
      std::memcpy(&bits, &v, sizeof v);
    }
    registers_[slot * kLanes + lane] = bits;
  }
  /** The lanes of `mask` in which the predicate is true. */
  uint32_t lanes_where(uint32_t slot, uint32_t mask) const {
    uint32_t lanes = 0;
    each_lane(mask,
              [&](uint32_t lane) { lanes |= static_cast<uint32_t>(registers_[slot * kLanes + lane] & 1) << lane; });
    return lanes;
  }

  /** Sends lanes elsewhere, and the other active ones to the next instruction. */
  void part(uint32_t mask, uint32_t target);
  /** Goes on elsewhere with all active lanes, if no others are to be met before. */
  bool jump(uint32_t mask, uint32_t target) {
    if (mask != active || target >= next_pc_) return false;
    pc = target - 1;  // the loop in run() adds one
    return true;
  }
  void place(uint32_t mask, uint32_t at) {
    each_lane(mask, [&](uint32_t lane) { lane_pc[lane] = at; });
  }
  /** For what a member mask must execute together: true once all of them are here, and `mask` is then those. */
  bool converge(const Instruction& in, uint32_t& mask, uint32_t members_slot);

  /** The bytes behind an address, after all checks. */
  std::byte* access(const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes);
  uint64_t address(const Instruction& in, uint32_t lane) const {
    const uint64_t base = in.narrow_address ? get<uint32_t>(in.src[0], lane) : get<uint64_t>(in.src[0], lane);
    return base + static_cast<uint64_t>(in.offset);
  }
  std::byte* local(uint32_t lane) const { return local_ + size_t{lane} * program->local_bytes; }
  [[noreturn]] void fail(const Instruction& in, uint32_t lane, Fault::Kind kind, const std::string& what) const;

  void start(Block& of, const Program& p, uint32_t number, uint32_t lanes, uint64_t* registers, std::byte* local);
  bool runnable() const { return (live & ~parked & ~stalled) != 0; }
  /** Runs until all lanes have ended or wait, or `budget` instructions are spent. */
  void run(uint64_t budget);
  uint64_t* registers() { return registers_; }

 private:
  void choose(bool highest);
  uint64_t* registers_ = nullptr;
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
  Block(const Program& program, Dim3 grid, Dim3 size, std::vector<std::byte> parameters, size_t dynamic_shared);
  /** Runs one block to its end. */
  void run(Dim3 at);

  const Program& program;
  Dim3 grid, size, at;
  uint32_t threads;
  std::vector<std::byte> parameters;
  std::vector<std::byte> shared;
  uint32_t dynamic_shared;
  std::vector<Range> sites;
  std::vector<Shadow> shadow;
  uint32_t epoch = 1;  // counts barriers

  void check_race(const Warp& warp, const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes);
  std::string thread_name(uint32_t thread) const;

 private:
  void start();
  bool release_barriers();
  struct Waiting {
    Warp* warp;
    uint32_t lanes, pc;
  };
  void check_barrier(const std::vector<Waiting>& waiting, uint32_t ended) const;
  void release(const std::vector<Waiting>& waiting, uint32_t threads_here);
  uint32_t special_value(Special special, uint32_t warp, uint32_t lane) const;
  [[noreturn]] void stuck() const;
  std::vector<Warp> warps_;
  std::vector<uint64_t> registers_;
  std::vector<std::byte> local_;
  std::vector<uint32_t> order_;
  std::mt19937_64 random_;
};

/** Runs all blocks; throws Fault. `parameters` are the bytes of the kernel's parameters, laid out as PTX does. */
void launch(const Program& program, Dim3 grid, Dim3 block, std::vector<std::byte> parameters, size_t dynamic_shared);

// Barrier instructions park lanes with this handler; Block::release finds them by it.
void barrier_handler(Warp& warp, const Instruction& in, uint32_t mask);
inline constexpr uint8_t kBarrierSync = 0, kBarrierPopc = 1, kBarrierAnd = 2, kBarrierOr = 3, kBarrierArrive = 4;

}  // namespace flambeau::emulator
