// The Kullback-Leibler divergences of pairs of distributions; those with Gumbel, Pareto, continuous Bernoulli and low-rank
// ones are in kl-pairs.ts.
import { ShapeError } from '../errors.ts';
import { softplus } from '../ops/activation.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { Categorical, OneHotCategorical } from './categorical.ts';
import { Bernoulli, Binomial, Geometric, Poisson } from './discrete.ts';
import { type Distribution, sumRightmost } from './distribution.ts';
import { EULER } from './extreme.ts';
import { Beta, Dirichlet, Exponential, Gamma } from './gamma.ts';
import { Cauchy, Laplace, Normal, Uniform } from './location-scale.ts';
import { type DistributionClass, INF, klDivergence, registerKl } from './kl-registry.ts';
import './kl-pairs.ts';
import { MultivariateNormal } from './multivariate-normal.ts';
import { HalfNormal, Independent, LogNormal, TransformedDistribution } from './transformed.ts';
import { halfLogDet, mahalanobis, solveLower } from './triangular.ts';

export { type DistributionClass, klDivergence, registerKl } from './kl-registry.ts';

// ---- of the same kind -----------------------------------------------------------------------------------------------

const LOG_2PI = Math.log(2 * Math.PI);
const complement = (x: Tensor): Tensor => x.neg().add(1);

registerKl(Bernoulli, Bernoulli, (p, q) => {
  const part = (probs: Tensor, other: Tensor, sign: 1 | -1): Tensor =>
    probs
      .mul(softplus(q.logits.mul(sign)).sub(softplus(p.logits.mul(sign))))
      .maskedFill(other.eq(0), INF)
      .maskedFill(probs.eq(0), 0);
  return part(p.probs, q.probs, -1).add(part(complement(p.probs), complement(q.probs), 1));
});
registerKl(Beta, Beta, (p, q) => {
  const [sp, sq] = [p.concentration1.add(p.concentration0), q.concentration1.add(q.concentration0)];
  const norm = (d: Beta, other: Tensor): Tensor =>
    d.concentration1.lgamma().add(d.concentration0.lgamma()).add(other.lgamma());
  return norm(q, sp)
    .sub(norm(p, sq))
    .add(p.concentration1.sub(q.concentration1).mul(p.concentration1.digamma()))
    .add(p.concentration0.sub(q.concentration0).mul(p.concentration0.digamma()))
    .add(sq.sub(sp).mul(sp.digamma()));
});
registerKl(Binomial, Binomial, (p, q) => {
  if (p.totalCount.lt(q.totalCount).any().item()) {
    throw new TypeError('klDivergence: KL between Binomials where q.total_count > p.total_count is not implemented');
  }
  const each = p.probs.mul(p.logits.sub(q.logits)).add(p.probs.neg().log1p()).sub(q.probs.neg().log1p());
  return p.totalCount.mul(each).maskedFill(p.totalCount.gt(q.totalCount), INF);
});
const categorical = (p: Categorical | OneHotCategorical, q: Categorical | OneHotCategorical): Tensor =>
  p.probs.mul(p.logits.sub(q.logits)).maskedFill(q.probs.eq(0), INF).maskedFill(p.probs.eq(0), 0).sum(-1);
