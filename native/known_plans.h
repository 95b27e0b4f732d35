// Plans that the reader has accepted before. A program repeats its calls on other storages, and what follows from a
// plan's fixed words alone (kernel, sizes, strides, dtypes) stays true, so that only its free words are read again:
// handles, offsets, scalars, parameters. Used by reader.cc, which knows how; here is how they are kept and found.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "plan.h"

namespace flambeau {

class KnownPlans {
 public:
  static constexpr int kWords = 64, kOperands = 8, kDims = 64;
  static constexpr size_t kStep = 8;

  // As many words as are compared at a time. Spelled out, as GCC 12 makes shuffles or scalar code of a loop.
#if defined(__GNUC__)
  using Part = uint64_t __attribute__((vector_size(16)));
  static bool none(Part x) { return (x[0] | x[1]) == 0; }
#else
  using Part = uint64_t;
  static bool none(Part x) { return x == 0; }
#endif
  static constexpr size_t kPart = sizeof(Part) / sizeof(uint64_t);
  template <class T>
  static Part part(const T* from) {
    Part out;
    std::memcpy(&out, from, sizeof out);
    return out;
  }

  struct Known {
    alignas(16) uint64_t word[kWords];
    uint64_t fixed[kWords];    // all bits of a word that must be the same, none of a free one
    size_t count;              // words, a multiple of `kStep`
    Known* next;               // the plan that came after this one last time
    int64_t need[kOperands];   // bytes from an operand's offset on
    uint16_t at[kOperands];    // the word of its handle
    uint8_t shift[kOperands];  // its items are 1 << shift bytes
    Plan plan;
    int64_t dims[kDims];  // sizes and strides, to which the plan points

    bool matches(const double* words) const {
      Part differ{};
      for (size_t i = 0; i < count; i += kStep) {
        for (size_t j = i; j < i + kStep; j += kPart) {
          differ |= (part(words + j) ^ part(word + j)) & part(fixed + j);
        }
      }
      return none(differ);
    }
  };

  KnownPlans() {
    none_.word[0] = std::bit_cast<uint64_t>(-1.0);
    none_.fixed[0] = ~uint64_t{0};
    none_.count = kStep;
    none_.plan.kernel = INT32_MAX;  // should somebody write the -1, it is unknown
    none_.next = &none_;
  }
  KnownPlans(const KnownPlans&) = delete;
  KnownPlans& operator=(const KnownPlans&) = delete;

  /** The plan of these words, null if it is not known. At least `kWords` words can be read. */
  Known* find(const double* words) {
    // Programs go in circles: guessed from the plan before, where it is needs no hash to be waited for.
    Known* const guess = last_->next;
    if (guess->matches(words)) return last_ = guess;
    for (const std::unique_ptr<Known>& known : place(words).known) {
      if (!known || !known->matches(words)) continue;
      last_->next = known.get();
      return last_ = known.get();
    }
    return nullptr;
  }

  /** Where to keep a plan of these words. */
  Known& room(const double* words) {
    Place& at = place(words);
    std::unique_ptr<Known>& kept = at.known[at.oldest++ % kWays];
    if (!kept) {
      kept = std::make_unique<Known>();
      kept->next = &none_;
    }
    return *kept;
  }

 private:
  // Calls of one kernel on tensors of one size, dense and not, with scalars and without, share a place.
  static constexpr size_t kPlaces = 256, kWays = 4;
  struct Place {
    std::array<std::unique_ptr<Known>, kWays> known;
    size_t oldest = 0;
  };
  Place& place(const double* words) {
    const auto bits = [&](size_t i) { return std::bit_cast<uint64_t>(words[i]); };
    // past the parameters: dims and sizes of a map plan; of a structured one, those of its first operand
    const double params = words[3];
    const size_t from = 4 + (params >= 0 && params <= kMaxParams ? static_cast<size_t>(params) : 0);
    const size_t sizes = words[1] == 0 ? from + (words[from] > 0) : from + 3 + (words[from + 3] > 0);
    const uint64_t hash =
        bits(0) * 0x9E3779B97F4A7C15 + bits(sizes) * 0xC2B2AE3D27D4EB4F + bits(2) * 0x165667B19E3779F9;
    return places_[hash >> 56];  // of doubles of small numbers only high bits differ
  }

  std::array<Place, kPlaces> places_;
  Known none_{};
  Known* last_ = &none_;
};

}  // namespace flambeau
