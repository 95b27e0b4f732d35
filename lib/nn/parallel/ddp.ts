// DistributedDataParallel: the same model in every process, each with its share of the batch, gradients averaged during
// backward. Exported as torch.nn.parallel.DistributedDataParallel.
import { mode, noGrad } from '../../autograd/mode.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { type Device, type DeviceLike, device as toDevice } from '../../device.ts';
import { finishAll, startBroadcast } from '../../distributed/coalesced.ts';
import type { ProcessGroup } from '../../distributed/process-group.ts';
import { getGlobalRank, getRank, getWorldSize } from '../../distributed/ranks.ts';
import { AutogradError, checkFunction, describe, DeviceError } from '../../errors.ts';
import { leaving } from '../../scope.ts';
import type { Tensor } from '../../tensor.ts';
import { type AnyModule, type ArgumentsOf, Module, type OutputOf } from '../module.ts';
import { isLazy } from '../parameter.ts';
import { checkBuffer, GradBucket } from './grad-bucket.ts';
import { Joining, type JoinOptions } from './join.ts';
import { mapTensors, tensorsIn } from './outputs.ts';
import { Reducer } from './reducer.ts';
import { checkSameModel } from './same-model.ts';

const WHERE = 'DistributedDataParallel';
const MB = 2 ** 20;

/** Options of {@link DistributedDataParallel}. */
export interface DistributedDataParallelOptions {
  /** The GPU that the module is on, and to which inputs are brought; null on the CPU. */
  deviceIds?: readonly (number | DeviceLike)[] | null | undefined;
  outputDevice?: number | DeviceLike | null | undefined;
  dim?: number | undefined;
  /** Whether buffers are those of the first process: from the start on, and before each forward in training. */
  broadcastBuffers?: boolean | null | undefined;
  /** Whether the models are compared and made equal at the start. */
  initSync?: boolean | undefined;
  processGroup?: ProcessGroup | null | undefined;
  /** The size of a bucket of gradients in MiB: 25, but of the first one 1. */
  bucketCapMb?: number | null | undefined;
  /** Looks for parameters that have no part in an output, whose gradients are then not waited for. */
  findUnusedParameters?: boolean | undefined;
  /** Has no effect, as in PyTorch. */
  checkReduction?: boolean | undefined;
  /** Lets gradients be parts of the buckets, which saves a copy of each. */
  gradientAsBucketView?: boolean | undefined;
  /** Says that every step has the same graph. */
  staticGraph?: boolean | undefined;
  /** The sizes of the first buckets in MiB, one by one; the last one is that of all others. */
  bucketCapMbList?: readonly number[] | null | undefined;
  /** Has no effect: copies are cheap as they are. */
  batchedGradCopy?: boolean | undefined;
  /** As broadcastBuffers, for forward alone. */
  forwardSyncBuffers?: boolean | null | undefined;
  /** What PyTorch has beside these is refused. */
  delayAllReduceNamedParams?: null | undefined;
  paramToHookAllReduce?: null | undefined;
  mixedPrecision?: null | undefined;
  deviceMesh?: null | undefined;
  skipAllReduceUnusedParams?: false | undefined;
}
const NAMES = [
  'deviceIds',
  'outputDevice',
  'dim',
  'broadcastBuffers',
  'initSync',
  'processGroup',
  'bucketCapMb',
  'findUnusedParameters',
  'checkReduction',
  'gradientAsBucketView',
  'staticGraph',
  'delayAllReduceNamedParams',
  'paramToHookAllReduce',
  'mixedPrecision',
  'deviceMesh',
  'skipAllReduceUnusedParams',
  'bucketCapMbList',
  'batchedGradCopy',
  'forwardSyncBuffers',
] as const;
const REFUSED = [
  'delayAllReduceNamedParams',
  'paramToHookAllReduce',
  'mixedPrecision',
  'deviceMesh',
  'skipAllReduceUnusedParams',
] as const;
type Positions = [
  deviceIds?: readonly (number | DeviceLike)[] | null,
  outputDevice?: number | DeviceLike | null,
  dim?: number,
  broadcastBuffers?: boolean | null,
  initSync?: boolean,
  processGroup?: ProcessGroup | null,
  bucketCapMb?: number | null,
  findUnusedParameters?: boolean,
  checkReduction?: boolean,
  gradientAsBucketView?: boolean,
  staticGraph?: boolean,
];

