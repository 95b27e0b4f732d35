// The fused derivatives of nllLoss and crossEntropy, differentiable themselves. Called by ops/loss.ts.
import { record } from '../../history.ts';
import { runMap, runStruct } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import type { Shape } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

const fillKernel = kernel('fill');
const nllKernel = kernel('nllLoss');
const nllBackwardKernel = kernel('nllLossBackward');

/** What a reduction is called in plans. */
export const NONE = 0;
export const MEAN = 1;
export const SUM = 2;

/** How class indices are to be read. */
export interface ClassTargets {
  /** int64 [N, *] */
  readonly target: Tensor;
  /** [C], or null for ones. */
  readonly weight: Tensor | null;
  readonly reduction: number;
  readonly ignoreIndex: number;
}

/** The loss of no targets at all: its mean is NaN. */
export function emptyLoss(loss: Tensor, total: Tensor, reduction: number): void {
  runMap(fillKernel, loss.sizes, [loss, reduction === MEAN ? Number.NaN : 0], loss.dt);
  runMap(fillKernel, [], [total, 0], total.dt);
}

/** `-w[t] logp[t]`, reduced, and the weight that a mean divides by. Linear in logp [N, C, *]. */
export function nll(name: string, logp: Tensor, t: ClassTargets): Tensor {
  const loss = emptyTensor(t.reduction === NONE ? t.target.sizes : [], logp.dt, logp.device);
  const total = emptyTensor([], logp.dt, logp.device);
  if (logp.count === 0) emptyLoss(loss, total, t.reduction);
  else runStruct(nllKernel, [loss, total, logp, t.target, t.weight], [t.reduction, t.ignoreIndex]);
  const { sizes } = logp;
  return record(name, loss, [logp], [t.target, t.weight, total], (g, n) => {
    const { target, weight } = unpackTargets(n, t.weight !== null);
    return [nllGrad(g, sizes, n.unpack(2), { ...t, target, weight })];
  });
}

function unpackTargets(n: { unpack(i: number): Tensor }, weighted: boolean): { target: Tensor; weight: Tensor | null } {
  return { target: n.unpack(0), weight: weighted ? n.unpack(1) : null };
}

/** The gradient of logp. Its adjoint is the loss itself, with the total weight as it was. */
function nllGrad(g: Tensor, sizes: Shape, total: Tensor, t: ClassTargets): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  if (out.count > 0) runStruct(nllBackwardKernel, [out, g, t.target, t.weight, total], [t.reduction, t.ignoreIndex]);
  return record('nllLossBackward', out, [g], [t.target, t.weight], (gg, n) => [
    nll('nllLoss', gg, { ...t, ...unpackTargets(n, t.weight !== null) }),
  ]);
}
