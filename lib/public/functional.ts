// The functions of torch.nn.functional, as users call them. Written by scripts/public.ts: do not edit.
import * as functional from '../functional.ts';
import { type Public, publish } from './publish.ts';

export * from '../functional.ts';
export const adaptiveAvgPool1d: Public<'F.adaptiveAvgPool1d', typeof functional.adaptiveAvgPool1d> = publish(
  'F.adaptiveAvgPool1d',
  functional.adaptiveAvgPool1d,
);
export const adaptiveAvgPool2d: Public<'F.adaptiveAvgPool2d', typeof functional.adaptiveAvgPool2d> = publish(
  'F.adaptiveAvgPool2d',
  functional.adaptiveAvgPool2d,
);
export const adaptiveAvgPool3d: Public<'F.adaptiveAvgPool3d', typeof functional.adaptiveAvgPool3d> = publish(
  'F.adaptiveAvgPool3d',
  functional.adaptiveAvgPool3d,
);
export const adaptiveMaxPool1dWithIndices: Public<
  'F.adaptiveMaxPool1dWithIndices',
  typeof functional.adaptiveMaxPool1dWithIndices
> = publish('F.adaptiveMaxPool1dWithIndices', functional.adaptiveMaxPool1dWithIndices);
export const adaptiveMaxPool2dWithIndices: Public<
  'F.adaptiveMaxPool2dWithIndices',
  typeof functional.adaptiveMaxPool2dWithIndices
> = publish('F.adaptiveMaxPool2dWithIndices', functional.adaptiveMaxPool2dWithIndices);
export const adaptiveMaxPool3dWithIndices: Public<
  'F.adaptiveMaxPool3dWithIndices',
  typeof functional.adaptiveMaxPool3dWithIndices
> = publish('F.adaptiveMaxPool3dWithIndices', functional.adaptiveMaxPool3dWithIndices);
export const affineGrid: Public<'F.affineGrid', typeof functional.affineGrid> = publish(
  'F.affineGrid',
  functional.affineGrid,
);
export const alphaDropout: Public<'F.alphaDropout', typeof functional.alphaDropout> = publish(
  'F.alphaDropout',
  functional.alphaDropout,
);
export const avgPool1d: Public<'F.avgPool1d', typeof functional.avgPool1d> = publish(
  'F.avgPool1d',
  functional.avgPool1d,
);
export const avgPool2d: Public<'F.avgPool2d', typeof functional.avgPool2d> = publish(
  'F.avgPool2d',
  functional.avgPool2d,
);
export const avgPool3d: Public<'F.avgPool3d', typeof functional.avgPool3d> = publish(
  'F.avgPool3d',
  functional.avgPool3d,
);
export const batchNorm: Public<'F.batchNorm', typeof functional.batchNorm> = publish(
  'F.batchNorm',
  functional.batchNorm,
);
export const bilinear: Public<'F.bilinear', typeof functional.bilinear> = publish('F.bilinear', functional.bilinear);
export const binaryCrossEntropy: Public<'F.binaryCrossEntropy', typeof functional.binaryCrossEntropy> = publish(
  'F.binaryCrossEntropy',
  functional.binaryCrossEntropy,
);
export const binaryCrossEntropyWithLogits: Public<
  'F.binaryCrossEntropyWithLogits',
  typeof functional.binaryCrossEntropyWithLogits
