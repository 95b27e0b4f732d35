// See cudnn_library.h.
#include "cudnn_library.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

#include "opened.h"
#ifdef FLAMBEAU_CUDA_EMULATED
#include "emulator/cudnn.h"
#endif

namespace flambeau::cuda {
namespace {

const LibraryName kCudnn{"cuDNN", "FLAMBEAU_CUDNN", "cudnn", {"libcudnn.so.9"}};

}  // namespace

template <class Take>
bool Cudnn::take_all(Take&& take) {
  return take(create, "cudnnCreate") && take(set_stream, "cudnnSetStream") && take(version, "cudnnGetVersion") &&
         take(make, "cudnnBackendCreateDescriptor") && take(drop, "cudnnBackendDestroyDescriptor") &&
         take(finalize, "cudnnBackendFinalize") && take(set, "cudnnBackendSetAttribute") &&
         take(get, "cudnnBackendGetAttribute") && take(execute, "cudnnBackendExecute");
}

Cudnn::Cudnn() {
#ifdef FLAMBEAU_CUDA_EMULATED
  // the emulator's stand-in, by the same table: what follows it is what ships
  if (const char* asked = std::getenv(kCudnn.variable); asked && std::string_view(asked) == "emulator") {
    there = take_all([](auto*& to, const char* name) {
      to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(emulator_cudnn(name));
      return to != nullptr;
    });
    info.version = "9.0.0";
    info.path = "emulator";
    return;
  }
#endif
  Opened library(kCudnn);
  if (!library.handle) {
    info.reason = library.reason;
    return;
  }
  there = take_all([&](auto*& to, const char* name) { return library.take(to, name); });
  if (!there) {
    info.reason = library.path + " lacks a function";
    return;
  }
  const int v = static_cast<int>(version());
  info.version = v >= 90000 ? dotted(v / 10000, v / 100 % 100, v % 100) : dotted(v / 1000, v / 100 % 10, v % 100);
  info.path = library.path;
}

Cudnn& cudnn() {
  static Cudnn found;
  return found;
}

void fail(const char* what, int status) {
  throw DeviceFailure(std::string("cuDNN: ") + what + " failed with status " + std::to_string(status));
}
void expect(const char* what, int status) {
  if (status == 0) return;
  if (status >= kRefused && status < kFailed) throw Refused{};
  fail(what, status);
}

}  // namespace flambeau::cuda
