// The dataset that the workers of loader.test.ts make for themselves.
import * as torch from 'flambeau';

/** Random numbers: which ones tells how a worker was seeded. */
export class Noise extends torch.utils.data.Dataset<torch.Tensor> {
  readonly length = 7;
  override get(index: number): torch.Tensor {
    if (index === 99) throw new RangeError('Noise: no such number');
    return torch.rand(1).add(index);
  }
}
/** Shares its numbers among the workers. */
export class Count extends torch.utils.data.IterableDataset<number> {
  override *[Symbol.iterator](): IterableIterator<number> {
    const info = torch.utils.data.getWorkerInfo();
    const [start, step] = info === null ? [0, 1] : [info.id, info.numWorkers];
    for (let i = start; i < 7; i += step) yield i;
  }
}
let seen = -1;
export const init = (id: number): void => {
  seen = id;
};
export const withId = (batch: torch.Tensor[]): [number, torch.Tensor] => [seen, torch.cat(batch)];
export default Noise;
