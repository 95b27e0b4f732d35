// Opens the library of a device backend. Called by addon_devices.cc.
#include <mutex>

#include "device_call.h"

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
void* opened_library = nullptr;
DeviceBackend* opened = nullptr;  // stays for the life of the process: other threads may still be in it

void* library_of(const std::string& path) {
#if defined(_WIN32)
  HMODULE library = LoadLibraryA(path.c_str());
  if (!library) throw std::runtime_error("LoadLibrary failed with error " + std::to_string(GetLastError()));
  return reinterpret_cast<void*>(library);
#else
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  return library;
#endif
}
template <class Entry>
Entry entry_of(void* library, const char* name) {
#if defined(_WIN32)
  return reinterpret_cast<Entry>(reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name)));
#else
  return reinterpret_cast<Entry>(dlsym(library, name));
#endif
}

}  // namespace

DeviceBackend* device_backend() { return opened; }

DeviceBackend& open_backend(const std::string& path) {
  const std::lock_guard lock(opening);
  if (opened) return *opened;
  void* const library = library_of(path);
  const auto entry = entry_of<BackendEntry>(library, "flambeau_backend");
  if (!entry) throw std::runtime_error(path + " is no backend of flambeau");
  DeviceBackend* backend = entry(kWanted);
  if (!backend)
    throw std::runtime_error(
        path + " was built for another version of flambeau, or with another C++ library than flambeau.node");
  opened_library = library;
  return *(opened = backend);
}

DeviceCall device_call() {
  const auto entry = opened_library ? entry_of<DeviceCall (*)()>(opened_library, "flambeau_call") : nullptr;
  if (!entry) throw std::runtime_error("the device's library was built for another version of flambeau");
  return entry();
}

std::string device_name(int device) { return device == 0 ? "cpu" : "cuda:" + std::to_string(device - 1); }

}  // namespace flambeau
