// torch.nn.utils: clipping of gradients, and parameters as one vector.
import { noGrad } from '../autograd/mode.ts';
import { type Call, type Named, readArguments } from '../arguments.ts';
import { deprecated } from '../deprecation.ts';
import { checkTensor, runList } from '../dispatch.ts';
import { getDefault, requireFloating } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { cat } from '../ops/join.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { scalarTensor } from '../create.ts';
import { show } from '../shape.ts';

export * from './fusion.ts';
export * from './memory-format.ts';
export * as parametrizations from './parametrizations.ts';
export * as parametrize from './parametrize.ts';
export * from './reparametrize.ts';
export { skipInit } from './skip-init.ts';

export * as rnn from './rnn-utils.ts';

const normKernel = kernel('normList');
const scaleKernel = kernel('scaleList');

const gradientsOf = (where: string, parameters: Tensor | Iterable<Tensor>): Tensor[] => {
  const out: Tensor[] = [];
  if (typeof parameters !== 'object' || parameters === null || !(Symbol.iterator in parameters))
    throw new TypeError(`${where}: expected Tensors but received ${describe(parameters)}`);
  for (const p of parameters instanceof Tensor ? [parameters] : parameters) {
    checkTensor(where, p, 'parameters');
    if (p.grad !== null) out.push(p.grad);
  }
  return out;
};

/** Options of {@link clipGradNorm_} and {@link getTotalNorm}. */
export interface ClipGradNormOptions {
  /** The order of the norm; 2 if absent, Infinity for the largest element. */
  normType?: number | undefined;
  errorIfNonfinite?: boolean | undefined;
  /** Accepted for scripts from PyTorch; the work is always done for whole lists. */
  foreach?: boolean | null | undefined;
}
type NormOptions = [normType?: number, errorIfNonfinite?: boolean, foreach?: boolean | null];
type ClipArguments = Call<NormOptions, ClipGradNormOptions>;
const CLIP_NAMES = ['normType', 'errorIfNonfinite', 'foreach'];

function normOf(where: string, tensors: readonly Tensor[], options: Partial<ClipGradNormOptions>): Tensor {
  const { normType = 2, errorIfNonfinite = false } = options;
  checkNumber(where, 'normType', normType);
  if (!(normType >= 0)) throw new RangeError(`${where}: expected a norm of order 0 or more, not ${normType}`);
  if (tensors.length === 0) return scalarTensor(0, { dtype: getDefault().name });
  const norms = tensors.map((g) => [g.dense ? g : g.contiguous(), emptyTensor([1], g.dt, g.device)] as const);
  runList(normKernel, norms, [normType]);
  const { dtype, device } = norms[0]![1];
  const parts = cat(norms.map(([, n]) => n.to({ dtype, device })));
  const total = emptyTensor([1], parts.dt, parts.device);
  runList(normKernel, [[parts, total]], [normType]);
  const norm = total.view([]);
  if (errorIfNonfinite && !Number.isFinite(norm.item())) {
    throw new RangeError(
      `${where}: The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To disable this error and scale the gradients by the non-finite norm anyway, set errorIfNonfinite to false`,
    );
  }
  return norm;
}
/** Multiplies gradients by what brings a norm down to `maxNorm`. */
function shrink(grads: readonly Tensor[], maxNorm: number, norm: number): void {
  const scale = maxNorm / (norm + 1e-6);
  // NaN must reach the gradients, as it does in PyTorch
  if (scale >= 1) return;
  const dense = grads.filter((g) => g.dense);
  runList(
    scaleKernel,
    dense.map((g) => [g]),
    [scale],
  );
  for (const g of dense) g.storage.version++;
  for (const g of grads) if (!g.dense) g.mul_(scale);
}

/**
 * Scales the gradients of all parameters so that their norm, as one vector, is at most `maxNorm`; gives the norm they had.
 * Throws RangeError with `errorIfNonfinite` if that is not finite.
 * @example
 * const p = torch.ones([2], { requiresGrad: true })
 * p.mul(torch.tensor([3.0, 4]).float()).sum().backward()
 * torch.nn.utils.clipGradNorm_([p], 1) // tensor(5.)
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  ...args: Named<[maxNorm: number], ['maxNorm'], NormOptions, ClipGradNormOptions>
): Tensor {
  const names = ['maxNorm', ...CLIP_NAMES];
  const options = readArguments<ClipGradNormOptions & { maxNorm: number }>('clipGradNorm_', args, names);
  const { maxNorm } = options;
  const grads = gradientsOf('clipGradNorm_', parameters).map((g) => g.detach());
  checkNumber('clipGradNorm_', 'maxNorm', maxNorm);
  const norm = normOf('clipGradNorm_', grads, options);
  if (grads.length > 0) shrink(grads, maxNorm, Number(norm.item()));
  return norm;
}

/**
 * The old name of {@link clipGradNorm_}: warns, and does the same.
 * @example
 * const p = torch.ones([2], { requiresGrad: true })
 * p.mul(torch.tensor([3.0, 4]).float()).sum().backward()
 * torch.nn.utils.clipGradNorm([p], 1) // tensor(5.)
 */
