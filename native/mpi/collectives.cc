// Collectives as calls of MPI, which counts in int: long ones are cut, or sent as blocks.
#include <algorithm>
#include <climits>
#include <cstring>
#include <new>
#include <stdexcept>

#include "operation.h"

namespace flambeau::mpi {
namespace {

/** The most elements of one call. */
constexpr size_t kMost = size_t{1} << 30;
constexpr size_t kFingerprint = 1024;

struct Failed {
  int code;
};
void check(int code) {
  if (code != MPI_SUCCESS) throw Failed{code};
}

/** A count that MPI takes, of elements or of blocks of them. */
class Chunk {
 public:
  Chunk(size_t count, MPI_Datatype element) : type_(element) {
    if (count <= kMost) {
      count_ = static_cast<int>(count);
      return;
    }
    // whole blocks and a rest, as one type
    const size_t blocks = count / kMost, rest = count % kMost;
    MPI_Datatype block = MPI_DATATYPE_NULL;
    MPI_Aint extent = 0, lower = 0;
    check(MPI_Type_get_extent(element, &lower, &extent));
    check(MPI_Type_contiguous(static_cast<int>(kMost), element, &block));
    int lengths[2] = {static_cast<int>(blocks), static_cast<int>(rest)};
    MPI_Aint places[2] = {0, static_cast<MPI_Aint>(blocks * kMost) * extent};
    MPI_Datatype types[2] = {block, element};
    const int code = MPI_Type_create_struct(2, lengths, places, types, &type_);
    MPI_Type_free(&block);
    check(code);
    check(MPI_Type_commit(&type_));
    count_ = 1;
    own_ = true;
  }
  ~Chunk() {
    if (own_) MPI_Type_free(&type_);
  }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  int count() const { return count_; }
  MPI_Datatype type() const { return type_; }

