// torch.nn: modules, and the namespaces functional, init and utils.
export * from './activation.ts';
export * from './activation-options.ts';
export {
  AdaptiveLogSoftmaxWithLoss,
  type AdaptiveLogSoftmaxOptions,
  type AdaptiveLogSoftmaxOutput,
} from './adaptive.ts';
export {
  MultiheadAttention,
  type MultiheadAttentionOptions,
  type MultiheadForwardOptions,
} from './attention.ts';
export {
  ModuleDict,
  ModuleList,
  type Named,
  ParameterDict,
  ParameterList,
  Sequential,
} from './containers.ts';
export {
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvModuleOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeModuleOptions,
  type PaddingMode,
} from './conv.ts';
export { CosineSimilarity, PairwiseDistance } from './distance.ts';
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  type DropoutModuleOptions,
  FeatureAlphaDropout,
} from './dropout.ts';
export { Flatten, type FlattenOptions, Unflatten } from './flatten.ts';
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  HookOptions,
} from './hooks.ts';
export type { FactoryOptions } from './internal.ts';
export * from './lazy.ts';
export * from './lazy-norm.ts';
export { Bilinear, Identity, Linear, type LinearOptions } from './linear.ts';
export * from './loss.ts';
export * from './margin-loss.ts';
export { type AnyModule, Module } from './module.ts';
export * from './instance-norm.ts';
export * from './normalization.ts';
export * from './padding.ts';
export {
  Buffer,
  Parameter,
  UninitializedBuffer,
  type UninitializedOptions,
  UninitializedParameter,
} from './parameter.ts';
export * from './pooling.ts';
export * from './unpooling.ts';
export * from './upsampling.ts';
export type {
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDictPostHook,
  StateDictPreHook,
} from './state-hooks.ts';
export {
  type CellOptions,
  GRUCell,
  LSTMCell,
  RNNCell,
  RNNCellBase,
  type RNNCellOptions,
} from './rnn-cells.ts';
export {
  GRU,
  LSTM,
  type LSTMOptions,
  type LSTMState,
  type RecurrentOptions,
  RNN,
  RNNBase,
  type RNNOptions,
} from './rnn.ts';
export { IncompatibleKeys, type StateDict } from './state-dict.ts';
export {
  Transformer,
  TransformerDecoder,
  type TransformerDecoderOptions,
  TransformerEncoder,
  type TransformerEncoderOptions,
  type TransformerForwardOptions,
  type TransformerOptions,
} from './transformer.ts';
export {
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from './transformer-layers.ts';
export { Embedding, EmbeddingBag, type EmbeddingBagOptions, type EmbeddingOptions } from './sparse.ts';
export * as functional from '../public/functional.ts';
export { DataParallel, type DataParallelOptions } from './parallel/data-parallel.ts';
export * as parallel from './parallel/index.ts';
export * as init from './init-names.ts';
export * as utils from './utils.ts';
