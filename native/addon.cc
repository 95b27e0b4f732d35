// The whole Node-API surface. lib/native.ts is its typed mirror and the only caller. Hot entries (run, allocate, item)
// use the C API and the shared arrays, so that a small op costs one call; the rest goes through node-addon-api.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "addon.h"
#include "blas.h"
#include "parallel.h"
#include "pool.h"
#include "random.h"
#include "shared.h"

namespace flambeau {
namespace {

/** Which operands a kernel does without, as bits. A plan that leaves out any other is refused before the kernel sees
 * it. */
uint32_t optional_operands(std::string_view kernel) {
  struct Row {
    std::string_view kernel;
    uint32_t bits;
  };
  static constexpr Row rows[] = {
      {"matmul", 1 << 3},
      {"conv", 1 << 3},
      {"convBackwardInput", 1 << 3},
      {"convBackwardWeight", 1 << 1},
      {"batchNorm", 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7},
      {"batchNormBackward", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5},
      {"layerNorm", 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5},
      {"layerNormBackward", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5},
      {"rnn", 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8},
      {"rnnBackward", 1 << 1 | 1 << 2 | 0x7 << 4 | 1 << 7 | 0x7 << 10 | 1 << 14 | 1 << 15},
      {"nllLoss", 1 << 4},
      {"nllLossBackward", 1 << 3 | 1 << 4},
      {"crossEntropy", 1 << 5},
      {"crossEntropyBackward", 1 << 4 | 1 << 5},
      {"attention", 1 << 1 | 1 << 5},
      {"attentionBackward", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 9},
      {"gridSampleBackward", 1 << 0 | 1 << 1},
      {"linalgLu", 1 << 3},
      {"linalgQr", 1 << 1},
      {"linalgSvd", 1 << 3 | 1 << 4},
  };
  for (const Row& row : rows) {
    if (row.kernel == kernel) return row.bits;
  }
  return 0;
}

}  // namespace

Instance::Instance(napi_env env) : storages(env), reader(storages) {
  for (const Kernel& k : kernels) optional.push_back(optional_operands(k.name));
  device_kernels.assign(kernels.size(), -1);
}

StorageTable::View bytes_at(Instance& self, double handle, double offset, double count) {
  const StorageTable::View view = self.storages.find(handle);
  if (!view.data) throw PlanError("the storage is gone");
  if (!(offset >= 0 && count >= 0 && offset + count <= static_cast<double>(view.bytes))) {
    throw PlanError("outside the storage");
  }
  return {view.data + static_cast<size_t>(offset), static_cast<size_t>(count), view.device};
}

namespace {

/** Copies out of a storage, or into it; waits for the work that a device still does on it. */
void copy_out(void* to, const StorageTable::View& from) {
  if (from.bytes == 0) return;
  if (from.device == 0)
    std::memcpy(to, from.data, from.bytes);
  else
    device_backend()->copy(static_cast<std::byte*>(to), -1, from.data, from.device - 1, from.bytes, false);
}
void copy_in(const StorageTable::View& to, const std::byte* from) {
  if (to.bytes == 0) return;
  if (to.device == 0)
    std::memcpy(to.data, from, to.bytes);
  else
    device_backend()->copy(to.data, to.device - 1, from, -1, to.bytes, false);
}

/** The device backend's number of a kernel. */
int device_kernel(const Instance& self, int kernel, int device) {
  const int number = self.device_kernels[static_cast<size_t>(kernel)];
  if (number < 0) throw PlacementError("not implemented on '" + device_name(device) + "'");
  return number;
}

/** The arguments of a hot entry, and the instance that napi_create_function was given. */
template <size_t N>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = N;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    self = static_cast<Instance*>(data);
  }
  double number(napi_env env, size_t i) const {
    double v = std::numeric_limits<double>::quiet_NaN();
    napi_get_value_double(env, values[i], &v);
    return v;
  }
  napi_value values[N ? N : 1] = {};
  Instance* self;
};

