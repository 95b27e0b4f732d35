// What a device beside the CPU offers: memory, kernels, streams, events, generators. cuda/backend.cc implements it in a
// library of its own, which devices.cc opens when a script first asks for a GPU. The library never sees Node.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "list_plan.h"
#include "plan.h"
#include "pool.h"

namespace flambeau {

/** Operands on two devices, or a kernel that a device lacks. */
struct FB_PUBLIC PlacementError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/** What the device itself reported, such as a failed launch. */
struct FB_PUBLIC DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Device numbers: 0 is the CPU, 1 + i the i-th GPU. */
inline constexpr int kMaxDevices = 17;

/** A property or a figure, by name. */
using Figures = std::vector<std::pair<std::string, double>>;

struct DeviceProperties {
  std::string name, uuid, pci_bus_id;
  Figures figures;  // camelCase names, as lib/cuda shows them
};

/** A library that is opened at run time, or why it was not. */
struct LibraryInfo {
  std::string name, version, path, reason;
};

/** Bytes that a host thread waits for: finished when done() is true. */
class FB_PUBLIC PendingRead {
 public:
  virtual ~PendingRead() = default;
  /** Blocks until the bytes are at `to`; throws DeviceFailure. Called off the main thread. */
  virtual void wait(void* to) = 0;
};

/**
 * All GPUs of the process. Indices count from 0. Every function may throw DeviceFailure; they may be called from
 * several threads, each of which has current streams of its own.
 */
class FB_PUBLIC DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;

  /** How many usable devices there are; 0 has a reason. */
  virtual int devices() const = 0;
  virtual const std::string& reason() const = 0;
  /** Architectures that there are kernels for: "sm_80". */
  virtual std::vector<std::string> architectures() const = 0;

  virtual std::vector<std::string_view> kernels() const = 0;
  /** Runs kernel number `kernel` of that list. */
  virtual void run(int device, int kernel, const Plan& plan) = 0;
  virtual void run_list(int device, int kernel, const ListPlan& plan) = 0;

  /** Null when memory is short. */
  virtual std::byte* get(int device, size_t bytes) = 0;
  virtual void put(int device, std::byte* block, size_t bytes) noexcept = 0;
  virtual void trim(int device, size_t keep) = 0;
  virtual PoolStats pool(int device) = 0;
  virtual void set_limit(int device, size_t bytes) = 0;
  /** The figures of torch.cuda.memory_stats(). */
  virtual Figures memory_stats(int device) = 0;
  virtual void reset_peaks(int device) = 0;
  /** Free and total bytes of the device. */
  virtual std::pair<size_t, size_t> memory_info(int device) = 0;
  /** A stream still uses a block that may be freed: it is reused only afterwards. */
  virtual void record_stream(int device, std::byte* block, int stream) = 0;

  // Copies are ordered behind the work of the device's current stream. `device` -1 is the host.
  virtual void copy(std::byte* to, int to_device, const std::byte* from, int from_device, size_t bytes,
                    bool non_blocking) = 0;
  virtual PendingRead* begin_read(const std::byte* from, int device, size_t bytes) = 0;
  /** Page-locked memory of the host, that a device reads directly; null when there is none. */
  virtual std::byte* get_pinned(size_t bytes) = 0;
  virtual void put_pinned(std::byte* block) noexcept = 0;

  virtual DeviceProperties properties(int device) = 0;
  virtual void synchronize(int device) = 0;

  /** Streams are known by number; 0 is a device's default one. */
  virtual int create_stream(int device, int priority) = 0;
  virtual void destroy_stream(int stream) = 0;
  virtual int current_stream(int device) = 0;
  virtual void set_stream(int device, int stream) = 0;
  virtual bool stream_done(int device, int stream) = 0;
  virtual void wait_stream(int device, int stream) = 0;
  virtual int create_event(int device, bool timing) = 0;
  virtual void destroy_event(int event) = 0;
  virtual void record_event(int event, int device, int stream) = 0;
  virtual bool event_done(int event) = 0;
  virtual void wait_event(int event) = 0;
  virtual void stream_wait_event(int device, int stream, int event) = 0;
  /** Milliseconds. */
  virtual double elapsed(int from, int to) = 0;

  /** Generators: numbers from kFirstGenerator on; that one plus i is the i-th device's default one. */
  virtual int create_generator(int device) = 0;
  virtual void destroy_generator(int id) = 0;
  virtual void seed_generator(int id, uint64_t seed) = 0;
  virtual uint64_t generator_seed(int id) = 0;
  virtual std::vector<std::byte> generator_state(int id) = 0;
  virtual void set_generator_state(int id, const std::byte* state, size_t bytes) = 0;

  virtual std::vector<LibraryInfo> libraries() = 0;
  /** Switches such as "allowTf32"; false if there is no such. */
  virtual bool set_option(std::string_view name, double value) = 0;
};
inline constexpr int kFirstGenerator = 1 << 24;

/** What a backend's library exports under the name flambeau_backend; `build` must be the addon's own. */
using BackendEntry = DeviceBackend* (*)(int interface_version);
/** Raised whenever this file, plan.h or list_plan.h changes its meaning. */
inline constexpr int kInterfaceVersion = 1;

/** The backend that was opened, or null. */
DeviceBackend* device_backend();
/** Opens a backend's library, once per process; throws std::runtime_error saying why not. */
DeviceBackend& open_backend(const std::string& path);
/** "cuda:0" of a device number. */
std::string device_name(int device);

}  // namespace flambeau
