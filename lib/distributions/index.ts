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
export {
  Bernoulli,
  Binomial,
  type BinomialOptions,
  Geometric,
  Poisson,
  type ProbsOptions,
} from './discrete.ts';
export { Distribution, type Param, type ValidateOptions } from './distribution.ts';
export { Beta, Chi2, Dirichlet, Exponential, Gamma } from './gamma.ts';
export { type DistributionClass, klDivergence, registerKl } from './kl.ts';
export { Cauchy, Laplace, Normal, StudentT, type StudentTOptions, Uniform } from './location-scale.ts';
export { MultivariateNormal, type MultivariateNormalOptions } from './multivariate-normal.ts';
export { HalfNormal, Independent, LogNormal, TransformedDistribution } from './transformed.ts';
export * from './transforms.ts';
