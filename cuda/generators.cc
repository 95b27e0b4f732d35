#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>

#include "../native/device.h"
#include "random.h"

namespace flambeau::cuda {
namespace {

struct State {
  uint64_t seed = 67280421310721u, offset = 0;  // PyTorch's default seed
};
std::mutex mutex;
std::map<int, State> states;
int next_id = kFirstGenerator + kMaxDevices;

/** Default generators are there from the start. */
State& at(int id) {
  if (id >= kFirstGenerator && id < kFirstGenerator + kMaxDevices) return states[id];
  const auto found = states.find(id);
  if (found == states.end()) throw PlanError("unknown generator");
  return found->second;
}

}  // namespace

Draws take_draws(int id, uint64_t per_thread) {
  const std::lock_guard lock(mutex);
  State& state = at(id);
  const Draws draws{state.seed, state.offset};
  state.offset += (per_thread + 3) / 4 * 4;
  return draws;
}

int create_generator(int) {
  const std::lock_guard lock(mutex);
  states[next_id] = {};
  return next_id++;
}
void destroy_generator(int id) {
  const std::lock_guard lock(mutex);
  if (id >= kFirstGenerator + kMaxDevices) states.erase(id);
}
void seed_generator(int id, uint64_t seed) {
  const std::lock_guard lock(mutex);
  at(id) = {seed, 0};
}
uint64_t generator_seed(int id) {
  const std::lock_guard lock(mutex);
  return at(id).seed;
}
std::vector<std::byte> generator_state(int id) {
  const std::lock_guard lock(mutex);
  const State& state = at(id);
  std::vector<std::byte> out(16);
  std::memcpy(out.data(), &state.seed, 8);
  std::memcpy(out.data() + 8, &state.offset, 8);
  return out;
}
void set_generator_state(int id, const std::byte* state, size_t bytes) {
  if (bytes != 16) throw std::invalid_argument("setRngState: RNG state is wrong size");
  State next;
  std::memcpy(&next.seed, state, 8);
  std::memcpy(&next.offset, state + 8, 8);
  if (next.offset % 4 != 0) throw std::invalid_argument("setRngState: offset must be a multiple of 4");
  const std::lock_guard lock(mutex);
  at(id) = next;
}

}  // namespace flambeau::cuda
