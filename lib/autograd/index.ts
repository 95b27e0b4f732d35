// torch.autograd.
import { type Call, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { zerosOf } from '../ops/internal/reducing.ts';
import { stack } from '../ops/join.ts';
import { Tensor } from '../tensor.ts';
import { backward as runBackward, type GradOptions as EngineOptions, grad as runGrad } from './engine.ts';

export { type AnomalyOptions, detectAnomaly, setDetectAnomaly } from './anomaly.ts';
export * as functional from './functional.ts';
export * as function from './function-namespace.ts';
export { Function, FunctionContext, type FunctionDefinition, type SetupDefinition } from './function.ts';
export { gradcheck, type GradcheckOptions, gradgradcheck } from './gradcheck.ts';
export { enableGrad, inferenceMode, noGrad, setGradEnabled } from './mode.ts';
export type { Hook, HookHandle } from './hooks.ts';
export type { Node } from './node.ts';

type Tensors = Tensor | readonly Tensor[];
type Seeds = Tensor | readonly (Tensor | null)[] | null;
const list = (where: string, x: Tensors): readonly Tensor[] => {
  if (x instanceof Tensor) return [x];
  if (!Array.isArray(x))
    throw new TypeError(`${where}: expected a Tensor or a list of them but received ${describe(x)}`);
  return x;
};
const seeds = (x: Seeds | undefined): readonly (Tensor | null)[] => (x instanceof Tensor ? [x] : (x ?? []));

/** Options of {@link grad}. */
export interface GradOptions extends EngineOptions {
  /** What to start from, one per output; ones for scalars by default. */
  gradOutputs?: Seeds | undefined;
  /** Takes the first dim of `gradOutputs` as a batch, and gives a gradient for each of it. */
  isGradsBatched?: boolean | undefined;
}

/**
 * The gradients of the sum of `outputs` with respect to `inputs`, without touching any `grad`.
 * Throws AutogradError if an input was not used, unless `allowUnused`.
 * @example
 * const x = torch.tensor([1.5, 2], { requiresGrad: true })
 * torch.autograd.grad(x.mul(x).sum(), x)[0] // tensor([3., 4.])
 */
export function grad(
  outputs: Tensors,
  inputs: Tensors,
  ...args: Call<[gradOutputs?: Seeds, retainGraph?: boolean | null, createGraph?: boolean], GradOptions>
): (Tensor | null)[] {
  const only = ['allowUnused', 'materializeGrads', 'isGradsBatched'];
  const { gradOutputs, isGradsBatched, ...rest } = readArguments<GradOptions>(
    'grad',
    args,
    ['gradOutputs', 'retainGraph', 'createGraph'],
    only,
  );
  const from = seeds(gradOutputs);
  const run = (some: readonly (Tensor | null)[], options: EngineOptions): (Tensor | null)[] =>
    runGrad('grad', list('grad', outputs), list('grad', inputs), some, options);
  if (!isGradsBatched) return run(from, rest);
  const [first] = from;
  if (!first || first.sizes.length === 0 || from.some((g) => g?.sizes[0] !== first.sizes[0]))
    throw new ShapeError('grad: isGradsBatched expects gradOutputs whose first dims are one batch');
  const count = first.sizes[0]!;
  const keep = rest.retainGraph ?? rest.createGraph ?? false;
  const each = Array.from({ length: count }, (_, b) =>
    run(
      from.map((g) => g!.select(0, b)),
      { ...rest, retainGraph: keep || b < count - 1 },
    ),
  );
  return list('grad', inputs).map((x, i) => {
    const parts = each.map((grads) => grads[i]!);
    if (count === 0) return zerosOf([0, ...x.sizes], x.dt, x.device);
    return parts.some((g) => g === null) ? null : stack(parts);
  });
}

/** Options of {@link backward}. */
export interface BackwardOptions {
  gradTensors?: Seeds | undefined;
  retainGraph?: boolean | undefined;
  createGraph?: boolean | undefined;
  inputs?: Tensor | readonly Tensor[] | null | undefined;
}
/**
 * Accumulates the gradients of the sum of `tensors` into the leaves. Throws AutogradError if there is no history, or a
 * tensor that is no scalar has no gradient.
 * @example
 * const x = torch.tensor([1.5, 2], { requiresGrad: true })
 * torch.autograd.backward(x.mul(x).sum())
 * x.grad // tensor([3., 4.])
 */
export function backward(
  tensors: Tensors,
  ...args: Call<[gradTensors?: Seeds, retainGraph?: boolean, createGraph?: boolean], BackwardOptions>
): void {
  const names = ['gradTensors', 'retainGraph', 'createGraph'];
  const { gradTensors, ...rest } = readArguments<BackwardOptions>('backward', args, names, ['inputs']);
  runBackward('backward', list('backward', tensors), seeds(gradTensors), rest);
}
