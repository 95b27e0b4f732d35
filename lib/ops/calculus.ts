// Numerical differentiation and integration along dims.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { bool } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { type Shape, show, wrapDim, wrapDims } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

// ---- integrals ------------------------------------------------------------------------------------------------------

/** Options of trapezoid and cumulativeTrapezoid. */
export interface TrapezoidOptions {
  /** Where the values were taken: 1-d, or of the shape of the values. */
  x?: Tensor | null | undefined;
  /** The distance between neighbours, where `x` is not given. */
  dx?: number | undefined;
  dim?: number | undefined;
}
type TrapezoidArgs = Call<[x?: Tensor | null], TrapezoidOptions>;

/** The sums of neighbours, and the distances between them (a number, or a tensor that broadcasts). */
function pieces(
  where: string,
  y: Tensor,
  args: readonly unknown[],
): { dim: number; sums: Tensor | null; widths: Tensor | number } {
  checkTensor(where, y);
  if (y.dt === bool) throw new DtypeError(`${where}: received a bool input, but bool is not supported`);
  const { x = null, dx, dim = -1 } = readArguments<TrapezoidOptions>(where, args, ['x'], ['dx', 'dim']);
  if (y.sizes.length === 0) throw new ShapeError(`${where}: expected values with at least one dim`);
  const d = wrapDim(where, dim, y.sizes.length);
  const n = y.sizes[d]!;
  let widths: Tensor | number = dx ?? 1;
  if (x === null) checkNumber(where, 'dx', widths);
  else {
    checkTensor(where, x, 'x');
    if (x.dt === bool) throw new DtypeError(`${where}: received a bool x, but bool is not supported`);
    if (dx !== undefined) throw new TypeError(`${where}: either x or dx, not both`);
    const rank = x.sizes.length;
    if (rank === 0) throw new ShapeError(`${where}: expected x with at least one dim`);
    if (rank === 1) {
      if (x.count !== n)
        throw new ShapeError(`${where}: there must be one x value for each sample point, but got ${x.count} and ${n}`);
      if (n > 0) widths = x.diff().reshape([n - 1, ...new Array<number>(y.sizes.length - 1 - d).fill(1)]);
    } else {
      const own = d - y.sizes.length + rank;
      if (own < 0 || x.sizes[own] !== n)
        throw new ShapeError(
          `${where}: there must be one x value for each sample point, but got ${show(x.sizes)} and ${show(y.sizes)}`,
        );
      if (n > 0) widths = x.diff(1, own);
    }
  }
  return { dim: d, sums: n === 0 ? null : y.narrow(d, 1, n - 1).add(y.narrow(d, 0, n - 1)), widths };
}
/**
 * The integral along `dim` (the last one) by the trapezoidal rule, of values taken at `x`, or at distances of `dx` (1).
 * Throws ShapeError if `x` does not fit.
 * @example
 * torch.trapezoid(torch.tensor([1, 5, 10.0]).float()) // tensor(10.5000)
 */
export function trapezoid(y: Tensor, ...args: TrapezoidArgs): Tensor {
  const where = 'trapezoid';
  return inNameOf(where, () => {
    const { dim, sums, widths } = pieces(where, y, args);
    if (sums === null)
      return zerosOf(
        y.sizes.filter((_, d) => d !== dim),
        y.dt,
        y.device,
      );
    return sums.mul(widths).sum(dim).div(2);
  });
}
/**
 * Another name of trapezoid.
 * @example
 * torch.trapz(torch.tensor([1, 5, 10.0]).float()) // tensor(10.5000)
 */
export function trapz(y: Tensor, ...args: TrapezoidArgs): Tensor {
  return inNameOf('trapz', () => trapezoid(y, ...args));
}
/**
 * The integrals from the first value to each of the others; see {@link trapezoid}. Throws ShapeError if `x` does not fit.
 * @example
 * torch.cumulativeTrapezoid(torch.tensor([1, 5, 10.0]).float()) // tensor([ 3.0000, 10.5000])
 */
export function cumulativeTrapezoid(y: Tensor, ...args: TrapezoidArgs): Tensor {
  const where = 'cumulativeTrapezoid';
  return inNameOf(where, () => {
    const { dim, sums, widths } = pieces(where, y, args);
    if (sums === null) throw new ShapeError(`${where}: there are no values along dim ${dim} of ${show(y.sizes)}`);
    return sums.mul(widths).cumsum(dim).div(2);
  });
}

// ---- derivatives ----------------------------------------------------------------------------------------------------

