// What is served: the network of examples/digits behind a softmax, and its checkpoint. Called by index.ts and the tests.
import * as torch from 'flambeau';
import { loadDigits } from '../digits/data.ts';
import { ConvNet } from '../digits/model.ts';

const { nn } = torch;
const F = torch.nn.functional;

/** Takes images (B, 784) of handwritten digits, gives probabilities (B, 10). */
export type Model = torch.nn.Module<[x: torch.Tensor]>;

/** The network with the weights of a checkpoint, ready to answer. */
export function loadModel(checkpoint: string): Model {
  const net = new ConvNet();
  net.loadStateDict(torch.load<{ model: torch.nn.StateDict }>(checkpoint).model);
  return new nn.Sequential(net, new nn.Softmax(1)).eval();
}

/** Trains for a few seconds (one pass over 8,000 digits), writes a checkpoint and gives the part of the others it reads right. */
export function trainCheckpoint(checkpoint: string, steps = 100): number {
  torch.manualSeed(1);
  const { train, test } = loadDigits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const net = new ConvNet();
  const optimizer = new torch.optim.Adam(net.parameters(), { lr: 6e-3 });
  const batches = torch.randperm(train.labels.numel()).split(80); // (80) each
  for (const rows of batches.slice(0, steps)) {
    const loss = F.crossEntropy(net.forward(train.images.index(rows)), train.labels.index(rows));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  torch.save({ model: net.stateDict() }, checkpoint);
  net.eval();
  return torch.noGrad(() => net.forward(test.images).argmax(1).eq(test.labels).to('float32').mean().item());
}
