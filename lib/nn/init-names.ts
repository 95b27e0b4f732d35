// torch.nn.init with PyTorch's old names, which warn. Exported by nn/index.ts.
import { deprecated } from '../deprecation.ts';
import * as init from './init.ts';

export * from './init.ts';

const old = <A extends readonly unknown[], R>(name: string, f: (...args: A) => R): ((...args: A) => R) =>
  deprecated('nn.init', name, `${name}_`, f);

/**
 * The old name of {@link init.uniform_}: warns, and does the same.
 * @example
 * torch.nn.init.uniform(torch.empty(2), 3, 3) // tensor([3., 3.])
 */
export const uniform: typeof init.uniform_ = old('uniform', init.uniform_);

/**
 * The old name of {@link init.normal_}: warns, and does the same.
 * @example
 * torch.nn.init.normal(torch.empty(2), 1, 0) // tensor([1., 1.])
 */
export const normal: typeof init.normal_ = old('normal', init.normal_);

/**
 * The old name of {@link init.constant_}: warns, and does the same.
 * @example
 * torch.nn.init.constant(torch.empty(2), 3) // tensor([3., 3.])
 */
export const constant: typeof init.constant_ = old('constant', init.constant_);

/**
 * The old name of {@link init.eye_}: warns, and does the same.
 * @example
 * torch.nn.init.eye(torch.empty(2, 2)).sum() // tensor(2.)
 */
export const eye: typeof init.eye_ = old('eye', init.eye_);

/**
 * The old name of {@link init.dirac_}: warns, and does the same.
 * @example
 * torch.nn.init.dirac(torch.empty(1, 1, 3)) // tensor([[[0., 1., 0.]]])
 */
export const dirac: typeof init.dirac_ = old('dirac', init.dirac_);

/**
 * The old name of {@link init.xavierUniform_}: warns, and does the same.
 * @example
 * torch.nn.init.xavierUniform(torch.empty(2, 3), 0).shape // torch.Size([2, 3])
 */
export const xavierUniform: typeof init.xavierUniform_ = old('xavierUniform', init.xavierUniform_);

/**
 * The old name of {@link init.xavierNormal_}: warns, and does the same.
 * @example
 * torch.nn.init.xavierNormal(torch.empty(2, 3), 0).shape // torch.Size([2, 3])
 */
export const xavierNormal: typeof init.xavierNormal_ = old('xavierNormal', init.xavierNormal_);

/**
 * The old name of {@link init.kaimingUniform_}: warns, and does the same.
 * @example
 * torch.nn.init.kaimingUniform(torch.empty(2, 3)).shape // torch.Size([2, 3])
 */
export const kaimingUniform: typeof init.kaimingUniform_ = old('kaimingUniform', init.kaimingUniform_);

/**
 * The old name of {@link init.kaimingNormal_}: warns, and does the same.
 * @example
 * torch.nn.init.kaimingNormal(torch.empty(2, 3)).shape // torch.Size([2, 3])
 */
export const kaimingNormal: typeof init.kaimingNormal_ = old('kaimingNormal', init.kaimingNormal_);

/**
 * The old name of {@link init.orthogonal_}: warns, and does the same.
 * @example
 * torch.nn.init.orthogonal(torch.empty(2, 3)).shape // torch.Size([2, 3])
 */
export const orthogonal: typeof init.orthogonal_ = old('orthogonal', init.orthogonal_);

/**
 * The old name of {@link init.sparse_}: warns, and does the same.
 * @example
 * torch.nn.init.sparse(torch.empty(2, 3), 1).shape // torch.Size([2, 3])
 */
export const sparse: typeof init.sparse_ = old('sparse', init.sparse_);
