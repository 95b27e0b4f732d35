// torch.utils.data: data sets, samplers and the loader.
export { ConcatDataset, Dataset, IterableDataset, randomSplit, Subset, TensorDataset } from './dataset.ts';
export { type Collated, DataLoader, type DataLoaderOptions, defaultCollate } from './loader.ts';
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
} from './sampler.ts';
