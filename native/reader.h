// Turns the doubles that lib/dispatch.ts wrote into a checked Plan. Every number is checked against the storages, so
// that no plan, however wrong, makes a kernel touch foreign memory. Compiled without fast-math, which would drop NaN
// checks.
#pragma once
#include "known_plans.h"
#include "list_plan.h"
#include "plan.h"
#include "storage.h"

namespace flambeau {

class Reader {
 public:
  Reader(StorageTable& storages) : storages_(storages) {}

  void attach(const double* words, size_t count) {
    words_ = words;
    count_ = count;
  }
  /** Throws PlanError. The plan points into this reader: it is good until the next call. */
  const Plan& read();
  /** The handles of the plan that read() gave last, operand by operand; negative where there is no storage. */
  void handles(const Plan& plan, double* out) const;
  const ListPlan& read_list();

 private:
  class Words;
  struct Place;
  Place read_place(Words& words, double handle, DType dtype);
  template <bool structured>
  double read_operand(Words& words, int i, double* sizes);
  const Plan& read_anew();
  const Plan* read_known(KnownPlans::Known& known);
  void remember();

  void settle_devices(Plan& plan) const;

  StorageTable& storages_;
  uint32_t seen_ = 0;  // devices of the plan's operands, as bits
  const double* words_ = nullptr;
  size_t count_ = 0;
  Plan plan_;
  ListPlan list_;
  int64_t map_sizes_[kMaxDims];
  int64_t sizes_[kMaxOperands][kMaxDims];
  int64_t strides_[kMaxOperands][kMaxDims];
  int64_t need_[kMaxOperands];    // bytes from an operand's offset on; of an empty one, -1
  uint16_t at_[kMaxOperands];     // the word of its handle
  const uint16_t* placed_ = at_;  // the same of the plan that read() gave last
  uint64_t free_ = 0;             // the words that may differ in a plan like this one, as bits
  int read_ = 0;                  // how many words it had
  KnownPlans known_;
  alignas(8) std::byte scalars_[kMaxOperands][8];
};

}  // namespace flambeau
