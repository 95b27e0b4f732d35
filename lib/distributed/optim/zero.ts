// ZeroRedundancyOptimizer: each process keeps the optimizer's state of its share of the parameters only, updates these, and
// sends them to the others. Exported as torch.distributed.optim.ZeroRedundancyOptimizer.
import { enableGrad } from '../../autograd/mode.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import {
  type BaseOptions,
  type GivenGroup,
  Optimizer,
  type ParamGroup,
  type Params,
  type Taken,
} from '../../optim/optimizer.ts';
import type { OptimizerStateDict } from '../../optim/state-dict.ts';
import type { Tensor } from '../../tensor.ts';
import { finishAll, type Flight, startBroadcast } from '../coalesced.ts';
import type { ProcessGroup } from '../process-group.ts';
import { getGlobalRank, getRank, getWorldSize } from '../ranks.ts';
import { gatherObject } from '../objects.ts';
import { DistError } from '../errors.ts';

const WHERE = 'ZeroRedundancyOptimizer';

/** The class of the optimizer that each process has. */
export type OptimizerClass<O extends BaseOptions> = new (params: Params<O>, options: Partial<Taken<O>>) => Optimizer<O>;

/** Options of {@link ZeroRedundancyOptimizer} beside those of the optimizer's class. */
export interface ZeroOptions {
  processGroup?: ProcessGroup | null | undefined;
  /** Accepted: parameters that are small travel together in any case. */
  parametersAsBucketView?: boolean | undefined;
  /** Refused if true. */
  overlapWithDdp?: false | undefined;
}
const OWN = ['optimizerClass', 'processGroup', 'parametersAsBucketView', 'overlapWithDdp'];

/** What was given, apart: the class, what is for this optimizer, and what for the class. */
interface Given {
  readonly make: OptimizerClass<BaseOptions>;
  readonly own: ZeroOptions;
  readonly options: Record<string, unknown>;
}
function split(args: readonly unknown[]): Given {
  const last = args.at(-1);
  const plain = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const named = plain ? (last as Record<string, unknown>) : {};
  const entries = Object.entries(named);
  const forThis = Object.fromEntries(entries.filter(([name]) => OWN.includes(name)));
  const positions = plain ? args.slice(0, -1) : args;
  const read = readArguments<ZeroOptions & { optimizerClass: unknown }>(WHERE, [...positions, forThis], OWN);
  const { optimizerClass, ...own } = read;
  if (typeof optimizerClass !== 'function' || !(optimizerClass.prototype instanceof Optimizer))
    throw new TypeError(`${WHERE}: expected the class of an optimizer but received ${describe(optimizerClass)}`);
  if (own.overlapWithDdp) throw new TypeError(`${WHERE}: overlapWithDdp is not supported`);
  const options = Object.fromEntries(entries.filter(([name]) => !OWN.includes(name)));
  return { make: optimizerClass as OptimizerClass<BaseOptions>, own, options };
}
/** All options of a class, with its defaults for those that were not given. */
const defaultsOf = <O extends BaseOptions>({ make, options }: Given): Taken<O> =>
  new make([{ params: [] }], options).defaults as Taken<O>;

/** The number of the least of some numbers, the first of equal ones. */
const least = (list: readonly number[]): number => list.indexOf(Math.min(...list));

/**
 * Wraps an optimizer's class so that each of n processes keeps the state of about one n-th of the parameters: it updates
 * these, and the others get them from it. Made in all processes with the same parameters in the same order; gradients must
 * be the same in all of them, as DistributedDataParallel makes them. Throws TypeError for what is no optimizer's class, and
 * what that throws.
 * @example
 * const mpi = torch.distributed.isMpiAvailable()
 * if (mpi) torch.distributed.initProcessGroup({ backend: 'mpi' })
 * const w = torch.ones([2], { requiresGrad: true })
 * const { ZeroRedundancyOptimizer } = torch.distributed.optim
 * const optimizer = mpi
 *   ? new ZeroRedundancyOptimizer([w], torch.optim.SGD, { lr: 0.5 })
 *   : new torch.optim.SGD([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * if (mpi) torch.distributed.destroyProcessGroup()
 * w.detach() // tensor([0.5000, 0.5000])
 */
