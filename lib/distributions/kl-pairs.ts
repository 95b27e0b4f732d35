// The Kullback-Leibler divergences that involve Gumbel, Pareto, continuous Bernoulli and low-rank normal distributions, and
// the one of exponential families. Registered with those of kl.ts.
import { ShapeError } from '../errors.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ContinuousBernoulli } from './continuous-bernoulli.ts';
import { type Distribution, sumRightmost } from './distribution.ts';
import { ExponentialFamily, normalizerOf } from './exponential-family.ts';
import { EULER, Gumbel, Pareto } from './extreme.ts';
import { Beta, Exponential, Gamma } from './gamma.ts';
import { type DistributionClass, INF, registerKl } from './kl-registry.ts';
import { Laplace, Normal, Uniform } from './location-scale.ts';
import { LowRankMultivariateNormal } from './low-rank.ts';
import { MultivariateNormal } from './multivariate-normal.ts';
import { halfLogDet, mahalanobis, solveLower } from './triangular.ts';

/** By the Bregman divergence of the log normalizer. */
registerKl(ExponentialFamily, ExponentialFamily, (p, q) => {
  if (p.constructor !== q.constructor) {
    throw new TypeError(
      'klDivergence: The cross KL-divergence between different exponential families cannot be computed using Bregman divergences',
    );
  }
  const { params, value, slopes } = normalizerOf(p);
  const other = q.naturalParams;
  const kept = broadcastShapes('klDivergence', p.batchShape, q.batchShape).length;
  return params.reduce(
    (kl, own, i) => {
      const term = other[i]!.sub(own).mul(slopes[i]!);
      return kl.sub(sumRightmost(term, Math.max(0, term.ndim - kept)));
    },
    q.logNormalizer(...other).sub(value),
  );
});

// ---- Gumbel -----------------------------------------------------------------------------------------------------------

registerKl(Gumbel, Gumbel, (p, q) => {
  const ratio = p.scale.div(q.scale);
  const apart = q.loc.div(q.scale).sub(p.loc.div(q.scale));
  return ratio
    .mul(EULER)
    .sub(ratio.log())
    .sub(apart)
    .add(apart.add(ratio.add(1).lgamma()).exp())
    .sub(1 + EULER);
});
registerKl(Gumbel, Normal, (p, q) => {
  const ratio = p.scale.div(q.scale);
  const far = p.loc.add(p.scale.mul(EULER)).sub(q.loc).div(q.scale);
  return ratio
    .mul(Math.PI / 2)
    .square()
    .div(3)
    .sub(ratio.div(Math.sqrt(2 * Math.PI)).log())
    .add(far.square().mul(0.5))
    .sub(EULER + 1);
});
registerKl(Exponential, Gumbel, (p, q) => {
  const [product, ratio] = [p.rate.mul(q.scale), q.loc.div(q.scale)];
  const decay = ratio.exp().mul(product).div(product.add(1));
  return product.log().sub(1).sub(ratio).add(decay).add(product.reciprocal());
});
registerKl(Gamma, Gumbel, (p, q) => {
  const { concentration: a } = p;
  const [product, ratio] = [p.rate.mul(q.scale), q.loc.div(q.scale)];
  return a
    .sub(1)
    .mul(a.digamma())
    .sub(a.lgamma())
    .sub(a)
    .add(product.log())
    .add(a.div(product))
    .add(ratio.exp().mul(product.reciprocal().add(1).pow(a.neg())))
    .sub(ratio);
});
registerKl(Normal, Gumbel, (p, q) => {
  const apart = p.loc.sub(q.loc).div(q.scale);
  const variance = p.scale.div(q.scale).square();
  return apart
    .sub(variance.log().mul(0.5))
    .add(variance.mul(0.5).sub(apart).exp())
    .sub(0.5 * (1 + Math.log(2 * Math.PI)));
});
registerKl(Uniform, Gumbel, (p, q) => {
  const share = q.scale.div(p.high.sub(p.low));
  const [high, low] = [p.high.sub(q.loc).div(q.scale), p.low.sub(q.loc).div(q.scale)];
  return share
    .log()
    .add(high.add(low).mul(0.5))
    .sub(share.mul(high.neg().exp().sub(low.neg().exp())));
});

