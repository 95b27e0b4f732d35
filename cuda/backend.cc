// The GPUs as native/devices.cc sees them: the one entry of this library, and what its class forwards to.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>

#include "context.h"
#include "device.h"
#include "emulator/emulator.h"
#include "faults.h"
#include "kernels.h"
#include "cudnn.h"
#include "libraries.h"
#include "pinned.h"
#include "random.h"
#include "streams.h"

// The architectures of this build, from CMakeLists.txt: "sm_75 sm_80".
#ifndef FLAMBEAU_CUDA_ARCHITECTURES
#define FLAMBEAU_CUDA_ARCHITECTURES ""
#endif

// There with the emulator only: a library for GPUs is linked without them.
extern "C" {
__attribute__((weak)) void flambeau_emulator_read(flambeau_emulator_counters*);
__attribute__((weak)) void flambeau_emulator_reset(void);
}

namespace flambeau::cuda {
namespace {

/** What the emulator has counted, beside the figures of memory. */
void add_counters(Figures& out) {
  if (!flambeau_emulator_read) return;
  flambeau_emulator_counters c{};
  flambeau_emulator_read(&c);
  const auto add = [&](const char* name, uint64_t n) { out.emplace_back(name, static_cast<double>(n)); };
  add("emulator.launches", c.launches);
  add("emulator.instructions", c.instructions);
  add("emulator.bytes_read", c.bytes_read);
  add("emulator.bytes_written", c.bytes_written);
  add("emulator.sectors_read", c.sectors_read);
  add("emulator.sectors_written", c.sectors_written);
}

/** Bytes on their way to page-locked memory of the host. */
class Reading final : public PendingRead {
 public:
  Reading(const std::byte* from, int device, size_t bytes) : device_(device), bytes_(bytes) {
    staging_ = pinned_memory().get(bytes);
    if (!staging_) throw std::bad_alloc();
    cudaError_t status = cudaEventCreateWithFlags(&done_, cudaEventDisableTiming | cudaEventBlockingSync);
    if (status == cudaSuccess)
      status = cudaMemcpyAsync(staging_, from, bytes, cudaMemcpyDeviceToHost, current().stream);
    pinned_memory().used(staging_, current().stream);
    if (status == cudaSuccess) status = cudaEventRecord(done_, current().stream);
    if (status != cudaSuccess) {
      free_all();
      check(status, "read");
    }
  }
  ~Reading() override { free_all(); }
  void wait(void* to) override {
    check(cudaSetDevice(device_), "read");
    check(cudaEventSynchronize(done_), "read");
    raise_faults();
    std::memcpy(to, staging_, bytes_);
  }

 private:
  void free_all() {
    if (done_) cudaEventDestroy(done_);
    if (staging_) pinned_memory().put(staging_);
  }
  int device_;
  size_t bytes_;
  std::byte* staging_ = nullptr;
  cudaEvent_t done_ = nullptr;
};

class Backend final : public DeviceBackend {
 public:
  Backend() {
#define FB_CALL(file) register_##file(table_);
    FB_CUDA_FILES(FB_CALL)
#undef FB_CALL
  }

