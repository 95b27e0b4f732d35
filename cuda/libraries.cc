// Finding and opening cuBLAS, cuDNN, NCCL and NVRTC, and the product by cuBLAS: see libraries.h.
#include "libraries.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "context.h"
#ifdef FLAMBEAU_CUDA_EMULATED
#include "emulator/cublas.h"
#endif

namespace flambeau::cuda {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> allow_tf32{false};

/** A library: the variable that names it, its file's name for each major version, newest first, what its folder is
 * called. */
struct Name {
  const char* name;
  const char* variable;
  const char* folder;
  std::vector<const char*> files;
};
const Name kCublas{"cuBLAS", "FLAMBEAU_CUBLAS", "cublas", {"libcublas.so.13", "libcublas.so.12"}};
const Name kCudnn{"cuDNN", "FLAMBEAU_CUDNN", "cudnn", {"libcudnn.so.9"}};
const Name kNccl{"NCCL", "FLAMBEAU_NCCL", "nccl", {"libnccl.so.2"}};
const Name kNvrtc{"NVRTC", "FLAMBEAU_NVRTC", "cuda_nvrtc", {"libnvrtc.so.13", "libnvrtc.so.12"}};

/** Folders of PyPI's wheels in an activated environment: nvidia/cu13/lib, nvidia/cublas/lib. */
std::vector<std::string> wheel_folders(const char* folder) {
  std::vector<std::string> out;
  const char* home = std::getenv("VIRTUAL_ENV");
  if (home == nullptr) return out;
  std::error_code failed;
  for (fs::directory_iterator at(fs::path(home) / "lib", failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path packages = at->path() / "site-packages" / "nvidia";
    for (const char* name : {"cu13", "cu12", folder}) {
      const fs::path lib = packages / name / "lib";
      std::error_code ignored;
      if (fs::is_directory(lib, ignored)) out.push_back(lib.string());
    }
  }
  return out;
}

/** An open library, or the reason why there is none. It stays open: its threads may outlive any owner. */
struct Opened {
  void* handle = nullptr;
  std::string path, reason;

  explicit Opened(const Name& wanted) {
    const char* asked = std::getenv(wanted.variable);
    if (asked && std::string_view(asked) == "none") {
      reason = std::string(wanted.variable) + "=none";
      return;
    }
    if (asked && *asked != 0) {
      if (!open(asked)) reason = std::string(wanted.variable) + ": " + reason;
      return;
    }
    for (const std::string& folder : wheel_folders(wanted.folder))
      for (const char* file : wanted.files)
        if (std::error_code ignored; fs::exists(fs::path(folder) / file, ignored) && open(folder + "/" + file)) return;
    for (const char* file : wanted.files)
      if (open(file)) return;
    std::string tried;
    for (const char* file : wanted.files) tried += (tried.empty() ? "" : " or ") + std::string(file);
    reason = tried + " was not found; " + wanted.variable + " may name its path";
  }
  bool open(const std::string& file) {
    handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle)
      path = file;
    else if (const char* why = dlerror())
      reason = why;
    return handle != nullptr;
  }
  template <class F>
  bool take(F*& function, const char* symbol) {
    if (handle) function = reinterpret_cast<F*>(dlsym(handle, symbol));
    if (!function) return false;
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(function), &info) != 0 && info.dli_fname) path = info.dli_fname;
    return true;
  }
};

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

// ---- cuBLAS: its functions and numbers, stated here so that its headers are not needed

struct CublasContext;
/** cublasStatus_t: what a message says of it. */
const char* status_text(int status) {
  switch (status) {
    case 1: return "it is not initialized";
    case 3: return "it is out of memory";
    case 7: return "a value is not valid";
    case 8: return "the GPU lacks a feature";
    case 13: return "the execution failed";
    case 15: return "it does not support this";
    default: return "an internal error";
  }
}
inline constexpr int kCompute32 = 68, kCompute64 = 70, kComputeTf32 = 77;
inline constexpr int kExactSums = 16;  // no sums of halves in half precision
inline constexpr int kDefaultAlgorithm = -1;

int cublas_type(DType d) {
  switch (d) {
    case DType::f32: return 0;
    case DType::f64: return 1;
    case DType::f16: return 2;
    default: return 14;
  }
}