registerKl(Categorical, Categorical, categorical);
registerKl(OneHotCategorical, OneHotCategorical, categorical);
registerKl(Cauchy, Cauchy, (p, q) =>
  p.scale.add(q.scale).square().add(p.loc.sub(q.loc).square()).log().sub(p.scale.mul(4).mul(q.scale).log()),
);
registerKl(Dirichlet, Dirichlet, (p, q) => {
  const [a, b] = [p.concentration, q.concentration];
  const [sa, sb] = [a.sum(-1), b.sum(-1)];
  return sa
    .lgamma()
    .sub(sb.lgamma())
    .sub(a.lgamma().sub(b.lgamma()).sum(-1))
    .add(
      a
        .sub(b)
        .mul(a.digamma().sub(sa.digamma().unsqueeze(-1)))
        .sum(-1),
    );
});
registerKl(Exponential, Exponential, (p, q) => {
  const ratio = q.rate.div(p.rate);
  return ratio.sub(ratio.log()).sub(1);
});
registerKl(Gamma, Gamma, (p, q) => {
  const [a, b] = [p.concentration, q.concentration];
  return b
    .mul(p.rate.div(q.rate).log())
    .add(b.lgamma().sub(a.lgamma()))
    .add(a.sub(b).mul(a.digamma()))
    .add(q.rate.sub(p.rate).mul(a.div(p.rate)));
});
registerKl(Geometric, Geometric, (p, q) => p.entropy().neg().sub(q.probs.neg().log1p().div(p.probs)).sub(q.logits));
const normal = (p: Normal, q: Normal): Tensor => {
  const ratio = p.scale.div(q.scale).square();
  return ratio.add(p.loc.sub(q.loc).div(q.scale).square()).sub(1).sub(ratio.log()).mul(0.5);
};
registerKl(Normal, Normal, normal);
registerKl(HalfNormal, HalfNormal, (p, q) => normal(p.baseDist as Normal, q.baseDist as Normal));
registerKl(LogNormal, LogNormal, (p, q) => normal(p.baseDist as Normal, q.baseDist as Normal));
registerKl(Laplace, Laplace, (p, q) => {
  const ratio = p.scale.div(q.scale);
  const far = p.loc.sub(q.loc).abs();
  return far
    .div(q.scale)
    .sub(ratio.log())
    .add(ratio.mul(far.neg().div(p.scale).exp()))
    .sub(1);
});
registerKl(MultivariateNormal, MultivariateNormal, (p, q) => {
  if (!sameShape(p.eventShape, q.eventShape)) {
    throw new ShapeError(
      'klDivergence: KL-divergence between two Multivariate Normals with different event shapes cannot be computed',
    );
  }
  const n = p.eventShape[0]!;
  const batch = broadcastShapes('klDivergence', p.factor.sizes.slice(0, -2), q.factor.sizes.slice(0, -2));
  const [a, b] = [p.factor.expand([...batch, n, n]), q.factor.expand([...batch, n, n])];
  const trace = solveLower(b, a).square().sum([-2, -1]);
  return trace
    .add(mahalanobis(q.factor, q.loc.sub(p.loc)))
    .sub(n)
    .mul(0.5)
    .add(halfLogDet(q.factor).sub(halfLogDet(p.factor)));
});
registerKl(Poisson, Poisson, (p, q) => p.rate.mul(p.rate.log().sub(q.rate.log())).sub(p.rate.sub(q.rate)));
registerKl(Uniform, Uniform, (p, q) =>
  q.high
    .sub(q.low)
    .div(p.high.sub(p.low))
    .log()
    .maskedFill(q.low.gt(p.low).logicalOr(q.high.lt(p.high)), INF),
);
registerKl(Independent, Independent, (p, q) => {
  if (p.reinterpretedBatchNdims !== q.reinterpretedBatchNdims)
    throw new TypeError('klDivergence: the distributions take different numbers of dims for one value');
  return sumRightmost(klDivergence(p.baseDist, q.baseDist), p.reinterpretedBatchNdims);
});
registerKl(TransformedDistribution, TransformedDistribution, (p, q) => {
  const alike = p.transforms.length === q.transforms.length && p.transforms.every((t, i) => t.equals(q.transforms[i]!));
  if (!alike || !sameShape(p.eventShape, q.eventShape))
    throw new TypeError('klDivergence: the distributions have different transforms');
  return klDivergence(p.baseDist, q.baseDist);
});

// ---- of different kinds ---------------------------------------------------------------------------------------------

registerKl(Bernoulli, Poisson, (p, q) => p.entropy().neg().sub(p.probs.mul(q.rate.log()).sub(q.rate)));
const squaredOver = (q: Normal, second: Tensor, first: Tensor): Tensor =>
  second.mul(0.5).sub(q.loc.mul(first)).add(q.loc.square().mul(0.5)).div(q.scale.square());