// ---- Pareto -----------------------------------------------------------------------------------------------------------

registerKl(Pareto, Pareto, (p, q) => {
  const ratio = q.alpha.div(p.alpha);
  const each = q.alpha.mul(p.scale.div(q.scale).log()).sub(ratio.log()).add(ratio).sub(1);
  return each.maskedFill(p.scale.lt(q.scale), INF);
});
registerKl(Pareto, Exponential, (p, q) => {
  const product = p.scale.mul(q.rate);
  const mean = p.alpha.mul(product).div(p.alpha.sub(1));
  const each = p.alpha.div(product).log().sub(p.alpha.reciprocal()).add(mean).sub(1);
  return each.maskedFill(p.alpha.le(1), INF);
});
registerKl(Pareto, Gamma, (p, q) => {
  const common = p.scale.log().add(p.alpha.reciprocal());
  const normalization = q.concentration.lgamma().sub(q.concentration.mul(q.rate.log()));
  const mean = p.alpha.mul(p.scale).div(p.alpha.sub(1));
  const each = p.alpha
    .log()
    .sub(common)
    .add(normalization)
    .add(q.concentration.neg().add(1).mul(common))
    .add(q.rate.mul(mean))
    .sub(1);
  return each.maskedFill(p.alpha.le(1), INF);
});
registerKl(Pareto, Normal, (p, q) => {
  const common = p.scale.div(p.alpha.sub(1));
  const variance = p.alpha.mul(common.square()).div(p.alpha.sub(2));
  const far = p.alpha.mul(common).sub(q.loc).square();
  const each = q.scale
    .mul(Math.sqrt(2 * Math.PI))
    .mul(p.alpha)
    .div(p.scale)
    .log()
    .sub(p.alpha.reciprocal())
    .add(variance.add(far).div(q.scale.square().mul(2)))
    .sub(1);
  return each.maskedFill(p.alpha.le(2), INF);
});
registerKl(Uniform, Pareto, (p, q) => {
  const width = p.high.sub(p.low);
  const meanLog = p.high.xlogy(p.high).sub(p.low.xlogy(p.low)).sub(width).div(width);
  const each = meanLog.mul(q.alpha.add(1)).sub(q.alpha.mul(q.scale.pow(q.alpha)).mul(width).log());
  return each.maskedFill(p.low.lt(q.scale), INF);
});

// ---- continuous Bernoulli ---------------------------------------------------------------------------------------------

/** Against one only the entropy and the mean count. */
const againstContinuous = (p: Distribution, q: ContinuousBernoulli): Tensor =>
  p.entropy().neg().sub(p.mean.mul(q.logits)).sub(q.probs.neg().log1p()).sub(q.logNorm);
registerKl(ContinuousBernoulli, ContinuousBernoulli, (p, q) =>
  p.mean
    .mul(p.logits.sub(q.logits))
    .add(p.logNorm.add(p.probs.neg().log1p()))
    .sub(q.logNorm.add(q.probs.neg().log1p())),
);
registerKl<Distribution, ContinuousBernoulli>(Beta, ContinuousBernoulli, againstContinuous);
registerKl(Uniform, ContinuousBernoulli, (p, q) =>
  againstContinuous(p, q).maskedFill(p.high.ge(1).logicalOr(p.low.le(0)), INF),
);
registerKl(ContinuousBernoulli, Exponential, (p, q) => p.entropy().neg().sub(q.rate.log()).add(q.rate.mul(p.mean)));
registerKl(ContinuousBernoulli, Normal, (p, q) => {
  const [mean, variance] = [p.mean, q.scale.square()];
  const moments = p.variance.add(mean.square()).sub(q.loc.mul(mean).mul(2)).div(variance.mul(2));
  return p
    .entropy()
    .neg()
    .add(q.loc.square().div(variance).mul(0.5))
    .add(0.5 * Math.log(2 * Math.PI))
    .add(q.scale.log())
    .add(moments);
});
// infinite where q covers more than p at either side too, as in PyTorch
registerKl(ContinuousBernoulli, Uniform, (p, q) =>
  p
    .entropy()
    .neg()
    .add(q.high.sub(q.low).log())
    .maskedFill(q.low.ge(0).logicalOr(q.high.le(1)), INF),
);

