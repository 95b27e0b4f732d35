// Collectives of parts: allGather, gather, scatter, reduceScatter, allToAll, each of lists of tensors or of one tensor of all parts.
import { ShapeError } from '../errors.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensorOf, checkTensors, flag, kindOf, placedArguments } from './arguments.ts';
import { nothing } from './collectives.ts';
import { groupOf, outside, peerOf, type ProcessGroup } from './process-group.ts';
import { reductionOf, type ReduceOp } from './reduce-op.ts';
import { type Asynchronous, checkAlike, dense, type GroupLike, into, intoAll, submit, together } from './submit.ts';
import type { Work } from './work.ts';

/** The options of the collectives that only need a group. */
export interface GatherOptions {
  group?: GroupLike;
  asyncOp?: boolean;
}
const same = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, d) => n === b[d]);

/** A list with a tensor of one shape for each rank of the group. */
function checkParts(where: string, name: string, list: readonly Tensor[], group: ProcessGroup, like: Tensor): void {
  if (list.length !== group.size())
    throw new ShapeError(
      `${where}: expected ${name} to have a tensor for each of the ${group.size()} ranks of the group but it has ${list.length}`,
    );
  checkAlike(where, [like, ...list]);
  list.forEach((x, i) => {
    if (!same(x.sizes, like.sizes))
      throw new ShapeError(
        `${where}: ${name}[${i}] is ${kindOf(x)}, but the tensor is ${kindOf(like)}: all must have one shape`,
      );
  });
}
/** One tensor of all parts, in a row or stacked. */
function checkWhole(where: string, whole: Tensor, part: Tensor, group: ProcessGroup, wholeName: string): void {
  checkAlike(where, [whole, part]);
  const n = group.size();
  const { sizes } = part;
  const row = sizes.length > 0 && same(whole.sizes, [sizes[0]! * n, ...sizes.slice(1)]);
  if (row || same(whole.sizes, [n, ...sizes]) || (whole.sizes.length === 1 && whole.count === n * part.count)) return;
  throw new ShapeError(
    `${where}: ${wholeName} is ${kindOf(whole)}, but with ${n} ranks and parts of ${show(sizes)} it must be ` +
      `${sizes.length > 0 ? `${show([sizes[0]! * n, ...sizes.slice(1)])} or ` : ''}${show([n, ...sizes])}`,
  );
}

const ALL_GATHER = ['tensorList', 'tensor', 'group', 'asyncOp'];
/**
 * Fills `tensorList`, which has a tensor for each rank, with the tensors of all ranks. Throws ShapeError or DtypeError where they
 * do not fit.
 * @example
 * const x = torch.ones(2)
 * const list = [torch.zeros(2)]
 * if (torch.distributed.isInitialized()) torch.distributed.allGather(list, x)
 * list.length // 1
 */
export function allGather(tensorList: readonly Tensor[], tensor: Tensor, options: GatherOptions & Asynchronous): Work;
export function allGather(tensorList: readonly Tensor[], tensor: Tensor, group: GroupLike, asyncOp: true): Work;
export function allGather(
  tensorList: readonly Tensor[],
  tensor: Tensor,
  group?: GroupLike | GatherOptions,
  asyncOp?: boolean | GatherOptions,
): Work | null;
export function allGather(...given: readonly unknown[]): Work | null {
  const where = 'allGather';
  const [to, x, group, async_] = placedArguments(where, ALL_GATHER, 2, given);
  const list = checkTensors(where, 'tensorList', to);
  const tensor = checkTensorOf(where, 'tensor', x);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  checkParts(where, 'tensorList', list, at, tensor);
  const { flat, back } = intoAll(list);
  const shapes = [tensor.sizes];
  return submit(where, 'allGather', at, {
    output: flat,
    input: dense(tensor),
    asynchronous,
    after: back,
    results: list,
    shapes,
  });
}

const INTO_TENSOR = ['outputTensor', 'inputTensor', 'group', 'asyncOp'];
function gatherInto(where: string, given: readonly unknown[]): Work | null {
  const [to, x, group, async_] = placedArguments(where, INTO_TENSOR, 2, given);
  const output = checkTensorOf(where, 'outputTensor', to);
  const input = checkTensorOf(where, 'inputTensor', x);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  checkWhole(where, output, input, at, 'outputTensor');
  const { flat, back } = into(output, false);
  const shapes = [input.sizes];
  return submit(where, 'allGather', at, {
    output: flat,
    input: dense(input),
    asynchronous,
    after: back,
    results: [output],
    shapes,
  });
}
/**
 * Fills `outputTensor` with the tensors of all ranks, in a row along the first dim or stacked. Throws ShapeError or DtypeError
 * where they do not fit.
 * @example
 * const all = torch.zeros(2)
 * if (torch.distributed.isInitialized()) torch.distributed.allGatherIntoTensor(all, torch.ones(2))
 * all.shape // torch.Size([2])
 */
