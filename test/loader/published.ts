// A script that uses the library as it is published, with a dataset in TypeScript, whose module is this file: under tsx.
import { isMainThread } from 'node:worker_threads';
import * as torch from 'flambeau';

class Squares extends torch.utils.data.Dataset<torch.Tensor> {
  readonly length = 4;
  get(i: number): torch.Tensor {
    return torch.tensor([i * i]);
  }
}
export const dataset = new Squares();

if (isMainThread) {
  const loader = new torch.utils.data.DataLoader(dataset, { numWorkers: 1, workerModule: import.meta.url });
  for (const x of loader) console.log((x as torch.Tensor).tolist());
  for await (const x of loader) console.log((x as torch.Tensor).tolist());
}
