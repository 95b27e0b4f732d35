// See nccl.h: communicators and groups of calls. The work is put into streams, and what waits for other processes there
// holds up nothing but its stream.
#include "nccl.h"

#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "nccl_work.h"
#include "runtime.h"

namespace flambeau::emulator {
namespace {

using Hold = std::lock_guard<std::recursive_mutex>;
struct Id {
  char bytes[128];
};
/** What callers hold. */
struct Handle {
  std::shared_ptr<NcclComm> comm;
};

/** The messages between ncclGroupStart and ncclGroupEnd, by communicator and stream. */
struct Group {
  int depth = 0;
  std::map<std::pair<Handle*, Stream*>, NcclWork> calls;
};
thread_local Group group;

int version(int* out) {
  *out = 22000;
  return kNcclSuccess;
}
int unique_id(Id* out) {
  *out = {};
  const std::string name = Meeting::fresh_name();
  std::memcpy(out->bytes, name.data(), name.size());
  return kNcclSuccess;
}
const char* error_text(int status) {
  switch (status) {
    case kNcclSuccess: return "no error";
    case kNcclSystemError: return "unhandled system error";
    case kNcclInvalidArgument: return "invalid argument";
    case kNcclInvalidUsage: return "invalid usage";
    case kNcclRemoteError: return "remote process exited or there was a network error";
    default: return "internal error";
  }
}

int init(void** out, int size, Id id, int rank) {
  if (size < 1 || rank < 0 || rank >= size || std::memchr(id.bytes, 0, sizeof id.bytes) == nullptr)
    return kNcclInvalidArgument;
  std::string why;
  std::shared_ptr<Meeting> meeting = Meeting::join(id.bytes, rank, size, why);
  if (!meeting) {
    report("NCCL: ncclCommInitRank: " + why);
    return kNcclSystemError;
  }
  auto handle = std::make_unique<Handle>();
  handle->comm = std::make_shared<NcclComm>();
  handle->comm->meeting = std::move(meeting);
  handle->comm->device = Runtime::device();
  *out = handle.release();
  return kNcclSuccess;
}
int destroy(void* comm) {
  const Hold hold(Runtime::get().lock);
  const std::unique_ptr<Handle> owner(static_cast<Handle*>(comm));
  return kNcclSuccess;
}
int abort(void* comm) {
  const Hold hold(Runtime::get().lock);
  const std::unique_ptr<Handle> owner(static_cast<Handle*>(comm));
  owner->comm->aborted = true;
  owner->comm->meeting->leave();
  return kNcclSuccess;
}
int async_error(void* comm, int* out) {
  const Hold hold(Runtime::get().lock);
  *out = static_cast<Handle*>(comm)->comm->error;
  return kNcclSuccess;
}

int enqueue(Handle* handle, Stream* stream, NcclWork&& work) {
  Runtime& r = Runtime::get();
  if (stream == nullptr || stream->device != handle->comm->device) return kNcclInvalidArgument;
  if (r.sticky() != 0) return kNcclInternalError;
  r.expect(stream, 1);
  r.enqueue(stream, "NCCL", [comm = handle->comm, stream, number = handle->comm->called++, work]() mutable {
    if (comm->done != number && !comm->aborted) return false;  // what was called before is on another stream
    if (!comm->aborted && Runtime::get().sticky() == 0 && !work.advance(*comm)) return false;
    comm->done = number + 1;
    Runtime::get().expect(stream, -1);
    return true;
  });
  return kNcclSuccess;
}

int collective(NcclKind kind, const void* in, void* out, size_t count, int type, int operation, int root, void* comm,
               void* stream) {
  auto* const handle = static_cast<Handle*>(comm);
  const int size = handle->comm->meeting->size();
  if (type < 0 || type >= kNcclTypes || operation < 0 || operation >= kNcclSums || root < 0 || root >= size)
    return kNcclInvalidArgument;
  if (group.depth > 0) return kNcclInvalidUsage;  // the real one can, but nobody asks for it
  const Hold hold(Runtime::get().lock);
  NcclWork work;
  work.kind = kind;
  work.type = type;
  work.operation = operation;
  work.root = root;
  work.count = count;
  work.in = in;
  work.out = out;
  return enqueue(handle, Runtime::get().stream(stream), std::move(work));
}
int all_reduce(const void* in, void* out, size_t count, int type, int operation, void* comm, void* stream) {
  return collective(NcclKind::all_reduce, in, out, count, type, operation, 0, comm, stream);
}
int broadcast(const void* in, void* out, size_t count, int type, int root, void* comm, void* stream) {
  return collective(NcclKind::broadcast, in, out, count, type, 0, root, comm, stream);
}
int reduce(const void* in, void* out, size_t count, int type, int operation, int root, void* comm, void* stream) {
  return collective(NcclKind::reduce, in, out, count, type, operation, root, comm, stream);
}
int all_gather(const void* in, void* out, size_t count, int type, void* comm, void* stream) {
  return collective(NcclKind::all_gather, in, out, count, type, 0, 0, comm, stream);
}
int reduce_scatter(const void* in, void* out, size_t count, int type, int operation, void* comm, void* stream) {
  return collective(NcclKind::reduce_scatter, in, out, count, type, operation, 0, comm, stream);
}

int group_start() {
  group.depth++;
  return kNcclSuccess;
}
int group_end() {
  if (group.depth == 0) return kNcclInvalidUsage;
  if (--group.depth > 0) return kNcclSuccess;
  const Hold hold(Runtime::get().lock);
  int status = kNcclSuccess;
  for (auto& [key, work] : std::exchange(group.calls, {})) {
    const int failed = enqueue(key.first, key.second, std::move(work));
    status = status == kNcclSuccess ? failed : status;
  }
  return status;
}
int message(bool is_send, const void* memory, size_t count, int type, int peer, void* comm, void* stream) {
  auto* const handle = static_cast<Handle*>(comm);
  if (type < 0 || type >= kNcclTypes || peer < 0 || peer >= handle->comm->meeting->size()) return kNcclInvalidArgument;
  group_start();
  {
    const Hold hold(Runtime::get().lock);
    NcclWork& work = group.calls[{handle, Runtime::get().stream(stream)}];
    work.messages.push_back({is_send, peer, type, count * nccl_bytes(type), 0, memory});
  }
  return group_end();
}
int send(const void* memory, size_t count, int type, int peer, void* comm, void* stream) {
  return message(true, memory, count, type, peer, comm, stream);
}
int receive(void* memory, size_t count, int type, int peer, void* comm, void* stream) {
  return message(false, memory, count, type, peer, comm, stream);
}

}  // namespace

void* emulator_nccl(const char* name) {
  const auto as = [](auto* f) { return reinterpret_cast<void*>(f); };
  const struct {
    std::string_view name;
    void* function;
  } all[] = {
      {"ncclGetVersion", as(version)},
      {"ncclGetUniqueId", as(unique_id)},
      {"ncclGetErrorString", as(error_text)},
      {"ncclCommInitRank", as(init)},
      {"ncclCommDestroy", as(destroy)},
      {"ncclCommAbort", as(abort)},
      {"ncclCommGetAsyncError", as(async_error)},
      {"ncclAllReduce", as(all_reduce)},
      {"ncclBroadcast", as(broadcast)},
      {"ncclReduce", as(reduce)},
      {"ncclAllGather", as(all_gather)},
      {"ncclReduceScatter", as(reduce_scatter)},
      {"ncclSend", as(send)},
      {"ncclRecv", as(receive)},
      {"ncclGroupStart", as(group_start)},
      {"ncclGroupEnd", as(group_end)},
  };
  for (const auto& f : all)
    if (f.name == name) return f.function;
  return nullptr;
}

}  // namespace flambeau::emulator
