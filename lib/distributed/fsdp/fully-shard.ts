// fullyShard: makes a module and what is inside a unit of fully sharded data parallel. Exported by index.ts; wrapper.ts and
// clip.ts use what is known here of a module.
import { noGrad } from '../../autograd/mode.ts';
import { type Call, checkOptions, readArguments } from '../../arguments.ts';
import { type DType, type DTypeName, FLOATING, toDType } from '../../dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../../errors.ts';
import { type AnyModule, Module } from '../../nn/module.ts';
import { isLazy, type Parameter } from '../../nn/parameter.ts';
import type { ProcessGroup } from '../process-group.ts';
import { getRank, getWorldSize } from '../ranks.ts';
import { Bucket, Member, type Peers } from './bucket.ts';
import { heldBy, type Place } from './walks.ts';
import { Course, Unit } from './unit.ts';

/** Options of {@link MixedPrecisionPolicy}. */
export interface MixedPrecisionOptions {
  /** What parameters are gathered in, and computed with. Default: their own. */
  paramDtype?: DTypeName | null | undefined;
  /** What gradients are reduced in. Default: that of the parameters that they are of. */
  reduceDtype?: DTypeName | null | undefined;
  /** What floating point results of forward are brought to. */
  outputDtype?: DTypeName | null | undefined;
  /** Whether floating point arguments are brought to `paramDtype`. Default: true. */
  castForwardInputs?: boolean | undefined;
}
const POLICY = ['paramDtype', 'reduceDtype', 'outputDtype', 'castForwardInputs'] as const;
const floating = (name: DTypeName | null | undefined): DType | null => {
  if (name === null || name === undefined) return null;
  const dt = toDType(name, 'MixedPrecisionPolicy');
  if (dt.kind === FLOATING) return dt;
  throw new DtypeError(`MixedPrecisionPolicy: expected a floating point dtype but received ${dt.name}`);
};

/**
 * In which dtypes a unit computes and communicates: shards, their gradients and the optimizer's state keep the dtype that
 * the parameters have. Throws DtypeError for dtypes that are not floating point.
 * @example
 * new torch.distributed.fsdp.MixedPrecisionPolicy({ paramDtype: 'bfloat16', reduceDtype: 'float32' }).paramDtype // bfloat16
 */
export class MixedPrecisionPolicy {
  readonly paramDtype: DTypeName | null;
  readonly reduceDtype: DTypeName | null;
  readonly outputDtype: DTypeName | null;
  readonly castForwardInputs: boolean;
  constructor(
    ...args: Call<
      [
        paramDtype?: DTypeName | null,
        reduceDtype?: DTypeName | null,
        outputDtype?: DTypeName | null,
        castForwardInputs?: boolean,
      ],
      MixedPrecisionOptions
    >
  ) {
    const given = readArguments<MixedPrecisionOptions>('MixedPrecisionPolicy', args, POLICY);
    const { castForwardInputs = true } = given;
    if (typeof castForwardInputs !== 'boolean')
      throw new TypeError(
        `MixedPrecisionPolicy: expected a boolean for castForwardInputs but received ${describe(castForwardInputs)}`,
      );
    this.paramDtype = floating(given.paramDtype)?.name ?? null;
    this.reduceDtype = floating(given.reduceDtype)?.name ?? null;
    this.outputDtype = floating(given.outputDtype)?.name ?? null;
    this.castForwardInputs = castForwardInputs;
  }
}

/** Options of {@link fullyShard}. */
export interface FullyShardOptions {
  /** The processes that share the parameters. Default: all. */
  mesh?: ProcessGroup | null | undefined;
  /** Whether parameters are freed between forward and backward; those of the root never are. Default: true. */
  reshardAfterForward?: boolean | null | undefined;
  mpPolicy?: MixedPrecisionPolicy | null | undefined;
  /** Parameters that stay whole on each process; nobody reduces their gradients. */
  ignoredParams?: Iterable<Parameter> | null | undefined;
}

/** Parameters on their way: see {@link FSDPModule.unshard}. */
export interface UnshardHandle {
  /** Waits until the whole parameters are in the module. */
  wait(): void;
}

/** What a module can do besides, once {@link fullyShard} was called with it. */
export interface FSDPModule {
  /** Gathers the unit's parameters and puts them into the module; with `asyncOp` a handle is given, whose `wait()` does. */
  unshard(options?: { asyncOp?: boolean | undefined }): UnshardHandle | null;
  /** Frees the unit's whole parameters and puts the shards back. */
  reshard(): void;
  /** With false, backward sums up gradients here without communicating: for gradient accumulation. */
  setRequiresGradientSync(requiresGradientSync: boolean, options?: { recurse?: boolean | undefined }): void;
  /** Whether parameters are freed between forward and backward. */
  setReshardAfterForward(reshardAfterForward: boolean, options?: { recurse?: boolean | undefined }): void;
}