napi_value make_number(napi_env env, double v) {
  napi_value out = nullptr;
  napi_create_double(env, v, &out);
  return out;
}

[[gnu::noinline]] void record(Instance& self, KernelFn kernel, const Plan& plan) {
  if (plan.device != 0) {
    throw NotNow("runAsync is for tensors on the CPU: calls on '" + device_name(plan.device) +
                 "' do not block the event loop");
  }
  self.recording->record(kernel, plan, self.reader);
}

/** run(): executes the plan in the shared words. */
napi_value run(napi_env env, napi_callback_info info) {
  const Arguments<0> in(env, info);
  guarded(env, [&] {
    const Plan& plan = in.self->reader.read();
    if (static_cast<size_t>(plan.kernel) >= in.self->kernels.size()) throw PlanError("unknown kernel");
    const KernelFn kernel = in.self->kernels[static_cast<size_t>(plan.kernel)].run;
    if (!kernel) throw PlanError("not a kernel over one set of operands");
    const uint32_t optional = in.self->optional[static_cast<size_t>(plan.kernel)];
    if (plan.absent & ~optional) throw PlanError("an operand is missing");
    if (in.self->recording) return record(*in.self, kernel, plan);
    if (plan.device == 0) return kernel(plan);
    device_backend()->run(plan.device - 1, device_kernel(*in.self, plan.kernel, plan.device), plan);
  });
  return nullptr;
}

/** runList(): executes the list plan in the shared words. */
napi_value run_list(napi_env env, napi_callback_info info) {
  const Arguments<0> in(env, info);
  guarded(env, [&] {
    check_not_recording(*in.self, "optimizer steps and other calls over lists of tensors cannot be part of runAsync");
    const ListPlan& plan = in.self->reader.read_list();
    if (static_cast<size_t>(plan.kernel) >= in.self->kernels.size()) throw PlanError("unknown kernel");
    const ListKernelFn kernel = in.self->kernels[static_cast<size_t>(plan.kernel)].run_list;
    if (!kernel) throw PlanError("not a kernel over lists");
    if (plan.device == 0) return kernel(plan);
    device_backend()->run_list(plan.device - 1, device_kernel(*in.self, plan.kernel, plan.device), plan);
  });
  return nullptr;
}

/** allocate(bytes, owner, device): a handle, or -1 when memory is short. */
napi_value allocate(napi_env env, napi_callback_info info) {
  const Arguments<3> in(env, info);
  double handle = -1;
  guarded(env, [&] {
    const double bytes = in.number(env, 0), device = in.number(env, 2);
    if (!(device >= 0 && device <= (device_backend() ? device_backend()->devices() : 0))) {
      throw std::invalid_argument("allocate: no such device");
    }
    napi_valuetype type;
    if (!(bytes >= 0)) throw std::invalid_argument("allocate: bad size");
    if (napi_typeof(env, in.values[1], &type) != napi_ok || type != napi_object) {
      throw std::invalid_argument("allocate: the owner must be an object");
    }
    if (bytes <= 0x1p47) {
      handle = in.self->storages.allocate(static_cast<size_t>(bytes), in.values[1], static_cast<int>(device));
    }
  });
  return make_number(env, handle);
}

/** adopt(arrayBuffer, owner): a handle to the ArrayBuffer's own memory, or -1 if it is detached. */
napi_value adopt(napi_env env, napi_callback_info info) {
  const Arguments<2> in(env, info);
  double handle = -1;
  guarded(env, [&] {
    bool is_buffer = false;
    napi_valuetype type;
    if (napi_is_arraybuffer(env, in.values[0], &is_buffer) != napi_ok || !is_buffer ||
        napi_typeof(env, in.values[1], &type) != napi_ok || type != napi_object) {
      throw std::invalid_argument("adopt: expected an ArrayBuffer and its owner");
    }
    handle = in.self->storages.adopt(in.values[0], in.values[1]);
  });
  return make_number(env, handle);
}

