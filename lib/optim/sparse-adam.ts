// SparseAdam: its options, and a clear refusal of the gradients that this library has.
import { type Call, readArguments } from '../arguments.ts';
import type { Tensor } from '../tensor.ts';
import { betas, number } from './checks.ts';
import { Optimizer, type Params, type Taken } from './optimizer.ts';

/** Options of {@link SparseAdam}. */
export interface SparseAdamOptions {
  lr: number;
  betas: readonly [number, number];
  eps: number;
  maximize: boolean;
}
/**
 * {@link Adam} for sparse gradients. There are none in this library: a step with a gradient throws TypeError, as PyTorch
 * does for dense ones. Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.SparseAdam([w])
 * w.sum().backward()
 * try {
 *   optimizer.step()
 * } catch (error) {
 *   console.log(error.message)
 * }
 * // SparseAdam: SparseAdam does not support dense gradients, please consider Adam instead
 */
export class SparseAdam extends Optimizer<SparseAdamOptions> {
  constructor(
    params: Params<SparseAdamOptions>,
    ...args: Call<
      [lr?: number | Tensor, betas?: readonly [number, number], eps?: number, maximize?: boolean],
      Partial<Taken<SparseAdamOptions>>
    >
  ) {
    const options = readArguments<Taken<SparseAdamOptions>>('SparseAdam', args, ['lr', 'betas', 'eps', 'maximize']);
    super(params, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false, ...options });
  }
  protected override check(where: string, o: SparseAdamOptions): void {
    number(where, 'learning rate', o.lr);
    if (!(o.lr > 0)) throw new RangeError(`${where}: Invalid learning rate: ${o.lr}`);
    number(where, 'epsilon value', o.eps);
    if (!(o.eps > 0)) throw new RangeError(`${where}: Invalid epsilon value: ${o.eps}`);
    betas(where, o.betas);
  }
  protected override start(): void {}
  protected override resume(): void {}
  protected override update(): void {
    throw new TypeError('SparseAdam: SparseAdam does not support dense gradients, please consider Adam instead');
  }
}
