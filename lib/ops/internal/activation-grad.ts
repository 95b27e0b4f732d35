// Derivatives of activations in one pass over memory; differentiable themselves, as every derivative is.
import { record } from '../../history.ts';
import { resultLike, runMap } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import type { Tensor } from '../../tensor.ts';

type Vjp = (g: Tensor, y: Tensor) => Tensor;

/** A kernel of (g, y), with the derivatives of it by g and by y. */
function fused(
  name: string,
  byG: (gg: Tensor, g: Tensor, y: Tensor) => Tensor,
  byY: (gg: Tensor, g: Tensor, y: Tensor) => Tensor | null,
): Vjp {
  const k = kernel(name);
  return (g, y) => {
    const out = resultLike(y.sizes, y.dt, [g, y]);
    runMap(k, y.sizes, [out, g.dt === y.dt ? g : g.detach().to(y.dt.name), y], y.dt);
    return record(name, out, [g, y], [g, y], (gg, n) => [
      n.needs(0) ? byG(gg, n.unpack(0), n.unpack(1)) : null,
      n.needs(1) ? byY(gg, n.unpack(0), n.unpack(1)) : null,
    ]);
  };
}

/** `g y (1 - y)` */
export const sigmoidGrad: Vjp = fused(
  'sigmoidBackward',
  (gg, _g, y) => sigmoidGrad(gg, y),
  (gg, g, y) => gg.mul(g).mul(y.mul(-2).add(1)),
);
/** `g (1 - y²)` */
export const tanhGrad: Vjp = fused(
  'tanhBackward',
  (gg, _g, y) => tanhGrad(gg, y),
  (gg, g, y) => gg.mul(g).mul(y).mul(-2),
);
/** `g` where `y > 0` */
export const reluGrad: Vjp = fused(
  'reluBackward',
  (gg, _g, y) => reluGrad(gg, y),
  () => null,
);
