// allToAll and allToAllSingle: each rank sends a part to each.
import { describe, ShapeError } from '../errors.ts';
import { empty } from '../create.ts';
import { noGrad } from '../autograd/mode.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensorOf, checkTensors, flag, kindOf, placedArguments } from './arguments.ts';
import { nothing } from './collectives.ts';
import type { GatherOptions } from './gathering.ts';
import { groupOf, outside } from './process-group.ts';
import { type Asynchronous, checkAlike, dense, type GroupLike, into, submit } from './submit.ts';
import type { Work } from './work.ts';

const ALL_TO_ALL = ['outputTensorList', 'inputTensorList', 'group', 'asyncOp'];
/** Several tensors in a row, whatever their shapes. */
function inRow(list: readonly Tensor[], filled: boolean): Tensor {
  const total = list.reduce((n, x) => n + x.count, 0);
  const flat = empty([total], { dtype: list[0]!.dtype, device: list[0]!.device });
  if (filled) eachIn(flat, list, (part, x) => void part.copy_(x));
  return flat;
}
function eachIn(flat: Tensor, list: readonly Tensor[], f: (part: Tensor, x: Tensor) => void): void {
  noGrad(() => {
    let at = 0;
    for (const x of list) {
      if (x.count > 0 && x.storage.handle >= 0) f(flat.narrow(0, at, x.count).view([...x.sizes]), x);
      at += x.count;
    }
  });
}

/**
 * Sends the tensor in place i of the input list to rank i of the group, and puts that of rank i into place i of the output list.
 * Shapes may differ; what one rank sends to another must have the size of what that expects. Throws ShapeError for lists that
 * have not a tensor for each rank, DtypeError for several dtypes.
 * @example
 * const out = [torch.zeros(2)]
 * if (torch.distributed.isInitialized()) torch.distributed.allToAll(out, [torch.ones(2)])
 * out.length // 1
 */
export function allToAll(
  outputTensorList: readonly Tensor[],
  inputTensorList: readonly Tensor[],
  options: GatherOptions & Asynchronous,
): Work;
export function allToAll(
  outputTensorList: readonly Tensor[],
  inputTensorList: readonly Tensor[],
  group: GroupLike,
  asyncOp: true,
): Work;
export function allToAll(
  outputTensorList: readonly Tensor[],
  inputTensorList: readonly Tensor[],
  group?: GroupLike | GatherOptions,
  asyncOp?: boolean | GatherOptions,
): Work | null;
export function allToAll(...given: readonly unknown[]): Work | null {
  const where = 'allToAll';
  const [to, from, group, async_] = placedArguments(where, ALL_TO_ALL, 2, given);
  const out = checkTensors(where, 'outputTensorList', to);
  const list = checkTensors(where, 'inputTensorList', from);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const n = at.size();
  for (const [name, tensors] of [
    ['outputTensorList', out],
    ['inputTensorList', list],
  ] as const)
    if (tensors.length !== n)
      throw new ShapeError(
        `${where}: expected ${name} to have a tensor for each of the ${n} ranks of the group but it has ${tensors.length}`,
      );
  checkAlike(where, [...out, ...list]);
  const flat = inRow(out, false);
  return submit(where, 'allToAll', at, {
    output: flat,
    input: inRow(list, true),
    inSplits: list.map((x) => x.count),
    outSplits: out.map((x) => x.count),
    asynchronous,
    after: () => eachIn(flat, out, (part, x) => void x.copy_(part)),
    results: out,
  });
}

/** The options of {@link allToAllSingle}. */
export interface SplitOptions {
  /** How much of the first dim comes from each rank; equal parts by default. */
  outputSplitSizes?: readonly number[] | null;
  /** How much of the first dim goes to each rank; equal parts by default. */
  inputSplitSizes?: readonly number[] | null;
  group?: GroupLike;
  asyncOp?: boolean;
}
const SINGLE = ['output', 'input', 'outputSplitSizes', 'inputSplitSizes', 'group', 'asyncOp'];

/** How many elements go to each rank. */
function splitsOf(where: string, name: string, x: Tensor, sizes: unknown, n: number): number[] {
  const first = x.sizes[0] ?? 1;
  const row = x.sizes.slice(1).reduce((a, b) => a * b, 1);
  if (sizes === undefined || sizes === null || (Array.isArray(sizes) && sizes.length === 0)) {
    if (first % n !== 0)
      throw new ShapeError(
        `${where}: ${name} is ${kindOf(x)}, whose first dim cannot be split into ${n} equal parts: give split sizes`,
      );
    return Array.from({ length: n }, () => (first / n) * row);
  }
  if (!Array.isArray(sizes))
    throw new TypeError(`${where}: expected split sizes to be a list but received ${describe(sizes)}`);
  const list = sizes as unknown[];
  if (list.length !== n || !list.every((k): k is number => typeof k === 'number' && Number.isInteger(k) && k >= 0))
    throw new ShapeError(
      `${where}: expected ${n} split sizes for ${name}, one for each rank, but received [${list.map(describe).join(', ')}]`,
    );
  const total = list.reduce((a, b) => a + b, 0);
  if (total !== first)
    throw new ShapeError(
      `${where}: the split sizes ${show(list)} for ${name} make ${total}, and its first dim is ${first}`,
    );
  return list.map((k) => k * row);
}

/**
 * Splits the input along its first dim, sends part i to rank i of the group, and puts what comes from rank i into part i of the
 * output. Throws ShapeError for sizes that do not fit, DtypeError for several dtypes.
 * @example
 * const out = torch.zeros(2)
 * if (torch.distributed.isInitialized()) torch.distributed.allToAllSingle(out, torch.ones(2))
 * out.shape // torch.Size([2])
 */
export function allToAllSingle(output: Tensor, input: Tensor, options: SplitOptions & Asynchronous): Work;
export function allToAllSingle(
  output: Tensor,
  input: Tensor,
  outputSplitSizes: readonly number[] | null | undefined,
  inputSplitSizes: readonly number[] | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function allToAllSingle(
  output: Tensor,
  input: Tensor,
  outputSplitSizes?: readonly number[] | SplitOptions | null,
  inputSplitSizes?: readonly number[] | SplitOptions | null,
  group?: GroupLike | SplitOptions,
  asyncOp?: boolean | SplitOptions,
): Work | null;
export function allToAllSingle(...given: readonly unknown[]): Work | null {
  const where = 'allToAllSingle';
  const [to, from, outSizes, inSizes, group, async_] = placedArguments(where, SINGLE, 2, given);
  const output = checkTensorOf(where, 'output', to);
  const input = checkTensorOf(where, 'input', from);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  checkAlike(where, [output, input]);
  const inSplits = splitsOf(where, 'input', input, inSizes, at.size());
  const outSplits = splitsOf(where, 'output', output, outSizes, at.size());
  const { flat, back } = into(output, false);
  return submit(where, 'allToAll', at, {
    output: flat,
    input: dense(input),
    inSplits,
    outSplits,
    asynchronous,
    after: back,
    results: [output],
  });
}
