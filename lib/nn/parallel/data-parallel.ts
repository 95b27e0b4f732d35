// DataParallel: one process, a copy of the model on each GPU, each with its part of the batch. Exported as torch.nn.DataParallel;
// scatter and gather as torch.nn.parallel's.
import { isPlain } from '../../calls.ts';
import { device as during, deviceCount, gpu } from '../../cuda/devices.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { type Device, type DeviceLike, device as toDevice } from '../../device.ts';
import { describe, DeviceError, inNameOf, ShapeError } from '../../errors.ts';
import { functionalCall } from '../../func/functional-call.ts';
import { cat, stack } from '../../ops/join.ts';
import { Tensor } from '../../tensor.ts';
import { type AnyModule, type ArgumentsOf, Module, type OutputOf } from '../module.ts';
import { mapTensors } from './outputs.ts';

/** A GPU by its index or its name, or the CPU by its name. */
export type DeviceOrIndex = number | DeviceLike;
/** What {@link DataParallel} takes besides the module. */
export interface DataParallelOptions {
  /** The GPUs; null for all. */
  deviceIds?: readonly DeviceOrIndex[] | null | undefined;
  /** Where outputs are gathered; null for the first of the GPUs. */
  outputDevice?: DeviceOrIndex | null | undefined;
  /** The dimension that is cut. */
  dim?: number | undefined;
}

const deviceOf = (where: string, id: DeviceOrIndex): Device =>
  typeof id === 'number' ? toDevice('cuda', gpu(where, id)) : inNameOf(where, () => toDevice(id));

/** What each of the devices gets of a value: tensors are cut, lists and plain objects gone through, anything else is for all. */
function parts(value: unknown, devices: readonly Device[], dim: number): unknown[] {
  if (value instanceof Tensor) {
    if (value.sizes.length === 0) throw new ShapeError('scatter: cannot cut a 0-d tensor');
    const pieces = value.chunk(devices.length, dim);
    return pieces.map((piece, i) => piece.to(devices[i]!));
  }
  const members = Array.isArray(value)
    ? value.map((x) => parts(x, devices, dim))
    : isPlain(value)
      ? Object.values(value).map((x) => parts(x, devices, dim))
      : [];
  if (members.length === 0) return devices.map(() => value);
  // as many as the shortest has: a short batch is for fewer devices
  const most = Math.min(...members.map((m) => m.length));
  const keys = Array.isArray(value) ? null : Object.keys(value as object);
  return Array.from({ length: most }, (_, i) => {
    const own = members.map((m) => m[i]);
    return keys === null ? own : Object.fromEntries(keys.map((key, k) => [key, own[k]]));
  });
}

/**
 * Cuts tensors along `dim` into parts for the devices, in lists and plain objects, too; other values are given to all. A short
 * batch has fewer parts. Throws ShapeError for 0-d tensors, DeviceError for GPUs that are not there.
 * @example
 * torch.nn.parallel.scatter(torch.arange(4), ['cpu', 'cpu']) // [ tensor([0, 1]), tensor([2, 3]) ]
 */
export function scatter<T>(
  inputs: T,
  ...args: Call<
    [targetGpus: readonly DeviceOrIndex[], dim?: number],
    { targetGpus: readonly DeviceOrIndex[]; dim?: number }
  >
): T[] {
  const { targetGpus, dim = 0 } = readArguments<{ targetGpus: readonly DeviceOrIndex[]; dim?: number }>(
    'scatter',
    args,
    ['targetGpus', 'dim'],
  );
  if (!Array.isArray(targetGpus))
    throw new TypeError(`scatter: expected a list of devices but received ${describe(targetGpus)}`);
  const devices = targetGpus.map((id) => deviceOf('scatter', id));
  return parts(inputs, devices, dim) as T[];
}

let warned = false;
/** One value of several of the same form. */
function joined(outputs: readonly unknown[], target: Device, dim: number): unknown {
  const [first] = outputs;
  if (first instanceof Tensor) {
    const moved = (outputs as Tensor[]).map((x) => x.to(target));
    if (first.sizes.length > 0) return cat(moved, dim);
    if (!warned)
      process.emitWarning(
        'gather: was asked to gather along dimension 0, but all input tensors were scalars; it gives a vector instead',
      );
    warned = true;
    return stack(moved);
  }
  if (typeof first !== 'object' || first === null) return first;
  if (Array.isArray(first))
    return first.map((_, i) =>
      joined(
        (outputs as unknown[][]).map((x) => x[i]),
        target,
        dim,
      ),
    );
  if (!isPlain(first)) throw new TypeError(`gather: cannot gather ${describe(first)}`);
  const count = Object.keys(first).length;
  if (outputs.some((x) => typeof x !== 'object' || x === null || Object.keys(x).length !== count))
    throw new TypeError('gather: all objects must have the same number of keys');
  return Object.fromEntries(
    Object.keys(first).map((key) => [
      key,
      joined(
        outputs.map((x) => Reflect.get(x as object, key)),
        target,
        dim,
      ),
    ]),
  );
}

/**
 * Puts what several devices computed together on one, tensors along `dim`, in lists and plain objects, too. Numbers of 0
 * dimensions become a vector. Throws ShapeError where shapes do not fit.
 * @example
 * torch.nn.parallel.gather([torch.ones(1), torch.zeros(2)], 'cpu') // tensor([1., 0., 0.])
 */