struct Cublas {
  int (*create)(CublasContext**) = nullptr;
  int (*set_stream)(CublasContext*, cudaStream_t) = nullptr;
  int (*set_math_mode)(CublasContext*, int) = nullptr;
  int (*set_workspace)(CublasContext*, void*, size_t) = nullptr;
  int (*property)(int, int*) = nullptr;
  int (*gemm)(CublasContext*, int, int, int, int, int, const void*, const void*, int, int, long long, const void*, int,
              int, long long, const void*, void*, int, int, long long, int, int, int) = nullptr;
  LibraryInfo info{"cuBLAS", "", "", ""};
  std::mutex lock;
  std::map<int, CublasContext*> contexts;  // by device; as the GPUs' memory, they are the driver's to free at exit

  Cublas() {
#ifdef FLAMBEAU_CUDA_EMULATED
    // the emulator's stand-in, by the same table: what follows it is what ships
    if (const char* asked = std::getenv(kCublas.variable); asked && std::string_view(asked) == "emulator") {
      const auto as = []<class F>(F*& to, auto* from) { to = reinterpret_cast<F*>(from); };
      as(create, cublasCreate_v2);
      as(set_stream, cublasSetStream_v2);
      as(set_math_mode, cublasSetMathMode);
      as(set_workspace, cublasSetWorkspace_v2);
      as(gemm, cublasGemmStridedBatchedEx);
      info.version = "13.0.0";
      info.path = "emulator";
      return;
    }
#endif
    Opened library(kCublas);
    const bool whole = library.take(create, "cublasCreate_v2") && library.take(set_stream, "cublasSetStream_v2") &&
                       library.take(set_math_mode, "cublasSetMathMode") &&
                       library.take(set_workspace, "cublasSetWorkspace_v2") &&
                       library.take(property, "cublasGetProperty") && library.take(gemm, "cublasGemmStridedBatchedEx");
    if (!whole) {
      gemm = nullptr;
      info.reason = library.handle ? library.path + " lacks a function" : library.reason;
      return;
    }
    int version[3] = {};
    for (int i = 0; i < 3; i++) property(i, &version[i]);
    info.version = dotted(version[0], version[1], version[2]);
    info.path = library.path;
  }

  static void expect(int status, const char* what) {
    if (status != 0) throw DeviceFailure(std::string("cuBLAS: ") + what + ": " + status_text(status));
  }
  /** That of the current device; the lock is held. */
  CublasContext* context() {
    CublasContext*& at = contexts[current().device];
    if (!at) {
      expect(create(&at), "cublasCreate");
      expect(set_math_mode(at, kExactSums), "cublasSetMathMode");
    }
    return at;
  }
};
Cublas& cublas() {
  static Cublas found;
  return found;
}

/** A matrix [rows, cols] as cuBLAS sees it, column by column: dense rows are its columns, so 'transposed' is swapped.
 */
struct Layout {
  bool fits = false, by_columns = false;
  int64_t leading = 1;
  Layout(const Matrix& x, int64_t rows, int64_t cols) {
    const auto dense = [](int64_t step, int64_t count, int64_t line, int64_t lines) {
      return (step == 1 || count == 1) && (lines == 1 || line >= std::max<int64_t>(1, count));
    };
    if (dense(x.col, cols, x.row, rows)) {
      fits = true;
      leading = rows == 1 ? std::max<int64_t>(1, cols) : x.row;
    } else if (dense(x.row, rows, x.col, cols)) {
      fits = by_columns = true;
      leading = cols == 1 ? std::max<int64_t>(1, rows) : x.col;
    }
    fits = fits && leading < (int64_t{1} << 31);
  }
};

}  // namespace