/** release(handle): frees now. */
napi_value release(napi_env env, napi_callback_info info) {
  const Arguments<1> in(env, info);
  in.self->storages.release(in.number(env, 0));
  return nullptr;
}

/** sweep(kind): 0 look, 1 after a minor collection, 2 after a full one. */
napi_value sweep(napi_env env, napi_callback_info info) {
  const Arguments<1> in(env, info);
  guarded(env, [&] {
    const double kind = in.number(env, 0);
    in.self->storages.sweep(kind == 2 ? Sweep::after_full : kind == 1 ? Sweep::after_minor : Sweep::look);
  });
  return nullptr;
}

/** item(handle, byteOffset, dtype): one element as a number, boolean or, where a number is not exact, a bigint. */
napi_value item(napi_env env, napi_callback_info info) {
  const Arguments<3> in(env, info);
  napi_value out = nullptr;
  guarded(env, [&] {
    if (in.self->recording) in.self->recording->before_read(in.number(env, 0));
    const double code = in.number(env, 2);
    if (!(code >= 0 && code < kDTypes)) throw PlanError("unknown dtype");
    const DType dtype = static_cast<DType>(static_cast<int>(code));
    const StorageTable::View at =
        bytes_at(*in.self, in.number(env, 0), in.number(env, 1), static_cast<double>(item_size(dtype)));
    visit(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      T value;
      copy_out(&value, at);
      if constexpr (is_bool<T>) {
        napi_get_boolean(env, value, &out);
      } else if constexpr (std::is_same_v<T, int64_t>) {
        if (value >= -(int64_t{1} << 53) + 1 && value <= (int64_t{1} << 53) - 1) {
          napi_create_double(env, static_cast<double>(value), &out);
        } else {
          napi_create_bigint_int64(env, value, &out);
        }
      } else {
        napi_create_double(env, static_cast<double>(static_cast<Compute<T>>(value)), &out);
      }
    });
  });
  return out;
}

/** The memory of an ArrayBuffer view or ArrayBuffer argument. */
struct Span {
  std::byte* data;
  size_t bytes;
};
Span span_of(napi_env env, napi_value value) {
  void* data = nullptr;
  size_t length = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) {
    throw std::invalid_argument("expected a TypedArray");
  }
  constexpr size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  if (static_cast<size_t>(type) >= std::size(sizes)) throw std::invalid_argument("unknown TypedArray");
  return {static_cast<std::byte*>(data), length * sizes[type]};
}

/** read(handle, byteOffset, typedArray): copies out of a storage. */
napi_value read(napi_env env, napi_callback_info info) {
  const Arguments<3> in(env, info);
  guarded(env, [&] {
    if (in.self->recording) in.self->recording->before_read(in.number(env, 0));
    const Span to = span_of(env, in.values[2]);
    copy_out(to.data, bytes_at(*in.self, in.number(env, 0), in.number(env, 1), static_cast<double>(to.bytes)));
  });
  return nullptr;
}

/** write(handle, byteOffset, typedArray): copies into a storage. */
napi_value write(napi_env env, napi_callback_info info) {
  const Arguments<3> in(env, info);
  guarded(env, [&] {
    const Span from = span_of(env, in.values[2]);
    if (in.self->recording) in.self->recording->before_write(in.number(env, 0));
    copy_in(bytes_at(*in.self, in.number(env, 0), in.number(env, 1), static_cast<double>(from.bytes)), from.data);
  });
  return nullptr;
}

