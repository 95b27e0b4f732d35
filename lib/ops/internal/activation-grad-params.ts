// Derivatives of the activations of ops/activation.ts: one pass over memory each, and differentiable themselves.
import { record } from '../../define.ts';
import { resultLike, runMap, runStruct } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import type { Tensor } from '../../tensor.ts';

const leakyReluKernel = kernel('leakyReluBackward');
const thresholdKernel = kernel('thresholdBackward');
const softmaxKernel = kernel('softmaxBackward');
const logSoftmaxKernel = kernel('logSoftmaxBackward');

function map(k: number, g: Tensor, x: Tensor, params: readonly number[]): Tensor {
  const out = resultLike(x.sizes, x.dt, [g, x]);
  runMap(k, x.sizes, [out, g, x], x.dt, params);
  return out;
}

/** `g` where `x > 0`, `slope g` elsewhere. */
export function leakyReluGrad(g: Tensor, x: Tensor, slope: number): Tensor {
  return record('leakyReluBackward', map(leakyReluKernel, g, x, [slope]), [g], [x], (gg, n) => [
    leakyReluGrad(gg, n.unpack(0), slope),
  ]);
}

/** `g` where `x > limit`, 0 elsewhere. */
export function thresholdGrad(g: Tensor, x: Tensor, limit: number): Tensor {
  return record('thresholdBackward', map(thresholdKernel, g, x, [limit]), [g], [x], (gg, n) => [
    thresholdGrad(gg, n.unpack(0), limit),
  ]);
}

function along(k: number, g: Tensor, y: Tensor, dim: number): Tensor {
  const out = resultLike(y.sizes, y.dt, [g, y]);
  if (out.count > 0) runStruct(k, [out, g, y], [dim]);
  return out;
}

/** `y (g - Σ g y)`: the derivative of softmax, from its result. */
export function softmaxGrad(g: Tensor, y: Tensor, dim: number): Tensor {
  return record('softmaxBackwardData', along(softmaxKernel, g, y, dim), [g, y], [g, y], (gg, n) => {
    const [h, p] = [n.unpack(0), n.unpack(1)];
    return [
      n.needs(0) ? softmaxGrad(gg, p, dim) : null,
      n.needs(1) ? gg.mul(h.sub(h.mul(p).sum(dim, true))).sub(h.mul(gg.mul(p).sum(dim, true))) : null,
    ];
  });
}

/** `g - e^y Σ g`: the derivative of logSoftmax, from its result. */
export function logSoftmaxGrad(g: Tensor, y: Tensor, dim: number): Tensor {
  return record('logSoftmaxBackwardData', along(logSoftmaxKernel, g, y, dim), [g, y], [g, y], (gg, n) => {
    const p = n.unpack(1).exp();
    return [
      n.needs(0) ? gg.sub(gg.mul(p).sum(dim, true)) : null,
      n.needs(1) ? gg.mul(p).mul(n.unpack(0).sum(dim, true)).neg() : null,
    ];
  });
}
