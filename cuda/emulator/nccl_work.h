// What a rank of an emulated communicator does, step by step: a collective, or messages. A step that needs another rank
// does nothing until that has come so far. Used by nccl.cc, whose streams call it.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "nccl_meeting.h"

namespace flambeau::emulator {

/** ncclResult_t. */
enum NcclStatus {
  kNcclSuccess = 0,
  kNcclSystemError = 2,
  kNcclInternalError = 3,
  kNcclInvalidArgument = 4,
  kNcclInvalidUsage = 5,
  kNcclRemoteError = 6
};
enum class NcclKind : int { all_reduce, broadcast, reduce, all_gather, reduce_scatter };
/** ncclDataType_t and ncclRedOp_t. */
enum NcclType { kInt8, kUint8, kInt32, kUint32, kInt64, kUint64, kFloat16, kFloat32, kFloat64, kBfloat16, kNcclTypes };
enum NcclSum { kSum, kProduct, kMax, kMin, kAverage, kNcclSums };
size_t nccl_bytes(int type);

/** A rank of a communicator. Its work runs in the order in which it was called, on whatever streams. */
struct NcclComm {
  std::shared_ptr<Meeting> meeting;
  int device = 0;
  uint64_t called = 0, done = 0;  // pieces of work
  uint64_t rounds = 0;            // finished, as Meeting counts them
  int error = kNcclSuccess;       // what ncclCommGetAsyncError gives
  bool aborted = false;
  void fail(int code, const std::string& text);
};

/** One message of a group. */
struct NcclMessage {
  bool is_send;
  int peer, type;
  uint64_t bytes, at = 0;
  const void* memory;
};

/** A collective, or messages that run together. */
struct NcclWork {
  NcclKind kind = NcclKind::all_reduce;
  int type = 0, operation = 0, root = 0;
  uint64_t count = 0;  // elements, as the function's argument
  const void* in = nullptr;
  void* out = nullptr;
  std::vector<NcclMessage> messages;

  /** Goes on; true when there is nothing left to do. */
  bool advance(NcclComm& comm);

 private:
  bool show(NcclComm& comm);
  bool read(NcclComm& comm);
  bool same_calls(NcclComm& comm) const;
  bool send(NcclComm& comm, NcclMessage& message) const;
  bool receive(NcclComm& comm, NcclMessage& message) const;
  uint64_t piece(const NcclComm& comm) const;
  bool shown_ = false;
  uint64_t at_ = 0;  // elements that are done
};

}  // namespace flambeau::emulator