> = publish('F.binaryCrossEntropyWithLogits', functional.binaryCrossEntropyWithLogits);
export const celu: Public<'F.celu', typeof functional.celu> = publish('F.celu', functional.celu);
export const celu_: Public<'F.celu_', typeof functional.celu_> = publish('F.celu_', functional.celu_);
export const channelShuffle: Public<'F.channelShuffle', typeof functional.channelShuffle> = publish(
  'F.channelShuffle',
  functional.channelShuffle,
);
export const conv1d: Public<'F.conv1d', typeof functional.conv1d> = publish('F.conv1d', functional.conv1d);
export const conv2d: Public<'F.conv2d', typeof functional.conv2d> = publish('F.conv2d', functional.conv2d);
export const conv3d: Public<'F.conv3d', typeof functional.conv3d> = publish('F.conv3d', functional.conv3d);
export const convTranspose1d: Public<'F.convTranspose1d', typeof functional.convTranspose1d> = publish(
  'F.convTranspose1d',
  functional.convTranspose1d,
);
export const convTranspose2d: Public<'F.convTranspose2d', typeof functional.convTranspose2d> = publish(
  'F.convTranspose2d',
  functional.convTranspose2d,
);
export const convTranspose3d: Public<'F.convTranspose3d', typeof functional.convTranspose3d> = publish(
  'F.convTranspose3d',
  functional.convTranspose3d,
);
export const cosineEmbeddingLoss: Public<'F.cosineEmbeddingLoss', typeof functional.cosineEmbeddingLoss> = publish(
  'F.cosineEmbeddingLoss',
  functional.cosineEmbeddingLoss,
);
export const cosineSimilarity: Public<'F.cosineSimilarity', typeof functional.cosineSimilarity> = publish(
  'F.cosineSimilarity',
  functional.cosineSimilarity,
);
export const crossEntropy: Public<'F.crossEntropy', typeof functional.crossEntropy> = publish(
  'F.crossEntropy',
  functional.crossEntropy,
);
export const ctcLoss: Public<'F.ctcLoss', typeof functional.ctcLoss> = publish('F.ctcLoss', functional.ctcLoss);
export const dropout: Public<'F.dropout', typeof functional.dropout> = publish('F.dropout', functional.dropout);
export const dropout1d: Public<'F.dropout1d', typeof functional.dropout1d> = publish(
  'F.dropout1d',
  functional.dropout1d,
);
export const dropout2d: Public<'F.dropout2d', typeof functional.dropout2d> = publish(
  'F.dropout2d',
  functional.dropout2d,
);
export const dropout3d: Public<'F.dropout3d', typeof functional.dropout3d> = publish(
  'F.dropout3d',
  functional.dropout3d,
);
export const elu: Public<'F.elu', typeof functional.elu> = publish('F.elu', functional.elu);
export const elu_: Public<'F.elu_', typeof functional.elu_> = publish('F.elu_', functional.elu_);
export const embedding: Public<'F.embedding', typeof functional.embedding> = publish(
  'F.embedding',
  functional.embedding,
);
export const embeddingBag: Public<'F.embeddingBag', typeof functional.embeddingBag> = publish(
  'F.embeddingBag',
  functional.embeddingBag,
);
export const featureAlphaDropout: Public<'F.featureAlphaDropout', typeof functional.featureAlphaDropout> = publish(
  'F.featureAlphaDropout',
  functional.featureAlphaDropout,
);
export const fold: Public<'F.fold', typeof functional.fold> = publish('F.fold', functional.fold);
export const fractionalMaxPool2dWithIndices: Public<
  'F.fractionalMaxPool2dWithIndices',
  typeof functional.fractionalMaxPool2dWithIndices
> = publish('F.fractionalMaxPool2dWithIndices', functional.fractionalMaxPool2dWithIndices);
export const fractionalMaxPool3dWithIndices: Public<
  'F.fractionalMaxPool3dWithIndices',
  typeof functional.fractionalMaxPool3dWithIndices
