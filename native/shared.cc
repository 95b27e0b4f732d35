#include "shared.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "pool.h"

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace flambeau {
namespace {

struct Mapping {
  std::byte* data;
  size_t bytes;
};

#if defined(_WIN32)
/** A handle that closes itself. */
struct Handle {
  HANDLE value;
  ~Handle() {
    if (value && value != INVALID_HANDLE_VALUE) CloseHandle(value);
  }
};
Mapping map_file(const std::string& path) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
  std::vector<wchar_t> wide(static_cast<size_t>(length > 0 ? length : 1), 0);
  MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
  const Handle file{CreateFileW(wide.data(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (file.value == INVALID_HANDLE_VALUE) throw std::runtime_error("cannot open '" + path + "'");
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file.value, &size) || size.QuadPart <= 0) throw std::runtime_error("'" + path + "' is empty");
  const Handle mapping{CreateFileMappingW(file.value, nullptr, PAGE_WRITECOPY, 0, 0, nullptr)};
  void* data = mapping.value ? MapViewOfFile(mapping.value, FILE_MAP_COPY, 0, 0, 0) : nullptr;
  if (!data) throw std::runtime_error("cannot map '" + path + "'");
  return {static_cast<std::byte*>(data), static_cast<size_t>(size.QuadPart)};
}
void unmap_file(const Mapping& mapping) { UnmapViewOfFile(mapping.data); }
#else
/** A descriptor that closes itself. */
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};
[[noreturn]] void refuse(const char* what, const std::string& path) {
  throw std::runtime_error(std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno));
}
Mapping map_file(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat info;
  if (file.value < 0 || fstat(file.value, &info) != 0) refuse("open", path);
  if (!S_ISREG(info.st_mode) || info.st_size <= 0) throw std::runtime_error("'" + path + "' is empty or no file");
  const size_t bytes = static_cast<size_t>(info.st_size);
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.value, 0);
  if (data == MAP_FAILED) refuse("map", path);
  return {static_cast<std::byte*>(data), bytes};
}
void unmap_file(const Mapping& mapping) { munmap(mapping.data, mapping.bytes); }
#endif

}  // namespace

SharedBlock* SharedBlock::of_pool(std::byte* data, size_t bytes) { return new SharedBlock(data, bytes, false); }

SharedBlock* SharedBlock::of_file(const std::string& path) {
  const Mapping mapping = map_file(path);
  try {
    return new SharedBlock(mapping.data, mapping.bytes, true);
  } catch (...) {
    unmap_file(mapping);
    throw;
  }
}

SharedBlock::~SharedBlock() {
  if (mapped_) {
    unmap_file({data_, bytes_});
  } else {
    Pool::instance().put(data_, bytes_);
  }
}

void SharedBlock::let_go() noexcept {
  // what other holders wrote is seen by the one that frees
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

Handover& Handover::instance() {
  static Handover* only = new Handover;  // outlives the threads that end after main()
  return *only;
}

double Handover::create_group() {
  const std::lock_guard lock(mutex_);
  open_.insert(++groups_);
  return groups_;
}

void Handover::leave(double group) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (open_.count(group)) ended_.insert(group);
  } catch (...) {
    // out of memory: whoever waits for the worker goes by its timeout
  }
}

bool Handover::ended(double group) {
  const std::lock_guard lock(mutex_);
  return ended_.count(group) != 0;
}

void Handover::abandon(double group) noexcept {
  const std::lock_guard lock(mutex_);
  open_.erase(group);
  ended_.erase(group);
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (it->second.group == group) {
      it->second.block->let_go();
      it = entries_.erase(it);
    } else {
      ++it;
    }
  }
}

double Handover::put(SharedBlock* block, double group) {
  const std::lock_guard lock(mutex_);
  if (open_.count(group) == 0) return -1;
  entries_.emplace(++numbers_, Entry{block, group});
  return numbers_;
}

SharedBlock* Handover::claim(double number) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(number);
  if (found == entries_.end()) return nullptr;
  SharedBlock* block = found->second.block;
  entries_.erase(found);
  return block;
}

}  // namespace flambeau
