// What fractional max pooling takes, as function and as module.
import type { Named } from '../../arguments.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import type { Sizes } from './spatial.ts';

/** Options of fractionalMaxPool2d and fractionalMaxPool3d, and of their modules. */
export interface FractionalMaxPoolOptions {
  outputSize?: Sizes | null | undefined;
  outputRatio?: number | Shape | null | undefined;
  returnIndices?: boolean | undefined;
  /** [N, C, dims] of numbers from 0 to 1, that say where windows lie; drawn at each call if absent. */
  _randomSamples?: Tensor | null | undefined;
}
/** Their arguments. */
export type FractionalArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [
    outputSize?: Sizes | null,
    outputRatio?: number | Shape | null,
    returnIndices?: boolean,
    _randomSamples?: Tensor | null,
  ],
  FractionalMaxPoolOptions
>;
/** Their arguments' names. */
export const FRACTIONAL_NAMES = ['kernelSize', 'outputSize', 'outputRatio', 'returnIndices', '_randomSamples'] as const;
