// Singular values of a bidiagonal matrix by implicit QR sweeps with LAPACK's shifts and criteria (bdsqr), in double
// whatever the matrix's dtype. The rotations are handed out: linalg_svd.cc applies them to the vectors.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>

#include "isa.h"

namespace flambeau::FB_ISA::linalg {

/** c f + s g = r, c g - s f = 0. */
struct Givens {
  double c, s, r;
  Givens(double f, double g) {
    if (g == 0) {
      c = 1;
      s = 0;
      r = f;
    } else if (f == 0) {
      c = 0;
      s = 1;
      r = g;
    } else {
      r = std::copysign(std::hypot(f, g), f);
      c = f / r;
      s = g / r;
    }
  }
};

/** The smaller singular value of [[f, g], [0, h]]. */
inline double smaller_singular(double f, double g, double h) {
  const double fa = std::fabs(f), ga = std::fabs(g), ha = std::fabs(h);
  const double low = std::min(fa, ha), high = std::max(fa, ha);
  if (low == 0) return 0;
  const double as = 1 + low / high, at = (high - low) / high;
  if (ga < high) {
    const double au = (ga / high) * (ga / high);
    return low * (2 / (std::sqrt(as * as + au) + std::sqrt(at * at + au)));
  }
  const double au = high / ga;
  if (au == 0) return low * high / ga;
  const double c = 1 / (std::sqrt(1 + (as * au) * (as * au)) + std::sqrt(1 + (at * au) * (at * au)));
  return 2 * (low * c * au);
}

/** The singular value decomposition of [[f, g], [0, h]]: LAPACK's lasv2. */
struct TwoByTwo {
  double low, high, cl, sl, cr, sr;
  TwoByTwo(double f, double g, double h) {
    double ft = f, fa = std::fabs(f), ht = h, ha = std::fabs(h);
    int largest = 1;
    const bool swapped = ha > fa;
    if (swapped) {
      largest = 3;
      std::swap(ft, ht);
      std::swap(fa, ha);
    }
    const double gt = g, ga = std::fabs(g);
    double clt, crt, slt, srt;
    if (ga == 0) {
      low = ha;
      high = fa;
      clt = crt = 1;
      slt = srt = 0;
    } else if (ga > fa && fa / ga < std::numeric_limits<double>::epsilon() / 2) {
      largest = 2;
      high = ga;
      low = ha > 1 ? fa / (ga / ha) : fa / ga * ha;
      clt = 1;
      slt = ht / gt;
      srt = 1;
      crt = ft / gt;
    } else {
      if (ga > fa) largest = 2;
      const double d = fa - ha;
      double l = d == fa ? 1 : d / fa;
      const double m = gt / ft;
      double t = 2 - l;
      const double mm = m * m, s = std::sqrt(t * t + mm), r = l == 0 ? std::fabs(m) : std::sqrt(l * l + mm);
      const double a = 0.5 * (s + r);
      low = ha / a;
      high = fa * a;
      if (mm == 0)
        t = l == 0 ? std::copysign(2.0, ft) * std::copysign(1.0, gt) : gt / std::copysign(d, ft) + m / t;
      else
        t = (m / (s + t) + m / (r + l)) * (1 + a);
      l = std::sqrt(t * t + 4);
      crt = 2 / l;
      srt = t / l;
      clt = (crt + srt * m) / a;
      slt = ht / ft * srt / a;
    }
    cl = swapped ? srt : clt;
    sl = swapped ? crt : slt;
    cr = swapped ? slt : crt;
    sr = swapped ? clt : srt;
    const auto sign = [](double x) { return std::copysign(1.0, x); };
    const double all = largest == 1   ? sign(cr) * sign(cl) * sign(f)
                       : largest == 2 ? sign(sr) * sign(cl) * sign(g)
                                      : sign(sr) * sign(sl) * sign(h);
    high = std::copysign(high, all);
    low = std::copysign(low, all * sign(f) * sign(h));
  }
};

/**
 * The upper bidiagonal matrix with d on the diagonal and e above it becomes diagonal; signs are left in d, unsorted.
 * `right(i, c, s)` and `left(i, c, s)` get the rotations of rows i and i + 1 of Vᵀ and Uᵀ. Whether it converged.
 */
template <class Right, class Left>
bool bidiagonal_qr(int n, double* d, double* e, double eps, Right&& right, Left&& left) {
  if (n <= 1) return true;
  constexpr double tiny = std::numeric_limits<double>::min();
  const double tol = std::max(10.0, std::min(100.0, std::pow(eps, -0.125))) * eps;
  double smallest = std::fabs(d[0]);
  double mu = std::fabs(d[0]);
  for (int i = 1; i < n && mu != 0; i++) {
    mu = std::fabs(d[i]) * (mu / (mu + std::fabs(e[i - 1])));
    smallest = std::min(smallest, mu);
  }
  const double sweeps = 6.0 * n * n;
  const double threshold = std::max(tol * smallest / std::sqrt(static_cast<double>(n)), sweeps * tiny);
  double done = 0;
  int old_low = -1, old_high = -1, direction = 0, m = n - 1;
  while (m > 0) {
    if (done > sweeps) return false;
    // the last unreduced block: rows l to m
    double largest = std::fabs(d[m]);
    int l = m - 1;
    for (; l >= 0; l--) {
      const double ae = std::fabs(e[l]);
      if (ae <= threshold) {
        e[l] = 0;
        break;
      }
      largest = std::max({largest, std::fabs(d[l]), ae});
    }
    if (l == m - 1) {
      m--;
      continue;
    }
    l++;
    if (l == m - 1) {
      const TwoByTwo t(d[l], e[l], d[m]);
      d[l] = t.high;
      e[l] = 0;
      d[m] = t.low;
      right(l, t.cr, t.sr);
      left(l, t.cl, t.sl);
      m -= 2;
      continue;
    }
    if (l > old_high || m < old_low) direction = std::fabs(d[l]) >= std::fabs(d[m]) ? 1 : 2;
    double low = 0;
    bool cut = false;
    if (direction == 1) {
      if (std::fabs(e[m - 1]) <= tol * std::fabs(d[m])) {
        e[m - 1] = 0;
        continue;
      }
      mu = low = std::fabs(d[l]);
      for (int i = l; i < m && !cut; i++) {
        cut = std::fabs(e[i]) <= tol * mu;
        if (cut) {
          e[i] = 0;
        } else {
          mu = std::fabs(d[i + 1]) * (mu / (mu + std::fabs(e[i])));
          low = std::min(low, mu);
        }
      }
    } else {
      if (std::fabs(e[l]) <= tol * std::fabs(d[l])) {
        e[l] = 0;
        continue;
      }
      mu = low = std::fabs(d[m]);
      for (int i = m - 1; i >= l && !cut; i--) {
        cut = std::fabs(e[i]) <= tol * mu;
        if (cut) {
          e[i] = 0;
        } else {
          mu = std::fabs(d[i]) * (mu / (mu + std::fabs(e[i])));
          low = std::min(low, mu);
        }
      }
    }
    if (cut) continue;
    old_low = l;
    old_high = m;
    double shift = 0;
    if (n * tol * (low / largest) > std::max(eps, 0.01 * tol)) {
      const double start = std::fabs(direction == 1 ? d[l] : d[m]);
      shift = direction == 1 ? smaller_singular(d[m - 1], e[m - 1], d[m]) : smaller_singular(d[l], e[l], d[l + 1]);
      if (start > 0 && (shift / start) * (shift / start) < eps) shift = 0;
    }
    done += m - l;
    if (shift == 0) {
      // the QR step without a shift keeps small values exact
      double c = 1, s = 0, oc = 1, os = 0;
      if (direction == 1) {
        for (int i = l; i < m; i++) {
          const Givens g(d[i] * c, e[i]);
          c = g.c;
          s = g.s;
          if (i > l) e[i - 1] = os * g.r;
          const Givens o(oc * g.r, d[i + 1] * s);
          oc = o.c;
          os = o.s;
          d[i] = o.r;
          right(i, c, s);
          left(i, oc, os);
        }
        const double h = d[m] * c;
        d[m] = h * oc;
        e[m - 1] = h * os;
        if (std::fabs(e[m - 1]) <= threshold) e[m - 1] = 0;
      } else {
        for (int i = m; i > l; i--) {
          const Givens g(d[i] * c, e[i - 1]);
          c = g.c;
          s = g.s;
          if (i < m) e[i] = os * g.r;
          const Givens o(oc * g.r, d[i - 1] * s);
          oc = o.c;
          os = o.s;
          d[i] = o.r;
          right(i - 1, oc, -os);
          left(i - 1, c, -s);
        }
        const double h = d[l] * c;
        d[l] = h * oc;
        e[l] = h * os;
        if (std::fabs(e[l]) <= threshold) e[l] = 0;
      }
    } else if (direction == 1) {
      double f = (std::fabs(d[l]) - shift) * (std::copysign(1.0, d[l]) + shift / d[l]), g = e[l];
      for (int i = l; i < m; i++) {
        const Givens r(f, g);
        if (i > l) e[i - 1] = r.r;
        f = r.c * d[i] + r.s * e[i];
        e[i] = r.c * e[i] - r.s * d[i];
        g = r.s * d[i + 1];
        d[i + 1] = r.c * d[i + 1];
        const Givens q(f, g);
        d[i] = q.r;
        f = q.c * e[i] + q.s * d[i + 1];
        d[i + 1] = q.c * d[i + 1] - q.s * e[i];
        if (i < m - 1) {
          g = q.s * e[i + 1];
          e[i + 1] = q.c * e[i + 1];
        }
        right(i, r.c, r.s);
        left(i, q.c, q.s);
      }
      e[m - 1] = f;
      if (std::fabs(f) <= threshold) e[m - 1] = 0;
    } else {
      double f = (std::fabs(d[m]) - shift) * (std::copysign(1.0, d[m]) + shift / d[m]), g = e[m - 1];
      for (int i = m; i > l; i--) {
        const Givens r(f, g);
        if (i < m) e[i] = r.r;
        f = r.c * d[i] + r.s * e[i - 1];
        e[i - 1] = r.c * e[i - 1] - r.s * d[i];
        g = r.s * d[i - 1];
        d[i - 1] = r.c * d[i - 1];
        const Givens q(f, g);
        d[i] = q.r;
        f = q.c * e[i - 1] + q.s * d[i - 1];
        d[i - 1] = q.c * d[i - 1] - q.s * e[i - 1];
        if (i > l + 1) {
          g = q.s * e[i - 2];
          e[i - 2] = q.c * e[i - 2];
        }
        right(i - 1, q.c, -q.s);
        left(i - 1, r.c, -r.s);
      }
      e[l] = f;
      if (std::fabs(f) <= threshold) e[l] = 0;
    }
  }
  return true;
}

}  // namespace flambeau::FB_ISA::linalg