const units = new WeakMap<AnyModule, Unit>();
/** The parameters that belong to a unit. */
const taken = new WeakMap<Parameter, Unit>();

/** The unit that a module is; null if it is none. */
export const unitOf = (module: AnyModule): Unit | null => units.get(module) ?? null;
const isUnit = <M extends AnyModule>(module: M): module is M & FSDPModule => units.has(module);
/** The units of a module and of all inside. */
export const unitsIn = (module: AnyModule): Unit[] => module.modules().flatMap((m) => units.get(m) ?? []);

/** This process in a group. Throws for a group that it is not in. */
function peersOf(where: string, group: ProcessGroup | null): Peers {
  const rank = getRank(group);
  if (rank < 0) throw new TypeError(`${where}: this process is not a member of the group`);
  return { group, rank, count: getWorldSize(group) };
}

/** The modules that a unit is made of: those inside, without the units among them. */
function ownModules(module: AnyModule): [path: string, module: AnyModule][] {
  const found: [string, AnyModule][] = [];
  const seen = new Set<AnyModule>();
  const walk = (path: string, m: AnyModule): void => {
    if (seen.has(m) || (m !== module && units.has(m))) return;
    seen.add(m);
    found.push([path, m]);
    for (const [name, child] of m.namedChildren()) walk(path === '' ? name : `${path}.${name}`, child);
  };
  walk('', module);
  return found;
}

/** Refuses parameters that cannot be cut in rows, or belong to another unit. */
function check(where: string, name: string, p: Parameter): void {
  if (isLazy(p)) throw new TypeError(`${where}: ${name} is uninitialized; call forward once before sharding`);
  if (taken.has(p))
    throw new TypeError(
      `${where}: ${name} belongs to another unit already; parameters that are shared must be in one unit, such as the ` +
        'module that has both',
    );
  if (p.sizes.length === 0)
    throw new ShapeError(
      `${where}: ${name} is a scalar, which cannot be sharded; change it to a 1D tensor with one element`,
    );
  if (!p.isLeaf) throw new TypeError(`${where}: ${name} was computed; parameters must be leaves`);
}

/** The parameters of a unit with all places where each is. */
function collect(where: string, module: AnyModule, ignored: ReadonlySet<Parameter>): Map<Parameter, [string, Place[]]> {
  const found = new Map<Parameter, [string, Place[]]>();
  for (const [path, m] of ownModules(module)) {
    for (const [name, p, place] of heldBy(m)) {
      if (ignored.has(p)) continue;
      const known = found.get(p);
      const full = path === '' ? name : `${path}.${name}`;
      if (known !== undefined) known[1].push(place);
      else {
        check(where, full, p);
        found.set(p, [full, [place]]);
      }
    }
  }
  return found;
}

/** Has a method compute with the whole parameters of the unit. */
function wrap(module: AnyModule, method: string, unit: Unit): void {
  const inner: unknown = Reflect.get(module, method);
  if (typeof inner !== 'function')
    throw new TypeError(`registerFSDPForwardMethod: ${module.constructor.name} has no method '${method}'`);
  const value = (...args: readonly unknown[]): unknown => {
    if (unit.course === null) new Course(unit, unitsIn(unit.module));
    return unit.run((...given) => Reflect.apply(inner, module, given) as unknown, args);
  };
  Object.defineProperty(module, method, { configurable: true, writable: true, enumerable: false, value });
}

function methodsOf(module: AnyModule, unit: Unit): FSDPModule {
  const those = (recurse = true): Unit[] => (recurse ? unitsIn(module) : [unit]);
  const flag = (where: string, value: unknown): void => {
    if (typeof value !== 'boolean') throw new TypeError(`${where}: expected a boolean but received ${describe(value)}`);
  };
  return {
    unshard(options = {}) {
      checkOptions('unshard', options, ['asyncOp']);
      const wait = (): void => {
        unit.ensure();
        unit.expose(true);
      };
      if (options.asyncOp === true) {
        unit.prefetch();
        return { wait };
      }
      wait();
      return null;
    },
    reshard: () => unit.reshard(),
    setRequiresGradientSync(value, options = {}) {
      flag('setRequiresGradientSync', value);
      checkOptions('setRequiresGradientSync', options, ['recurse']);
      for (const u of those(options.recurse)) u.sync = value;
    },
    setReshardAfterForward(value, options = {}) {
      flag('setReshardAfterForward', value);
      checkOptions('setReshardAfterForward', options, ['recurse']);
      for (const u of those(options.recurse)) u.reshardAfterForward = value;
    },
  };
}

