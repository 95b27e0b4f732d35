// The CPU's random number generators: PyTorch's mt19937 stream and its 5056-byte state, so that one seed gives the same
// numbers in both. Called by native/cpu/drawing.h (through a generator id in param 0) and by the addon.
#pragma once
#include <cstddef>
#include <cstdint>

namespace flambeau {

/** One mt19937 stream, with the normal sample that the polar half of a Box-Muller pair left behind. */
class Generator {
 public:
  /** Bytes of torch.get_rng_state(). */
  static constexpr size_t kStateBytes = 5056;

  explicit Generator(uint64_t seed_value);

  /** Restarts the stream; drops the cached normal sample. */
  void seed(uint64_t value);
  uint64_t initial_seed() const;

  uint32_t random();
  /** Two draws, the first in the upper half. */
  uint64_t random64();
  /** The next `n` draws of random(), made block by block. */
  void fill(uint32_t* out, size_t n);
  /** Uniform in [0, 1) with 53 bits. */
  double uniform();
  /** A standard normal sample: two uniforms give two samples, of which one is kept for the next call. */
  double normal();

  /** Writes kStateBytes bytes. */
  void get_state(std::byte* out) const;
  /** Throws std::invalid_argument for a wrong length or an impossible position; the generator is then unchanged. */
  void set_state(const std::byte* in, size_t bytes);

 private:
  static constexpr int kWords = 624, kShift = 397;
  void next_block();

  uint64_t initial_seed_ = 0;
  // PyTorch's two counters: words are left until the next block (plus one), and the word that comes next.
  int left_ = 1;
  uint32_t next_ = 0;
  uint32_t words_[kWords];
  double cached_normal_ = 0;
  float cached_float_ = 0;  // never used here, kept so that a state passes through unchanged
  bool has_normal_ = false, has_float_ = false;
};

/** A seed from the system's source of randomness. */
uint64_t nondeterministic_seed();

/** Generators are known by a small id, per JavaScript thread; 0 is the thread's default one, made on first use. */
int create_generator(uint64_t seed);
/** Forgets a generator; id 0 and unknown ids are left alone. */
void destroy_generator(int id);
/** Throws PlanError for an id that is not alive. */
Generator& generator_at(int id);

}  // namespace flambeau
