// The Node-API surface of the MPI engine. lib/distributed/engine.ts is its typed mirror and the only caller. A call's
// numbers come in a shared Float64Array, as there are many and allReduce must cost little more than MPI's own.
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../napi.h"
#include "engine.h"

namespace flambeau::mpi {
namespace {

/** Places in the shared array. */
enum Word {
  kKind,
  kDType,
  kReduction,
  kPeer,
  kTag,
  kGroup,
  kOut,
  kOutCount,
  kIn,
  kInCount,
  kTimeout,
  kSource,
  kSince,
  kUntil,
  kWords
};

struct Instance {
  double* words = nullptr;
  napi_ref array = nullptr;  // strong
  napi_threadsafe_function completed = nullptr;
};

Instance& self(const Napi::CallbackInfo& info) { return *static_cast<Instance*>(info.Data()); }
Engine& engine() { return Engine::instance(); }

/** Nothing may leave through the C boundary. */
template <class F>
void guarded(napi_env env, F&& f) noexcept {
  try {
    f();
  } catch (const std::exception& error) {
    napi_throw_error(env, "FLAMBEAU_MPI", error.what());
  }
}

double number(const Napi::CallbackInfo& info, size_t i) {
  if (info.Length() <= i || !info[i].IsNumber()) throw std::invalid_argument("expected a number");
  return info[i].As<Napi::Number>().DoubleValue();
}
std::string text(const Napi::CallbackInfo& info, size_t i) {
  return info.Length() > i && info[i].IsString() ? info[i].As<Napi::String>().Utf8Value() : std::string();
}

std::vector<int64_t> splits(const Napi::CallbackInfo& info, size_t i) {
  std::vector<int64_t> list;
  if (info.Length() <= i || !info[i].IsTypedArray()) return list;
  const auto array = info[i].As<Napi::TypedArray>();
  if (array.TypedArrayType() != napi_float64_array) throw std::invalid_argument("expected a Float64Array");
  const auto numbers = info[i].As<Napi::Float64Array>();
  for (size_t k = 0; k < numbers.ElementLength(); k++) list.push_back(static_cast<int64_t>(numbers[k]));
  return list;
}

void read(const double* w, Operation& op) {
  if (!w) throw std::invalid_argument("MPI was not started");
  const auto whole = [&](Word word, double most) {
    if (!(w[word] >= -1 && w[word] <= most)) throw std::invalid_argument("a number of the call is out of range");
    return static_cast<int64_t>(w[word]);
  };
  op.kind = static_cast<Kind>(std::max<int64_t>(0, whole(kKind, kKinds - 1)));
  op.dtype = static_cast<DType>(std::max<int64_t>(0, whole(kDType, kDTypes - 1)));
  op.reduction = static_cast<Reduction>(std::max<int64_t>(0, whole(kReduction, kReductions - 1)));
  op.peer = static_cast<int>(whole(kPeer, 0x7fffffff));
  op.tag = static_cast<int>(whole(kTag, 0x7fffffff));
  op.group = engine().group(static_cast<int>(whole(kGroup, 0x7fffffff)));
  op.out = reinterpret_cast<std::byte*>(static_cast<uintptr_t>(whole(kOut, 0x1p53)));
  op.in = reinterpret_cast<const std::byte*>(static_cast<uintptr_t>(whole(kIn, 0x1p53)));
  op.out_count = static_cast<size_t>(whole(kOutCount, 0x1p50));
  op.in_count = static_cast<size_t>(whole(kInCount, 0x1p50));
  op.timeout = w[kTimeout];
}
void read(const Napi::CallbackInfo& info, Operation& op) {
  read(self(info).words, op);
  op.fingerprint = text(info, 0);
  op.in_splits = splits(info, 1);
  op.out_splits = splits(info, 2);
}

/** run(): what the words say, to its end. Gives the error, undefined if none. By the C API, which is half the time. */
napi_value run(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  double* words = static_cast<Instance*>(data)->words;
  std::string error;
  guarded(env, [&] {
    Operation op;
    read(words, op);
    error = engine().run(op);
    words[kSource] = op.source;
  });
  napi_value out = nullptr;
  if (!error.empty()) napi_create_string_utf8(env, error.data(), error.size(), &out);
  return out;
}

/** runWith(fingerprint, inSplits?, outSplits?): the same with what is not a number. */
Napi::Value run_with(const Napi::CallbackInfo& info) {
  std::string error;
  guarded(info.Env(), [&] {
    Operation op;
    read(info, op);
    error = engine().run(op);
    self(info).words[kSource] = op.source;
  });
  return error.empty() ? info.Env().Undefined() : Napi::String::New(info.Env(), error);
}

/** launch(fingerprint?, inSplits?, outSplits?): begins it, gives its number. */
Napi::Value launch(const Napi::CallbackInfo& info) {
  int64_t id = 0;
  guarded(info.Env(), [&] {
    auto op = std::make_unique<Operation>();
    read(info, *op);
    id = engine().launch(std::move(op));
  });
  return Napi::Number::New(info.Env(), static_cast<double>(id));
}

/** wait(id, seconds): whether it has ended. */
Napi::Value wait(const Napi::CallbackInfo& info) {
  bool ended = false;
  guarded(info.Env(), [&] { ended = engine().wait(static_cast<int64_t>(number(info, 0)), number(info, 1)); });
  return Napi::Boolean::New(info.Env(), ended);
}

/** done(id). */
Napi::Value done(const Napi::CallbackInfo& info) {
  bool ended = false;
  guarded(info.Env(), [&] { ended = engine().done(static_cast<int64_t>(number(info, 0))); });
  return Napi::Boolean::New(info.Env(), ended);
}

/** watch(id): the time counts from now on, and the environment lives until it has ended: hold(true). */
void watch(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { engine().watch(static_cast<int64_t>(number(info, 0))); });
}

/** hold(on): whether the event loop waits for what is under way. */
void hold(const Napi::CallbackInfo& info) {
  const Instance& me = self(info);
  if (!me.completed) return;
  if (info.Length() > 0 && info[0].ToBoolean())
    napi_ref_threadsafe_function(info.Env(), me.completed);
  else
    napi_unref_threadsafe_function(info.Env(), me.completed);
}

/** Milliseconds of the clock that process.hrtime() reads. */
double milliseconds(Clock::time_point t) {
  return std::chrono::duration<double, std::milli>(t.time_since_epoch()).count();
}
/**
 * take(id): the error of one that has ended, undefined if all is well; whom a message came from and when a collective
 * ran are in the words.
 */
Napi::Value take(const Napi::CallbackInfo& info) {
  std::string error;
  guarded(info.Env(), [&] {
    const auto op = engine().take(static_cast<int64_t>(number(info, 0)));
    if (!op) throw std::invalid_argument("it has not ended");
    self(info).words[kSource] = op->source;
    self(info).words[kSince] = milliseconds(op->since);
    self(info).words[kUntil] = milliseconds(op->until);
    error = op->error;
  });
  return error.empty() ? info.Env().Undefined() : Napi::String::New(info.Env(), error);
}

/** completed(): the numbers of those that have ended since the last call. */
Napi::Value completed(const Napi::CallbackInfo& info) {
  const std::vector<int64_t> ids = engine().completed();
  Napi::Array list = Napi::Array::New(info.Env(), ids.size());
  for (size_t i = 0; i < ids.size(); i++) {
    list.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), static_cast<double>(ids[i])));
  }
  return list;
}