/**
 * Shards the parameters of a module over the processes of a group, in place, and gives the module back: each process keeps
 * some rows of each (cut as `torch.chunk` cuts along the first dim), their gradients and the optimizer's state of them. The
 * whole parameters are gathered by one collective before forward, freed after it, gathered again before backward, and
 * freed after that, when the mean of the gradients goes to the shards. Call it with the layers of a model first, then with
 * the model: each call makes one unit of the parameters that are in no unit yet; and make the optimizer afterwards.
 * All processes must run the same units in the same order. Derivatives of derivatives are not supported. Throws TypeError for a parameter of another unit and for a
 * module that is a unit already, ShapeError for scalars.
 * @example
 * const { distributed: dist, nn } = torch
 * const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
 * if (dist.isAvailable() && dist.isInitialized()) {
 *   for (const layer of model.children()) dist.fsdp.fullyShard(layer)
 *   dist.fsdp.fullyShard(model)
 * }
 * model.forward(torch.zeros(1, 4)).shape // torch.Size([1, 2])
 */
export function fullyShard<M extends AnyModule>(module: M, options: FullyShardOptions = {}): M & FSDPModule {
  const where = 'fullyShard';
  return inNameOf(where, () => {
    if (!(module instanceof Module))
      throw new TypeError(`${where}: expected a Module but received ${describe(module)}`);
    checkOptions(where, options, ['mesh', 'reshardAfterForward', 'mpPolicy', 'ignoredParams']);
    const target: AnyModule = module;
    if (units.has(target)) throw new TypeError(`${where}: the ${target.constructor.name} is a unit already`);
    const policy = options.mpPolicy ?? new MixedPrecisionPolicy();
    if (!(policy instanceof MixedPrecisionPolicy))
      throw new TypeError(`${where}: expected a MixedPrecisionPolicy for mpPolicy but received ${describe(policy)}`);
    const reshard = options.reshardAfterForward ?? true;
    if (typeof reshard !== 'boolean')
      throw new TypeError(`${where}: expected a boolean for reshardAfterForward but received ${describe(reshard)}`);
    const peers = peersOf(where, options.mesh ?? null);
    const found = collect(where, target, new Set(options.ignoredParams ?? []));

    const paramDtype = floating(policy.paramDtype);
    const byDtype = new Map<DType, Member[]>();
    const members = noGrad(() =>
      [...found].map(([p, [name, places]]) => {
        const dt = paramDtype !== null && p.dt.kind === FLOATING ? paramDtype : p.dt;
        const member = new Member(name, p, places, dt, peers);
        byDtype.set(dt, [...(byDtype.get(dt) ?? []), member]);
        return member;
      }),
    );
    const reduceDtype = floating(policy.reduceDtype);
    const buckets = [...byDtype.values()].map((list) => new Bucket(list, peers, reduceDtype));
    const unit = new Unit(target, buckets, reshard, {
      inputs: policy.castForwardInputs ? paramDtype : null,
      outputs: floating(policy.outputDtype),
    });
    units.set(target, unit);
    for (const { shard } of members) taken.set(shard, unit);
    // units inside that have run by themselves get a new root
    for (const inner of unitsIn(target)) inner.course = null;
    wrap(target, 'forward', unit);
    target.registerStateDictPreHook(() => members.forEach((m) => m.note()));
    const methods = methodsOf(target, unit);
    for (const [name, value] of Object.entries(methods))
      Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value });
    if (isUnit(module)) return module;
    throw new TypeError(`${where}: the ${target.constructor.name} could not be sharded`);
  });
}

/**
 * Has another method of a unit than forward compute with its whole parameters, too: `generate`, say. Throws TypeError for
 * what is no unit, or has no such method.
 * @example
 * try {
 *   torch.distributed.fsdp.registerFSDPForwardMethod(new torch.nn.Linear(2, 2), 'extraRepr')
 * } catch (error) {
 *   console.log(String(error))
 * }
 * // TypeError: registerFSDPForwardMethod: the Linear is no unit; call fullyShard with it first
 */
export function registerFSDPForwardMethod(module: AnyModule, methodName: string): void {
  if (!(module instanceof Module))
    throw new TypeError(`registerFSDPForwardMethod: expected a Module but received ${describe(module)}`);
  const unit = unitOf(module);
  if (unit === null)
    throw new TypeError(
      `registerFSDPForwardMethod: the ${module.constructor.name} is no unit; call fullyShard with it first`,
    );
  wrap(unit.module, methodName, unit);
}