> = publish('F.fractionalMaxPool3dWithIndices', functional.fractionalMaxPool3dWithIndices);
export const gaussianNllLoss: Public<'F.gaussianNllLoss', typeof functional.gaussianNllLoss> = publish(
  'F.gaussianNllLoss',
  functional.gaussianNllLoss,
);
export const gelu: Public<'F.gelu', typeof functional.gelu> = publish('F.gelu', functional.gelu);
export const glu: Public<'F.glu', typeof functional.glu> = publish('F.glu', functional.glu);
export const gridSample: Public<'F.gridSample', typeof functional.gridSample> = publish(
  'F.gridSample',
  functional.gridSample,
);
export const groupNorm: Public<'F.groupNorm', typeof functional.groupNorm> = publish(
  'F.groupNorm',
  functional.groupNorm,
);
export const gumbelSoftmax: Public<'F.gumbelSoftmax', typeof functional.gumbelSoftmax> = publish(
  'F.gumbelSoftmax',
  functional.gumbelSoftmax,
);
export const hardshrink: Public<'F.hardshrink', typeof functional.hardshrink> = publish(
  'F.hardshrink',
  functional.hardshrink,
);
export const hardsigmoid: Public<'F.hardsigmoid', typeof functional.hardsigmoid> = publish(
  'F.hardsigmoid',
  functional.hardsigmoid,
);
export const hardswish: Public<'F.hardswish', typeof functional.hardswish> = publish(
  'F.hardswish',
  functional.hardswish,
);
export const hardtanh: Public<'F.hardtanh', typeof functional.hardtanh> = publish('F.hardtanh', functional.hardtanh);
export const hardtanh_: Public<'F.hardtanh_', typeof functional.hardtanh_> = publish(
  'F.hardtanh_',
  functional.hardtanh_,
);
export const hingeEmbeddingLoss: Public<'F.hingeEmbeddingLoss', typeof functional.hingeEmbeddingLoss> = publish(
  'F.hingeEmbeddingLoss',
  functional.hingeEmbeddingLoss,
);
export const huberLoss: Public<'F.huberLoss', typeof functional.huberLoss> = publish(
  'F.huberLoss',
  functional.huberLoss,
);
export const instanceNorm: Public<'F.instanceNorm', typeof functional.instanceNorm> = publish(
  'F.instanceNorm',
  functional.instanceNorm,
);
export const interpolate: Public<'F.interpolate', typeof functional.interpolate> = publish(
  'F.interpolate',
  functional.interpolate,
);
export const klDiv: Public<'F.klDiv', typeof functional.klDiv> = publish('F.klDiv', functional.klDiv);
export const l1Loss: Public<'F.l1Loss', typeof functional.l1Loss> = publish('F.l1Loss', functional.l1Loss);
export const layerNorm: Public<'F.layerNorm', typeof functional.layerNorm> = publish(
  'F.layerNorm',
  functional.layerNorm,
);
export const leakyRelu: Public<'F.leakyRelu', typeof functional.leakyRelu> = publish(
  'F.leakyRelu',
  functional.leakyRelu,
);
export const leakyRelu_: Public<'F.leakyRelu_', typeof functional.leakyRelu_> = publish(
  'F.leakyRelu_',
  functional.leakyRelu_,
);
export const linear: Public<'F.linear', typeof functional.linear> = publish('F.linear', functional.linear);
export const linearCrossEntropy: Public<'F.linearCrossEntropy', typeof functional.linearCrossEntropy> = publish(
  'F.linearCrossEntropy',
  functional.linearCrossEntropy,
);
export const localResponseNorm: Public<'F.localResponseNorm', typeof functional.localResponseNorm> = publish(
  'F.localResponseNorm',
  functional.localResponseNorm,
);
export const logSoftmax: Public<'F.logSoftmax', typeof functional.logSoftmax> = publish(
  'F.logSoftmax',
  functional.logSoftmax,
);
export const logsigmoid: Public<'F.logsigmoid', typeof functional.logsigmoid> = publish(
  'F.logsigmoid',
  functional.logsigmoid,
);
export const lpPool1d: Public<'F.lpPool1d', typeof functional.lpPool1d> = publish('F.lpPool1d', functional.lpPool1d);
export const lpPool2d: Public<'F.lpPool2d', typeof functional.lpPool2d> = publish('F.lpPool2d', functional.lpPool2d);
export const lpPool3d: Public<'F.lpPool3d', typeof functional.lpPool3d> = publish('F.lpPool3d', functional.lpPool3d);
export const marginRankingLoss: Public<'F.marginRankingLoss', typeof functional.marginRankingLoss> = publish(
  'F.marginRankingLoss',
  functional.marginRankingLoss,
);
export const maxPool1dWithIndices: Public<'F.maxPool1dWithIndices', typeof functional.maxPool1dWithIndices> = publish(
  'F.maxPool1dWithIndices',
  functional.maxPool1dWithIndices,
);
export const maxPool2dWithIndices: Public<'F.maxPool2dWithIndices', typeof functional.maxPool2dWithIndices> = publish(
  'F.maxPool2dWithIndices',
  functional.maxPool2dWithIndices,
);
export const maxPool3dWithIndices: Public<'F.maxPool3dWithIndices', typeof functional.maxPool3dWithIndices> = publish(
  'F.maxPool3dWithIndices',
  functional.maxPool3dWithIndices,
);
export const maxUnpool1d: Public<'F.maxUnpool1d', typeof functional.maxUnpool1d> = publish(
  'F.maxUnpool1d',
  functional.maxUnpool1d,
);
export const maxUnpool2d: Public<'F.maxUnpool2d', typeof functional.maxUnpool2d> = publish(
  'F.maxUnpool2d',
  functional.maxUnpool2d,
);
export const maxUnpool3d: Public<'F.maxUnpool3d', typeof functional.maxUnpool3d> = publish(
  'F.maxUnpool3d',
  functional.maxUnpool3d,
);
export const mish: Public<'F.mish', typeof functional.mish> = publish('F.mish', functional.mish);
export const mseLoss: Public<'F.mseLoss', typeof functional.mseLoss> = publish('F.mseLoss', functional.mseLoss);
export const multiHeadAttentionForward: Public<
  'F.multiHeadAttentionForward',
  typeof functional.multiHeadAttentionForward
