// Choosing by a condition: where, masked reading and writing, nonzero.
import { checkOptions } from '../arguments.ts';
import { record } from '../history.ts';
import { checkOperand, checkTensor, commonDevice, runStruct, type Scalar } from '../dispatch.ts';
import { bool, fitting, FLOATING, int64, uint8 } from '../dtype.ts';
import { DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, checkShape, range, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { choose } from './internal/where.ts';
import { cat } from './join.ts';

const isMask = (x: unknown): x is Tensor => x instanceof Tensor && (x.dt === bool || x.dt === uint8);

/**
 * `input` where `condition` holds, `other` elsewhere, broadcast and promoted; with the condition alone, the indices where
 * it is true, a tensor a dim. As a method: `x.where(condition, other)`. Throws DtypeError if the condition is not bool.
 * @example
 * torch.where(torch.tensor([true, false]), torch.tensor([1.5, 2]), 0) // tensor([1.5000, 0.0000])
 */
export function where(condition: Tensor): Tensor[];
export function where(condition: Tensor, input: Tensor | Scalar, other: Tensor | Scalar): Tensor;
export function where(condition: Tensor, input?: Tensor | Scalar, other?: Tensor | Scalar): Tensor | Tensor[] {
  checkTensor('where', condition, 'condition');
  if (input === undefined && other === undefined) return nonzero(condition, { asTuple: true });
  if (!isMask(condition) && isMask(input)) return choose(input, condition, other!);
  return choose(condition, input!, other!);
}

function checkMask(name: string, mask: unknown): Tensor {
  checkTensor(name, mask, 'mask');
  if (mask.dt !== bool)
    throw new DtypeError(`${name}: expected a mask of dtype bool but received ${mask.dt.name}; mask.bool() makes one`);
  return mask;
}

/**
 * A copy of `x` with `value` where the mask is true. The value becomes one of the dtype's; throws
 * RangeError if that cannot hold it.
 * @example
 * torch.maskedFill(torch.tensor([1.5, 2]), torch.tensor([true, false]), 0) // tensor([0., 2.])
 */
export function maskedFill(x: Tensor, mask: Tensor, value: Tensor | Scalar): Tensor {
  checkTensor('maskedFill', x);
  const m = checkMask('maskedFill', mask);
  checkOperand('maskedFill', value, 'value');
  if (value instanceof Tensor && value.sizes.length > 0) {
    throw new ShapeError(`maskedFill: only supports a 0-dimensional value tensor, but got shape ${show(value.sizes)}`);
  }
  if (value instanceof Tensor) return choose(m, value.dt === x.dt ? value : value.to(x.dtype), x, 'maskedFill');
  const fits = fitting('maskedFill', value, x.dt);
  if (x.dt === bool) return choose(m, Boolean(fits) || Number.isNaN(fits), x, 'maskedFill');
  // of the same kind or a lower one, a number does not widen the dtype
  const whole = x.dt.kind !== FLOATING && typeof fits === 'number' ? Math.trunc(fits) : fits;
  return choose(m, whole, x, 'maskedFill');
}

const maskedSelectKernel = kernel('maskedSelect');
/**
 * The elements where the mask is true, as one dim. Throws DtypeError if the mask is not bool, ShapeError where it does
 * not broadcast.
 * @example
 * torch.maskedSelect(torch.tensor([1, 2, 3]), torch.tensor([true, false, true])) // tensor([1, 3])
 */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  checkTensor('maskedSelect', x);
  const m = checkMask('maskedSelect', mask);
  commonDevice('maskedSelect', [x, m]);
  const sizes = broadcastShapes('maskedSelect', x.sizes, m.sizes);
  const [source, at] = [x.expand(sizes), m.expand(sizes)];
  const out = emptyTensor([at.countNonzero().item()], x.dt, x.device);
  if (out.count > 0) runStruct(maskedSelectKernel, [out, source, at]);
  return record('maskedSelect', out, [source], [at], (g, n) => [
    maskedScatter(zerosOf(sizes, g.dt, g.device), n.unpack(0), g),
  ]);
}

