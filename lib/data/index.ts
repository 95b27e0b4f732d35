// torch.utils.data: data sets, samplers and the loader.
export { type Collated, defaultCollate } from './collate.ts';
export {
  ChainDataset,
  ConcatDataset,
  Dataset,
  IterableDataset,
  randomSplit,
  StackDataset,
  type StackPart,
  type StackSample,
  Subset,
  TensorDataset,
} from './dataset.ts';
export { getWorkerInfo, type WorkerInfo } from './info.ts';
export { DataLoader, type DataLoaderOptions } from './loader.ts';
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler.ts';
