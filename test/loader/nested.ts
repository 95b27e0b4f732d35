// A dataset that loads in a worker with workers of its own.
import * as torch from 'flambeau';

export const dataset = (): unknown => [
  ...new torch.utils.data.DataLoader(new torch.utils.data.TensorDataset(torch.ones(3)), { numWorkers: 1 }),
];
