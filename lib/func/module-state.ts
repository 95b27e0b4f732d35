// Modules for torch.func: the states of many as one, and batch normalization without running statistics.
import { describe, ShapeError } from '../errors.ts';
import { Module, type AnyModule } from '../nn/module.ts';
import { BatchNorm } from '../nn/batch-norm.ts';
import { stack } from '../ops/join.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** One leaf of the tensors that models have under a name. */
function stacked(name: string, tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as [Tensor];
  for (const x of tensors) {
    if (x.requiresGrad !== first.requiresGrad)
      throw new TypeError(`stackModuleState: expected ${name} from each model to have the same requiresGrad`);
    if (!sameShape(x.sizes, first.sizes))
      throw new ShapeError(
        `stackModuleState: expected ${name} from each model to have the same shape, got ${show(first.sizes)} and ${show(x.sizes)}`,
      );
  }
  return stack(tensors.map((x) => x.detach())).requiresGrad_(first.requiresGrad);
}

/**
 * The parameters and the buffers of models of one class, each stacked along a new first dim, by name: for ensembles, with
 * {@link vmap} and {@link functionalCall}. They are new leaves. Throws TypeError for models that differ in class or mode,
 * ShapeError where their tensors differ in shape.
 * @example
 * const models = [new torch.nn.Linear(2, 3), new torch.nn.Linear(2, 3)]
 * const [params, buffers] = torch.func.stackModuleState(models)
 * const run = (p, b, x) => torch.func.functionalCall(models[0], [p, b], x)
 * torch.func.vmap(run, [0, 0, null])(params, buffers, torch.ones(4, 2)).shape // torch.Size([2, 4, 3])
 */
export function stackModuleState(
  models: Iterable<AnyModule>,
): [parameters: Record<string, Tensor>, buffers: Record<string, Tensor>] {
  const where = 'stackModuleState';
  if (typeof models !== 'object' || models === null || !(Symbol.iterator in models))
    throw new TypeError(`${where}: expected a list of models but received ${describe(models)}`);
  const list = [...models];
  const [first] = list;
  if (first === undefined) throw new TypeError(`${where}: expected at least one model, got 0`);
  for (const model of list) {
    if (!(model instanceof Module)) throw new TypeError(`${where}: ${describe(model)} is not a Module`);
    if (model.training !== first.training)
      throw new TypeError(`${where}: expected all models to have the same training/eval mode`);
    if (model.constructor !== first.constructor)
      throw new TypeError(`${where}: expected all models to be of the same class`);
  }
  const of = (all: readonly (readonly [string, Tensor][])[]): Record<string, Tensor> =>
    Object.fromEntries(
      all[0]!.map(([name]) => [
        name,
        stacked(
          name,
          all.map((named) => {
            const found = named.find(([other]) => other === name);
            if (found === undefined) throw new TypeError(`${where}: not every model has ${name}`);
            return found[1];
          }),
        ),
      ]),
    );
  return [of(list.map((model) => model.namedParameters())), of(list.map((model) => model.namedBuffers()))];
}

/**
 * Takes the running statistics from all batch normalization in a module, in place: each batch is normalized by its own.
 * @example
 * const net = torch.func.replaceAllBatchNormModules_(new torch.nn.Sequential(new torch.nn.BatchNorm1d(2)))
 * net.buffers().length // 0
 */
export function replaceAllBatchNormModules_<M extends AnyModule>(root: M): M {
  if (!(root instanceof Module))
    throw new TypeError(`replaceAllBatchNormModules_: expected a Module but received ${describe(root)}`);
  for (const module of root.modules() as Module<never, unknown>[]) {
    if (!(module instanceof BatchNorm) || !module.trackRunningStats) continue;
    Object.assign(module, { runningMean: null, runningVar: null, numBatchesTracked: null, trackRunningStats: false });
  }
  return root;
}