export function allGatherIntoTensor(
  outputTensor: Tensor,
  inputTensor: Tensor,
  options: GatherOptions & Asynchronous,
): Work;
export function allGatherIntoTensor(outputTensor: Tensor, inputTensor: Tensor, group: GroupLike, asyncOp: true): Work;
export function allGatherIntoTensor(
  outputTensor: Tensor,
  inputTensor: Tensor,
  group?: GroupLike | GatherOptions,
  asyncOp?: boolean | GatherOptions,
): Work | null;
export function allGatherIntoTensor(...given: readonly unknown[]): Work | null {
  return gatherInto('allGatherIntoTensor', given);
}

/**
 * {@link allGatherIntoTensor} by PyTorch's newer name.
 * @example
 * torch.distributed.allGatherSingle === torch.distributed.allGatherIntoTensor // true
 */
export const allGatherSingle = allGatherIntoTensor;

/** The options of {@link gather}. */
export interface GatherToOptions {
  gatherList?: readonly Tensor[] | null;
  /** The rank in the world that gets them, 0 by default. */
  dst?: number | null;
  group?: GroupLike;
  asyncOp?: boolean;
  groupDst?: number | null;
}
const GATHER = ['tensor', 'gatherList', 'dst', 'group', 'asyncOp', 'groupDst'];
/**
 * Fills the `gatherList` of the rank `dst` with the tensors of all ranks; the others give no list. Throws TypeError for a list
 * where there must be none, ShapeError or DtypeError where tensors do not fit.
 * @example
 * const list = [torch.zeros(2)]
 * if (torch.distributed.isInitialized()) torch.distributed.gather(torch.ones(2), list, 0)
 * list.length // 1
 */