/** Against a normal distribution only the entropy and two moments count. */
const againstNormal = (p: Distribution, q: Normal, mean: Tensor, second: Tensor): Tensor =>
  p
    .entropy()
    .neg()
    .add(q.scale.log())
    .add(0.5 * LOG_2PI)
    .add(squaredOver(q, second, mean));
for (const Type of [Beta, Exponential, Gamma, Laplace, Uniform])
  registerKl<Distribution, Normal>(Type, Normal, (p, q) =>
    againstNormal(p, q, p.mean, p.variance.add(p.mean.square())),
  );
/** Against an exponential distribution only the mean. */
for (const Type of [Beta, Gamma])
  registerKl<Distribution, Exponential>(Type, Exponential, (p, q) =>
    p.entropy().neg().sub(q.rate.log()).add(q.rate.mul(p.mean)),
  );
registerKl(Uniform, Exponential, (p, q) =>
  p.entropy().neg().sub(q.rate.log()).add(q.rate.mul(p.mean)).maskedFill(p.low.lt(0), INF),
);
/** Against a gamma distribution the mean and that of the logarithm. */
const againstGamma = (p: Distribution, q: Gamma, meanLog: Tensor): Tensor =>
  p
    .entropy()
    .neg()
    .add(q.concentration.lgamma())
    .sub(q.concentration.mul(q.rate.log()))
    .sub(q.concentration.sub(1).mul(meanLog))
    .add(q.rate.mul(p.mean));
registerKl(Beta, Gamma, (p, q) =>
  againstGamma(p, q, p.concentration1.digamma().sub(p.concentration1.add(p.concentration0).digamma())),
);
registerKl(Exponential, Gamma, (p, q) => againstGamma(p, q, p.rate.log().add(EULER).neg()));
const xLogX = (x: Tensor): Tensor => x.xlogy(x);
const meanLog = (p: Uniform): Tensor => xLogX(p.high).sub(xLogX(p.low)).div(p.high.sub(p.low)).sub(1);
registerKl(Uniform, Gamma, (p, q) => againstGamma(p, q, meanLog(p)).maskedFill(p.low.lt(0), INF));
registerKl(Uniform, Beta, (p, q) => {
  const [a, b] = [q.concentration1, q.concentration0];
  const meanLogRest = xLogX(complement(p.low))
    .sub(xLogX(complement(p.high)))
    .div(p.high.sub(p.low))
    .sub(1);
  return p
    .entropy()
    .neg()
    .add(a.lgamma().add(b.lgamma()).sub(a.add(b).lgamma()))
    .sub(a.sub(1).mul(meanLog(p)))
    .sub(b.sub(1).mul(meanLogRest))
    .maskedFill(p.high.gt(1).logicalOr(p.low.lt(0)), INF);
});
registerKl(Beta, Uniform, (p, q) =>
  p
    .entropy()
    .neg()
    .add(q.high.sub(q.low).log())
    .maskedFill(q.low.gt(0).logicalOr(q.high.lt(1)), INF),
);
registerKl(Normal, Laplace, (p, q) => {
  const d = p.loc.sub(q.loc);
  const over = d.div(p.scale);
  const far = p.scale
    .mul(Math.sqrt(2 / Math.PI))
    .mul(over.square().mul(-0.5).exp())
    .add(d.mul(over.mul(Math.SQRT1_2).erf()));
  return p.scale
    .div(q.scale)
    .log()
    .neg()
    .add(far.div(q.scale))
    .sub(0.5 * (1 + Math.log(0.5 * Math.PI)));
});
/** Where p has values that q excludes. */
const infinite = (p: Distribution): Tensor => p.mean.detach().newFull(p.batchShape, INF);
const EXCLUDED: [DistributionClass, DistributionClass[]][] = [
  [Exponential, [Beta, Uniform]],
  [Gamma, [Beta, Uniform]],
  [Laplace, [Beta, Exponential, Gamma, Uniform]],
  [Normal, [Beta, Exponential, Gamma, Uniform]],
  [Poisson, [Bernoulli, Binomial]],
];
for (const [p, list] of EXCLUDED) for (const q of list) registerKl(p, q, infinite);