/**
 * What a communication hook does with a bucket of gradients: gives what is to be in their place, (N) as the buffer, or a
 * function that waits for it, called at the end of backward.
 */
export type CommHook<S> = (state: S, bucket: GradBucket) => Tensor | (() => Tensor);

/** Names of parameters and buffers that are left alone, by module. */
const ignored = new WeakMap<AnyModule, ReadonlySet<string>>();

/** The limits of the buckets in bytes. */
function limitsOf({ bucketCapMb, bucketCapMbList }: DistributedDataParallelOptions): number[] {
  const list = bucketCapMbList ?? [];
  const given = bucketCapMb ?? null;
  if (given !== null && list.length > 0)
    throw new TypeError(`${WHERE}: bucketCapMb and bucketCapMbList cannot be given together`);
  for (const size of given === null ? list : [given]) {
    if (typeof size !== 'number' || Number.isNaN(size))
      throw new TypeError(`${WHERE}: expected a number of MiB as the size of buckets but received ${describe(size)}`);
  }
  if (list.length > 0) return list.map((n) => n * MB);
  return given === null ? [MB, 25 * MB] : [Math.min(MB, given * MB), given * MB];
}

/**
 * Wraps a model that is trained by several processes, each with its share of every batch: parameters and buffers are made
 * those of the first process, and the gradients of all are averaged while backward still runs, in buckets. What `forward`
 * takes and gives is the module's. Call it after `torch.distributed.initProcessGroup`. Throws AutogradError for a model
 * without trainable parameters, ShapeError where the processes' models differ.
 * @example
 * const mpi = torch.distributed.isMpiAvailable()
 * if (mpi) torch.distributed.initProcessGroup({ backend: 'mpi' })
 * const net = new torch.nn.Linear(2, 1)
 * const model = mpi ? new torch.nn.parallel.DistributedDataParallel(net) : net
 * model.forward(torch.ones([4, 2])).sum().backward()
 * if (mpi) torch.distributed.destroyProcessGroup()
 * net.weight.grad // tensor([[4., 4.]])
 */
export class DistributedDataParallel<M extends AnyModule = AnyModule> extends Module<ArgumentsOf<M>, OutputOf<M>> {
  /** The model itself. */
  readonly module: M;
  readonly #group: ProcessGroup | null;
  readonly #device: Device | null;
  readonly #home: Device;
  readonly #reducer: Reducer;
  readonly #forwardBuffers: boolean;
  readonly #parameters: readonly Tensor[];
  readonly #ignored: ReadonlySet<string>;
  #sync = true;
  /** Whether buffers may have changed since they were last those of the first process. */
  #syncForward = true;
  #joining: Joining | null = null;

