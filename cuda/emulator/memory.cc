// See memory.h. Allocations have a gap behind them, so that running over an end never reaches the next one.
#include "memory.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

namespace flambeau::emulator {
namespace {

constexpr size_t kAlign = 512;  // cudaMalloc promises 256
constexpr size_t kGap = 512;
constexpr size_t kHiddenRoom = size_t{64} << 20;

struct sigaction previous;

/** A pointer of the device was followed on the host: say so, then let the signal do what it would have done. */
void on_fault(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uint64_t>(info->si_addr);
  if (DeviceMemory::get().owns(address)) {
    char text[128];
    const int n = std::snprintf(text, sizeof text, "CUDA emulator: the host follows a device pointer, 0x%llx\n",
                                static_cast<unsigned long long>(address));
    if (n > 0 && write(STDERR_FILENO, text, static_cast<size_t>(n)) < 0) std::_Exit(139);
  }
  sigaction(SIGSEGV, &previous, nullptr);  // returning runs the faulting instruction again
}

void* reserve(size_t bytes, int rights) {
  void* p = mmap(nullptr, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  return p;
}

}  // namespace

DeviceMemory& DeviceMemory::get() {
  // Never destroyed: at the end of the process other threads may still be at work.
  static DeviceMemory& memory = *std::make_unique<DeviceMemory>().release();
  return memory;
}

void keep_loaded(const void* address) {
  Dl_info info;
  if (dladdr(address, &info) != 0) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

DeviceMemory::DeviceMemory() : size_((2 * settings().memory + kHiddenRoom) * settings().devices) {
  size_ = (size_ + 0xFFFF) / 0x10000 * 0x10000;
  base_ = reinterpret_cast<uint64_t>(reserve(size_, PROT_NONE));
  bytes_ = static_cast<std::byte*>(reserve(size_, PROT_READ | PROT_WRITE));
  written_ = static_cast<std::byte*>(reserve(size_, PROT_READ | PROT_WRITE));
  free_[base_] = size_;
  keep_loaded(reinterpret_cast<const void*>(&on_fault));
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &previous);
}

size_t DeviceMemory::total() const { return settings().memory; }

uint64_t DeviceMemory::allocate(size_t bytes, int device, bool hidden) {
  size_t& used = used_[static_cast<size_t>(device)];
  const size_t room = (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign + kGap;
  if (room < bytes || (!hidden && used + bytes > total())) return 0;
  const auto fits = std::find_if(free_.begin(), free_.end(), [&](const auto& f) { return f.second >= room; });
  if (fits == free_.end()) return 0;
  const auto [address, size] = *fits;
  free_.erase(fits);
  if (size > room) free_[address + room] = size - room;
  version_++;
  blocks_[address] = {bytes, room, hidden, device};
  if (!hidden) used += bytes;
  std::memset(bytes_ + (address - base_), settings().poison && !hidden ? 0xFF : 0, bytes);
  set_written(bytes_ + (address - base_), bytes, hidden);
  return address;
}

bool DeviceMemory::release(uint64_t address) {
  const auto block = blocks_.find(address);
  if (block == blocks_.end() || block->second.hidden) return false;
  size_t room = block->second.room;
  version_++;
  used_[static_cast<size_t>(block->second.device)] -= block->second.bytes;
  blocks_.erase(block);
  const auto after = free_.find(address + room);
  if (after != free_.end()) {
    room += after->second;
    free_.erase(after);
  }
  const auto next = free_.lower_bound(address);
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == address) {
      before->second += room;
      return true;
    }
  }
  free_[address] = room;
  return true;
}

void DeviceMemory::share(uint64_t address, size_t bytes) { shared_[address] = bytes; }
void DeviceMemory::unshare(uint64_t address) {
  version_++;
  shared_.erase(address);
}

Range DeviceMemory::find_shared(uint64_t address) const {
  const auto after = shared_.upper_bound(address);
  if (after == shared_.begin()) return {};
  const auto& [begin, bytes] = *std::prev(after);
  if (address - begin >= bytes) return {};
  return {begin, begin + bytes, reinterpret_cast<std::byte*>(begin), kEveryDevice};  // a pointer of the host's own
}

Range DeviceMemory::find(uint64_t address) const {
  auto block = blocks_.upper_bound(address);
  if (block == blocks_.begin()) return {};
  --block;
  if (address - block->first >= block->second.bytes) return {};
  return {block->first, block->first + block->second.bytes, bytes_ + (block->first - base_), block->second.device};
}

std::byte* DeviceMemory::translate(uint64_t address, size_t bytes) const {
  const Range r = find(address);
  if (r.host == nullptr || r.end - address < bytes) return nullptr;
  return r.host + (address - r.begin);
}

void DeviceMemory::set_written(const std::byte* bytes, size_t n, bool written) {
  const auto offset = static_cast<uint64_t>(bytes - bytes_);
  if (settings().uninitialised && offset < size_) std::memset(written_ + offset, written ? 1 : 0, n);
}
bool DeviceMemory::is_written(const std::byte* bytes, size_t n) const {
  return std::find(written_ + (bytes - bytes_), written_ + (bytes - bytes_) + n, std::byte{0}) ==
         written_ + (bytes - bytes_) + n;
}
void DeviceMemory::copy_written(const std::byte* to, const std::byte* from, size_t n) {
  if (settings().uninitialised) std::memmove(written_ + (to - bytes_), written_ + (from - bytes_), n);
}
void DeviceMemory::trust_all() {
  for (const auto& [address, block] : blocks_) set_written(bytes_ + (address - base_), block.bytes);
}

std::string DeviceMemory::describe(uint64_t address) const {
  if (address < 4096) return "a null pointer";
  if (!owns(address)) return "no address of the device: a pointer of the host?";
  auto block = blocks_.upper_bound(address);
  if (block == blocks_.begin()) return "no allocation there";
  --block;
  const uint64_t end = block->first + block->second.bytes;
  if (address < end) {
    return "the last bytes pass the end of an allocation of " + std::to_string(block->second.bytes) + " bytes";
  }
  if (address >= block->first + block->second.room) return "no allocation there, or one that was freed";
  return std::to_string(address - end) + " bytes past the end of an allocation of " +
         std::to_string(block->second.bytes) + " bytes";
}

}  // namespace flambeau::emulator
