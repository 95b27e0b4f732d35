// Method types of the operators that PyTorch overloads by meaning: one signature per op cannot express them (methods.ts).
import type { DTypeName } from '../../dtype.ts';
import type { ValuesIndices } from './named.ts';
import type { Tensor } from '../../tensor.ts';
import type { UniqueArgs, UniqueConsecutiveArgs, UniqueResult } from '../unique.ts';

/** Options of the reductions over one dim that give values and indices. */
export interface DimOptions {
  dim?: number | null | undefined;
  keepdim?: boolean | undefined;
  /** NumPy's name of `dim`, and of `keepdim`. */
  axis?: number | null | undefined;
  keepdims?: boolean | undefined;
}

/** A dim that must be given, by PyTorch's names or NumPy's. */
export type OneDim =
  | { dim: number; keepdim?: boolean | undefined }
  | { axis: number; keepdim?: boolean | undefined; keepdims?: boolean | undefined };

/** The overloaded reductions, as methods. */
export interface Extremum {
  (): Tensor;
  (other: Tensor): Tensor;
  (dim: number, keepdim?: boolean): ValuesIndices;
  (dim: number, options: { keepdim?: boolean | undefined }): ValuesIndices;
  (options: OneDim): ValuesIndices;
}
/** `median`, as a method. */
export interface Median {
  (): Tensor;
  (dim: number, keepdim?: boolean): ValuesIndices;
  (dim: number, options: { keepdim?: boolean | undefined }): ValuesIndices;
  (options: OneDim): ValuesIndices;
}
/** `type`, as a method. */
export interface TypeOf {
  (): string;
  (dtype: DTypeName | `torch.${string}Tensor`): Tensor;
}
/** `nonzero`, as a method. */
export interface Nonzero {
  (options?: { asTuple?: false | undefined }): Tensor;
  (options: { asTuple: true }): Tensor[];
}

/** What replaces the derived types of these methods. */
export interface Overloads {
  /**
   * The largest element; along `dim` with its index; or the larger of both tensors, element by element. Throws
   * RangeError if there is no such dim or nothing to choose from.
   * @example
   * torch.tensor([[1, 5], [3, 2]]).max(1).values // tensor([5, 3])
   * @example
   * torch.tensor([[1, 5], [3, 2]]).max() // tensor(5)
   */
  max: Extremum;
  /**
   * The smallest element; along `dim` with its index; or the smaller of both tensors, element by element. Throws as
   * `max`.
   * @example
   * torch.tensor([[1, 5], [3, 2]]).min(1).indices // tensor([0, 1])
   */
  min: Extremum;
  /**
   * This tensor as another dtype, given by its name or by PyTorch's name of such tensors; without one, that name.
   * @example
   * torch.tensor([1.5]).type('torch.DoubleTensor').dtype // float64
   */
  type: TypeOf;
  /**
   * The median, the lower one of two; along `dim` with its index. NaN wins.
   * @example
   * torch.tensor([4, 1, 3, 2]).median() // tensor(2)
   */
  median: Median;
  /**
   * As `median`, without the NaN.
   * @example
   * torch.tensor([4, torch.nan, 3, 2]).nanmedian() // tensor(3.)
   */
  nanmedian: Median;
  /**
   * The indices of what is not zero, [n, dims]; with `asTuple` one tensor a dim.
   * @example
   * torch.tensor([0, 5, 7]).nonzero({ asTuple: true })[0] // tensor([1, 2])
   */
  nonzero: Nonzero;
  /**
   * The `n`-th derivative of digamma, element by element. Throws RangeError for negative `n`.
   * @example
   * torch.tensor([1, 0.5]).polygamma(1) // tensor([1.6449, 4.9348])
   */
  polygamma(n: number): Tensor;
  /**
   * The different elements, sorted; see torch.unique.
   * @example
   * torch.tensor([3, 1, 3]).unique() // tensor([1, 3])
   */
  unique<I extends boolean = false, C extends boolean = false>(...args: UniqueArgs<I, C>): UniqueResult<I, C>;
  /**
   * The elements without those that equal their predecessor; see torch.uniqueConsecutive.
   * @example
   * torch.tensor([1, 1, 2, 1]).uniqueConsecutive() // tensor([1, 2, 1])
   */
  uniqueConsecutive<I extends boolean = false, C extends boolean = false>(
    ...args: UniqueConsecutiveArgs<I, C>
  ): UniqueResult<I, C>;
  /**
   * This tensor where `condition` holds, `other` elsewhere; without arguments, as `nonzero({ asTuple: true })`.
   * @example
   * const x = torch.tensor([-1, 2])
   * x.where(x.gt(0), 0) // tensor([0, 2])
   */
  where(condition: Tensor, other: Tensor | number | bigint | boolean): Tensor;
}