  constructor(module: M, ...args: Call<Positions, DistributedDataParallelOptions>) {
    super();
    if (!(module instanceof Module))
      throw new TypeError(`${WHERE}: expected a Module but received ${describe(module)}`);
    const options = readArguments<DistributedDataParallelOptions>(WHERE, args, NAMES);
    for (const name of REFUSED) if (options[name]) throw new TypeError(`${WHERE}: ${name} is not supported`);
    const limits = limitsOf(options);
    this.module = module;
    this.#group = options.processGroup ?? null;
    if (getWorldSize(this.#group) < 1) throw new RangeError(`${WHERE}: this process is not in the group`);
    this.#ignored = ignored.get(module) ?? new Set();
    const parameters = module.namedParameters().filter(([name]) => !this.#ignored.has(name));
    const buffers = this.#buffers();
    const trained = parameters.filter(([, p]) => p.requiresGrad);
    if (trained.length === 0) {
      throw new AutogradError(
        `${WHERE} is not needed when a module doesn't have any parameter that requires a gradient.`,
      );
    }
    if ([...parameters, ...buffers].some(([, x]) => isLazy(x))) {
      throw new TypeError(
        `Modules with uninitialized parameters can't be used with \`${WHERE}\`. Run a dummy forward pass to correctly ` +
          'initialize the modules',
      );
    }
    this.#home = trained[0]![1].storage.device;
    this.#device = inputDevice(
      parameters.map(([, p]) => p),
      options,
    );
    this.#parameters = parameters.map(([, p]) => p);
    const forwardBuffers = options.forwardSyncBuffers ?? options.broadcastBuffers ?? true;
    const initBuffers = options.forwardSyncBuffers == null ? forwardBuffers : true;
    this.#forwardBuffers = forwardBuffers;
    if (options.initSync ?? true) {
      checkSameModel(WHERE, parameters, initBuffers ? buffers : [], this.#group);
      this.#broadcast([...this.#parameters, ...(initBuffers ? buffers.map(([, b]) => b) : [])], 0);
    }
    this.#reducer = new Reducer(trained, {
      group: this.#group,
      limits,
      findUnused: options.findUnusedParameters ?? false,
      asView: options.gradientAsBucketView ?? false,
      staticGraph: options.staticGraph ?? false,
    });
  }

  /** The processes that train together; null for all. */
  get processGroup(): ProcessGroup | null {
    return this.#group;
  }
  /** Whether the gradients of the next step are averaged: not within {@link noSync}. */
  get requireBackwardGradSync(): boolean {
    return this.#sync;
  }

  /** Makes tensors those of one process, by its rank in the group. */
  #broadcast(tensors: readonly Tensor[], from: number): void {
    const group = this.#group;
    const src = group === null ? from : getGlobalRank(group, from);
    finishAll(startBroadcast(tensors, src, getRank(group) === from, group));
  }

