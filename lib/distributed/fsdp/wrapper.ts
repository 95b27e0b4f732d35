// FullyShardedDataParallel: PyTorch's older class, over fullyShard. Exported by index.ts.
import { noGrad } from '../../autograd/mode.ts';
import { checkOptions } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { type AnyModule, Module } from '../../nn/module.ts';
import type { Parameter } from '../../nn/parameter.ts';
import type { Tensor } from '../../tensor.ts';
import { leaving } from '../../scope.ts';
import { broadcast } from '../collectives.ts';
import type { ProcessGroup } from '../process-group.ts';
import { getProcessGroupRanks } from '../ranks.ts';
import { clipGradNorm_ } from './clip.ts';
import { fullyShard, type MixedPrecisionPolicy, unitOf, unitsIn } from './fully-shard.ts';

/**
 * What is sharded: with `FULL_SHARD` also the parameters between forward and backward; with `SHARD_GRAD_OP` they stay whole
 * from forward to the end of backward.
 * @example
 * torch.distributed.fsdp.ShardingStrategy.FULL_SHARD // FULL_SHARD
 */
export const ShardingStrategy = {
  FULL_SHARD: 'FULL_SHARD',
  SHARD_GRAD_OP: 'SHARD_GRAD_OP',
} as const;
/** One of {@link ShardingStrategy}. */
export type ShardingStrategyName = (typeof ShardingStrategy)[keyof typeof ShardingStrategy];

/**
 * Whether a module becomes a unit: `recurse` asks whether to look inside, else `nonwrappedNumel` says how many parameters
 * it has that are in no unit yet.
 */
export type AutoWrapPolicy = (module: AnyModule, recurse: boolean, nonwrappedNumel: number) => boolean;

/** Options of {@link FullyShardedDataParallel}. */
export interface FullyShardedDataParallelOptions {
  processGroup?: ProcessGroup | null | undefined;
  shardingStrategy?: ShardingStrategyName | null | undefined;
  /** A function, or classes whose modules become units of their own. */
  autoWrapPolicy?: AutoWrapPolicy | ReadonlySet<Function> | null | undefined;
  mixedPrecision?: MixedPrecisionPolicy | null | undefined;
  /** Parameters that are not sharded. */
  ignoredStates?: Iterable<Parameter> | null | undefined;
  /** Whether all begin with the parameters and buffers of the group's first process. */
  syncModuleStates?: boolean | undefined;
}
const NAMES = [
  'processGroup',
  'shardingStrategy',
  'autoWrapPolicy',
  'mixedPrecision',
  'ignoredStates',
  'syncModuleStates',
] as const;

const numel = (p: Tensor): number => p.count;

/** Makes the modules inside units that the policy wants, innermost first; gives what is in none. */
function autoWrap(
  module: AnyModule,
  policy: AutoWrapPolicy,
  shard: (module: AnyModule) => void,
  root: boolean,
): number {
  const own = module.parameters({ recurse: false }).map(numel);
  let rest = own.reduce((a, b) => a + b, 0);
  const whole = module.parameters().reduce((n, p) => n + p.count, 0);
  if (policy(module, true, whole))
    for (const child of module.children()) if (unitOf(child) === null) rest += autoWrap(child, policy, shard, false);
  if (root || !policy(module, false, rest)) return rest;
  shard(module);
  return 0;
}

/**
 * Fully sharded data parallel as a module around another: what {@link fullyShard} does, with the modules that
 * `autoWrapPolicy` chooses as units. Keys of state dicts are those of the module inside. Throws as that does.
 * @example
 * const { distributed: dist, nn } = torch
 * const net = new nn.Sequential(new nn.Linear(4, 4), new nn.Linear(4, 1))
 * const model = dist.isAvailable() && dist.isInitialized()
 *   ? new dist.fsdp.FullyShardedDataParallel(net, { autoWrapPolicy: new Set([nn.Linear]) })
 *   : net
 * model.forward(torch.zeros(2, 4)).shape // torch.Size([2, 1])
 */
export class FullyShardedDataParallel<A extends readonly unknown[] = [x: Tensor], O = Tensor> extends Module<A, O> {
  /** The module inside. */
  readonly module: Module<A, O>;
  constructor(module: Module<A, O>, options: FullyShardedDataParallelOptions = {}) {
    super();
    const where = 'FullyShardedDataParallel';
    if (!(module instanceof Module))
      throw new TypeError(`${where}: expected a Module but received ${describe(module)}`);
    checkOptions(where, options, NAMES);
    const { processGroup = null, autoWrapPolicy = null, mixedPrecision = null, syncModuleStates = false } = options;
    const strategy = options.shardingStrategy ?? 'FULL_SHARD';
    if (!(strategy in ShardingStrategy))
      throw new TypeError(
        `${where}: expected one of ${Object.keys(ShardingStrategy).join(', ')} for shardingStrategy but received ${describe(strategy)}`,
      );
    const inner = module as AnyModule;
    if (syncModuleStates) {
      const [first = 0] = getProcessGroupRanks(processGroup);
      for (const x of new Set<Tensor>([...inner.parameters(), ...inner.buffers()]))
        noGrad(() => void broadcast(x.detach(), first, processGroup));
    }
    const ignored = [...(options.ignoredStates ?? [])];
    const shard = (m: AnyModule): void =>
      void fullyShard(m, {
        mesh: processGroup,
        reshardAfterForward: strategy === 'FULL_SHARD',
        mpPolicy: mixedPrecision,
        ignoredParams: ignored,
      });
    if (autoWrapPolicy !== null) {
      const policy: AutoWrapPolicy =
        typeof autoWrapPolicy === 'function'
          ? autoWrapPolicy
          : (m, recurse) => recurse || autoWrapPolicy.has(m.constructor);
      autoWrap(inner, policy, shard, true);
    }
    shard(inner);
    this.module = module;
    const bare = (key: string, prefix: string): string =>
      key.startsWith(`${prefix}module.`) ? prefix + key.slice(prefix.length + 7) : key;
    this.registerStateDictPostHook((_, dict, prefix) => {
      for (const [key, value] of Object.entries(dict)) {
        if (!key.startsWith(prefix)) continue;
        delete dict[key];
        dict[bare(key, prefix)] = value;
      }
    });
    this.registerLoadStateDictPreHook((_, dict, prefix) => {
      for (const [key, value] of Object.entries(dict)) {
        if (!key.startsWith(prefix)) continue;
        delete dict[key];
        dict[`${prefix}module.${key.slice(prefix.length)}`] = value;
      }
    });
  }
  override forward(...args: A): O {
    return this.module.forward(...args);
  }
  /** Scales the gradients of all processes so that their norm is at most `maxNorm`; gives the norm. All must call it. */
  clipGradNorm_(maxNorm: number, normType = 2): Tensor {
    return clipGradNorm_(this as AnyModule, maxNorm, normType);
  }
  /** Runs `f` without reducing gradients: backward passes sum them up here, and the next one outside reduces the sums. */
  noSync<R>(f: () => R): R {
    const units = unitsIn(this as AnyModule);
    const before = units.map((u) => u.sync);
    for (const unit of units) unit.sync = false;
    return leaving(f, () => units.forEach((u, i) => (u.sync = before[i]!)));
  }
  /** Runs `f` with all parameters whole in the module; what is written to them is lost. */
  static summonFullParams<R>(module: AnyModule, f: () => R): R {
    const units = unitsIn(module);
    for (const unit of units) {
      unit.ensure();
      unit.expose(true);
    }
    return leaving(f, () => units.forEach((u) => u.reshard()));
  }
}
