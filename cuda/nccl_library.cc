// See nccl_library.h.
#include "nccl_library.h"

#include <cstdlib>
#include <string_view>
#include <type_traits>

#include "opened.h"
#ifdef FLAMBEAU_CUDA_EMULATED
#include "emulator/nccl.h"
#endif

namespace flambeau::cuda {
namespace {

const LibraryName kNccl{"NCCL", "FLAMBEAU_NCCL", "nccl", {"libnccl.so.2"}};

}  // namespace

int nccl_type(DType dtype) {
  switch (dtype) {
    case DType::i8: return 0;
    case DType::u8:
    case DType::b8: return 1;
    case DType::i32: return 2;
    case DType::i64: return 4;
    case DType::f16: return 6;
    case DType::f32: return 7;
    case DType::f64: return 8;
    case DType::bf16: return 9;
    case DType::i16: break;
  }
  throw PlanError("NCCL has no type for int16");
}

template <class Take>
bool Nccl::take_all(Take&& take) {
  return take(version, "ncclGetVersion") && take(unique_id, "ncclGetUniqueId") &&
         take(error_text, "ncclGetErrorString") && take(init, "ncclCommInitRank") && take(destroy, "ncclCommDestroy") &&
         take(abort, "ncclCommAbort") && take(async_error, "ncclCommGetAsyncError") &&
         take(all_reduce, "ncclAllReduce") && take(broadcast, "ncclBroadcast") && take(reduce, "ncclReduce") &&
         take(all_gather, "ncclAllGather") && take(reduce_scatter, "ncclReduceScatter") && take(send, "ncclSend") &&
         take(receive, "ncclRecv") && take(group_start, "ncclGroupStart") && take(group_end, "ncclGroupEnd");
}

Nccl::Nccl() {
#ifdef FLAMBEAU_CUDA_EMULATED
  // the emulator's stand-in, by the same table: the real one could do nothing with emulated memory
  if (const char* asked = std::getenv(kNccl.variable); asked && std::string_view(asked) == "none") {
    info.reason = std::string(kNccl.variable) + "=none";
    return;
  }
  there = take_all([](auto*& to, const char* name) {
    to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(emulator_nccl(name));
    return to != nullptr;
  });
  info.path = "emulator";
#else
  Opened library(kNccl);
  if (!library.handle) {
    info.reason = library.reason;
    return;
  }
  there = take_all([&](auto*& to, const char* name) { return library.take(to, name); });
  info.path = library.path;
#endif
  int v = 0;
  if (!there || version(&v) != 0) {
    there = false;
    info.reason = info.path + " lacks a function";
    return;
  }
  // from 2.9 on the number has five digits
  info.version = v >= 10000 ? dotted(v / 10000, v / 100 % 100, v % 100) : dotted(v / 1000, v / 100 % 10, v % 100);
}

void Nccl::expect(const std::string& what, int status) const {
  if (status == 0) return;
  const char* text = error_text(status);
  throw DeviceFailure("NCCL: " + what + " failed: " + (text ? text : "status " + std::to_string(status)));
}

Nccl& nccl() {
  static Nccl found;
  return found;
}

}  // namespace flambeau::cuda