export function gather(tensor: Tensor, options: GatherToOptions & Asynchronous): Work;
export function gather(
  tensor: Tensor,
  gatherList: readonly Tensor[] | null | undefined,
  dst: number | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function gather(
  tensor: Tensor,
  gatherList?: readonly Tensor[] | GatherToOptions | null,
  dst?: number | GatherToOptions | null,
  group?: GroupLike | GatherToOptions,
  asyncOp?: boolean | GatherToOptions,
  groupDst?: number | GatherToOptions | null,
): Work | null;
export function gather(...given: readonly unknown[]): Work | null {
  const where = 'gather';
  const [x, to, dst, group, async_, groupDst] = placedArguments(where, GATHER, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const list = to === undefined || to === null ? [] : checkTensors(where, 'gatherList', to);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const peer = peerOf(where, at, 'dst', dst, 'groupDst', groupDst) ?? defaultRoot(where, at);
  const root = checkListOfRoot(where, at, peer, 'gatherList', 'destination', list, tensor);
  const { flat, back } = root ? intoAll(list) : { flat: null, back: null };
  const shapes = [tensor.sizes];
  return submit(where, 'gather', at, {
    output: flat,
    input: dense(tensor),
    peer,
    asynchronous,
    after: back,
    results: list,
    shapes,
    rooted: true,
  });
}
/** Rank 0 of the world. */
const defaultRoot = (where: string, group: ProcessGroup): number => peerOf(where, group, 'rank', 0, '', null)!;
function checkListOfRoot(
  where: string,
  group: ProcessGroup,
  peer: number,
  name: string,
  what: string,
  list: readonly Tensor[],
  tensor: Tensor,
): boolean {
  const root = peer === group.rank();
  if (!root && list.length > 0)
    throw new TypeError(`${where}: argument ${name} must NOT be specified on non-${what} ranks`);
  if (root && list.length === 0) throw new TypeError(`${where}: argument ${name} must be specified on ${what} rank`);
  if (root) checkParts(where, name, list, group, tensor);
  return root;
}

/** The options of {@link scatter}. */
export interface ScatterOptions {
  scatterList?: readonly Tensor[] | null;
  /** The rank in the world that gives them, 0 by default. */
  src?: number | null;
  group?: GroupLike;
  asyncOp?: boolean;
  groupSrc?: number | null;
}
const SCATTER = ['tensor', 'scatterList', 'src', 'group', 'asyncOp', 'groupSrc'];
/**
 * Fills the tensor of each rank with its part of the `scatterList` of the rank `src`; the others give no list. Throws TypeError
 * for a list where there must be none, ShapeError or DtypeError where tensors do not fit.
 * @example
 * const x = torch.zeros(2)
 * if (torch.distributed.isInitialized()) torch.distributed.scatter(x, [torch.ones(2)], 0)
 * x.shape // torch.Size([2])
 */
export function scatter(tensor: Tensor, options: ScatterOptions & Asynchronous): Work;
export function scatter(
  tensor: Tensor,
  scatterList: readonly Tensor[] | null | undefined,
  src: number | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function scatter(
  tensor: Tensor,
  scatterList?: readonly Tensor[] | ScatterOptions | null,
  src?: number | ScatterOptions | null,
  group?: GroupLike | ScatterOptions,
  asyncOp?: boolean | ScatterOptions,
  groupSrc?: number | ScatterOptions | null,
): Work | null;
export function scatter(...given: readonly unknown[]): Work | null {
  const where = 'scatter';
  const [x, from, src, group, async_, groupSrc] = placedArguments(where, SCATTER, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const list = from === undefined || from === null ? [] : checkTensors(where, 'scatterList', from);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const peer = peerOf(where, at, 'src', src, 'groupSrc', groupSrc) ?? defaultRoot(where, at);
  const root = checkListOfRoot(where, at, peer, 'scatterList', 'source', list, tensor);
  const { flat, back } = into(tensor, false);
  return submit(where, 'scatter', at, {
    output: flat,
    input: root ? together(list) : null,
    peer,
    asynchronous,
    after: back,
    results: [tensor],
    shapes: [tensor.sizes],
    rooted: true,
  });
}

/** The options of {@link reduceScatter} and {@link reduceScatterTensor}. */
export interface ReduceScatterOptions {
  op?: ReduceOp | null;
  group?: GroupLike;
  asyncOp?: boolean;
}
const REDUCE_SCATTER = ['output', 'inputList', 'op', 'group', 'asyncOp'];
/**
 * Reduces the lists of all ranks, which have a tensor for each rank, and gives each rank its part. Throws ShapeError or
 * DtypeError where they do not fit.
 * @example
 * const x = torch.zeros(2)
 * if (torch.distributed.isInitialized()) torch.distributed.reduceScatter(x, [torch.ones(2)])
 * x.shape // torch.Size([2])
 */
export function reduceScatter(
  output: Tensor,
  inputList: readonly Tensor[],
  options: ReduceScatterOptions & Asynchronous,
): Work;
export function reduceScatter(
  output: Tensor,
  inputList: readonly Tensor[],
  op: ReduceOp | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function reduceScatter(
  output: Tensor,
  inputList: readonly Tensor[],
  op?: ReduceOp | ReduceScatterOptions | null,
  group?: GroupLike | ReduceScatterOptions,
  asyncOp?: boolean | ReduceScatterOptions,
): Work | null;
export function reduceScatter(...given: readonly unknown[]): Work | null {
  const where = 'reduceScatter';
  const [to, from, op, group, async_] = placedArguments(where, REDUCE_SCATTER, 2, given);
  const output = checkTensorOf(where, 'output', to);
  const list = checkTensors(where, 'inputList', from);
  const reduction = reductionOf(where, op, output.dt);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  checkParts(where, 'inputList', list, at, output);
  return scattered(where, at, output, together(list), reduction, asynchronous);
}
function scattered(
  where: string,
  at: ProcessGroup,
  output: Tensor,
  input: Tensor,
  op: number,
  asynchronous: boolean,
): Work | null {
  const { flat, back } = into(output, false);
  const shapes = [output.sizes];
  return submit(where, 'reduceScatter', at, {
    output: flat,
    input,
    op,
    asynchronous,
    after: back,
    results: [output],
    shapes,
    reduces: true,
  });
}
const REDUCE_SCATTER_TENSOR = ['output', 'input', 'op', 'group', 'asyncOp'];
/**
 * Reduces the tensors of all ranks, which hold a part for each rank, in a row along the first dim or stacked, and gives each
 * rank its part. Throws ShapeError or DtypeError where they do not fit.
 * @example
 * const x = torch.zeros(2)
 * if (torch.distributed.isInitialized()) torch.distributed.reduceScatterTensor(x, torch.ones(2))
 * x.shape // torch.Size([2])
 */
export function reduceScatterTensor(output: Tensor, input: Tensor, options: ReduceScatterOptions & Asynchronous): Work;
export function reduceScatterTensor(
  output: Tensor,
  input: Tensor,
  op: ReduceOp | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function reduceScatterTensor(
  output: Tensor,
  input: Tensor,
  op?: ReduceOp | ReduceScatterOptions | null,
  group?: GroupLike | ReduceScatterOptions,
  asyncOp?: boolean | ReduceScatterOptions,
): Work | null;
export function reduceScatterTensor(...given: readonly unknown[]): Work | null {
  const where = 'reduceScatterTensor';
  const [to, from, op, group, async_] = placedArguments(where, REDUCE_SCATTER_TENSOR, 2, given);
  const output = checkTensorOf(where, 'output', to);
  const input = checkTensorOf(where, 'input', from);
  const reduction = reductionOf(where, op, output.dt);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  checkWhole(where, input, output, at, 'input');
  return scattered(where, at, output, dense(input), reduction, asynchronous);
}
/**
 * {@link reduceScatterTensor} by PyTorch's newer name.
 * @example
 * torch.distributed.reduceScatterSingle === torch.distributed.reduceScatterTensor // true
 */
export const reduceScatterSingle = reduceScatterTensor;
