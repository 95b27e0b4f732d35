// Finding and opening cuBLAS and NVRTC, and the product by cuBLAS: see libraries.h.
#include "libraries.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>

#include "context.h"
#include "cudnn.h"
#include "nccl.h"
#include "opened.h"
#ifdef FLAMBEAU_CUDA_EMULATED
#include "emulator/cublas.h"
#endif

namespace flambeau::cuda {
namespace {

std::atomic<bool> allow_tf32{false};

const LibraryName kCublas{"cuBLAS", "FLAMBEAU_CUBLAS", "cublas", {"libcublas.so.13", "libcublas.so.12"}};
const LibraryName kNvrtc{"NVRTC", "FLAMBEAU_NVRTC", "cuda_nvrtc", {"libnvrtc.so.13", "libnvrtc.so.12"}};

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
  /** A context and what it was told last: telling it again takes as long as a small product. */
  struct Held {
    CublasContext* at = nullptr;
    bool told = false;
    cudaStream_t stream = nullptr;
    void* workspace = nullptr;
  };
  std::map<int, Held> contexts;  // by device; as the GPUs' memory, they are the driver's to free at exit

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
  /** That of the current device, for its stream and with this workspace; the lock is held. */
  CublasContext* context(void* workspace, size_t bytes) {
    Held& held = contexts[current().device];
    if (!held.at) {
      expect(create(&held.at), "cublasCreate");
      expect(set_math_mode(held.at, kExactSums), "cublasSetMathMode");
    }
    if (held.told && held.stream == current().stream && held.workspace == workspace) return held.at;
    held.told = false;
    expect(set_stream(held.at, current().stream), "cublasSetStream");
    expect(set_workspace(held.at, workspace, bytes), "cublasSetWorkspace");
    held = {held.at, true, current().stream, workspace};
    return held.at;
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
  // memory of this call's stream: a context's own would be shared by all streams. What cuBLAS takes by itself: 4 MB,
  // and from Hopper on 32 (cuBLAS documentation, cublasSetWorkspace)
  const size_t room = size_t{context().gpus[static_cast<size_t>(current().device)].properties.major >= 9 ? 32u : 8u}
                      << 20;
  const Temporary workspace(room);
  const std::lock_guard<std::mutex> hold(library.lock);
  CublasContext* const context = library.context(workspace.as<void>(), room);
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
  if (name != "allowTf32") return set_cudnn_option(name, value != 0);
  allow_tf32 = value != 0;
  return true;
}

std::vector<LibraryInfo> find_libraries() {
  std::vector<LibraryInfo> out{cublas().info, cudnn_info(), nccl_info()};
  const auto look = [&](const LibraryName& name, const char* unused, auto&& version) {
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
  look(kNvrtc, "not used: all kernels are compiled ahead", [](Opened& library) -> std::string {
    int (*get)(int*, int*) = nullptr;
    int major = 0, minor = 0;
    if (!library.take(get, "nvrtcVersion") || get(&major, &minor) != 0) return "";
    return std::to_string(major) + "." + std::to_string(minor);
  });
  return out;
}

}  // namespace flambeau::cuda
