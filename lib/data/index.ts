// torch.utils.data: data sets, samplers and the loader.
export { type Collated, type Converted, defaultCollate, defaultConvert } from './collate.ts';
export {
  ChainDataset,
  ConcatDataset,
  Dataset,
  IterableDataset,
  randomSplit,
  type Samples,
  StackDataset,
  type StackPart,
  type StackSample,
  Subset,
  TensorDataset,
} from './dataset.ts';
export { DistributedSampler, type DistributedSamplerOptions } from './distributed-sampler.ts';
export { getWorkerInfo, type WorkerInfo } from './info.ts';
export { DataLoader, type DataLoaderOptions } from './loader.ts';
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler.ts';
