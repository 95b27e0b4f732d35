// What nvcc compiled into the program: fat binaries with PTX, kernels and variables known by their addresses on the
// host. Filled by the __cudaRegister… functions (register.cc), asked by launches and by copies to symbols.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "program.h"
#include "settings.h"

namespace flambeau::emulator {

/**
 * One fat binary. Nothing of it is read before a kernel or variable is first asked for, and then no more than that one
 * needs: programs of a thousand kernels start at once. It stays in memory, see keep_loaded().
 */
class Module {
 public:
  explicit Module(const void* fat_binary) : binary_(fat_binary) {}
  const Program& program(const char* kernel, int device);
  /** The device address and size of a variable. */
  std::pair<uint64_t, size_t> variable(const char* name, int device);

 private:
  void load();
  const void* binary_;
  bool loaded_ = false;
  const Places& places(int device);
  Ptx ptx_;
  struct OnDevice {
    bool placed = false;
    Places places;
    std::unordered_map<std::string_view, std::unique_ptr<Program>> programs;
  };
  std::array<OnDevice, kMostDevices> devices_;  // each has its own variables
};

/** A kernel or a variable; `name` is a constant of the program. */
struct Entry {
  Module* module = nullptr;
  const char* name = nullptr;
  std::array<const Program*, kMostDevices> programs = {};  // once it was launched on a device
  int most_dynamic_shared = 48 << 10;                      // cudaFuncSetAttribute raises it
};

/** All modules. Callers hold the lock of Runtime. */
class Registry {
 public:
  static Registry& get();
  Module* add(const void* fat_binary);
  void add_kernel(Module* module, const void* host, const char* name) {
    kernels_[host] = {.module = module, .name = name};
  }
  void add_variable(Module* module, const void* host, const char* name) {
    variables_[host] = {.module = module, .name = name};
  }
  /** Null where the address is no kernel's. Throws PtxError if its PTX is not supported. */
  const Program* kernel(const void* host, int device);
  /** How much dynamic shared memory a known kernel may be launched with. */
  int& most_dynamic_shared(const void* host) { return kernels_.at(host).most_dynamic_shared; }
  /** {0, 0} where the address is no variable's. */
  std::pair<uint64_t, size_t> variable(const void* host, int device);

 private:
  std::vector<std::unique_ptr<Module>> modules_;
  std::unordered_map<const void*, Entry> kernels_, variables_;
};

}  // namespace flambeau::emulator
