// See modules.h. The layout of fat binaries is not documented; what is read here is what nvcc 12 and 13 write.
#include "modules.h"

#include <cstring>

#include "memory.h"

namespace flambeau::emulator {
namespace {

template <class T>
T read(const std::byte* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

/** The PTX for the newest architecture in the fat binary; empty without. */
std::string_view ptx_in(const void* wrapper) {
  // Wrapper: magic, version, pointer to the binary. Binary: magic, version, size of the header, size of the rest.
  const auto* binary = read<const std::byte*>(static_cast<const std::byte*>(wrapper) + 8);
  const std::byte* at = binary + read<uint16_t>(binary + 6);
  const std::byte* end = at + read<uint64_t>(binary + 8);
  constexpr uint16_t kPtx = 1;
  constexpr uint64_t kCompressed = 0xA000;
  std::string_view best;
  uint32_t newest = 0;
  while (at < end) {
    const auto kind = read<uint16_t>(at);
    const auto header = read<uint32_t>(at + 4);
    const auto bytes = read<uint64_t>(at + 8);
    const auto architecture = read<uint32_t>(at + 28);
    const auto flags = read<uint64_t>(at + 40);
    if (kind == kPtx && (flags & kCompressed) == 0 && architecture >= newest) {
      newest = architecture;
      const auto* text = reinterpret_cast<const char*>(at + header);
      best = {text, strnlen(text, bytes)};
    }
    at += header + bytes;
  }
  return best;
}

uint64_t element(const Ptx& ptx, size_t& at, const Places& places) {
  const auto& token = [&](size_t i) { return ptx.tokens[i].text; };
  const bool minus = token(at) == "-";
  if (minus) at++;
  const std::string_view word = token(at);
  if (word.size() > 2 && word[0] == '0' && (word[1] == 'f' || word[1] == 'F' || word[1] == 'd' || word[1] == 'D')) {
    return std::stoull(std::string(word.substr(2)), nullptr, 16);
  }
  if (word == "generic") {
    at += 2;
    return places.at(std::string(token(at)));
  }
  if (const auto place = places.find(std::string(word)); place != places.end()) return place->second;
  const uint64_t value = integer_of(word);
  return minus ? 0 - value : value;
}

/** Writes `= {1, 2, {3}}` or `= 5`. */
void initialize(const Ptx& ptx, const Declaration& d, const Places& places, std::byte* bytes) {
  const uint32_t each = bytes_of(d.type);
  uint32_t offset = 0;
  for (size_t at = d.initial; at < d.initial_end; at++) {
    const std::string_view word = ptx.tokens[at].text;
    if (word == "{" || word == "}" || word == "," || word == ")") continue;
    const uint64_t value = element(ptx, at, places);
    if (offset + each > d.bytes) throw PtxError("PTX: too many initial values for " + d.name);
    std::memcpy(bytes + offset, &value, each);
    offset += each;
  }
}

}  // namespace

void Module::load() {
  if (loaded_) return;
  keep_loaded(binary_);
  const std::string_view text = ptx_in(binary_);
  if (text.empty()) {
    throw PtxError("the program holds no PTX that can be read: build with code=compute_XX and --no-compress");
  }
  parse(text, ptx_);
  loaded_ = true;
}

const Places& Module::places(int device) {
  OnDevice& on = devices_[static_cast<size_t>(device)];
  if (on.placed) return on.places;
  DeviceMemory& memory = DeviceMemory::get();
  for (const Declaration& d : ptx_.variables) {
    if (d.space != Space::shared) on.places[d.name] = memory.allocate(d.bytes, device, true);
  }
  for (const Declaration& d : ptx_.variables) {
    if (d.space == Space::shared || d.initial == d.initial_end) continue;
    initialize(ptx_, d, on.places, memory.translate(on.places[d.name], d.bytes));
  }
  on.placed = true;
  return on.places;
}

const Program& Module::program(const char* kernel, int device) {
  load();
  auto& program = devices_[static_cast<size_t>(device)].programs[kernel];
  if (program == nullptr) {
    const Function* f = ptx_.function(kernel);
    if (f == nullptr) throw PtxError("there is no kernel " + std::string(kernel) + " in the PTX");
    auto made = decode(ptx_, *f, places(device));
    made->device = device;
    program = std::move(made);
    ptx_.forget(kernel);
  }
  return *program;
}

std::pair<uint64_t, size_t> Module::variable(const char* name, int device) {
  load();
  for (const Declaration& d : ptx_.variables) {
    if (d.name == name) return {places(device).at(d.name), d.bytes};
  }
  return {0, 0};
}

Registry& Registry::get() {
  static Registry& registry = *std::make_unique<Registry>().release();  // threads may outlive main()
  return registry;
}
Module* Registry::add(const void* fat_binary) {
  modules_.push_back(std::make_unique<Module>(fat_binary));
  return modules_.back().get();
}
const Program* Registry::kernel(const void* host, int device) {
  const auto k = kernels_.find(host);
  if (k == kernels_.end()) return nullptr;
  Entry& entry = k->second;
  const Program*& program = entry.programs[static_cast<size_t>(device)];
  if (program == nullptr) program = &entry.module->program(entry.name, device);
  return program;
}
std::pair<uint64_t, size_t> Registry::variable(const void* host, int device) {
  const auto v = variables_.find(host);
  if (v == variables_.end()) return {0, 0};
  return v->second.module->variable(v->second.name, device);
}

}  // namespace flambeau::emulator