> = publish('F.multiHeadAttentionForward', functional.multiHeadAttentionForward);
export const multiMarginLoss: Public<'F.multiMarginLoss', typeof functional.multiMarginLoss> = publish(
  'F.multiMarginLoss',
  functional.multiMarginLoss,
);
export const multilabelMarginLoss: Public<'F.multilabelMarginLoss', typeof functional.multilabelMarginLoss> = publish(
  'F.multilabelMarginLoss',
  functional.multilabelMarginLoss,
);
export const multilabelSoftMarginLoss: Public<
  'F.multilabelSoftMarginLoss',
  typeof functional.multilabelSoftMarginLoss
> = publish('F.multilabelSoftMarginLoss', functional.multilabelSoftMarginLoss);
export const nativeChannelShuffle: Public<'F.nativeChannelShuffle', typeof functional.nativeChannelShuffle> = publish(
  'F.nativeChannelShuffle',
  functional.nativeChannelShuffle,
);
export const nllLoss: Public<'F.nllLoss', typeof functional.nllLoss> = publish('F.nllLoss', functional.nllLoss);
export const normalize: Public<'F.normalize', typeof functional.normalize> = publish(
  'F.normalize',
  functional.normalize,
);
export const oneHot: Public<'F.oneHot', typeof functional.oneHot> = publish('F.oneHot', functional.oneHot);
export const pad: Public<'F.pad', typeof functional.pad> = publish('F.pad', functional.pad);
export const pairwiseDistance: Public<'F.pairwiseDistance', typeof functional.pairwiseDistance> = publish(
  'F.pairwiseDistance',
  functional.pairwiseDistance,
);
export const pdist: Public<'F.pdist', typeof functional.pdist> = publish('F.pdist', functional.pdist);
export const pixelShuffle: Public<'F.pixelShuffle', typeof functional.pixelShuffle> = publish(
  'F.pixelShuffle',
  functional.pixelShuffle,
);
export const pixelUnshuffle: Public<'F.pixelUnshuffle', typeof functional.pixelUnshuffle> = publish(
  'F.pixelUnshuffle',
  functional.pixelUnshuffle,
);
export const poissonNllLoss: Public<'F.poissonNllLoss', typeof functional.poissonNllLoss> = publish(
  'F.poissonNllLoss',
  functional.poissonNllLoss,
);
export const prelu: Public<'F.prelu', typeof functional.prelu> = publish('F.prelu', functional.prelu);
export const relu: Public<'F.relu', typeof functional.relu> = publish('F.relu', functional.relu);
export const relu6: Public<'F.relu6', typeof functional.relu6> = publish('F.relu6', functional.relu6);
export const relu_: Public<'F.relu_', typeof functional.relu_> = publish('F.relu_', functional.relu_);
export const rmsNorm: Public<'F.rmsNorm', typeof functional.rmsNorm> = publish('F.rmsNorm', functional.rmsNorm);
export const rrelu: Public<'F.rrelu', typeof functional.rrelu> = publish('F.rrelu', functional.rrelu);
export const rrelu_: Public<'F.rrelu_', typeof functional.rrelu_> = publish('F.rrelu_', functional.rrelu_);
export const scaledDotProductAttention: Public<
  'F.scaledDotProductAttention',
  typeof functional.scaledDotProductAttention
