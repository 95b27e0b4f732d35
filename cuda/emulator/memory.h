// Device memory: an address range that the host cannot touch, and the bytes behind it that the emulator can. Used by
// the runtime stand-in (allocation, copies) and by the machine (every global access).
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "settings.h"

namespace flambeau::emulator {

/** A live allocation, or (begin == end) none. */
struct Range {
  uint64_t begin = 0, end = 0;
  std::byte* host = nullptr;  // the bytes at `begin`
  int device = 0;             // kEveryDevice for page-locked memory of the host
};
inline constexpr int kEveryDevice = -1;

/** The memory of all devices: one range of addresses, in which each allocation belongs to one of them. */
class DeviceMemory {
 public:
  DeviceMemory();  // but there is one, and get() has it
  static DeviceMemory& get();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  /** A device address, or 0 when the device is full. `hidden` bytes (variables of modules) do not count as used. */
  uint64_t allocate(size_t bytes, int device = 0, bool hidden = false);
  bool release(uint64_t address);
  /** The allocation around `address`. */
  Range find(uint64_t address) const;
  /** Page-locked memory of the host, which kernels may follow pointers to. */
  void share(uint64_t address, size_t bytes);
  void unshare(uint64_t address);
  Range find_shared(uint64_t address) const;
  /** True for every address of a device, allocated or not. */
  bool owns(uint64_t address) const { return address - base_ < size_; }
  /** The host's view of device memory; null unless all `bytes` are in one allocation. */
  std::byte* translate(uint64_t address, size_t bytes) const;
  /** "16 bytes past the end of an allocation of 4000 bytes", for messages. */
  std::string describe(uint64_t address) const;
  /** Changes when memory is given or taken: what find() said before may be wrong then. */
  uint64_t version() const { return version_; }
  // With UNINITIALISED, it is known of each byte whether somebody wrote it. `bytes` is the host's view.
  void set_written(const std::byte* bytes, size_t n, bool written = true);
  bool is_written(const std::byte* bytes, size_t n) const;
  void copy_written(const std::byte* to, const std::byte* from, size_t n);
  /** Takes all that is allocated now for written. */
  void trust_all();
  size_t used(int device) const { return used_[static_cast<size_t>(device)]; }
  size_t total() const;

 private:
  struct Block {
    size_t bytes, room;
    bool hidden;
    int device;
  };
  std::map<uint64_t, size_t> shared_;
  uint64_t base_ = 0;  // what kernels and callers see: pages without any right of access
  std::byte* bytes_ = nullptr;
  std::byte* written_ = nullptr;  // 1 for each byte that was written
  size_t size_ = 0;
  std::array<size_t, kMostDevices> used_ = {};
  uint64_t version_ = 0;
  std::map<uint64_t, Block> blocks_;
  std::map<uint64_t, size_t> free_;
};

/** Keeps the library that holds `address` in memory until the process ends, even if it is closed. */
void keep_loaded(const void* address);

}  // namespace flambeau::emulator
