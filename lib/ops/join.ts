// Joining and repeating: cat, stack and their kin, repeat, tile.
import { castCall, casting } from '../autocast.ts';
import { readArguments } from '../arguments.ts';
import { row } from '../define.ts';
import { called, record } from '../history.ts';
import { checkTensor, commonDevice, runMap, runStruct } from '../dispatch.ts';
import { type DType, promoteTypes } from '../dtype.ts';
import { describe, ShapeError, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import { kernel } from '../native.ts';
import { sameShape, type Shape, show, wrapDim, listOf } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

const copyKernel = kernel('copy');
const joinKernel = kernel('join');
/** A plan has 16 operands. */
const MOST_PARTS = 15;

function checkList(where: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors))
    throw new TypeError(`${where}: expected a list of tensors but received ${describe(tensors)}`);
  if (tensors.length === 0) throw new ShapeError(`${where}: expected a non-empty list of tensors`);
  tensors.forEach((x: unknown, i) => checkTensor(where, x, `tensors[${i}]`));
  commonDevice(where, tensors);
}

/** Dense parts of one dtype, a row of each in turn: one pass over the result. False where they are otherwise. */
function joinRows(out: Tensor, parts: readonly Tensor[], d: number): boolean {
  let rows = 1;
  for (let k = 0; k < d; k++) rows *= out.sizes[k]!;
  if (out.count === 0 || parts.length < 2 || parts.length > MOST_PARTS) return false;
  if (!parts.every((x) => x.dense && x.dt === out.dt)) return false;
  const matrix = (x: Tensor): Tensor => new Tensor(x.storage, x.dt, [rows, x.count / rows], null, x.offset, x.count);
  runStruct(joinKernel, [matrix(out), ...parts.map(matrix)]);
  return true;
}

/** Options of {@link cat} and {@link stack}. */
export interface JoinOptions {
  /** 0 */
  dim?: number | undefined;
  /** NumPy's name of `dim`. */
  axis?: number | undefined;
}
const dimOf = (where: string, options: JoinOptions): number =>
  readArguments<{ dim: number }>(where, [options], ['dim']).dim ?? 0;

/**
 * Tensors one after the other along `dim`; the other sizes must agree. A 1-d tensor without elements is skipped. Throws
 * ShapeError where they do not, RangeError if there is no such dim.
 * @example
 * torch.cat([torch.tensor([1, 2]), torch.tensor([3])]) // tensor([1, 2, 3])
 */
export function cat(tensors: readonly Tensor[], dim: number | JoinOptions = 0): Tensor {
  if (casting.on) return castCall('cat', cat, [tensors, dim]);
  checkList('cat', tensors);
  const parts = tensors.filter((x) => !(x.sizes.length === 1 && x.sizes[0] === 0));
  const dt = tensors.reduce<DType>((a, x) => promoteTypes(a, x.dt), tensors[0]!.dt);
  const first = parts[0];
  if (!first) return tensors[0]!.dt === dt ? tensors[0]!.clone() : tensors[0]!.to(dt.name);
  if (first.sizes.length === 0)
    throw new ShapeError('cat: zero-dimensional tensor (at position 0) cannot be concatenated');
  const d = wrapDim('cat', typeof dim === 'object' ? dimOf('cat', dim) : dim, first.sizes.length);
  let total = 0;
  parts.forEach((x, i) => {
    if (x.sizes.length !== first.sizes.length) {
      throw new ShapeError(
        `cat: tensors must have same number of dimensions: got ${first.sizes.length} and ${x.sizes.length}`,
      );
    }
    for (let k = 0; k < x.sizes.length; k++) {
      if (k !== d && x.sizes[k] !== first.sizes[k]) {
        throw new ShapeError(
          `cat: sizes of tensors must match except in dimension ${d}. Expected size ${first.sizes[k]} but got size ${x.sizes[k]} for tensor number ${i} in the list.`,
        );
      }
    }
    total += x.sizes[d]!;
  });
  const sizes = first.sizes.slice();
  sizes[d] = total;
  const out = emptyTensor(sizes, dt, first.device);
  let at = 0;
  const joined = joinRows(out, parts, d);
  for (const x of joined ? [] : parts) {
    const to = new Tensor(out.storage, dt, x.sizes, out.strides, x.count === 0 ? 0 : at * out.strides[d]!);
    runMap(copyKernel, x.sizes, [to, x], dt);
    at += x.sizes[d]!;
  }
  const widths = parts.map((x) => x.sizes[d]!);
  return record('cat', out, parts, [], (g, n) => {
    let from = 0;
    return widths.map((size, i) => {
      const piece = n.needs(i) ? g.narrow(d, from, size) : null;
      from += size;
      return piece;
    });
  });
}
row('cat', cat);
/**
 * Another name of {@link cat}.
 * @example
 * torch.concat([torch.tensor([1]), torch.tensor([2])]) // tensor([1, 2])
 */
