// What a device offers: memory, and kernels by name. native/cpu fills one, cuda/ another with the same names; a kernel
// that a backend lacks is simply not in its table, and dispatch says "sort: not implemented on 'metal'".
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "list_plan.h"
#include "plan.h"

namespace flambeau {

struct Kernel {
  std::string_view name;  // a string literal
  KernelFn run = nullptr;
  ListKernelFn run_list = nullptr;
};

/** The kernels of one backend, in no particular order. Names are the ones lib/ asks for. */
class KernelTable {
 public:
  [[gnu::noinline]] void add(std::string_view name, KernelFn run) { kernels_.push_back({name, run, nullptr}); }
  /** A kernel over lists of tensors, such as an optimizer step: see list_plan.h. */
  [[gnu::noinline]] void add_list(std::string_view name, ListKernelFn run) { kernels_.push_back({name, nullptr, run}); }
  const std::vector<Kernel>& kernels() const { return kernels_; }

 private:
  std::vector<Kernel> kernels_;
};

struct Backend {
  const char* device;  // "cpu", "cuda"
  const char* isa;     // which instruction set the table was built for
  KernelTable table;
};

/** The CPU's kernels at the best level this processor has; FLAMBEAU_ISA=v2|v3|v4 asks for a lower one. */
const Backend& cpu_backend();

}  // namespace flambeau