/** canary(object?): with an object, watch it; without, whether the last one is gone: V8 has collected by itself. */
napi_value canary(napi_env env, napi_callback_info info) {
  const Arguments<1> in(env, info);
  bool gone = false;
  guarded(env, [&] {
    napi_valuetype type = napi_undefined;
    napi_typeof(env, in.values[0], &type);
    if (type == napi_object) {
      if (in.self->canary) napi_delete_reference(env, in.self->canary);
      in.self->canary = nullptr;
      napi_create_reference(env, in.values[0], 0, &in.self->canary);
    } else if (in.self->canary) {
      napi_value object = nullptr;
      gone = napi_get_reference_value(env, in.self->canary, &object) == napi_ok && !object;
    }
  });
  napi_value out = nullptr;
  napi_get_boolean(env, gone, &out);
  return out;
}

// ---- cold entries -------------------------------------------------------------------------------------------------

void keep(napi_env env, napi_ref& slot, napi_value value) {
  if (slot) napi_delete_reference(env, slot);
  slot = nullptr;
  napi_create_reference(env, value, 1, &slot);
}

/** attach(figures: Float64Array, words: Float64Array): the arrays shared with lib/. */
void attach(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    Instance& self = instance(info);
    if (info.Length() < 2) throw std::invalid_argument("attach: expected two arrays");
    const Span figures = span_of(info.Env(), info[0]), words = span_of(info.Env(), info[1]);
    if (figures.bytes < kMemoryFigures * sizeof(double)) throw std::invalid_argument("attach: figures too short");
    keep(info.Env(), self.figures, info[0]);
    keep(info.Env(), self.words, info[1]);
    self.storages.attach_figures(reinterpret_cast<double*>(figures.data));
    self.reader.attach(reinterpret_cast<const double*>(words.data), words.bytes / sizeof(double));
  });
}

/** kernels(): their names; a kernel's number is its place in the list. */
Napi::Value kernels(const Napi::CallbackInfo& info) {
  const auto& list = instance(info).kernels;
  Napi::Array names = Napi::Array::New(info.Env(), list.size());
  for (size_t i = 0; i < list.size(); i++) {
    names.Set(static_cast<uint32_t>(i), Napi::String::New(info.Env(), std::string(list[i].name)));
  }
  return names;
}

/** dtypes(): their names, in the order of the codes. */
Napi::Value dtypes(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env(), kDTypes);
  for (uint32_t i = 0; i < kDTypes; i++) names.Set(i, Napi::String::New(info.Env(), dtype_name(static_cast<DType>(i))));
  return names;
}

/** fullCollection(): asks V8 for one where lib/memory.ts has no gc function. */
void full_collection(const Napi::CallbackInfo& info) {
  constexpr int64_t plenty = int64_t{16} << 30;
  int64_t total = 0;
  napi_adjust_external_memory(info.Env(), plenty, &total);
  napi_adjust_external_memory(info.Env(), -plenty, &total);
}

/** A device number that is optional and exists: 0 is the CPU. */
int device_argument(const Napi::CallbackInfo& info, size_t i) {
  if (info.Length() <= i || info[i].IsUndefined()) return 0;
  return index_argument(info, i, device_backend() ? device_backend()->devices() : 0);
}

/** poolStats(device): the process-wide figures, and this environment's references. */
Napi::Value pool_stats(const Napi::CallbackInfo& info) {
  const Instance& self = instance(info);
  PoolStats stats;
  bool known = false;
  guarded(info.Env(), [&] {
    const int device = device_argument(info, 0);
    stats = device == 0 ? Pool::instance().stats() : device_backend()->pool(device - 1);
    known = true;
  });
  if (!known) return info.Env().Undefined();  // an exception is pending: no object can be made
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("reserved", static_cast<double>(stats.reserved));
  out.Set("cached", static_cast<double>(stats.cached));
  out.Set("limit", static_cast<double>(std::min<size_t>(stats.limit, size_t{1} << 53)));
  out.Set("young", static_cast<double>(self.storages.young()));
  out.Set("old", static_cast<double>(self.storages.old()));
  return out;
}