> = publish('F.scaledDotProductAttention', functional.scaledDotProductAttention);
export const selu: Public<'F.selu', typeof functional.selu> = publish('F.selu', functional.selu);
export const selu_: Public<'F.selu_', typeof functional.selu_> = publish('F.selu_', functional.selu_);
export const sigmoid: Public<'F.sigmoid', typeof functional.sigmoid> = publish('F.sigmoid', functional.sigmoid);
export const silu: Public<'F.silu', typeof functional.silu> = publish('F.silu', functional.silu);
export const smoothL1Loss: Public<'F.smoothL1Loss', typeof functional.smoothL1Loss> = publish(
  'F.smoothL1Loss',
  functional.smoothL1Loss,
);
export const softMarginLoss: Public<'F.softMarginLoss', typeof functional.softMarginLoss> = publish(
  'F.softMarginLoss',
  functional.softMarginLoss,
);
export const softmax: Public<'F.softmax', typeof functional.softmax> = publish('F.softmax', functional.softmax);
export const softmin: Public<'F.softmin', typeof functional.softmin> = publish('F.softmin', functional.softmin);
export const softplus: Public<'F.softplus', typeof functional.softplus> = publish('F.softplus', functional.softplus);
export const softshrink: Public<'F.softshrink', typeof functional.softshrink> = publish(
  'F.softshrink',
  functional.softshrink,
);
export const softsign: Public<'F.softsign', typeof functional.softsign> = publish('F.softsign', functional.softsign);
export const tanh: Public<'F.tanh', typeof functional.tanh> = publish('F.tanh', functional.tanh);
export const tanhshrink: Public<'F.tanhshrink', typeof functional.tanhshrink> = publish(
  'F.tanhshrink',
  functional.tanhshrink,
);
export const threshold: Public<'F.threshold', typeof functional.threshold> = publish(
  'F.threshold',
  functional.threshold,
);
export const threshold_: Public<'F.threshold_', typeof functional.threshold_> = publish(
  'F.threshold_',
  functional.threshold_,
);
export const tripletMarginLoss: Public<'F.tripletMarginLoss', typeof functional.tripletMarginLoss> = publish(
  'F.tripletMarginLoss',
  functional.tripletMarginLoss,
);
export const tripletMarginWithDistanceLoss: Public<
  'F.tripletMarginWithDistanceLoss',
  typeof functional.tripletMarginWithDistanceLoss
> = publish('F.tripletMarginWithDistanceLoss', functional.tripletMarginWithDistanceLoss);
export const unfold: Public<'F.unfold', typeof functional.unfold> = publish('F.unfold', functional.unfold);
export const upsample: Public<'F.upsample', typeof functional.upsample> = publish('F.upsample', functional.upsample);
export const upsampleBilinear: Public<'F.upsampleBilinear', typeof functional.upsampleBilinear> = publish(
  'F.upsampleBilinear',
  functional.upsampleBilinear,
);
export const upsampleNearest: Public<'F.upsampleNearest', typeof functional.upsampleNearest> = publish(
  'F.upsampleNearest',
  functional.upsampleNearest,
);
