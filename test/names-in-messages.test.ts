// Functions that are made of others say their own names when these refuse something.
import { test, vi } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { F, nn } = torch;
vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
const [a, b, c, n] = [torch.ones(2, 3), torch.ones(4), torch.ones(2, 4), torch.ones(2)];
const whole = torch.zeros([2, 3], { dtype: 'int64' });

const calls: Record<string, (() => unknown)[]> = {
  mseLoss: [() => F.mseLoss(a, b), () => new nn.MSELoss().forward(a, b), () => F.mseLoss(a, a, { weight: b })],
  l1Loss: [() => F.l1Loss(a, b), () => new nn.L1Loss().forward(a, b)],
  smoothL1Loss: [() => F.smoothL1Loss(a, b)],
  huberLoss: [() => F.huberLoss(a, b)],
  klDiv: [() => F.klDiv(a, b), () => new nn.KLDivLoss().forward(a, b)],
  binaryCrossEntropy: [() => F.binaryCrossEntropy(a, a, { weight: b })],
  binaryCrossEntropyWithLogits: [() => F.binaryCrossEntropyWithLogits(a, a, { posWeight: b })],
  poissonNllLoss: [() => F.poissonNllLoss(a, b)],
  cosineEmbeddingLoss: [() => F.cosineEmbeddingLoss(a, c, n)],
  marginRankingLoss: [() => F.marginRankingLoss(n, b, n)],
  hingeEmbeddingLoss: [() => F.hingeEmbeddingLoss(a, b)],
  softMarginLoss: [() => F.softMarginLoss(a, b)],
  tripletMarginLoss: [() => F.tripletMarginLoss(a, c, a)],
  multilabelSoftMarginLoss: [() => F.multilabelSoftMarginLoss(a, b)],
  cosineSimilarity: [() => F.cosineSimilarity(a, c)],
  pairwiseDistance: [() => F.pairwiseDistance(a, c)],
  normalize: [() => F.normalize(a, { dim: 4 })],
  softmin: [() => F.softmin(a, 3)],
  gumbelSoftmax: [() => F.gumbelSoftmax(whole)],
  tanhshrink: [() => F.tanhshrink(3 as never)],
  cross: [() => torch.cross(a, c)],
  where: [() => torch.where(n.gt(0), b, n)],
};
test.each(Object.entries(calls))('%s', (name, list) => {
  for (const call of list) expectRefusal(call, name);
});
