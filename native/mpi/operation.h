// What is asked of MPI: one collective, or one message. Used by engine.cc, which runs them in order, and
// collectives.cc.
#pragma once
#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../dtype.h"
#include "ops.h"

namespace flambeau::mpi {

/** The order is that of `kinds` in lib/distributed/engine.ts. */
enum class Kind : int {
  all_reduce,
  broadcast,
  reduce,
  all_gather,
  gather,
  scatter,
  reduce_scatter,
  all_to_all,
  barrier,
  send,
  receive,
};
inline constexpr int kKinds = 11;
const char* kind_name(Kind kind);
inline bool is_message(Kind kind) { return kind == Kind::send || kind == Kind::receive; }

/** One process group. */
struct Group {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, size = 1;
  uint64_t calls = 0;  // collectives so far
  std::string name;    // for messages: `the group of ranks 0, 2`
  /** What collectives write before they reduce; kept, as the system clears the pages of new memory. */
  std::vector<std::byte> scratch;
};

using Clock = std::chrono::steady_clock;

struct Operation {
  Kind kind = Kind::barrier;
  DType dtype = DType::f32;
  Reduction reduction = Reduction::sum;
  int peer = 0;  // the root of a collective, or the other side of a message (-1: anybody), in ranks of the group
  int tag = 0;
  Group* group = nullptr;
  std::byte* out = nullptr;  // written; of an all-reduce, a broadcast and a reduce what is read, too
  const std::byte* in = nullptr;
  size_t out_count = 0, in_count = 0;          // in elements
  std::vector<int64_t> out_splits, in_splits;  // of an all-to-all in unequal parts
  std::string fingerprint;                     // what all ranks must agree on; empty where that is not compared
  double timeout = 0;                          // seconds
  uint64_t call = 0;                           // which collective of its group it is

  MPI_Request request = MPI_REQUEST_NULL;  // of a message
  Clock::time_point since{};               // when it began to be waited for
  Clock::time_point until{};               // when it had ended, of collectives on the communication thread
  bool watched = false;                    // somebody waits for it
  bool done = false;
  bool cancelled = false;
  int source = -1;    // whom a message came from
  std::string error;  // empty if all is well
};

/** Runs a collective to its end, on any thread. Gives what went wrong, empty if nothing. */
std::string run_collective(Operation& op, const ReductionTable& reductions);
/** What MPI says of an error. */
std::string error_text(int code);

}  // namespace flambeau::mpi
