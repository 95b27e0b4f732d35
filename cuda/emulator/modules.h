// What nvcc compiled into the program: fat binaries with PTX, kernels and variables known by their addresses on the
// host. Filled by the __cudaRegister… functions (register.cc), asked by launches and by copies to symbols.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "program.h"

namespace flambeau::emulator {

/** One fat binary. Its PTX is parsed when a kernel or variable is first asked for. */
class Module {
 public:
  explicit Module(const void* fat_binary);
  const Program& program(const std::string& kernel);
  /** The device address and size of a variable. */
  std::pair<uint64_t, size_t> variable(const std::string& name);

 private:
  void load();
  std::string text_;
  bool loaded_ = false;
  Ptx ptx_;
  Places places_;
  std::unordered_map<std::string, std::unique_ptr<Program>> programs_;
};

struct Entry {
  Module* module = nullptr;
  std::string name;
};

class Registry {
 public:
  static Registry& get();
  Module* add(const void* fat_binary);
  void add_kernel(Module* module, const void* host, const char* name) { kernels_[host] = {module, name}; }
  void add_variable(Module* module, const void* host, const char* name) { variables_[host] = {module, name}; }
  /** Null where the address is no kernel's. Throws PtxError if its PTX is not supported. */
  const Program* kernel(const void* host);
  /** {0, 0} where the address is no variable's. */
  std::pair<uint64_t, size_t> variable(const void* host);

 private:
  std::vector<std::unique_ptr<Module>> modules_;
  std::unordered_map<const void*, Entry> kernels_, variables_;
};

}  // namespace flambeau::emulator