export const clipGradNorm: typeof clipGradNorm_ = deprecated(
  'nn.utils',
  'clipGradNorm',
  'clipGradNorm_',
  clipGradNorm_,
);

/**
 * The norm of all tensors together, as one vector. Throws RangeError with `errorIfNonfinite` if it is not finite.
 * @example
 * torch.nn.utils.getTotalNorm([torch.tensor([3.5]), torch.tensor([[1.5, 2]])], Infinity) // tensor(3.5000)
 */
export function getTotalNorm(tensors: Tensor | Iterable<Tensor>, ...args: ClipArguments): Tensor {
  const where = 'getTotalNorm';
  const options = readArguments<ClipGradNormOptions>(where, args, CLIP_NAMES);
  const list = gathered(where, tensors instanceof Tensor ? [tensors] : tensors);
  for (const x of list) requireFloating(where, x.dt);
  return normOf(
    where,
    list.map((x) => x.detach()),
    options,
  );
}

/**
 * Scales the gradients of all parameters as if their norm were `totalNorm`, so that it is at most `maxNorm`.
 * @example
 * const p = torch.ones([2], { requiresGrad: true })
 * p.mul(3).sum().backward()
 * torch.nn.utils.clipGradsWithNorm_([p], 1, torch.tensor(6.0).float())
 * p.grad // tensor([0.5000, 0.5000])
 */
export function clipGradsWithNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  totalNorm: Tensor | number,
  ...args: Call<[foreach?: boolean | null], { foreach?: boolean | null | undefined }>
): void {
  const where = 'clipGradsWithNorm_';
  readArguments<object>(where, args, ['foreach']);
  const grads = gradientsOf(where, parameters).map((g) => g.detach());
  checkNumber(where, 'maxNorm', maxNorm);
  if (totalNorm instanceof Tensor && totalNorm.count !== 1)
    throw new ShapeError(`${where}: expected one element for totalNorm, not ${show(totalNorm.sizes)}`);
  const norm = totalNorm instanceof Tensor ? Number(totalNorm.item()) : totalNorm;
  checkNumber(where, 'totalNorm', norm);
  if (grads.length > 0) shrink(grads, maxNorm, norm);
}

/**
 * Clamps every element of the gradients to `[-clipValue, clipValue]`.
 * @example
 * const p = torch.ones([2], { requiresGrad: true })
 * p.mul(3).sum().backward()
 * torch.nn.utils.clipGradValue_([p], 1)
 * p.grad // tensor([1., 1.])
 */
export function clipGradValue_(
  parameters: Tensor | Iterable<Tensor>,
  clipValue: number,
  ...args: Call<[foreach?: boolean | null], { foreach?: boolean | null | undefined }>
): void {
  readArguments<object>('clipGradValue_', args, ['foreach']);
  inNameOf('clipGradValue_', () => {
    for (const g of gradientsOf('clipGradValue_', parameters)) noGrad(() => g.clamp_(-clipValue, clipValue));
  });
}

/** The tensors of a list; anything else is refused. */
function gathered(where: string, parameters: Iterable<Tensor>): Tensor[] {
  if (typeof parameters !== 'object' || parameters === null || !(Symbol.iterator in parameters))
    throw new TypeError(`${where}: expected parameters but received ${describe(parameters)}`);
  const list = [...parameters];
  for (const p of list) checkTensor(where, p, 'a parameter');
  return list;
}
/**
 * All parameters one after the other as a vector.
 * @example
 * torch.nn.utils.parametersToVector(new torch.nn.Linear(2, 3).parameters()).shape // torch.Size([9])
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  return inNameOf('parametersToVector', () =>
    cat(gathered('parametersToVector', parameters).map((p) => p.reshape([-1]))),
  );
}

/**
 * Gives the parameters the values of a vector, whose memory they share then. Throws ShapeError if it is too short.
 * @example
 * const layer = new torch.nn.Linear(1, 1)
 * torch.nn.utils.vectorToParameters(torch.tensor([1.5, 2]), layer.parameters())
 * layer.forward(torch.ones([1])).item() // 3.5
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  inNameOf('vectorToParameters', () => {
    checkTensor('vectorToParameters', vector, 'vector');
    let at = 0;
    for (const p of gathered('vectorToParameters', parameters)) {
      if (at + p.count > vector.count)
        throw new ShapeError(`vectorToParameters: the vector has ${vector.count} elements, which is too few`);
      p.data = vector.detach().narrow(0, at, p.count).view(p.sizes);
      at += p.count;
    }
  });
}
