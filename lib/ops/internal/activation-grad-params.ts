// Derivatives of the activations of ops/activation.ts: one pass over memory each, and differentiable themselves.
import { recording } from '../../autograd/node.ts';
import { record } from '../../history.ts';
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

type Slope = (g: Tensor, x: Tensor, ...params: number[]) => Tensor;
/** A kernel of (g, x); where its result is recorded in turn, plain operators, which have their own derivatives. */
function inOnePass(name: string, plain: Slope): Slope {
  const k = kernel(name);
  return (g, x, ...params) => (recording([g, x]) ? plain(g, x, ...params) : map(k, g, x, params));
}
/** `g / 6` for `-3 < x < 3`. */
export const hardsigmoidGrad: Slope = inOnePass('hardsigmoidBackward', (g, x) =>
  g.div(6).where(x.gt(-3).logicalAnd(x.lt(3)), 0),
);
/** `g` above 3, `g (x / 3 + 1/2)` between -3 and 3. */
export const hardswishGrad: Slope = inOnePass('hardswishBackward', (g, x) =>
  g.where(x.ge(3), g.mul(x.div(3).add(0.5)).where(x.le(-3).logicalNot(), 0)),
);
/** `g` strictly between the limits. */
export const hardtanhGrad: Slope = inOnePass('hardtanhBackward', (g, x, low, high) =>
  g.where(x.gt(low!).logicalAnd(x.lt(high!)), 0),
);
/** `g` between the limits, which belong to it. */
export const clampGrad: Slope = inOnePass('clampBackward', (g, x, low, high) =>
  g.where(x.ge(low!).logicalAnd(x.le(high!)), 0),
);
/** `g` outside of `[-lambd, lambd]`. */
export const shrinkGrad: Slope = inOnePass('shrinkBackward', (g, x, lambd) =>
  g.where(x.gt(lambd!).logicalOr(x.lt(-lambd!)), 0),
);
/** `scale g` above zero, `scale alpha inputScale e^(inputScale x) g` below. */
export const eluGrad: Slope = inOnePass('eluBackward', (g, x, alpha, scale, inputScale) => {
  const below = g.mul(x.clamp({ max: 0 }).mul(inputScale!).exp()).mul(alpha! * scale! * inputScale!);
  return g.mul(scale!).where(x.gt(0), below);
});
/** `g` where `beta x` exceeds the limit, `g sigmoid(beta x)` below. */
export const softplusGrad: Slope = inOnePass('softplusBackward', (g, x, beta, limit) => {
  const u = x.mul(beta!);
  return g.where(u.gt(limit!), g.mul(u.sigmoid()));
});
/** `g (t + x sigmoid(x) (1 - t²))` with `t = tanh(softplus(x))`. */
export const mishGrad: Slope = inOnePass('mishBackward', (g, x) => {
  const t = x.logaddexp(0).tanh();
  return g.mul(t.add(x.mul(x.sigmoid()).mul(t.square().neg().add(1))));
});

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