export function gather<T>(
  outputs: readonly T[],
  ...args: Call<[targetDevice: DeviceOrIndex, dim?: number], { targetDevice: DeviceOrIndex; dim?: number }>
): T {
  const { targetDevice, dim = 0 } = readArguments<{ targetDevice: DeviceOrIndex; dim?: number }>('gather', args, [
    'targetDevice',
    'dim',
  ]);
  if (!Array.isArray(outputs))
    throw new TypeError(`gather: expected a list of outputs but received ${describe(outputs)}`);
  if (outputs.length === 0) throw new RangeError('gather: expected at least one output');
  if (targetDevice === undefined) throw new TypeError('gather: missing targetDevice');
  return inNameOf('gather', () => joined(outputs, deviceOf('gather', targetDevice), dim) as T);
}

/**
 * Wraps a model so that each GPU computes a part of the batch: inputs are cut along `dim`, the parameters are copied to the
 * other GPUs in each forward pass, and outputs gathered on the first; gradients add up in the module's own parameters. Without
 * a GPU, or with one, it is the module itself. Buffers that change do so with the first GPU's part. Several processes with
 * `DistributedDataParallel` are faster. Throws DeviceError where the module is not on the first of the GPUs.
 * @example
 * const model = new torch.nn.DataParallel(new torch.nn.Linear(2, 1))
 * model.forward(torch.ones(4, 2)).shape // torch.Size([4, 1])
 */
export class DataParallel<M extends AnyModule = AnyModule> extends Module<ArgumentsOf<M>, OutputOf<M>> {
  /** The model itself. */
  readonly module: M;
  readonly dim: number;
  /** The GPUs by their numbers; none where the module is on the CPU. */
  readonly deviceIds: readonly number[];
  readonly outputDevice: Device | null;
  constructor(
    module: M,
    ...args: Call<
      [deviceIds?: readonly DeviceOrIndex[] | null, outputDevice?: DeviceOrIndex | null, dim?: number],
      DataParallelOptions
    >
  ) {
    super();
    const where = new.target.name;
    if (!(module instanceof Module))
      throw new TypeError(`${where}: expected a Module but received ${describe(module)}`);
    const options = readArguments<DataParallelOptions>(where, args, ['deviceIds', 'outputDevice', 'dim']);
    const all = Array.from({ length: deviceCount() }, (_, i) => i);
    this.module = module;
    this.dim = options.dim ?? 0;
    // as PyTorch: where there is no GPU the rest is not looked at
    this.deviceIds = all.length === 0 ? [] : (options.deviceIds ?? all).map((id) => deviceOf(where, id).index ?? 0);
    const [first] = this.deviceIds;
    const output = options.outputDevice ?? first;
    this.outputDevice = first === undefined || output === undefined ? null : deviceOf(where, output);
    if (first !== undefined && this.deviceIds.length === 1) module.to(toDevice('cuda', first));
  }

  /** The module's forward, on all GPUs. */
  override forward(...args: ArgumentsOf<M>): OutputOf<M> {
    const { module, deviceIds, dim } = this;
    const [first] = deviceIds;
    if (first === undefined) return module.forward(...(args as never)) as OutputOf<M>;
    const home = toDevice('cuda', first);
    const own = [...module.namedParameters({ removeDuplicate: false }), ...module.namedBuffers()];
    const lost = own.find(([, x]) => x.storage.device !== home);
    if (lost !== undefined)
      throw new DeviceError(
        `DataParallel: module must have its parameters and buffers on device ${home} (deviceIds[0]) but found one of them on ` +
          `device: ${lost[1].storage.device}`,
      );
    const devices = deviceIds.map((id) => toDevice('cuda', id));
    const inputs = args.length === 0 ? [[]] : (parts(args, devices, dim) as unknown[][]);
    const outputs = inputs.map((input, i) =>
      during(deviceIds[i]!, () => {
        if (i === 0) return module.forward(...(input as never));
        const copies = Object.fromEntries(own.map(([name, x]) => [name, x.to(devices[i]!)]));
        return functionalCall(module as Module<readonly unknown[], unknown>, copies, input);
      }),
    );
    const output = this.outputDevice!;
    if (deviceIds.length === 1) return mapTensors(outputs[0], (x) => x.to(output)) as OutputOf<M>;
    return inNameOf('DataParallel', () => joined(outputs, output, dim) as OutputOf<M>);
  }
}

/**
 * What {@link DataParallel} computes, without a module around it: `inputs` is the list of the module's arguments. Throws as that
 * does.
 * @example
 * const layer = new torch.nn.Linear(2, 1)
 * torch.nn.parallel.dataParallel(layer, [torch.ones(4, 2)]).shape // torch.Size([4, 1])
 */
export function dataParallel<M extends AnyModule>(
  module: M,
  inputs: ArgumentsOf<M>,
  ...args: Call<
    [deviceIds?: readonly DeviceOrIndex[] | null, outputDevice?: DeviceOrIndex | null, dim?: number],
    DataParallelOptions
  >
): OutputOf<M> {
  return inNameOf('dataParallel', () => new DataParallel(module, ...args).forward(...inputs));
}
