// Random fills: blocks of words from a generator, shared out to threads. Included by random.cc and sampling.cc.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "../backend.h"
#include "../parallel.h"
#include "../random.h"
#include "../vecmath.h"
#include "floats.h"

namespace flambeau::FB_ISA {
namespace drawing {

using namespace fp;

constexpr int64_t kBlock = 1 << 16;  // words to a block
constexpr uint64_t kMask53 = (uint64_t{1} << 53) - 1;

inline Generator& generator(const Plan& plan) {
  const int64_t id = plan.integer(0);
  Plan::require(id >= 0 && id <= std::numeric_limits<int>::max(), "no such random generator");
  return generator_at(static_cast<int>(id));
}

/** The output of a fill: operand 0, contiguous. */
inline const Operand& target(const Plan& plan, int operands, int params) {
  plan.expect(operands, params);
  Plan::require(plan.operand[0] && plan.operand[0].contiguous(), "random kernels write contiguous tensors");
  return plan.operand[0];
}

FB_INLINE uint64_t word64(const uint32_t* words, int64_t i) {
  return static_cast<uint64_t>(words[2 * i]) << 32 | words[2 * i + 1];
}

/** What an exponential distribution makes of a word. */
FB_INLINE double exponential_value(uint64_t word, double lambda) {
  return -1.0 / lambda * vm::log1p(-(static_cast<double>(static_cast<int64_t>(word & kMask53)) * 0x1p-53));
}

using ConvertFn = void (*)(const void* f, const uint32_t* words, int64_t begin, int64_t end);
FB_NOINLINE inline void draw_blocks(Generator& g, int64_t per, int64_t n, int64_t grain, ConvertFn convert,
                                    const void* f) {
  const int64_t step = kBlock / per;
  const Scratch<uint32_t> words(std::min(n, step) * per);
  for (int64_t base = 0; base < n; base += step) {
    const int64_t count = std::min(step, n - base);
    g.fill(words.get(), static_cast<size_t>(count * per));
    parallel_for(count, grain,
                 [&](int64_t begin, int64_t end) { convert(f, words.get() + begin * per, base + begin, base + end); });
  }
}
/** Draws `per` words for each of `n` elements and calls `convert(words, begin, end)` on runs of elements, in threads.
 */
template <int kPer, class F>
void draw(Generator& g, int64_t n, int64_t grain, F&& convert) {
  using Fn = std::remove_reference_t<F>;
  draw_blocks(
      g, kPer, n, grain,
      [](const void* f, const uint32_t* w, int64_t begin, int64_t end) { (*static_cast<const Fn*>(f))(w, begin, end); },
      &convert);
}

}  // namespace drawing
}  // namespace flambeau::FB_ISA
