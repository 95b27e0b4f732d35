// torch.distributions: probability distributions, their transforms, and divergences between them.
export {
  Categorical,
  type ClassProbsOptions,
  Multinomial,
  type MultinomialOptions,
  OneHotCategorical,
  OneHotCategoricalStraightThrough,
} from './categorical.ts';
export * as constraints from './constraints.ts';
export { ContinuousBernoulli, type ContinuousBernoulliOptions } from './continuous-bernoulli.ts';
export {
  Bernoulli,
  Binomial,
  type BinomialOptions,
  Geometric,
  NegativeBinomial,
  type NegativeBinomialOptions,
  Poisson,
} from './discrete.ts';
export { Distribution, type Param, type ValidateOptions } from './distribution.ts';
export { ExponentialFamily } from './exponential-family.ts';
export { GeneralizedPareto, Gumbel, Pareto, Weibull } from './extreme.ts';
export { Beta, Chi2, Dirichlet, Exponential, FisherSnedecor, Gamma } from './gamma.ts';
export * as kl from './kl.ts';
export { type DistributionClass, klDivergence, registerKl } from './kl.ts';
export { categorical, normal } from './modules.ts';
export { Cauchy, Laplace, Normal, StudentT, type StudentTOptions, Uniform } from './location-scale.ts';
export { LowRankMultivariateNormal } from './low-rank.ts';
export { LKJCholesky, type LKJCholeskyOptions, Wishart, type WishartOptions } from './matrices.ts';
export { MixtureSameFamily } from './mixture.ts';
export { MultivariateNormal, type MultivariateNormalOptions } from './multivariate-normal.ts';
export type { ProbsOptions } from './probs.ts';
export { bijectTo, type ConstraintKind, type ConstraintRegistry, transformTo } from './registry.ts';
export {
  ExpRelaxedCategorical,
  LogitRelaxedBernoulli,
  RelaxedBernoulli,
  RelaxedOneHotCategorical,
} from './relaxed.ts';
export { HalfNormal, Independent, LogNormal, TransformedDistribution } from './transformed.ts';
export { HalfCauchy, InverseGamma, Kumaraswamy, LogisticNormal } from './transformed-kin.ts';
export * from './all-transforms.ts';
export * as transforms from './all-transforms.ts';
export { VonMises } from './von-mises.ts';