bool multiply_by_cublas(const Product& p) {
  const bool floating =
      p.dtype == DType::f32 || p.dtype == DType::f64 || p.dtype == DType::f16 || p.dtype == DType::bf16;
  if (!floating || p.k == 0 || p.m == 1 || p.n == 1 || !cublas().gemm) return false;
  const Layout a(p.a, p.m, p.k), b(p.b, p.k, p.n), c(p.c, p.m, p.n);
  constexpr int64_t most = (int64_t{1} << 31) - 1;
  if (!a.fits || !b.fits || !c.fits || c.by_columns || std::max({p.m, p.n, p.k, p.batch}) > most) return false;
  Cublas& library = cublas();
  double beta = p.beta;
  if (p.bias) {
    // C = beta·C + bias first, and the product on top: rounded once, for the bias alone is exact
    Product first = p;
    first.k = 0;
    add_partials(first, nullptr, 0);
    beta = 1;
  }
  const bool wide = p.dtype == DType::f64;
  const float alpha32 = static_cast<float>(p.alpha), beta32 = static_cast<float>(beta);
  const void *const alpha = wide ? static_cast<const void*>(&p.alpha) : &alpha32, *const scale =
                                                                                      wide ? static_cast<const void*>(
                                                                                                 &beta)
                                                                                           : &beta32;
  const int type = cublas_type(p.dtype);
  const int compute = wide ? kCompute64 : p.dtype == DType::f32 && allow_tf32 ? kComputeTf32 : kCompute32;
  // memory of this call's stream: a context's own would be shared by all streams
  constexpr size_t kWorkspace = size_t{8} << 20;
  const Temporary workspace(kWorkspace);
  const std::lock_guard<std::mutex> hold(library.lock);
  CublasContext* const context = library.context();
  Cublas::expect(library.set_stream(context, current().stream), "cublasSetStream");
  Cublas::expect(library.set_workspace(context, workspace.as<void>(), kWorkspace), "cublasSetWorkspace");
  const auto number = [](int64_t v) { return static_cast<int>(v); };
  // row by row, C = A·B; column by column, its transpose = Bᵀ·Aᵀ
  Cublas::expect(library.gemm(context, b.by_columns ? 1 : 0, a.by_columns ? 1 : 0, number(p.n), number(p.m),
                              number(p.k), alpha, p.b.at, type, number(b.leading), p.b.batch, p.a.at, type,
                              number(a.leading), p.a.batch, scale, const_cast<void*>(p.c.at), type, number(c.leading),
                              p.c.batch, number(p.batch), compute, kDefaultAlgorithm),
                 "cublasGemmStridedBatchedEx");
  return true;
}

bool set_library_option(std::string_view name, double value) {
  if (name != "allowTf32") return false;
  allow_tf32 = value != 0;
  return true;
}

std::vector<LibraryInfo> find_libraries() {
  std::vector<LibraryInfo> out{cublas().info};
  const auto look = [&](const Name& name, const char* unused, auto&& version) {
    static std::mutex lock;
    static std::map<std::string_view, LibraryInfo> seen;
    const std::lock_guard<std::mutex> hold(lock);
    auto at = seen.find(name.name);
    if (at == seen.end()) {
      Opened library(name);
      LibraryInfo info{name.name, "", "", library.reason};
      if (library.handle) {
        info.version = version(library);
        info.path = library.path;
        info.reason = info.version.empty() ? library.path + " lacks a function" : unused;
      }
      at = seen.emplace(name.name, info).first;
    }
    out.push_back(at->second);
  };
  look(kCudnn, "not used: convolutions are computed by this library's own kernels", [](Opened& library) -> std::string {
    size_t (*get)() = nullptr;
    if (!library.take(get, "cudnnGetVersion")) return "";
    const int v = static_cast<int>(get());
    return v >= 90000 ? dotted(v / 10000, v / 100 % 100, v % 100) : dotted(v / 1000, v / 100 % 10, v % 100);
  });
  look(kNccl, "not used: there are no collective operations", [](Opened& library) -> std::string {
    int (*get)(int*) = nullptr;
    int v = 0;
    if (!library.take(get, "ncclGetVersion") || get(&v) != 0) return "";
    return dotted(v / 10000, v / 100 % 100, v % 100);
  });
  look(kNvrtc, "not used: all kernels are compiled ahead", [](Opened& library) -> std::string {
    int (*get)(int*, int*) = nullptr;
    int major = 0, minor = 0;
    if (!library.take(get, "nvrtcVersion") || get(&major, &minor) != 0) return "";
    return std::to_string(major) + "." + std::to_string(minor);
  });
  return out;
}

}  // namespace flambeau::cuda
