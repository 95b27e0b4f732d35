// torch.nn.functional, also F: the operators under its names and with its arguments.
export * from './functional/activation.ts';
export { multiHeadAttentionForward, type MultiHeadOptions } from './functional/attention.ts';
export {
  type BagMode,
  embedding,
  embeddingBag,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
} from './functional/embedding.ts';
export * from './functional/layers.ts';
export * from './functional/vision.ts';
export {
  glu,
  hardshrink,
  logsigmoid,
  prelu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
} from './ops/activation.ts';
export { bilinear } from './ops/bilinear.ts';
export { type AttentionOptions, scaledDotProductAttention } from './ops/attention.ts';
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from './ops/conv.ts';
export { cosineSimilarity, pairwiseDistance, pdist } from './ops/distance.ts';
export { crossEntropy, linearCrossEntropy, nllLoss } from './ops/class-loss.ts';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  type Reduction,
  smoothL1Loss,
} from './ops/loss.ts';
export { ctcLoss, gaussianNllLoss, poissonNllLoss } from './ops/likelihood-loss.ts';
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from './ops/margin-loss.ts';
export { linear } from './ops/matmul.ts';
export { groupNorm } from './ops/norm.ts';
export { pad } from './ops/pad.ts';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
} from './ops/pool.ts';
export { affineGrid, type GridMode, type GridPadding, gridSample } from './ops/grid.ts';
export { interpolate, type InterpolateMode, type InterpolateOptions } from './ops/interpolate.ts';
export { localResponseNorm, rmsNorm } from './ops/response-norm.ts';
export { nativeChannelShuffle } from './ops/native.ts';
export { channelShuffle, pixelShuffle, pixelUnshuffle } from './ops/shuffle.ts';
export {
  fractionalMaxPool2dWithIndices,
  fractionalMaxPool3dWithIndices,
} from './ops/unpool.ts';
export { lpPool1d, lpPool2d, lpPool3d, maxUnpool1d, maxUnpool2d, maxUnpool3d } from './ops/unpool.ts';
