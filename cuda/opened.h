// Opening a library of NVIDIA's by name: where one is looked for, and its functions. Used by libraries.cc and cudnn.cc.
#pragma once
#include <dlfcn.h>

#include <string>
#include <vector>

namespace flambeau::cuda {

/** A library: the variable that names it, its file's name for each major version, newest first, what its folder is
 * called. */
struct LibraryName {
  const char* name;
  const char* variable;
  const char* folder;
  std::vector<const char*> files;
};

/** An open library, or the reason why there is none. It stays open: its threads may outlive any owner. */
struct Opened {
  void* handle = nullptr;
  std::string path, reason;

  explicit Opened(const LibraryName& wanted);
  /** Finds a function, and the file that it is in. */
  template <class F>
  bool take(F*& function, const char* symbol) {
    if (handle) function = reinterpret_cast<F*>(dlsym(handle, symbol));
    if (!function) return false;
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(function), &info) != 0 && info.dli_fname) path = info.dli_fname;
    return true;
  }

 private:
  bool open(const std::string& file);
};

/** A version in words. */
std::string dotted(int major, int minor, int patch);

}  // namespace flambeau::cuda
