// Settings, each from an environment variable `FLAMBEAU_EMULATOR_<NAME>` or from configure(): which checks are on, how
// warps are ordered. And the counters and reports that tests read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace flambeau::emulator {

inline constexpr size_t kMostDevices = 16;

struct Settings {
  bool races = false;                   // RACES=1: shared memory used by two threads without a barrier between
  bool strict = true;                   // STRICT=0 lets threads leave before a barrier that others wait at
  uint64_t seed = 0;                    // SEED=n, n > 0: warps run in random order, in turns of random length
  bool lazy = false;                    // LAZY=1: queued work runs only when something waits for it
  bool poison = true;                   // POISON=0: fresh memory is zero instead of 0xFF…
  bool uninitialised = false;           // UNINITIALISED=1: reads of global memory that nobody wrote are reported
  bool verbose = true;                  // VERBOSE=0: reports are not written to stderr
  bool plain = false;                   // PLAIN=1: handlers that every processor can run, whatever this one can
  uint64_t limit = 400'000'000;         // LIMIT=n: instructions of one warp in one block, before it is called endless
  uint64_t memory = uint64_t{8} << 30;  // MEMORY=bytes that each device has
  uint64_t devices = 1;                 // DEVICES=n, at most 16
};
Settings& settings();
/** Sets one by its name in the environment, without the prefix; false if there is none such. */
bool configure(const std::string& name, const std::string& value);

struct Counters {
  uint64_t launches = 0;
  uint64_t instructions = 0;  // of warps
  uint64_t bytes_read = 0;    // global memory, summed over lanes
  uint64_t bytes_written = 0;
  uint64_t sectors_read = 0;  // 32-byte pieces that a warp's access touches: what a GPU's memory would move
  uint64_t sectors_written = 0;
};
Counters& counters();

/** Counts a defect, keeps its text as the last one, and writes it to stderr. */
void report(const std::string& text);
uint64_t reports();
std::string last_report();
void clear_reports();

}  // namespace flambeau::emulator