  int devices() const override { return static_cast<int>(context().gpus.size()); }
  const std::string& reason() const override { return context().reason; }
  std::vector<std::string> architectures() const override {
    std::vector<std::string> out;
    const std::string list = FLAMBEAU_CUDA_ARCHITECTURES;
    for (size_t at = 0; at < list.size();) {
      const size_t end = std::min(list.find(' ', at), list.size());
      if (end > at) out.push_back(list.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

  std::vector<std::string_view> kernels() const override {
    std::vector<std::string_view> names;
    for (const Kernel& k : table_.kernels()) names.push_back(k.name);
    return names;
  }
  void run(int device, int kernel, const Plan& plan) override {
    const Kernel& k = at(kernel);
    if (!k.run) throw PlanError("not a kernel over one set of operands");
    enter(device, k.name);
    k.run(plan);
    finish();
  }
  void run_list(int device, int kernel, const ListPlan& plan) override {
    const Kernel& k = at(kernel);
    if (!k.run_list) throw PlanError("not a kernel over lists");
    enter(device, k.name);
    k.run_list(plan);
    finish();
  }

  std::byte* get(int device, size_t bytes) override {
    enter(device, "");
    return allocator(device).get(bytes, current().stream);
  }
  void put(int device, std::byte* block, size_t) noexcept override { allocator(device).put(block); }
  void trim(int device, size_t keep) override {
    enter(device, "");
    drop_cudnn_memory();
    allocator(device).trim(keep);
    pinned_memory().trim();
  }
  PoolStats pool(int device) override { return allocator(device).pool(); }
  void set_limit(int device, size_t bytes) override { allocator(device).set_limit(bytes); }
  Figures memory_stats(int device) override {
    Figures out = allocator(device).figures();
    add_counters(out);
    return out;
  }
  void reset_peaks(int device) override {
    allocator(device).reset_peaks();
    if (flambeau_emulator_reset) flambeau_emulator_reset();
  }
  std::pair<size_t, size_t> memory_info(int device) override {
    enter(device, "");
    size_t available = 0, total = 0;
    check(cudaMemGetInfo(&available, &total), "memGetInfo");
    return {available, total};
  }
  void record_stream(int device, std::byte* block, int stream) override {
    enter(device, "");
    allocator(device).record_stream(block, stream_at(stream));
  }

  void copy(std::byte* to, int to_device, const std::byte* from, int from_device, size_t bytes,
            bool non_blocking) override {
    if (to_device >= 0 && from_device >= 0 && to_device != from_device) {
      // what is queued on the target's stream must see the bytes: the source's stream is waited for
      enter(from_device, "copy");
      check(cudaStreamSynchronize(current().stream), "copy");
      enter(to_device, "copy");
      check(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, current().stream), "copy");
      if (!non_blocking) check(cudaStreamSynchronize(current().stream), "copy");
      return;
    }
    enter(to_device >= 0 ? to_device : from_device, "copy");
    const cudaMemcpyKind kind = to_device < 0     ? cudaMemcpyDeviceToHost
                                : from_device < 0 ? cudaMemcpyHostToDevice
                                                  : cudaMemcpyDeviceToDevice;
    check(cudaMemcpyAsync(to, from, bytes, kind, current().stream), "copy");
    if (kind == cudaMemcpyDeviceToDevice) return;
    if (non_blocking)
      pinned_memory().used(to_device < 0 ? to : from, current().stream);
    else
      check(cudaStreamSynchronize(current().stream), "copy");
    // who reads must not get what a kernel could not make
    if (!non_blocking && to_device < 0) raise_faults();
  }
  PendingRead* begin_read(const std::byte* from, int device, size_t bytes) override {
    enter(device, "read");
    return std::make_unique<Reading>(from, device, bytes).release();
  }
  std::byte* get_pinned(size_t bytes) override { return pinned_memory().get(bytes); }
  void put_pinned(std::byte* block) noexcept override { pinned_memory().put(block); }

  DeviceProperties properties(int device) override {
    const cudaDeviceProp& p = context().gpus[static_cast<size_t>(device)].properties;
    DeviceProperties out;
    out.name = p.name;
    char text[64];
    std::string uuid;
    for (int i = 0; i < 16; i++) {
      std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(static_cast<unsigned char>(p.uuid.bytes[i])));
      uuid += text;
      if (i == 3 || i == 5 || i == 7 || i == 9) uuid += '-';
    }
    out.uuid = uuid;
    std::snprintf(text, sizeof text, "%04x:%02x:%02x.0", static_cast<unsigned>(p.pciDomainID),
                  static_cast<unsigned>(p.pciBusID), static_cast<unsigned>(p.pciDeviceID));
    out.pci_bus_id = text;
    int clock = 0, memory_clock = 0;
    cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, device);
    cudaDeviceGetAttribute(&memory_clock, cudaDevAttrMemoryClockRate, device);
    const auto add = [&](const char* name, double v) { out.figures.emplace_back(name, v); };
    add("major", p.major);
    add("minor", p.minor);
    add("totalMemory", static_cast<double>(p.totalGlobalMem));
    add("multiProcessorCount", p.multiProcessorCount);
    add("maxThreadsPerMultiProcessor", p.maxThreadsPerMultiProcessor);
    add("maxThreadsPerBlock", p.maxThreadsPerBlock);
    add("warpSize", p.warpSize);
    add("sharedMemoryPerBlock", static_cast<double>(p.sharedMemPerBlock));
    add("sharedMemoryPerBlockOptin", static_cast<double>(p.sharedMemPerBlockOptin));
    add("sharedMemoryPerMultiprocessor", static_cast<double>(p.sharedMemPerMultiprocessor));
    add("regsPerMultiprocessor", p.regsPerMultiprocessor);
    add("l2CacheSize", p.l2CacheSize);
    add("memoryBusWidth", p.memoryBusWidth);
    add("clockRate", clock);
    add("memoryClockRate", memory_clock);
    add("isIntegrated", p.integrated);
    add("isMultiGpuBoard", p.isMultiGpuBoard);
    return out;
  }
  void synchronize(int device) override {
    enter(device, "");
    check(cudaDeviceSynchronize(), "synchronize");
    raise_faults();
  }

