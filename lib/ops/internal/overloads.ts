// Method types of the operators that PyTorch overloads by meaning: one signature per op cannot express them (methods.ts).
import type { ValuesIndices } from './named.ts';
import type { Tensor } from '../../tensor.ts';

/** Options of the reductions over one dim that give values and indices. */
export interface DimOptions {
  dim?: number | null | undefined;
  keepdim?: boolean | undefined;
}

/** The overloaded reductions, as methods. */
export interface Extremum {
  (): Tensor;
  (other: Tensor): Tensor;
  (dim: number, keepdim?: boolean): ValuesIndices;
  (dim: number, options: { keepdim?: boolean | undefined }): ValuesIndices;
  (options: { dim: number; keepdim?: boolean | undefined }): ValuesIndices;
}
/** `median`, as a method. */
export interface Median {
  (): Tensor;
  (dim: number, keepdim?: boolean): ValuesIndices;
  (dim: number, options: { keepdim?: boolean | undefined }): ValuesIndices;
  (options: { dim: number; keepdim?: boolean | undefined }): ValuesIndices;
}
/** `nonzero`, as a method. */
export interface Nonzero {
  (options?: { asTuple?: false | undefined }): Tensor;
  (options: { asTuple: true }): Tensor[];
}

/** What replaces the derived types of these methods. */
export interface Overloads {
  max: Extremum;
  min: Extremum;
  median: Median;
  nanmedian: Median;
  nonzero: Nonzero;
  /** This tensor where `condition` holds, `other` elsewhere; without arguments, as `nonzero({ asTuple: true })`. */
  where(condition: Tensor, other: Tensor | number | bigint | boolean): Tensor;
}