/** trim(keepBytes, device): gives cached memory back to the system. */
void trim(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const double keep_bytes = number_argument(info, 0);
    const size_t bytes = keep_bytes > 0 ? static_cast<size_t>(std::min(keep_bytes, 0x1p53)) : 0;
    const int device = device_argument(info, 1);
    if (device == 0)
      Pool::instance().trim(bytes);
    else
      device_backend()->trim(device - 1, bytes);
  });
}

/** setLimit(bytes, device): the most that the pool may take from the system. */
void set_limit(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const double bytes = number_argument(info, 0);
    if (!(bytes >= 0)) throw std::invalid_argument("setLimit: expected bytes");
    const size_t most = static_cast<size_t>(std::min(bytes, 0x1p53));
    const int device = device_argument(info, 1);
    if (device == 0)
      Pool::instance().set_limit(most);
    else
      device_backend()->set_limit(device - 1, most);
  });
}

Napi::Value get_threads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), num_threads()); }

void set_threads(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const double n = number_argument(info, 0);
    if (!(n >= 1 && n <= 1024) || n != std::floor(n)) {
      throw std::invalid_argument("setNumThreads: expected a whole number from 1 to 1024");
    }
    set_num_threads(static_cast<int>(n));
  });
}

// The build defines FLAMBEAU_VERSION without quotes, which not every shell between it and the compiler keeps.
#define FB_TEXT_OF(x) #x
#define FB_TEXT(x) FB_TEXT_OF(x)

/** build(): of which version this addon is, how it was made, and which instruction set it chose. */
Napi::Value build(const Napi::CallbackInfo& info) {
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("version", FB_TEXT(FLAMBEAU_VERSION));
  out.Set("isa", cpu_backend().isa);
  out.Set("threads", threads_backend());
  out.Set("blas", blas_name());
  return out;
}

/** createGenerator(device): its id. Id 0 is this thread's default generator on the CPU. */
Napi::Value make_generator(const Napi::CallbackInfo& info) {
  double id = -1;
  guarded(info.Env(), [&] {
    const int device = device_argument(info, 0);
    id = device == 0 ? create_generator(5489) : device_backend()->create_generator(device - 1);
  });
  return Napi::Number::New(info.Env(), id);
}

/** Calls `on_device` with the backend if the generator of that id is a device's, else `on_host`. */
template <class OnHost, class OnDevice>
void with_generator(const Napi::CallbackInfo& info, OnHost&& on_host, OnDevice&& on_device) {
  guarded(info.Env(), [&] {
    const int id = index_argument(info, 0);
    if (id < kFirstGenerator) return on_host(id);
    if (!device_backend()) throw PlanError("unknown generator");
    on_device(*device_backend(), id);
  });
}

void drop_generator(const Napi::CallbackInfo& info) {
  with_generator(info, destroy_generator, [](DeviceBackend& backend, int id) { backend.destroy_generator(id); });
}

/** seedGenerator(id, seed: bigint). */
void seed_generator(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    if (info.Length() < 2 || !info[1].IsBigInt()) throw std::invalid_argument("expected a bigint");
    bool lossless = false;
    const uint64_t seed = info[1].As<Napi::BigInt>().Uint64Value(&lossless);
    with_generator(
        info, [&](int id) { generator_at(id).seed(seed); },
        [&](DeviceBackend& backend, int id) { backend.seed_generator(id, seed); });
  });
}

Napi::Value generator_seed(const Napi::CallbackInfo& info) {
  uint64_t seed = 0;
  with_generator(
      info, [&](int id) { seed = generator_at(id).initial_seed(); },
      [&](DeviceBackend& backend, int id) { seed = backend.generator_seed(id); });
  return Napi::BigInt::New(info.Env(), seed);
}

