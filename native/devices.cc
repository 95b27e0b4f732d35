// Opens the library of a device backend. Called by addon_devices.cc.
#include <mutex>

#include "device.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace flambeau {
namespace {

/** Strings, lists and exceptions pass between the two, so they must have one C++ library: a backend of the other
 * refuses. */
#ifdef _LIBCPP_VERSION
constexpr int kWanted = kInterfaceVersion + 1'000'000;
#else
constexpr int kWanted = kInterfaceVersion;
#endif

std::mutex opening;
DeviceBackend* opened = nullptr;  // stays for the life of the process: other threads may still be in it

BackendEntry entry_of(const std::string& path) {
#if defined(_WIN32)
  HMODULE library = LoadLibraryA(path.c_str());
  if (!library) throw std::runtime_error("LoadLibrary failed with error " + std::to_string(GetLastError()));
  return reinterpret_cast<BackendEntry>(reinterpret_cast<void*>(GetProcAddress(library, "flambeau_backend")));
#else
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  return reinterpret_cast<BackendEntry>(dlsym(library, "flambeau_backend"));
#endif
}

}  // namespace

DeviceBackend* device_backend() { return opened; }

DeviceBackend& open_backend(const std::string& path) {
  const std::lock_guard lock(opening);
  if (opened) return *opened;
  const BackendEntry entry = entry_of(path);
  if (!entry) throw std::runtime_error(path + " is no backend of flambeau");
  DeviceBackend* backend = entry(kWanted);
  if (!backend)
    throw std::runtime_error(
        path + " was built for another version of flambeau, or with another C++ library than flambeau.node");
  return *(opened = backend);
}

std::string device_name(int device) { return device == 0 ? "cpu" : "cuda:" + std::to_string(device - 1); }

}  // namespace flambeau
