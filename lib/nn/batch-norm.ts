// What all batch normalization is: the base of BatchNorm1d and its kin in normalization.ts.
import { noGrad } from '../autograd/mode.ts';
import { batchNorm } from '../ops/norm.ts';
import type { Tensor } from '../tensor.ts';
import { checkBatchEps } from './internal.ts';
import { type NormArguments, NormBase } from './norm-base.ts';

/** What all batch normalization is. */
export abstract class BatchNorm extends NormBase {
  constructor(...args: NormArguments) {
    super(new.target.name, args, true);
  }
  protected abstract check(x: Tensor): void;
  override forward(x: Tensor): Tensor {
    this.check(x);
    const { training, trackRunningStats } = this;
    let factor = this.momentum ?? 0;
    const counter = this.numBatchesTracked;
    if (training && trackRunningStats && counter !== null) {
      noGrad(() => counter.add_(1));
      if (this.momentum === null) factor = 1 / counter.item();
    }
    const own = training || (this.runningMean === null && this.runningVar === null);
    const used = !training || trackRunningStats;
    checkBatchEps(own, this.eps);
    return batchNorm(
      x,
      this.weight,
      this.bias,
      used ? this.runningMean : null,
      used ? this.runningVar : null,
      own,
      factor,
      this.eps,
    );
  }
}
