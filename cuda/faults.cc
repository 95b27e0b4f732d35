#include "faults.h"

#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "nccl.h"

namespace flambeau::cuda {
namespace {

/** One for each device, made when the first flag is asked for; kernels may write to them as long as the process lives.
 */
std::array<std::atomic<FaultNote*>, kMaxDevices> notes;

FaultNote* note_of(int device) {
  auto& slot = notes[static_cast<size_t>(device)];
  if (FaultNote* there = slot.load(std::memory_order_acquire)) return there;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (FaultNote* there = slot.load(std::memory_order_acquire)) return there;
  void* made = nullptr;
  check(cudaHostAlloc(&made, sizeof(FaultNote), cudaHostAllocPortable | cudaHostAllocMapped), "fault note");
  std::memset(made, 0, sizeof(FaultNote));
  slot.store(static_cast<FaultNote*>(made), std::memory_order_release);
  return static_cast<FaultNote*>(made);
}

std::string text_of(const FaultNote& note) {
  char text[192];
  const auto say = [&](const char* format, auto... values) { std::snprintf(text, sizeof text, format, values...); };
  switch (note.what) {
    case Wrong::index:
      if (note.dim < 0)
        say("index %" PRId64 " is out of bounds for dimension with size %" PRId64, note.value, note.limit);
      else
        say("index %" PRId64 " is out of bounds for dimension %d with size %" PRId64, note.value, note.dim, note.limit);
      break;
    case Wrong::plane: say("index %" PRId64 " is out of bounds for a plane of %" PRId64, note.value, note.limit); break;
    case Wrong::tap:
      say("index %" PRId64 " is out of bounds for a dimension of %" PRId64, note.value, note.limit);
      break;
    case Wrong::target: say("Target %" PRId64 " is out of bounds.", note.value); break;
    case Wrong::label:
      say("Target %" PRId64 " is out of bounds for %" PRId64 " classes.", note.value, note.limit);
      break;
    case Wrong::chance: say("expected p to be in [0, 1], but got %g", note.number); break;
    case Wrong::concentration: say("expected a concentration that is not negative, but found %g", note.number); break;
    case Wrong::rate: say("invalid Poisson rate, expected rate to be non-negative, but found %g", note.number); break;
    case Wrong::count: say("expected a count of at most 2^53, but found %g", note.number); break;
  }
  return text;
}

}  // namespace

FaultFlag fault_flag(Wrong what, int dim) {
  // names of operations are literals, so the note can hold on to them
  return {note_of(current().device), current().operation.data(), what, dim};
}

void raise_faults() {
  for (auto& slot : notes) {
    FaultNote* const there = slot.load(std::memory_order_acquire);
    if (!there || std::atomic_ref(there->state).load(std::memory_order_acquire) != 2) continue;
    const FaultNote note = *there;
    // of two threads that see the note one has it
    uint32_t told = 2;
    if (!std::atomic_ref(there->state).compare_exchange_strong(told, 0)) continue;
    std::string text = text_of(note);
    if (!launch_blocking())
      text += std::string(" (found by the GPU in '") + note.operation +
              "', which was queued before; with CUDA_LAUNCH_BLOCKING=1 the call that is to blame throws)";
    throw std::out_of_range(text);
  }
  raise_collective_failure();
}

bool launch_blocking() {
  static const bool asked = [] {
    const char* value = std::getenv("CUDA_LAUNCH_BLOCKING");
    return value && *value != 0 && std::strcmp(value, "0") != 0;
  }();
  return asked;
}

}  // namespace flambeau::cuda
