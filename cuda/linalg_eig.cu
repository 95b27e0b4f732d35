// Eigenvalues of symmetric matrices and singular values by Jacobi's method: rotations of disjoint pairs of rows, round
// after round, until all pairs are orthogonal. Called by torch.linalg's eigh and svd. Registered by backend.cc.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.h"
#include "linalg.cuh"

namespace flambeau::cuda {
namespace {

using namespace linalg;

constexpr int kSweeps = 48;

/** Blocks that have memory of their own at once. */
unsigned crew(int64_t count) { return blocks_for(count, std::max<int64_t>(4 * limits().processors, 1)); }

/** Pair `i` of round `round`, of n players who all meet once in n - 1 rounds; n is even. */
__device__ void meeting(int64_t n, int64_t round, int64_t i, int64_t& p, int64_t& q) {
  const auto player = [&](int64_t seat) { return seat == 0 ? 0 : 1 + (seat - 1 + round) % (n - 1); };
  const int64_t a = player(i), b = player(n - 1 - i);
  p = a < b ? a : b;
  q = a < b ? b : a;
}

/**
 * The rotation that makes [[x, z], [z, y]] diagonal: p, q become p - s (q + r p) and q + s (p - r q), where r is
 * s / (1 + c). So written, what it adds is small where the angle is, and so are the errors.
 */
template <class T>
struct Rotation {
  T s = 0, r = 0;
  __device__ Rotation() {}
  __device__ Rotation(T s, T r) : s(s), r(r) {}
  __device__ Rotation(double x, double y, double z) {
    const double theta = (y - x) / (2 * z), size = fabs(theta);
    const double t = (theta >= 0 ? 1.0 : -1.0) / (size + (size > 1e15 ? size : sqrt(1 + theta * theta)));
    const double c = 1 / sqrt(1 + t * t);
    s = static_cast<T>(t * c);
    r = static_cast<T>(t * c / (1 + c));
  }
  __device__ void turn(T& p, T& q) const {
    const T x = p, y = q;
    p = x - s * (y + r * x);
    q = y + s * (x - r * y);
  }
  __device__ T tangent() const { return s / (1 - s * r); }
};

// ---- eigh -----------------------------------------------------------------------------------------------------------

template <class T>
struct EighArgs {
  T *a, *w, *memory;  // for each block: vectors [n, n], rotations [n + 1]
  int32_t* info;
  int64_t count, n;
  T eps;
  bool vectors;
};

/** A, symmetric, both halves filled, becomes diagonal, V the product of the rotations. Whether it converged. */
template <class T>
__device__ bool diagonalize(const Team& team, T* a, T* v, T* turns, int64_t n, T eps, bool vectors, int* turned) {
  const int64_t even = n + n % 2, pairs = even / 2;
  T *const sines = turns, *const ratios = turns + pairs;
  for (int sweep = 0; sweep < kSweeps; sweep++) {
    if (team.thread == 0) *turned = 0;
    __syncthreads();
    for (int64_t round = 0; round < even - 1; round++) {
      for (int64_t i = team.thread; i < pairs; i += team.threads) {
        int64_t p, q;
        meeting(even, round, i, p, q);
        Rotation<T> turn;
        if (q < n) {
          const T x = a[p * n + p], y = a[q * n + q], z = a[p * n + q];
          // the matrix's largest element is near 1
          if (fabs(z) > eps * eps && (fabs(z) > eps * fabs(x) || fabs(z) > eps * fabs(y))) {
            turn = Rotation<T>(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z));
            *turned = 1;
          }
        }
        sines[i] = turn.s;
        ratios[i] = turn.r;
      }
      __syncthreads();
      // each pair of pairs is four elements of nobody else's
      each_flat(team, pairs, pairs, [&](int64_t i, int64_t j) {
        const Rotation<T> one(sines[i], ratios[i]), other(sines[j], ratios[j]);
        if (one.s == 0 && other.s == 0) return;
        int64_t p, q, k, l;
        meeting(even, round, i, p, q);
        meeting(even, round, j, k, l);
        const bool down = q < n, right = l < n;
        T e = a[p * n + k], f = right ? a[p * n + l] : T(0), g = down ? a[q * n + k] : T(0),
          h = down && right ? a[q * n + l] : T(0);
        if (i == j) {
          const T change = one.tangent() * f;
          e -= change;
          h += change;
          f = g = 0;
        } else {
          one.turn(e, g);
          one.turn(f, h);
          other.turn(e, f);
          other.turn(g, h);
        }
        a[p * n + k] = e;
        if (right) a[p * n + l] = f;
        if (down) a[q * n + k] = g;
        if (down && right) a[q * n + l] = h;
      });
      if (vectors) {
        // the vectors are the rows of V
        each_element(team, pairs, n, [&](int64_t i, int64_t j) {
          const Rotation<T> turn(sines[i], ratios[i]);
          if (turn.s == 0) return;
          int64_t p, q;
          meeting(even, round, i, p, q);
          turn.turn(v[p * n + j], v[q * n + j]);
        });
      }
      __syncthreads();
    }
    const bool done = *turned == 0;
    __syncthreads();
    if (done) return true;
  }
  return false;
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) eigh_kernel(const EighArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  __shared__ int turned;
  const Team team(scratch);
  const int64_t n = args.n;
  T* const v = args.memory + static_cast<int64_t>(blockIdx.x) * (n * n + n + 1);
  T* const turns = v + n * n;
  for (int64_t b = blockIdx.x; b < args.count; b += gridDim.x) {
    T* const a = args.a + b * n * n;
    each_element(team, n, n, [&](int64_t i, int64_t j) {
      if (j > i) a[i * n + j] = a[j * n + i];
      v[i * n + j] = i == j ? T(1) : T(0);
    });
    __syncthreads();
    const T scale = scale_of(team, a, n * n);
    if (scale == 0) {
      if (team.thread == 0) args.info[b] = 2;
      continue;
    }
    for (int64_t i = team.thread; i < n * n; i += team.threads) a[i] *= scale;
    __syncthreads();
    const bool converged = diagonalize(team, a, v, turns, n, args.eps, args.vectors, &turned);
    // the values in ascending order: each finds its place
    for (int64_t i = team.thread; i < n; i += team.threads) turns[i] = a[i * n + i];
    __syncthreads();
    for (int64_t i = team.warp; i < n; i += team.warps) {
      const T own = turns[i];
      int64_t place = 0;
      for (int64_t j = 0; j < n; j++) place += turns[j] < own || (turns[j] == own && j < i) ? 1 : 0;
      if (team.lane == 0) args.w[b * n + place] = own / scale;
      if (!args.vectors) continue;
      for (int64_t r = team.lane; r < n; r += kWarp) a[r * n + place] = v[i * n + r];
    }
    if (team.thread == 0) args.info[b] = converged ? 0 : 1;
    __syncthreads();
  }
}

/** A [B, n, n], of which the lower half is read, w [B, n], info int32 [B]. Parameter: whether A becomes the vectors. */
void eigh(const Plan& plan) {
  plan.expect(3, 1);
  const Operand &a = plan.operand[0], &w = plan.operand[1], &info = plan.operand[2];
  const Batch s(a);
  const int64_t n = s.rows;
  Plan::require(n == s.cols, "linalg: expected square matrices");
  expect_vectors(w, s.count, n, a.dtype);
  expect_info(info, s.count);
  if (s.count == 0) return;
  floating(a.dtype, [&]<class T>(T) {
    const unsigned blocks = crew(s.count);
    const Temporary memory(blocks * static_cast<size_t>(n * n + n + 1) * sizeof(T));
    const EighArgs<T> args{device_data<T>(a),
                           device_data<T>(w),
                           memory.as<T>(),
                           device_data<int32_t>(info),
                           s.count,
                           n,
                           std::numeric_limits<T>::epsilon() / 4,
                           plan.flag(0)};
    launch(eigh_kernel<T>, {blocks}, {threads_for_matrix(n * n)}, 0, args);
  });
}

// ---- svd ------------------------------------------------------------------------------------------------------------

/** Of a matrix with `tall` rows and `n` columns, or, if flipped, the transpose of one. */
template <class T>
struct SvdArgs {
  const T* a;
  T *s, *u, *vh, *memory;
  int32_t* info;
  int64_t count, tall, n, left;  // left: how many vectors of `tall` elements are wanted
  int64_t each;                  // of memory, for a block
  T tolerance;
  bool flipped, vectors;
};

/**
 * A row that is as short as this, where the matrix's largest element is near 1, is zero. What depends on other rows
 * gets shorter by the precision with each sweep, and would do so until its bits are gone.
 */
template <class T>
__device__ constexpr T vanishing() {
  return sizeof(T) == 4 ? T(1e-30) : T(1e-140);
}
/** The sum over a warp. */
__device__ double of_warp(double v) {
  for (int step = kWarp / 2; step > 0; step /= 2) v += __shfl_xor_sync(~0u, v, step);
  return v;
}

/** The rows of W [n, tall] become orthogonal, by rotations that V [n, n] takes part in. Whether it converged. */
template <class T>
__device__ bool orthogonalize(const Team& team, T* w, T* v, int64_t tall, int64_t n, T tolerance, bool vectors,
                              int* turned) {
  const int64_t even = n + n % 2;
  for (int sweep = 0; sweep < kSweeps; sweep++) {
    if (team.thread == 0) *turned = 0;
    __syncthreads();
    for (int64_t round = 0; round < even - 1; round++) {
      for (int64_t i = team.warp; i < even / 2; i += team.warps) {
        int64_t p, q;
        meeting(even, round, i, p, q);
        if (q >= n) continue;
        T *const x = w + p * tall, *const y = w + q * tall;
        double xx = 0, yy = 0, xy = 0;
        for (int64_t k = team.lane; k < tall; k += kWarp) {
          const double f = static_cast<double>(x[k]), g = static_cast<double>(y[k]);
          xx += f * f;
          yy += g * g;
          xy += f * g;
        }
        xx = of_warp(xx);
        yy = of_warp(yy);
        xy = of_warp(xy);
        const double shortest = static_cast<double>(vanishing<T>());
        if (fmin(xx, yy) <= shortest * shortest) continue;
        if (!(fabs(xy) > static_cast<double>(tolerance) * sqrt(xx) * sqrt(yy))) continue;
        const Rotation<T> turn(xx, yy, xy);
        for (int64_t k = team.lane; k < tall; k += kWarp) turn.turn(x[k], y[k]);
        for (int64_t k = team.lane; vectors && k < n; k += kWarp) turn.turn(v[p * n + k], v[q * n + k]);
        if (team.lane == 0) *turned = 1;
      }
      __syncthreads();
    }
    const bool done = *turned == 0;
    __syncthreads();
    if (done) return true;
  }
  return false;
}

/** L [tall, left] gets vectors from column `known` on that are orthogonal to those before, which are in F, too. */
template <class T>
__device__ void complete(const Team& team, T* l, T* f, T* tau, int64_t tall, int64_t known, int64_t left) {
  factor_qr(team, f, tall, known, tau);
  each_element(team, tall, left - known,
               [&](int64_t i, int64_t j) { l[i * left + known + j] = i == known + j ? T(1) : T(0); });
  __syncthreads();
  for (int64_t j = known - 1; j >= 0; j--)
    reflect(team, f + j * known + j, known, tau[j], l + j * left + known, left, tall - j, left - known);
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) svd_kernel(const SvdArgs<T> args) {
  __shared__ double scratch[kMaxWarps * kWarp];
  __shared__ int turned, nonzero;
  const Team team(scratch);
  const int64_t tall = args.tall, n = args.n, left = args.left;
  T* const w = args.memory + blockIdx.x * args.each;
  T *const norms = w + n * tall, *const v = norms + n, *const l = v + n * n, *const f = l + tall * left;
  for (int64_t b = blockIdx.x; b < args.count; b += gridDim.x) {
    const T* const a = args.a + b * tall * n;
    const T scale = scale_of(team, a, tall * n);
    if (scale == 0) {
      if (team.thread == 0) args.info[b] = 2;
      continue;
    }
    // the columns of the tall matrix are the rows of W
    each_element(team, n, tall, [&](int64_t i, int64_t j) {
      w[i * tall + j] = scale * (args.flipped ? a[i * tall + j] : a[j * n + i]);
    });
    if (args.vectors) each_element(team, n, n, [&](int64_t i, int64_t j) { v[i * n + j] = i == j ? T(1) : T(0); });
    if (team.thread == 0) nonzero = 0;
    __syncthreads();
    const bool converged = orthogonalize(team, w, v, tall, n, args.tolerance, args.vectors, &turned);
    for (int64_t i = team.warp; i < n; i += team.warps) {
      double sum = 0;
      for (int64_t k = team.lane; k < tall; k += kWarp) {
        const double x = static_cast<double>(w[i * tall + k]);
        sum += x * x;
      }
      sum = of_warp(sum);
      if (team.lane == 0) norms[i] = static_cast<T>(sqrt(sum));
    }
    __syncthreads();
    for (int64_t i = team.warp; i < n; i += team.warps) {
      const T own = norms[i];
      int64_t place = 0;
      for (int64_t j = 0; j < n; j++) place += norms[j] > own || (norms[j] == own && j < i) ? 1 : 0;
      if (team.lane == 0) {
        args.s[b * n + place] = own / scale;
        if (own > vanishing<T>()) atomicAdd(&nonzero, 1);
      }
      if (!args.vectors) continue;
      for (int64_t k = team.lane; k < tall; k += kWarp)
        l[k * left + place] = own > vanishing<T>() ? w[i * tall + k] / own : T(0);
      T* const right = args.flipped ? args.u + b * n * n + place : args.vh + b * n * n + place * n;
      for (int64_t k = team.lane; k < n; k += kWarp) right[args.flipped ? k * n : k] = v[i * n + k];
    }
    __syncthreads();
    if (args.vectors) {
      const int64_t known = nonzero;
      if (known < left) {
        each_element(team, tall, known, [&](int64_t i, int64_t j) { f[i * known + j] = l[i * left + j]; });
        __syncthreads();
        complete(team, l, f, norms, tall, known, left);
      }
      T* const to = args.flipped ? args.vh + b * left * tall : args.u + b * tall * left;
      each_element(team, tall, left,
                   [&](int64_t i, int64_t j) { to[args.flipped ? j * tall + i : i * left + j] = l[i * left + j]; });
    }
    if (team.thread == 0) args.info[b] = converged ? 0 : 1;
    __syncthreads();
  }
}

/** Without rows or columns: no values, and bases of what is left. */
template <class T>
__global__ void identity_kernel(T* to, int32_t* info, int64_t count, int64_t n) {
  for (int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x; i < count * n * n;
       i += int64_t{blockDim.x} * gridDim.x)
    to[i] = i % (n * n) % (n + 1) == 0 ? T(1) : T(0);
  if (blockIdx.x == 0)
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) info[i] = 0;
}

