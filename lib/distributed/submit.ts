// From a checked call to a transport: lays tensors out without gaps, chooses the transport of their device, tells the debug
// mode. Used by collectives.ts, gathering.ts, point.ts and objects.ts.
import { noGrad } from '../autograd/mode.ts';
import { DeviceError, DtypeError } from '../errors.ts';
import { empty } from '../create.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { kindOf } from './arguments.ts';
import { fingerprint, getDebugLevel } from './debug.ts';
import type { Call, Kind, Transport } from './engine.ts';
import type { ProcessGroup } from './process-group.ts';
import { ReduceOp } from './reduce-op.ts';
import { EndedWork, type Work } from './work.ts';

/** A group, or null for that of all ranks. */
export type GroupLike = ProcessGroup | null | undefined;
/** Makes the result a {@link Work}. */
export interface Asynchronous {
  asyncOp: true;
}

/** A tensor whose elements lie without gaps, with the same values; the same one if it does. */
export const dense = (x: Tensor): Tensor => (x.dense ? x : noGrad(() => x.contiguous()));

/** Memory without gaps that is to be written, and how it gets into a tensor that has gaps. */
export interface Written {
  readonly flat: Tensor;
  readonly back: (() => void) | null;
}
const alive = (x: Tensor): boolean => x.storage.handle >= 0;
/** Counts a write, for backward to notice. */
const written = (x: Tensor): void => void x.storage.version++;

/** For a tensor that is written; `read` also keeps its values. */
export function into(x: Tensor, read: boolean): Written {
  if (x.dense) {
    written(x);
    return { flat: x, back: null };
  }
  const flat = noGrad(() => (read ? x.contiguous() : empty(x.sizes, { dtype: x.dtype, device: x.device })));
  return { flat, back: () => alive(x) && noGrad(() => void x.copy_(flat)) };
}
/** For several of one shape, which are written together. */
export function intoAll(list: readonly Tensor[]): Written {
  const [first] = list as readonly [Tensor];
  const flat = empty([list.length, ...first.sizes], { dtype: first.dtype, device: first.device });
  const back = (): void =>
    noGrad(() => list.forEach((x, i) => void (alive(x) && x.count > 0 && x.copy_(flat.select(0, i)))));
  return { flat, back };
}
/** Several of one shape in a row. */
export function together(list: readonly Tensor[]): Tensor {
  const [first] = list as readonly [Tensor];
  const flat = empty([list.length, ...first.sizes], { dtype: first.dtype, device: first.device });
  noGrad(() => list.forEach((x, i) => void (x.count > 0 && flat.select(0, i).copy_(x))));
  return flat;
}
/** Refuses tensors of several dtypes or devices. */
export function checkAlike(where: string, tensors: readonly Tensor[]): void {
  const [first] = tensors;
  for (const x of tensors) {
    if (x.dt !== first!.dt)
      throw new DtypeError(`${where}: invalid usage of tensors with different dtypes: ${first!.dtype} and ${x.dtype}`);
    if (x.device !== first!.device)
      throw new DeviceError(`${where}: tensors are on different devices: ${first!.device} and ${x.device}`);
  }
}

/** What {@link submit} is told; the rest is as for nothing. */
export interface Asked {
  readonly output?: Tensor | null;
  readonly input?: Tensor | null;
  readonly op?: number;
  readonly peer?: number;
  readonly tag?: number;
  readonly inSplits?: readonly number[] | null;
  readonly outSplits?: readonly number[] | null;
  readonly timeout?: number | null;
  readonly asynchronous: boolean;
  readonly after?: (() => void) | null;
  readonly results?: readonly Tensor[];
  /** What the debug mode compares besides: shapes that must be the same on all ranks, the dtype, and whether `op` and `peer` count. */
  readonly shapes?: readonly Shape[];
  readonly dtype?: string;
  readonly reduces?: boolean;
  readonly rooted?: boolean;
}
const OPS = Object.keys(ReduceOp);

/** The transport for a tensor; without one that of the group's own device. */
export function transportOf(where: string, group: ProcessGroup, x: Tensor | null): Transport {
  const type = x !== null ? x.device.type : group.backend === 'nccl' ? 'cuda' : 'cpu';
  const found = group.transports[type];
  if (found === undefined)
    throw new DeviceError(
      `${where}: the group's backend '${group.backend}' is not for tensors on '${type}'${x === null ? '' : ` (${kindOf(x)})`}: initProcessGroup({ backend: '${type === 'cuda' ? 'cpu:mpi,cuda:nccl' : 'mpi'}' })`,
    );
  return found;
}

/** Makes a call. Gives its Work if it is asynchronous, else null. */
export function submit(where: string, kind: Kind, group: ProcessGroup, asked: Asked): Work | null {
  return make(where, kind, group, asked).work;
}
/** The same, also with the call, which tells the source of a message. */
export function make(
  where: string,
  kind: Kind,
  group: ProcessGroup,
  asked: Asked,
): { readonly work: Work | null; readonly call: Call } {
  const { output = null, input = null, asynchronous } = asked;
  const transport = transportOf(where, group, output ?? input);
  const message = kind === 'send' || kind === 'recv';
  const number = message ? 0 : ++group.calls;
  const compared =
    !message && getDebugLevel() === 'DETAIL'
      ? fingerprint(
          where,
          number,
          asked.dtype ?? (output ?? input)?.dtype ?? '',
          asked.shapes ?? [],
          asked.reduces ? OPS[asked.op ?? 0]! : null,
          asked.rooted ? (asked.peer ?? 0) : null,
        )
      : null;
  const call: Call = {
    kind,
    where,
    output,
    input,
    op: asked.op ?? 0,
    peer: asked.peer ?? 0,
    tag: asked.tag ?? 0,
    inSplits: asked.inSplits ?? null,
    outSplits: asked.outSplits ?? null,
    timeout: asked.timeout ?? group.timeout,
    fingerprint: compared,
    asynchronous,
    after: asked.after ?? null,
    results: asked.results ?? (output === null ? [] : [output]),
    source: -1,
  };
  const work = transport.run(call) ?? (asynchronous ? new EndedWork(call.results) : null);
  return { work, call };
}
