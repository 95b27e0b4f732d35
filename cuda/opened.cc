// See opened.h.
#include "opened.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace flambeau::cuda {
namespace {

namespace fs = std::filesystem;

/** Folders of PyPI's wheels in an activated environment: nvidia/cu13/lib, nvidia/cublas/lib. */
std::vector<std::string> wheel_folders(const char* folder) {
  std::vector<std::string> out;
  const char* home = std::getenv("VIRTUAL_ENV");
  if (home == nullptr) return out;
  std::error_code failed;
  for (fs::directory_iterator at(fs::path(home) / "lib", failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path packages = at->path() / "site-packages" / "nvidia";
    for (const char* name : {"cu13", "cu12", folder}) {
      const fs::path lib = packages / name / "lib";
      std::error_code ignored;
      if (fs::is_directory(lib, ignored)) out.push_back(lib.string());
    }
  }
  return out;
}

}  // namespace

Opened::Opened(const LibraryName& wanted) {
  const char* asked = std::getenv(wanted.variable);
  if (asked && std::string_view(asked) == "none") {
    reason = std::string(wanted.variable) + "=none";
    return;
  }
  if (asked && *asked != 0) {
    if (!open(asked)) reason = std::string(wanted.variable) + ": " + reason;
    return;
  }
  for (const std::string& folder : wheel_folders(wanted.folder))
    for (const char* file : wanted.files)
      if (std::error_code ignored; fs::exists(fs::path(folder) / file, ignored) && open(folder + "/" + file)) return;
  for (const char* file : wanted.files)
    if (open(file)) return;
  std::string tried;
  for (const char* file : wanted.files) tried += (tried.empty() ? "" : " or ") + std::string(file);
  reason = tried + " was not found; " + wanted.variable + " may name its path";
}
bool Opened::open(const std::string& file) {
  handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle)
    path = file;
  else if (const char* why = dlerror())
    reason = why;
  return handle != nullptr;
}

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace flambeau::cuda