export class ZeroRedundancyOptimizer<O extends BaseOptions = BaseOptions> extends Optimizer<O> {
  readonly #group: ProcessGroup | null;
  readonly #rank: number;
  /** How many elements each process has. */
  readonly #sizes: number[];
  /** Per process, its parameters in each group, in the order of its own optimizer. */
  readonly #shares: Tensor[][][];
  /** The optimizer of this process's share. */
  readonly #local: Optimizer<O>;
  #gathered: OptimizerStateDict[] | null = null;

  constructor(
    params: Params<O>,
    optimizerClass: OptimizerClass<O>,
    ...args: Call<
      [processGroup?: ProcessGroup | null, parametersAsBucketView?: boolean],
      ZeroOptions & Partial<Taken<O>>
    >
  ) {
    const given = split([optimizerClass, ...args]);
    super(params, defaultsOf<O>(given));
    this.#group = given.own.processGroup ?? null;
    this.#rank = getRank(this.#group);
    const size = getWorldSize(this.#group);
    this.#sizes = new Array<number>(size).fill(0);
    this.#shares = Array.from({ length: size }, () => []);
    for (const group of this.paramGroups) this.#part(group);
    const groups = this.paramGroups.map((group, i) => this.#localGroup(group, i));
    this.#local = new given.make(groups as Iterable<GivenGroup<BaseOptions>>, given.options) as Optimizer<O>;
  }

  /** Shares out the parameters of a group: the largest first, each to the process that has least. */
  #part(group: ParamGroup<O>): void {
    for (const share of this.#shares) share.push([]);
    for (const p of [...group.params].sort((a, b) => b.count - a.count)) {
      const rank = least(this.#sizes);
      this.#shares[rank]!.at(-1)!.push(p);
      this.#sizes[rank]! += p.count;
    }
  }
  #localGroup(group: ParamGroup<O>, i: number): GivenGroup<O> {
    const { params: _, paramNames: __, ...options } = group;
    return { ...options, params: this.#shares[this.#rank]![i]! } as GivenGroup<O>;
  }
  /** Copies what groups have beside their parameters. */
  static #copyGroups<P extends BaseOptions>(from: readonly ParamGroup<P>[], to: readonly ParamGroup<P>[]): void {
    from.forEach((group, i) => {
      for (const [name, value] of Object.entries(group))
        if (name !== 'params' && name !== 'paramNames') Reflect.set(to[i]!, name, value);
    });
  }

  /** The optimizer of this process's share of the parameters, with its state. */
  get optim(): Optimizer<O> {
    return this.#local;
  }
  /** Which process updates each parameter: its rank in the group. */
  rankOf(parameter: Tensor): number {
    return this.#shares.findIndex((groups) => groups.some((list) => list.includes(parameter)));
  }

  override addParamGroup(group: GivenGroup<O>): void {
    super.addParamGroup(group);
    // the groups given at the start are shared out when all of this object stands
    if (!(#local in this)) return;
    const last = this.paramGroups.length - 1;
    this.#part(this.paramGroups[last]!);
    this.#local.addParamGroup(this.#localGroup(this.paramGroups[last]!, last));
  }

  protected override check(): void {} // the class does, for its own groups
  protected override start(): void {}
  protected override resume(): void {}
  protected override update(): void {}

  protected override advanceAll<R>(closure?: () => R): R | null {
    if (closure !== undefined && typeof closure !== 'function')
      throw new TypeError(`${WHERE}: expected a function as closure but received ${describe(closure)}`);
    const loss = closure === undefined ? null : enableGrad(closure);
    ZeroRedundancyOptimizer.#copyGroups(this.paramGroups, this.#local.paramGroups);
    this.#local.step();
    ZeroRedundancyOptimizer.#copyGroups(this.#local.paramGroups, this.paramGroups);
    this.#share();
    return loss;
  }
  /** Sends this process's parameters to the others, and gets theirs. */
  #share(): void {
    if (this.#shares.length === 1) return;
    const group = this.#group;
    const flights: Flight[] = [];
    this.#shares.forEach((groups, rank) => {
      const src = group === null ? rank : getGlobalRank(group, rank);
      flights.push(...startBroadcast(groups.flat(), src, rank === this.#rank, group));
    });
    finishAll(flights);
  }

  /** Gathers the state of all processes in one of them, where {@link stateDict} gives it then. Called in all of them. */
  consolidateStateDict(to = 0): void {
    ZeroRedundancyOptimizer.#copyGroups(this.paramGroups, this.#local.paramGroups);
    const group = this.#group;
    const here = this.#rank === to;
    const parts = here ? new Array<unknown>(this.#shares.length).fill(null) : null;
    const dst = group === null ? to : getGlobalRank(group, to);
    gatherObject(this.#local.stateDict(), parts, dst, group);
    this.#gathered = parts === null ? null : (parts as OptimizerStateDict[]);
  }
  /**
   * The state of all parameters, as the wrapped optimizer would give it, where {@link consolidateStateDict} gathered it; it
   * is that of then. Throws an Error elsewhere.
   */
  override stateDict(): OptimizerStateDict {
    if (this.#gathered === null) {
      throw new DistError(
        `${WHERE}: Optimizer state has not been consolidated on this rank. Please call \`consolidateStateDict(${this.#rank})\` ` +
          'on all ranks beforehand if you meant to save the global state.',
      );
    }
    const dict = super.stateDict();
    const numbers = this.#numbers(dict);
    const found: [number, Record<string, unknown>][] = [];
    this.#gathered.forEach((part, rank) => {
      part.param_groups.forEach(({ params }, i) => {
        (params as number[]).forEach((n, j) => {
          const state = part.state[n];
          const p = this.#shares[rank]![i]![j]!;
          if (state !== undefined) found.push([numbers.get(p)!, state]);
        });
      });
    });
    dict.state = Object.fromEntries(found.sort(([a], [b]) => a - b));
    return dict;
  }
  /** The numbers of the parameters in a dict whose groups are this optimizer's. */
  #numbers(dict: OptimizerStateDict): Map<Tensor, number> {
    const pairs = dict.param_groups.flatMap(({ params }, i) =>
      [...(params as Iterable<number>)].map((n, j): [Tensor, number] => [this.paramGroups[i]!.params[j]!, n]),
    );
    return new Map(pairs);
  }
  /** Takes over this process's share of the state of all, which is given in all processes. Throws RangeError if the groups are others. */
  override loadStateDict(given: OptimizerStateDict): void {
    // checks the groups, and takes over their options; the state it would keep is not for this object
    super.loadStateDict({ ...given, state: {} });
    const numbers = this.#numbers(given);
    const local = this.#local.stateDict();
    const entries = local.param_groups.flatMap(({ params }, i) =>
      (params as number[]).map((n, j): [number, Record<string, unknown> | undefined] => {
        const p = this.#shares[this.#rank]![i]![j]!;
        const number = numbers.get(p)!;
        return [n, given.state instanceof Map ? (given.state.get(number) as never) : given.state[number]];
      }),
    );
    const state = Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null));
    const param_groups = local.param_groups.map(({ params }, i) => ({ ...given.param_groups[i], params }));
    this.#local.loadStateDict({ state: state as OptimizerStateDict['state'], param_groups });
    ZeroRedundancyOptimizer.#copyGroups(this.paramGroups, this.#local.paramGroups);
    this.#gathered = null;
  }
}