const maskedScatterKernel = kernel('maskedScatter');
/**
 * A copy of `x` with the elements of `source`, in order, where the mask is true. Throws ShapeError if there are too few.
 * @example
 * torch.maskedScatter(torch.zeros(3), torch.tensor([true, false, true]), torch.tensor([1.5, 2])) // tensor([1.5000, 0.0000, 2.0000])
 */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  checkTensor('maskedScatter', x);
  const m = checkMask('maskedScatter', mask);
  checkTensor('maskedScatter', source, 'source');
  commonDevice('maskedScatter', [x, m, source]);
  if (source.dt !== x.dt)
    throw new DtypeError(
      `maskedScatter: expected self and source to have same dtypes but got ${x.dt.name} and ${source.dt.name}`,
    );
  const sizes = broadcastShapes('maskedScatter', x.sizes, m.sizes);
  const at = m.expand(sizes);
  const trues = at.countNonzero().item();
  if (trues > source.count)
    throw new ShapeError(`maskedScatter: the mask selects ${trues} elements, but the source has ${source.count}`);
  const out = emptyTensor(sizes, x.dt, x.device);
  if (out.count > 0) {
    out.copy_(x.detach());
    runStruct(maskedScatterKernel, [out, at, source.detach().reshape(-1)]);
  }
  const shape = source.sizes;
  return record('maskedScatter', out, [x, source], [at], (g, n) => [
    n.needs(0) ? g.maskedFill(n.unpack(0), 0) : null,
    n.needs(1)
      ? cat([g.maskedSelect(n.unpack(0)), zerosOf([source.count - trues], g.dt, g.device)], 0).reshape(shape)
      : null,
  ]);
}

const nonzeroKernel = kernel('nonzero');
/** Options of nonzero. */
export interface NonzeroOptions {
  /** A tensor of positions for each dim, as `x.index(…)` takes them. */
  asTuple?: boolean | undefined;
}
/**
 * Where the elements are not zero: a row of indices each, in row-major order.
 * @example
 * torch.nonzero(torch.tensor([0, 3, 4]))
 * // tensor([[1],
 * //         [2]])
 */
export function nonzero(x: Tensor, options: { asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: { asTuple?: false | undefined }): Tensor;
export function nonzero(x: Tensor, options?: NonzeroOptions): Tensor | Tensor[] {
  checkTensor('nonzero', x);
  checkOptions('nonzero', options, ['asTuple']);
  if (options?.asTuple) {
    const source = x.sizes.length === 0 ? x.reshape(1) : x;
    const rows = nonzero(source);
    return range(source.sizes.length).map((d) => rows.select(1, d));
  }
  const count = x.count === 0 ? 0 : x.detach().countNonzero().item();
  const out = emptyTensor([count, x.sizes.length], int64, x.device);
  if (out.count > 0) runStruct(nonzeroKernel, [out, x]);
  return out;
}

/** Options of nonzeroStatic. */
export interface NonzeroStaticOptions {
  /** How many rows there are. */
  size: number;
  /** What fills rows that are left over; -1. */
  fillValue?: number | undefined;
}
/**
 * As {@link nonzero}, in a fixed number of rows: those beyond it are cut off, missing ones filled. Throws RangeError for a
 * negative size.
 * @example
 * torch.nonzeroStatic(torch.tensor([0, 3, 4]), { size: 3 }).view(-1) // tensor([ 1,  2, -1])
 */
export function nonzeroStatic(x: Tensor, options: NonzeroStaticOptions): Tensor {
  const where = 'nonzeroStatic';
  return inNameOf(where, () => {
    checkTensor(where, x);
    checkOptions(where, options, ['size', 'fillValue']);
    const size = wholeNumber(where, 'size', options?.size, 0);
    const fill = wholeNumber(where, 'fillValue', options.fillValue ?? -1);
    const rows = nonzero(x);
    const found = rows.sizes[0]!;
    if (found >= size) return rows.narrow(0, 0, size).clone();
    const rest = emptyTensor(checkShape(where, [size - found, x.sizes.length]).slice(), int64, x.device).fill_(fill);
    return cat([rows, rest]);
  });
}

operators({ where, maskedFill, maskedSelect, maskedScatter });
operators({ nonzero, nonzeroStatic }, { differentiable: false });
