// Turns the doubles that lib/dispatch.ts wrote into a checked Plan. Every number is checked against the storages, so
// that no plan, however wrong, makes a kernel touch foreign memory. Compiled without fast-math, which would drop NaN
// checks.
#pragma once
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
  const ListPlan& read_list();

 private:
  double next() {
    if (at_ >= count_) throw PlanError("the plan is cut off");
    return words_[at_++];
  }
  int64_t natural(double limit, const char* what) {
    const double v = next();
    if (!(v >= 0 && v <= limit) || v != static_cast<double>(static_cast<int64_t>(v))) throw PlanError(what);
    return static_cast<int64_t>(v);
  }
  void read_operand(Operand& operand, int64_t* sizes, int64_t* strides);
  void read_params(double* params, int& count);

  StorageTable& storages_;
  const double* words_ = nullptr;
  size_t count_ = 0, at_ = 0;
  Plan plan_;
  ListPlan list_;
  int64_t map_sizes_[kMaxDims];
  int64_t sizes_[kMaxOperands][kMaxDims];
  int64_t strides_[kMaxOperands][kMaxDims];
  alignas(8) std::byte scalars_[kMaxOperands][8];
};

}  // namespace flambeau
