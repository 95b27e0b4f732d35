// Reading and writing at indices along one dim: gather, scatter and their kin. Indices are int64 (or int32) tensors.
import { castCall, casting, castsThere } from '../autocast.ts';
import { type Call, checkOptions, type Named, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkOperand, checkTensor, commonDevice, runStruct, type Scalar } from '../dispatch.ts';
import { bool, type DType, int32, int64 } from '../dtype.ts';
import { describe, DtypeError, ShapeError, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, type Shape, show, wrapDim } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { copyToWrite } from './internal/compute-then-copy.ts';
import { outside, scatterBack, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** int64 or int32; with `empty` an index without elements may be anything. */
function checkIndex(where: string, index: unknown, empty = false): asserts index is Tensor {
  checkTensor(where, index, 'index');
  if (index.dt !== int64 && index.dt !== int32 && !(empty && index.count === 0))
    throw new DtypeError(`${where}: expected dtype int32 or int64 for index but received ${index.dt.name}`);
}
/** int64 alone: some take no other index, as in PyTorch. */
function checkLong(where: string, index: unknown): void {
  checkTensor(where, index, 'index');
  if (index.dt !== int64)
    throw new DtypeError(`${where}: expected dtype int64 for index but received ${index.dt.name}`);
}
/** 0-d tensors are treated as having one element along one dim. */
const lined = (x: Tensor): Tensor => (x.sizes.length === 0 ? x.reshape([1]) : x);

/** The index must have the tensor's number of dims, and be no larger but along `dim`. */
function checkFits(where: string, what: string, index: Tensor, sizes: Shape, dim: number | null): void {
  const fits = index.sizes.length === sizes.length && index.sizes.every((n, d) => d === dim || n <= sizes[d]!);
  if (!fits && index.count > 0) {
    throw new ShapeError(
      `${where}: expected index ${show(index.sizes)} to have the dims of ${what} ${show(sizes)} and to be no larger${dim === null ? '' : ` apart from dimension ${dim}`}`,
    );
  }
}

/** Where an index applies. Both are there by type, and checked where they are used. */
interface Indexed {
  readonly dim: number;
  readonly index: Tensor;
}
/** Options of gather. */
export interface GatherOptions {
  /** Accepted for PyTorch's sake: gradients are dense. */
  sparseGrad?: boolean | undefined;
}
const gatherKernel = kernel('gather');
/**
 * `out[i][j] = x[index[i][j]][j]` for dim 0, and so on: the result has the index's shape.
 * Throws RangeError for an index outside the dim, ShapeError if the shapes do not go together.
 * @example
 * torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[1], [0]]))
 * // tensor([[2],
 * //         [3]])
 */
export function gather(
  x: Tensor,
  ...args: Named<[dim: number, index: Tensor], ['dim', 'index'], [], GatherOptions>
): Tensor {
  checkTensor('gather', x);
  const { dim, index } = readArguments<Indexed>('gather', args, ['dim', 'index'], ['sparseGrad']) as Indexed;
  checkIndex('gather', index, true);
  commonDevice('gather', [x, index]);
  const d = wrapDim('gather', dim, x.sizes.length);
  const [source, at] = [lined(x), lined(index)];
  checkFits('gather', 'input', at, source.sizes, d);
  const out = emptyTensor(at.sizes, x.dt, x.device);
  if (out.count > 0) runStruct(gatherKernel, [out, source, at], [d]);
  const shape = source.sizes;
  const y = record('gather', out, [source], [at], (g, n) => [scatterBack(g, n.unpack(0), shape, d)]);
  return index.sizes.length === 0 ? y.reshape([]) : y;
}

/** Options of takeAlongDim. */
export interface TakeAlongDimOptions {
  dim?: number | null | undefined;
}
/**
 * As gather, with the index broadcast against the input; without `dim`, of all elements in a row. Throws as gather
 * does.
 * @example
 * torch.takeAlongDim(torch.tensor([30, 10, 20]), torch.tensor([1, 2])) // tensor([10, 20])
 */
export function takeAlongDim(
  x: Tensor,
  indices: Tensor,
  ...args: Call<[dim?: number | null], TakeAlongDimOptions>
): Tensor {
  return inNameOf('takeAlongDim', () => {
    checkTensor('takeAlongDim', x);
    checkIndex('takeAlongDim', indices);
    const { dim } = readArguments<TakeAlongDimOptions>('takeAlongDim', args, ['dim']);
    if (dim === undefined || dim === null) return gather(x.reshape(-1), 0, indices.reshape(-1));
    if (x.sizes.length !== indices.sizes.length) {
      throw new ShapeError(
        `takeAlongDim: input and indices should have the same number of dimensions, but got ${x.sizes.length} and ${indices.sizes.length}`,
      );
    }
    const d = wrapDim('takeAlongDim', dim, x.sizes.length);
    const without = (shape: Shape): Shape => shape.map((n, i) => (i === d ? 1 : n));
    const common = broadcastShapes('takeAlongDim', without(x.sizes), without(indices.sizes));
    const shaped = (t: Tensor): Tensor => t.expand(common.map((n, i) => (i === d ? t.sizes[d]! : n)));
    // unlike gather's, these may count from the end
    const at = indices.where(indices.ge(0), indices.add(x.sizes[d] ?? 1));
    return gather(shaped(x), d, shaped(at));
  });
}

/** Options of scatter. */
export interface ScatterOptions {
  reduce?: 'add' | 'multiply' | null | undefined;
}
/** Writes into a copy of `x`, or into `x` where that is wanted. */
function written(k: number, x: Tensor, index: Tensor, src: Tensor, params: readonly number[]): Tensor {
  const out = copyToWrite(x, [index, src]);
  if (index.count > 0) runStruct(k, [out, index, src], params);
  return out;
}
/** Checks the operands of a scatter; the source comes back cut to the index's shape. */
function scattered(
  where: string,
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
): { dim: number; self: Tensor; at: Tensor; from: Tensor } {
  checkTensor(where, x);
  checkIndex(where, index, true);
  checkTensor(where, src, 'src');
  commonDevice(where, [x, index, src]);
  if (src.dt !== x.dt)
    throw new DtypeError(
      `${where}: expected self.dtype to be equal to src.dtype, but got ${x.dt.name} and ${src.dt.name}`,
    );
  const d = wrapDim(where, dim, x.sizes.length);
  const [self, at] = [lined(x), lined(index)];
  let from = lined(src);
  checkFits(where, 'self', at, self.sizes, d);
  checkFits(where, 'src', at, from.sizes, null);
  if (at.count > 0)
    at.sizes.forEach((n, i) => {
      if (n !== from.sizes[i]) from = from.narrow(i, 0, n);
    });
  else from = emptyTensor(at.sizes, x.dt, x.device);
  return { dim: d, self, at, from };
}
const scalarTensor = (x: Tensor, value: Scalar, shape: Shape): Tensor =>
  emptyTensor([], x.dt, x.device).fill_(value).expand(shape);
const finish = (y: Tensor, x: Tensor): Tensor => (x.sizes.length === 0 ? y.reshape([]) : y);

const scatterKernel = kernel('scatter');
/**
 * A copy of `x` with `src` (a tensor or a number) written where the index says: `out[index[i][j]][j] = src[i][j]` for dim 0.
 * `reduce` adds or multiplies instead. Throws RangeError for an index outside the dim.
 * @example
 * torch.scatter(torch.zeros(3), 0, torch.tensor([2]), 5) // tensor([0., 0., 5.])
 */
export function scatter(
  x: Tensor,
  ...args:
    | Named<[dim: number, index: Tensor, src: Tensor | Scalar], ['dim', 'index', 'src'], [], ScatterOptions>
    | Named<[dim: number, index: Tensor], ['dim', 'index'], [], ScatterOptions & { value: Scalar }>
): Tensor {
  return inNameOf('scatter', () => {
    checkTensor('scatter', x);
    const options = readArguments<Indexed & { src: Tensor | Scalar; value: Scalar } & ScatterOptions>(
      'scatter',
      args,
      ['dim', 'index', 'src'],
      ['value', 'reduce'],
    );
    const { dim, index } = options as Indexed;
    const src = options.src ?? options.value;
    checkIndex('scatter', index);
    checkOperand('scatter', src, 'src');
    const source = src instanceof Tensor ? src : scalarTensor(x, src, index.sizes);
    const reduce = options.reduce ?? null;
    if (reduce === 'add') return scatterAdd(x, dim, index, source);
    if (reduce === 'multiply') return scatterReduce(x, dim, index, source, 'prod');
    if (reduce !== null)
      throw new TypeError(
        `scatter: reduce argument must be either 'add' or 'multiply' but received ${describe(reduce)}`,
      );
    const { dim: d, self, at, from } = scattered('scatter', x, dim, index, source);
    const out = written(scatterKernel, self, at, from, [d]);
    return finish(
      record('scatter', out, [self, from], [at], (g, n) => [
        n.needs(0) ? g.scatter(d, n.unpack(0), 0) : null,
        n.needs(1) ? g.gather(d, n.unpack(0)) : null,
      ]),
      x,
    );
  });
}

const scatterAddKernel = kernel('scatterAdd');
/**
 * A copy of `x` with `src` added where the index says: `out[index[i][j]][j] += src[i][j]` for dim 0. Throws as scatter
 * does.
 * @example
 * torch.scatterAdd(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([1.5, 2])) // tensor([0.0000, 0.0000, 3.5000])
 */
export function scatterAdd(
  x: Tensor,
  ...args: Named<[dim: number, index: Tensor, src: Tensor], ['dim', 'index', 'src'], [], object>
): Tensor {
  if (castsThere(x)) return castCall('scatterAdd', scatterAdd, [x, ...args]);
  const { dim, index, src } = readArguments<Indexed & { src: Tensor }>('scatterAdd', args, [
    'dim',
    'index',
    'src',
  ]) as Indexed & { src: Tensor };
  const { dim: d, self, at, from } = scattered('scatterAdd', x, dim, index, src);
  const out = written(scatterAddKernel, self, at, from, [d]);
  return finish(
    record('scatterAdd', out, [self, from], [at], (g, n) => [g, n.needs(1) ? g.gather(d, n.unpack(0)) : null]),
    x,
  );
}

/** How scatterReduce joins what meets at one place; `max` and `min` are `amax` and `amin`. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin' | 'max' | 'min';
/** Options of scatterReduce. */
export interface ScatterReduceOptions {
  /** Whether the old value takes part where something is written. */
  includeSelf?: boolean | undefined;
}
const scatterReduceKernel = kernel('scatterReduce');
type Join = Exclude<ScatterReduction, 'max' | 'min'>;
const CODES: Readonly<Record<Join, number>> = { sum: 0, prod: 1, mean: 0, amax: 3, amin: 4 };
/** What a place starts from where its old value does not count. */
function neutral(reduce: Join, dt: DType): Scalar {
  if (reduce === 'sum' || reduce === 'mean') return 0;
  if (reduce === 'prod') return 1;
  const sign = reduce === 'amax' ? -1 : 1;
  if (dt.kind === 2) return sign * Infinity;
  if (dt.kind === 0 || dt.name === 'uint8') return sign < 0 ? 0 : dt.kind === 0 ? 1 : 255;
  const half = 1n << BigInt(8 * dt.size - 1); // of int64, no number holds the largest
  return sign < 0 ? -half : half - 1n;
}
/**
 * A copy of `x` in which what the index sends to one place is joined by `reduce`. Throws as scatter does.
 * @example
 * torch.scatterReduce(torch.zeros(2), 0, torch.tensor([1, 1]), torch.tensor([1.5, 2]), 'amax') // tensor([0., 2.])
 */
export function scatterReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  how: ScatterReduction,
  options?: ScatterReduceOptions,
): Tensor {
  checkOptions('scatterReduce', options, ['includeSelf']);
  const reduce = how === 'max' ? 'amax' : how === 'min' ? 'amin' : how;
  if (typeof reduce !== 'string' || !Object.hasOwn(CODES, reduce))
    throw new TypeError(`scatterReduce: reduce must be sum, prod, mean, amax or amin but received ${describe(reduce)}`);
  const { dim: d, self, at, from } = scattered('scatterReduce', x, dim, index, src);
  const include = options?.includeSelf ?? true;
  const start = include ? self : self.detach().scatter(d, at, neutral(reduce, x.dt));
  let out = written(scatterReduceKernel, start, at, from, [d, CODES[reduce]]);
  if (reduce === 'mean') {
    const counts = counted(self, d, at, include);
    out = out.dt.kind === 2 ? out.div(counts) : out.div(counts, { roundingMode: 'floor' });
  }
  return finish(
    record('scatterReduce', out, [self, from], [self, at, from, out], (g, n) => {
      const [v, to, s, y] = [n.unpack(0), n.unpack(1), n.unpack(2), n.unpack(3)];
      const [gx, gs] = reduceBack(g, v, d, to, s, y, reduce, include);
      return [include ? gx : gx.scatter(d, to, 0), gs];
    }),
    x,
  );
}
/** How many values meet at each place, at least one. */
function counted(x: Tensor, dim: number, index: Tensor, include: boolean): Tensor {
  const ones = zerosOf(index.sizes, x.dt, x.device).fill_(1);
  const counts = zerosOf(x.sizes, x.dt, x.device)
    .fill_(include ? 1 : 0)
    .scatterAdd_(dim, index, ones);
  return include ? counts : counts.maskedFill(counts.eq(0), 1);
}
/** PyTorch's scatter_reduce_backward (FunctionsManual.cpp). */
function reduceBack(
  g: Tensor,
  x: Tensor,
  d: number,
  index: Tensor,
  src: Tensor,
  y: Tensor,
  reduce: Join,
  include: boolean,
): [Tensor, Tensor] {
  if (reduce === 'sum') return [g, g.gather(d, index)];
  if (reduce === 'mean') {
    const shared = g.div(counted(x.detach(), d, index, include));
    return [shared, shared.gather(d, index)];
  }
  if (reduce === 'prod') {
    const whole = x.maskedFill(x.eq(0), 1);
    const gx = g.mul(whole.scatterReduce(d, index, src, 'prod', { includeSelf: include })).div(whole);
    const zero = src.detach().eq(0);
    const zeros = zerosOf(x.sizes, x.dt, x.device).scatterAdd_(d, index, zero.to(x.dtype)).gather(d, index);
    const single = zero.logicalAnd(zeros.eq(1));
    const others = x.scatterReduce(d, index, src.maskedFill(single, 1), 'prod', { includeSelf: include });
    const plain = g.mul(y).gather(d, index).div(src.maskedFill(zero, 1));
    return [gx, g.mul(others).gather(d, index).where(single, plain)];
  }
  const mine = x.detach().eq(y.detach()).to(g.dtype);
  const theirs = src.detach().eq(y.detach().gather(d, index)).to(g.dtype);
  const shared = g.div(mine.scatterAdd(d, index, theirs));
  return [mine.mul(shared), theirs.mul(shared.gather(d, index))];
}

