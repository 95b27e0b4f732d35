// torch.distributed.checkpoint.state_dict: state dicts of models and optimizers by the parameters' names, of shards or whole.
// Exported by index.ts as checkpoint.stateDict.
import { noGrad } from '../../autograd/mode.ts';
import { zerosLike } from '../../create.ts';
import { checkOptions } from '../../arguments.ts';
import { describe, inNameOf } from '../../errors.ts';
import { type AnyModule, Module } from '../../nn/module.ts';
import { DistributedDataParallel } from '../../nn/parallel/ddp.ts';
import type { IncompatibleKeys, StateDict } from '../../nn/state-dict.ts';
import { Optimizer } from '../../optim/optimizer.ts';
import type { OptimizerStateDict } from '../../optim/state-dict.ts';
import { sameShape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import { getRank, isInitialized } from '../ranks.ts';
import { fullTensor, partFor, setSharding, shardingOf } from '../sharding.ts';
import { DistError } from '../errors.ts';

/** What {@link StateDictOptions} takes. */
export interface StateDictOptionsGiven {
  /** Whole tensors instead of shards. */
  fullStateDict?: boolean | undefined;
  /** Tensors on the CPU; with `fullStateDict` the first process has them alone, and the others nothing. */
  cpuOffload?: boolean | undefined;
  /** Leave out parameters that want no gradients. */
  ignoreFrozenParams?: boolean | undefined;
  /** Refuse missing and unexpected keys of models. */
  strict?: boolean | undefined;
}

/**
 * How state dicts are made and taken over.
 * @example
 * new torch.distributed.checkpoint.stateDict.StateDictOptions({ fullStateDict: true }).cpuOffload // false
 */
export class StateDictOptions {
  readonly fullStateDict: boolean;
  readonly cpuOffload: boolean;
  readonly ignoreFrozenParams: boolean;
  readonly strict: boolean;
  constructor(options: StateDictOptionsGiven | null = {}) {
    checkOptions('StateDictOptions', options ?? {}, ['fullStateDict', 'cpuOffload', 'ignoreFrozenParams', 'strict']);
    const { fullStateDict = false, cpuOffload = false, ignoreFrozenParams = false, strict = true } = options ?? {};
    this.fullStateDict = fullStateDict;
    this.cpuOffload = cpuOffload;
    this.ignoreFrozenParams = ignoreFrozenParams;
    this.strict = strict;
  }
}

/** Options of the functions that make state dicts. */
export interface GetOptions {
  options?: StateDictOptions | StateDictOptionsGiven | null | undefined;
}
/** One optimizer, or several with different parameters. */
export type Optimizers = Optimizer | Iterable<Optimizer>;
/** The state of optimizers, by the names of the parameters. */
export interface NamedOptimizerState {
  state: Record<string, Record<string, unknown>>;
  param_groups: Record<string, unknown>[];
}

function optionsOf(where: string, by: GetOptions | null): StateDictOptions {
  checkOptions(where, by ?? {}, ['options']);
  const given = by?.options ?? {};
  return given instanceof StateDictOptions ? given : inNameOf(where, () => new StateDictOptions(given));
}
const listOf = (where: string, optimizers: Optimizers): Optimizer[] => {
  const list: unknown[] = optimizers instanceof Optimizer ? [optimizers] : [...optimizers];
  for (const o of list)
    if (!(o instanceof Optimizer)) throw new TypeError(`${where}: expected an Optimizer but received ${describe(o)}`);
  return list as Optimizer[];
};
function checkModel(where: string, model: unknown): void {
  if (!(model instanceof Module)) throw new TypeError(`${where}: expected a Module but received ${describe(model)}`);
}

/** A tensor as the options want it; null where another process has it. */
function given(x: Tensor, options: StateDictOptions): Tensor | null {
  const { fullStateDict, cpuOffload } = options;
  const sharding = fullStateDict ? null : shardingOf(x);
  const whole = fullStateDict ? fullTensor(x) : x;
  if (fullStateDict && cpuOffload && isInitialized() && getRank() !== 0) return null;
  const out = cpuOffload ? whole.detach().cpu() : whole;
  if (sharding !== null && out.storage !== x.storage) setSharding(out, sharding);
  return out;
}

/**
 * The parameters and buffers of a model by their keys, as a wrapped model itself has them: without the `module.` of
 * DistributedDataParallel, so that a checkpoint goes on without it. A parameter that has several keys is there by all of them.
 */
function keyed(model: AnyModule): { key: string; own: string; x: Tensor }[] {
  const wrapped = [...model.namedModules()].filter(([, m]) => m instanceof DistributedDataParallel);
  const prefixes = wrapped.map(([name]) => (name === '' ? 'module.' : `${name}.module.`));
  return Object.entries(model.stateDict({ keepVars: true })).map(([own, x]) => {
    // the inner ones first: they leave the outer ones' places as they are
    const key = prefixes.reduceRight(
      (k, prefix) => (k.startsWith(prefix) ? prefix.slice(0, -'module.'.length) + k.slice(prefix.length) : k),
      own,
    );
    return { key, own, x };
  });
}
/** The names of parameters. */
const namesOf = (model: AnyModule): Map<Tensor, string> => {
  const names = new Map<Tensor, string>();
  for (const { key, x } of keyed(model)) if (!names.has(x)) names.set(x, key);
  return names;
};

/**
 * The state dict of a model: its shards (for `checkpoint.save` and `load`), or with `fullStateDict` whole tensors, for which
 * all processes must call it. Of a model in DistributedDataParallel the keys are the model's own. Throws TypeError for what is no Module.
 * @example
 * const model = new torch.nn.Linear(2, 1)
 * Object.keys(torch.distributed.checkpoint.stateDict.getModelStateDict(model)) // [ 'weight', 'bias' ]
 */
export function getModelStateDict(model: AnyModule, by: GetOptions | null = {}): StateDict {
  const where = 'getModelStateDict';
  checkModel(where, model);
  const how = optionsOf(where, by);
  const out = Object.create(null) as StateDict;
  for (const { key, x } of keyed(model)) {
    if (!(x instanceof Tensor)) {
      out[key] = x; // what a module saves besides
      continue;
    }
    if (how.ignoreFrozenParams && model.parameters().includes(x as never) && !x.requiresGrad) continue;
    const value = given(x.detach(), how);
    if (value !== null) out[key] = value;
  }
  return out;
}

/**
 * Takes over a state dict of a model: shards as {@link getModelStateDict} gives them, or with `fullStateDict` whole tensors, of
 * which each process takes its part. Throws as `loadStateDict` does.
 * @example
 * const model = new torch.nn.Linear(2, 1, { bias: false })
 * torch.distributed.checkpoint.stateDict.setModelStateDict(model, { weight: torch.ones(1, 2) })
 * model.weight.detach() // tensor([[1., 1.]])
 */
export function setModelStateDict(
  model: AnyModule,
  modelStateDict: StateDict,
  by: GetOptions | null = {},
): IncompatibleKeys {
  const where = 'setModelStateDict';
  checkModel(where, model);
  const { fullStateDict, strict } = optionsOf(where, by);
  const known = new Map(keyed(model).map((entry) => [entry.key, entry]));
  const parts = Object.create(null) as StateDict;
  for (const [key, x] of Object.entries(modelStateDict)) {
    const { own = key, x: like } = known.get(key) ?? {};
    parts[own] = fullStateDict && x instanceof Tensor && like !== undefined ? partFor(where, key, x, like) : x;
  }
  return model.loadStateDict(parts, { strict });
}

/** Makes an optimizer's state as its first step does, without changing anything else. */
function startState(optimizer: Optimizer): void {
  if (optimizer.state.size > 0) return;
  const params = optimizer.paramGroups.flatMap((g) => g.params).filter((p) => p.requiresGrad);
  // gradients that are there are not to be stepped with
  if (params.some((p) => p.grad !== null)) return;
  const rates = optimizer.paramGroups.map((g) => Number(Reflect.get(g, 'lr')));
  for (const p of params) p.grad = zerosLike(p.detach());
  optimizer.paramGroups.forEach((g) => Reflect.set(g, 'lr', 0));
  try {
    optimizer.step();
  } finally {
    optimizer.paramGroups.forEach((g, i) => Reflect.set(g, 'lr', rates[i]));
    for (const p of params) p.grad = null;
  }
}

/** Names by the numbers that an optimizer's state dict has for its parameters. */
function numbered(
  where: string,
  optimizer: Optimizer,
  names: ReadonlyMap<Tensor, string>,
): { name: string; p: Tensor }[] {
  return optimizer.paramGroups.flatMap(({ params }) =>
    params.map((p) => {
      const name = names.get(p);
      if (name === undefined)
        throw new DistError(
          `${where}: the optimizer has a parameter of shape [${p.sizes.join(', ')}] that is not the model's`,
        );
      return { name, p };
    }),
  );
}

/**
 * The state of optimizers by the names of the model's parameters, so that it can be loaded on another number of processes.
 * An optimizer that has not stepped yet gets its state first, as PyTorch does it: by a step without gradients at learning
 * rate 0. With `fullStateDict` all processes must call it. Throws where an optimizer has a parameter that is not the
 * model's.
 * @example
 * const model = new torch.nn.Linear(2, 1)
 * const optimizer = new torch.optim.Adam(model.parameters())
 * Object.keys(torch.distributed.checkpoint.stateDict.getOptimizerStateDict(model, optimizer).state) // [ 'weight', 'bias' ]
 */
export function getOptimizerStateDict(
  model: AnyModule,
  optimizers: Optimizers,
  by: GetOptions | null = {},
): NamedOptimizerState {
  const where = 'getOptimizerStateDict';
  checkModel(where, model);
  const how = optionsOf(where, by);
  const names = namesOf(model);
  const out: NamedOptimizerState = { state: {}, param_groups: [] };
  for (const optimizer of listOf(where, optimizers)) {
    startState(optimizer);
    const list = numbered(where, optimizer, names);
    const { state, param_groups } = optimizer.stateDict();
    list.forEach(({ name, p }, i) => {
      const values = state[i];
      if (values === undefined) return;
      const entry: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(values)) entry[key] = stateValue(p, value, how);
      // null: the first process has them
      if (Object.values(entry).every((v) => v !== undefined)) out.state[name] = entry;
    });
    for (const group of param_groups)
      out.param_groups.push({ ...group, params: (group.params as number[]).map((n) => list[n]!.name) });
  }
  return out;
}
/** One value of a parameter's state; undefined where another process has it. */
function stateValue(p: Tensor, value: unknown, how: StateDictOptions): unknown {
  if (Array.isArray(value)) return value.map((v: unknown) => stateValue(p, v, how));
  if (!(value instanceof Tensor)) return value;
  const sharding = shardingOf(p);
  if (sharding !== null && sameShape(value.sizes, p.sizes)) setSharding(value, sharding);
  return given(value, how) ?? undefined;
}