/** Options of gradient. */
export interface GradientOptions {
  /** The distance between neighbours (1): for all dims, or a number or the coordinates for each. */
  spacing?: number | readonly (number | Tensor)[] | null | undefined;
  /** The dims to differentiate along; by default all. */
  dim?: number | Shape | null | undefined;
  /** The order of accuracy at both ends: 1 (the default) or 2. */
  edgeOrder?: number | undefined;
}
/** Along one dim, from the distances between neighbours. */
function derivative(f: Tensor, d: number, spacing: number | Tensor, order: number): Tensor {
  const n = f.sizes[d]!;
  const shaped = (x: Tensor): Tensor => x.reshape([-1, ...new Array<number>(f.sizes.length - 1 - d).fill(1)]);
  const at = (i: number, length = 1): Tensor => f.narrow(d, i < 0 ? n + i : i, length);
  const steps = spacing instanceof Tensor ? spacing.diff() : null;
  const step = (i: number): Tensor | number => (steps ? steps.select(0, i < 0 ? n - 1 + i : i) : (spacing as number));
  const times = (a: Tensor | number, b: Tensor | number): Tensor | number =>
    a instanceof Tensor ? a.mul(b) : b instanceof Tensor ? b.mul(a) : a * b;
  const plus = (a: Tensor | number, b: Tensor | number): Tensor | number =>
    a instanceof Tensor ? a.add(b) : b instanceof Tensor ? b.add(a) : a + b;
  const over = (x: Tensor, by: Tensor | number): Tensor => x.div(by);
  /** The parabola through three points with distances `p` and `q`, at the first one. */
  const edge = (a: Tensor, b: Tensor, c: Tensor, p: Tensor | number, q: Tensor | number): Tensor => {
    const both = plus(p, q);
    return over(a.mul(plus(times(p, 2), q)), times(times(p, both), -1))
      .add(over(b.mul(both), times(p, q)))
      .sub(over(c.mul(p), times(q, both)));
  };
  const first = order === 1 ? over(at(1).sub(at(0)), step(0)) : edge(at(0), at(1), at(2), step(0), step(1));
  const last =
    order === 1
      ? over(at(-1).sub(at(-2)), step(-1))
      : edge(at(-1), at(-2), at(-3), times(step(-1), -1), times(step(-2), -1));
  if (n === 2) return cat([first, last], d);
  let middle: Tensor;
  if (steps) {
    const [p, q] = [shaped(steps.narrow(0, 0, n - 2)), shaped(steps.narrow(0, 1, n - 2))];
    const both = p.add(q);
    middle = at(0, n - 2)
      .mul(q.div(p.mul(both)).neg())
      .add(at(1, n - 2).mul(q.sub(p).div(p.mul(q))))
      .add(at(2, n - 2).mul(p.div(q.mul(both))));
  } else
    middle = at(2, n - 2)
      .sub(at(0, n - 2))
      .div(2 * (spacing as number));
  return cat([first, middle, last], d);
}
/**
 * Estimates of the derivative along each dim (or the given ones) by differences of neighbours, a tensor each. Throws
 * ShapeError for dims with too few elements.
 * @example
 * torch.gradient(torch.tensor([1, 4, 9, 16.0]).float())[0] // tensor([3., 4., 6., 7.])
 */
export function gradient(x: Tensor, ...args: Call<[], GradientOptions>): Tensor[] {
  const where = 'gradient';
  return inNameOf(where, () => {
    checkTensor(where, x);
    if (x.dt.name === 'uint8') throw new DtypeError(`${where}: does not support uint8 input`);
    const options = readArguments<GradientOptions>(where, args, [], ['spacing', 'dim', 'edgeOrder']);
    const { dim = null, edgeOrder = 1 } = options;
    const spacing = options.spacing ?? 1;
    if (edgeOrder !== 1 && edgeOrder !== 2)
      throw new RangeError(`${where}: only supports edgeOrder=1 and edgeOrder=2, not ${describe(edgeOrder)}`);
    wrapDims(where, dim, x.sizes.length);
    const listed = Array.isArray(spacing) ? (spacing as readonly (number | Tensor)[]) : null;
    const dims = dim === null ? x.sizes.map((_, d) => d) : typeof dim === 'number' ? [dim] : dim;
    if (listed && listed.length !== dims.length)
      throw new ShapeError(
        `${where}: expected spacing to be a number or a list of ${dims.length}, but got ${listed.length}`,
      );
    return dims.map((given, i) => {
      const d = wrapDim(where, given, x.sizes.length);
      const h: unknown = listed ? listed[i] : spacing;
      const n = x.sizes[d] ?? 0;
      if (n < edgeOrder + 1)
        throw new ShapeError(
          `${where}: expected each dimension size to be at least edgeOrder+1, but got ${show(x.sizes)}`,
        );
      if (h instanceof Tensor) {
        checkTensor(where, h, 'spacing');
        if (h.sizes.length !== 1 || h.count !== n)
          throw new ShapeError(`${where}: expected coordinates of shape [${n}] for dim ${d}, but got ${show(h.sizes)}`);
      } else checkNumber(where, 'spacing', h);
      return derivative(x, d, h, edgeOrder);
    });
  });
}

operators({ trapezoid, trapz, cumulativeTrapezoid, gradient });