// ---- whole slices at a list of positions ----------------------------------------------------------------------------

/** A list of positions: one dim, or one position. */
function checkList(where: string, index: unknown): Tensor {
  checkIndex(where, index);
  if (index.sizes.length > 1)
    throw new ShapeError(
      `${where}: index is supposed to be a vector or a single number, but has shape ${show(index.sizes)}`,
    );
  return lined(index);
}

const indexSelectKernel = kernel('indexSelect');
/**
 * The slices along `dim` at the positions in `index`. Throws RangeError for a position outside.
 * @example
 * torch.indexSelect(torch.tensor([10, 20, 30]), 0, torch.tensor([2, 0])) // tensor([30, 10])
 */
export function indexSelect(
  x: Tensor,
  ...args: Named<[dim: number, index: Tensor], ['dim', 'index'], [], object>
): Tensor {
  checkTensor('indexSelect', x);
  const { dim, index } = readArguments<Indexed>('indexSelect', args, ['dim', 'index']) as Indexed;
  const at = checkList('indexSelect', index);
  commonDevice('indexSelect', [x, index]);
  const d = wrapDim('indexSelect', dim, x.sizes.length);
  const source = lined(x);
  const sizes = source.sizes.slice();
  sizes[d] = at.count;
  const out = emptyTensor(sizes, x.dt, x.device);
  if (out.count > 0) runStruct(indexSelectKernel, [out, source, at], [d]);
  else if (at.count > 0 && at.lt(0).logicalOr(at.ge(source.sizes[d]!)).any().item())
    throw outside('indexSelect', at, d, source.sizes[d]!);
  const shape = source.sizes;
  const y = record('indexSelect', out, [source], [at], (g, n) => [
    zerosOf(shape, g.dt, g.device).indexAdd_(d, n.unpack(0), g),
  ]);
  return x.sizes.length === 0 ? y.reshape([]) : y;
}