export function concat(tensors: readonly Tensor[], dim: number | JoinOptions = 0): Tensor {
  return inNameOf('concat', () => cat(tensors, dim));
}
/**
 * Another name of {@link cat}.
 * @example
 * torch.concatenate([torch.tensor([1]), torch.tensor([2])]) // tensor([1, 2])
 */
export function concatenate(tensors: readonly Tensor[], dim: number | JoinOptions = 0): Tensor {
  return inNameOf('concatenate', () => cat(tensors, dim));
}

/**
 * Tensors of one shape side by side along a new dim. Throws ShapeError for different shapes, RangeError if there is no
 * such dim.
 * @example
 * torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
 * // tensor([[1, 2],
 * //         [3, 4]])
 */
export function stack(tensors: readonly Tensor[], dim: number | JoinOptions = 0): Tensor {
  if (casting.on) return castCall('stack', stack, [tensors, dim]);
  checkList('stack', tensors);
  const first = tensors[0]!;
  const d = wrapDim('stack', typeof dim === 'object' ? dimOf('stack', dim) : dim, first.sizes.length + 1);
  tensors.forEach((x, i) => {
    if (!sameShape(x.sizes, first.sizes)) {
      throw new ShapeError(
        `stack: expects each tensor to be equal size, but got ${show(first.sizes)} at entry 0 and ${show(x.sizes)} at entry ${i}`,
      );
    }
  });
  return called(
    'stack',
    cat(
      tensors.map((x) => x.unsqueeze(d)),
      d,
    ),
  );
}
row('stack', stack);

const atLeast = (x: Tensor, rank: number): Tensor =>
  x.sizes.length >= rank ? x : rank === 1 ? x.reshape(1) : x.sizes.length === 0 ? x.reshape(1, 1) : x.unsqueeze(0);
/**
 * Tensors one after the other: along dim 0 for 1-d ones, dim 1 otherwise. Throws ShapeError where the other sizes
 * differ.
 * @example
 * torch.hstack([torch.tensor([1]), torch.tensor([2])]) // tensor([1, 2])
 */
export function hstack(tensors: readonly Tensor[]): Tensor {
  checkList('hstack', tensors);
  const parts = tensors.map((x) => atLeast(x, 1));
  return cat(parts, parts[0]!.sizes.length === 1 ? 0 : 1);
}
row('hstack', hstack);
/**
 * Tensors below each other, as rows where they are 1-d. Throws ShapeError where the other sizes differ.
 * @example
 * torch.vstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
 * // tensor([[1, 2],
 * //         [3, 4]])
 */
export function vstack(tensors: readonly Tensor[]): Tensor {
  checkList('vstack', tensors);
  return cat(
    tensors.map((x) => atLeast(x, 2)),
    0,
  );
}
row('vstack', vstack);

/**
 * The tensor repeated along each dim; more numbers than dims add leading ones. Throws ShapeError for less numbers than
 * dims.
 * @example
 * torch.tensor([1, 2]).repeat(2, 2)
 * // tensor([[1, 2, 1, 2],
 * //         [1, 2, 1, 2]])
 */
export function repeat(x: Tensor, ...sizes: (number | Shape)[]): Tensor {
  checkTensor('repeat', x);
  const times = listOf('repeat', sizes);
  if (times.some((n) => !Number.isInteger(n) || n < 0))
    throw new RangeError(`repeat: expected whole numbers >= 0 but received ${show(times)}`);
  const pad = times.length - x.sizes.length;
  if (pad < 0) {
    throw new ShapeError(
      `repeat: number of dimensions of repeat dims (${times.length}) can not be smaller than number of dimensions of tensor (${x.sizes.length})`,
    );
  }
  // [a, b] repeated [p, q] is [1, a, 1, b] expanded to [p, a, q, b]
  const apart: number[] = [];
  const wide: number[] = [];
  const out: number[] = [];
  times.forEach((n, d) => {
    const size = d < pad ? 1 : x.sizes[d - pad]!;
    apart.push(1, size);
    wide.push(n, size);
    out.push(n * size);
  });
  return called('repeat', x.reshape(apart).expand(wide).clone({ memoryFormat: 'contiguous' }).view(out));
}
spread(repeat);
row('repeat', repeat);
/**
 * As {@link repeat}, but fewer numbers than dims apply to the last ones.
 * @example
 * torch.tile(torch.tensor([[1], [2]]), 2)
 * // tensor([[1, 1],
 * //         [2, 2]])
 */
export function tile(x: Tensor, ...dims: (number | Shape)[]): Tensor {
  return inNameOf('tile', () => {
    checkTensor('tile', x);
    const times = listOf('tile', dims);
    const pad = x.sizes.length - times.length;
    return repeat(x, pad > 0 ? [...new Array<number>(pad).fill(1), ...times] : times);
  });
}
spread(tile);
row('tile', tile);