  int create_stream(int device, int priority) override {
    enter(device, "");
    return cuda::create_stream(device, priority);
  }
  void destroy_stream(int stream) override { cuda::destroy_stream(stream); }
  int current_stream(int device) override { return cuda::current_stream(device); }
  void set_stream(int device, int stream) override { cuda::set_stream(device, stream); }
  bool stream_done(int device, int stream) override {
    enter(device, "");
    const bool done = cuda::stream_done(stream);
    if (done) raise_faults();
    return done;
  }
  void wait_stream(int device, int stream) override {
    enter(device, "");
    wait(stream_at(stream), "synchronize");
  }
  int create_event(int device, bool timing) override {
    enter(device, "");
    return cuda::create_event(timing);
  }
  void destroy_event(int event) override { cuda::destroy_event(event); }
  void record_event(int event, int device, int stream) override {
    enter(device, "");
    cuda::record_event(event, stream);
  }
  bool event_done(int event) override {
    const bool done = cuda::event_done(event);
    if (done) raise_faults();
    return done;
  }
  void wait_event(int event) override {
    cuda::wait_event(event);
    raise_faults();
  }
  void stream_wait_event(int device, int stream, int event) override {
    enter(device, "");
    cuda::stream_wait_event(stream, event);
  }
  double elapsed(int from, int to) override { return cuda::elapsed(from, to); }

  int create_generator(int device) override { return cuda::create_generator(device); }
  void destroy_generator(int id) override { cuda::destroy_generator(id); }
  void seed_generator(int id, uint64_t seed) override { cuda::seed_generator(id, seed); }
  uint64_t generator_seed(int id) override { return cuda::generator_seed(id); }
  std::vector<std::byte> generator_state(int id) override { return cuda::generator_state(id); }
  void set_generator_state(int id, const std::byte* state, size_t bytes) override {
    cuda::set_generator_state(id, state, bytes);
  }

  std::vector<LibraryInfo> libraries() override {
    int version = 0;
    cudaRuntimeGetVersion(&version);
    std::vector<LibraryInfo> out = {
        {"cudart", std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10), "", ""}};
    for (LibraryInfo& found : find_libraries()) out.push_back(std::move(found));
    return out;
  }
  bool set_option(std::string_view name, double value) override { return set_library_option(name, value); }

 private:
  static void wait(cudaStream_t stream, const char* what) {
    check(cudaStreamSynchronize(stream), what);
    raise_faults();
  }
  /** With CUDA_LAUNCH_BLOCKING what is wrong is told by the operation that finds it. */
  static void finish() {
    if (launch_blocking()) wait(current().stream, "launch");
  }
  const Kernel& at(int kernel) const { return table_.kernels().at(static_cast<size_t>(kernel)); }
  static Allocator& allocator(int device) { return *context().gpus[static_cast<size_t>(device)].allocator; }
  KernelTable table_;
};

}  // namespace
}  // namespace flambeau::cuda

extern "C" FB_PUBLIC flambeau::DeviceBackend* flambeau_backend(int version) {
  if (version != flambeau::kInterfaceVersion) return nullptr;
  static flambeau::cuda::Backend backend;
  return &backend;
}
