// See nccl.h. A collective is put into the communicator's stream behind what the current stream has queued; the host
// waits for nothing.
#include "nccl.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <utility>

#include "context.h"
#include "nccl_watch.h"

namespace flambeau::cuda {
namespace {

/** As lib/distributed/nccl.ts counts them. */
enum class Collective : int { all_reduce, broadcast, reduce, all_gather, reduce_scatter };
constexpr const char* kNames[] = {"allReduce", "broadcast", "reduce", "allGather", "reduceScatter"};
/** The reductions of torch.distributed, as far as NCCL has them. */
constexpr NcclReduction kReductions[] = {NcclReduction::sum, NcclReduction::avg, NcclReduction::product,
                                         NcclReduction::min, NcclReduction::max};

/** What is known by number. */
template <class T>
class Numbered {
 public:
  double add(std::shared_ptr<T> what) {
    const std::lock_guard hold(lock_);
    all_[++last_] = std::move(what);
    return last_;
  }
  std::shared_ptr<T> at(double number, const char* what) {
    const std::lock_guard hold(lock_);
    const auto found = all_.find(number);
    if (found == all_.end()) throw PlanError(std::string("NCCL: there is no such ") + what);
    return found->second;
  }
  std::shared_ptr<T> remove(double number) {
    const std::lock_guard hold(lock_);
    const auto node = all_.extract(number);
    return node ? node.mapped() : nullptr;
  }

 private:
  std::mutex lock_;
  std::map<double, std::shared_ptr<T>> all_;
  double last_ = 0;
};
/** What they hold is the driver's to free at exit. */
Numbered<Communicator>& communicators() {
  static Numbered<Communicator>& all = *std::make_unique<Numbered<Communicator>>().release();
  return all;
}
Numbered<CollectiveWork>& works() {
  static Numbered<CollectiveWork>& all = *std::make_unique<Numbered<CollectiveWork>>().release();
  return all;
}

/** The numbers of a call, each taken once and checked. */
class Arguments {
 public:
  explicit Arguments(std::span<const double> numbers) : numbers_(numbers) {}
  double next() {
    Plan::require(at_ < numbers_.size(), "NCCL: a number is missing");
    return numbers_[at_++];
  }
  /** A whole number from 0 on, less than `end`. */
  int whole(int end) {
    const double v = next();
    Plan::require(v >= 0 && v < end && v == std::floor(v), "NCCL: a number is out of range");
    return static_cast<int>(v);
  }

 private:
  std::span<const double> numbers_;
  size_t at_ = 0;
};

std::vector<double> new_id() {
  NcclId id;
  nccl().expect("ncclGetUniqueId", nccl().unique_id(&id));
  std::vector<double> out;
  for (const char byte : id.bytes) out.push_back(static_cast<double>(static_cast<unsigned char>(byte)));
  return out;
}

/** NCCL waits for the other ranks without end: that is left to a thread of its own, which is given up after a time. */
Nccl::Comm join(const Communicator& comm, const NcclId& id, double seconds) {
  std::promise<std::pair<int, Nccl::Comm>> joined;
  std::future<std::pair<int, Nccl::Comm>> result = joined.get_future();
  std::thread([id, size = comm.size, rank = comm.rank, device = comm.device, joined = std::move(joined)]() mutable {
    cudaSetDevice(device);
    Nccl::Comm at = nullptr;
    const int status = nccl().init(&at, size, id, rank);
    joined.set_value({status, at});
  }).detach();
  if (seconds > 0 && result.wait_for(std::chrono::duration<double>(seconds)) != std::future_status::ready)
    throw DeviceFailure("NCCL: not all ranks have come within " + std::to_string(static_cast<int>(seconds)) + " s (" +
                        comm.name() + ")");
  const auto [status, at] = result.get();
  nccl().expect("ncclCommInitRank (" + comm.name() + ")", status);
  return at;
}

std::vector<double> init(Arguments& of, const std::string& group) {
  auto comm = std::make_shared<Communicator>();
  comm->rank = of.whole(1 << 24);
  comm->size = of.whole(1 << 24);
  comm->device = of.whole(static_cast<int>(context().gpus.size()));
  comm->group = group;
  const double seconds = of.next();
  NcclId id;
  for (char& byte : id.bytes) byte = static_cast<char>(of.whole(256));
  Plan::require(comm->rank < comm->size, "NCCL: a rank is out of range");
  enter(comm->device, "nccl");
  CollectiveWatch::get();
  comm->at = join(*comm, id, seconds);
  comm->stream = take_collective_stream(comm->device);
  check(cudaEventCreateWithFlags(&comm->ready, cudaEventDisableTiming), "nccl");
  return {communicators().add(std::move(comm))};
}

/** One operation on its way into a communicator's stream. */
class Launch {
 public:
  Launch(Arguments& of, std::span<const Memory> memory)
      : comm_(communicators().at(of.next(), "communicator")),
        seconds_(of.next()),
        async_(of.next() != 0),
        memory_(memory),
        hold_(comm_->calls),
        at_(comm_->usable()) {
    for (const Memory& m : memory)
      Plan::require(m.bytes == 0 || m.device == comm_->device, "NCCL: a tensor is on another device than the group");
  }
  const Communicator& comm() const { return *comm_; }

