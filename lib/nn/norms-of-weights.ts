// What weight and spectral normalization compute. Called by reparametrize.ts and parametrizations.ts.
import { noGrad } from '../autograd/mode.ts';
import { describe } from '../errors.ts';
import { normalize } from '../functional/layers.ts';
import { range, wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './conv.ts';
import { type AnyModule, Module } from './module.ts';

/** The field of a module that is to be replaced. Throws TypeError if it is no tensor. */
export function weightOf(where: string, module: AnyModule, name: string): Tensor {
  if (!(module instanceof Module)) throw new TypeError(`${where}: expected a Module but received ${describe(module)}`);
  if (typeof name !== 'string') throw new TypeError(`${where}: expected a name but received ${describe(name)}`);
  const weight: unknown = Reflect.get(module, name);
  if (!(weight instanceof Tensor))
    throw new TypeError(`${where}: Module '${module.constructor.name}' has no parameter or buffer with name '${name}'`);
  return weight;
}

/** The dim that stays, or null for none: PyTorch takes -1 for all dims together. */
export function keptDim(where: string, x: Tensor, dim: number | null): number | null {
  return dim === null || dim === -1 ? null : wrapDim(where, dim, x.ndim);
}
/** The norms of all parts of `x` along `dim`, in a shape that broadcasts; of all of it without a dim. */
export const normExceptDim = (x: Tensor, dim: number | null): Tensor =>
  dim === null
    ? x.norm(2)
    : x.norm(
        2,
        range(x.ndim).filter((d) => d !== dim),
        true,
      );
/** The direction of `v` with the length `g`. */
export const weighted = (v: Tensor, g: Tensor, dim: number | null): Tensor => v.mul(g.div(normExceptDim(v, dim)));

/** Which dim of a weight counts outputs. */
export const outputDim = (module: AnyModule): number =>
  module instanceof ConvTranspose1d || module instanceof ConvTranspose2d || module instanceof ConvTranspose3d ? 1 : 0;
/** A weight as a matrix with `dim` first. */
export function asMatrix(weight: Tensor, dim: number): Tensor {
  const first = dim === 0 ? weight : weight.permute(dim, ...range(weight.ndim).filter((d) => d !== dim));
  return first.reshape([first.sizes[0]!, -1]);
}
/** A random vector of length 1. */
export const drawUnit = (like: Tensor, n: number, eps: number): Tensor =>
  normalize(like.newEmpty([n]).normal_(0, 1), { dim: 0, eps });
/** Steps of the power method, in place; which of the two vectors goes first is the caller's. */
export function iterate(matrix: Tensor, u: Tensor, v: Tensor, steps: number, eps: number, first: 'u' | 'v'): void {
  noGrad(() => {
    const m = matrix.detach();
    const nextU = (): Tensor => u.copy_(normalize(m.mv(v), { dim: 0, eps }));
    const nextV = (): Tensor => v.copy_(normalize(m.t().mv(u), { dim: 0, eps }));
    for (let i = 0; i < steps; i++) {
      if (first === 'u') nextU();
      nextV();
      if (first === 'v') nextU();
    }
  });
}
/** `uᵀ W v`, the largest singular value if u and v are its vectors; copies, so that later steps do not disturb backward. */
export const sigmaOf = (matrix: Tensor, u: Tensor, v: Tensor): Tensor => u.clone().dot(matrix.mv(v.clone()));
/** Refuses numbers of power iterations that are not positive. */
export function checkIterations(where: string, n: number): void {
  if (typeof n !== 'number')
    throw new TypeError(`${where}: expected a number of iterations but received ${describe(n)}`);
  if (!(n > 0))
    throw new RangeError(`${where}: Expected n_power_iterations to be positive, but got n_power_iterations=${n}`);
}