/**
 * Takes over what {@link getOptimizerStateDict} gave, on this number of processes or another. Throws where state of a parameter
 * has another shape, or where the groups are others.
 * @example
 * const { stateDict } = torch.distributed.checkpoint
 * const model = new torch.nn.Linear(2, 1)
 * const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.5 })
 * const state = stateDict.getOptimizerStateDict(model, optimizer)
 * const other = new torch.optim.Adam(model.parameters())
 * stateDict.setOptimizerStateDict(model, other, state)
 * other.paramGroups[0].lr // 0.5
 */
export function setOptimizerStateDict(
  model: AnyModule,
  optimizers: Optimizers,
  optimStateDict: NamedOptimizerState,
  by: GetOptions | null = {},
): void {
  const where = 'setOptimizerStateDict';
  checkModel(where, model);
  const { fullStateDict } = optionsOf(where, by);
  const names = namesOf(model);
  const groups = [...optimStateDict.param_groups];
  for (const optimizer of listOf(where, optimizers)) {
    const list = numbered(where, optimizer, names);
    const state: Record<string, Record<string, unknown>> = {};
    list.forEach(({ name, p }, i) => {
      const values = optimStateDict.state[name];
      if (values === undefined) return;
      const sharding = shardingOf(p);
      const part = (key: string, v: unknown): unknown =>
        fullStateDict && v instanceof Tensor && sharding !== null && sameShape(v.sizes, sharding.sizes)
          ? partFor(where, `${name}.${key}`, v, p)
          : v;
      state[i] = Object.fromEntries(Object.entries(values).map(([key, v]) => [key, part(key, v)]));
    });
    let next = 0;
    const param_groups = optimizer.paramGroups.map(({ params }): Record<string, unknown> => {
      const own = params.map((_, j) => list[next + j]!.name);
      // by the names that a group has: their order may be another
      const saved = groups.find(
        (g) => Array.isArray(g.params) && own.every((n) => (g.params as unknown[]).includes(n)),
      );
      if (saved === undefined)
        throw new DistError(`${where}: the state dict has no group with the parameters ${own.join(', ')}`);
      next += params.length;
      return { ...saved, params: params.map((_, j) => next - params.length + j) };
    });
    const dict: OptimizerStateDict = { state, param_groups };
    noGrad(() => optimizer.loadStateDict(dict));
  }
}

