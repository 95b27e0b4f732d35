// Generators of GPUs: counters for Philox4x32-10, by PyTorch's rules, so that a seed gives the numbers it gives there.
// Host side; the drawing kernels are in random.cu. Used by backend.cc.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flambeau::cuda {

/** Where a kernel's draws begin. */
struct Draws {
  uint64_t seed, offset;
};

/** Takes `per_thread` random words of each thread, rounded up to a multiple of 4, from generator `id`; throws PlanError
 * for one that is not there. */
Draws take_draws(int id, uint64_t per_thread);

int create_generator(int device);
void destroy_generator(int id);
void seed_generator(int id, uint64_t seed);
uint64_t generator_seed(int id);
/** PyTorch's 16 bytes: seed, offset. */
std::vector<std::byte> generator_state(int id);
void set_generator_state(int id, const std::byte* state, size_t bytes);

}  // namespace flambeau::cuda