/** generatorState(id): PyTorch's 5056 bytes; of a GPU's generator its 16 bytes. */
Napi::Value generator_state(const Napi::CallbackInfo& info) {
  std::vector<std::byte> state;
  with_generator(
      info,
      [&](int id) {
        const Generator& generator = generator_at(id);  // throws before there is a state
        state.resize(Generator::kStateBytes);
        generator.get_state(state.data());
      },
      [&](DeviceBackend& backend, int id) { state = backend.generator_state(id); });
  if (state.empty()) return info.Env().Undefined();  // an exception is pending: no object can be made
  Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), state.size());
  std::memcpy(bytes.Data(), state.data(), state.size());
  return bytes;
}

void set_generator_state(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    if (info.Length() < 2) throw std::invalid_argument("expected a state");
    const Span state = span_of(info.Env(), info[1]);
    with_generator(
        info, [&](int id) { generator_at(id).set_state(state.data, state.bytes); },
        [&](DeviceBackend& backend, int id) { backend.set_generator_state(id, state.data, state.bytes); });
  });
}

/** seedFromSystem(): a seed from the system's source of randomness. */
Napi::Value seed_from_system(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), nondeterministic_seed());
}

/** createGroup(): a number for what one worker sends and receives. */
Napi::Value create_group(const Napi::CallbackInfo& info) {
  double group = 0;
  guarded(info.Env(), [&] { group = Handover::instance().create_group(); });
  return Napi::Number::New(info.Env(), group);
}

/** joinGroup(group): this environment is that worker. */
void join_group(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { instance(info).group = number_argument(info, 0); });
}

/** groupEnded(group): whether its worker's environment has ended. */
Napi::Value group_ended(const Napi::CallbackInfo& info) {
  bool ended = false;
  guarded(info.Env(), [&] { ended = Handover::instance().ended(number_argument(info, 0)); });
  return Napi::Boolean::New(info.Env(), ended);
}

/** abandonGroup(group): frees what was sent and not claimed, now and later. */
void abandon_group(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { Handover::instance().abandon(number_argument(info, 0)); });
}

/** pin(handle): where its bytes are, which stay until unpin(); negative if they are an ArrayBuffer's, which the script
 * may detach all the same. */
napi_value pin(napi_env env, napi_callback_info info) {
  const Arguments<1> in(env, info);
  double address = 0;
  guarded(env, [&] {
    check_not_recording(*in.self, "collectives cannot be part of runAsync");
    const double handle = in.number(env, 0);
    address = static_cast<double>(reinterpret_cast<uintptr_t>(bytes_at(*in.self, handle, 0, 0).data));
    if (in.self->storages.lent(in.self->storages.pin(handle))) address = -address;
  });
  return make_number(env, address);
}

/** unpin(handle): once for each pin(). */
napi_value unpin(napi_env env, napi_callback_info info) {
  const Arguments<1> in(env, info);
  in.self->storages.unpin(in.number(env, 0));
  return nullptr;
}

/** share(handle, group): a number by which one other environment may claim() the same memory; -1 if it cannot be. */
Napi::Value share(const Napi::CallbackInfo& info) {
  double number = -1;
  guarded(info.Env(), [&] {
    const double handle = number_argument(info, 0), group = number_argument(info, 1);
    SharedBlock* block = instance(info).storages.share(handle);
    if (!block) return;
    number = Handover::instance().put(block, group);
    if (number < 0) block->let_go();
  });
  return Napi::Number::New(info.Env(), number);
}

/** claim(number, owner): a handle to memory that another environment shared; -1 if nothing waits under that number. */
Napi::Value claim(const Napi::CallbackInfo& info) {
  double handle = -1;
  guarded(info.Env(), [&] {
    if (info.Length() < 2 || !info[1].IsObject()) throw std::invalid_argument("claim: expected an owner");
    SharedBlock* block = Handover::instance().claim(number_argument(info, 0));
    if (block) handle = instance(info).storages.adopt_shared(block, info[1]);
  });
  return Napi::Number::New(info.Env(), handle);
}

