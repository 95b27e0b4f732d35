// Layers merged with the batch normalization that follows them, for inference. Exported by utils.ts.
import { noGrad } from '../autograd/mode.ts';
import { checkTensor } from '../dispatch.ts';
import { describe, inNameOf } from '../errors.ts';
import { onesLike, zerosLike } from '../create.ts';
import { Tensor } from '../tensor.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { skipInit } from './skip-init.ts';

/** What batch normalization keeps. */
interface Statistics {
  readonly training: boolean;
  readonly eps: number;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}
/** A convolution layer, transposed or not. */
interface Convolution {
  readonly training: boolean;
  readonly inChannels: number;
  readonly outChannels: number;
  weight: Parameter;
  bias: Parameter | null;
}

function fused(
  where: string,
  weight: Tensor,
  bias: Tensor | null,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  gamma: Tensor | null,
  beta: Tensor | null,
  dim: number,
): [Parameter, Parameter] {
  return inNameOf(where, () => {
    for (const [name, x] of Object.entries({ weight, runningMean: mean, runningVar: variance }))
      checkTensor(where, x, name);
    return noGrad(() => {
      const scale = variance
        .add(eps)
        .rsqrt()
        .mul(gamma ?? onesLike(mean));
      const shape = weight.sizes.map((_, d) => (d === dim ? -1 : 1));
      const w = weight.mul(scale.reshape(shape)).to(weight.dtype);
      const b = (bias ?? zerosLike(mean))
        .sub(mean)
        .mul(scale)
        .add(beta ?? 0)
        .to((bias ?? weight).dtype);
      return [new Parameter(w, weight.requiresGrad), new Parameter(b, bias?.requiresGrad ?? false)];
    });
  });
}

/**
 * Weight and bias of a convolution that includes the batch normalization behind it; `transpose` for transposed
 * convolutions, whose weight has the output channels second.
 * @example
 * const one = torch.ones(1)
 * const [w, b] = torch.nn.utils.fuseConvBnWeights(torch.ones(1, 1, 1), null, one, one, 0, null, null)
 * b.item() // -1
 */
export function fuseConvBnWeights(
  convW: Tensor,
  convB: Tensor | null,
  bnRm: Tensor,
  bnRv: Tensor,
  bnEps: number,
  bnW: Tensor | null,
  bnB: Tensor | null,
  transpose = false,
): [Parameter, Parameter] {
  return fused('fuseConvBnWeights', convW, convB, bnRm, bnRv, bnEps, bnW, bnB, transpose ? 1 : 0);
}
/**
 * Weight and bias of a linear layer that includes the batch normalization behind it.
 * @example
 * const one = torch.ones(1)
 * const [w, b] = torch.nn.utils.fuseLinearBnWeights(torch.ones(1, 2), null, one, one, 0, null, null)
 * b.item() // -1
 */
export function fuseLinearBnWeights(
  linearW: Tensor,
  linearB: Tensor | null,
  bnRm: Tensor,
  bnRv: Tensor,
  bnEps: number,
  bnW: Tensor | null,
  bnB: Tensor | null,
): [Parameter, Parameter] {
  return fused('fuseLinearBnWeights', linearW, linearB, bnRm, bnRv, bnEps, bnW, bnB, 0);
}

function statistics(where: string, layer: { training: boolean }, bn: Statistics): [Tensor, Tensor] {
  for (const [name, m] of Object.entries({ layer, bn })) {
    if (!(m instanceof Module))
      throw new TypeError(`${where}: expected a Module for ${name} but received ${describe(m)}`);
  }
  if (layer.training || bn.training) throw new TypeError(`${where}: Fusion only for eval!`);
  if (!(bn.runningMean instanceof Tensor && bn.runningVar instanceof Tensor))
    throw new TypeError(`${where}: expected batch normalization with running statistics`);
  return [bn.runningMean, bn.runningVar];
}

/**
 * A new convolution that does what `conv` and `bn` behind it do in eval mode. Throws TypeError while they are being
 * trained.
 * @example
 * const [conv, bn] = [new torch.nn.Conv2d(1, 2, 3).eval(), new torch.nn.BatchNorm2d(2).eval()]
 * torch.nn.utils.fuseConvBnEval(conv, bn) // Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
 */
export function fuseConvBnEval<C extends Convolution>(conv: C, bn: Statistics, transpose = false): C {
  const where = 'fuseConvBnEval';
  const [mean, variance] = statistics(where, conv, bn);
  return inNameOf(where, () => {
    const { inChannels, outChannels, weight, bias, training, ...options } = { ...conv };
    if (!(weight instanceof Tensor)) throw new TypeError(`${where}: expected a convolution`);
    const Class = conv.constructor as new (...args: readonly unknown[]) => C;
    const given: Record<string, unknown> = { ...options, dtype: weight.dtype, device: weight.device };
    if (!/Transpose/.test(Class.name)) delete given.outputPadding;
    const out = skipInit(Class, inChannels, outChannels, given);
    [out.weight, out.bias] = fused(where, weight, bias, mean, variance, bn.eps, bn.weight, bn.bias, transpose ? 1 : 0);
    return (out as C & Module).eval();
  });
}
/**
 * A new linear layer that does what `linear` and `bn` behind it do in eval mode. Throws TypeError while they are being
 * trained.
 * @example
 * const [linear, bn] = [new torch.nn.Linear(2, 3, { bias: false }).eval(), new torch.nn.BatchNorm1d(3).eval()]
 * torch.nn.utils.fuseLinearBnEval(linear, bn) // Linear(in_features=2, out_features=3, bias=True)
 */
export function fuseLinearBnEval(linear: Linear, bn: Statistics): Linear {
  const where = 'fuseLinearBnEval';
  const [mean, variance] = statistics(where, linear, bn);
  return inNameOf(where, () => {
    const { weight, bias } = linear;
    const out = skipInit(Linear, linear.inFeatures, linear.outFeatures, { dtype: weight.dtype, device: weight.device });
    [out.weight, out.bias] = fused(where, weight, bias, mean, variance, bn.eps, bn.weight, bn.bias, 0);
    return out.eval();
  });
}
