// Running sums, products and extremes along one dim, and differences of neighbours.
import { castCall, casting } from '../autocast.ts';
import { type Call, type Named, readArguments } from '../arguments.ts';
import { record, recordMany } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { BOOL, type DType, type DTypeName, FLOATING, int64, requireFloating, toDType } from '../dtype.ts';
import { describe, DtypeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { cat } from './join.ts';
import { type ValuesIndices, valuesIndices } from './internal/named.ts';
import { scatterBack } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** Options of cumsum and cumprod. */
export interface CumulativeOptions {
  /** The dtype to convert to first. */
  dtype?: DTypeName | null | undefined;
}

/** Runs a scan kernel with results of these dtypes. */
function scan(k: number, x: Tensor, dim: number, dtypes: readonly DType[]): Tensor[] {
  const outs = dtypes.map((dt) => emptyTensor(x.sizes, dt, x.device));
  if (x.count > 0) runStruct(k, [...outs, x], [dim]);
  return outs;
}

/** Σ over the elements from each one to the end. */
const backwards = (x: Tensor, dim: number): Tensor => x.flip([dim]).cumsum(dim).flip([dim]);

function accumulate(
  where: string,
  k: number,
  x: Tensor,
  args: readonly unknown[],
  back: (g: Tensor, x: Tensor, y: Tensor, dim: number) => Tensor,
): Tensor {
  checkTensor(where, x);
  const options = readArguments<CumulativeOptions & { dim: number }>(where, args, ['dim'], ['dtype']);
  const d = wrapDim(where, options.dim!, x.sizes.length);
  const dt = options.dtype ? toDType(options.dtype, where) : null;
  if (dt?.kind === BOOL) throw new DtypeError(`${where}: not implemented for bool`);
  const source = dt === null || dt === x.dt ? x : x.to(dt.name);
  const out = scan(k, source, d, [source.dt.kind === FLOATING ? source.dt : int64])[0]!;
  const product = where === 'cumprod';
  const y =
    source.sizes.length === 0
      ? record(where, out, [source], [], (g) => [g])
      : record(where, out, [source], product ? [source, out] : [], (g, n) => [
          product ? back(g, n.unpack(0), n.unpack(1), d) : back(g, g, g, d),
        ]);
  return dt === null || y.dt === dt ? y : y.to(dt.name);
}

const cumsumKernel = kernel('cumsum');
/**
 * The sums of all elements up to each one along `dim`; whole numbers and bools give int64. Throws RangeError if there
 * is no such dim.
 * @example
 * torch.cumsum(torch.tensor([1, 2, 3]), 0) // tensor([1, 3, 6])
 */
export function cumsum(x: Tensor, ...args: Named<[dim: number], ['dim'], [], CumulativeOptions>): Tensor {
  if (casting.on) return castCall('cumsum', cumsum, [x, ...args]);
  return accumulate('cumsum', cumsumKernel, x, args, (g, _x, _y, d) => backwards(g, d));
}

const cumprodKernel = kernel('cumprod');
/**
 * The products of all elements up to each one along `dim`; whole numbers and bools give int64. Throws RangeError if
 * there is no such dim.
 * @example
 * torch.cumprod(torch.tensor([1, 2, 3]), 0) // tensor([1, 2, 6])
 */
export function cumprod(x: Tensor, ...args: Named<[dim: number], ['dim'], [], CumulativeOptions>): Tensor {
  if (casting.on) return castCall('cumprod', cumprod, [x, ...args]);
  return accumulate('cumprod', cumprodKernel, x, args, cumprodBack);
}
/**
 * dx_k = (∏_{i<k} x_i) S_k with S_k = g_k + x_{k+1} S_{k+1}. Without zeros this is a running sum and a division; with them
 * the recurrence is walked.
 */
function cumprodBack(g: Tensor, x: Tensor, y: Tensor, dim: number): Tensor {
  if (x.count === 0) return g;
  if (!x.detach().eq(0).any().item()) return backwards(g.mul(y), dim).div(x);
  const n = x.sizes[dim]!;
  const parts: Tensor[] = new Array<Tensor>(n);
  let behind = g.narrow(dim, n - 1, 1);
  for (let i = n - 1; i >= 0; i--) {
    if (i < n - 1) behind = g.narrow(dim, i, 1).add(x.narrow(dim, i + 1, 1).mul(behind));
    parts[i] = i === 0 ? behind : behind.mul(y.narrow(dim, i - 1, 1));
  }
  return cat(parts, dim);
}

const cummaxKernel = kernel('cummax');
const cumminKernel = kernel('cummin');
function running(where: 'cummax' | 'cummin', k: number, x: Tensor, dim: number): ValuesIndices {
  checkTensor(where, x);
  const d = wrapDim(where, dim, x.sizes.length);
  const shape = x.sizes;
  const [values, indices] = scan(k, x, d, [x.dt, int64]) as [Tensor, Tensor];
  recordMany(where, [values, indices], [x], [indices], ([g], n) => [
    !g || shape.length === 0 ? g! : scatterBack(g, n.unpack(0), shape, d),
  ]);
  return valuesIndices(where, values, indices);
}
/**
 * The largest element up to each one along `dim`, and where it is. Throws RangeError if there is no such dim.
 * @example
 * torch.cummax(torch.tensor([1, 3, 2]), 0).values // tensor([1, 3, 3])
 */
export function cummax(x: Tensor, dim: number): ValuesIndices {
  return running('cummax', cummaxKernel, x, dim);
}
/**
 * The smallest element up to each one along `dim`, and where it is. Throws RangeError if there is no such dim.
 * @example
 * torch.cummin(torch.tensor([3, 1, 2]), 0).indices // tensor([0, 1, 1])
 */
export function cummin(x: Tensor, dim: number): ValuesIndices {
  return running('cummin', cumminKernel, x, dim);
}

/** The logarithm of nothing: finite, so that the derivative of the derivative meets no Infinity - Infinity. */
const LOWEST: Readonly<Record<string, number>> = {
  float32: -3.4028234663852886e38,
  float64: -Number.MAX_VALUE,
  float16: -65504,
  bfloat16: -3.3895313892515355e38,
};
const logcumsumexpKernel = kernel('logcumsumexp');
/**
 * `log Σ exp(x)` of all elements up to each one along `dim`, without overflow. Throws RangeError if there is no such
 * dim, DtypeError for integers.
 * @example
 * torch.logcumsumexp(torch.tensor([0.5, 1.5]), 0) // tensor([0.5000, 1.8133])
 */
export function logcumsumexp(x: Tensor, dim: number): Tensor {
  checkTensor('logcumsumexp', x);
  requireFloating('logcumsumexp', x.dt);
  const d = wrapDim('logcumsumexp', dim, x.sizes.length);
  const out = scan(logcumsumexpKernel, x, d, [x.dt])[0]!;
  return record('logcumsumexp', out, [x], [x, out], (g, n) => {
    if (x.sizes.length === 0) return [g];
    const [v, y] = [n.unpack(0), n.unpack(1)];
    // Σ_{j≥i} g_j exp(x_i - y_j), for the positive and the negative part of g in logarithms
    const part = (h: Tensor): Tensor => {
      const some = h.gt(0);
      const logs = h
        .maskedFill(some.logicalNot(), 1)
        .log()
        .maskedFill(some.logicalNot(), LOWEST[g.dtype] ?? -Infinity);
      return logs.sub(y).flip([d]).logcumsumexp(d).flip([d]).add(v).exp();
    };
    return [part(g).sub(part(g.neg()))];
  });
}

/** Options of diff. */
export interface DiffOptions {
  n?: number | undefined;
  dim?: number | undefined;
  prepend?: Tensor | null | undefined;
  append?: Tensor | null | undefined;
}
/**
 * The `n`-th differences of neighbours along `dim` (the last one). Throws RangeError if there is no such dim or `n` is
 * negative.
 * @example
 * torch.diff(torch.tensor([1, 3, 6])) // tensor([2, 3])
 */
export function diff(
  x: Tensor,
  ...args: Call<[n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null], DiffOptions>
): Tensor {
  checkTensor('diff', x);
  const {
    n = 1,
    dim = -1,
    prepend,
    append,
  } = readArguments<DiffOptions>('diff', args, ['n', 'dim', 'prepend', 'append']);
  if (!Number.isInteger(n) || n < 0)
    throw new RangeError(`diff: order must be a whole number that is not negative but got ${describe(n)}`);
  if (x.sizes.length === 0) throw new RangeError('diff: expects input to be at least one-dimensional');
  const d = wrapDim('diff', dim, x.sizes.length);
  if (n === 0) return x.clone();
  let y = x;
  if (prepend || append) y = cat([...(prepend ? [prepend] : []), x, ...(append ? [append] : [])], d);
  for (let i = 0; i < n; i++) {
    const size = y.sizes[d]!;
    if (size === 0) break;
    const [later, earlier] = [y.narrow(d, 1, size - 1), y.narrow(d, 0, size - 1)];
    y = y.dt.kind === BOOL ? later.logicalXor(earlier) : later.sub(earlier);
  }
  return y;
}

operators({ cumsum, cumprod, cummax, cummin, logcumsumexp, diff });