/** Checks the operands of indexAdd and indexCopy. */
function listed(
  where: string,
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
): { dim: number; self: Tensor; at: Tensor; from: Tensor } {
  checkTensor(where, x);
  const at = checkList(where, index);
  checkTensor(where, source, 'source');
  commonDevice(where, [x, index, source]);
  if (source.dt !== x.dt)
    throw new DtypeError(`${where}: self (${x.dt.name}) and source (${source.dt.name}) must have the same dtype`);
  const d = wrapDim(where, dim, x.sizes.length);
  const self = lined(x);
  const sizes = self.sizes.slice();
  sizes[d] = at.count;
  let from = lined(source);
  if (source.sizes.length === 0 && self.sizes.length === 1) from = source.reshape([1]);
  if (from.sizes.length !== sizes.length || from.sizes.some((n, i) => n !== sizes[i])) {
    throw new ShapeError(
      `${where}: source has shape ${show(source.sizes)}, but ${show(sizes)} is needed for ${at.count} positions along dimension ${d} of ${show(x.sizes)}`,
    );
  }
  return { dim: d, self, at, from };
}

/** Options of indexAdd. */
export interface IndexAddOptions {
  alpha?: number | undefined;
}
const indexAddKernel = kernel('indexAdd');
/**
 * A copy of `x` with `alpha` times the slices of `source` added at the positions in `index`. Throws RangeError for a
 * position outside, ShapeError if `source` does not fit.
 * @example
 * torch.indexAdd(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([1.5, 2])) // tensor([0.0000, 0.0000, 3.5000])
 */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
  checkOptions('indexAdd', options, ['alpha']);
  const alpha = options?.alpha ?? 1;
  const { dim: d, self, at, from } = listed('indexAdd', x, dim, index, source);
  const out = written(indexAddKernel, self, at, from, [d, alpha]);
  return finish(
    record('indexAdd', out, [self, from], [at], (g, n) => {
      if (!n.needs(1)) return [g, null];
      const gs = g.indexSelect(d, n.unpack(0));
      return [g, alpha === 1 ? gs : gs.mul(alpha)];
    }),
    x,
  );
}
const indexCopyKernel = kernel('indexCopy');
/**
 * A copy of `x` with the slices of `source` at the positions in `index`. Throws RangeError for a position outside,
 * ShapeError if `source` does not fit.
 * @example
 * torch.indexCopy(torch.zeros(3), 0, torch.tensor([2]), torch.tensor([1.5])) // tensor([0.0000, 0.0000, 1.5000])
 */
