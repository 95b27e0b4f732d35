// mt19937 with PyTorch's seeding, counters and state layout, and the per-thread registry of generators.
// Compiled once, outside FB_ISA: native/cpu/drawing.h takes whole blocks of words from here.
#include "random.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "plan.h"

namespace flambeau {
namespace {

/** The bytes of torch.get_rng_state(). */
struct State {
  uint64_t initial_seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[624];
  double normal_x, normal_y, normal_rho;
  int32_t normal_is_valid;
  int32_t padding;
  float float_normal;
  uint8_t float_is_valid;
  uint8_t tail[3];
};
static_assert(sizeof(State) == Generator::kStateBytes);

inline uint32_t twist(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ ((0u - (v & 1u)) & 0x9908b0dfu);
}
inline uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

}  // namespace

Generator::Generator(uint64_t seed_value) { seed(seed_value); }

void Generator::seed(uint64_t value) {
  initial_seed_ = value;
  words_[0] = static_cast<uint32_t>(value);
  for (uint32_t i = 1; i < kWords; i++) words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
  left_ = 1;
  next_ = 0;
  has_normal_ = has_float_ = false;
}

uint64_t Generator::initial_seed() const { return initial_seed_; }

void Generator::next_block() {
  uint32_t* w = words_;
  for (int i = 0; i < kWords - kShift; i++) w[i] = w[i + kShift] ^ twist(w[i], w[i + 1]);
  for (int i = kWords - kShift; i < kWords - 1; i++) w[i] = w[i + kShift - kWords] ^ twist(w[i], w[i + 1]);
  w[kWords - 1] = w[kShift - 1] ^ twist(w[kWords - 1], w[0]);
  left_ = kWords + 1;
  next_ = 0;
}

uint32_t Generator::random() {
  if (left_ == 1) next_block();
  left_--;
  return temper(words_[next_++]);
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return high << 32 | random();
}

void Generator::fill(uint32_t* out, size_t n) {
  while (n > 0) {
    if (left_ == 1) next_block();
    const size_t take = std::min(n, static_cast<size_t>(left_ - 1));
    const uint32_t* w = words_ + next_;
    for (size_t i = 0; i < take; i++) out[i] = temper(w[i]);
    left_ -= static_cast<int>(take);
    next_ += static_cast<uint32_t>(take);
    out += take;
    n -= take;
  }
}

double Generator::uniform() { return static_cast<double>(random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53; }

double Generator::normal() {
  if (has_normal_) {
    has_normal_ = false;
    return cached_normal_;
  }
  const double u1 = uniform(), u2 = uniform();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2)), theta = 2.0 * 3.14159265358979323846 * u1;
  cached_normal_ = radius * std::sin(theta);
  has_normal_ = true;
  return radius * std::cos(theta);
}

void Generator::get_state(std::byte* out) const {
  State s{};
  s.initial_seed = initial_seed_;
  s.left = left_;
  s.seeded = 1;
  s.next = next_;
  std::copy(words_, words_ + kWords, s.words);
  s.normal_is_valid = has_normal_;
  s.normal_y = has_normal_ ? cached_normal_ : 0;
  s.float_is_valid = has_float_;
  s.float_normal = has_float_ ? cached_float_ : 0;
  std::memcpy(out, &s, sizeof s);
}

void Generator::set_state(const std::byte* in, size_t bytes) {
  if (bytes != kStateBytes) throw std::invalid_argument("setRngState: expected 5056 bytes");
  State s;
  std::memcpy(&s, in, sizeof s);
  // A fresh stream stands at (1, 0), a running one at left + next = 625.
  const bool fresh = s.left == 1 && s.next == 0;
  const bool running = s.left >= 1 && s.left <= kWords && s.next == static_cast<uint64_t>(kWords + 1 - s.left);
  if (s.seeded != 1 || !(fresh || running)) throw std::invalid_argument("setRngState: not a valid mt19937 state");
  initial_seed_ = s.initial_seed;
  left_ = s.left;
  next_ = static_cast<uint32_t>(s.next);
  for (int i = 0; i < kWords; i++) words_[i] = static_cast<uint32_t>(s.words[i]);
  has_normal_ = s.normal_is_valid != 0;
  cached_normal_ = s.normal_y;
  has_float_ = s.float_is_valid != 0;
  cached_float_ = s.float_normal;
}

uint64_t nondeterministic_seed() {
  std::random_device device;
  const uint64_t high = device();
  return high << 32 | device();
}

namespace {
thread_local std::vector<std::unique_ptr<Generator>> generators;

void ensure_default() {
  if (generators.empty()) generators.push_back(std::make_unique<Generator>(nondeterministic_seed()));
}
}  // namespace

int create_generator(uint64_t seed) {
  ensure_default();
  auto made = std::make_unique<Generator>(seed);
  for (size_t i = 1; i < generators.size(); i++) {
    if (!generators[i]) {
      generators[i] = std::move(made);
      return static_cast<int>(i);
    }
  }
  generators.push_back(std::move(made));
  return static_cast<int>(generators.size() - 1);
}

void destroy_generator(int id) {
  if (id > 0 && static_cast<size_t>(id) < generators.size()) generators[static_cast<size_t>(id)].reset();
}

Generator& generator_at(int id) {
  ensure_default();
  Plan::require(id >= 0 && static_cast<size_t>(id) < generators.size() && generators[static_cast<size_t>(id)],
                "no such random generator");
  return *generators[static_cast<size_t>(id)];
}

}  // namespace flambeau