/** createGroup(ranks: Float64Array, local, tag, name): its number, -1 for who is not in it. */
Napi::Value create_group(const Napi::CallbackInfo& info) {
  int made = -1;
  guarded(info.Env(), [&] {
    std::vector<int> ranks;
    for (const int64_t rank : splits(info, 0)) {
      if (rank < 0 || rank >= engine().size()) throw std::invalid_argument("there is no such rank");
      ranks.push_back(static_cast<int>(rank));
    }
    made = engine().create_group(ranks, info[1].ToBoolean(), static_cast<int>(number(info, 2)), text(info, 3));
  });
  return Napi::Number::New(info.Env(), made);
}

void free_group(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { engine().free_group(static_cast<int>(number(info, 0))); });
}

/** abort(message, code): ends all processes of the job. */
void abort(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { engine().abort(text(info, 0), static_cast<int>(number(info, 1))); });
}

/** finish(): before the process ends. */
void finish(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { engine().finish(); });
}

/** The environment ends: lib/distributed/mpi.ts has called finish() if it does so of its own will. Added after the
 * thread-safe function, so that it runs before that is freed. */
void stop(void*) { engine().finish(); }

/** start(words: Float64Array, completed: () => void): MPI_Init; gives [rank, size, local rank, local size]. */
Napi::Value start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array out = Napi::Array::New(env);
  guarded(env, [&] {
    Instance& me = self(info);
    if (info.Length() < 2 || !info[0].IsTypedArray() || !info[1].IsFunction())
      throw std::invalid_argument("start: bad arguments");
    Napi::Float64Array words = info[0].As<Napi::Float64Array>();
    if (words.TypedArrayType() != napi_float64_array || words.ElementLength() < kWords) {
      throw std::invalid_argument("start: the array is too short");
    }
    if (!me.completed) {
      napi_create_threadsafe_function(env, info[1], nullptr, Napi::String::New(env, "flambeau MPI"), 0, 1, nullptr,
                                      nullptr, nullptr, nullptr, &me.completed);
      napi_unref_threadsafe_function(env, me.completed);
      napi_add_env_cleanup_hook(env, stop, nullptr);
    }
    if (me.array) napi_delete_reference(env, me.array);
    napi_create_reference(env, words, 1, &me.array);
    me.words = words.Data();
    engine().start([call = me.completed] { napi_call_threadsafe_function(call, nullptr, napi_tsfn_nonblocking); });
    const int numbers[] = {engine().rank(), engine().size(), engine().local_rank(), engine().local_size()};
    for (uint32_t i = 0; i < 4; i++) out.Set(i, Napi::Number::New(env, numbers[i]));
  });
  return out;
}

Napi::Value version(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), FLAMBEAU_VERSION); }
Napi::Value library(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), Engine::library()); }

void close(void* data) { std::unique_ptr<Instance>(static_cast<Instance*>(data)).reset(); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Instance* me = std::make_unique<Instance>().release();  // owned by close()
  napi_add_env_cleanup_hook(env, close, me);
  const auto add = [&](const char* name, auto f) { exports.Set(name, Napi::Function::New(env, f, name, me)); };
  add("version", version);
  add("library", library);
  add("start", start);
  napi_value direct = nullptr;
  napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, me, &direct);
  exports.Set("run", Napi::Value(env, direct));
  add("runWith", run_with);
  add("launch", launch);
  add("wait", wait);
  add("done", done);
  add("watch", watch);
  add("hold", hold);
  add("take", take);
  add("completed", completed);
  add("createGroup", create_group);
  add("freeGroup", free_group);
  add("abort", abort);
  add("finish", finish);
  return exports;
}

}  // namespace
}  // namespace flambeau::mpi

static Napi::Object init_mpi(Napi::Env env, Napi::Object exports) { return flambeau::mpi::init(env, exports); }
NODE_API_MODULE(flambeau_mpi, init_mpi)
