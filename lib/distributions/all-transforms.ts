// torch.distributions.transforms: all transforms, which torch.distributions has too.
export { Transform, type TransformOptions } from './transform.ts';
export * from './transforms.ts';
export { CorrCholeskyTransform, LowerCholeskyTransform, PositiveDefiniteTransform } from './transforms-of-matrices.ts';
export {
  CatTransform,
  type CatTransformOptions,
  CumulativeDistributionTransform,
  IndependentTransform,
  ReshapeTransform,
  StackTransform,
  type StackTransformOptions,
} from './transforms-of-parts.ts';