/**
 * The state dicts of a model and of its optimizers: see {@link getModelStateDict} and {@link getOptimizerStateDict}.
 * @example
 * const model = new torch.nn.Linear(2, 1)
 * const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 })
 * const [ofModel] = torch.distributed.checkpoint.stateDict.getStateDict(model, optimizer)
 * Object.keys(ofModel) // [ 'weight', 'bias' ]
 */
export function getStateDict(
  model: AnyModule,
  optimizers: Optimizers,
  options: GetOptions | null = {},
): [model: StateDict, optimizers: NamedOptimizerState] {
  return inNameOf('getStateDict', () => [
    getModelStateDict(model, options),
    getOptimizerStateDict(model, optimizers, options),
  ]);
}

/**
 * Takes over state dicts of a model and of its optimizers. Throws as {@link setModelStateDict} and
 * {@link setOptimizerStateDict} do.
 * @example
 * const { stateDict } = torch.distributed.checkpoint
 * const model = new torch.nn.Linear(2, 1)
 * const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 })
 * const [modelStateDict, optimStateDict] = stateDict.getStateDict(model, optimizer)
 * stateDict.setStateDict(model, optimizer, { modelStateDict, optimStateDict }).missingKeys // []
 */
export function setStateDict(
  model: AnyModule,
  optimizers: Optimizers,
  given: GetOptions & { modelStateDict: StateDict; optimStateDict: NamedOptimizerState },
): IncompatibleKeys {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`setStateDict: expected the state dicts by name but received ${describe(given)}`);
  checkOptions('setStateDict', given, ['modelStateDict', 'optimStateDict', 'options']);
  const { modelStateDict, optimStateDict, options } = given;
  return inNameOf('setStateDict', () => {
    const keys = setModelStateDict(model, modelStateDict, { options });
    setOptimizerStateDict(model, optimizers, optimStateDict, { options });
    return keys;
  });
}