export function indexCopy(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  if (casting.on) return castCall('indexCopy', indexCopy, [x, dim, index, source]);
  checkLong('indexCopy', index);
  const { dim: d, self, at, from } = listed('indexCopy', x, dim, index, source);
  const out = written(indexCopyKernel, self, at, from, [d]);
  return finish(
    record('indexCopy', out, [self, from], [at], (g, n) => [
      n.needs(0) ? g.indexFill(d, n.unpack(0), 0) : null,
      n.needs(1) ? g.indexSelect(d, n.unpack(0)) : null,
    ]),
    x,
  );
}
/**
 * A copy of `x` with `value` in the slices at the positions in `index`; negative ones count from the end. Throws
 * RangeError for a position outside.
 * @example
 * torch.indexFill(torch.zeros(3), 0, torch.tensor([2, 0]), 5) // tensor([5., 0., 5.])
 */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: Tensor | Scalar): Tensor {
  return inNameOf('indexFill', () => {
    checkTensor('indexFill', x);
    checkLong('indexFill', index);
    const at = checkList('indexFill', index);
    checkOperand('indexFill', value, 'value');
    const d = wrapDim('indexFill', dim, x.sizes.length);
    const self = lined(x);
    const sizes = self.sizes.slice();
    sizes[d] = at.count;
    if (value instanceof Tensor && value.sizes.length > 0)
      throw new ShapeError(`indexFill: only supports a 0-dimensional value tensor, but got shape ${show(value.sizes)}`);
    const positions = at.count > 0 && at.lt(0).any().item() ? at.add(at.lt(0).to('int64').mul(self.sizes[d]!)) : at;
    if (value instanceof Tensor) {
      // chosen, not copied: a position named twice takes the value's gradient once
      const line = [self.sizes[d]!];
      const hit = indexCopy(
        zerosOf(line, bool, x.device),
        0,
        positions,
        zerosOf([at.count], bool, x.device).logicalNot(),
      );
      const across = hit.reshape([...line, ...self.sizes.slice(d + 1).fill(1)]);
      return finish(self.where(across.logicalNot(), value.to(x.dtype)), x);
    }
    return finish(indexCopy(self, d, positions, scalarTensor(x, value, sizes)), x);
  });
}

/**
 * The elements at positions in row-major order; negative ones count from the end. The result has the index's shape.
 * Throws RangeError for a position outside.
 * @example
 * torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, -1])) // tensor([1, 4])
 */
export function take(x: Tensor, index: Tensor): Tensor {
  checkTensor('take', x);
  checkIndex('take', index);
  const at = index.reshape(-1);
  const behind = at.lt(0);
  const positions = at.count > 0 && behind.any().item() ? at.add(behind.to('int64').mul(x.count)) : at;
  try {
    return indexSelect(x.reshape(-1), 0, positions).reshape(index.sizes);
  } catch (error) {
    throw error instanceof RangeError ? outside('take', at, null, x.count) : error;
  }
}

operators({
  gather,
  takeAlongDim,
  scatter,
  scatterAdd,
  scatterReduce,
  indexSelect,
  indexAdd,
  indexCopy,
  indexFill,
  take,
});