// ---- normal distributions of low rank ---------------------------------------------------------------------------------

function checkEvents(p: Distribution, q: Distribution): void {
  if (sameShape(p.eventShape, q.eventShape)) return;
  throw new ShapeError(
    `klDivergence: KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed: ${p.eventShape} and ${q.eventShape}`,
  );
}
/** The trace of `X Xᵀ`. */
const trace = (x: Tensor): Tensor => x.square().sum([-2, -1]);
const half = (determinants: Tensor, traces: Tensor, far: Tensor, n: number): Tensor =>
  determinants.add(traces).add(far).sub(n).mul(0.5);
registerKl(LowRankMultivariateNormal, LowRankMultivariateNormal, (p, q) => {
  checkEvents(p, q);
  const [own, other] = [p.parts, q.parts];
  const a = solveLower(other.capacitance, q.scaled);
  const traces = own.diag
    .div(other.diag)
    .sum(-1)
    .add(trace(own.factor.mul(other.diag.rsqrt().unsqueeze(-1))))
    .sub(trace(a.mul(own.diag.sqrt().unsqueeze(-2))))
    .sub(trace(a.matmul(own.factor)));
  return half(q.logDet.sub(p.logDet), traces, q.mahalanobis(q.loc.sub(p.loc)), p.eventShape[0]!);
});
registerKl(MultivariateNormal, LowRankMultivariateNormal, (p, q) => {
  checkEvents(p, q);
  const a = solveLower(q.parts.capacitance, q.scaled);
  const traces = trace(p.factor.mul(q.parts.diag.rsqrt().unsqueeze(-1))).sub(trace(a.matmul(p.factor)));
  const determinants = q.logDet.sub(halfLogDet(p.factor).mul(2));
  return half(determinants, traces, q.mahalanobis(q.loc.sub(p.loc)), p.eventShape[0]!);
});
registerKl(LowRankMultivariateNormal, MultivariateNormal, (p, q) => {
  checkEvents(p, q);
  const { factor, diag } = p.parts;
  const traces = trace(solveLower(q.factor, factor)).add(trace(solveLower(q.factor, diag.sqrt().diagEmbed())));
  const determinants = halfLogDet(q.factor).mul(2).sub(p.logDet);
  return half(determinants, traces, mahalanobis(q.factor, q.loc.sub(p.loc)), p.eventShape[0]!);
});

/** Where p has values that q excludes. */
const infinite = (p: Distribution): Tensor => p.mean.detach().newFull(p.batchShape, INF);
const EXCLUDED: [DistributionClass, DistributionClass[]][] = [
  [Beta, [Pareto]],
  [ContinuousBernoulli, [Pareto]],
  [Exponential, [ContinuousBernoulli, Pareto]],
  [Gamma, [ContinuousBernoulli, Pareto]],
  [Gumbel, [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]],
  [Laplace, [ContinuousBernoulli, Pareto]],
  [Normal, [ContinuousBernoulli, Pareto]],
  [Pareto, [Beta, ContinuousBernoulli, Uniform]],
];
for (const [p, list] of EXCLUDED) for (const q of list) registerKl(p, q, infinite);
