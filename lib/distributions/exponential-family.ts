// The exponential family: distributions whose densities are `exp(θ·t(x) - A(θ)) h(x)`, for entropies and divergences.
import { enableGrad } from '../autograd/mode.ts';
import { grad } from '../autograd/index.ts';
import type { Tensor } from '../tensor.ts';
import { Distribution } from './distribution.ts';

/** The gradients of the log normalizer by parameters cut off from what they were made of, and its value. */
export function normalizerOf(d: ExponentialFamily): { params: Tensor[]; value: Tensor; slopes: Tensor[] } {
  return enableGrad(() => {
    const params = d.naturalParams.map((x) => x.detach().requiresGrad_());
    const value = d.logNormalizer(...params);
    const slopes = grad(value.sum(), params, { createGraph: true }) as Tensor[];
    return { params, value, slopes };
  });
}

/**
 * The base class of distributions with natural parameters θ and a log normalizer A(θ): entropy and divergence follow from
 * them by differentiation.
 * @example
 * new torch.distributions.Normal(0, 1) instanceof torch.distributions.ExponentialFamily // true
 */
export abstract class ExponentialFamily extends Distribution {
  /** The natural parameters θ. */
  get naturalParams(): readonly Tensor[] {
    throw this.lacks('naturalParams');
  }
  /** A(θ), for parameters that may be others than this distribution's. */
  logNormalizer(..._naturalParams: Tensor[]): Tensor {
    throw this.lacks('logNormalizer');
  }
  /** The expected logarithm of h(x); null if it is not known, and with it the entropy. */
  get meanCarrierMeasure(): number | null {
    return null;
  }
  override entropy(): Tensor {
    const measure = this.meanCarrierMeasure;
    if (measure === null) throw this.lacks('entropy');
    const { params, value, slopes } = normalizerOf(this);
    const kept = this.batchShape.length;
    return params.reduce((h, p, i) => {
      const each = p.mul(slopes[i]!);
      return h.sub(each.ndim === kept ? each : each.flatten(kept).sum(-1));
    }, value.sub(measure));
  }
}