 private:
  int count_ = 0;
  MPI_Datatype type_;
  bool own_ = false;
};

/**
 * Calls f(first, count) for pieces that a reduction takes in one call. MPI takes memory as large as a piece anew in
 * each call, of pages that the system clears one by one: beyond 32 MB that is most of the time (bench/allreduce.ts: 64
 * MB in one call take four times as long). Where ranks are many each has a part of a piece to send, which must not
 * become small.
 */
template <class F>
void in_pieces(const Operation& op, size_t count, size_t size, F f) {
  constexpr size_t kPiece = size_t{4} << 20, kOfRank = size_t{64} << 10;
  const size_t bytes = std::max(kPiece, kOfRank * static_cast<size_t>(op.group->size));
  const size_t most = std::min(kMost, std::max<size_t>(1, bytes / size));
  for (size_t at = 0; at == 0 || at < count; at += most) f(at, static_cast<int>(std::min(most, count - at)));
}

/**
 * Each rank gets its part from all others and adds them up: an eighth of the time of MPI_Reduce_scatter_block, which
 * copies all (Open MPI 4.1, 4 to 64 MB on 2 and 4 processes). Of short parts the number of messages counts, which MPI's
 * has fewer of.
 */
void reduce_scatter(Operation& op, MPI_Op reduction, MPI_Datatype type) {
  Group& group = *op.group;
  const auto ranks = static_cast<size_t>(group.size), size = item_size(op.dtype);
  constexpr size_t kShort = 4096;
  if (op.out_count * size < kShort && op.in_count <= INT_MAX) {
    check(MPI_Reduce_scatter_block(op.in, op.out, static_cast<int>(op.out_count), type, reduction, group.comm));
    return;
  }
  const bool fits = op.in_count <= INT_MAX;
  std::vector<int> counts(ranks), from(ranks), to(ranks);
  in_pieces(op, op.out_count, size * ranks, [&](size_t at, int n) {
    const auto part = static_cast<size_t>(n) * size;
    std::byte* out = op.out + at * size;
    if (!fits) {  // places are counted in int
      for (size_t r = 0; r < ranks; r++) {
        const std::byte* in = op.in + (r * op.out_count + at) * size;
        check(MPI_Reduce(in, out, n, type, reduction, static_cast<int>(r), group.comm));
      }
      return;
    }
    group.scratch.resize(std::max(group.scratch.size(), part * ranks));
    std::byte* received = group.scratch.data();
    const auto own = static_cast<size_t>(group.rank);
    for (size_t r = 0; r < ranks; r++) {
      counts[r] = r == own ? 0 : n;
      from[r] = static_cast<int>(r * op.out_count + at);
      to[r] = static_cast<int>(r * static_cast<size_t>(n));
    }
    check(MPI_Alltoallv(op.in, counts.data(), from.data(), type, received, counts.data(), to.data(), type, group.comm));
    // in the order of the ranks, whichever rank adds
    std::memcpy(received + own * part, op.in + (own * op.out_count + at) * size, part);
    std::memcpy(out, received, part);
    for (size_t r = 1; r < ranks; r++) check(MPI_Reduce_local(received + r * part, out, n, type, reduction));
  });
}

void all_to_all(Operation& op, MPI_Datatype type) {
  const Group& group = *op.group;
  const auto n = static_cast<size_t>(group.size);
  if (op.out_splits.empty()) {
    const Chunk part(op.in_count / n, type);
    check(MPI_Alltoall(op.in, part.count(), part.type(), op.out, part.count(), part.type(), group.comm));
    return;
  }
  std::vector<int> numbers(4 * n);
  int *sent = numbers.data(), *from = sent + n, *received = from + n, *to = received + n;
  int64_t a = 0, b = 0;
  for (size_t i = 0; i < n; i++) {
    sent[i] = static_cast<int>(op.in_splits[i]);
    from[i] = static_cast<int>(a);
    received[i] = static_cast<int>(op.out_splits[i]);
    to[i] = static_cast<int>(b);
    a += op.in_splits[i];
    b += op.out_splits[i];
  }
  if (a > INT_MAX || b > INT_MAX)
    throw std::length_error("parts of unequal sizes have at most 2147483647 elements together");
  check(MPI_Alltoallv(op.in, sent, from, type, op.out, received, to, type, group.comm));
}

/** All ranks tell what they are about to do; throws where they do not agree. */
void compare(const Operation& op) {
  const Group& group = *op.group;
  const auto n = static_cast<size_t>(group.size);
  std::vector<char> mine(kFingerprint), all(kFingerprint * n);
  op.fingerprint.copy(mine.data(), kFingerprint - 1);
  check(MPI_Allgather(mine.data(), kFingerprint, MPI_CHAR, all.data(), kFingerprint, MPI_CHAR, group.comm));
  bool same = true;
  for (size_t i = 0; i < n; i++) same = same && std::strcmp(&all[i * kFingerprint], mine.data()) == 0;
  if (same) return;
  std::string text = "MISMATCH";  // lib/distributed/debug.ts puts it into words
  for (size_t i = 0; i < n; i++) text += std::string("\n") + &all[i * kFingerprint];
  throw std::runtime_error(text);
}

void run(Operation& op, const ReductionTable& reductions) {
  Group& group = *op.group;
  const MPI_Datatype type = type_of(op.dtype);
  const size_t size = item_size(op.dtype);
  MPI_Op reduction = MPI_OP_NULL;
  if (op.kind == Kind::all_reduce || op.kind == Kind::reduce || op.kind == Kind::reduce_scatter) {
    reduction = reductions.find(op.reduction, op.dtype);
  }
  if (!op.fingerprint.empty()) compare(op);
  const bool root = op.peer == group.rank;
  switch (op.kind) {
    case Kind::all_reduce:
      in_pieces(op, op.out_count, size, [&](size_t at, int n) {
        check(MPI_Allreduce(MPI_IN_PLACE, op.out + at * size, n, type, reduction, group.comm));
      });
      break;
    case Kind::reduce:
      in_pieces(op, op.out_count, size, [&](size_t at, int n) {
        std::byte* data = op.out + at * size;
        check(MPI_Reduce(root ? MPI_IN_PLACE : data, root ? data : nullptr, n, type, reduction, op.peer, group.comm));
      });
      break;
    case Kind::broadcast: {
      const Chunk all(op.out_count, type);
      check(MPI_Bcast(op.out, all.count(), all.type(), op.peer, group.comm));
      break;
    }
    case Kind::all_gather: {
      const Chunk part(op.in_count, type);
      check(MPI_Allgather(op.in, part.count(), part.type(), op.out, part.count(), part.type(), group.comm));
      break;
    }
    case Kind::gather: {
      const Chunk part(op.in_count, type);
      check(MPI_Gather(op.in, part.count(), part.type(), op.out, part.count(), part.type(), op.peer, group.comm));
      break;
    }
    case Kind::scatter: {
      const Chunk part(op.out_count, type);
      check(MPI_Scatter(op.in, part.count(), part.type(), op.out, part.count(), part.type(), op.peer, group.comm));
      break;
    }
    case Kind::reduce_scatter: reduce_scatter(op, reduction, type); break;
    case Kind::all_to_all: all_to_all(op, type); break;
    case Kind::barrier: check(MPI_Barrier(group.comm)); break;
    case Kind::send:
    case Kind::receive: throw std::logic_error("a message is no collective");
  }
  const bool reduced =
      op.kind == Kind::all_reduce || op.kind == Kind::reduce_scatter || (op.kind == Kind::reduce && root);
  if (reduced && op.reduction == Reduction::avg) divide(op.out, op.out_count, op.dtype, group.size);
}

}  // namespace

const char* kind_name(Kind kind) {
  constexpr const char* names[kKinds] = {"allReduce",     "broadcast", "reduce",  "allGather", "gather", "scatter",
                                         "reduceScatter", "allToAll",  "barrier", "send",      "recv"};
  return names[static_cast<int>(kind)];
}

std::string error_text(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  return {text, static_cast<size_t>(length)};
}

std::string run_collective(Operation& op, const ReductionTable& reductions) {
  try {
    run(op, reductions);
    return {};
  } catch (const Failed& failed) {
    return error_text(failed.code);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace flambeau::mpi