  /** The buffers, which may be other tensors than before. */
  #buffers(): [string, Tensor][] {
    return this.module.namedBuffers().filter(([name]) => !this.#ignored.has(name));
  }
  /** Makes the buffers those of one process, unseen by backward passes that are still to come. */
  #syncBuffers(from: number): void {
    const buffers = this.#buffers().map(([, b]) => b);
    const versions = buffers.map((b) => b.storage.version);
    this.#broadcast(buffers, from);
    buffers.forEach((b, i) => (b.storage.version = versions[i]!));
  }

  /** The module's forward, prepared for an averaging backward. Throws AutogradError where gradients of the last one are missing. */
  override forward(...args: ArgumentsOf<M>): OutputOf<M> {
    const recorded = mode.grad;
    if (recorded) this.#reducer.checkFinished();
    let buffers = this.#syncForward && this.#forwardBuffers;
    let from = 0;
    if (this.#joining !== null) {
      const step = this.#joining.agree(true, buffers, recorded && this.#sync);
      buffers = step.buffers;
      from = step.active.at(-1)!;
      if (!(this.#joining.options.divideByInitialWorldSize ?? true)) this.#reducer.factor = 1 / step.active.length;
    }
    if (buffers) this.#syncBuffers(from);
    const device = this.#device;
    const moved = device === null ? args : (mapTensors(args, (x) => x.to(device)) as ArgumentsOf<M>);
    const output = this.module.forward(...(moved as never)) as OutputOf<M>;
    this.#syncForward = recorded && this.#sync;
    if (this.#syncForward) this.#reducer.expect(tensorsIn(output));
    else if (recorded) this.#reducer.pause();
    return output;
  }

  /**
   * Runs `f` with gradients gathered in each process alone: they are averaged, together with those of the step, by the
   * first backward after it. Both forward and backward belong inside. Gives what `f` gives.
   */
  noSync<R>(f: () => R): R {
    checkFunction('noSync', f);
    const before = this.#sync;
    this.#sync = false;
    return leaving(f, () => {
      this.#sync = before;
    });
  }

  /**
   * Runs a training loop whose processes may have different numbers of inputs: one that is done takes part in what the
   * others exchange until all are, and then has the model of one that was last. Throws where `throwOnEarlyTermination` asks
   * for it. Gives what `f` gives.
   */
  join<R>(
    f: () => R,
    ...args: Call<
      [divideByInitialWorldSize?: boolean, enable?: boolean, throwOnEarlyTermination?: boolean],
      JoinOptions
    >
  ): R {
    checkFunction('join', f);
    const names = ['divideByInitialWorldSize', 'enable', 'throwOnEarlyTermination'];
    const options = readArguments<JoinOptions>('join', args, names);
    if (!(options.enable ?? true)) return f();
    const joining = (this.#joining = new Joining(options, this.#group, this.#home));
    const factor = this.#reducer.factor;
    const leave = (): void => {
      this.#joining = null;
      this.#reducer.factor = factor;
    };
    return leaving(() => {
      const result = f();
      const finish = (): void => this.#shadow(joining);
      if (!(result instanceof Promise)) {
        finish();
        return result;
      }
      const later: Promise<unknown> = result.then((value: unknown) => {
        finish();
        return value;
      });
      return later as R;
    }, leave);
  }
  /** Does what the others do, without inputs, until all are done. */
  #shadow(joining: Joining): void {
    for (;;) {
      const step = joining.agree(false, false, false);
      if (step.active.length === 0) break;
      if (step.buffers) this.#syncBuffers(step.active.at(-1)!);
      if (step.gradients) this.#reducer.shadow();
    }
    const last = joining.lastActive.at(-1);
    const buffers = this.#forwardBuffers ? this.#buffers().map(([, b]) => b) : [];
    if (last !== undefined) noGrad(() => this.#broadcast([...this.#parameters, ...buffers], last));
  }

  /**
   * Has `hook(state, bucket)` called for each bucket of gradients in place of the all-reduce; dividing by the number of
   * processes is its own business. See `torch.distributed.algorithms.ddpCommHooks`. Throws AutogradError for a second one.
   */
  registerCommHook<S>(state: S, hook: CommHook<S>): void {
    checkFunction('registerCommHook', hook);
    if (this.#reducer.startHook !== null)
      throw new AutogradError(
        'registerCommHook: register_comm_hook or register_builtin_comm_hook can only be called once.',
      );
    this.#reducer.startHook = (bucket, isLast) => {
      const given = noGrad(() => hook(state, new GradBucket(bucket, isLast)));
      return () => checkBuffer('registerCommHook', typeof given === 'function' ? noGrad(given) : given, bucket);
    };
  }

  /** Says which parameters and buffers of a module, by name, are neither broadcast nor averaged when it is wrapped later. */
  static setParamsAndBuffersToIgnoreForModel(module: AnyModule, names: Iterable<string>): void {
    ignored.set(module, new Set(names));
  }
  /** Refused: a copy would need hooks of its own on all processes at once. Copy {@link module} and wrap that. */
  protected override bareCopy(): never {
    throw new TypeError(`deepcopy: ${WHERE} cannot be copied; copy its module and wrap the copy`);
  }
}

/** The device that inputs are brought to, or null. */
function inputDevice(
  parameters: readonly Tensor[],
  { deviceIds, outputDevice }: DistributedDataParallelOptions,
): Device | null {
  if (deviceIds && deviceIds.length > 1)
    throw new RangeError(`${WHERE}: deviceIds can only be null or contain a single element.`);
  const devices = [...new Set(parameters.map((p) => p.storage.device))];
  const types = [...new Set(devices.map((d) => d.type))];
  if (types.length !== 1) {
    throw new DeviceError(
      `${WHERE}: input module must be on the same type of devices, but input module parameters locate in ${types.join(', ')}.`,
    );
  }
  const [first] = deviceIds ?? [];
  if (first === undefined || types[0] === 'cpu' || devices.length > 1) {
    if (first === undefined && (outputDevice === null || outputDevice === undefined)) return null;
    throw new DeviceError(
      `${WHERE}: deviceIds and outputDevice arguments only work with single-device GPU modules, but got deviceIds ` +
        `${describe(deviceIds)}, outputDevice ${describe(outputDevice)}, and module parameters on ${devices.join(', ')}`,
    );
  }
  return typeof first === 'number' ? toDevice('cuda', first) : toDevice(first);
}