/** adoptShared(bytes: Uint8Array, buffer: SharedArrayBuffer, owner): a handle to its memory from the first multiple of
 * 64 on, the same bytes in every thread; -1 when there is no room for it. Node-API 8 knows of SharedArrayBuffers what
 * it tells of arrays over them. */
Napi::Value adopt_shared(const Napi::CallbackInfo& info) {
  double handle = -1;
  guarded(info.Env(), [&] {
    if (info.Length() < 3 || !info[1].IsObject() || !info[2].IsObject()) {
      throw std::invalid_argument("adoptShared: expected a buffer and an owner");
    }
    const Span span = span_of(info.Env(), info[0]);
    const size_t skipped = -reinterpret_cast<uintptr_t>(span.data) % 64;
    if (!span.data || span.bytes < skipped) throw std::invalid_argument("adoptShared: too short");
    handle = instance(info).storages.adopt_lent(span.data + skipped, span.bytes - skipped, info[1], info[2]);
  });
  return Napi::Number::New(info.Env(), handle);
}

/** mapFile(path, owner): a handle to the pages of a file. */
Napi::Value map_file(const Napi::CallbackInfo& info) {
  double handle = -1;
  guarded(info.Env(), [&] {
    if (info.Length() < 2 || !info[0].IsString() || !info[1].IsObject()) {
      throw std::invalid_argument("mapFile: expected a path and an owner");
    }
    SharedBlock* block = SharedBlock::of_file(info[0].As<Napi::String>().Utf8Value());
    handle = instance(info).storages.adopt_shared(block, info[1]);
  });
  return Napi::Number::New(info.Env(), handle);
}

/** The environment ends: give back what it holds while its references can still be deleted. */
void close(void* data) {
  const double group = static_cast<Instance*>(data)->group;
  std::unique_ptr<Instance>(static_cast<Instance*>(data)).reset();  // first: what it held is what there is to trim
  Pool::instance().trim(size_t{64} << 20);
  if (group > 0) Handover::instance().leave(group);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* self = std::make_unique<Instance>(env).release();  // owned by close()
  napi_add_env_cleanup_hook(env, close, self);

  const auto hot = [&](const char* name, napi_callback f) {
    napi_value fn = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, f, self, &fn);
    exports.Set(name, Napi::Value(env, fn));
  };
  hot("run", run);
  hot("runList", run_list);
  hot("allocate", allocate);
  hot("adopt", adopt);
  hot("release", release);
  hot("sweep", sweep);
  hot("item", item);
  hot("read", read);
  hot("write", write);
  hot("canary", canary);
  hot("pin", pin);
  hot("unpin", unpin);

  const auto cold = [&](const char* name, auto f) { exports.Set(name, Napi::Function::New(env, f, name, self)); };
  cold("attach", attach);
  cold("kernels", kernels);
  cold("dtypes", dtypes);
  cold("fullCollection", full_collection);
  cold("poolStats", pool_stats);
  cold("trim", trim);
  cold("setLimit", set_limit);
  cold("getNumThreads", get_threads);
  cold("setNumThreads", set_threads);
  cold("build", build);
  cold("createGenerator", make_generator);
  cold("destroyGenerator", drop_generator);
  cold("seedGenerator", seed_generator);
  cold("generatorSeed", generator_seed);
  cold("generatorState", generator_state);
  cold("setGeneratorState", set_generator_state);
  cold("seedFromSystem", seed_from_system);
  cold("createGroup", create_group);
  cold("joinGroup", join_group);
  cold("groupEnded", group_ended);
  cold("abandonGroup", abandon_group);
  cold("share", share);
  cold("claim", claim);
  cold("adoptShared", adopt_shared);
  cold("mapFile", map_file);
  add_device_entries(env, exports, *self);
  add_async_entries(env, exports, *self);
  return exports;
}

}  // namespace
}  // namespace flambeau

static Napi::Object init_flambeau(Napi::Env env, Napi::Object exports) { return flambeau::init(env, exports); }
NODE_API_MODULE(flambeau, init_flambeau)