/**
 * A [B, m, n]; S [B, k], info int32 [B]; U [B, m, k or m] and Vh [B, k or n, n] are both there or neither is.
 */
void svd(const Plan& plan) {
  plan.expect(5, 0);
  const Operand &a = plan.operand[0], &s = plan.operand[1], &info = plan.operand[2], &u = plan.operand[3],
                &vh = plan.operand[4];
  const Batch size(a);
  const int64_t m = size.rows, n = size.cols, k = std::min(m, n), tall = std::max(m, n);
  expect_vectors(s, size.count, k, a.dtype);
  expect_info(info, size.count);
  Plan::require(static_cast<bool>(u) == static_cast<bool>(vh), "linalg: U and Vh come together");
  int64_t wanted = 0;
  if (u) {
    const Batch left(u), right(vh);
    const bool full = left.cols == m && right.rows == n, thin = left.cols == k && right.rows == k;
    Plan::require(left.count == size.count && left.rows == m && right.count == size.count && right.cols == n &&
                      (full || thin) && u.dtype == a.dtype && vh.dtype == a.dtype,
                  "linalg: U and Vh do not fit");
    wanted = m >= n ? left.cols : right.rows;
  }
  if (size.count == 0) return;
  floating(a.dtype, [&]<class T>(T) {
    const bool flipped = m < n;
    if (k == 0) {
      T* const basis = wanted == 0 ? nullptr : device_data<T>(flipped ? vh : u);
      launch(identity_kernel<T>, {256}, {kThreads}, 0, basis, device_data<int32_t>(info), size.count, wanted);
      return;
    }
    const int64_t each = k * tall + k + (u ? k * k + tall * wanted + tall * k : 0);
    const unsigned blocks = crew(size.count);
    const Temporary memory(blocks * static_cast<size_t>(each) * sizeof(T));
    const T eps = std::numeric_limits<T>::epsilon() / 2;
    const SvdArgs<T> args{device_data<T>(a),
                          device_data<T>(s),
                          u ? device_data<T>(u) : nullptr,
                          u ? device_data<T>(vh) : nullptr,
                          memory.as<T>(),
                          device_data<int32_t>(info),
                          size.count,
                          tall,
                          k,
                          wanted,
                          each,
                          eps * std::sqrt(static_cast<T>(tall)),
                          flipped,
                          static_cast<bool>(u)};
    launch(svd_kernel<T>, {blocks}, {threads_for_matrix(m * n)}, 0, args);
  });
}

}  // namespace

void register_linalg_eig(KernelTable& table) {
  table.add("linalgEigh", eigh);
  table.add("linalgSvd", svd);
}

}  // namespace flambeau::cuda