  /** Calls `f(NCCL's communicator, stream)` and makes a Work of it: its number where somebody will ask for it. */
  template <class F>
  std::vector<double> run(const char* name, size_t count, DType dtype, F&& f) {
    enter(comm_->device, name);
    auto work = std::make_shared<CollectiveWork>(comm_, name, count, dtype_name(dtype), seconds_);
    check(cudaEventRecord(comm_->ready, current().stream), name);
    check(cudaStreamWaitEvent(comm_->stream, comm_->ready, 0), name);
    nccl().expect(work->name(), f(at_, comm_->stream));
    check(cudaEventRecord(work->event, comm_->stream), name);
    if (!async_) check(cudaStreamWaitEvent(current().stream, work->event, 0), name);
    // who frees the memory meanwhile: it serves others only after what is queued now
    Allocator& allocator = *context().gpus[static_cast<size_t>(comm_->device)].allocator;
    for (const Memory& m : memory_)
      if (m.block) allocator.record_stream(m.block, async_ ? comm_->stream : current().stream);
    CollectiveWatch::get().add(work);
    if (!async_) return {};
    return {works().add(std::move(work))};
  }

 private:
  std::shared_ptr<Communicator> comm_;
  double seconds_;
  bool async_;
  std::span<const Memory> memory_;
  std::lock_guard<std::mutex> hold_;
  Nccl::Comm at_;
};

size_t elements(const Memory& memory, DType dtype) { return memory.bytes / item_size(dtype); }

std::vector<double> run(Arguments& of, std::span<const Memory> memory) {
  Launch launch(of, memory);
  const auto kind = static_cast<Collective>(of.whole(static_cast<int>(std::size(kNames))));
  const auto dtype = static_cast<DType>(of.whole(kDTypes));
  NcclReduction reduction = kReductions[of.whole(static_cast<int>(std::size(kReductions)))];
  const int root = of.whole(launch.comm().size);
  Plan::require(memory.size() == 2, "NCCL: expected an output and an input");
  const Memory &out = memory[0], &in = memory[1];
  // a bool is a byte, of which any but 0 is true: "or" is the largest, "and" the smallest
  if (dtype == DType::b8)
    reduction =
        reduction == NcclReduction::sum || reduction == NcclReduction::max ? NcclReduction::max : NcclReduction::min;
  const size_t read = elements(in, dtype), written = elements(out, dtype);
  const auto size = static_cast<size_t>(launch.comm().size);
  const bool receives = kind != Collective::reduce || launch.comm().rank == root;
  const size_t wanted = kind == Collective::all_gather       ? read * size
                        : kind == Collective::reduce_scatter ? read / size
                                                             : read;
  Plan::require(!receives || written == wanted, "NCCL: output and input do not fit");
  const int type = nccl_type(dtype), sum = static_cast<int>(reduction);
  return launch.run(kNames[static_cast<int>(kind)], read, dtype, [&](Nccl::Comm at, cudaStream_t stream) {
    if (read == 0) return 0;
    switch (kind) {
      case Collective::all_reduce: return nccl().all_reduce(in.data, out.data, read, type, sum, at, stream);
      case Collective::broadcast: return nccl().broadcast(in.data, out.data, read, type, root, at, stream);
      case Collective::reduce: return nccl().reduce(in.data, out.data, read, type, sum, root, at, stream);
      case Collective::all_gather: return nccl().all_gather(in.data, out.data, read, type, at, stream);
      case Collective::reduce_scatter: return nccl().reduce_scatter(in.data, out.data, written, type, sum, at, stream);
    }
    return 0;
  });
}

std::vector<double> exchange(Arguments& of, std::span<const Memory> memory) {
  Launch launch(of, memory);
  struct Message {
    bool is_send;
    int peer;
    DType dtype;
  };
  std::vector<Message> messages;
  size_t all = 0;
  for (const Memory& m : memory) {
    const bool is_send = of.whole(2) != 0;
    const int peer = of.whole(launch.comm().size);
    const auto dtype = static_cast<DType>(of.whole(kDTypes));
    nccl_type(dtype);  // throws for what it has not, before anything is begun
    messages.push_back({is_send, peer, dtype});
    all += elements(m, dtype);
  }
  Plan::require(!messages.empty(), "NCCL: there is no message");
  const char* name = messages.size() > 1 ? "exchange" : messages[0].is_send ? "send" : "recv";
  return launch.run(name, all, messages[0].dtype, [&](Nccl::Comm at, cudaStream_t stream) {
    nccl().expect(name, nccl().group_start());
    int failed = 0;
    for (size_t i = 0; i < messages.size() && failed == 0; i++) {
      const Message& m = messages[i];
      const size_t count = elements(memory[i], m.dtype);
      if (count == 0) continue;
      failed = m.is_send ? nccl().send(memory[i].data, count, nccl_type(m.dtype), m.peer, at, stream)
                         : nccl().receive(memory[i].data, count, nccl_type(m.dtype), m.peer, at, stream);
    }
    const int ended = nccl().group_end();
    return failed != 0 ? failed : ended;
  });
}

/** The host waits, looking now and then whether the time is over. */
bool block(const CollectiveWork& work, double seconds) {
  const int device = work.comm->device;
  enter(device, "nccl");
  if (seconds <= 0) {
    check(cudaEventSynchronize(work.event), "nccl");
    return true;
  }
  const auto start = std::chrono::steady_clock::now();
  while (!work.done()) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

void end(std::shared_ptr<Communicator> comm, bool abort) {
  if (!comm) return;
  enter(comm->device, "nccl");
  // whatever it still does; the watch ends it if that takes too long
  if (!abort) check(cudaStreamSynchronize(comm->stream), "nccl");
  Nccl::Comm at = nullptr;
  {
    const std::lock_guard hold(comm->state);
    at = std::exchange(comm->at, nullptr);
    if (comm->failure.empty()) comm->failure = "NCCL: the communicator was ended (" + comm->name() + ")";
  }
  if (at) nccl().expect("the end of a communicator", abort ? nccl().abort(at) : nccl().destroy(at));
  cudaEventDestroy(comm->ready);
  put_collective_stream(comm->device, comm->stream);
}

}  // namespace

std::vector<double> call_nccl(std::string_view name, const std::string& text, std::span<const double> numbers,
                              std::span<const Memory> memory) {
  if (name == "nccl.version") {
    int version = 0;
    if (!nccl().there || nccl().version(&version) != 0) return {};
    return {static_cast<double>(version)};
  }
  if (!nccl().there) throw DeviceFailure("NCCL is not there: " + nccl().info.reason);
  Arguments of(numbers);
  if (name == "nccl.id") return new_id();
  if (name == "nccl.init") return init(of, text);
  if (name == "nccl.run") return run(of, memory);
  if (name == "nccl.exchange") return exchange(of, memory);
  if (name == "nccl.destroy" || name == "nccl.abort") {
    end(communicators().remove(of.next()), name == "nccl.abort");
    return {};
  }
  if (name == "nccl.drop") {
    works().remove(of.next());
    return {};
  }
  const std::shared_ptr<CollectiveWork> work = works().at(of.next(), "work");
  const auto checked = [&] {
    if (work->failed) work->comm->usable();  // throws; what was done before it failed is done
  };
  if (name == "nccl.wait") {
    enter(work->comm->device, "nccl");
    checked();
    check(cudaStreamWaitEvent(current().stream, work->event, 0), "nccl");
    return {};
  }
  double done = 1;
  if (name == "nccl.block")
    done = block(*work, of.next()) ? 1 : 0;
  else if (name == "nccl.done")
    done = work->done() ? 1 : 0;
  else
    throw PlanError("NCCL: there is no function '" + std::string(name) + "'");
  checked();
  return {done};
}

void raise_collective_failure() { CollectiveWatch::raise(); }

LibraryInfo nccl_info() { return nccl().info; }

}  // namespace flambeau::cuda

namespace {

double device_call(const std::string& what, std::span<double> numbers, std::span<const double> triples,
                   flambeau::MemoryFinder find, void* instance) {
  const size_t end = std::min(what.find('\n'), what.size());
  std::vector<flambeau::Memory> memory;
  for (size_t i = 0; i + 2 < triples.size(); i += 3) memory.push_back(find(instance, &triples[i]));
  const std::vector<double> out = flambeau::cuda::call_nccl(
      std::string_view(what).substr(0, end), what.substr(std::min(end + 1, what.size())), numbers, memory);
  flambeau::Plan::require(out.size() <= numbers.size(), "NCCL: no room for what comes of it");
  std::copy(out.begin(), out.end(), numbers.begin());
  return static_cast<double>(out.size());
}

}  // namespace

extern "C" FB_PUBLIC flambeau::DeviceCall flambeau_call() { return device_call; }
